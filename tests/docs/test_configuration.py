"""The example file and the reference page say what is so."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

from catalog import config
from catalog.config import manual
from catalog.config.settings import DatabaseSettings, GuardSettings, ListSettings, SourceSettings, of
from catalog.config.unattended import AlertSettings, MonitorSettings, ScheduleSettings, WatchSettings, WebhookSettings

ROOT = Path(__file__).parents[2]
TABLES = (
    *(DatabaseSettings, SourceSettings, GuardSettings, ListSettings, ScheduleSettings),
    *(AlertSettings, WebhookSettings, WatchSettings, MonitorSettings),
)
RENEW = "renew it with ./dev docs"


def uncommented(text: str) -> str:
    return re.sub(r"^# (?=\w+ = |\[\[)", "", text, flags=re.MULTILINE)


def test_the_example_file_is_the_one_init_writes() -> None:
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == manual.example(), RENEW


def test_the_reference_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == manual.reference(), RENEW


def test_the_example_file_shows_every_setting() -> None:
    document = tomllib.loads(uncommented(manual.example()).replace("# or: ", ""))
    source = document["sources"]["anthropic"]
    assert document["database"].keys() == of(DatabaseSettings).keys()
    assert source.pop("guard").keys() == of(GuardSettings).keys()
    assert source.pop("list").keys() == of(ListSettings).keys()
    assert source.keys() == of(SourceSettings).keys()
    assert document["schedule"].keys() == of(ScheduleSettings).keys()
    assert [alert.keys() for alert in document["alerts"]] == [of(AlertSettings).keys()]
    assert document["watch"].keys() == of(WatchSettings).keys()
    assert document["monitor"].keys() == of(MonitorSettings).keys()


def test_the_example_file_equals_the_defaults_commented_or_not(tmp_path: Path) -> None:
    path, defaults = tmp_path / "catalog.toml", config.load(environ={}, directory=tmp_path)
    example = config.AlertSettings(name="team", url="slack://${SLACK_TOKENS}")
    for text, alerts in ((manual.example(), ()), (uncommented(manual.example()), (example,))):
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        assert config.load(path, environ={}) == replace(defaults, path=path, alerts=alerts)


def test_every_setting_is_explained() -> None:
    for table in TABLES:
        for name, setting in of(table).items():
            assert setting.comment, name
            assert f"| `{name}` |" in manual.reference()
