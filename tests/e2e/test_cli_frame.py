"""The frame around all commands, as a shell sees it: exit codes, streams, signals, and what is imported when."""

import json
import os
import platform
import signal
import sqlite3
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from catalog import __version__, cli, errors
from catalog.store.schema import upgrade

ROOT = Path(__file__).parents[2]
SECRET = "sk-ant-api03-w0uld-be-a-pity"
MAIN = "from catalog.cli import main; main()"
# A command of our own, which does what its argument says.
PROBE = """
import sys, threading
import click
from catalog import cli, errors
from catalog.cli import context
from catalog.cli.terminal import output

@click.command("probe")
@click.argument("what")
@context.list_options
@context.pass_context
def probe(shared, what, form):
    if what == "raise":
        raise getattr(errors, sys.stdin.read())("it \\x1b[2J failed", hint="catalog check")
    if what == "unexpected":
        raise KeyError(sys.stdin.read())
    if what == "rows":
        output.listing(({"id": f"é{n}"} for n in range(int(sys.stdin.read()))), columns=["id"], form=form)
    if what == "config":
        print(shared.config().database.url, shared.config().sources[0].name)
        print(shared.key(shared.config().sources[0]))
    if what == "held":
        return errors.Exit.HELD
    if what == "wait":
        try:
            print("ready", flush=True)
            threading.Event().wait(60)
        finally:
            print("rolled back", flush=True)

sys.modules["probing"] = sys.modules["__main__"]
cli.COMMANDS["probe"] = ("probing:probe", "For tests.")
"""


def start(folder: Path, code: str, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def run(folder: Path, code: str, *arguments: str, given: str = "", **environ: str) -> tuple[int, str, str]:
    """Run it to its end; gives exit code, stdout, stderr."""
    with start(folder, code, *arguments, **environ) as process:
        out, err = process.communicate(given, timeout=30)
    return process.returncode, out, err


def probe(folder: Path, *arguments: str, given: str = "", **environ: str) -> tuple[int, str, str]:
    return run(folder, f"{PROBE}\ncli.main()", *arguments, given=given, **environ)


def catalog(folder: Path, *arguments: str, **environ: str) -> tuple[int, str, str]:
    return run(folder, MAIN, *arguments, **environ)


# Help.


def test_help_names_every_command_and_imports_nothing_but_click(tmp_path: Path) -> None:
    listing = "import sys; print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    _, _, bare = run(tmp_path, f"import click; {listing}")
    code, out, loaded = run(tmp_path, f"import atexit; atexit.register(lambda: exec({listing!r})); {MAIN}", "--help")
    assert code == 0
    for name, (_, words) in cli.COMMANDS.items():
        assert f"  {name} " in out
        assert words in out
    assert set(loaded.split()) - set(bare.split()) - sys.stdlib_module_names <= {"catalog"}
    assert not {"logging", "sqlite3", "email", "http", "ssl", "json", "tomllib"} & (
        set(loaded.split()) - set(bare.split())
    )


@pytest.mark.parametrize("name", ["alerts", "db", "reading.status", "reading.reads"])
def test_what_only_asks_the_database_imports_nothing_that_speaks_http(tmp_path: Path, name: str) -> None:
    code, out, _ = run(tmp_path, f"import sys, catalog.cli.{name}; print('requests' in sys.modules)")
    assert (code, out) == (0, "False\n")


@pytest.mark.parametrize("name", ["models", "show", "status"])
def test_the_help_of_what_reads_the_catalog_imports_no_database_library(tmp_path: Path, name: str) -> None:
    listing = "import sys; print('sqlalchemy' in sys.modules, file=sys.stderr)"
    code, _, err = run(tmp_path, f"import atexit; atexit.register(lambda: exec({listing!r})); {MAIN}", name, "--help")
    assert (code, err) == (0, "False\n")


def test_without_a_command_the_help_is_shown_as_a_mistake(tmp_path: Path) -> None:
    code, out, err = catalog(tmp_path)
    assert (code, out) == (2, "")
    assert "Commands:" in err


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["snyc"], 'there is no command "snyc"; did you mean "sync"?\n  catalog --help'),
        (["Modles"], 'there is no command "Modles"; did you mean "models"?'),
        (["zzz\x1b[2J"], 'there is no command "zzz\\x1b[2J"\n'),
        (["--confg", "x"], "--confg"),
        (["init", "--log-format", "xml"], "--log-format: 'xml' is not one of text, json"),
        (["init", "one", "two"], "catalog init --help"),
        (["-q", "init", "-v"], "-q and -v contradict each other"),
        (["status", "--worker", "--json"], "--worker and --json contradict each other"),
        (["status", "--worker", "--csv"], "--worker and --csv contradict each other"),
        (["sql", "--recipes", "--param", "day=7d"], "--recipes and --param contradict each other"),
        (["demo", "--listen", "127.0.0.1:8461"], "--listen is of use with --web alone"),
    ],
)
def test_what_is_misspelt_is_a_usage_error_with_a_way_out(tmp_path: Path, typed: list[str], words: str) -> None:
    code, out, err = catalog(tmp_path, *typed)
    assert (code, out) == (2, "")
    assert err.startswith("catalog: ")
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_the_versions_are_told_of_all_that_a_report_should_name(tmp_path: Path) -> None:
    code, out, err = catalog(tmp_path, "--version")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"catalog {__version__}",
        f"Python {platform.python_version()}",
        f"SQLAlchemy {metadata.version('sqlalchemy')}",
        f"psycopg {metadata.version('psycopg')}",
        f"SQLite {sqlite3.sqlite_version}",
        f"schema revision {upgrade.HEAD}",
    ]


def test_to_tell_the_versions_imports_no_database_library(tmp_path: Path) -> None:
    listing = "import sys; print(*sys.modules, file=sys.stderr)"
    _, _, loaded = run(tmp_path, f"import atexit; atexit.register(lambda: exec({listing!r})); {MAIN}", "--version")
    assert not {"sqlalchemy", "psycopg", "alembic", "requests", "rich"} & set(loaded.split())


def test_it_runs_as_a_module_where_the_command_is_not_on_the_path(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "catalog", "zzz"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith('catalog: there is no command "zzz"\n  catalog --help')


def test_what_is_imported_for_a_command_is_never_looked_through_for_garbage(tmp_path: Path) -> None:
    """A run that found nothing new spent a quarter of its time on that, most of it at its end."""
    look = "import gc; from catalog.cli import run; run(['init']); print(gc.isenabled(), gc.get_freeze_count() > 9999)"
    assert run(tmp_path, look)[1].splitlines()[-1] == "True True"


# How it ends.


@pytest.mark.parametrize(
    ("name", "code"),
    [(name, each.exit_code) for name, each in vars(errors).items() if hasattr(each, "exit_code")],
)
def test_each_foreseen_failure_has_its_words_its_hint_and_its_exit_code(tmp_path: Path, name: str, code: int) -> None:
    assert probe(tmp_path, "probe", "raise", given=name) == (
        code,
        "",
        "catalog: it \\x1b[2J failed\n  catalog check\n",
    )


def test_a_command_can_end_with_an_exit_code_of_its_own(tmp_path: Path) -> None:
    assert probe(tmp_path, "probe", "held") == (errors.Exit.HELD, "", "")


def test_machines_read_failures_as_json(tmp_path: Path) -> None:
    code, out, err = probe(tmp_path, "probe", "raise", "--log-format", "json", given="ListingError")
    line = json.loads(err)
    assert (code, out) == (3, "")
    assert line.pop("time")
    assert line == {
        "level": "error",
        "event": "command.failed",
        "message": "it \x1b[2J failed",
        "error": "ListingError",
        "exit_code": 3,
        "hint": "catalog check",
    }


def test_an_unforeseen_failure_says_only_its_type(tmp_path: Path) -> None:
    assert probe(tmp_path, "probe", "unexpected", given=SECRET) == (
        1,
        "",
        "catalog: unexpected: KeyError (run with -v for the traceback)\n",
    )


def test_a_traceback_is_shown_on_request_without_the_secrets(tmp_path: Path) -> None:
    code, out, err = probe(tmp_path, "probe", "unexpected", "-v", given=SECRET, ANTHROPIC_AUTH_TOKEN=SECRET)
    assert (code, out) == (1, "")
    assert "Traceback" in err
    assert "KeyError: '***'" in err
    assert SECRET not in err


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "terminated"),
        (signal.SIGHUP, 143, "terminated"),
    ],
)
def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals, code: int, word: str) -> None:
    with start(tmp_path, f"{PROBE}\ncli.main()", "probe", "wait") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert out == "rolled back\n"
    assert err.strip() == f"catalog: {word}; nothing is half-written"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_to_end_as_told_is_no_error(tmp_path: Path, number: signal.Signals) -> None:
    """Each restart of a service was an error for those who collect its log."""
    with start(tmp_path, f"{PROBE}\ncli.main()", "probe", "wait", "--log-format", "json") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    line = json.loads(err)
    assert (line["level"], line["event"]) == ("info", "command.stopped")


def test_what_nohup_started_goes_on_without_a_terminal(tmp_path: Path) -> None:
    code = f"import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n{PROBE}\ncli.main()"
    with start(tmp_path, code, "probe", "wait") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 143


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_a_reader_that_has_enough_is_no_news(tmp_path: Path, form: str) -> None:
    with start(tmp_path, f"{PROBE}\ncli.main()", "probe", "rows", form) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        process.stdin.write("100000")
        process.stdin.close()
        assert process.wait(timeout=30) == 141
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_the_last_lines_are_not_lost_unnoticed_on_a_full_disk(tmp_path: Path) -> None:
    full = f"{PROBE}\nimport os\nos.dup2(os.open('/dev/full', os.O_WRONLY), 1)\ncli.main()"
    code, _, err = run(tmp_path, full, "probe", "rows", given="1")
    assert (code, err) == (1, "catalog: the output could not be written: No space left on device\n")


def test_closed_streams_and_odd_encodings_stop_nothing(tmp_path: Path) -> None:
    closed = f"import os\nos.close(1)\nos.close(2)\nimport sys\nsys.stdout = sys.stderr = None\n{PROBE}\ncli.main()"
    assert run(tmp_path, closed, "probe", "rows", given="1") == (0, "", "")
    assert probe(tmp_path, "probe", "rows", given="1", PYTHONIOENCODING="ascii") == (0, "id\n\\xe90\n", "")


# Global options and the configuration.


@pytest.mark.parametrize("before", [True, False])
def test_global_options_may_stand_on_either_side_of_the_command(tmp_path: Path, before: bool) -> None:
    (tmp_path / "mine.toml").write_text("[sources.mine]")
    options, command = ["--config", "mine.toml"], ["probe", "config"]
    code, out, err = probe(tmp_path, *(options + command if before else command + options), ANTHROPIC_API_KEY=SECRET)
    assert (code, out, err) == (0, f"sqlite:///{tmp_path}/catalog.db mine\n***\n", "")


def test_csv_and_json_are_not_asked_for_together(tmp_path: Path) -> None:
    code, out, err = probe(tmp_path, "probe", "rows", "--csv", "--json", given="1")
    assert (code, out) == (2, "")
    assert "--json and --csv contradict each other" in err


def test_an_empty_file_name_is_not_taken_for_none(tmp_path: Path) -> None:
    code, out, err = probe(tmp_path, "probe", "config", "--config", "")
    assert (code, out) == (2, "")
    assert "cannot be read" in err


def test_a_foreseen_failure_shows_its_traceback_only_on_request(tmp_path: Path) -> None:
    url = f"postgresql://user:{SECRET}@[host/db"
    code, _, err = probe(tmp_path, "-v", "probe", "config", CATALOG_DATABASE_URL=url)
    assert code == 2
    assert "Traceback" in err
    assert SECRET not in err


def test_every_mistake_in_the_configuration_is_told_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "catalog.toml").write_text(f'[sources.anthropic]\npage_sise = 1\napi_key_env = "{SECRET}"')
    code, out, err = probe(tmp_path, "probe", "config")
    assert (code, out) == (2, "")
    assert err.startswith("catalog: 2 problems in the configuration:\n  sources.anthropic.page_sise: ")
    assert "did you mean" in err
    assert SECRET not in err


def test_no_key_says_what_to_export(tmp_path: Path) -> None:
    code, _, err = probe(tmp_path, "probe", "config")
    assert code == 2
    assert "ANTHROPIC_API_KEY is not set\n  export ANTHROPIC_API_KEY=..." in err


def test_a_secret_that_lies_open_is_told_once_even_when_quiet(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(SECRET)
    (tmp_path / "key").chmod(0o644)
    (tmp_path / "catalog.toml").write_text('[sources.anthropic]\napi_key_file = "key"')
    code, _, err = probe(tmp_path, "probe", "config", "-q")
    assert code == 0
    assert err.count("catalog: warning: ") == 1
    assert f"chmod 600 {tmp_path}/key" in err


# catalog init.


def test_init_writes_a_private_file_that_changes_nothing(tmp_path: Path) -> None:
    code, out, err = catalog(tmp_path, "init")
    path = tmp_path / "catalog.toml"
    assert (code, out) == (0, "")
    assert f"wrote {path}" in err
    assert err.endswith("then: catalog check\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == (ROOT / "config.example.toml").read_text()
    assert probe(tmp_path, "probe", "config", ANTHROPIC_API_KEY=SECRET) == (
        0,
        f"sqlite:///{tmp_path}/catalog.db anthropic\n***\n",
        "",
    )


def test_init_writes_where_a_link_leads_that_led_nowhere(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "catalog.toml").symlink_to("etc/catalog.toml")
    assert catalog(tmp_path, "init")[0] == 0
    assert (tmp_path / "catalog.toml").is_symlink()
    assert (tmp_path / "etc" / "catalog.toml").stat().st_mode & 0o777 == 0o600
    assert catalog(tmp_path, "init")[0] == 2


def test_init_says_nothing_when_quiet_and_how_to_find_a_file_elsewhere(tmp_path: Path) -> None:
    assert catalog(tmp_path, "init", "-q") == (0, "", "")
    assert catalog(tmp_path, "init", "other.toml")[2].endswith(f"then: catalog check --config {tmp_path}/other.toml\n")


def test_init_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text("# mine")
    code, out, err = catalog(tmp_path, "init", "other.toml")
    assert (code, out) == (2, "")
    assert err.startswith(f"catalog: {path} is there already, and stays as it is\n")
    assert path.read_text() == "# mine"


@pytest.mark.parametrize(("file", "words"), [("no/x.toml", "there is no folder"), ("/dev/null/x", "cannot be written")])
def test_init_says_why_it_cannot_write(tmp_path: Path, file: str, words: str) -> None:
    code, out, err = catalog(tmp_path, "init", file)
    assert (code, out) == (2, "")
    assert words in err


HINTS = [
    (["init", "a b/my file.toml"], "mkdir -p '{here}/a b'"),
    (["init", "my file.toml"], "then: catalog check --config '{here}/my file.toml'"),
    (["--config", "my file.toml", "models"], "catalog init '{here}/my file.toml'"),
    (["status", "--config", "open here.toml"], "chmod 600 '{here}/a key'"),
    (["watch", "scan", "--live", "--config", "open here.toml", "no git"], "git -C 'no git' ls-files"),
    (["backfill", "anthropic", "--git", "no git", "a b.json"], "`git -C 'no git' log -- 'a b.json'`"),
]


@pytest.mark.parametrize(("typed", "hint"), HINTS)
def test_a_path_in_a_hint_can_be_typed_whatever_it_holds(tmp_path: Path, typed: list[str], hint: str) -> None:
    (tmp_path / "no git" / ".git").mkdir(parents=True)
    (tmp_path / "a key").write_text(SECRET)
    (tmp_path / "a key").chmod(0o644)
    closed = 'base_url = "http://127.0.0.1:1"\ndeadline = "1s"\n'
    (tmp_path / "open here.toml").write_text(f'[sources.anthropic]\napi_key_file = "a key"\n{closed}')
    assert hint.format(here=tmp_path) in catalog(tmp_path, *typed)[2]


def test_init_says_so_where_its_folder_is_gone(tmp_path: Path) -> None:
    """It was "unexpected: FileNotFoundError"."""
    (tmp_path / "gone").mkdir()
    code, out, err = run(tmp_path, f"import os; os.chdir('gone'); os.rmdir('../gone'); {MAIN}", "init")
    assert (code, out, "the folder this was started in is gone" in err) == (2, "", True)


# The commands behind the frame.


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_where_the_table_says_and_takes_the_global_options(tmp_path: Path, name: str) -> None:
    code, out, err = catalog(tmp_path, name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: catalog {name} ")
    assert "--log-format" in out


def test_commands_below_a_command_take_the_global_options_too(tmp_path: Path) -> None:
    code, out, _ = catalog(tmp_path, "db", "upgrade", "--help")
    assert code == 0
    assert "--config FILE" in out
