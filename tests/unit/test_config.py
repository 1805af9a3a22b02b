"""The configuration: what it accepts, what it refuses, and that it never says a secret."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from catalog import config
from catalog.errors import ConfigError, Exit
from catalog.settings import DatabaseSettings, GuardSettings, ListSettings, SourceSettings

SECRET = "sk-ant-api03-w0uld-be-a-pity"
BARE_SOURCE = SourceSettings(name="anthropic")


Writer = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    def written(text: str, name: str = "catalog.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    return written


def refused(path: Path | None, directory: Path | None = None, **environ: str) -> str:
    """Load what must be refused, and give the whole message."""
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ=environ, directory=directory)
    assert caught.value.exit_code == Exit.USAGE
    assert caught.value.__cause__ is None
    return f"{caught.value.message}\n{caught.value.hint}"


def only_source(path: Path | None, **environ: str) -> SourceSettings:
    (source,) = config.load(path, environ=environ, directory=Path("/nowhere")).sources
    return source


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    loaded = config.load(environ={}, directory=tmp_path)
    assert loaded == config.Config(
        database=DatabaseSettings(url=f"sqlite:///{tmp_path}/catalog.db"), sources=(BARE_SOURCE,)
    )
    assert BARE_SOURCE.deadline == timedelta(minutes=10)
    assert BARE_SOURCE.stale_after == timedelta(hours=3)
    assert BARE_SOURCE.max_page_bytes == 64_000_000


def test_everything_can_be_set(write: Writer, tmp_path: Path) -> None:
    path = write("""
        [database]
        url = "sqlite:///data/models.db"
        must_exist = true
        auto_upgrade = false
        [sources.gateway]
        base_url = "HTTPS://Gateway.Example:443/proxy/v1/"
        api_key_file = "keys/gateway"
        auth = "bearer"
        api_version = "2026-10-21"
        betas = ["one-2025-01-01", "two"]
        lifecycle = ["active", "retired"]
        workspace_id = "wrkspc_01"
        page_size = 20
        timeout = "5s"
        deadline = "1h"
        confirm_after = "0s"
        stale_after = "2d"
        unknown_dates = ["2023-02-28T19:56:42+01:00"]
        paging = "none"
        allow_http = true
        max_pages = 7
        max_page_bytes = "1MiB"
        [sources.gateway.guard]
        max_removed_percent = 50
        min_removed = 1
        [sources.gateway.list]
        total = ""
    """)
    loaded = config.load(path, environ={})
    assert loaded.path == path
    assert loaded.database == DatabaseSettings(
        url=f"sqlite:///{tmp_path}/data/models.db", must_exist=True, auto_upgrade=False
    )
    assert loaded.sources == (
        SourceSettings(
            name="gateway",
            base_url="https://gateway.example/proxy",
            api_key_file=tmp_path / "keys/gateway",
            auth="bearer",
            api_version="2026-10-21",
            betas=("one-2025-01-01", "two"),
            lifecycle=("active", "retired"),
            workspace_id="wrkspc_01",
            page_size=20,
            timeout=timedelta(seconds=5),
            deadline=timedelta(hours=1),
            confirm_after=timedelta(0),
            stale_after=timedelta(days=2),
            unknown_dates=("2023-02-28T18:56:42.000000Z",),
            paging="none",
            allow_http=True,
            max_pages=7,
            max_page_bytes=1_048_576,
            guard=GuardSettings(max_removed_percent=50, min_removed=1),
            list=ListSettings(total=""),
        ),
    )


# Where the file is looked for.


def test_the_option_counts_more_than_the_variable_and_that_more_than_the_folder(write: Writer, tmp_path: Path) -> None:
    for name in ("option", "variable", "catalog"):
        write(f"[sources.{name}]", f"{name}.toml")
    environ = {"CATALOG_CONFIG": "variable.toml"}

    def found(path: Path | None, environ: dict[str, str]) -> str:
        return config.load(path, environ=environ, directory=tmp_path).sources[0].name

    assert found(Path("option.toml"), environ) == "option"
    assert found(None, environ) == "variable"
    assert found(None, {"CATALOG_CONFIG": ""}) == "catalog"


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert f"no configuration file {missing}\ncatalog init {missing}" in refused(missing)
    assert f"no configuration file {missing}" in refused(None, CATALOG_CONFIG=str(missing))
    assert "no readable file" in refused(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f'api = "{SECRET}\n'.encode(), "is no valid TOML at line 1, column"),
        (f"[sources.anthropic]\napi_key_env = {SECRET}".encode(), "is no valid TOML at line 2, column 15"),
        (f'[sources."{SECRET}"]\n[sources."{SECRET}"]'.encode(), "is no valid TOML at line 2"),
        (b"[database]\nurl = '\xff'", "is no text in UTF-8"),
        (b"x = " + b"[" * 100_000, "is n"),  # nested too deep, or no valid TOML: as Python's version has it
    ],
)
def test_a_file_that_is_no_toml_is_refused_unquoted(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "catalog.toml"
    path.write_bytes(content)
    message = refused(path)
    assert words in message
    assert "sk-ant" not in message


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_bytes(b"\xef\xbb\xbf[sources.bom]\n")
    assert only_source(path).name == "bom"


# What is wrong is told at once.


def test_every_problem_is_told_at_once_with_its_path_and_its_origin(write: Writer) -> None:
    path = write("""
        [databse]
        [database]
        must_exist = "yes"
        [sources.anthropic]
        page_sise = 10
        page_size = 1001
        paging = "curser"
        timeout = 30
        [sources.anthropic.guard]
        min_remove = 4
        [schedul]
        every = "1h"
    """)
    message = refused(path, CATALOG_DATABASE_URL="mysql://x", ANTHROPIC_BASE_URL="ftp://x")
    assert message.startswith("10 problems in the configuration:\n")
    for line in (
        f'  databse: no such setting; did you mean "database"? (in {path})',
        f'  schedul: no such setting; did you mean "schedule"? (in {path})',
        f"  database.must_exist: must be true or false, without quotes (in {path})",
        f'  sources.anthropic.page_sise: no such setting; did you mean "page_size"? (in {path})',
        f"  sources.anthropic.page_size: must be a whole number from 1 to 1000 (in {path})",
        (
            '  sources.anthropic.paging: must be "cursor" or "token" or "url" or "link" or "page" or "none"; '
            f'did you mean "cursor"? (in {path})'
        ),
        f'  sources.anthropic.guard.min_remove: no such setting; did you mean "min_removed"? (in {path})',
        "(in the environment variable CATALOG_DATABASE_URL)",
    ):
        assert line in message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("page_size = 0", "from 1 to 1000"),
        ("page_size = true", "from 1 to 1000"),
        ("page_size = 10.0", "from 1 to 1000"),
        ('page_size = "10"', "without quotes"),
        ('timeout = "0s"', 'from "1s" to "1h"'),
        ('timeout = "soon"', "a number and a unit"),
        ('deadline = "25h"', 'from "1s" to "24h"'),
        ('confirm_after = "-1s"', "a number and a unit"),
        ('stale_after = "1s"', 'from "1m" to "365d"'),
        ("max_pages = 0", "from 1 to"),
        ('max_page_bytes = "64"', "such as"),
        ('max_page_bytes = "2GB"', 'from "1KB" to "1GB"'),
        ("max_page_bytes = 12", 'from "1KB" to "1GB"'),
        ('auth = "basic"', 'must be "bearer", "none", or the header that carries the key'),
        ('betas = "one"', "in brackets"),
        ('betas = ["one", "two\\r\\nx: y"]', "number 2 must be a beta name"),
        ('lifecycle = ["active", 5]', "number 2 must be a lifecycle name"),
        ('unknown_dates = ["20230228"]', "number 1 must be a date and time"),
        ("unknown_dates = [2023-02-28T18:56:42Z]", "in quotes"),
        ('workspace_id = "two words"', "a workspace id"),
        ('api_version = "2023-06-01\\n"', "a version such as"),
        ("api_key_file = 5", "a path to a file"),
        ('guard = "on"', "must be a table"),
        ("guard = { max_removed_percent = 101 }", "from 0 to 100"),
        ("list = []", "must be a table"),
        ('list = { total = "page..total" }', "list.total: must be a dotted path"),
        ("list = { total = 5 }", "list.total: must be a dotted path"),
        ('list = { totals = "" }', 'list.totals: no such setting; did you mean "total"?'),
        ("list = { next = 5 }", "list.next: must be a dotted path"),
        ('api_key = "x"', "a key never stands in this file"),
        ('api_key_env = "A"\napi_key_file = "b"', "keep one"),
    ],
)
def test_a_value_out_of_bounds_is_refused(write: Writer, line: str, words: str) -> None:
    message = refused(write(f"[sources.anthropic]\n{line}"))
    assert message.startswith("sources.anthropic.")
    assert words in message


@pytest.mark.parametrize("table", ["sources = 5", "[[sources]]", "sources.anthropic = 1"])
def test_sources_are_tables(write: Writer, table: str) -> None:
    assert "must be a table" in refused(write(table))


@pytest.mark.parametrize("name", ["Anthropic", "-a", "a.b", "é", "a" * 64, ""])
def test_a_source_is_named_in_small_letters(write: Writer, name: str) -> None:
    assert "a source's name is" in refused(write(f'[sources."{name}"]'))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("api.anthropic.com", "must be a URL"),
        ("ftp://host", "must be a URL"),
        ("https://", "must name a host"),
        ("https://ho st", "must be a URL"),
        ("https://host:port", "must be a URL"),
        ("https://host:0", "must name a host"),
        ("https://[::1", "must be a URL"),
        ("https://api.anthropic.com\\@evil.example", "must be a URL"),
        (f"https://user:{SECRET}@host", "must not hold a user or password"),
        (f"https://host/?key={SECRET}", "must not hold a query"),
        ("https://host/?", "must not hold a query"),
        ("https://host/#x", "must not hold a query (?) or fragment"),
        ("http://api.anthropic.com", "plain http://"),
        ("http://10.0.0.1:8000", "plain http://"),
        ("http://localhost.example", "plain http://"),
        ("HTTP://api.anthropic.com", "plain http://"),
        ("Http://10.0.0.1:8000", "plain http://"),
    ],
)
def test_a_base_url_that_is_odd_or_unsafe_is_refused(tmp_path: Path, url: str, words: str) -> None:
    message = refused(None, tmp_path, ANTHROPIC_BASE_URL=url)
    assert f"sources.anthropic.base_url: {words}" in message
    assert "ANTHROPIC_BASE_URL" in message
    assert SECRET not in message


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.anthropic.com/v1/", "https://api.anthropic.com"),
        ("https://host//", "https://host"),
        ("https://HOST:8443/a/v1", "https://host:8443/a"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://localhost:9", "http://localhost:9"),
        ("http://[::1]:9/", "http://[::1]:9"),
    ],
)
def test_a_base_url_has_one_spelling(url: str, kept: str) -> None:
    assert only_source(None, ANTHROPIC_BASE_URL=url).base_url == kept


def test_http_to_another_host_can_be_allowed(write: Writer) -> None:
    path = write('[sources.anthropic]\nbase_url = "http://10.0.0.1"\nallow_http = true')
    assert only_source(path).base_url == "http://10.0.0.1"


# The database.


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"mysql://user:{SECRET}@host/db", "must be"),
        (f"postgresql://user:{SECRET}/x@host:1/db", "in a password are written as"),
        (f"postgresql://user:{SECRET} @host/db", "must be"),
        (f"postgresql://user:first@{SECRET}@host/db", "in a password are written as"),
        ("sqlite:///catalog.db?mode=ro", "takes no options"),
        ("sqlite://catalog.db", "three slashes"),
        ("sqlite:catalog.db", "three slashes"),
        ("sqlite:///", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("catalog.db", "must be"),
    ],
)
def test_a_database_url_is_checked_and_never_quoted(tmp_path: Path, url: str, words: str) -> None:
    message = refused(None, tmp_path, CATALOG_DATABASE_URL=url)
    assert message.startswith("database.url: ")
    assert words in message
    assert SECRET not in message


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgres_url_is_left_as_it_is_and_stays_out_of_reprs(tmp_path: Path, scheme: str) -> None:
    url = f"{scheme}://user:{SECRET}@host/db?options=-csearch_path%3Dmodels"
    loaded = config.load(environ={"CATALOG_DATABASE_URL": url}, directory=tmp_path)
    assert loaded.database.url == url
    assert SECRET not in repr(loaded)


def test_a_relative_sqlite_path_starts_from_the_file_and_without_one_from_the_folder(
    write: Writer, tmp_path: Path
) -> None:
    path = write('[database]\nurl = "sqlite:///a.db"')
    elsewhere = Path("/elsewhere")

    def url(path: Path | None, **environ: str) -> str:
        return config.load(path, environ=environ, directory=elsewhere).database.url

    assert url(path) == f"sqlite:///{tmp_path}/a.db"
    assert url(write("", "empty.toml")) == f"sqlite:///{tmp_path}/catalog.db"
    assert url(write("", "empty.toml"), CATALOG_DATABASE_URL="sqlite:///b.db") == "sqlite:////elsewhere/b.db"
    assert url(None) == "sqlite:////elsewhere/catalog.db"
    assert url(None, CATALOG_DATABASE_URL="sqlite:////abs/c.db") == "sqlite:////abs/c.db"


def test_a_database_url_typed_elsewhere_follows_the_same_rules(tmp_path: Path) -> None:
    placed = config.database("sqlite:///x.db", setting="--database", directory=tmp_path)
    assert placed == DatabaseSettings(url=f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(ConfigError, match=r"^--database must be"):
        config.database("x.db", setting="--database")


# The environment, where the file is silent.


def test_the_file_counts_more_than_the_environment(write: Writer) -> None:
    path = write('[database]\nurl = "sqlite:////file.db"\n[sources.anthropic]\nbase_url = "https://file.example"')
    environ = {"CATALOG_DATABASE_URL": "sqlite:////env.db", "ANTHROPIC_BASE_URL": "https://env.example"}
    loaded = config.load(path, environ=environ)
    assert loaded.database.url == "sqlite:////file.db"
    assert loaded.sources[0].base_url == "https://file.example"


def test_the_anthropic_variables_are_for_the_source_of_that_name(write: Writer) -> None:
    path = write('[sources.other]\nbase_url = "https://api.anthropic.com"')
    environ = {"ANTHROPIC_BASE_URL": "https://env.example", "ANTHROPIC_AUTH_TOKEN": SECRET}
    assert only_source(path, **environ) == replace(BARE_SOURCE, name="other")


@pytest.mark.parametrize(
    ("lines", "environ", "auth", "variable"),
    [
        ("", {"ANTHROPIC_AUTH_TOKEN": "t"}, "bearer", "ANTHROPIC_AUTH_TOKEN"),
        ("", {"ANTHROPIC_AUTH_TOKEN": "t", "ANTHROPIC_API_KEY": "k"}, "x-api-key", "ANTHROPIC_API_KEY"),
        ("", {"ANTHROPIC_AUTH_TOKEN": "t", "ANTHROPIC_API_KEY": ""}, "bearer", "ANTHROPIC_AUTH_TOKEN"),
        ('auth = "bearer"', {"ANTHROPIC_AUTH_TOKEN": "t", "ANTHROPIC_API_KEY": "k"}, "bearer", "ANTHROPIC_AUTH_TOKEN"),
        ('auth = "bearer"', {"ANTHROPIC_API_KEY": "k"}, "bearer", "ANTHROPIC_API_KEY"),
        ('auth = "x-api-key"', {"ANTHROPIC_AUTH_TOKEN": "t"}, "x-api-key", "ANTHROPIC_API_KEY"),
        ('api_key_env = "MINE"', {"ANTHROPIC_AUTH_TOKEN": "t"}, "x-api-key", "MINE"),
    ],
)
def test_an_auth_token_is_a_bearer_where_nothing_else_is_said(
    write: Writer, lines: str, environ: dict[str, str], auth: str, variable: str
) -> None:
    source = only_source(write(f"[sources.anthropic]\n{lines}"), **environ)
    assert (source.auth, source.api_key_env) == (auth, variable)


def test_the_usual_key_is_not_sent_to_another_host_unasked(write: Writer) -> None:
    gateway = '[sources.gateway]\nbase_url = "https://gateway.example"'
    assert "sources.gateway.api_key_env: must be given" in refused(write(gateway))
    assert only_source(write(f'{gateway}\napi_key_env = "ANTHROPIC_API_KEY"')).api_key_env == "ANTHROPIC_API_KEY"
    assert only_source(write(gateway.replace("https://gateway.example", "http://127.0.0.1:9"))).name == "gateway"


# Keys.


def key_refused(source: SourceSettings, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config.key(source, environ=environ)
    return f"{caught.value.message}\n{caught.value.hint}"


def test_a_key_is_looked_up_when_it_is_needed_and_shows_itself_to_nobody() -> None:
    key = config.key(BARE_SOURCE, environ={"ANTHROPIC_API_KEY": f" {SECRET}\n"})
    assert key is not None
    assert key.reveal() == SECRET
    assert {repr(key), str(key), f"{key}", f"{key!r:>3}"} == {"***"}
    for copied in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="not to be written down"):
            copied(key)


def test_no_key_says_which_variable_to_set() -> None:
    assert "ANTHROPIC_API_KEY is not set\nexport ANTHROPIC_API_KEY=..." in key_refused(BARE_SOURCE)
    assert "ANTHROPIC_API_KEY is empty" in key_refused(BARE_SOURCE, ANTHROPIC_API_KEY=" \n")


@pytest.mark.parametrize(
    "odd", [f"{SECRET}\n{SECRET}", f"{SECRET} x", f"{SECRET}é", f"{SECRET}\x1b", f"{SECRET}\udcff"]
)
def test_a_key_that_can_be_none_is_refused_unquoted(odd: str) -> None:
    message = key_refused(BARE_SOURCE, ANTHROPIC_API_KEY=odd)
    assert "ANTHROPIC_API_KEY holds blanks, line breaks or other odd signs" in message
    assert "pity" not in message


def test_a_key_pasted_where_a_variable_name_belongs_is_never_printed(write: Writer) -> None:
    pasted = refused(write(f'[sources.anthropic]\napi_key_env = "{SECRET}"'))
    assert "sources.anthropic.api_key_env: must be the name of an environment variable" in pasted
    assert "pity" not in pasted
    underscored = key_refused(replace(BARE_SOURCE, api_key_env="sk_live_w0uld_be_a_pity"))
    assert "the variable that sources.anthropic.api_key_env names is not set" in underscored
    assert "pity" not in underscored


@pytest.mark.parametrize("where", ['api_key_file = "{}"', "{} = 1", 'auth = "{}"', "page_size = '{}'", "guard.{} = 1"])
def test_a_key_pasted_anywhere_is_never_printed(write: Writer, where: str) -> None:
    assert "pity" not in refused(write("[sources.anthropic]\n" + where.format(SECRET)))


def test_a_key_can_come_from_a_file_beside_the_configuration(write: Writer, tmp_path: Path) -> None:
    write(f"{SECRET}\r\n", "key")
    loaded = config.load(write('[sources.anthropic]\napi_key_file = "key"'), environ={})
    key = config.key(loaded.sources[0], environ={})
    assert key is not None
    assert key.reveal() == SECRET
    assert loaded.warnings == ()


def test_a_missing_key_file_stops_no_reading_and_is_named_when_the_key_is_needed(write: Writer, tmp_path: Path) -> None:
    source = only_source(write('[sources.anthropic]\napi_key_file = "missing"'))
    assert f"{tmp_path}/missing: there is no such file" in key_refused(source)
    assert "cannot be read" in key_refused(replace(source, api_key_file=tmp_path))
    assert "is empty" in key_refused(replace(source, api_key_file=Path("/dev/null")))


def test_a_secret_that_everybody_may_read_is_worth_a_warning(write: Writer) -> None:
    key = write(SECRET, "key")
    path = write('[database]\nurl = "postgresql://u:p@h/d"\n[sources.anthropic]\napi_key_file = "key"')
    for file in (key, path):
        file.chmod(0o644)
    assert config.load(path, environ={}).warnings == tuple(
        f"{file} holds a secret, and every user of this machine may read it: chmod 600 {file}" for file in (key, path)
    )


def test_a_password_from_the_environment_is_nobodys_fault_but_the_environments(write: Writer) -> None:
    """A readable file without any secret was called a danger.

    The password came from CATALOG_DATABASE_URL; only what the file itself holds is worth a warning about the file.
    """
    path = write("[sources.anthropic]")
    path.chmod(0o644)
    assert config.load(path, environ={"CATALOG_DATABASE_URL": "postgresql://u:p@h/d"}).warnings == ()


# Sources by name.


def test_sources_are_selected_by_name_once_and_in_order(write: Writer) -> None:
    loaded = config.load(write("[sources.a]\n[sources.b]\n[sources.c]"), environ={})
    assert [source.name for source in loaded.select(["c", "a", "c"])] == ["a", "c"]
    assert loaded.select([]) == loaded.sources
    with pytest.raises(ConfigError, match=r'no source is named anthropc; did you mean "anthropic"\?'):
        config.load(environ={}, directory=Path("/nowhere")).select(["anthropc"])


@pytest.mark.parametrize(
    ("text", "variable", "expected"),
    [
        ("", "", None),
        ("", "127.0.0.1:9464", ("127.0.0.1", 9464)),
        ('[monitor]\nlisten = "0.0.0.0:1"\n', "127.0.0.1:9464", ("0.0.0.0", 1)),
        ('[monitor]\nlisten = ""\n', "127.0.0.1:9464", None),
    ],
)
def test_the_address_to_listen_on_may_stand_in_the_environment(
    tmp_path: Path, text: str, variable: str, expected: tuple[str, int] | None
) -> None:
    """So an image can have a health check, whatever configuration is mounted into it."""
    (tmp_path / "catalog.toml").write_text(text)
    loaded = config.load(environ={"CATALOG_LISTEN": variable}, directory=tmp_path)
    assert loaded.monitor.listen == expected


@pytest.mark.parametrize(
    ("written", "kept"),
    [("", None), ('"forever"', None), ('"90d"', timedelta(days=90)), ('"36h"', timedelta(hours=36))],
)
def test_old_records_are_kept_for_ever_or_for_some_time(tmp_path: Path, written: str, kept: timedelta | None) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(f"[database]\nkeep_runs = {written}\n" if written else "")
    assert config.load(path, environ={}).database.keep_runs == kept


@pytest.mark.parametrize(
    "written", ['"0s"', '"never"', '""', "90", "true", '"90"', '"-1d"', '"Forever"', '"99999999d"']
)
def test_how_long_old_records_are_kept_must_be_said_in_words_we_know(tmp_path: Path, written: str) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(f"[database]\nkeep_runs = {written}\n")
    with pytest.raises(ConfigError, match=r'database.keep_runs.*must be "forever", or a duration.*"90d"'):
        config.load(path, environ={})


TOML_SLIPS = {
    "[sources.anthropic\nx = 1": "a bracket closes the name of a table",
    "[[alerts]\nx = 1": "two brackets open such a table",
    "[]": "the name of a table stands in its brackets",
    "[a b]": "a bracket closes the name of a table",
    "url = sqlite": "texts need quotes",
    "url = ": "texts need quotes",
    "url = 'a": "a text is closed by the quote that opened it",
    'url = "a': "a text is closed by the quote that opened it",
    'url = "a\n': "on the same line",
    'url = "C:\\d"': "single quotes",
    'url = "a"\nurl = "b"': "for the second time: keep one of them",
    "a = 1\n[a]\nb = 2": "for the second time: keep one of them",
    "[a]\n[a]": "put all its settings under one name",
    'betas = ["x"\n[b]\n': "a list is closed by a bracket",
    "betas = [1 2]": "a list is closed by a bracket",
    "guard = { a = 1": "a brace closes",
    'url: "x"': "a setting is spelled name",
    "- url": "a setting is spelled name",
    "= 3": "a setting is spelled name",
    "a = 1 2": "alone on its line",
    "every = 007": "alone on its line",
}


@pytest.mark.parametrize(("text", "told"), TOML_SLIPS.items())
def test_what_is_wrong_with_the_toml_has_its_own_hint(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(f'secret = "{SECRET}"\n{text}')
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    assert "is no valid TOML at " in caught.value.message
    assert told in caught.value.hint
    assert SECRET not in f"{caught.value.message} {caught.value.hint}"
