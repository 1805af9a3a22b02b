"""The rules of a walk: what makes it whole, unclean or cut, and when it begins again."""

import contextlib
import functools
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import domain
from catalog.domain import Identity, Outcome, Verdict
from catalog.errors import AnswerError, CursorError, DeadlineError, KeyRefusedError, ListingError, StoppedError
from catalog.settings import SourceSettings
from catalog.upstream.client import SourceClient
from catalog.upstream.walking import marks
from catalog.upstream.walking.walk import walk
from tests import server as play
from tests.server import KEY, ORGANIZATION, ModelsServer, Step, honest, model
from tests.unit.walking import NOON, Clock, Go, Shelf, listing, models

pytestmark = pytest.mark.promise("P1", "P2")

# Whole


@pytest.mark.parametrize("letters", ["", "a", "ab", "abc", "abcdef"])
def test_a_walk_sees_every_page_once(server: ModelsServer, shelf: Shelf, go: Go, letters: str) -> None:
    server.models = models(letters)
    number = max(1, (len(letters) + 1) // 2)
    identity = Identity(organization=ORGANIZATION)
    assert go() == Outcome(pages=number, identity=identity)
    assert shelf.ids() == list(letters)
    assert [seen.first("after_id") for seen in server.requests] == [None, *letters[1 : 2 * number - 1 : 2]]


def test_one_page_of_a_thousand_is_one_request(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = [model(f"m-{number}") for number in range(1000)]
    go(page_size=1000)
    assert (len(shelf.ids()), len(server.requests), server.requests[0].first("limit")) == (1000, 1, "1000")


def test_somebody_may_hear_how_far_it_is(server: ModelsServer, go: Go) -> None:
    server.models = models("abcde")
    heard: list[tuple[int, int]] = []
    go(on_page=lambda pages, models: heard.append((pages, models)))
    assert heard == [(1, 2), (2, 4), (3, 5)]


@pytest.mark.parametrize("last_id", [None, "", "z", 5, "a"])
def test_the_cursor_is_the_last_id_received_whatever_the_server_calls_last(
    server: ModelsServer, shelf: Shelf, go: Go, last_id: Any
) -> None:
    server.models = models("abcd")
    server.reshape = lambda envelope: envelope | {"last_id": last_id}
    assert go().verdict is Verdict.WHOLE
    assert shelf.ids() == list("abcd")


@pytest.mark.parametrize("last_id", [None, "z", "a"])
def test_no_two_requests_are_under_way_at_a_time(server: ModelsServer, go: Go, last_id: Any) -> None:
    """A host is to get no more requests at a time than runs; two cursors were tried in one moment."""
    under_way, most = [0], [0]

    def step(visit: play.Visit) -> None:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        server.closing.wait(0.02)
        under_way[0] -= 1
        honest(visit)

    server.models, server.always = models("abcdef"), step
    server.reshape = lambda envelope: envelope | {"last_id": last_id}
    go()
    assert most == [1]


def test_an_identical_duplicate_on_one_page_is_a_warning_and_no_doubt(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    server.models = models("aab")
    outcome = go(page_size=3)
    assert (outcome.verdict, len(outcome.warnings), shelf.ids()) == (Verdict.WHOLE, 1, ["a", "b"])


def test_a_failure_in_between_is_asked_again_and_leaves_no_trace(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = models("abcdef")
    server.script(play.error(529), honest, play.cut(), honest, play.reset)
    assert go() == Outcome(pages=3, identity=Identity(organization=ORGANIZATION))
    assert (shelf.ids(), shelf.restarts) == (list("abcdef"), 0)


def test_the_next_page_is_on_its_way_while_the_sink_works(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = models("abcd")
    asked = threading.Event()

    def second(visit: play.Visit) -> None:
        asked.set()
        honest(visit)

    put = shelf.add

    def add_late(page: domain.Page, asked_at: datetime) -> int:
        assert asked.wait(30)
        return put(page, asked_at)

    server.script(honest, second)
    shelf.add = add_late  # type: ignore[method-assign] # of this one shelf
    go()
    assert shelf.ids() == list("abcd")


def test_a_page_goes_on_with_the_moment_of_the_try_that_brought_it(
    server: ModelsServer, shelf: Shelf, clock: Clock, go: Go
) -> None:
    def wait(seconds: float) -> None:
        clock.now += seconds

    server.models = models("abc")
    server.script(play.error(529, headers={"retry-after": "7"}))
    clock.sleep = wait  # type: ignore[method-assign] # of this one clock
    go()
    assert shelf.asked == [NOON + timedelta(seconds=7)] * 2


# The sink wants to see it again


@pytest.mark.parametrize("times", [1, 2])
def test_a_list_is_read_again_once_where_the_sink_asks_for_it(
    server: ModelsServer, shelf: Shelf, go: Go, times: int
) -> None:
    server.models = models("abc")
    shelf.doubts = times
    assert go() == Outcome(pages=2, identity=Identity(organization=ORGANIZATION))
    assert (shelf.ids(), shelf.restarts, len(server.requests)) == (list("abc"), 1, 4)


def test_a_list_that_is_read_again_may_still_shift_as_often_as_any(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = models("abc")
    server.script(honest, honest, *[honest, play.error(400)] * 3)
    shelf.doubts = 1
    assert go().verdict is Verdict.WHOLE
    assert (shelf.ids(), shelf.restarts, server.steps_left()) == (list("abc"), 4, 0)


# Pages known from an earlier walk


def test_pages_whose_bytes_are_known_are_not_read(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = models("abcde")
    first = go()
    shelf.known, shelf.pages, shelf.read = shelf.seen, [], 0
    assert go() == first
    assert (shelf.pages, shelf.read) == ([["a", "b"], ["c", "d"], ["e"]], 0)


def test_only_the_page_that_changed_is_read(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = models("abcde")
    go()
    shelf.known, shelf.pages, shelf.read = dict(shelf.seen), [], 0
    server.models[3] = model("d", display_name="Dee")
    go()
    assert (shelf.ids(), shelf.read) == (list("abcde"), 1)


def test_known_pages_count_as_repeated_too(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = models("abcde")
    go()
    shelf.known, shelf.pages = shelf.seen, []
    server.script(honest, listing("ab", has_more=True))
    assert go().verdict is Verdict.WHOLE
    assert shelf.restarts == 1


# Unclean


@pytest.mark.parametrize(
    ("items", "listed", "unusable"),
    [
        ([model("a"), {"type": "model"}, model("b")], 2, 1),
        ([model("a"), model("b") | {"id": 5}], 1, 1),
        ([model("a"), model("b" * 300), {}], 1, 2),
        ([model("a"), model("b\n")], 1, 1),
        ([model("a"), model("a", display_name="Other")], 1, 0),
    ],
)
def test_a_doubt_about_entries_is_told_and_none_about_completeness(
    server: ModelsServer, go: Go, items: list[Any], listed: int, unusable: int
) -> None:
    server.models = items
    heard: list[int] = []
    outcome = go(page_size=10, on_page=lambda _, models: heard.append(models))
    assert (outcome.verdict, outcome.complete, heard) == (Verdict.UNCLEAN, True, [listed])
    assert (outcome.unusable, outcome.disputed) == (unusable, not unusable)
    [told] = outcome.warnings
    assert told.startswith("page 1: ")
    assert ("without a usable id" if unusable else "different content") in told


def test_an_id_on_two_pages_that_stays_after_three_restarts_is_unclean(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    server.always = play.by_cursor({None: listing("ab", has_more=True), "b": listing("ad")})
    outcome = go()
    assert (outcome.verdict, shelf.restarts, shelf.ids()) == (Verdict.UNCLEAN, 3, list("abad"))
    assert (outcome.complete, outcome.unusable, outcome.disputed) == (False, 0, False)
    assert outcome.warnings == (f"ids listed on more than one page, also after restarts: 1 ({marks.ONE_PAGE})",)


def test_an_id_that_cannot_be_a_cursor_does_not_end_the_walk(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = [model("a"), {"type": "model"}, model("b"), model("c")]
    server.reshape = lambda envelope: envelope | {"last_id": None}
    outcome = go()
    assert (outcome.verdict, shelf.ids()) == (Verdict.UNCLEAN, ["a", "b", "c"])


@pytest.mark.parametrize("other", ["another", None])
def test_pages_that_name_different_organizations_are_unclean_and_absent_headers_say_nothing(
    server: ModelsServer, go: Go, other: str | None
) -> None:
    server.models = models("abcd")
    server.script(honest, play.as_organization(other))
    outcome = go()
    assert outcome.identity == Identity(organization=ORGANIZATION)
    assert outcome.verdict is (Verdict.UNCLEAN if other else Verdict.WHOLE)


def test_an_identity_may_be_named_late(server: ModelsServer, go: Go) -> None:
    server.models, server.workspace = models("abcd"), "wrkspc_1"
    server.script(play.as_organization(None))
    assert go() == Outcome(pages=2, identity=Identity(organization=ORGANIZATION, workspace="wrkspc_1"))


def test_warnings_are_told_up_to_a_number(server: ModelsServer, go: Go) -> None:
    ids = [f"m-{number}" for number in range(25)]
    twins = {before: [model(id)] * 2 for before, id in zip([None, *ids], ids, strict=False)}
    steps = {before: play.answer(play.page(items, has_more=before != "m-23")) for before, items in twins.items()}
    server.always = play.by_cursor(steps)
    outcome = go()
    assert (outcome.verdict, outcome.pages, len(outcome.warnings)) == (Verdict.WHOLE, 25, 21)
    assert outcome.warnings[0].startswith("page 1: ")
    assert outcome.warnings[-1] == "and 5 more warnings"


def test_a_doubt_counts_also_where_the_walk_has_many_already(server: ModelsServer, go: Go) -> None:
    ids = [f"m-{number}" for number in range(25)]
    pages = {before: [{}, model(id)] for before, id in zip([None, *ids], ids, strict=False)}
    steps = {before: play.answer(play.page(items, has_more=before != "m-23")) for before, items in pages.items()}
    server.always = play.by_cursor(steps)
    outcome = go()
    assert (outcome.verdict, outcome.pages, len(outcome.warnings)) == (Verdict.UNCLEAN, 25, 21)
    assert outcome.warnings[-1] == "and 5 more warnings"


# The list shifts


@pytest.mark.parametrize("vanished", ["400", "empty", "restart"])
def test_a_list_that_loses_its_cursor_is_walked_again(
    server: ModelsServer, shelf: Shelf, go: Go, vanished: str
) -> None:
    server.models, server.vanished = models("abcdef"), vanished
    server.script(play.then(lambda: server.models.pop(1)))
    assert go().verdict is Verdict.WHOLE
    assert (shelf.restarts, shelf.ids()) == (1, list("acdef"))


def test_an_id_that_is_met_again_on_the_next_page_starts_the_walk_again(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    server.models = models("abcd")
    server.script(play.then(lambda: server.models.append(server.models.pop(0))))
    assert go().verdict is Verdict.WHOLE
    assert (shelf.restarts, shelf.ids()) == (1, list("bcda"))


def test_a_list_that_never_stands_still_is_cut_after_three_restarts(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = models("abcdefghij")
    server.always = play.then(lambda: server.models.pop(1))
    with pytest.raises(CursorError, match="the list shifted under the walk, also after 3 restarts"):
        go()
    assert (shelf.restarts, len(server.requests)) == (3, 8)


def test_a_promise_of_more_that_is_never_kept_is_unclean(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = models("abcd")
    server.reshape = lambda envelope: envelope | {"has_more": bool(envelope["data"])}
    outcome = go()
    assert (outcome.verdict, shelf.restarts, shelf.ids()) == (Verdict.UNCLEAN, 3, list("abcd"))
    assert outcome.warnings == (f"a page promised more, and nothing followed ({marks.ONE_PAGE})",)


@pytest.mark.parametrize("full", [2, 3], ids=["as many as asked for", "as many as it ever lists"])
def test_a_server_that_promises_more_on_each_full_page_is_walked_whole(
    server: ModelsServer, shelf: Shelf, go: Go, full: int
) -> None:
    """Each walk of a list that filled its last page was unclean, so that no removal from it was ever noticed."""
    server.models = models("abcdef")
    server.reshape = lambda envelope: envelope | {"has_more": len(envelope["data"]) == full}
    outcome = go(page_size=full)
    assert (outcome.verdict, outcome.warnings, shelf.restarts) == (Verdict.WHOLE, (), 0)
    assert (shelf.ids(), len(server.requests)) == (list("abcdef"), 6 // full + 3)


def test_a_list_ends_there_also_at_a_source_with_unknown_dates_of_its_own(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    """The page that was asked for again was digested by other rules than before, and never found to be the same."""
    server.models = models("abcd")
    server.reshape = lambda envelope: envelope | {"has_more": len(envelope["data"]) == 2}
    outcome = go(unknown_dates=frozenset({"2000-01-01T00:00:00Z"}))
    assert (outcome.verdict, shelf.restarts, shelf.ids()) == (Verdict.WHOLE, 0, list("abcd"))


@pytest.mark.parametrize("left", ["", "a", "ab"], ids=["nothing", "one model", "a full page"])
def test_a_list_whose_rest_left_within_a_walk_ends_there(server: ModelsServer, shelf: Shelf, go: Go, left: str) -> None:
    server.models = models("abcd")
    server.vanished = "empty"
    server.script(play.then(lambda: setattr(server, "models", models(left))))
    assert go().verdict is Verdict.WHOLE
    assert shelf.ids() == list(left)


def test_what_is_only_met_while_an_end_is_asked_for_again_is_not_lost(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    """A model came within the last full page after that had been stored: the question about the end met it."""
    server.models = models("abcd")
    server.reshape = lambda envelope: envelope | {"has_more": len(envelope["data"]) == 2}
    server.script(honest, honest, play.then(lambda: server.models.__setitem__(slice(2, 3), models("n"))))
    assert go().verdict is Verdict.WHOLE
    assert (shelf.ids(), shelf.restarts) == (list("abnd"), 1)


def test_what_an_abandoned_pass_met_is_forgotten(server: ModelsServer, go: Go) -> None:
    server.models = models("abcd")
    server.script(play.as_organization("another"), play.error(400))
    assert go() == Outcome(pages=2, identity=Identity(organization=ORGANIZATION))


EDITS = st.lists(st.tuples(st.sampled_from(["come", "go"]), st.integers(0, 9)), max_size=6)


@settings(max_examples=60, deadline=None)
@given(edits=EDITS, vanished=st.sampled_from(["400", "empty", "restart"]))
def test_a_whole_walk_lacks_no_model_that_was_listed_throughout(edits: list[tuple[str, int]], vanished: str) -> None:
    server, shelf = ModelsServer(models=models("abcdefgh"), vanished=vanished).start(), Shelf()
    throughout = set("abcdefgh")

    def edit(kind: str, place: int) -> None:
        place = min(place, len(server.models))
        if kind == "come":
            server.models.insert(place, model(f"new-{len(server.requests)}"))
        else:
            throughout.difference_update(item["id"] for item in server.models[place : place + 1])
            del server.models[place : place + 1]

    server.script(*(play.then(functools.partial(edit, kind, place)) for kind, place in edits))
    source = SourceSettings(name="one", base_url=server.url, page_size=2)
    with SourceClient(source, KEY) as client, contextlib.suppress(CursorError):
        outcome = walk(client, shelf)
        assert outcome.verdict is Verdict.UNCLEAN or throughout <= set(shelf.ids())
    server.close()


# Cut


CUTS: dict[str, tuple[list[Step], type[ListingError], str]] = {
    "html": ([play.html()], AnswerError, "page 1: .*HTML"),
    "an error with 200": ([play.answer(play.problem("api_error"))], AnswerError, "page 1: .*api_error"),
    "no success": ([play.answer({"success": False})], AnswerError, "success"),
    "no data": ([play.answer({"has_more": False})], AnswerError, "data"),
    "data null": ([play.answer({"data": None, "has_more": False})], AnswerError, "data"),
    "a bare array": ([play.answer([model("a")])], AnswerError, "bare"),
    "no has_more": ([play.answer({"data": []})], AnswerError, "has_more"),
    "has_more a string": ([play.answer({"data": [], "has_more": "no"})], AnswerError, "has_more"),
    "an empty page with more": ([play.answer({"data": [], "has_more": True})], AnswerError, "empty"),
    "no usable id and more": ([play.answer({"data": [{}], "has_more": True})], AnswerError, "no usable id"),
    "the second page is html": ([honest, play.html()], AnswerError, "page 2: .*HTML"),
    "a refused key": ([play.error(401)], KeyRefusedError, "401"),
    "a key refused in between": ([honest, play.error(403)], KeyRefusedError, "403"),
    "an overloaded server": ([honest, play.error(529), play.error(529)], ListingError, "529.*2 tries"),
    "a redirect": ([honest, play.redirect("/v1/models")], AnswerError, "redirects"),
    "a base URL without models": ([play.error(404)], AnswerError, "404"),
    "a cut body, twice": ([play.cut(), play.cut(with_length=False)], ListingError, "ends in the middle"),
}


@pytest.mark.parametrize(("steps", "kind", "words"), CUTS.values(), ids=CUTS.keys())
def test_a_walk_that_meets_anything_else_is_cut_in_words(
    server: ModelsServer, go: Go, steps: list[Step], kind: type[ListingError], words: str
) -> None:
    server.models = models("abcdef")
    server.script(*steps)
    with pytest.raises(kind, match=words):
        go()
    assert server.steps_left() == 0


def test_a_list_that_ignores_the_cursor_is_cut_with_a_hint(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models, server.ignores_paging = models("abcd"), True
    with pytest.raises(AnswerError, match="never ends") as caught:
        go()
    assert ('paging = "none"' in caught.value.hint, shelf.restarts, len(server.requests)) == (True, 3, 8)


def test_a_list_that_loops_is_cut(server: ModelsServer, go: Go) -> None:
    order = {None: "ab", "b": "cd", "d": "ef", "f": "ab"}
    server.always = play.by_cursor({cursor: listing(letters, has_more=True) for cursor, letters in order.items()})
    with pytest.raises(AnswerError, match="page 4 ends where an earlier one did"):
        go()
    assert len(server.requests) == 16


def test_a_list_beyond_the_page_cap_is_cut(server: ModelsServer, go: Go) -> None:
    server.models = models("abcdef")
    assert go(max_pages=3).pages == 3
    with pytest.raises(ListingError, match="goes on after 2 pages") as caught:
        go(max_pages=2)
    assert "max_pages" in caught.value.hint


def test_a_page_beyond_the_size_cap_is_cut(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.script(play.gzip_bomb(1))
    with pytest.raises(ListingError, match="larger than 100,000 bytes"):
        go(max_page_bytes=100_000)
    assert shelf.pages == []


def test_the_deadline_counts_the_work_of_the_sink_and_of_the_last_page(
    server: ModelsServer, clock: Clock, go: Go
) -> None:
    server.models = models("ab")

    def take_a_minute(_pages: int, _models: int) -> None:
        clock.now += 61

    with pytest.raises(DeadlineError, match="time for the whole walk is up"):
        go(on_page=take_a_minute)


def test_restarts_do_not_renew_the_deadline(server: ModelsServer, shelf: Shelf, clock: Clock, go: Go) -> None:
    server.models = models("abcd")
    server.script(honest, play.error(400))
    forget = shelf.restart

    def take_a_minute() -> None:
        clock.now += 61
        forget()

    shelf.restart = take_a_minute  # type: ignore[method-assign] # of this one shelf
    with pytest.raises(DeadlineError):
        go()
    assert len(server.requests) == 2


def test_a_walk_that_begins_again_does_not_wait_for_what_it_had_asked_for(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    """A page that was fetched ahead, and never came, held up the new first page for a whole time-out."""
    hangs = play.silence()
    server.script(listing("ab", has_more=True), listing("bc", has_more=True))
    server.always = lambda visit: (hangs if visit.seen.first("after_id") == "c" else honest)(visit)
    server.models = models("abcd")
    began = time.monotonic()
    assert go(timeout=timedelta(minutes=1)).verdict is Verdict.WHOLE
    assert time.monotonic() - began < 30
    assert (shelf.restarts, shelf.ids()) == (1, list("abcd"))
    assert nobody_waits()


def nobody_waits() -> bool:
    until = time.monotonic() + 20
    while any(thread.name == "catalog-exchange" for thread in threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.01)
    return time.monotonic() < until


def test_nobody_asks_for_more_once_the_sink_has_failed(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = models("abcd")
    asked, answered = threading.Event(), threading.Event()

    def refuse(visit: play.Visit) -> None:
        asked.set()
        answered.wait(30)
        play.error(529)(visit)

    def fail(page: domain.Page, asked_at: datetime) -> int:
        asked.wait(30)
        raise OSError

    server.script(honest, refuse)
    shelf.add = fail  # type: ignore[method-assign] # of this one shelf
    with pytest.raises(OSError):  # noqa: PT011 - nothing but its type matters
        go()
    answered.set()
    assert len(server.requests) == 2


def test_a_walk_is_left_between_pages_when_the_program_is_to_end(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = models("abcdef")

    def stop() -> None:
        if shelf.pages:
            raise StoppedError("enough")

    with pytest.raises(StoppedError):
        go(on_wait=stop)
    assert shelf.ids() == ["a", "b"]


def test_a_walk_is_left_while_an_answer_is_awaited(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.script(play.silence())

    def stop() -> None:
        if server.requests:
            raise StoppedError("enough")

    with pytest.raises(StoppedError):
        go(on_wait=stop)
    assert shelf.pages == []


# Sources that page not at all


def test_a_source_without_paging_is_one_page(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.script(play.answer({"data": models("abc")}))
    assert go(paging=False).verdict is Verdict.WHOLE
    assert shelf.ids() == list("abc")


def test_a_source_that_pages_is_not_taken_for_one_that_does_not(server: ModelsServer, go: Go) -> None:
    server.models = models("abc")
    with pytest.raises(AnswerError, match=r"more follows .`has_more`") as caught:
        go(paging=False)
    assert 'paging = "cursor"' in caught.value.hint
