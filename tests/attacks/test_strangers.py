"""A Postgres that is not ours alone: odd settings, a pooler or none, and what others keep in the same database.

Each round takes some of each by chance. Then the same story is told as in a database of our own: it must end the same,
or be refused in words before anything is written. What belongs to others is as it was, in every case.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from catalog.errors import CatalogError, DatabaseError, SchemaError
from catalog.store.backup import copies
from catalog.store.ingest import prune
from catalog.store.queries import history
from catalog.store.schema import upgrade
from tests import pooler, postgres
from tests.attacks import rounds
from tests.server import ModelsServer
from tests.store import world as worlds
from tests.store.world import World
from tests.volume import Volume

pytestmark = [pytest.mark.promise("P1", "P3", "P5"), pytest.mark.warns]

WAYS = ("direct", "transaction", "session")  # to the server; with these modes through a pooler
SETTINGS = {  # of the database, for whoever connects to it
    "DateStyle": "SQL, DMY",
    "TimeZone": "Pacific/Marquesas",
    "IntervalStyle": "sql_standard",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "backslash_quote": "off",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "synchronous_commit": "off",
    "statement_timeout": "2s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "2s",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "xmloption": "document",
    "check_function_bodies": "off",
    "enable_indexscan": "off",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_nestloop": "off",
    "force_parallel_mode": "on",
    "jit_above_cost": "0",
    "plan_cache_mode": "force_custom_plan",
    "row_security": "off",
    "gin_fuzzy_search_limit": "1",
    "lc_messages": "C",
    "lc_numeric": "C",
    "max_parallel_workers_per_gather": "2",
    "search_path": "crowd, public",
    "search_path ": "public, crowd",
    "search_path  ": "nowhere, public",
}
REFUSING = {  # settings with which nothing can be kept
    "default_transaction_read_only": "on",
    "search_path": "nowhere",
    "search_path ": "pg_catalog, public",
    "search_path  ": '""',
}
CROWD = {  # what others keep, in a schema of their own
    "a table": "CREATE TABLE crowd.invoice (id int PRIMARY KEY, words text); INSERT INTO crowd.invoice VALUES (1, 'é')",
    "a table of one of our names": "CREATE TABLE crowd.models (id text); INSERT INTO crowd.models VALUES ('theirs')",
    "a view of one of our names": "CREATE VIEW crowd.changes AS SELECT 1 AS theirs",
    "all tables of a catalog": """CREATE TABLE crowd.catalog_run (run_id int);
        CREATE TABLE crowd.catalog_model (id text); CREATE TABLE crowd.catalog_source (source text);
        INSERT INTO crowd.catalog_source VALUES ('theirs')""",
    "a version": """CREATE TABLE crowd.alembic_version (version_num text);
        INSERT INTO crowd.alembic_version VALUES ('x'); CREATE TABLE crowd.catalog_version (version_num text)""",
    "a foreign table": """CREATE FOREIGN DATA WRAPPER nobody; CREATE SERVER nowhere FOREIGN DATA WRAPPER nobody;
        CREATE FOREIGN TABLE crowd.elsewhere (id text) SERVER nowhere""",
    "a foreign table of one of our names": """CREATE FOREIGN DATA WRAPPER nobody2;
        CREATE SERVER nowhere2 FOREIGN DATA WRAPPER nobody2;
        CREATE FOREIGN TABLE crowd.catalog_change (id text) SERVER nowhere2""",
    "a staging table": "CREATE TABLE crowd.staged_item (id text); INSERT INTO crowd.staged_item VALUES ('theirs')",
    "functions of ours": """CREATE FUNCTION crowd.catalog_append_only() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RETURN NULL; END $$; CREATE FUNCTION crowd.digest(text) RETURNS text LANGUAGE sql AS 'SELECT $1'""",
    "functions of the server": """CREATE FUNCTION crowd.lower(varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'theirs'
        $$; CREATE FUNCTION crowd.coalesce(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'theirs' $$""",
    "an operator": """CREATE FUNCTION crowd.never(varchar, varchar) RETURNS boolean LANGUAGE sql AS 'SELECT false';
        CREATE OPERATOR crowd.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = crowd.never)""",
    "types": """CREATE TYPE crowd.jsonb AS (x int); CREATE DOMAIN crowd.timestamptz AS text;
        CREATE TYPE crowd.models_t AS (x int)""",
    "a sequence": "CREATE SEQUENCE crowd.catalog_run_run_id_seq; SELECT nextval('crowd.catalog_run_run_id_seq')",
    "a table in public": "CREATE TABLE public.invoice (id int PRIMARY KEY); INSERT INTO public.invoice VALUES (7)",
    "one of our names in public": "CREATE TABLE public.sources (id text); INSERT INTO public.sources VALUES ('theirs')",
    "a trigger": """CREATE TABLE crowd.log (id int); CREATE FUNCTION crowd.f() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RETURN NEW; END $$;
        CREATE TRIGGER t BEFORE INSERT ON crowd.log FOR EACH ROW EXECUTE FUNCTION crowd.f()""",
    "a watcher of all changes of schemas": """CREATE TABLE crowd.seen (what text);
        CREATE FUNCTION crowd.see() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; END $$;
        CREATE EVENT TRIGGER theirs ON ddl_command_end EXECUTE FUNCTION crowd.see()""",
    "a refusal of all changes of schemas": """CREATE FUNCTION crowd.refuse() RETURNS event_trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'theirs'; END $$;
        CREATE EVENT TRIGGER refusal ON ddl_command_start WHEN TAG IN ('CREATE VIEW', 'CREATE INDEX')
        EXECUTE FUNCTION crowd.refuse()""",
}
THEIRS = """
    SELECT kind, name, said FROM (
        SELECT 'relation' AS kind, n.nspname || '.' || c.relname AS name, c.oid::text || c.relkind::text
            || coalesce(c.reloptions::text, '') || coalesce(c.relacl::text, '') AS said
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('crowd', 'public')
        UNION ALL SELECT 'function', p.oid::regprocedure::text, md5(p.prosrc) FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'crowd'
        UNION ALL SELECT 'trigger', t.tgrelid::regclass::text || t.tgname, t.tgenabled::text FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'crowd'
        UNION ALL SELECT 'event trigger', evtname, evtenabled::text FROM pg_event_trigger
        UNION ALL SELECT 'settings', setrole::text, setconfig::text FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        UNION ALL SELECT 'schema', nspname, coalesce(nspacl::text, '') FROM pg_namespace
        WHERE nspname !~ '^pg_(toast_)?temp'
    ) AS found ORDER BY 1, 2, 3
"""


@dataclass
class Neighbourhood:
    """A database that others use as well."""

    url: str
    before: list[int] = field(default_factory=list)  # relations of others

    def plain(self) -> psycopg.Connection[Any]:
        """Connect as any program does, without what the database sets."""
        target = sa.make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(
            target, autocommit=True, options="-csearch_path=pg_catalog -cdefault_transaction_read_only=off"
        )

    def fill(self, crowd: list[str], settings: dict[str, str]) -> None:
        name = postgres.name_of(self.url)
        with self.plain() as connection:
            connection.execute("CREATE SCHEMA crowd")
            for each in crowd:
                connection.execute(CROWD[each].encode())
            for setting, value in settings.items():
                text = value if setting.strip() == "search_path" else f"'{value}'"
                connection.execute(f'ALTER DATABASE "{name}" SET {setting} = {text}'.encode())
            found = connection.execute("SELECT oid::int8 FROM pg_class")
            self.before = [oid for (oid,) in found]

    def theirs(self) -> list[Any]:
        """Give all that belongs to others, with their rows."""
        with self.plain() as connection:
            found: list[Any] = connection.execute(THEIRS.encode()).fetchall()
            tables = [name for kind, name, said in found if kind == "relation" and said.strip("0123456789")[:1] == "r"]
            rows = "SELECT t::text FROM {} AS t ORDER BY 1"
            found += [(table, connection.execute(rows.format(table).encode()).fetchall()) for table in tables]
        return found

    def holds_ours(self) -> bool:
        """Tell whether anything of a catalog was made, wherever."""
        asked = b"SELECT count(*) FROM pg_class WHERE relname ~ '^catalog_' AND oid <> ALL (%s)"
        with self.plain() as connection:
            row = connection.execute(asked, [self.before]).fetchone()
        return bool(row and row[0])


def tell(world: World, folder: Path) -> dict[str, Any]:
    """Tell a story with everything in it, and give how it ends."""
    upgrade.ensure(world.database)
    world.page_size = 2
    world.lists("a", "é\\'b", "c", display_name="Ünïcode \\ '中' %s :x")
    world.sync()
    world.lists("a", "c", display_name="other", pricing={"in": 0.1, "out": [1e-7, None, True]})
    world.sync()
    world.sync(dry_run=True)
    world.sync(after=30)
    world.lists("a", "c", "é\\'b", "d")
    world.sync(after=30)
    world.sync()
    world.sync()
    done = prune.prune(world.database, older_than=timedelta(0), now=world.now, sleep=lambda _: None)
    copy = folder / "copy"
    held = copies.backup(world.database, copy, on_progress=lambda *_: None)
    options: dict[str, Any] = {"replace": True, "sources": ("one",), "on_progress": lambda *_: None}
    copies.restore(world.database, copy, now=world.now, **options)
    copy.unlink()
    world.sync()
    world.check()
    with world.database.read() as connection:
        past = [repr(state) for state in history.as_of(connection, worlds.START + 40 * worlds.MINUTE)]
    assert upgrade.differences(world.database) == []
    views = {
        "models": world.rows("models", "id", "display_name", "first_seen_at", "removed_at", "attributes"),
        "history": world.rows("model_history", "id", "valid_from", "valid_to", "display_name"),
        "changes": world.rows("changes", "change_id", "uid", "kind", "field", "old_value", "new_value", "recorded_at"),
        "runs": world.rows("sync_runs", "run_id", "status", "started_at", "finished_at", "models_seen"),
    }
    told = {name: sorted(rows, key=repr) for name, rows in views.items()}
    return {**told, "past": past, "pruned": done.runs, "held": (held.models, held.runs, held.as_of)}


@contextmanager
def on_its_way(server: postgres.Server, url: str, way: str) -> Iterator[str]:
    """Give the URL by which the catalog is reached."""
    if way == "direct":
        yield url
        return
    mode: pooler.Mode = "transaction" if way == "transaction" else "session"
    with pooler.before(server, mode=mode, size=3) as pooled:
        yield pooled.set(database=postgres.name_of(url)).render_as_string(hide_password=False)


def drawn(chance: random.Random, way: str) -> tuple[list[str], dict[str, str]]:
    """Draw what others keep, and what they set; now and then something with which nothing can be kept."""
    crowd = chance.sample(sorted(CROWD), chance.randint(0, 6))
    crowd = [each for each in crowd if chance.random() < 0.6 or not each.startswith(("a refusal", "one of our"))]
    settings = dict(chance.sample(sorted(SETTINGS.items()), chance.randint(1, 8)))
    if chance.random() < 0.2:
        settings |= dict([chance.choice(sorted(REFUSING.items()))])
    return crowd, settings


def refused(error: CatalogError) -> None:
    """Demand words that say what to change."""
    assert isinstance(error, DatabaseError | SchemaError)
    assert error.hint, error.message
    assert "refused a statement" not in error.message, error.message


@pytest.fixture
def own_server(postgres_server: postgres.Server) -> postgres.Server:
    """A server whose databases may be set as the attack likes."""
    if postgres_server.url.username != "catalog":
        pytest.skip("only databases of the tests' own server are changed")
    return postgres_server


@dataclass
class Street:
    """Tells the story in one database after the other."""

    server: postgres.Server
    lists: ModelsServer
    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    expected: dict[str, Any] = field(default_factory=dict)

    def round(self, chance: random.Random, way: str) -> None:
        crowd, settings = drawn(chance, way)
        self.visit(way, crowd, settings)

    def visit(self, way: str, crowd: list[str], settings: dict[str, str]) -> None:
        with ExitStack() as stack:
            place = Neighbourhood(stack.enter_context(self.server.database()))
            known = self.known(place)
            place.fill(crowd, {name: value for name, value in settings.items() if name.strip() in known})
            before = place.theirs()
            url = stack.enter_context(on_its_way(self.server, place.url, way))
            said = f"{way}; {crowd}; {settings}"
            try:
                found = self.told(url)
            except CatalogError as error:
                error.add_note(said)
                refused(error)
                assert not place.holds_ours(), said
                self.counts["refused"] += 1
            else:
                assert found == self.expected, said
                self.counts["right"] += 1
            after = place.theirs()
            assert [each for each in before if each not in after] == [], said
            self.counts["things of others"] += len(before)

    def told(self, url: str) -> dict[str, Any]:
        with worlds.entering(self.lists) as enter:
            self.lists.organization = None
            return tell(enter(url), self.folder)

    def known(self, place: Neighbourhood) -> set[str]:
        """Name the settings that this server has."""
        with place.plain() as connection:
            return {name.lower() for (name,) in connection.execute("SELECT name FROM pg_settings")} | {
                name for (name,) in connection.execute("SELECT name FROM pg_settings")
            }


def test_a_database_of_many_is_used_rightly_or_refused_in_words(
    own_server: postgres.Server, server: ModelsServer, tmp_path: Path, volume: Volume
) -> None:
    """Poolers, settings, look-alikes, foreign tables: right or refused, and nothing of anybody's was touched."""
    street = Street(own_server, server, tmp_path)
    with own_server.database() as url:
        street.expected = street.told(url)
    for number in volume.rounds(check=9, soak=600):
        with rounds.named(volume, number):
            street.round(volume.random("strangers", number), WAYS[number % len(WAYS)])
        street.counts["rounds"] += 1
    volume.came_to(**street.counts, touched=0)
    assert min(street.counts[name] for name in ("right", "refused")) > 0
