"""The catalog from Python: the same answers as the commands, as objects; nothing heavy is imported, nothing written."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import Catalog, tabular
from catalog.domain import Change, Kind, Model, Run, State, Status
from catalog.errors import (
    CatalogError,
    ConfigError,
    Exit,
    ListingError,
    NoCatalogError,
    QueryError,
    UnknownModelError,
)
from tests.e2e.ground import Ground, everything
from tests.server import ModelsServer, error, model

ROOT = Path(__file__).parents[2]


def url() -> str:
    return os.environ["CATALOG_DATABASE_URL"]


@pytest.fixture
def lived(bare: Ground, server: ModelsServer) -> Iterator[Catalog]:
    """Sync twice from Python: claude-a stays, claude-b is renamed, claude-c is gone, claude-d is new."""
    with catalog.open(url()) as opened:
        server.models = [model(id) for id in ("claude-a", "claude-b", "claude-c")]
        assert opened.sync("anthropic").run.status is Status.COMPLETE
        server.models = [model("claude-a"), model("claude-b", display_name="Bee"), model("claude-d")]
        opened.sync("anthropic")
        yield opened
    assert bare.run("db", "verify")[0] == Exit.DONE


def first_look(lived: Catalog) -> datetime:
    moment = list(lived.runs())[-1].finished_at
    assert moment is not None
    return moment


# The same answers.


SAME: list[tuple[Callable[[Catalog], Iterator[Any]], list[str]]] = [
    (lambda one: one.models(), ["models"]),
    (lambda one: one.models(removed=True), ["models", "--removed"]),
    (lambda one: one.models(every=True), ["models", "--all"]),
    (lambda one: one.models(match="claude-[ab]", source="anthropic"), ["models", "--match", "claude-[ab]"]),
    (lambda one: one.models(as_of="0s"), ["models", "--as-of", "0s"]),
    (lambda one: one.models(as_of="2020-01-01"), ["models", "--as-of", "2020-01-01"]),
    (lambda one: one.changes(), ["changes"]),
    (lambda one: one.changes(since="1d", kind="added"), ["changes", "--since", "1d", "--kind", "added"]),
    (lambda one: one.changes(kind=Kind.CHANGED, model="*b"), ["changes", "--kind", "changed", "--model", "*b"]),
    (lambda one: one.changes(until="1d", source="anthropic"), ["changes", "--until", "1d"]),
    (lambda one: one.changes(limit=2), ["changes", "--limit", "2"]),
    (lambda one: one.diff("1d"), ["diff", "1d"]),
    (lambda one: one.diff("2020-01-01", "0s", match="claude-a"), ["diff", "2020-01-01", "0s", "--match", "claude-a"]),
    (lambda one: one.runs(), ["runs"]),
    (lambda one: one.runs(source="anthropic", limit=1), ["runs", "--source", "anthropic", "--limit", "1"]),
]


def test_a_list_from_python_is_the_one_that_the_command_prints(lived: Catalog, bare: Ground) -> None:
    for ask, typed in SAME:
        rows = ask(lived)
        assert iter(rows) is rows
        found = [json.loads(tabular.json_text(tabular.values(asdict(row)))) for row in rows]
        code, out, _ = bare.run(*typed, "--json")
        printed = json.loads(out)
        assert code == Exit.DONE
        shown = [{name: row[name] for name in each} for row, each in zip(found, printed, strict=True)]
        assert shown == printed, typed


def test_what_comes_out_are_objects_of_the_domain(lived: Catalog) -> None:
    assert {type(row) for row in lived.models()} == {Model}
    assert {type(row) for row in lived.models(as_of="0s")} == {State}
    assert {type(row) for row in lived.changes()} == {Change}
    assert {type(row) for row in lived.runs()} == {Run}
    assert [row.id for row in lived.models(as_of=first_look(lived))] == ["claude-a", "claude-b", "claude-c"]


def test_one_model_comes_whole_also_when_it_is_gone(lived: Catalog) -> None:
    assert lived.model("claude-b").display_name == "Bee"
    assert lived.model("claude-c", source="anthropic").removed_at is not None
    story = lived.story("claude-b")
    assert [state.display_name for state in story.states][-1] == "Bee"
    assert [change.kind for change in story.changes] == [Kind.ADDED, Kind.CHANGED]


def test_status_judges_by_the_configuration_as_the_command_does(lived: Catalog, bare: Ground) -> None:
    seen = lived.status()
    assert seen.healthy
    assert [(one.name, one.row and one.row.models_listed) for one in seen.sources] == [("anthropic", 3)]
    (bare.folder / "catalog.toml").write_text(
        '[sources.other]\nbase_url = "https://models.example.org"\napi_key_env = "OTHER_KEY"\n'
    )
    wrong = lived.status()
    assert (wrong.healthy, bare.run("status")[0]) == (False, Exit.FAILED)
    assert [finding.code for finding in wrong.findings] == ["never", "unconfigured"]


def test_without_a_url_the_catalog_is_the_configured_one(lived: Catalog) -> None:
    with catalog.open() as same:
        assert list(same.models()) == list(lived.models())


# Iterators.


def test_a_list_shows_the_catalog_as_it_was_when_it_began(lived: Catalog, server: ModelsServer) -> None:
    rows = lived.models()
    first = next(rows)
    server.models = [model("claude-a")]
    lived.sync("anthropic")
    assert [first.id, *(row.id for row in rows)] == ["claude-a", "claude-b", "claude-d"]
    assert [row.id for row in lived.models()] == ["claude-a"]


def test_a_list_that_is_read_after_the_catalog_was_closed_fails_and_is_not_short(lived: Catalog) -> None:
    begun, untouched, asked = lived.models(), lived.runs(), lived.sql("SELECT id FROM models")
    next(begun)
    lived.close()
    for rows in (begun, untouched, asked):
        with pytest.raises(ConfigError, match="closed"):
            list(rows)
    with pytest.raises(ConfigError, match="closed"):
        lived.models()


# SQL.


def test_sql_answers_with_values_and_streams(lived: Catalog) -> None:
    rows = lived.sql(
        "SELECT id, display_name FROM models WHERE id = :id AND source = :source", id="claude-b", source="anthropic"
    )
    assert list(rows) == [{"id": "claude-b", "display_name": "Bee"}]
    counted = lived.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n"
    )
    assert next(counted) == {"i": 1}
    assert sum(1 for _ in counted) == 4999


def test_sql_that_would_write_is_refused(lived: Catalog, bare: Ground) -> None:
    with pytest.raises(QueryError, match="DELETE begins no query"):
        next(lived.sql("DELETE FROM change"))
    assert bare.run("sync")[0] == Exit.DONE  # nothing keeps others from writing


def test_columns_of_one_name_and_moments_are_kept_apart(lived: Catalog) -> None:
    query = "SELECT id, id FROM models WHERE first_seen_at <= :moment LIMIT 1"
    assert list(lived.sql(query, moment=datetime.now(UTC))) == [{"id": "claude-a", "id_2": "claude-a"}]
    with pytest.raises(QueryError, match="has no time zone"):
        next(lived.sql(query, moment=datetime(2026, 1, 1)))  # noqa: DTZ001 - the point


@pytest.mark.parametrize(
    "query",
    ["SELECT set_config('transaction_read_only', 'off', false)", "SELECT set_config('lock_timeout', '7', false)"],
)
def test_what_a_query_says_to_its_session_is_gone_with_it(lived: Catalog, query: str) -> None:
    with suppress(QueryError):
        list(lived.sql(query))
    with pytest.raises(QueryError):
        list(lived.sql("DELETE FROM change"))
    if url().startswith("postgres"):
        assert next(lived.sql("SELECT current_setting('lock_timeout') AS it")) == {"it": "10min"}


# Failures.


WRONG: list[tuple[Callable[[Catalog], object], type[CatalogError], str]] = [
    (lambda one: one.models(source="nobody"), ConfigError, "was never synced into this catalog"),
    (lambda one: one.runs(source="nobody"), ConfigError, "was never synced into this catalog"),
    (lambda one: one.models(as_of="tomorrow"), ConfigError, "is no time"),
    (lambda one: one.models(as_of=datetime(2026, 1, 1)), ConfigError, "needs a time zone"),  # noqa: DTZ001 - the point
    (lambda one: one.models(removed=True, every=True), ConfigError, "contradict each other"),
    (lambda one: one.changes(since="1d", until="2d"), ConfigError, "since must be earlier"),
    (lambda one: one.changes(kind="renamed"), ConfigError, "there is no kind 'renamed'"),  # type: ignore[arg-type]
    (lambda one: one.changes(limit=-1), ConfigError, "a limit is 0 or more"),
    (lambda one: one.diff("0s", "1d"), ConfigError, "must be earlier than the second"),
    (lambda one: one.diff("1d", ""), ConfigError, "is no time"),
    (lambda one: one.model("claude-e"), UnknownModelError, 'no model with the id "claude-e" was ever seen'),
    (lambda one: one.model("claude-a", source="nobody"), ConfigError, "was never synced"),
    (lambda one: one.sync("antropic"), ConfigError, "no source is named"),
]


def test_what_makes_no_sense_is_refused_at_once(lived: Catalog) -> None:
    before = everything()
    for ask, kind, words in WRONG:
        with pytest.raises(kind, match=words):
            ask(lived)
    assert everything() == before


@pytest.mark.parametrize("address", ["mysql://me@host/db", "catalog.db", "sqlite://"])
def test_a_url_that_is_none_is_refused_before_anything_is_opened(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError):
        catalog.open(address)
    assert list(tmp_path.iterdir()) == []


def test_where_no_catalog_is_none_is_made_by_asking(bare: Ground, tmp_path: Path) -> None:
    with catalog.open(f"sqlite:///{tmp_path / 'none.db'}") as missing:
        for ask in (missing.models, missing.runs, missing.status, lambda: missing.sql("SELECT 1")):
            with pytest.raises(NoCatalogError):
                ask()
    assert not (tmp_path / "none.db").exists()
    assert bare.server.requests == []


def test_a_sync_makes_the_catalog_that_was_opened_and_no_other(bare: Ground, tmp_path: Path, database_url: str) -> None:
    bare.server.models = [model("claude-a")]
    with catalog.open(database_url) as made:
        report = made.sync("anthropic")
        assert (report.run.added, report.baseline) == (1, True)
        assert [row.id for row in made.models()] == ["claude-a"]


def test_a_run_that_fails_is_recorded_and_raised(lived: Catalog, server: ModelsServer) -> None:
    server.script(error(400))
    with pytest.raises(ListingError, match=r"^anthropic: ") as raised:
        lived.sync("anthropic")
    assert raised.value.hint
    assert next(lived.runs()).status is Status.FAILED
    assert len(list(lived.models())) == 3


def test_without_a_key_nothing_is_asked_and_nothing_is_made(
    bare: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with catalog.open(f"sqlite:///{tmp_path / 'none.db'}") as missing, pytest.raises(ConfigError):
        missing.sync("anthropic")
    assert not (tmp_path / "none.db").exists()
    assert bare.server.requests == []


def test_an_id_of_several_sources_must_be_asked_for_by_source(
    lived: Catalog, bare: Ground, server: ModelsServer
) -> None:
    with (bare.folder / "catalog.toml").open("a") as file:
        file.write(f'[sources.other]\nbase_url = "{server.url}"\n')
    lived.sync("other")
    with pytest.raises(ConfigError, match="several sources list"):
        lived.model("claude-a")
    assert lived.model("claude-a", source="other").source == "other"


# Imports.


def loaded(code: str) -> set[str]:
    """Name the modules that a program has imported at its end."""
    program = f"import sys; before = set(sys.modules); {code}; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_to_import_the_catalog_imports_nothing_else() -> None:
    assert loaded("import catalog; catalog.__version__") == {"catalog"}


def test_to_ask_from_python_imports_nothing_that_speaks_http() -> None:
    program = "import sys, catalog; catalog.open; print('requests' in sys.modules, 'sqlalchemy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False True\n"


def test_a_name_that_is_not_there_is_told_as_of_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'catalog' has no attribute 'opne'"):
        _ = catalog.opne
