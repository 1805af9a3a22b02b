"""Writes docs/reference/providers.md: the lists that are known by name, and how to describe one that is not."""

from collections.abc import Iterator

from catalog.config import apis, manual
from catalog.config.apis import Row
from catalog.config.schema import SETTINGS
from catalog.settings import ListSettings

_OPENING = """\
# Providers

A source reads one models list. Lists differ: where the entries stand, what an id is, how pages follow each other, which
members move by themselves. `api = "NAME"` takes all of that from a table of rows that comes with the program; what you
write in the table of the source counts more, so a row is a default and never a limit. Without `api` a source reads
Anthropic's list. The key is taken from the variable that the provider's own tools use, and goes only to the host of the
source.

`catalog apis` prints the rows and says which keys are set. `catalog init --api NAME` writes the table of a source,
and `catalog init --api NAME - >> catalog.toml` adds it to a file that is there. `catalog check` then asks for the
list, twice, and says what the settings do not fit.

## The rows

*Checked* is the day of the answer that the row was checked with; "after documentation" means that no recorded answer
was at hand, so look closer at what `catalog check` says. Words in capitals are to be replaced by yours.

"""
_EXAMPLES = """\

## OpenRouter

```toml
[sources.openrouter]
api = "openrouter"
```

No key is needed; one in `OPENROUTER_API_KEY` is sent. Prices are kept, so a new price is a change. `benchmarks` is not
read, because it moves by itself each day.

## OpenAI

```toml
[sources.openai]
api = "openai"                              # the key is in OPENAI_API_KEY
headers = { OpenAI-Organization = "org-1" } # only if the key belongs to several
```

The list is that of the key's project, with its fine-tuned models. Any other server that speaks like OpenAI's is read
by the same row with a `base_url` of its own; then name the key, too, because that of OpenAI is not sent to another
host.

## Gemini

```toml
[sources.gemini]
api = "gemini"                              # the key is in GEMINI_API_KEY, sent as x-goog-api-key
```

Ids are the names without `models/`. The list has no dates.

## A server of your own: vLLM, llama.cpp, Ollama

```toml
[sources.vllm]
api = "vllm"
base_url = "http://127.0.0.1:8000"

[sources.ollama]
api = "ollama"
base_url = "http://127.0.0.1:11434"

[sources.studio]
api = "openai"
base_url = "http://127.0.0.1:1234"
auth = "none"
ignore = ["created"]                        # this one answers the time of the request
```

Plain `http://` to another machine wants `allow_http = true`.

## A part of a very long list

```toml
[sources.qwen-on-hub]
api = "huggingface"
query = { author = "Qwen" }                 # sent with every page
```

## A list that has no row

```toml
[sources.lab]
api = "custom"
base_url = "https://models.example.org"
api_key_env = "LAB_KEY"
auth = "x-lab-key"
paging = "token"

[sources.lab.list]
path = "/catalog"
items = "result.models"
id = "{owner}/{slug}"
fields = { display_name = "title", created_at = "released", retires_at = ["sunset", "eol.date"] }
lifecycles = { LEGACY = "deprecated" }
next = "page.next"
token_param = "after"
size_param = "per_page"
total = "page.total"
```

`custom` has no defaults but a bearer token, one answer without pages, and the path `/v1/models`. Paths are dotted:
`page.next` is the member `next` of the object `page`. The settings of `[sources.NAME.list]`:

"""
_PAGING = """\

A column that `fields` does not name has no value; the member stays among the attributes of the model, as every member
does that is not ignored. A date may be RFC 3339, a day, a number of seconds, milliseconds or microseconds since 1970,
or an object of year, month and day. `ignore` (beside `api`, not in the `list` table) names members that are not read
at all: they are in no row, no history and no comparison. `*` is any one step. It cannot name the id or a column other
than `created_at`; `*.runs` can stand beside them, since texts have no members.

`paging` says how the next page is asked for, and what proves the end:

| paging | the next page is asked for by | the end is proven by |
|---|---|---|
| `cursor` | `token_param` = the id of the last entry, or what stands at `next` | `has_more` that is false |
| `token` | `token_param` = what stands at `next` | a `next` that is null, "", false or 0; or a short page |
| `url` | the query of the address at `next` | the same |
| `link` | the query of the header `Link: <...>; rel="next"` | a short page: fewer entries than were asked for |
| `page` | `token_param` = 2, 3 ... | as many entries as `total` says |
| `none` | nothing: the list is one answer | the answer itself |

A list that ends on a full page without saying so, or that counts more entries than came, is read and recorded, and
what it lacks is not held against any model. An answer that names a next page which the source does not follow is an
error that tells the setting to change. Of a next address only the query is used, as it was received: the key never goes
to another host. Its path must be that of the list, or end in the whole of `path`: another one leads to another list.

To change `api`, `path`, `items`, `id`, `id_prefix`, `fields`, `lifecycles`, `ignore`, `query` or `headers` of a
source that has a history makes a new baseline: the differences are recorded, and no alert tells of them.

## What is not read, and the way out

- **Requests signed with an AWS key pair (SigV4).** `bedrock` and `bedrock-mantle` take a Bedrock API key instead.
- **Tokens that last an hour** (OAuth, Entra) are read from `api_key_file` at each run; whatever issues them
  keeps the file fresh.
- **A key in the query.** Most providers that document it take the key in a header, too: name that header as `auth`.
- **Entries as members of an object** (`{"model-a": {...}, "model-b": {...}}`), and several lists in one answer: put a
  small program before it that answers one list. Of two lists at paths of their own, make two sources.
- **POST, GraphQL and HTML pages**: the same.
"""


def page() -> str:
    """Write the page, in Markdown."""
    return "".join([_OPENING, "\n".join(_rows()), "\n", _EXAMPLES, "\n".join(_settings()), "\n", _PAGING])


def _rows() -> Iterator[str]:
    yield "| `api` | provider | key | address | paging | mind | checked |"
    yield "|---|---|---|---|---|---|---|"
    yield from map(_row, apis.rows().values())


def _row(row: Row) -> str:
    if row.key_variable and row.settings.get("auth") != "none":
        key = f"`{row.key_variable}`{', or none' if row.key_optional else ''}"
    else:
        key = "none" if row.settings.get("auth") == "none" else "`api_key_file` or `api_key_env`"
    title = f"[{row.title}]({row.docs})" if row.docs else row.title
    cells = [f"`{row.name}`", title, key, f"`{row.base_url}`", f"`{row.settings.get('paging', 'cursor')}`"]
    return f"| {' | '.join([*cells, row.mind.replace('|', chr(92) + '|'), row.checked])} |"


def _settings() -> Iterator[str]:
    yield "| setting | what it says |"
    yield "|---|---|"
    for name, setting in SETTINGS[ListSettings].items():
        yield f"| `{name}` | {manual.comment(name, setting)} |"
