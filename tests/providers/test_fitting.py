"""An answer that the settings do not fit is refused with the lists that it has, and with the row that would read it."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog import cli
from catalog.config import apis
from catalog.errors import Exit
from tests.providers.replay import Sample
from tests.server import ModelsServer

pytestmark = pytest.mark.warns

# Rows that say of their own how their list is read; the others are read as OpenAI's is.
OWN = {"groq", "together", "fireworks", "gemini", "vertex", "cohere", "azure-openai", "azure-arm", "bedrock"} | {
    *("huggingface", "replicate", "databricks", "elevenlabs", "ollama", "dashscope", "cloudflare", "civitai"),
}


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> pytest.CaptureFixture[str]:
    """Work in a folder of its own; gives what is printed."""
    monkeypatch.chdir(tmp_path)
    return capsys


def body(row: str) -> Any:
    return Sample(row).looks[0][0]["body"]


@pytest.mark.parametrize("row", [name for name in apis.names() if name != "custom"])
def test_the_answer_of_each_row_is_read_by_that_row_or_by_the_one_it_is_like(row: str) -> None:
    assert apis.fitting(json.dumps(body(row)).encode()) == (row if row in OWN else "openai")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"data": []}',
        b'{"data": [1]}',
        b'{"data": [{"id": 1}]}',
        b'{"data": {"a": {"id": "a"}}}',
        b'{"rows": [{"id": "a"}]}',
        b"[" * 100_000,
        b"\xff",
        b'{"data": [{"id": "a"}], "more": "' + b"x" * 4_000_000 + b'"}',
    ],
)
def test_an_answer_that_no_row_reads_names_none(answer: bytes) -> None:
    assert apis.fitting(answer) == ""


@pytest.mark.parametrize(
    ("own", "answer", "words", "hints"),
    [
        ('api = "openai"', body("gemini"), "has no `data`", ["a list at `models`", 'api = "gemini"']),
        ('api = "openai"', body("ollama"), "has no `data`", ['list.items = "models"', 'api = "ollama"']),
        ('api = "openai"', body("dashscope"), "has no `data`", ["a list at `output.models`", 'api = "dashscope"']),
        ('api = "openai"', body("bedrock"), "has no `data`", ['api = "bedrock"']),
        ('api = "openai"', body("together"), "not an object with `data`", ['list.items = ""', 'api = "together"']),
        ('api = "gemini"', body("together"), "not an object with `models`", ['list.items = ""', 'api = "together"']),
        ('api = "gemini"', body("openai"), "has no `models`", ["a list at `data`", 'api = "openai"']),
        ('api = "together"', body("openai"), "is an object, not a list", ["a list at `data`", 'api = "openai"']),
        ('api = "together"', {"error": {"type": "down"}}, "the answer is an error (down)", ["try again later"]),
        ('api = "custom"', {"data": {"rows": [{"x": 1}]}}, "`data` is an object", ["a list at `data.rows`"]),
        ('api = "cohere"', body("openai"), "has no `models`", ["a list at `data`", 'api = "openai"']),
        ("", body("openai"), "has no `has_more`", ['paging = "none"', 'api = "openai"']),
        ("", body("gemini"), "has no `data`", ['api = "gemini"']),
        ('api = "custom"', {"a": [{"x": 1}], "b": {"c": [{"x": 1}]}}, "has no `data`", ["lists at `a`, `b.c`"]),
        ('api = "custom"', {"data": {"m": {"id": "m"}}}, "`data` is an object, not a list", ["`base_url`"]),
        ('api = "custom"', {"sk-1234567890": [1]}, "has no `data`", ["`base_url`"]),
        ('api = "custom"\nlist.items = "a.b"', {"a": {"c": [{"id": "x"}]}}, "has no `a.b`", ["a list at `a.c`"]),
    ],
)
def test_a_list_that_is_elsewhere_is_refused_with_what_would_read_it(
    own: str, answer: Any, words: str, hints: list[str], here: pytest.CaptureFixture[str]
) -> None:
    server = ModelsServer(organization=None).start()
    server.always = lambda visit: visit.send_json(200, answer)
    Path("catalog.toml").write_text(f'[sources.lab]\n{own}\nbase_url = "{server.url}"\nauth = "none"\n')
    try:
        codes = cli.run(["check"]), cli.run(["sync"])
    finally:
        server.close()
    err = here.readouterr().err
    assert codes == (Exit.LISTING, Exit.LISTING)
    assert err.count(words) == 2
    assert all(err.count(hint) == 2 for hint in hints), err
    assert "sk-1234567890" not in err
    assert ("api = " in err) is any("api = " in hint for hint in hints)
