"""The example file and the reference page say what is so."""

import re
import tomllib
from pathlib import Path

from catalog import config
from catalog.config import manual
from catalog.config.settings import DatabaseSettings, GuardSettings, SourceSettings, of

ROOT = Path(__file__).parents[2]
RENEW = "renew it with ./dev docs"


def uncommented(text: str) -> str:
    return re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE)


def test_the_example_file_is_the_one_init_writes() -> None:
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == manual.example(), RENEW


def test_the_reference_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == manual.reference(), RENEW


def test_the_example_file_shows_every_setting() -> None:
    document = tomllib.loads(uncommented(manual.example()).replace("# or: ", ""))
    source = document["sources"]["anthropic"]
    assert document["database"].keys() == of(DatabaseSettings).keys()
    assert source.pop("guard").keys() == of(GuardSettings).keys()
    assert source.keys() == of(SourceSettings).keys()


def test_the_example_file_equals_the_defaults_commented_or_not(tmp_path: Path) -> None:
    path, defaults = tmp_path / "catalog.toml", config.load(environ={}, directory=tmp_path)
    for text in (manual.example(), uncommented(manual.example())):
        path.write_text(text, encoding="utf-8")
        loaded = config.load(path, environ={})
        assert (loaded.database, loaded.sources) == (defaults.database, defaults.sources)


def test_every_setting_is_explained() -> None:
    for table in (DatabaseSettings, SourceSettings, GuardSettings):
        for name, setting in of(table).items():
            assert setting.comment, name
            assert f"| `{name}` |" in manual.reference()
