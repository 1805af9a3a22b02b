"""Writes docs/web.md: the addresses of the pages, and what can be asked of each, from the table of routes."""

from collections.abc import Iterator

from catalog.web import asked
from catalog.web.routes import ROUTES, Route

_OPENING = """\
# Pages

`catalog web` serves the catalog to a browser, `catalog demo --web` the recorded history of a real one, and
`catalog run` does the same beside its work where `web.listen` is set. Pages only read; they set no cookie, load nothing
from other hosts, and need no script. All times are UTC.

A resource is a path without suffix, and its suffix says as what: `models.html` is a page, `models.json` what
`catalog models --json` prints, `models.csv` what `--csv` prints. `/` is `index.html`. Where more rows follow, JSON and
CSV have a header `Link` with `rel="next"` (and `prev`); a page has links.

The part of a model's address that names it is its id, with every byte outside of `A-Z a-z 0-9 . _ -`, and a dot that
comes first, written as `~` and two hex digits: `meta/llama` is `meta~2Fllama`.

A moment is a date, RFC 3339, or an age such as `7d`. Parameters that are not known and values that make no sense are
refused with status 400, all at once, each with its cure.

| address | as | shows |
|---|---|---|
"""
_WORDS = {
    "index": "how your models fare, what retires next, what is new",
    "models": "the list, now or at a moment",
    "model": "one model: verdict, story, states, fields",
    "watch": "how the watched models fare; the header `x-catalog-verdict` is the exit code of `catalog watch check`",
    "retirements": "the dates ahead, and those of the last 400 days",
    "timeline": "a picture of when models were listed",
    "changes": "what was recorded, a block for each run",
    "diff": "two moments side by side",
    "runs": "the runs, without who asked",
    "status": "what works, and what does not",
}
_MANY = {"": "", "repeated": " May be repeated.", "joined": " May be repeated, or joined by commas."}
_SAFETY = """\
## Who may ask

Pages answer for `localhost` and other names of this machine, for the address they listen on, and for the host of
`web.base_url`; any other `Host` gets status 400, so that no foreign page can read them through a browser. There is no
login: a proxy adds one ([deploy/](../deploy/README.md) shows how). The open internet wants a proxy in any case: a few
clients that send slowly keep others waiting for some seconds.

`/healthz` is 200 while the database answers and its schema is this program's, else 503 with words.
"""


def page() -> str:
    rows = [f"| `{_address(route)}` | {', '.join(route.forms)} | {_WORDS[route.name]} |\n" for route in ROUTES]
    return "".join([_OPENING, *rows, "\n", *(part for route in ROUTES for part in _parameters(route)), _SAFETY])


def _address(route: Route) -> str:
    return route.address({"source": "SOURCE", "name": "NAME"})


def _parameters(route: Route) -> Iterator[str]:
    found = asked.PARAMETERS[route.name]
    if found:
        yield f"## {_address(route)}\n\n| parameter | means |\n|---|---|\n"
        for each in found:
            yield f"| `{each.name}` | {each.words}{_MANY[each.many]} |\n"
        yield "\n"
