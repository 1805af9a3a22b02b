"""Answers that say that more follows, or that there is more, where a walk would end."""

import json
from typing import Any

import pytest

from catalog.domain import Verdict
from catalog.errors import AnswerError
from catalog.upstream.reading.wire import Reader
from catalog.upstream.walking import marks
from tests import server as play
from tests.server import SOURCE, UNPAGED, ModelsServer, honest
from tests.unit.walking import Go, Shelf, models

pytestmark = pytest.mark.promise("P1")

# Members beside the list, and the mark that is named.
MARKS: list[tuple[dict[str, Any], str]] = [
    ({"next": "/v1/models?page=2"}, "next"),
    ({"next": {"href": "/v1/models?page=2"}}, "next"),
    ({"next_page": 2}, "next_page"),
    ({"next_page": "2"}, "next_page"),
    ({"next_page_token": "dG9r"}, "next_page_token"),
    ({"nextPageToken": "dG9r"}, "nextPageToken"),
    ({"NextPageToken": "dG9r"}, "NextPageToken"),
    ({"next_token": "dG9r"}, "next_token"),
    ({"nextToken": "dG9r"}, "nextToken"),
    ({"next_cursor": "dG9r"}, "next_cursor"),
    ({"nextCursor": "dG9r"}, "nextCursor"),
    ({"nextLink": "https://example.org/2"}, "nextLink"),
    ({"nextPage": "https://example.org/2"}, "nextPage"),
    ({"@odata.nextLink": "https://example.org/2"}, "@odata.nextLink"),
    ({"hasMore": True}, "hasMore"),
    ({"hasMore": "true"}, "hasMore"),
    ({"hasMore": 1}, "hasMore"),
    ({"links": {"next": "/v1/models?page=2"}}, "links.next"),
    ({"links": {"next": {"href": "/v1/models?page=2"}}}, "links.next"),
    ({"_links": {"self": {}, "next": {"href": "/2"}}}, "_links.next"),
    ({"pagination": {"next": "dG9r"}}, "pagination.next"),
    ({"pagination": {"has_more": True}}, "pagination.has_more"),
    ({"pagination": {"has_more": "True"}}, "pagination.has_more"),
    ({"meta": {"next_page": 2}}, "meta.next_page"),
    ({"page_info": {"has_more": False, "next_cursor": "x"}}, "page_info.next_cursor"),
    ({"sk-0123456789": {"next": "x"}}, "....next"),
]

SILENT: list[dict[str, Any]] = [
    {},
    {"next": None},
    {"next": ""},
    {"next": " "},
    {"next": False},
    {"next": 0},
    {"next": {}},
    {"next": []},
    {"next": "null"},
    {"next": {"href": None}},
    {"next_page": None, "nextPageToken": "", "next_cursor": None, "hasMore": False, "has_next": None},
    {"hasMore": "false", "pagination": {"has_more": "no", "next": None}},
    {"links": {"next": None, "prev": "/v1/models?page=1", "last": "/v1/models?page=9"}, "previous": "x"},
    {"first_id": "a", "last_id": "b", "object": "list", "page": 1, "perPage": 100, "totalPage": 1},
    {"models": [{"next": "x", "has_more": True}], "meta": {"deep": {"next": "deeper than anybody says it"}}},
    {"nextgen": True, "context": {"nexus": "x"}},
]

LINKS = [
    '<https://example.org/v1/models?page=2>; rel="next"',
    "</v1/models?page=2>;rel=next",
    "</v1/models?page=2> ; REL = NEXT",
    "</2>; rel='next'",
    '</1>; rel="prev first", </2,3>; title="a, b; rel=prev"; rel="last  Next"',
    '</2>; title="say \\"next\\""; rel="next"',
    "</2>;;rel=next",
]
OTHER_LINKS = [
    "",
    '</v1/models>; rel="prev"',
    '</style.css>; rel=preload; as="style"',
    '</2>; title="rel=next"',
    '</2>; rel=prev; rel="next"',
    '<>; rel="next"',
    '</2>; rel="nextish"',
    "rel=next",
    "<" * 60_000,
    "</2>" + "; a" * 20_000,
]


def beside(members: dict[str, Any]) -> list[marks.Member]:
    return Reader(UNPAGED).envelope.beside(json.dumps({"data": [{"next": 1, "total": 9}], **members}).encode())


@pytest.mark.parametrize(("members", "mark"), MARKS)
def test_a_mark_is_found_two_levels_deep_and_named(members: dict[str, Any], mark: str) -> None:
    found = marks.unfollowed(beside(members), "")
    assert found is not None
    assert found.path == mark


@pytest.mark.parametrize("members", SILENT)
def test_a_mark_that_says_nothing_is_none(members: dict[str, Any]) -> None:
    assert marks.unfollowed(beside(members), "") is None


@pytest.mark.parametrize("header", LINKS)
def test_a_link_header_is_read_as_the_standard_has_it(header: str) -> None:
    found = marks.unfollowed([], header)
    assert found is not None
    assert found.path == 'Link: rel="next"'


@pytest.mark.parametrize("header", OTHER_LINKS, ids=range(len(OTHER_LINKS)))
def test_other_links_say_nothing(header: str) -> None:
    assert marks.unfollowed([], header) is None


TOTALS: list[tuple[dict[str, Any], tuple[str, int] | None]] = [
    ({"total": 3}, ("total", 3)),
    ({"total_count": "3"}, ("total_count", 3)),
    ({"totalCount": 3.0}, ("totalCount", 3)),
    ({"totalSize": 3}, ("totalSize", 3)),
    ({"total_size": 3}, ("total_size", 3)),
    ({"pagination": {"page": 1, "total": 3}}, ("pagination.total", 3)),
    ({"total": 2, "meta": {"total_count": 3}}, ("meta.total_count", 3)),
    *(({"total": value}, None) for value in (None, True, "many", "", [3], {"value": 3}, 3.5, "-3")),
    ({"totalPage": 3, "totals": 3, "subtotal": 3, "count": 3}, None),
]


@pytest.mark.parametrize(("members", "total"), TOTALS)
def test_a_count_of_the_whole_list_is_found(members: dict[str, Any], total: tuple[str, int] | None) -> None:
    assert marks.total(beside(members)) == total


# In walks


@pytest.mark.parametrize(("members", "mark"), MARKS)
def test_more_that_is_not_followed_cuts_the_walk_and_names_the_mark(
    server: ModelsServer, shelf: Shelf, go: Go, members: dict[str, Any], mark: str
) -> None:
    server.models = models("ab")
    server.reshape = lambda envelope: envelope | members
    for paging in (True, False):
        with pytest.raises(AnswerError) as caught:
            go(paging=paging)
        assert caught.value.message == f"page 1: more follows (`{mark}`), and this source does not follow it"
        assert ("raise `page_size`" if paging else "set paging = ") in caught.value.hint
    assert (shelf.pages, shelf.restarts, len(server.requests)) == ([], 0, 2)


@pytest.mark.parametrize("known", [False, True])
def test_a_header_that_links_on_cuts_the_walk_also_at_a_page_that_is_known(
    server: ModelsServer, shelf: Shelf, go: Go, known: bool
) -> None:
    server.models = models("ab")
    if known:
        go()
        shelf.remember()
    server.script(play.answer(play.page(models("ab")), headers={"link": '</v1/models?page=2>; rel="next"'}))
    with pytest.raises(AnswerError, match=r'more follows .`Link: rel="next"`'):
        go()
    assert (shelf.pages, shelf.read) == ([], 0)


def test_a_mark_in_the_body_cuts_the_walk_also_at_a_page_that_is_known(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    server.models = models("abcd")
    server.reshape = lambda envelope: envelope | {"next": None if envelope["has_more"] else "/2"}
    shelf.known = {Reader(SOURCE).digest(json.dumps(server.reshape(play.page(models("cd")))).encode()): list("cd")}
    shelf.more = dict.fromkeys(shelf.known, False)
    with pytest.raises(AnswerError, match=r"page 2: more follows .`next`"):
        go()
    assert (shelf.ids(), shelf.read) == (list("ab"), 1)


@pytest.mark.parametrize("members", SILENT)
def test_marks_that_say_nothing_leave_a_walk_whole(server: ModelsServer, go: Go, members: dict[str, Any]) -> None:
    server.models = models("abc")
    server.reshape = lambda envelope: envelope | members
    assert go().verdict is Verdict.WHOLE


def test_only_where_a_walk_would_end_a_mark_matters(server: ModelsServer, go: Go) -> None:
    server.models = models("abc")
    server.reshape = lambda envelope: envelope | {"next": "/2" if envelope["has_more"] else None}
    server.script(play.answer(play.page(models("ab"), has_more=True), headers={"link": "</2>; rel=next"}), honest)
    assert go().verdict is Verdict.WHOLE


@pytest.mark.parametrize("paging", [True, False], ids=["cursor", "none"])
@pytest.mark.parametrize("total", [2, 3, "3", 3.0], ids=repr)
def test_a_list_that_has_more_than_came_is_not_complete(
    server: ModelsServer, shelf: Shelf, go: Go, paging: bool, total: Any
) -> None:
    server.models = models("ab")
    server.reshape = lambda envelope: envelope | {"total_count": total}
    outcome = go(paging=paging)
    shelf.remember()
    assert go(paging=paging) == outcome
    assert (outcome.complete, shelf.ids(), shelf.read) == (total == 2, list("ab"), 0)
    assert any("the list has 3 entries (`total_count`), and 2 came" in words for words in outcome.warnings) == (
        not outcome.complete
    )
    assert go(paging=paging, totals=False).complete


def test_all_entries_count_against_a_total_also_those_that_are_dropped(server: ModelsServer, go: Go) -> None:
    server.models = [*models("aab"), {"type": "model"}, *models("c")]
    server.reshape = lambda envelope: envelope | {"total": 5}
    outcome = go(page_size=5)
    assert (outcome.complete, outcome.unusable) == (True, 1)


def test_a_total_counts_over_all_pages(server: ModelsServer, go: Go) -> None:
    server.models = models("abcde")
    server.reshape = lambda envelope: envelope | {"total": 5}
    assert go().verdict is Verdict.WHOLE
    server.reshape = lambda envelope: envelope | {"total": 6}
    assert not go().complete


def test_a_list_of_nothing_usable_is_an_error(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = [{"type": "model"}, {"id": None}, {"id": "b\n"}]
    with pytest.raises(AnswerError, match="none of its entries has a usable `id`") as caught:
        go(page_size=10)
    assert "base_url" in caught.value.hint
