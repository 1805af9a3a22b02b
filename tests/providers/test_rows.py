"""Every row of the table of APIs, walked from a sample of its own by the whole program.

Per row: the ids, the columns, the pages and the verdict of the first look are those of expected.toml; the second look,
in which everything moved that moves by itself, is no change.
"""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from catalog import cli, dates
from catalog.domain import DATE_FIELDS, FIELDS, Status
from catalog.errors import Exit
from tests.providers.replay import KEY_FILE, SAMPLES, Replay, Sample, playing
from tests.server import KEY

APIS: Mapping[str, Any] = tomllib.loads((resources.files("catalog.config") / "apis.toml").read_text("utf-8"))
EXPECTED: Mapping[str, Any] = tomllib.loads((Path(__file__).parent / "expected.toml").read_text("utf-8"))
ROWS = list(APIS)

STATUSES = {"whole": Status.COMPLETE, "unclean": Status.PARTIAL}

# The variable that the provider's own SDK or documentation names.
VARIABLES = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "groq": "GROQ_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "cerebras": "CEREBRAS_API_KEY",
    "sambanova": "SAMBANOVA_API_KEY",
    "moonshot": "MOONSHOT_API_KEY",
    "perplexity": "PERPLEXITY_API_KEY",
    "nvidia": "NVIDIA_API_KEY",
    "xai": "XAI_API_KEY",
    "together": "TOGETHER_API_KEY",
    "fireworks": "FIREWORKS_API_KEY",
    "deepinfra": "DEEPINFRA_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "vertex": "",
    "cohere": "COHERE_API_KEY",
    "azure-openai": "AZURE_OPENAI_API_KEY",
    "azure-arm": "",
    "bedrock": "AWS_BEARER_TOKEN_BEDROCK",
    "bedrock-mantle": "AWS_BEARER_TOKEN_BEDROCK",
    "huggingface": "HF_TOKEN",
    "replicate": "REPLICATE_API_TOKEN",
    "databricks": "DATABRICKS_TOKEN",
    "elevenlabs": "ELEVENLABS_API_KEY",
    "ollama": "OLLAMA_API_KEY",
    "litellm": "LITELLM_API_KEY",
    "vllm": "VLLM_API_KEY",
    "dashscope": "DASHSCOPE_API_KEY",
    "cloudflare": "CLOUDFLARE_API_TOKEN",
    "civitai": "CIVITAI_API_KEY",
    "custom": "",
}

# What each paging needs beside the list; what it may have.
PAGINGS = {
    "cursor": {"next", "token_param", "size_param"},
    "token": {"next", "token_param", "size_param"},
    "url": {"next"},
    "link": set[str](),
    "page": {"token_param", "size_param", "total"},
    "none": set[str](),
}
SETTINGS = {"base_url", "api_key_env", "auth", "headers", "query", "ignore", "paging", "page_size", "unknown_dates"} | {
    *("deadline", "every", "confirm_after", "list"),
}
LIST_SETTINGS = {"path", "items", "id", "id_prefix", "fields", "lifecycles", "next", "token_param", "size_param"} | {
    *("total", "repeats", "empty"),
}
NOTES = {"like", "title", "version", "docs", "sample", "checked", "mind", "needs", "key_optional"}


def whole(row: str) -> dict[str, Any]:
    """A row with what it shares with another."""
    own: dict[str, Any] = APIS[row]
    return _laid_over(APIS[own["like"]], own) if "like" in own else own


def _laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        name: _laid_over(under[name], over[name]) for name in under.keys() & over.keys() if _tables(under, over, name)
    }
    return {**under, **over, **both}


def _tables(under: Mapping[str, Any], over: Mapping[str, Any], name: str) -> bool:
    return isinstance(under[name], dict) and isinstance(over[name], dict)


def toml(value: object) -> str:
    """Spell a value on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(name)} = {toml(each)}" for name, each in value.items()) + " }"
    return json.dumps(value)


def test_the_table_has_a_row_a_sample_and_an_expectation_for_each_api() -> None:
    samples = {path.stem for path in SAMPLES.glob("*.json")}
    assert set(ROWS) == samples == set(EXPECTED) == set(VARIABLES)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_written_as_a_user_writes_a_source(row: str) -> None:
    own, full = APIS[row], whole(row)
    assert set(own) <= SETTINGS | NOTES
    assert set(full["list"]) <= LIST_SETTINGS
    assert set(full["list"].get("fields", {})) <= set(FIELDS)
    assert "like" not in APIS.get(own.get("like", ""), {})
    assert full["api_key_env"] == VARIABLES[row]
    assert all(isinstance(own[name], str) and own[name] for name in ("title", "sample", "checked"))
    assert own.get("docs", "https://").startswith("https://")


@pytest.mark.parametrize("row", ROWS)
def test_a_row_says_where_its_list_is_or_what_the_user_must_say(row: str) -> None:
    full, needs = whole(row), APIS[row].get("needs", {})
    assert ("base_url" in APIS[row]) != ("base_url" in needs)
    assert ("path" in full["list"]) != ("path" in needs.get("list", {}))
    assert full["auth"] == "none" or full["api_key_env"] or "api_key_file" in needs or "api_key_env" in needs


@pytest.mark.parametrize("row", ROWS)
def test_a_row_says_what_its_paging_needs_and_no_more(row: str) -> None:
    full = whole(row)
    said = set(full["list"]) & {"next", "token_param", "size_param", "total"}
    required = PAGINGS[full["paging"]]
    optional = {"url": {"size_param", "total"}, "link": {"size_param"}, "token": {"total"}}.get(full["paging"], set())
    assert required <= said <= required | optional
    assert ("page_size" in full) == ("size_param" in said)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_ignores_neither_its_id_nor_what_it_maps(row: str) -> None:
    full = whole(row)
    fields = {name: paths for name, paths in full["list"].get("fields", {}).items() if name != "created_at"}
    mapped = [
        full["list"]["id"],
        *(path for paths in fields.values() for path in ([paths] if isinstance(paths, str) else paths)),
    ]
    for ignored in full.get("ignore", []):
        assert not [path for path in mapped if f"{path}.".startswith(f"{ignored}.") or f"{{{ignored}}}" in path]


@dataclass
class Stage:
    """A configuration of one source, `it`, and the means to call the program."""

    replay: Replay
    capsys: pytest.CaptureFixture[str]

    def call(self, *arguments: str) -> tuple[int, Any]:
        """Call the program; gives its exit code and what it printed as JSON."""
        code = cli.run([*arguments, "--json"])
        out = self.capsys.readouterr().out
        return code, json.loads(out) if out else None

    def sync(self) -> dict[str, Any]:
        """Walk once, well; gives the run with its changes."""
        before = len(self.replay.server.requests)
        code, runs = self.call("sync")
        assert self.replay.faults == []
        assert code == 0
        assert runs[0]["pages"] == len(self.replay.server.requests) - before
        return dict(runs[0])

    def models(self) -> dict[str, dict[str, Any]]:
        """What is listed now, by id."""
        return {model["id"]: model for model in self.call("models", "--source", "it")[1]}


Staged = Callable[[str], Stage]


@pytest.fixture
def staged(
    migrated_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Staged]:
    """Set the stage for a row: its server, its key where it is looked for, and a configuration as a user writes it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATALOG_DATABASE_URL", migrated_url)
    with ExitStack() as stack:

        def stage(row: str) -> Stage:
            replay = stack.enter_context(playing(row))
            settings = {"api": row, "base_url": replay.base_url} | replay.sample.source
            if settings.get("api_key_file") == KEY_FILE:
                (tmp_path / KEY_FILE).write_text(f"{KEY}\n")
                (tmp_path / KEY_FILE).chmod(0o600)
            variable = settings.get("api_key_env", VARIABLES[row])
            if variable:
                monkeypatch.setenv(variable, KEY)
            lines = [f"{name} = {toml(value)}" for name, value in settings.items()]
            (tmp_path / "catalog.toml").write_text("[sources.it]\n" + "\n".join(lines) + "\n")
            return Stage(replay, capsys)

        yield stage


@pytest.mark.warns
@pytest.mark.parametrize("row", ROWS)
def test_a_row_reads_its_list_and_is_quiet_when_only_that_moves_which_moves_by_itself(row: str, staged: Staged) -> None:
    stage, expected = staged(row), EXPECTED[row]
    run = stage.sync()
    assert (run["status"], run["pages"]) == (STATUSES[expected["verdict"]], expected["pages"])
    assert _columns(stage.models()) == _columns(expected["models"])
    stage.replay.on = stage.replay.sample.looks[1]
    run = stage.sync()
    assert (run["status"], run["missing"], run["changes"]) == (STATUSES[expected["verdict"]], 0, [])
    assert _columns(stage.models()) == _columns(expected["models"])


@pytest.mark.warns
@pytest.mark.parametrize("row", [row for row in ROWS if whole(row).get("ignore")])
def test_what_a_row_ignores_is_nowhere(row: str, staged: Staged) -> None:
    stage = staged(row)
    stage.sync()
    models = stage.models()
    assert models
    for model in models.values():
        for path in whole(row)["ignore"]:
            assert list(_found(model["attributes"], path.split("."))) == []


@pytest.mark.warns
@pytest.mark.parametrize("row", [row for row in ROWS if "empty" in Sample(row).content])
def test_an_empty_object_is_an_empty_list_where_the_api_leaves_empty_members_out(row: str, staged: Staged) -> None:
    stage = staged(row)
    stage.sync()
    stage.replay.on = [stage.replay.sample.content["empty"]]
    code, [run] = stage.call("sync")
    assert (code, run["status"], run["models_seen"], run["changes"]) == (Exit.HELD, Status.HELD, 0, [])


@pytest.mark.warns
@pytest.mark.parametrize("row", ["anthropic", "openai", "together", "cohere", "replicate", "huggingface", "dashscope"])
def test_an_empty_object_is_no_list_anywhere_else(row: str, staged: Staged) -> None:
    stage = staged(row)
    stage.replay.on = [{**stage.replay.sample.looks[0][0], "body": {}}]
    code, runs = stage.call("sync")
    assert (code, runs[0]["status"], runs[0]["changes"]) == (Exit.LISTING, Status.FAILED, [])
    assert stage.models() == {}


def _columns(models: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The columns that have a value, dates in their one spelling."""
    return {
        id: {name: _value(name, model[name]) for name in FIELDS if model.get(name) is not None}
        for id, model in models.items()
    }


def _value(name: str, value: Any) -> Any:
    return dates.canonical(value) if name in DATE_FIELDS else value


def _found(value: Any, path: list[str]) -> Iterator[Any]:
    """What stands at a path; `*` is any key or element."""
    if not path:
        yield value
        return
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in steps:
        if path[0] in {"*", name}:
            yield from _found(each, path[1:])
