"""`catalog sql`: one query, which can write nothing, on either database; wrong ones are told in our words."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from catalog import recipes
from catalog.errors import Exit
from tests.e2e.ground import Ground, everything
from tests.server import model

pytestmark = pytest.mark.warns  # refusals are logged as errors

ROOT = Path(__file__).parents[2]
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n WHERE i < 0"


def url() -> str:
    return os.environ["CATALOG_DATABASE_URL"]


def is_postgres() -> bool:
    return url().startswith("postgres")


@pytest.fixture
def lived(bare: Ground) -> Ground:
    """Sync twice: claude-b is renamed, claude-c is gone."""
    for models in ([model("claude-a"), model("claude-b"), model("claude-c")], [model("claude-a"), bee()]):
        bare.server.models = models
        assert bare.run("sync", "-q")[0] == Exit.DONE
    return bare


def bee() -> dict[str, Any]:
    return model("claude-b", display_name="Bee")


# What cannot be done. A statement that one database does not know is refused by it as well.


WRITES = [
    *("DELETE FROM change", "DELETE FROM models", "UPDATE run SET error = 'x'", "UPDATE models SET id = 'x'"),
    *(
        "INSERT INTO alembic_version VALUES ('9999')",
        "INSERT INTO models (id) VALUES ('x')",
        "REPLACE INTO run SELECT 1",
    ),
    *("DROP VIEW models", "DROP TABLE run", "ALTER TABLE run ADD COLUMN x integer", "TRUNCATE run"),
    *("CREATE TABLE mine (id integer)", "CREATE TEMPORARY TABLE mine (id integer)", "CREATE VIEW mine AS SELECT 1"),
    *("CREATE INDEX mine ON run (run_id)", "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    *("CREATE TABLE mine AS SELECT 1", "SELECT * INTO mine FROM models", "SELECT 1 INTO TEMPORARY mine"),
    *("CREATE TRIGGER mine AFTER INSERT ON run BEGIN SELECT 1; END", "CREATE VIRTUAL TABLE mine USING fts5(x)"),
    *("COMMIT; DELETE FROM change", "SELECT 1; DELETE FROM change", "; DELETE FROM change", "SELECT 1; SELECT 2"),
    *("ROLLBACK; DELETE FROM change", "SELECT 1;\n-- a comment\nDELETE FROM change", "/* a */ DELETE FROM change"),
    *(
        "COMMIT",
        "ROLLBACK",
        "END",
        "BEGIN",
        "BEGIN IMMEDIATE",
        "SAVEPOINT mine",
        "RELEASE mine",
        "PREPARE TRANSACTION 'x'",
    ),
    *("SET TRANSACTION READ WRITE", "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "SET ROLE postgres"),
    *("BEGIN; SET TRANSACTION READ WRITE; DELETE FROM change; COMMIT", "RESET ALL", "DISCARD ALL"),
    *(
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA user_version = 3",
        "PRAGMA writable_schema = ON",
    ),
    *("SELECT * FROM pragma_user_version(3)", "SELECT * FROM pragma_journal_mode('delete')"),
    *("UPDATE sqlite_master SET sql = 'x'", "DELETE FROM sqlite_master", "INSERT INTO sqlite_sequence VALUES ('x', 1)"),
    *(
        "ATTACH DATABASE 'other.db' AS other",
        "ATTACH 'other.db' AS other",
        "DETACH main",
        "VACUUM",
        "VACUUM INTO 'other.db'",
    ),
    *("SELECT load_extension('other.so')", "SELECT writefile('other.db', 'x')", "SELECT edit('x')"),
    *("REINDEX", "ANALYZE", "CLUSTER", "REFRESH MATERIALIZED VIEW models", "CHECKPOINT", "COMMENT ON TABLE run IS 'x'"),
    *("COPY (SELECT 1) TO STDOUT", "COPY (SELECT 1) TO '/tmp/mine'", "COPY (SELECT 1) TO PROGRAM 'touch other.db'"),
    *("COPY run FROM PROGRAM 'echo 1'", "COPY run FROM STDIN", "DO $$ BEGIN DELETE FROM change; END $$", "CALL mine()"),
    *("WITH gone AS (DELETE FROM run RETURNING 1) SELECT * FROM gone", "WITH x AS (SELECT 1) DELETE FROM change"),
    "WITH new AS (INSERT INTO alembic_version VALUES ('9999') RETURNING 1) SELECT * FROM new",
    *(
        "WITH x AS (SELECT 1) INSERT INTO alembic_version SELECT '9999'",
        "WITH x AS (SELECT 1) UPDATE run SET error = 'x'",
    ),
    *(
        "EXPLAIN ANALYZE DELETE FROM run",
        "EXPLAIN DELETE FROM run",
        "EXPLAIN (ANALYZE) INSERT INTO alembic_version VALUES ('9')",
    ),
    *("LOCK TABLE run", "SELECT * FROM run FOR UPDATE", "SELECT * FROM run FOR SHARE", "NOTIFY mine", "LISTEN mine"),
    *("GRANT ALL ON run TO PUBLIC", "REVOKE ALL ON run FROM PUBLIC", "ALTER ROLE postgres SET work_mem = '1MB'"),
    *("PREPARE mine AS DELETE FROM change", "EXECUTE mine", "DECLARE mine CURSOR FOR SELECT 1", "FETCH ALL FROM mine"),
    *("SELECT setval('catalog_run_run_id_seq', 9)", "SELECT nextval(pg_get_serial_sequence('run', 'run_id'))"),
    *("", " ", ";", "-- nothing", "/* nothing */"),
]
# They answer on Postgres, whatever the transaction; what they did is gone with it.
FUNCTIONS = [
    *("SELECT pg_advisory_lock(7)", "SELECT pg_try_advisory_lock(7)", "SELECT pg_advisory_lock_shared(7, 8)"),
    *("SELECT set_config('transaction_read_only', 'off', false)", "SELECT set_config('lock_timeout', '7', false)"),
    *("SELECT lo_create(4711)", "SELECT lo_from_bytea(4712, 'x')", "SELECT pg_notify('mine', 'x')"),
    *("SELECT pg_advisory_lock(7), 1 / 0", "SELECT set_config('search_path', 'nowhere', false)"),
    *("SELECT set_config('default_transaction_read_only', 'off', false)", "SELECT pg_advisory_xact_lock(7)"),
]


@pytest.mark.promise("P6")
def test_a_statement_that_would_write_is_refused_and_nothing_is_written(lived: Ground, tmp_path: Path) -> None:
    before, files = everything(), names_in(tmp_path)
    told = {}
    for statement in WRITES:
        code, out, err = lived.run("sql", "--", statement)
        told[statement] = (code, out, err.startswith("catalog: the query was refused"))
        assert everything() == before, statement
    assert {told_of: how for told_of, how in told.items() if how != (Exit.USAGE, "", True)} == {}
    assert names_in(tmp_path) == files
    assert lived.run("sync")[0] == Exit.DONE  # nothing keeps others from writing


def test_what_a_function_does_is_gone_with_its_query(lived: Ground) -> None:
    for statement in FUNCTIONS:
        leaves_nothing(lived, statement)
    assert lived.run("sync")[0] == Exit.DONE


def leaves_nothing(lived: Ground, statement: str) -> None:
    before = everything()
    assert lived.run("sql", statement)[0] in ({Exit.DONE, Exit.USAGE} if is_postgres() else {Exit.USAGE})
    assert everything() == before, statement
    assert lived.run("sql", "DELETE FROM change")[0] == Exit.USAGE
    if is_postgres():
        with psycopg.connect(url().replace("+psycopg", "")) as connection:
            held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            assert connection.execute(f"{held} UNION ALL SELECT count(*) FROM pg_largeobject_metadata").fetchall() == [
                (0,),
                (0,),
            ]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm", ".lock")))


# What is wrong with a query, in words.


WRONG = [
    ("SELECT nowhere FROM models", 'there is no column "nowhere"'),
    ("SELECT modles.id FROM models AS m", '"modles'),
    ("SELECT retire_at FROM models", 'there is no column "retire_at"; did you mean "retires_at"?'),
    ("SELECT * FROM nowhere", 'there is no table or view "nowhere"'),
    ("SELECT * FROM modles", 'there is no table or view "modles"; did you mean "models"?'),
    ("SELECT id FRM models WHERE", "it cannot be understood at "),
    ("SELECT id FROM models WHERE", "it cannot be understood at its end"),
    ("SELECT nope(id) FROM models", 'there is no function or operator "nope'),
    ("SELECT source FROM models, changes", 'more than one table has a column "source"'),
    ("SELEC 1", "SELEC begins no query"),
    ("", "it is empty"),
    ("SELECT 1; SELECT 2", ""),
    ("SELECT :id", "the query names :id, and no value was given for it"),
    ("SELECT ' :id'", "the query names :id, and no value was given for it"),
    ("WITH x AS (SELECT 1) DELETE FROM models", "the query was refused: it "),
    ("WITH x AS (SELECT 1) UPDATE sync_runs SET error = 'x'", "the query was refused: it "),
    ("SELECT id FROM models WHERE count(*) > 1", "an aggregate such as count() stands where none may"),
    ("SELECT id FROM models ORDER BY 9", "ORDER BY or GROUP BY names a column by a number"),
    ("SELECT id FROM models GROUP BY 9", "ORDER BY or GROUP BY names a column by a number"),
    ("SELECT 1 UNION SELECT 1, 2", "the query was refused: it"),
    ("SELECT (SELECT 1, 2)", "the query was refused: it"),
    ("VALUES (1), (1, 2)", "the query was refused: it"),
]
# What a database says of a query has a sentence of ours, and not the name of an error.
UNNAMED = ("Error", "SQLITE", "PGRES")


def test_a_wrong_query_is_told_in_words(lived: Ground) -> None:
    for query, words in WRONG:
        code, out, err = lived.run("sql", "--", query)
        assert (code, out, words in err) == (Exit.USAGE, "", True), (query, err)
        assert len(err.splitlines()) == 2, "a sentence, and a hint"
        assert not any(name in err for name in UNNAMED), err


MISTYPED: list[tuple[list[str], str]] = [
    ([], "give a query, --recipe NAME, or --recipes"),
    (["SELECT 1", "--recipe", "fresh"], "give a query, --recipe NAME, or --recipes"),
    (["--recipe", "fesh"], 'there is no recipe "fesh"; did you mean "fresh"?'),
    (["--recipe", "story"], "the recipe story needs model_id\n  --param model_id=claude-3-haiku-20240307"),
    (["--recipe", "model-on"], "the recipe model-on needs model_id and day"),
    (["--recipe", "fresh", "--param", "a=b"], "the recipe fresh has no parameter a\n  it has none"),
    (["--recipe", "story", "--param", "id=b"], "the recipe story has no parameter id\n  it has model_id"),
    (["--recipe", "new", "--param", "since=last week"], "--param since: 'last week' is no time"),
    (["SELECT 1", "--param", "id=1"], "a value was given for :id, which the query does not name\n  it names none"),
    (["SELECT 1", "--param", "id"], '"id" is no NAME=VALUE'),
    (["SELECT 1", "--param", "=1"], '"=1" is no NAME=VALUE'),
    (["SELECT 1", "--param", "a b=1"], '"a b=1" is no NAME=VALUE'),
    (["SELECT '\udcff'"], "the query was refused: it, or a value, holds a zero byte, or bytes that are no UTF-8"),
    (["SELECT :id", "--param", "id=\udcff"], "holds a zero byte, or bytes that are no UTF-8"),
    (["--recipe", "story", "--param", "model_id=\udcff"], "holds a zero byte, or bytes that are no UTF-8"),
]


def test_wrong_arguments_are_told(lived: Ground) -> None:
    for arguments, words in MISTYPED:
        code, out, err = lived.run("sql", *arguments)
        assert (code, out, words in err) == (Exit.USAGE, "", True), (arguments, err)


def test_without_a_catalog_it_says_so(bare: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_DATABASE_URL", "sqlite:///nowhere.db")
    assert bare.run("sql", "SELECT 1")[0] == Exit.DATABASE
    assert not (bare.folder / "nowhere.db").exists()


# What can be asked.


ANSWERS: list[tuple[str, list[str], list[dict[str, Any]]]] = [
    ("SELECT count(*) AS n FROM models", [], [{"n": 3}]),
    ("SELECT id FROM models ORDER BY id LIMIT :n", ["n=1"], [{"id": "claude-a"}]),
    ("SELECT id FROM models WHERE id = :id", ["id=claude-b"], [{"id": "claude-b"}]),
    ("SELECT run_id FROM sync_runs WHERE run_id = :id", ["id=1"], [{"run_id": 1}]),
    ("SELECT id FROM models WHERE id = :id", ["id=4"], []),
    ("SELECT id FROM models WHERE id = :id OR id = :id ORDER BY id", ["id=claude-a"], [{"id": "claude-a"}]),
    ("SELECT 'a' || :x AS x", ["x=b=c"], [{"x": "ab=c"}]),
    ("SELECT count(*) AS n FROM models WHERE first_seen_at >= :t", ["t=1h"], [{"n": 3}]),
    ("SELECT count(*) AS n FROM models WHERE first_seen_at >= :t", ["t=2024-01-01T00:00:00+02:00"], [{"n": 3}]),
    ("SELECT count(*) AS n FROM models WHERE first_seen_at < :t", ["t=2024-01-01"], [{"n": 0}]),
    ("VALUES (1, 2.5), (2, 3.0)", [], [{"column1": 1, "column2": 2.5}, {"column1": 2, "column2": 3}]),
    (
        "SELECT old_value, new_value FROM changes WHERE kind = 'changed'",
        [],
        [{"old_value": "Claude B", "new_value": "Bee"}],
    ),
    ("WITH a AS (SELECT 1 AS x) SELECT x, x FROM a", [], [{"x": 1, "x_2": 1}]),
    ("SELECT 1 AS x; -- and no more", [], [{"x": 1}]),
    ("  -- a comment first\nSELECT '%' AS x, '%%' AS y", [], [{"x": "%", "y": "%%"}]),
]


def test_a_query_answers_alike_on_both_databases(lived: Ground) -> None:
    for query, params, rows in ANSWERS:
        typed = [part for param in params for part in ("--param", param)]
        code, out, err = lived.run("sql", "--json", *typed, "--", query)
        assert code == Exit.DONE, err
        assert json.loads(out) == rows, query


def test_times_and_json_are_spelled_as_by_other_commands(lived: Ground) -> None:
    columns = "id, created_at, first_seen_at, attributes"
    _, out, _ = lived.run("sql", "--json", f"SELECT {columns} FROM models ORDER BY id")
    _, listed, _ = lived.run("models", "--all", "--json")
    mine, theirs = json.loads(out), json.loads(listed)
    assert [row["first_seen_at"] for row in mine] == [row["first_seen_at"] for row in theirs]
    assert mine[0]["attributes"]["created_at"] == "2026-01-01T00:00:00Z" or isinstance(mine[0]["attributes"], dict)


def test_the_forms_of_lists_are_those_of_answers(lived: Ground) -> None:
    query = "SELECT 1 AS x, 'a' AS y"
    assert lived.run("sql", "--csv", query)[1] == "x,y\n1,a\n"
    assert lived.run("sql", "--json", query)[1] == '[\n{"x": 1, "y": "a"}\n]\n'
    assert lived.run("sql", "--tsv", query)[1] == "x\ty\n1\ta\n"
    assert lived.run("sql", "--nl", query)[1] == '{"x": 1, "y": "a"}\n'
    assert lived.run("sql", query)[1] == "x  y\n1  a\n"


def test_people_see_moments_as_in_any_list(lived: Ground) -> None:
    query = "SELECT id, created_at, retires_at FROM models WHERE id = 'claude-b'"
    day = str(json.loads(lived.run("sql", "--json", query)[1])[0]["created_at"])[:10]
    head, row = lived.run("sql", query)[1].splitlines()
    assert (head.split()[0], row.split()[0]) == ("id", "claude-b")
    assert (day in row, "T00:00:00.000000Z" in row, row.endswith("-")) == (True, False, True)


def test_an_answer_without_rows_says_so_and_keeps_its_head(lived: Ground) -> None:
    code, out, err = lived.run("sql", "--csv", "SELECT id, source FROM models WHERE id = 'x'")
    assert (code, out, err) == (Exit.DONE, "id,source\n", "the query found nothing\n")


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "catalog", "sql", *arguments]


def test_a_query_is_read_from_stdin(lived: Ground) -> None:
    done = subprocess.run(
        program("-", "--csv"), input="SELECT 1 AS x", env=here(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "x\n1\n"


@pytest.mark.parametrize("given", [b"SELECT '\xff'", b"SELECT 'a\0b'", b"", None])
def test_what_is_no_text_on_stdin_is_no_query(lived: Ground, given: bytes | None) -> None:
    """It was "unexpected: UnicodeEncodeError", and "unexpected: AttributeError" where stdin was closed."""
    closed = [] if given is not None else ["sh", "-c", 'exec "$@" <&-', "sh"]
    done = subprocess.run([*closed, *program("-")], input=given, env=here(), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (Exit.USAGE, b"")
    assert done.stderr.startswith(b"catalog: the query was refused: it")


def here() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)])
def test_a_signal_ends_a_query_that_takes_forever(lived: Ground, sent: signal.Signals, code: Exit) -> None:
    with subprocess.Popen(
        program("--csv", ENDLESS), env=here(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as asked:
        wait_for_work(asked)
        asked.send_signal(sent)
        out, err = asked.communicate(timeout=60)
    assert (asked.returncode, out) == (code, ""), err
    assert lived.run("sync")[0] == Exit.DONE


def wait_for_work(asked: "subprocess.Popen[str]") -> None:
    """Wait until the query runs: the server says so, or the process has used more time than it takes to start."""
    while asked.poll() is None:
        if is_postgres():
            with psycopg.connect(url().replace("+psycopg", "")) as connection:
                active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'FETCH%'"
                if connection.execute(active).fetchone() != (0,):
                    return
        else:
            spent = Path(f"/proc/{asked.pid}/stat").read_text().rpartition(")")[2].split()[11]
            if int(spent) > 3 * os.sysconf("SC_CLK_TCK"):
                return


# Recipes.


def test_every_recipe_is_listed_with_what_it_needs(lived: Ground) -> None:
    code, out, _ = lived.run("sql", "--recipes", "--json")
    listed = {row["name"]: row for row in json.loads(out)}
    assert (code, tuple(listed)) == (Exit.DONE, recipes.NAMES)
    assert listed["story"] == {
        "name": "story",
        "question": "What is one model's story?",
        "parameters": "model_id=claude-3-haiku-20240307",
    }
    assert (listed["new"]["parameters"], listed["fresh"]["parameters"]) == ("since=7d", None)


def test_every_recipe_answers(lived: Ground) -> None:
    for one in recipes.every():
        needed = [part for each in one.parameters for part in ("--param", f"{each.name}={each.example}")]
        code, _, err = lived.run("sql", "--recipe", one.name, *needed)
        assert code == Exit.DONE, err


def test_a_recipe_tells_the_story_of_a_model(lived: Ground) -> None:
    _, out, _ = lived.run("sql", "--recipe", "story", "--param", "model_id=claude-b", "--json")
    assert [
        (row["source"], row["kind"], row["field"], row.get("old_value"), row.get("new_value"))
        for row in json.loads(out)
    ] == [
        ("anthropic", "added", None, None, None),
        ("anthropic", "changed", "display_name", "Claude B", "Bee"),
    ]
