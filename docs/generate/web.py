"""Writes docs/reference/web.md: the addresses of the pages, and what can be asked of each, from the table of routes."""

from collections.abc import Iterator

from catalog.web import asked
from catalog.web.routes import ROUTES, Route

_OPENING = """\
# Pages

`catalog web` serves the catalog to a browser, `catalog demo --web` the recorded history of a real one, and
`catalog run` does the same beside its work where `web.listen` is set. Pages only read; they set no cookie, load nothing
from other hosts, and need no script. All times are UTC.

![The timeline of the demo: when each model was listed, and where that is not known exactly](../pictures/timeline.svg)

Above is `timeline.svg` of the demo. A bar: listed. Hatched: it came or left somewhere in here. An outline: it is to be
listed until it retires.

A resource is a path without suffix, and its suffix says as what: `models.html` is a page, `models.json` what
`catalog models --json` prints, `models.csv` what `--csv` prints. `/` is `index.html`. Where more rows follow, JSON and
CSV have a header `Link` with `rel="next"` (and `prev`); a page has links.

The part of a model's address that names it is its id, with every byte outside of `A-Z a-z 0-9 . _ -`, and a dot that
comes first, written as `~` and two hex digits: `meta/llama` is `meta~2Fllama`.

A moment is RFC 3339, a day or a month (in `since` from its first moment on, elsewhere its last one, in UTC), `now`,
`today`, `yesterday`, or an age such as `7d`. Parameters that are not known and values that make no sense are
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
login: a proxy adds one ([deploy/](../../deploy/README.md) shows how). The open internet wants a proxy in any case: a
few clients that send slowly keep others waiting for some seconds.

`/healthz` is 200 while the database answers and its schema is this program's, else 503 with words.

## The mirror

With `web.mirror_key_env` (or `mirror_key_file`) set, the site answers as the Models API does, from the catalog: the
official SDK, and another `catalog sync`, take `http://HOST/mirror/SOURCE` as base URL, and
`http://HOST/mirror/SOURCE@2026-01-01` for the list as it was at a moment. The key goes into `x-api-key`, or behind
`Bearer`; `web.mirror_open` asks for none, on this machine alone.

- `GET v1/models` takes `limit` (1 to 1,000, else 20), `after_id` or `before_id`, and `lifecycle`; without it, all but
  retired models are listed. Newest first; a source with more than 10,000 models comes by id.
- `GET v1/models/ID` gives one model. An id with slashes or `%` is written with escapes, which are read once.
- What is missing, and not yet believed to be gone, is listed. A source that was never read whole answers 503: the
  mirror never shows an empty list for one that it does not know. A moment before the first whole walk is 404, one to
  come is 400.
- Each answer says in `x-catalog-last-whole-walk` how old it is. For a walk over several pages give a moment, not an
  age.

## A published folder

`catalog publish DIR` writes the same pages as files, for any web server, bucket or `file://`; with `publish.folder`
set, `catalog sync` and `catalog run` keep them up to date. Every file appears whole, and is written only when it
differs. What an earlier time wrote and this one does not is deleted; files of others are never touched. `catalog.json`
names all files with their digests, and says how fresh each list is; with `models-all.json`, which has models that are
gone as well, it is what [builds](../how-to/builds.md) read. [deploy/](../../deploy/README.md) has servers and workflows
for it.

- There is no search, no past moment, no mirror and no page of runs. Instead of filters there are folders:
  `source/NAME/`, `line/NAME/` and `watched/`, each with lists, feeds and calendar; `diff-1`, `diff` and `diff-30`
  compare the last day, week and month in which something changed.
- Feeds and calendars need `publish.base_url`, as they hold whole addresses.
- Pages change when the catalog does: only `index`, `status` and JSON and CSV that say when a model was last seen are
  new after each walk. Days left, and whether a source is stale by now, come from the script.
- Reasons, errors, addresses of sources and channels are never in it. `publish.sources` and `publish.models` choose
  what may be seen: what your key sees may not be for everybody.
- A source that ever listed more than 10,000 models has pages for those that are watched, retire, or changed within 90
  days.
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
