"""Puts a representation together: rows as JSON or CSV, or a page inside the frame that all pages share."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from catalog.web import asked, markup, pages
from catalog.web.pages import Strip
from catalog.web.routes import ROUTES, Route
from catalog.web.server.visit import Visit, WebAnswer, spelled

_FEEDS = {"atom": "application/atom+xml", "feed.json": "application/feed+json", "ics": "text/calendar"}
_FRESH = frozenset({"index", "status"})  # pages of a published folder that say how fresh it is
_HTML = "text/html; charset=utf-8"


def answer(visit: Visit, route: Route) -> WebAnswer:
    """Make the representation that was asked for."""
    if visit.form in route.others:
        return route.others[visit.form](visit)
    if route.rows and visit.form in {"json", "csv"}:
        return spelled(route.rows(visit), visit.form)
    served = visit.published is None
    address, query = visit.address or route.address(visit.path), asked.write(visit.question) if served else ""
    here, root = address.rpartition("/")[2], "../" * address.count("/")
    frame = _frame(root, route)
    forms = route.forms if visit.published is None else visit.published.forms(route.name)
    has_feeds = visit.published is None or "atom" in visit.published.forms("changes")
    general = [] if "atom" in forms or not has_feeds else frame["feeds"]
    feeds = [*((_FEEDS[form], f"{here}.{form}{query}") for form in forms if form in _FEEDS), *general]
    values = {
        **frame,
        "feeds": feeds,
        "webcal": f"webcal:{visit.root.partition(':')[2]}{address}.ics{query}",
        "title": route.title,
        "strips": strips(visit) if served or route.name in _FRESH else (),
        "formats": [(form, f"{here}.{form}{query}") for form in forms if form != "html"],
        "here": f"{here}.html",
        "visit": visit,
        "now": visit.now,
        "asked": visit.question,
        "published": not served,
        "has_feeds": has_feeds,
        **(route.page(visit) if route.page else {}),
    }
    return WebAnswer(body=markup.page(f"{route.name}.html", values), media=_HTML)


def strips(visit: Visit) -> tuple[Strip, ...]:
    """Say how fresh each source is; a published page says neither why nor how long ago."""
    found = pages.strips(visit.health, visit.now)
    if visit.published is None:
        return found
    return tuple(replace(each, why="", age="") for each in found if each.name in visit.sources)


def refusal(status: HTTPStatus, words: Sequence[str], hint: str, root: str) -> WebAnswer:
    """Make the page that says why there is none."""
    values = {
        "title": f"{status.value} {status.phrase}",
        "strips": (),
        "formats": (),
        "words": words,
        "hint": hint,
        "published": False,
    }
    return WebAnswer(body=markup.page("error.html", {**_frame(root, None), **values}), media=_HTML, status=status)


def _frame(root: str, route: Route | None) -> Mapping[str, Any]:
    links = [(each.title, f"{each.name}.html", each is route) for each in ROUTES if each.in_nav]
    return {"root": root, "nav": links, "feeds": [(_FEEDS["atom"], f"{root}changes.atom")]}
