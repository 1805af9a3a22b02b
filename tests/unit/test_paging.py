"""What follows a page in each style of paging, and what proves the end of a list."""

from typing import Any

import pytest

from catalog.dotted import path
from catalog.errors import AnswerError
from catalog.settings import Paging as Style
from catalog.upstream import paging
from catalog.upstream.paging import Following, PageFacts, Paging, Params

pytestmark = pytest.mark.promise("P1", "P2")

TOKEN = Paging(style="token", next=("nextPageToken",), token_param="pageToken", size_param="pageSize", size=3)
URL = Paging(style="url", next=("links", "next"), size_param="", query=(("sort", "name"),))
LINK = Paging(style="link", size=3)
PAGE = Paging(style="page", token_param="page", size_param="per_page", size=3, total=("page", "total"))
SORT = ("sort", "name")
SIZE = (("pageSize", "3"),)


def received(told: dict[str, Any] | None = None, **values: Any) -> PageFacts:
    values = {"entries": 2, "sum": 2, "longest": 0, "pages": 1, "path": "/v1/models", **values}
    return PageFacts(told=told or {}, **values)


@pytest.mark.parametrize(
    ("told", "params"),
    [
        pytest.param({"nextPageToken": "abc"}, (*SIZE, ("pageToken", "abc")), id="a token"),
        pytest.param({"nextPageToken": "a/b+c=="}, (*SIZE, ("pageToken", "a/b+c==")), id="a token as it is"),
        pytest.param({"nextPageToken": 7}, (*SIZE, ("pageToken", "7")), id="a number"),
        pytest.param({"nextPageToken": ""}, None, id="an empty token"),
        pytest.param({"nextPageToken": None}, None, id="null"),
        pytest.param({}, None, id="no token"),
    ],
)
def test_a_token_leads_to_the_next_page(told: dict[str, Any], params: Params | None) -> None:
    assert paging.follow(TOKEN, received(told)) == Following(params=params)


@pytest.mark.parametrize("token", [[], {}, True, 1.5, "a\nb", "x" * 10_000], ids=repr)
def test_a_token_that_cannot_be_sent_cuts_the_walk(token: Any) -> None:
    with pytest.raises(AnswerError, match="nextPageToken"):
        paging.follow(TOKEN, received({"nextPageToken": token}))


@pytest.mark.parametrize(
    ("told", "page", "proven"),
    [
        pytest.param({"nextPageToken": ""}, {"entries": 3}, True, id="stated by an empty token, on a full page"),
        pytest.param({"nextPageToken": None}, {"entries": 3}, True, id="stated by null, on a full page"),
        pytest.param({}, {"entries": 2}, True, id="left out on a short page"),
        pytest.param({}, {"entries": 3}, False, id="left out on a full page"),
        pytest.param({}, {"entries": 4}, False, id="left out on a page that is longer than asked for"),
        pytest.param({}, {"entries": 2, "longest": 2}, False, id="left out on a page as long as the one before"),
        pytest.param({}, {"entries": 1, "longest": 2}, True, id="left out on a page shorter than the one before"),
        pytest.param({}, {"entries": 0, "longest": 3}, True, id="left out on an empty page"),
    ],
)
def test_a_token_that_is_left_out_proves_the_end_only_on_a_short_page(
    told: dict[str, Any], page: dict[str, int], *, proven: bool
) -> None:
    assert paging.follow(TOKEN, received(told, **page)) == Following(params=None, proven=proven)


@pytest.mark.parametrize(
    ("address", "params"),
    [
        pytest.param("https://api.example.org/v1/models?page=2", (SORT, ("page", "2")), id="absolute"),
        pytest.param("/v1/models?page=2", (SORT, ("page", "2")), id="relative to the host"),
        pytest.param("?page=2&page=3", (SORT, ("page", "2"), ("page", "3")), id="a query alone"),
        pytest.param(
            "https://elsewhere.example/v1/models?cursor=x",
            (SORT, ("cursor", "x")),
            id="another host",
        ),
        pytest.param(
            "https://x.example/gate/v1/models?sort=id&c=%2B", (("sort", "id"), ("c", "+")), id="theirs counts"
        ),
        pytest.param(None, None, id="null"),
        pytest.param("", None, id="empty"),
    ],
)
def test_only_the_query_of_an_address_is_followed(address: str | None, params: Params | None) -> None:
    assert paging.follow(URL, received({"links": {"next": address}})) == Following(params=params)


@pytest.mark.parametrize(
    "address",
    [
        "https://api.example.org/v2/other?page=2",
        "/v1/models",
        "https://api.example.org/v1/models",
        5,
        ["?page=2"],
        "http://[::1",
        "?" + "x" * 10_000,
    ],
    ids=lambda address: repr(address)[:40],
)
def test_an_address_that_leads_elsewhere_cuts_the_walk(address: Any) -> None:
    with pytest.raises(AnswerError, match=r"links\.next"):
        paging.follow(URL, received({"links": {"next": address}}))


def test_without_a_size_an_absent_address_is_believed_on_the_first_page_and_on_a_short_one() -> None:
    assert paging.follow(URL, received({})).proven
    assert not paging.follow(URL, received({}, pages=2, longest=2)).proven
    assert paging.follow(URL, received({}, pages=2, longest=3)).proven


@pytest.mark.parametrize(
    ("links", "params"),
    [
        ('<https://api.example.org/v1/models?cursor=a&limit=3>; rel="next"', (("cursor", "a"), ("limit", "3"))),
        (
            '</v1/models?cursor=a>; rel="prev", </v1/models?cursor=b>; rel="next last"',
            (("limit", "3"), ("cursor", "b")),
        ),
        ('<https://api.example.org/v1/models?cursor=a>; rel="prev"', None),
        ("", None),
    ],
)
def test_a_link_header_leads_to_the_next_page(links: str, params: Params | None) -> None:
    assert paging.follow(LINK, received(links=links)).params == params


@pytest.mark.parametrize(("entries", "proven"), [(2, True), (3, False)])
def test_a_link_that_is_left_out_proves_the_end_only_on_a_short_page(entries: int, *, proven: bool) -> None:
    assert paging.follow(LINK, received(entries=entries)) == Following(params=None, proven=proven)


@pytest.mark.parametrize(
    ("total", "page", "following"),
    [
        (5, {"entries": 3, "sum": 3, "pages": 1}, Following(params=(("per_page", "3"), ("page", "2")), total=5)),
        (5, {"entries": 2, "sum": 5, "pages": 2, "total": 5}, Following(params=None, total=5)),
        ("5", {"entries": 2, "sum": 5, "pages": 2, "total": 5}, Following(params=None, total=5)),
        (0, {"entries": 0, "sum": 0, "pages": 1}, Following(params=None, total=0)),
        (5, {"entries": 3, "sum": 6, "pages": 2, "total": 5}, Following(params=None, proven=False, total=5)),
    ],
)
def test_numbered_pages_end_where_the_total_says(total: Any, page: dict[str, Any], following: Following) -> None:
    assert paging.follow(PAGE, received({"page": {"total": total}}, **page)) == following


def test_a_total_that_changes_between_pages_says_that_the_list_moved() -> None:
    following = paging.follow(PAGE, received({"page": {"total": 6}}, entries=3, sum=6, pages=2, total=5))
    assert following.shifted
    assert not paging.follow(PAGE, received({"page": {"total": 5}}, entries=2, sum=5, pages=2, total=5)).shifted


@pytest.mark.parametrize("total", [None, -1, True, "many", 2.5], ids=repr)
def test_numbered_pages_without_a_total_cut_the_walk(total: Any) -> None:
    with pytest.raises(AnswerError, match=r"page\.total"):
        paging.follow(PAGE, received({"page": {"total": total}}))


def test_an_empty_page_before_the_total_cuts_the_walk() -> None:
    with pytest.raises(AnswerError, match="counts 5 entries, and 3 came"):
        paging.follow(PAGE, received({"page": {"total": 5}}, entries=0, sum=3, pages=2, total=5))


@pytest.mark.parametrize("style", ["none", "cursor"])
def test_one_document_is_the_whole_list(style: Style) -> None:
    assert paging.follow(Paging(style=style), received({"next": "x"})) == Following(params=None)


@pytest.mark.parametrize(("text", "steps"), [("", ()), ("data", ("data",)), ("result.models", ("result", "models"))])
def test_a_dotted_path_is_taken_apart(text: str, steps: tuple[str, ...]) -> None:
    assert path(text) == steps
