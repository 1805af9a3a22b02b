"""Puts a representation together: rows as JSON or CSV, or a page inside the frame that all pages share."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from catalog.web import asked, markup, pages
from catalog.web.routes import ROUTES, Route
from catalog.web.visit import Answer, Visit, as_csv, as_json

_FEEDS = {"atom": "application/atom+xml", "feed.json": "application/feed+json", "ics": "text/calendar"}
_HTML = "text/html; charset=utf-8"


def answer(visit: Visit, route: Route) -> Answer:
    """Make the representation that was asked for."""
    if visit.form in route.others:
        return route.others[visit.form](visit)
    if route.rows and visit.form in {"json", "csv"}:
        return (as_json if visit.form == "json" else as_csv)(route.rows(visit))
    address, query = route.address(visit.path), asked.write(visit.question)
    here, root = address.rpartition("/")[2], "../" * address.count("/")
    frame = _frame(root, route)
    general = [] if "atom" in route.others else frame["feeds"]
    feeds = [*((_FEEDS[form], f"{here}.{form}{query}") for form in route.others if form in _FEEDS), *general]
    values = {
        **frame,
        "feeds": feeds,
        "webcal": f"webcal{visit.root[visit.root.index(':') :]}{address}.ics{query}",
        "title": route.title,
        "strips": pages.strips(visit.health(), visit.now),
        "formats": [(form, f"{here}.{form}{query}") for form in route.forms if form != "html"],
        "here": f"{here}.html",
        "now": visit.now,
        "asked": visit.question,
        **(route.page(visit) if route.page else {}),
    }
    return Answer(body=markup.page(f"{route.name}.html", values), media=_HTML)


def refusal(status: HTTPStatus, words: Sequence[str], hint: str, root: str) -> Answer:
    """Make the page that says why there is none."""
    values = {"title": f"{status.value} {status.phrase}", "strips": (), "formats": (), "words": words, "hint": hint}
    return Answer(body=markup.page("error.html", {**_frame(root, None), **values}), media=_HTML, status=status)


def _frame(root: str, route: Route | None) -> Mapping[str, Any]:
    links = [(each.title, f"{each.name}.html", each is route) for each in ROUTES if each.in_nav]
    return {"root": root, "nav": links, "feeds": [(_FEEDS["atom"], f"{root}changes.atom")]}
