"""Walks in every style of paging but `cursor`: what proves the end, what is followed, and what is sent to whom."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

from catalog.domain import Verdict
from catalog.dotted import path
from catalog.errors import AnswerError, CursorError, ListingError
from catalog.settings import ListSettings
from catalog.settings import Paging as Style
from tests import server as play
from tests.server import KEY, Json, ModelsServer, Step, Visit
from tests.unit.walking import Go, Shelf

pytestmark = pytest.mark.promise("P1", "P2")

ABSENT = object()  # of a member that is left out
WHOLE, UNCLEAN = Verdict.WHOLE, Verdict.UNCLEAN
HOST = "https://models.example.org/v1/models"  # which nothing must ever ask
HALF = 2  # entries a page

# Answers, a letter being an entry


def entries(letters: str) -> list[Json]:
    return [{"id": letter} for letter in letters]


def by_token(letters: str, token: Any = ABSENT, **beside: Any) -> Step:
    return play.answer({"data": entries(letters), **({} if token is ABSENT else {"after": token}), **beside})


def by_url(letters: str, address: Any = ABSENT, **beside: Any) -> Step:
    links = {} if address is ABSENT else {"links": {"next": address}}
    return play.answer({"data": entries(letters), **links, **beside})


def by_link(letters: str, address: str = "", **beside: Any) -> Step:
    headers = {"link": f'</v1/models?at=1>; rel="first", <{address}>; rel="next"'} if address else {}
    return play.answer({"data": entries(letters), **beside}, headers=headers)


def by_number(letters: str, total: Any = ABSENT, **beside: Any) -> Step:
    return play.answer({"data": entries(letters), **({} if total is ABSENT else {"count": total}), **beside})


def at_once(letters: str, **beside: Any) -> Step:
    return play.answer({"data": entries(letters), **beside})


def refused(status: int) -> Step:
    return play.answer(play.problem("invalid_request_error"), status)


LISTS: Mapping[Style, ListSettings] = {
    "token": ListSettings(next="after", token_param="at", size_param="size"),
    "url": ListSettings(next="links.next", token_param="", size_param="size"),
    "link": ListSettings(token_param="", size_param="size"),
    "page": ListSettings(token_param="at", size_param="size", total="count"),
    "none": ListSettings(token_param="", size_param=""),
}
LISTS = {style: replace(each, fields={}) for style, each in LISTS.items()}
STYLES = [style for style in LISTS if style != "none"]


def address(place: int) -> str:
    return f"{HOST}?at={place}"


def pages_of(style: Style, letters: str) -> Callable[[Visit], None]:
    """Play an honest list of this style: page n is asked for with `at` = n."""

    def answer(visit: Visit) -> None:
        place = int(visit.seen.first("at") or 1)
        shown = letters[(place - 1) * HALF : place * HALF]
        more = len(letters) > place * HALF
        step = {
            "token": partial(by_token, shown, str(place + 1) if more else ""),
            "url": partial(by_url, shown, address(place + 1) if more else None),
            "link": partial(by_link, shown, address(place + 1) if more else ""),
            "page": partial(by_number, shown, len(letters)),
        }[style]
        step()(visit)

    return answer


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a server answers, one step a request, and what a walk must make of it."""

    style: Style
    steps: Sequence[Step]
    verdict: Verdict | None = None  # None: the walk is cut
    ids: str = ""
    says: str = ""  # the one warning, or the error
    hint: str = ""
    asked: Sequence[str | None] = (None,)  # the values of `at`
    settings: Mapping[str, Any] = field(default_factory=dict)


def whole(style: Style, *steps: Step, ids: str, says: str = "", **more: Any) -> Case:
    return Case(style=style, steps=steps, verdict=WHOLE, ids=ids, says=says, **more)


def unclean(style: Style, *steps: Step, ids: str, says: str, **more: Any) -> Case:
    return Case(style=style, steps=steps, verdict=UNCLEAN, ids=ids, says=says, **more)


def cut(style: Style, *steps: Step, says: str, **more: Any) -> Case:
    return Case(style=style, steps=steps, says=says, **more)


FULL = "the last page is as long as a page that others follow"
TWO, THREE = (None, "2"), (None, "2", "3")

TOKEN = {
    "the end is stated by an empty token": whole(
        "token", by_token("ab", "2"), by_token("cd", ""), ids="abcd", asked=TWO
    ),
    "the end is stated by null": whole("token", by_token("ab", "2"), by_token("cd", None), ids="abcd", asked=TWO),
    **{
        f"the end is stated by {said!r}": whole(
            "token", by_token("ab", "2"), by_token("cd", said), ids="abcd", asked=TWO
        )
        for said in (False, 0, " ")
    },
    "the end is left out on a short page": whole("token", by_token("ab", "2"), by_token("c"), ids="abc", asked=TWO),
    "the end is left out on a full page": unclean(
        "token", by_token("ab", "2"), by_token("cd"), ids="abcd", says=FULL, asked=TWO
    ),
    "the only page is full, and nothing is stated": unclean("token", by_token("ab"), ids="ab", says=FULL),
    "the server gives fewer than asked for, and nothing is stated": unclean(
        "token", by_token("ab", "2"), by_token("cd"), ids="abcd", says=FULL, asked=TWO, settings={"page_size": 100}
    ),
    "the token is a number": whole("token", by_token("ab", 2), by_token("c", ""), ids="abc", asked=TWO),
    "the token is sent as it is": whole(
        "token", by_token("ab", "a/b+c==&d"), by_token("c", ""), ids="abc", asked=(None, "a/b+c==&d")
    ),
    "the token is true": cut("token", by_token("ab", True), says="page 1: `after` is no token"),
    "the token cannot be sent": cut("token", by_token("ab", {"at": 2}), says="page 1: `after` is no token"),
    "an empty page has a new token": whole(
        *("token", by_token("ab", "2"), by_token("", "3"), by_token("cd", "")),
        ids="abcd",
        asked=THREE,
        says="page 2 is empty, and another one follows",
    ),
    "an empty page has a new token, and says so twice": whole(
        *("token", by_token("", "2", has_more=True), by_token("ab", "")),
        ids="ab",
        asked=TWO,
        says="page 1 is empty, and another one follows",
    ),
    "an empty page ends the list": whole("token", by_token("ab", "2"), by_token("", ""), ids="ab", asked=TWO),
    "a list without entries": whole("token", by_token("", ""), ids=""),
    "another member says that more follows": cut(
        *("token", by_token("ab", "2"), by_token("c", "", next_cursor="x")),
        says=r"page 2: more follows \(`next_cursor`\), and this source does not follow it",
        hint='list.next = "next_cursor"',
        asked=TWO,
    ),
    "the header says that more follows": cut(
        "token", by_link("a", HOST), says='Link: rel="next"', hint='paging = "link"'
    ),
    "the total is more than what came": unclean(
        *("token", by_token("ab", "2", total=9), by_token("c", "", total=9)),
        ids="abc",
        says=r"the list has 9 entries \(`total`\), and 3 came",
        asked=TWO,
    ),
    "the total is what came": whole("token", by_token("a", "", total=1), ids="a"),
    "an object without members is no list": cut("token", play.answer({}), says="the answer has no `data`"),
    "an object without members is an empty list here": whole(
        "token", play.answer({}), ids="", settings={"list": replace(LISTS["token"], empty="{}")}
    ),
    "an object without entries leads on where that is an empty list": whole(
        *("token", play.answer({"after": "2"}), by_token("a", "")),
        ids="a",
        says="page 1 is empty",
        asked=TWO,
        settings={"list": replace(LISTS["token"], empty="{}")},
    ),
    "more pages than allowed": cut(
        *("token", by_token("ab", "2"), by_token("cd", "3")),
        says="the list goes on after 2 pages",
        hint="max_pages",
        asked=TWO,
        settings={"max_pages": 2},
    ),
    "as many pages as allowed": whole(
        "token", by_token("ab", "2"), by_token("cd", ""), ids="abcd", asked=TWO, settings={"max_pages": 2}
    ),
}
URL = {
    **{
        f"the end is stated by {said!r}": whole(
            "url", by_url("ab", address(2)), by_url("cd", said), ids="abcd", asked=TWO
        )
        for said in (None, "", False, 0)
    },
    **{
        f"the address is spelled {spelled}": whole(
            "url", by_url("ab", spelled), by_url("c", None), ids="abc", asked=TWO
        )
        for spelled in (
            *("models?at=2", "?at=2", "/v1/models?at=2", "//models.example.org/v1/models?at=2"),
            *("https://models.example.org/api/v1/models?at=2", "/v1/models/?at=2#more"),
        )
    },
    "the address is the end of our path": cut(
        "url", by_url("ab", "/models?at=2"), says="page 1: `links.next` leads to another path"
    ),
    "the address stands at a member whose name holds a dot": whole(
        *("url", play.answer({"data": entries("ab"), "@odata.nextLink": address(2)})),
        play.answer({"data": entries("c"), "@odata.nextLink": None}),
        ids="abc",
        asked=TWO,
        settings={"list": replace(LISTS["url"], next="@odata.nextLink")},
    ),
    "the end is left out on a short page": whole(
        "url", by_url("ab", "?at=2"), play.answer({"data": entries("c"), "links": {}}), ids="abc", asked=TWO
    ),
    "the end is left out on a full page": unclean(
        "url", by_url("ab", address(2)), by_url("cd"), ids="abcd", says=FULL, asked=TWO
    ),
    "no size is asked for, and one page is all": whole(
        "url", by_url("abcdef"), ids="abcdef", settings={"list": replace(LISTS["url"], size_param="")}
    ),
    "no size is asked for, and the last page is as long as the first": unclean(
        *("url", by_url("ab", address(2)), by_url("cd")),
        ids="abcd",
        says=FULL,
        asked=TWO,
        settings={"list": replace(LISTS["url"], size_param="")},
    ),
    "no size is asked for, and the last page is shorter": whole(
        *("url", by_url("ab", address(2)), by_url("c")),
        ids="abc",
        asked=TWO,
        settings={"list": replace(LISTS["url"], size_param="")},
    ),
    "the address leads to another path": cut(
        "url",
        by_url("ab", "https://models.example.org/v2/files?at=2"),
        says="page 1: `links.next` leads to another path",
    ),
    "the address has no query": cut("url", by_url("ab", HOST), says="page 1: `links.next` has no query"),
    "the address is none": cut("url", by_url("ab", 7), says="page 1: `links.next` is no address"),
    "the address holds half of a surrogate pair": cut(
        "url",
        play.answer(rb'{"data": [{"id": "a"}], "links": {"next": "?at=\ud800"}}'),
        says="page 1: `links.next` is no address",
    ),
    "an empty page leads on": whole(
        *("url", by_url("", address(2)), by_url("ab", None)), ids="ab", asked=TWO, says="page 1 is empty"
    ),
    "another member says that more follows": cut(
        "url", by_url("a", None, next_page="/v1/models?p=2"), says="`next_page`", hint='paging = "url" and list.next'
    ),
    "the total is more than what came": unclean(
        "url", by_url("a", None, total_count=2), ids="a", says="the list has 2 entries"
    ),
    "an object without members is no list": cut("url", play.answer({}), says="the answer has no `data`"),
    "more pages than allowed": cut(
        "url", by_url("ab", address(2)), says="goes on after 1 pages", settings={"max_pages": 1}
    ),
}
LINK = {
    "the end is left out on a short page": whole("link", by_link("ab", address(2)), by_link("c"), ids="abc", asked=TWO),
    "the end is left out on a full page": unclean(
        "link", by_link("ab", address(2)), by_link("cd"), ids="abcd", says=FULL, asked=TWO
    ),
    "the end comes on an empty page": whole("link", by_link("ab", address(2)), by_link(""), ids="ab", asked=TWO),
    "the link leads to another path": cut(
        "link", by_link("ab", "/v2/files?at=2"), says='page 1: `Link: rel="next"` leads to another path'
    ),
    "an empty page leads on": whole(
        *("link", by_link("ab", "?at=2"), by_link("", "?at=3"), by_link("c")),
        ids="abc",
        asked=THREE,
        says="page 2 is empty",
    ),
    "a member says that more follows": cut(
        "link", by_link("a", nextCursor="x"), says="`nextCursor`", hint='list.next = "nextCursor"'
    ),
    "the total is more than what came": unclean(
        "link", by_link("a", totalCount=2), ids="a", says="the list has 2 entries"
    ),
    "an object without members is no list": cut("link", play.answer({}), says="the answer has no `data`"),
    "more pages than allowed": cut(
        "link", by_link("ab", address(2)), says="goes on after 1 pages", settings={"max_pages": 1}
    ),
}
PAGE = {
    "the end is where the total says": whole("page", by_number("ab", 4), by_number("cd", 4), ids="abcd", asked=TWO),
    "a list without entries": whole("page", by_number("", 0), ids=""),
    "fewer entries came than the total says": cut(
        *("page", by_number("ab", 5), by_number("cd", 5), by_number("", 5)),
        says="page 3 is empty although `count` counts 5 entries, and 4 came",
        asked=THREE,
    ),
    "more entries came than the total says": unclean("page", by_number("ab", 1), ids="ab", says=FULL),
    "there is no total": cut("page", by_number("ab"), says="page 1: the answer has no count at `count`"),
    "the total is left out later": cut(
        "page", by_number("ab", 4), by_number("cd"), says="page 2: the answer has no count at `count`", asked=TWO
    ),
    "a member says that more follows": cut("page", by_number("a", 1, has_more=True), says="`has_more`"),
    "an object without members is no list": cut("page", play.answer({}), says="the answer has no `data`"),
    "more pages than allowed": cut("page", by_number("ab", 4), says="goes on after 1 pages", settings={"max_pages": 1}),
}
NONE = {
    "one document is the list": whole("none", at_once("abc"), ids="abc"),
    "a list without entries": whole("none", at_once(""), ids=""),
    "a token says that more follows": cut(
        "none",
        at_once("ab", nextPageToken="x"),
        says="`nextPageToken`",
        hint='paging = "token", list.next = "nextPageToken"',
    ),
    "an address says that more follows": cut(
        "none", at_once("ab", links={"next": "/v1/models?at=2"}), says="`links.next`", hint='paging = "url"'
    ),
    "the header says that more follows": cut("none", by_link("ab", HOST), says="Link", hint='paging = "link"'),
    "a flag says that more follows": cut("none", at_once("ab", has_more=True), says="`has_more`", hint='"cursor"'),
    "the total is more than what came": unclean(
        "none", at_once("ab", total=3), ids="ab", says='the list has 3 entries .*list.total = ""'
    ),
    "the total is elsewhere than the list was said to count": unclean(
        "none",
        at_once("ab", total=3),
        ids="ab",
        says="the list has 3 entries",
        settings={"list": replace(LISTS["none"], total="meta.count")},
    ),
    "a total beside the one that is named": whole(
        "none", at_once("ab", total=3, n=2), ids="ab", settings={"list": replace(LISTS["none"], total="n")}
    ),
    "the total means something else": whole(
        "none", at_once("ab", total=3), ids="ab", settings={"list": replace(LISTS["none"], total="")}
    ),
    "an object without members is no list": cut("none", play.answer({}), says="the answer has no `data`"),
}
TABLES = {"token": TOKEN, "url": URL, "link": LINK, "page": PAGE, "none": NONE}


def settings(style: Style, **more: Any) -> dict[str, Any]:
    return {"api": "custom", "auth": "bearer", "paging": style, "page_size": HALF, "list": LISTS[style], **more}


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=f"{style}: {name}") for style, table in TABLES.items() for name, case in table.items()],
)
def test_a_walk_goes_on_and_ends_as_its_style_of_paging_says(
    server: ModelsServer, shelf: Shelf, go: Go, case: Case
) -> None:
    server.script(*case.steps)
    server.always = refused(500)
    if case.verdict is None:
        with pytest.raises(ListingError, match=case.says) as caught:
            go(**settings(case.style, **case.settings))
        assert case.hint in caught.value.hint
    else:
        outcome = go(**settings(case.style, **case.settings))
        assert (outcome.verdict, "".join(shelf.ids())) == (case.verdict, case.ids)
        assert len(outcome.warnings) == bool(case.says)
        assert re.search(case.says, " ".join(outcome.warnings))
    assert [seen.first("at") for seen in server.requests] == list(case.asked)
    assert (shelf.restarts, server.steps_left()) == (0, 0)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("letters", ["a", "ab", "abc", "abcdef"])
def test_each_page_is_asked_for_once(server: ModelsServer, shelf: Shelf, go: Go, style: Style, letters: str) -> None:
    server.always = pages_of(style, letters)
    outcome = go(**settings(style))
    ends_full = style == "link" and len(letters) % HALF == 0
    assert (outcome.verdict, shelf.ids()) == (UNCLEAN if ends_full else WHOLE, list(letters))
    later = [str(place) for place in range(2, outcome.pages + 1)]
    assert [seen.first("at") for seen in server.requests] == [None, *later]


# Lists that move, or never end


@pytest.mark.parametrize("style", ["url", "link"])
def test_a_page_that_leads_to_the_first_one_begins_the_walk_anew_and_then_cuts_it(
    server: ModelsServer, shelf: Shelf, go: Go, style: Style
) -> None:
    server.always = {"url": by_url, "link": by_link}[style]("ab", f"{HOST}?size=2")
    with pytest.raises(AnswerError, match="page 1 leads to an earlier one: the list never ends"):
        go(**settings(style))
    assert (len(server.requests), shelf.restarts) == (4, 3)


@pytest.mark.parametrize("style", ["token", "url", "link"])
def test_a_page_that_leads_to_an_earlier_one_begins_the_walk_anew_and_then_cuts_it(
    server: ModelsServer, shelf: Shelf, go: Go, style: Style
) -> None:
    names = iter("abcdefghijklmnopqrstuvwxyz")  # no id ever repeats: that alone would begin anew, too

    def answer(visit: Visit) -> None:
        shown = next(names)
        steps = {"token": by_token(shown, "2"), "url": by_url(shown, address(2)), "link": by_link(shown, address(2))}
        steps[style](visit)

    server.always = answer
    with pytest.raises(AnswerError, match="page 2 leads to an earlier one: the list never ends"):
        go(**settings(style))
    assert [seen.first("at") for seen in server.requests] == [None, "2"] * 4
    assert shelf.restarts == 3


def test_a_server_that_answers_its_first_page_to_each_number_is_never_whole(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    server.always = by_number("ab", 6)
    outcome = go(**settings("page"))
    assert (outcome.verdict, shelf.restarts) == (UNCLEAN, 3)
    assert "ids listed on more than one page, also after restarts: 4" in outcome.warnings[0]


@pytest.mark.parametrize("status", [400, 404, 410, 422])
@pytest.mark.parametrize("style", STYLES)
def test_a_walk_whose_next_page_is_refused_begins_anew(
    server: ModelsServer, shelf: Shelf, go: Go, style: Style, status: int
) -> None:
    honest = pages_of(style, "abcde")
    server.script(honest, refused(status))
    server.always = honest
    assert go(**settings(style)).verdict is WHOLE
    assert (shelf.ids(), shelf.restarts) == (list("abcde"), 1)
    assert [seen.first("at") for seen in server.requests] == [None, "2", None, "2", "3"]


@pytest.mark.parametrize("style", STYLES)
def test_a_walk_whose_next_page_is_always_refused_is_cut(
    server: ModelsServer, shelf: Shelf, go: Go, style: Style
) -> None:
    honest = pages_of(style, "abcde")
    server.always = lambda visit: (refused(400) if visit.seen.first("at") else honest)(visit)
    with pytest.raises(CursorError, match="the list shifted under the walk, also after 3 restarts"):
        go(**settings(style))
    assert shelf.restarts == 3


@pytest.mark.parametrize("style", [*STYLES, "none"])
def test_a_refused_first_page_is_no_reason_to_begin_anew(
    server: ModelsServer, shelf: Shelf, go: Go, style: Style
) -> None:
    server.script(refused(400))
    with pytest.raises(ListingError) as caught:
        go(**settings(style))
    assert not isinstance(caught.value, CursorError)
    assert (shelf.restarts, len(server.requests)) == (0, 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("abcde", "bcde", id="one is gone: the total changes"),
        pytest.param("abcde", "xabcde", id="one came first: the total changes, and an id repeats"),
        pytest.param("abcde", "xabcd", id="one came and one is gone: an id repeats"),
        pytest.param("abcde", "abcdex", id="one came last: the total changes"),
    ],
)
def test_numbered_pages_of_a_list_that_shifts_are_read_anew(
    server: ModelsServer, shelf: Shelf, go: Go, before: str, after: str
) -> None:
    server.script(pages_of("page", before))
    server.always = pages_of("page", after)
    assert go(**settings("page")).verdict is WHOLE
    assert (shelf.ids(), shelf.restarts) == (list(after), 1)


def test_numbered_pages_of_a_list_whose_total_never_rests_are_unclean(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    totals = iter(range(3, 100))

    def answer(visit: Visit) -> None:
        at = visit.seen.first("at")
        by_number("c" if at else "ab", 3 if at else next(totals) + 1)(visit)

    server.always = answer
    outcome = go(**settings("page"))
    assert (outcome.verdict, shelf.ids(), shelf.restarts) == (UNCLEAN, list("abc"), 3)
    assert outcome.warnings == ("the total changed between two pages",)


@pytest.mark.parametrize("style", STYLES)
def test_an_id_on_two_pages_begins_the_walk_anew(server: ModelsServer, shelf: Shelf, go: Go, style: Style) -> None:
    server.script(pages_of(style, "abcde"))
    server.always = pages_of(style, "xabcd")
    assert go(**settings(style)).verdict is WHOLE
    assert (shelf.ids(), shelf.restarts) == (list("xabcd"), 1)


# Pages known from an earlier walk


@pytest.mark.parametrize("style", [*STYLES, "none"])
def test_a_list_whose_bytes_are_known_is_not_read(server: ModelsServer, shelf: Shelf, go: Go, style: Style) -> None:
    server.always = at_once("abcde") if style == "none" else pages_of(style, "abcde")
    first = go(**settings(style))
    shelf.remember()
    assert go(**settings(style)) == first
    assert (shelf.ids(), shelf.read) == (list("abcde"), 0)


def test_a_page_that_is_known_leads_where_the_answer_at_hand_says(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.script(by_link("ab", "?at=2"), by_link("c"))
    go(**settings("link"))
    shelf.remember()
    server.script(by_link("ab", "?at=two"), by_link("cd", "?at=3"), by_link("e"))
    assert go(**settings("link")).verdict is WHOLE
    assert (shelf.ids(), shelf.read) == (list("abcde"), 2)
    assert [seen.first("at") for seen in server.requests] == [None, "2", None, "two", "3"]


def test_a_page_that_is_known_does_not_hide_that_the_list_goes_on_now(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    """The bytes are those of a whole list; that more follows stands in a header."""
    server.script(at_once("ab"))
    assert go(**settings("none")).verdict is WHOLE
    shelf.remember()
    server.script(by_link("ab", address(2)))
    with pytest.raises(AnswerError, match="more follows"):
        go(**settings("none"))


# What is sent, and to whom


@pytest.fixture
def canary() -> Iterator[ModelsServer]:
    """Another host, which must see nothing."""
    other = ModelsServer().start()
    yield other
    other.close()


@pytest.mark.parametrize("style", ["url", "link"])
def test_the_key_stays_with_its_host_whatever_host_the_next_page_names(
    server: ModelsServer, canary: ModelsServer, shelf: Shelf, go: Go, style: Style
) -> None:
    elsewhere = f"{canary.url}/v1/models?at=2&of=models"
    made = {"url": (by_url("ab", elsewhere), by_url("c", None)), "link": (by_link("ab", elsewhere), by_link("c"))}
    server.script(*made[style])
    assert go(**settings(style)).verdict is WHOLE
    assert (shelf.ids(), canary.requests) == (list("abc"), [])
    assert [(seen.path, seen.query) for seen in server.requests] == [
        ("/v1/models", {"size": ["2"]}),
        ("/v1/models", {"size": ["2"], "at": ["2"], "of": ["models"]}),
    ]


@pytest.mark.parametrize("style", ["url", "link"])
@pytest.mark.parametrize(
    "query",
    [
        *("at=%2B", "at=+", "at=%20", "at=a;b", "at=a=b==", "at=%26%3D", "at=1&at=2", "at=", "at", "$skipToken=abd%2F"),
        *("at=a/b?c:d@e", "at=%FF", "at=%E4%B8%AD", "at=%C3%28", "at=%25zz", "size=7&at=%00"),
    ],
)
def test_the_query_of_a_next_page_is_sent_as_it_was_received(
    server: ModelsServer, go: Go, style: Style, query: str
) -> None:
    make = {"url": by_url, "link": by_link}[style]
    server.script(make("ab", f"{HOST}?{query}"), make("c"))
    go(**settings(style))
    size = "" if "size=" in query else "size=2&"
    assert [seen.target for seen in server.requests] == ["/v1/models?size=2", f"/v1/models?{size}{query}"]


@pytest.mark.parametrize("style", ["url", "link"])
@pytest.mark.parametrize(
    "spelled",
    [KEY, KEY.replace("-", "%2D"), KEY.replace("-", "%2d"), "".join(f"%{ord(char):02x}" for char in KEY), f"+{KEY}+"],
    ids=["as it is", "escaped", "escaped in lower case", "escaped whole", "among blanks"],
)
def test_an_address_that_holds_the_key_is_not_followed(
    server: ModelsServer, shelf: Shelf, go: Go, style: Style, spelled: str
) -> None:
    make = {"url": by_url, "link": by_link}[style]
    server.script(make("ab", f"?at=2&key={spelled}"))
    with pytest.raises(AnswerError) as caught:
        go(**settings(style))
    assert (len(server.requests), shelf.pages) == (1, [])
    assert KEY not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("auth", "sent"),
    [
        ("bearer", {"authorization": f"Bearer {KEY}"}),
        ("x-api-key", {"x-api-key": KEY}),
        ("x-goog-api-key", {"x-goog-api-key": KEY}),
        ("api-key", {"api-key": KEY}),
        ("X-Lab-Key", {"x-lab-key": KEY}),
        ("none", {}),
    ],
)
@pytest.mark.parametrize("style", [*STYLES, "none"])
def test_the_key_is_sent_in_the_named_header_alone(
    server: ModelsServer, go: Go, style: Style, auth: str, sent: Mapping[str, str]
) -> None:
    server.always = at_once("abc") if style == "none" else pages_of(style, "abc")
    go(**settings(style, auth=auth))
    for seen in server.requests:
        assert {name: value for name, value in seen.headers.items() if KEY in value} == sent
        assert not {"authorization", "x-api-key"} & seen.headers.keys() - sent.keys()
        assert KEY not in seen.target


@pytest.mark.parametrize("style", [*STYLES, "none"])
def test_nothing_of_anthropics_is_sent_to_another_api(server: ModelsServer, go: Go, style: Style) -> None:
    server.always = at_once("abc") if style == "none" else pages_of(style, "abc")
    go(**settings(style, query={"sort": ("id", "age")}, headers={"x-team": "a"}))
    for seen in server.requests:
        assert not [name for name in seen.headers if name.startswith("anthropic")]
        assert seen.headers["x-team"] == "a"
        assert set(seen.query) <= {"sort", "size", "at"}
        assert seen.query["sort"] == ["id", "age"]


@pytest.mark.parametrize("items", ["", "data", "result.models"])
@pytest.mark.parametrize("ignore", [("likes",), ("likes", "p.*.x")])
@pytest.mark.parametrize("moved", ["likes", "price", "stats"])
def test_a_page_on_which_only_ignored_members_moved_is_known(  # noqa: PLR0917 - three of them are fixtures
    server: ModelsServer, shelf: Shelf, go: Go, items: str, ignore: tuple[str, ...], moved: str
) -> None:
    values: dict[str, Any] = {"likes": 1, "price": 1, "stats": {"likes": 1}, "p": [{"x": 1}]}
    later = {**values, moved: {"likes": 2} if moved == "stats" else 2, "p": [{"x": 2}] if ignore[1:] else values["p"]}
    layout = ListSettings(items=items, fields={}, token_param="", size_param="")
    for told in (values, later):
        answer: Any = [{"id": letter, **told} for letter in "ab"]
        for step in reversed(path(items)):
            answer = {step: answer}
        server.always = play.answer(answer)
        shelf.remember()
        go(paging="none", ignore=ignore, list=layout)

    assert (shelf.read, shelf.ids()) == (0 if moved == "likes" else 1, ["a", "b"])
