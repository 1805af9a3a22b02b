"""What follows a page in each style of paging, and what proves the end of a list."""

from dataclasses import replace
from typing import Any

import pytest

from catalog.dotted import path
from catalog.errors import AnswerError
from catalog.settings import Paging as Style
from catalog.upstream.walking import marks, paging
from catalog.upstream.walking.paging import Following, PageFacts, Paging

pytestmark = pytest.mark.promise("P1", "P2")

TOKEN = Paging(style="token", next=("nextPageToken",), token_param="pageToken", size_param="pageSize", size=3)
LIST = "https://api.example.org/v1/models"
URL = Paging(style="url", url=LIST, path="/v1/models", next=("links", "next"), size_param="", query=(("sort", "name"),))
LINK = Paging(style="link", url=LIST, path="/v1/models", size=3)
PAGE = Paging(style="page", token_param="page", size_param="per_page", size=3, total=("page", "total"))


def received(told: dict[str, Any] | None = None, **values: Any) -> PageFacts:
    values = {"entries": 2, "sum": 2, "longest": 0, "pages": 1, **values}
    return PageFacts(told=told or {}, **values)


@pytest.mark.parametrize(
    ("token", "sent"),
    [
        ("abc", "abc"),
        ("a/b+c==&d", "a%2Fb%2Bc%3D%3D%26d"),
        ("%2B", "%252B"),
        (" a", "+a"),
        ("\u00fc", "%C3%BC"),
        ("0", "0"),
        ("false", "false"),
        (7, "7"),
        (-1, "-1"),
        (2.0, "2"),
        (2**60, str(2**60)),
    ],
    ids=repr,
)
def test_a_token_leads_to_the_next_page_and_is_sent_as_it_is(token: Any, sent: str) -> None:
    following = paging.follow(TOKEN, received({"nextPageToken": token}, entries=3))
    assert following == Following(query=f"pageSize=3&pageToken={sent}")


NO_MORE = [None, "", "  ", False, 0, 0.0]  # what says that nothing follows, where a token or an address should be


@pytest.mark.parametrize("said", NO_MORE, ids=repr)
def test_a_list_ends_where_its_answer_says_so_even_on_a_full_page(said: Any) -> None:
    assert paging.follow(TOKEN, received({"nextPageToken": said}, entries=3)) == Following(query=None)
    assert paging.follow(URL, received({"links": {"next": said}}, entries=3, longest=3)) == Following(query=None)


@pytest.mark.parametrize("token", [[], {}, ["a"], {"a": 1}, True, 1.5, "a\nb", "\ud800", "x" * 10_000], ids=repr)
def test_a_token_that_cannot_be_sent_cuts_the_walk(token: Any) -> None:
    with pytest.raises(AnswerError, match="nextPageToken"):
        paging.follow(TOKEN, received({"nextPageToken": token}))


@pytest.mark.parametrize(
    ("next", "told", "query"),
    [
        ("@odata.nextLink", {"@odata.nextLink": "?page=2"}, "sort=name&page=2"),
        ("@odata.nextLink", {"@odata.nextLink": None}, None),
        ("@odata.nextLink", {"@odata": {"nextLink": "?page=3"}, "@odata.nextLink": "?page=2"}, "sort=name&page=3"),
        ("a.b.c", {"a": {"b": {"c": "?page=2"}}}, "sort=name&page=2"),
        ("a.b.c", {"a": {"b": []}}, None),
    ],
)
def test_the_name_of_a_member_may_hold_dots(next: str, told: dict[str, Any], query: str | None) -> None:  # noqa: A002 - as the setting
    by_url = replace(URL, next=path(next))
    assert paging.follow(by_url, received(told)).query == query


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
    assert paging.follow(TOKEN, received(told, **page)) == Following(query=None, proven=proven)


# The list is at https://api.example.org/v1/models.
LEADS_HERE = [
    "https://api.example.org/v1/models?page=2",
    "https://api.example.org/v1/models/?page=2",
    "https://API.EXAMPLE.ORG:443/v1/models?page=2#here",
    "/v1/models?page=2",
    "//other.example/v1/models?page=2",
    "models?page=2",
    "./models?page=2",
    "../v1/models?page=2",
    "?page=2",
    "?page=2#here",
    " ?page=2 ",
    "https://elsewhere.example/v1/models?page=2",
    "https://gate.example/api/v1/models?page=2",
    "/gate/v1/models?page=2",
    "http://[::1]/v1/models?page=2",
    "/v1/mod%65ls?page=2",
]
LEADS_ELSEWHERE = [
    "/models?page=2",
    "https://api.example.org/models?page=2",
    "https://api.example.org/v2/other?page=2",
    "https://api.example.org/v1/models/page/2?page=2",
    "https://api.example.org/v1/models;a=1?page=2",
    "https://api.example.org?page=2",
    "/?page=2",
    "../models?page=2",
    "files?page=2",
    "/api/notv1/models?page=2",
    "/av1/models?page=2",
    "/V1/models?page=2",
    "mailto:models?page=2",
    "\\\\other\\v1\\models?page=2",
]


@pytest.mark.parametrize("address", LEADS_HERE)
def test_an_address_of_the_list_itself_is_followed_by_its_query_alone(address: str) -> None:
    assert paging.follow(URL, received({"links": {"next": address}})) == Following(query="sort=name&page=2")


@pytest.mark.parametrize("address", LEADS_ELSEWHERE)
def test_an_address_of_another_list_cuts_the_walk(address: str) -> None:
    with pytest.raises(AnswerError, match=r"`links\.next` leads to another path"):
        paging.follow(URL, received({"links": {"next": address}}))


@pytest.mark.parametrize(
    ("base", "list_path", "address", "here"),
    [
        pytest.param("https://gate.example/llm", "/v1/models", "/llm/v1/models?page=2", True, id="a gateway's own"),
        pytest.param("https://gate.example/llm", "/v1/models", "/v1/models?page=2", True, id="without its prefix"),
        pytest.param(
            "https://gate.example/llm", "/v1/models", "https://b.example/api/v1/models?page=2", True, id="b's"
        ),
        pytest.param("https://gate.example/llm", "/v1/models", "models?page=2", True, id="relative"),
        pytest.param("https://gate.example/llm", "/v1/models", "/llm/models?page=2", False, id="another list"),
        pytest.param("https://a.example/v1", "/models", "/v1/models?page=2", True, id="a part of the base"),
        pytest.param("https://a.example", "/my%20team/models", "/my team/models?page=2", True, id="unescaped"),
        pytest.param("https://a.example", "/v1/models/", "/v1/models?page=2", True, id="a slash at the end"),
        pytest.param("https://a.example/models", "", "/models?page=2", True, id="no path, but a base with one"),
        pytest.param("https://a.example/models", "/", "/files?page=2", False, id="no path, and another base"),
        pytest.param("https://a.example", "", "/?page=2", True, id="no path at all"),
        pytest.param("https://a.example", "", "/models?page=2", False, id="no path at all, and another list"),
    ],
)
def test_the_whole_path_of_the_list_counts_and_not_what_stands_before_it(
    base: str, list_path: str, address: str, *, here: bool
) -> None:
    by_url = replace(URL, url=f"{base}{list_path}", path=list_path)
    told = received({"links": {"next": address}})
    if here:
        assert paging.follow(by_url, told).query == "sort=name&page=2"
    else:
        with pytest.raises(AnswerError, match="leads to another path"):
            paging.follow(by_url, told)


@pytest.mark.parametrize(
    ("received_query", "sent"),
    [
        ("page=2&page=3", "sort=name&page=2&page=3"),
        ("c=%2B", "sort=name&c=%2B"),
        ("c=+", "sort=name&c=+"),
        ("c=%20", "sort=name&c=%20"),
        ("c=%ff", "sort=name&c=%ff"),
        ("c=%E4%b8%ad", "sort=name&c=%E4%b8%ad"),
        ("c=%c3%28", "sort=name&c=%c3%28"),
        ("c=%7Ea", "sort=name&c=%7Ea"),
        ("c=a;b", "sort=name&c=a;b"),
        ("c=a=b==", "sort=name&c=a=b=="),
        ("c=%26%3D", "sort=name&c=%26%3D"),
        ("c=", "sort=name&c="),
        ("c", "sort=name&c"),
        ("=c", "sort=name&=c"),
        ("$skipToken=abd%2F", "sort=name&$skipToken=abd%2F"),
        ("c=a/b?c:d@e", "sort=name&c=a/b?c:d@e"),
        ("c=\u00fc", "sort=name&c=\u00fc"),
        ("c=100%&d=%zz", "sort=name&c=100%25&d=%25zz"),
        ("sort=id&c=1", "sort=id&c=1"),
        ("s%6Frt=id", "s%6Frt=id"),
        ("sort", "sort"),
    ],
)
def test_the_query_of_an_address_goes_on_as_it_was_received(received_query: str, sent: str) -> None:
    told = received({"links": {"next": f"{LIST}?{received_query}"}})
    assert paging.follow(URL, told) == Following(query=sent)


@pytest.mark.parametrize(
    "address",
    [
        "/v1/models",
        LIST,
        f"{LIST}?",
        "?",
        "#2",
        f"{LIST}?&",
        5,
        -1,
        1.5,
        True,
        [],
        {},
        ["?page=2"],
        "http://[::1",
        "?a\n",
        "?" + "x" * 10_000,
    ],
    ids=lambda address: repr(address)[:40],
)
def test_an_address_that_leads_nowhere_cuts_the_walk(address: Any) -> None:
    with pytest.raises(AnswerError, match=r"links\.next"):
        paging.follow(URL, received({"links": {"next": address}}))


def test_without_a_size_an_absent_address_is_believed_on_the_first_page_and_on_a_short_one() -> None:
    assert paging.follow(URL, received({})).proven
    assert not paging.follow(URL, received({}, pages=2, longest=2)).proven
    assert paging.follow(URL, received({}, pages=2, longest=3)).proven


@pytest.mark.parametrize(
    ("links", "query"),
    [
        ('<https://api.example.org/v1/models?cursor=a&limit=3>; rel="next"', "cursor=a&limit=3"),
        ('</v1/models?cursor=a>; rel="prev", </v1/models?cursor=%ff>; rel="next last"', "limit=3&cursor=%ff"),
        ('<https://api.example.org/v1/models?cursor=a>; rel="prev"', None),
        ("", None),
    ],
)
def test_a_link_header_leads_to_the_next_page(links: str, query: str | None) -> None:
    assert paging.follow(LINK, received(links=links)).query == query


@pytest.mark.parametrize(("entries", "proven"), [(2, True), (3, False)])
def test_a_link_that_is_left_out_proves_the_end_only_on_a_short_page(entries: int, *, proven: bool) -> None:
    assert paging.follow(LINK, received(entries=entries)) == Following(query=None, proven=proven)


@pytest.mark.parametrize(
    ("total", "page", "following"),
    [
        (5, {"entries": 3, "sum": 3, "pages": 1}, Following(query="per_page=3&page=2", total=5)),
        (5, {"entries": 2, "sum": 5, "pages": 2, "total": 5}, Following(query=None, total=5)),
        ("5", {"entries": 2, "sum": 5, "pages": 2, "total": 5}, Following(query=None, total=5)),
        (0, {"entries": 0, "sum": 0, "pages": 1}, Following(query=None, total=0)),
        (5, {"entries": 3, "sum": 6, "pages": 2, "total": 5}, Following(query=None, proven=False, total=5)),
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
    assert paging.follow(Paging(style=style), received({"next": "x"})) == Following(query=None)


@pytest.mark.parametrize(("text", "steps"), [("", ()), ("data", ("data",)), ("result.models", ("result", "models"))])
def test_a_dotted_path_is_taken_apart(text: str, steps: tuple[str, ...]) -> None:
    assert path(text) == steps


@pytest.mark.parametrize(
    ("asking", "cure"),
    [
        (Paging(size=2), marks.ONE_PAGE),
        (Paging(size=1000), marks.ONE_PAGE),
        (Paging(size_param="", size=2), ""),
        (Paging(style="none", size_param=""), ""),
        (TOKEN, marks.ONE_PAGE),
        (LINK, marks.ONE_PAGE),
        (PAGE, marks.ONE_PAGE),
        (URL, ""),
        (Paging(style="token", size=200, most=200), ""),  # its row says that no page is larger
        (Paging(style="token", size=199, most=200), marks.ONE_PAGE),
    ],
)
def test_a_larger_page_is_a_cure_only_where_one_can_be_asked_for(asking: Paging, cure: str) -> None:
    assert asking.one_page == cure
    more = [marks.Member("", "has_more", True)]
    refusal = marks.refusal(more, "", style=asking.style, one_page=asking.one_page)
    assert refusal is not None
    assert ("page_size" in refusal.hint) is bool(cure)
    assert ('paging = "cursor"' in refusal.hint) is not (asking.style == "cursor" and bool(cure))
