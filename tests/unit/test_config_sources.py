"""Sources of any API: what a row gives, what a user's own table changes, and what does not go together."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog import config
from catalog.config import apis
from catalog.domain import Identity
from catalog.errors import ConfigError, Exit
from catalog.service.sync import scope_of
from catalog.settings import SourceSettings
from catalog.upstream.reading import shape

CUSTOM = 'api = "custom"\nbase_url = "https://models.example.org"\nauth = "none"\n'
LIST = "[sources.it.list]\n"
PASTED = "sk-ant-api03-w0uld-be-a-pity"


def load(folder: Path, text: str, name: str = "it") -> SourceSettings:
    path = folder / "catalog.toml"
    path.write_text(f"[sources.{name}]\n{text}", encoding="utf-8")
    path.chmod(0o600)
    (source,) = config.load(path, environ={}).sources
    return source


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    assert caught.value.exit_code == Exit.USAGE
    return f"{caught.value.message}\n{caught.value.hint}"


# What counts: the own table, then the row, then the default.


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('api = "openrouter"', {"base_url": "https://openrouter.ai/api", "paging": "url", "auth": "bearer"}),
        ('api = "openrouter"', {"api_key_env": "OPENROUTER_API_KEY", "key_optional": True, "page_size": 1000}),
        ('api = "openrouter"\nauth = "none"', {"auth": "none", "ignore": ("benchmarks",)}),
        ('api = "openrouter"\nignore = ["stats"]', {"ignore": ("stats",)}),
        ('api = "openrouter"\nignore = []', {"ignore": ()}),
        ('api = "gemini"\npage_size = 50', {"page_size": 50, "auth": "x-goog-api-key"}),
        ('api = "huggingface"\nquery = { author = "Qwen" }', {"query": {"sort": ("createdAt",), "author": ("Qwen",)}}),
        ('api = "huggingface"\nquery = { sort = "" }', {"query": {}}),
        ('api = "huggingface"\nquery = { sort = ["a", "b"] }', {"query": {"sort": ("a", "b")}}),
        ('api = "huggingface"\nheaders = { X-Team = "models" }', {"headers": {"X-Team": "models"}}),
        ('api = "groq"', {"base_url": "https://api.groq.com/openai", "ignore": ("permission",)}),
        ('api = "mistral"', {"ignore": ("created",)}),
        ('api = "ollama"\nbase_url = "http://127.0.0.1:11434"', {"auth": "none", "paging": "none"}),
        (CUSTOM, {"auth": "none", "paging": "none", "ignore": (), "query": {}}),
        ('base_url = "https://api.anthropic.com"', {"api": "anthropic", "paging": "cursor", "auth": "x-api-key"}),
    ],
)
def test_the_own_table_counts_then_the_row_then_the_default(tmp_path: Path, text: str, told: dict[str, Any]) -> None:
    source = load(tmp_path, f"{text}\n")
    assert {name: getattr(source, name) for name in told} == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('api = "gemini"\n[sources.it.list]\npath = "/v1/models"', {"path": "/v1/models", "id_prefix": "models/"}),
        (f'{CUSTOM}{LIST}items = "result.models"', {"items": "result.models", "id": "id", "path": "/v1/models"}),
        (CUSTOM, {"fields": {}, "token_param": "", "size_param": ""}),
        (f'{CUSTOM}{LIST}fields = {{ line = "family" }}', {"fields": {"line": ("family",)}}),
        (
            'api = "gemini"\n[sources.it.list]\nfields = { created_at = ["released", "made"] }',
            {
                "fields": {
                    "display_name": ("displayName",),
                    "max_input_tokens": ("inputTokenLimit",),
                    "max_tokens": ("outputTokenLimit",),
                    "created_at": ("released", "made"),
                }
            },
        ),
        (
            'api = "gemini"\n[sources.it.list]\nfields = { display_name = "", max_tokens = "" }',
            {"fields": {"max_input_tokens": ("inputTokenLimit",)}},
        ),
        (
            'api = "groq"\n[sources.it.list]\nlifecycles = { false = "", preview = "beta" }',
            {"lifecycles": {"true": "active", "preview": "beta"}},
        ),
    ],
)
def test_tables_of_a_row_merge_by_key_and_an_empty_text_takes_one_out(
    tmp_path: Path, text: str, told: dict[str, Any]
) -> None:
    layout = load(tmp_path, f"{text}\n").list
    assert {name: getattr(layout, name) for name in told} == told


def test_a_column_of_anthropics_list_can_be_taken_out_or_read_from_elsewhere(tmp_path: Path) -> None:
    usual = SourceSettings(name="it").list.fields
    source = load(tmp_path, '[sources.it.list]\nfields = { line = "", type = "kind" }\n')
    assert source.list.fields == {name: told for name, told in usual.items() if name != "line"} | {"type": ("kind",)}


# What is refused: the table, the setting it is told of, and words of the message.

KINDS = {
    "an unknown api": ('api = "openroter"', "sources.it.api", "openrouter"),
    "an api in capitals": ('api = "OpenAI"', "sources.it.api", "openai"),
    "an api that is a number": ("api = 3", "sources.it.api", "must be"),
    "a header with a key": (f'{CUSTOM}headers = {{ X-Api-Key = "{PASTED}" }}', "sources.it.headers", "secret"),
    "a header with a token": (f'{CUSTOM}headers = {{ X-Auth-Token = "{PASTED}" }}', "sources.it.headers", "secret"),
    "Authorization": (f'{CUSTOM}headers = {{ authorization = "{PASTED}" }}', "sources.it.headers", "secret"),
    "Cookie": (f'{CUSTOM}headers = {{ Cookie = "{PASTED}" }}', "sources.it.headers", "secret"),
    "Proxy-Authorization": (f'{CUSTOM}headers = {{ Proxy-Authorization = "{PASTED}" }}', "headers", "secret"),
    "a header of two lines": (f'{CUSTOM}headers = {{ X-A = "a\\r\\nX-B: b" }}', "sources.it.headers", "must be"),
    "a header that is a number": (f"{CUSTOM}headers = {{ X-A = 1 }}", "sources.it.headers", "must be"),
    "the header that carries the key": (
        f'{CUSTOM.replace("none", "x-lab-pass")}api_key_env = "K"\nheaders = {{ X-Lab-Pass = "{PASTED}" }}',
        "sources.it.headers.X-Lab-Pass",
        "carries the key",
    ),
    "a key in the query": (f'{CUSTOM}query = {{ api_key = "{PASTED}" }}', "sources.it.query", "secret"),
    "a token in the query": (f'{CUSTOM}query = {{ access_token = "{PASTED}" }}', "sources.it.query", "secret"),
    "a table in the query": (f"{CUSTOM}query = {{ a = {{ b = 1 }} }}", "sources.it.query", "must be"),
    "the size in the query": ('api = "cohere"\nquery = { page_size = 5 }', "sources.it.query.page_size", "paging"),
    "the token in the query": ('api = "fireworks"\nquery = { pageToken = "a" }', "it.query", ""),
    "a page in the query": (
        'api = "dashscope"\nquery = { page_no = 2 }',
        "sources.it.query.page_no",
        "paging",
    ),
    "a cursor in the query": ('query = { before_id = "a" }', "sources.it.query.before_id", "paging"),
    "a limit in the query": ("query = { limit = 5 }", "sources.it.query.limit", "paging"),
    "a key as auth": (f"{CUSTOM.replace('none', PASTED)}", "sources.it.auth", "must be"),
    "an ignored path with braces": (f'{CUSTOM}ignore = ["a.{{b}}"]', "sources.it.ignore", "must be"),
    "an ignored text": (f'{CUSTOM}ignore = "created"', "sources.it.ignore", "list"),
    "an unknown column": (f'{CUSTOM}{LIST}fields = {{ price = "price" }}', "sources.it.list.fields", "must be"),
    "an id without end": (f'{CUSTOM}{LIST}id = "{{owner}}/{{name"', "sources.it.list.id", "must be"),
    "a path with a query": (f'{CUSTOM}{LIST}path = "/models?a=b"', "sources.it.list.path", "must be"),
    "a path that is an address": (f'{CUSTOM}{LIST}path = "https://a/b"', "sources.it.list.path", "must be"),
    "a paging that nobody has": (f'{CUSTOM}paging = "offset"', "sources.it.paging", "must be"),
}

TOGETHER = {
    "a cursor of ids that are put together": (
        f'paging = "cursor"\n{CUSTOM}{LIST}id = "{{owner}}/{{name}}"\ntoken_param = "after"',
        "sources.it.paging",
        "as it was received",
    ),
    "a cursor of ids that are cut": (f'{CUSTOM}paging = "cursor"\n{LIST}id_prefix = "models/"', "it.paging", ""),
    "a template at Anthropic's": (f'{LIST}id = "{{type}}/{{id}}"', "sources.it.paging", "as it was received"),
    "token without next": (f'{CUSTOM}paging = "token"\n{LIST}token_param = "after"', "sources.it.list.next", "token"),
    "token without its parameter": (f'{CUSTOM}paging = "token"\n{LIST}next = "n"', "it.list.token_param", "token"),
    "url without next": (f'{CUSTOM}paging = "url"', "sources.it.list.next", "url"),
    "where the next page is named, and no paging": (f'{CUSTOM}{LIST}next = "page.after"', "it.paging", "list.next"),
    "the same at a row that is not paged": (
        'api = "openai"\n[sources.it.list]\nnext = "page.after"',
        "it.paging",
        "list.next",
    ),
    **{
        f"one parameter for the {style} and the size": (
            f'{CUSTOM}paging = "{style}"\n{LIST}next = "n"\ntotal = "t"\ntoken_param = "p"\nsize_param = "p"',
            "sources.it.list.size_param",
            "must not be list.token_param",
        )
        for style in ("token", "page")
    },
    **{
        f"the header {name}": (
            f'{CUSTOM}headers = {{ {name} = "{PASTED}" }}',
            f"sources.it.headers.{name}",
            "set by each request",
        )
        for name in ("Host", "Content-Length", "transfer-encoding", "Connection", "Accept-Encoding")
    },
    "page without total": (f'{CUSTOM}paging = "page"\n{LIST}token_param = "page"', "sources.it.list.total", "count"),
    "page without its parameter": (f'{CUSTOM}paging = "page"\n{LIST}total = "t"', "it.list.token_param", "page"),
    "the id ignored": (f'{CUSTOM}ignore = ["id"]', "sources.it.ignore", "must not name id"),
    "all ignored": (f'{CUSTOM}ignore = ["*"]', "sources.it.ignore", "must not name *"),
    "parts of the id, by a pattern": (
        f'{CUSTOM}ignore = ["*.id"]\n{LIST}id = "about.id"',
        "it.ignore",
        "not name *.id",
    ),
    "a part of the id by its name": (f'{CUSTOM}ignore = ["id.hash"]', "sources.it.ignore", "must not name id.hash"),
    "a column, by a pattern": (
        f'{CUSTOM}ignore = ["*.title"]\n{LIST}fields = {{ display_name = "about.title" }}',
        "sources.it.ignore",
        "must not name *.title",
    ),
    "a part of a date, by a pattern": (
        f'{CUSTOM}ignore = ["*.day"]\n{LIST}fields = {{ retires_at = "ends" }}',
        "sources.it.ignore",
        "must not name *.day",
    ),
    "above the id": (f'{CUSTOM}ignore = ["about"]\n{LIST}id = "about.id"', "sources.it.ignore", "about"),
    "a part of the id": (f'{CUSTOM}ignore = ["owner"]\n{LIST}id = "{{owner}}/{{name}}"', "it.ignore", "owner"),
    "a column ignored": ('api = "gemini"\nignore = ["displayName"]', "sources.it.ignore", "displayName"),
    "above a column": (
        'api = "bedrock"\nbase_url = "https://b.example.org"\napi_key_env = "K"\nignore = ["modelLifecycle"]',
        "sources.it.ignore",
        "modelLifecycle",
    ),
    "a column of Anthropic's ignored": ('ignore = ["lifecycle"]', "sources.it.ignore", "lifecycle"),
    "api_version elsewhere": ('api = "openai"\napi_version = "2023-06-01"', "sources.it.api_version", "anthropic"),
    "betas elsewhere": ('api = "openai"\nbetas = []', "sources.it.betas", "anthropic"),
    "lifecycle elsewhere": ('api = "groq"\nlifecycle = ["active"]', "sources.it.lifecycle", "anthropic"),
    "workspace_id elsewhere": (f'{CUSTOM}workspace_id = "w"', "sources.it.workspace_id", "anthropic"),
    "a page that is too large": ('api = "fireworks"\npage_size = 201', "sources.it.page_size", "at most 200"),
    "a page that is too large at civitai": ('api = "civitai"\npage_size = 1000', "sources.it.page_size", "at most 100"),
    "no address": ('api = "vllm"', "sources.it.base_url", "must be given"),
    "no address of a list without a row": ('api = "custom"', "sources.it.base_url", "must be given"),
    "no path": ('api = "cloudflare"', "sources.it.list.path", "/accounts/ACCOUNT/"),
    "no path, but a list": (
        'api = "azure-arm"\napi_key_file = "k"\n[sources.it.list]\nrepeats = "first"',
        "list.path",
        "",
    ),
    "the row's key for another host": (
        'api = "openai"\nbase_url = "https://gateway.example.org"',
        "sources.it.api_key_env",
        "OPENAI_API_KEY is not sent to another host",
    ),
    "the row's key for another host, in another header": (
        'api = "openai"\nbase_url = "https://gateway.example.org"\nauth = "api-key"',
        "sources.it.api_key_env",
        "not sent to another host",
    ),
    "an optional key for another host": (
        'api = "openrouter"\nbase_url = "https://openrouter.example.org"',
        "sources.it.api_key_env",
        "OPENROUTER_API_KEY",
    ),
    "two keys": ('api = "openai"\napi_key_env = "A"\napi_key_file = "b"', "sources.it.api_key", "api_key_file"),
    "plain http": ('api = "openai"\nbase_url = "http://a.example.org"\napi_key_env = "K"', "it.base_url", "allow_http"),
}


@pytest.mark.parametrize(("text", "setting", "words"), KINDS.values(), ids=KINDS.keys())
def test_what_a_setting_may_not_hold_is_refused(tmp_path: Path, text: str, setting: str, words: str) -> None:
    message = refused(tmp_path, f"{text}\n")
    assert setting in message
    assert words in message
    assert PASTED not in message


@pytest.mark.parametrize(("text", "setting", "words"), TOGETHER.values(), ids=TOGETHER.keys())
def test_settings_that_do_not_go_together_are_refused(tmp_path: Path, text: str, setting: str, words: str) -> None:
    message = refused(tmp_path, f"{text}\n")
    assert setting in message
    assert words in message
    assert PASTED not in message


@pytest.mark.parametrize("text", [
    'api = "openai"\nbase_url = "http://127.0.0.1:8000"',
    'api = "openai"\nbase_url = "https://gateway.example.org"\nauth = "none"',
    'api = "openai"\nbase_url = "https://gateway.example.org"\napi_key_env = "OPENAI_API_KEY"',
    'api = "openai"\nbase_url = "https://gateway.example.org"\napi_key_file = "key"',
    'api = "openai"\nbase_url = "https://api.openai.com/v1"',
    f'{CUSTOM}ignore = ["created"]\n{LIST}fields = {{ created_at = "created" }}',
    f'{CUSTOM}ignore = ["providers.*.latency", "stats"]',
    f'{CUSTOM}ignore = ["*.runs", "*.*", "*.*.latency"]',
    f'{CUSTOM}ignore = ["*.runs"]\n{LIST}fields = {{ display_name = "title", retires_at = "ends" }}',
    f'{CUSTOM}ignore = ["*.day"]\n{LIST}fields = {{ display_name = "title" }}',
    f'{CUSTOM}ignore = ["*.runs", "about.*.runs"]\n{LIST}id = "{{about.owner}}/{{about.name}}"',
    f'{CUSTOM}headers = {{ OpenAI-Organization = "org-1", x-goog-user-project = "p" }}',
    f'{CUSTOM}query = {{ expand = ["a", "b"], page = 3 }}',
    f'{CUSTOM}paging = "token"\n{LIST}next = "page.next"\ntoken_param = "after"\nsize_param = "per_page"',
    f'{CUSTOM}paging = "link"',
    f"{CUSTOM}page_size = 1000",
    'api = "fireworks"\npage_size = 200',
])  # fmt: skip
def test_what_goes_together_is_taken(tmp_path: Path, text: str) -> None:
    load(tmp_path, f"{text}\n")


@pytest.mark.parametrize(
    ("text", "base_url", "url"),
    [
        ('api = "openai"\nbase_url = "https://api.openai.com/v1"', "https://api.openai.com", "/v1/models"),
        ('api = "openai"\nbase_url = "https://api.openai.com/v1/"', "https://api.openai.com", "/v1/models"),
        ('base_url = "https://api.anthropic.com/v1"', "https://api.anthropic.com", "/v1/models"),
        (f"{CUSTOM.replace('.org', '.org/v1')}", "https://models.example.org", "/v1/models"),
        (f'{CUSTOM.replace(".org", ".org/v1")}{LIST}path = "/models"', "https://models.example.org/v1", "/models"),
        (f'{CUSTOM.replace(".org", ".org/v1")}{LIST}path = "/v1beta/m"', "https://models.example.org/v1", "/v1beta/m"),
        (f'{CUSTOM}{LIST}path = "/catalog"', "https://models.example.org", "/catalog"),
    ],
)
def test_a_version_at_the_end_of_the_address_is_cut_where_the_path_has_it(
    tmp_path: Path, text: str, base_url: str, url: str
) -> None:
    source = load(tmp_path, f"{text}\n")
    assert (source.base_url, source.list.path) == (base_url, url)


# Anthropic's row, and the scope.

SCOPE = (
    '{"answered_workspace":null,"base_url":"https://api.anthropic.com",'
    '"betas":[],"lifecycle":[],"organization":null,"workspace":""}'
)
RECORDED = {
    "": SCOPE,
    'betas = ["b", "a"]\nlifecycle = ["active"]\nworkspace_id = "w"': SCOPE.replace('"betas":[]', '"betas":["a","b"]')
    .replace('"lifecycle":[]', '"lifecycle":["active"]')
    .replace('"workspace":""', '"workspace":"w"'),
    'paging = "none"\npage_size = 20\nunknown_dates = ["2023-02-28T18:56:42Z"]': SCOPE,
    f'{LIST}total = ""': SCOPE,
}


def scope(source: SourceSettings) -> str:
    return scope_of(source).text(Identity())


@pytest.mark.parametrize("api", ["", 'api = "anthropic"\n'])
@pytest.mark.parametrize(("text", "recorded"), RECORDED.items())
def test_recorded_scopes_of_anthropics_list_stay_as_they_were(
    tmp_path: Path, api: str, text: str, recorded: str
) -> None:
    assert scope(load(tmp_path, f"{api}{text}\n")) == recorded


def test_anthropics_row_is_written_as_the_defaults(tmp_path: Path) -> None:
    named, bare = load(tmp_path, 'api = "anthropic"\n'), load(tmp_path, "")
    assert named == bare == SourceSettings(name="it")
    assert shape.of(bare) == shape.NATIVE
    assert shape.of(bare).text == ""


SCOPED = {
    "api": ('api = "mistral"\napi_key_env = "K"\nbase_url = "https://a.example.org"',
            'api = "openai"\napi_key_env = "K"\nbase_url = "https://a.example.org"'),
    "path": (CUSTOM, f'{CUSTOM}{LIST}path = "/models"'),
    "items": (CUSTOM, f'{CUSTOM}{LIST}items = "models"'),
    "id": (CUSTOM, f'{CUSTOM}{LIST}id = "name"'),
    "id_prefix": (CUSTOM, f'{CUSTOM}{LIST}id_prefix = "models/"'),
    "fields": (CUSTOM, f'{CUSTOM}{LIST}fields = {{ line = "family" }}'),
    "lifecycles": (CUSTOM, f'{CUSTOM}{LIST}lifecycles = {{ LEGACY = "deprecated" }}'),
    "ignore": (CUSTOM, f'{CUSTOM}ignore = ["created"]'),
    "query": (CUSTOM, f'{CUSTOM}query = {{ author = "Qwen" }}'),
    "headers": (CUSTOM, f'{CUSTOM}headers = {{ X-Team = "a" }}'),
    "ignore, of Anthropic's": ("", 'ignore = ["capabilities"]'),
    "fields, of Anthropic's": ("", f'{LIST}fields = {{ line = "" }}'),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), SCOPED.values(), ids=SCOPED.keys())
def test_to_ask_or_read_otherwise_is_another_scope(tmp_path: Path, before: str, after: str) -> None:
    one, other = (scope(load(tmp_path, f"{text}\n")) for text in (before, after))
    assert one != other


@pytest.mark.parametrize(
    "more", ['paging = "link"', "page_size = 7", 'timeout = "9s"', 'confirm_after = "2h"', 'auth = "x-lab-word"']
)
def test_how_patiently_it_is_asked_is_no_scope(tmp_path: Path, more: str) -> None:
    own = CUSTOM.replace('auth = "none"\n', "") if "auth" in more else CUSTOM
    before, after = load(tmp_path, CUSTOM), load(tmp_path, f'{own}{more}\napi_key_env = "K"\n')
    assert scope(before) == scope(after)


def test_a_scope_holds_no_key_and_is_json(tmp_path: Path) -> None:
    source = load(tmp_path, 'api = "openai"\nheaders = { OpenAI-Organization = "org-1" }\n')
    told = json.loads(scope(source))
    assert told["api"] == "openai"
    assert "OPENAI_API_KEY" not in json.dumps(told)


def test_each_row_is_reachable_from_a_name_that_is_nearly_right(tmp_path: Path) -> None:
    for name in apis.names():
        assert f'"{name}"' in refused(tmp_path, f'api = "{name}x"\n') or name in refused(tmp_path, f'api = "{name}x"\n')


def test_the_row_of_anthropic_that_is_read_from_no_file_is_that_of_the_file() -> None:
    here, there = apis.known("anthropic"), apis.rows()["anthropic"]
    same = ("title", "settings", "needs", "version", "key_optional", "docs", "key_variable", "base_url")
    assert [getattr(here, name) for name in same] == [getattr(there, name) for name in same]
