"""Texts made to do harm, as ids, names, values and names of fields, through every page: they do nothing."""

import csv
import io
import json
from html.parser import HTMLParser

import pytest

from catalog.text import harmless, harmless_lines
from catalog.web import names
from tests.attacks.hostile import stored
from tests.web.conftest import Visitor
from tests.web.hostile import IDS

PAGES = ("index", "models", "watch", "timeline", "retirements", "changes", "diff", "runs", "status")
QUERIES = {"models": "?state=all", "changes": "?events=added,changed,removed&baseline=1", "diff": "?from=2020-01-01"}
TAGS = {
    *("html", "head", "meta", "title", "link", "script", "body", "a", "header", "nav", "section", "p", "b"),
    *("span", "main", "h1", "h2", "h3", "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "dl"),
    *("div", "dt", "dd", "details", "summary", "time", "form", "fieldset", "legend", "label", "input"),
    *("select", "option", "button", "code", "ins", "del", "footer", "svg", "g", "defs", "pattern", "path"),
    *("rect", "circle", "line", "use", "text", "tspan"),
}
ATTRIBUTES = {
    *("href", "src", "class", "id", "lang", "charset", "name", "content", "rel", "type", "defer", "title"),
    *("role", "tabindex", "aria-label", "aria-current", "aria-hidden", "aria-sort", "scope", "data-head", "datetime"),
    *("action", "value", "placeholder", "size", "selected", "checked", "x", "y", "dx", "dy", "x1", "x2"),
    *("y1", "y2", "cx", "cy", "r", "d", "width", "height", "fill", "transform", "patterntransform"),
    *("patternunits", "viewbox", "xmlns"),
}


class Page(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment: {data}")


@pytest.mark.warns
def test_hostile_texts_are_shown_on_every_page_and_add_no_element(hostile: Visitor) -> None:
    paths = [f"{name}.html{QUERIES.get(name, '')}" for name in PAGES]
    paths += [names.model_path("anthropic", id) for id in IDS]
    paths += ["models.html?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E&match=%22%3E*", "models.html?line=%7B%7B7*7%7D%7D"]
    paths += ["changes.html?models=%22%3E%3Cimg%20src%3Dx%3E", "watch.html?id=%3Cb%3E&id=a%00"]
    for path in paths:
        reply = hostile.get(path)
        assert reply.status == (400 if "%00" in path else 200), path
        found = Page(reply.text)
        assert {tag for tag, _ in found.elements} <= TAGS, path
        assert {name for _, attributes in found.elements for name in attributes} <= ATTRIBUTES, path
        assert [attributes.get("src") for tag, attributes in found.elements if tag == "script"][1:] == []
        links = [attributes.get("href") or "" for tag, attributes in found.elements if tag in {"a", "link"}]
        foreign = [link for link in links if ":" in link.partition("?")[0].partition("/")[0]]
        assert all(link.startswith("webcal://127.0.0.1:") for link in foreign), path
        assert reply.text == harmless_lines(reply.text), "nothing invisible is in it"
        assert "49" not in found.text or "{{7*7}}" in found.text


@pytest.mark.warns
def test_every_hostile_text_is_found_where_it_belongs(hostile: Visitor) -> None:
    listed = Page(hostile.get("models.html?state=all&limit=1000").text)
    rows = {row["id"]: row for row in json.loads(hostile.get("models.json?state=all&limit=1000").body)}
    assert set(rows) == {stored(id) for id in IDS}
    for id, row in rows.items():
        assert harmless(id) in listed.text
        assert harmless(row["display_name"]) in listed.text
        one = Page(hostile.get(names.model_path("anthropic", id)).text)
        assert harmless(id) in one.text
        assert harmless(row["line"]) in one.text
        assert hostile.get(names.model_path("anthropic", id, "json")).status == 200
    table = list(csv.DictReader(io.StringIO(hostile.get("models.csv?state=all&limit=1000").text)))
    assert len(table) == len(rows)
    assert not [cell for row in table for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
