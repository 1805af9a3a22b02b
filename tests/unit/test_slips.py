"""Values in quotes, with blanks, with variables that were not filled in: named as what they are, and never shown."""

import codecs
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import config
from catalog.config import kinds
from catalog.errors import ConfigError, Exit
from catalog.settings import AlertSettings, SourceSettings, WebhookSettings

pytestmark = pytest.mark.promise("P9")

SECRET = "sk-ant-api03-w0uld-be-a-pity"
QUOTES = "is in quotes"
UNFILLED = "names a variable that was not filled in"

# How a value is spoilt, and what is said of it.
SPOILT: dict[str, tuple[str, str]] = {
    "double quotes": ('"{}"', QUOTES),
    "single quotes": ("'{}'", QUOTES),
    "back quotes": ("`{}`", QUOTES),
    "curly quotes": ("\u201c{}\u201d", QUOTES),
    "German quotes": ("\u201e{}\u201c", QUOTES),
    "quotes and blanks": (' "{}" ', QUOTES),
    "a quote before": ('"{}', "begins or ends with a quote"),
    "a quote behind": ("{}'", "begins or ends with a quote"),
    "quotes that differ": ("\"{}'", "begins or ends with a quote"),
    "a variable": ("${{ANTHROPIC_API_KEY}}{}", UNFILLED),
    "a variable inside": ("{}${{NAME}}", UNFILLED),
    "a variable that is not closed": ("${{NAME{}", UNFILLED),
    "a command": ("$(cat {})", UNFILLED),
    "a template": ("{{{{ {} }}}}", UNFILLED),
    "a byte-order mark": ("\ufeff{}", "holds a byte-order mark"),
}
ENDS = {"a blank behind": "{} ", "a blank before": " {}", "a line break": "{}\n", "a no-break blank": "{}\u00a0"}
BLANKS = {name: (form, "begins or ends with a blank") for name, form in ENDS.items()}

VALUES = {
    "ANTHROPIC_BASE_URL": f"https://{SECRET}.example.org",
    "CATALOG_DATABASE_URL": f"sqlite:///{SECRET}.db",
}
IN_FILE = {
    "base_url": ("[sources.anthropic]\nbase_url = {}\n", f"https://{SECRET}.example.org"),
    "api_key_file": ("[sources.anthropic]\napi_key_file = {}\n", f"./{SECRET}"),
    "database": ("[database]\nurl = {}\n", f"postgresql://me:{SECRET}@host/db"),
    "ping_url": ("[monitor]\nping_url = {}\n", f"https://hc-ping.com/{SECRET}"),
    "metrics_file": ("[monitor]\nmetrics_file = {}\n", f"./{SECRET}"),
    "webhook": ('[[alerts]]\nname = "a"\n[alerts.webhook]\nurl = {}\n', f"https://example.org/{SECRET}"),
    "channel": ('[[alerts]]\nname = "a"\nurl = {}\n', f"slack://{SECRET}"),
}
FILLED = ("webhook", "channel")  # ${VARIABLE} is taken from the environment there


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ConfigError) as caught:
        call()
    assert caught.value.exit_code == Exit.USAGE
    told = f"{caught.value.message}\n{caught.value.hint}"
    assert "pity" not in told
    return told


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("variable", ["ANTHROPIC_API_KEY", "OTHER_KEY"])
def test_a_key_in_a_variable(tmp_path: Path, how: str, variable: str) -> None:
    form, words = SPOILT[how]
    source = SourceSettings(name="anthropic", api_key_env=variable)
    told = refused(lambda: config.key(source, environ={variable: form.format(SECRET)}))
    assert f"{variable} {words}" in told


@pytest.mark.parametrize("how", SPOILT)
def test_a_key_in_a_file(tmp_path: Path, how: str) -> None:
    form, words = SPOILT[how]
    path = tmp_path / "key"
    path.write_text(form.format(SECRET) + "\n", encoding="utf-8")
    source = SourceSettings(name="anthropic", api_key_file=path)
    assert f"{path} {words}" in refused(lambda: config.key(source, environ={}))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (codecs.BOM_UTF8 + SECRET.encode(), "holds a byte-order mark"),
        (SECRET.encode("utf-16"), "is text in UTF-16"),
        (codecs.BOM_UTF16_BE + SECRET.encode("utf-16-be"), "is text in UTF-16"),
        (f"ANTHROPIC_API_KEY={SECRET}".encode(), "holds a name and = before the value"),
        (f"export ANTHROPIC_API_KEY='{SECRET}'".encode(), "begins or ends with a quote"),
        (f"Bearer {SECRET}".encode(), "begins with Bearer"),
        (f"{SECRET}\n{SECRET}".encode(), "holds blanks, line breaks or other odd signs"),
        (SECRET.encode() + b"\xff", "holds blanks, line breaks or other odd signs"),
        (b"", "is empty"),
    ],
)
def test_what_else_files_hold(tmp_path: Path, written: bytes, words: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(written)
    source = SourceSettings(name="anthropic", api_key_file=path)
    assert words in refused(lambda: config.key(source, environ={}))


@pytest.mark.parametrize("form", ["{}", "{}\n", " {}\r\n", "\t{}"])
def test_blanks_around_a_key_do_no_harm(tmp_path: Path, form: str) -> None:
    (tmp_path / "key").write_text(form.format(SECRET))
    in_file = SourceSettings(name="anthropic", api_key_file=tmp_path / "key")
    assert revealed(in_file, {}) == SECRET
    in_variable = SourceSettings(name="anthropic")
    assert revealed(in_variable, {"ANTHROPIC_API_KEY": form.format(SECRET)}) == SECRET


def revealed(source: SourceSettings, environ: dict[str, str]) -> str | None:
    key = config.key(source, environ=environ)
    return key.reveal() if key else None


@pytest.mark.parametrize("how", SPOILT | BLANKS)
@pytest.mark.parametrize("variable", VALUES)
def test_an_address_in_a_variable(tmp_path: Path, how: str, variable: str) -> None:
    # A blank at the end of a database URL became part of the file's name.
    form, words = (SPOILT | BLANKS)[how]
    value = form.format(VALUES[variable])
    told = refused(lambda: config.load(environ={variable: value}, directory=tmp_path))
    assert words in told
    assert f"(in the environment variable {variable})" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", SPOILT | BLANKS)
@pytest.mark.parametrize("setting", IN_FILE)
def test_a_value_in_the_file(tmp_path: Path, how: str, setting: str) -> None:
    form, words = (SPOILT | BLANKS)[how]
    table, value = IN_FILE[setting]
    path = tmp_path / "catalog.toml"
    path.write_text(table.format(json.dumps(form.format(value))), encoding="utf-8")
    if setting in FILLED and words == UNFILLED:
        return  # told when it is filled in, below
    assert words in refused(lambda: config.load(path, environ={}))


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize(
    "alert",
    [
        AlertSettings(name="a", url="slack://${HOOK_TOKEN}"),
        AlertSettings(name="a", url="${HOOK_TOKEN}"),
        AlertSettings(name="a", webhook=WebhookSettings(url="https://example.org/${HOOK_TOKEN}")),
        AlertSettings(name="a", webhook=WebhookSettings(url="${HOOK_TOKEN}")),
    ],
)
def test_a_variable_that_is_filled_into_an_address(how: str, alert: AlertSettings) -> None:
    form, words = SPOILT[how]
    environ = {"HOOK_TOKEN": form.format(SECRET)}
    assert f"HOOK_TOKEN {words}" in refused(lambda: config.channel_url(alert, environ=environ))


@pytest.mark.parametrize("how", SPOILT)
def test_the_secret_of_a_webhook(how: str) -> None:
    form, words = SPOILT[how]
    alert = AlertSettings(name="a", webhook=WebhookSettings(url="https://example.org/", secret_env="HOOK_SECRET"))
    assert f"HOOK_SECRET {words}" in refused(
        lambda: config.channel_secret(alert, environ={"HOOK_SECRET": form.format(SECRET)})
    )


@pytest.mark.parametrize("form", ['"{}"', "{} ", "${{HOME}}/{}"])
def test_the_name_of_the_file(tmp_path: Path, form: str) -> None:
    environ = {"CATALOG_CONFIG": form.format("catalog.toml")}
    told = refused(lambda: config.load(environ=environ, directory=tmp_path))
    assert told.startswith("CATALOG_CONFIG ")


def test_a_file_with_an_odd_name_that_is_there_is_read(tmp_path: Path) -> None:
    (tmp_path / '"catalog.toml"').touch()
    assert config.load(environ={"CATALOG_CONFIG": '"catalog.toml"'}, directory=tmp_path).path


@pytest.mark.parametrize("value", ["it's", 'a"b', "a$b", "50%", "$", "a b", "{x}", "", "O'Neill's", "p$a{b"])
def test_other_values_are_no_slips(value: str) -> None:
    assert kinds.slip(value) == ""
