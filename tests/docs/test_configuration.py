"""The example file and the reference page say what is so."""

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest

from catalog import config
from catalog.config import manual
from catalog.config.databases import DatabaseUrl
from catalog.config.places import ChannelUrl, HookUrl, PingUrl
from catalog.config.schema import SETTINGS
from catalog.settings import (
    AlertSettings,
    DatabaseSettings,
    GuardSettings,
    ListSettings,
    MonitorSettings,
    PublishSettings,
    ScheduleSettings,
    SourceSettings,
    WatchSettings,
    WebSettings,
)
from docs.generate import configuration

ROOT = Path(__file__).parents[2]
ANY_TABLE = pytest.mark.parametrize("table", SETTINGS, ids=lambda table: table.__name__)
OUTSIDE: dict[type, set[str]] = {  # a title, tables of their own, and what only a row of apis.toml says
    SourceSettings: {"name", "guard", "list", "key_optional", "row_version", "largest_page"}
}
RENEW = "renew it with ./dev docs"


def uncommented(text: str) -> str:
    return re.sub(r"^# (?=\w+ = |\[\[)", "", text, flags=re.MULTILINE)


def test_the_example_file_is_the_one_init_writes() -> None:
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == manual.example(), RENEW


def test_the_reference_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8") == configuration.page(), RENEW


def test_the_example_file_shows_every_setting() -> None:
    document = tomllib.loads(uncommented(manual.example()).replace("# or: ", ""))
    source = document["sources"]["anthropic"]
    assert document["database"].keys() == SETTINGS[DatabaseSettings].keys()
    assert source.pop("guard").keys() == SETTINGS[GuardSettings].keys()
    assert source.pop("list").keys() == SETTINGS[ListSettings].keys()
    assert source.keys() == SETTINGS[SourceSettings].keys()
    assert document["schedule"].keys() == SETTINGS[ScheduleSettings].keys()
    assert [alert.keys() for alert in document["alerts"]] == [SETTINGS[AlertSettings].keys()]
    assert document["watch"].keys() == SETTINGS[WatchSettings].keys()
    assert document["monitor"].keys() == SETTINGS[MonitorSettings].keys()
    assert document["web"].keys() == SETTINGS[WebSettings].keys()
    assert document["publish"].keys() == SETTINGS[PublishSettings].keys()


def test_the_example_file_equals_the_defaults_commented_or_not(tmp_path: Path) -> None:
    path, defaults = tmp_path / "catalog.toml", config.load(environ={}, directory=tmp_path)
    example = AlertSettings(name="team", url="slack://${SLACK_TOKENS}")
    for text, alerts in ((manual.example(), ()), (uncommented(manual.example()), (example,))):
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        assert config.load(path, environ={}) == replace(defaults, path=path, alerts=alerts)


@ANY_TABLE
def test_every_setting_is_explained(table: type) -> None:
    for name, setting in SETTINGS[table].items():
        assert setting.comment, name
        assert f"| `{name}` |" in configuration.page()


@ANY_TABLE
def test_every_setting_of_a_record_may_be_written_and_no_other(table: type) -> None:
    assert SETTINGS[table].keys() == {each.name for each in fields(table)} - OUTSIDE.get(table, set())


@ANY_TABLE
def test_a_default_that_is_shown_means_the_default(table: type) -> None:
    for each in fields(table):
        if shown := each.name in SETTINGS[table] and manual.default(table, each.name):
            read = SETTINGS[table][each.name].kind.read(tomllib.loads(f"shown = {shown}")["shown"])
            assert (each.name, read) == (each.name, each.default)
            assert type(read) is type(each.default)


@ANY_TABLE
def test_what_may_hold_a_secret_is_not_printed(table: type) -> None:
    secret = (ChannelUrl, DatabaseUrl, HookUrl, PingUrl)
    hidden = {name for name, setting in SETTINGS[table].items() if isinstance(setting.kind, secret)}
    assert {each.name for each in fields(table) if not each.repr} == hidden
