"""Which cursor leads on: gateways with tokens of their own in `last_id`, and servers whose `after_id` is inclusive."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from catalog.domain import Verdict
from catalog.errors import CursorError, KeyRefusedError
from catalog.upstream.client import ModelsClient
from tests import server as play
from tests.server import KEY, ModelsServer, Step, Visit, honest, model
from tests.unit.walking import Go, Shelf, models

pytestmark = pytest.mark.promise("P1", "P2")

LETTERS = "abcdef"


@dataclass
class Gateway:
    """Names a token of its own as `last_id`, two models a page; each kind of cursor leads somewhere."""

    by_last_id: str = "on"
    by_entry: str = "on"
    letters: str = LETTERS

    def __call__(self, visit: Visit) -> None:
        after = visit.seen.first("after_id")
        kind = self.by_last_id if after and after.startswith("token ") else self.by_entry
        begin = self.letters.index(after[-1]) + 1 if after else 0
        if after is None or kind == "on":
            self.page(begin)(visit)
        elif kind.isdigit():
            play.error(int(kind))(visit)
        else:
            {"nothing": play.answer(play.page([])), "top": self.page(0), "elsewhere": self.page(begin + 1)}[kind](visit)

    def page(self, begin: int) -> Step:
        listed = self.letters[begin : begin + 2]
        token = f"token {listed[-1]}" if listed else None
        return play.answer(play.page(models(listed), has_more=begin + 2 < len(self.letters)) | {"last_id": token})


NOT_ON = ["400", "404", "422", "500", "nothing", "top"]


@pytest.mark.parametrize(
    ("by_last_id", "by_entry"), [*(("on", other) for other in ["on", *NOT_ON]), *((other, "on") for other in NOT_ON)]
)
def test_of_two_cursors_the_one_that_leads_on_is_followed_and_both_are_asked_once(
    server: ModelsServer, shelf: Shelf, go: Go, by_last_id: str, by_entry: str
) -> None:
    server.always = Gateway(by_last_id, by_entry)
    assert go().verdict is Verdict.WHOLE
    assert (shelf.ids(), shelf.restarts) == (list(LETTERS), 0)
    right = "token " if by_last_id == "on" else ""
    asked = [seen.first("after_id") for seen in server.requests]
    assert [cursor for cursor in dict.fromkeys(asked) if cursor not in {None, "b", "token b"}] == [f"{right}d"]


@pytest.mark.parametrize(
    ("by_last_id", "by_entry"), [*(("on", other) for other in ["on", *NOT_ON]), *((other, "on") for other in NOT_ON)]
)
def test_a_client_without_a_walk_follows_the_same_cursor(server: ModelsServer, by_last_id: str, by_entry: str) -> None:
    server.always = Gateway(by_last_id, by_entry)
    with ModelsClient(base_url=server.url, key=KEY, max_tries=1) as client:
        assert [found.id for found in client.models(limit=2)] == list(LETTERS)


@pytest.mark.parametrize("by_entry", ["400", "404", "422", "top"])
def test_a_token_that_brings_nothing_after_a_full_page_is_followed_where_the_other_cursor_is_none(
    server: ModelsServer, shelf: Shelf, go: Go, by_entry: str
) -> None:
    gateway = Gateway("nothing", by_entry, letters="ab")

    def promising(visit: Visit) -> None:
        """Promise more on the full page, which is the last one."""
        gateway.letters = "abc" if visit.seen.first("after_id") is None else "ab"
        gateway(visit)

    server.always = promising
    outcome = go()
    assert (shelf.ids(), outcome.complete) == (["a", "b"], False)  # nothing proves that it ends there
    assert "nothing followed" in outcome.warnings[0]


@pytest.mark.parametrize(("by_last_id", "by_entry"), [("on", "400"), ("404", "on")])
def test_pages_that_are_known_go_on_with_the_cursor_of_the_answer_at_hand(
    server: ModelsServer, shelf: Shelf, go: Go, by_last_id: str, by_entry: str
) -> None:
    server.always = Gateway(by_last_id, by_entry)
    first = go()
    shelf.remember()
    assert go() == first
    assert (shelf.ids(), shelf.read, len(server.requests)) == (list(LETTERS), 0, 8)


def test_cursors_that_lead_to_different_models_are_a_doubt(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.always = Gateway("on", "elsewhere")
    outcome = go()
    assert (outcome.complete, shelf.ids()) == (False, list(LETTERS))
    assert "two cursors" in outcome.warnings[0]


def test_cursors_that_are_both_refused_are_a_shift(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.always = Gateway("400", "400")
    with pytest.raises(CursorError, match="after 3 restarts"):
        go()
    assert shelf.restarts == 3


def test_a_token_that_is_refused_later_is_a_shift(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.always = Gateway("on", "400")
    server.script(*[server.always] * 3, play.error(400))
    assert go().verdict is Verdict.WHOLE
    assert (shelf.restarts, shelf.ids()) == (1, list(LETTERS))


def test_a_key_that_is_refused_in_between_is_no_refused_cursor(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.always = Gateway("on", "401")
    with pytest.raises(KeyRefusedError):
        go()
    assert shelf.pages == []


@pytest.mark.parametrize("last_id", [None, "", " ", 5, [], "b", "x" * 3000, "a\nb"])
def test_a_last_id_that_is_no_token_is_never_asked_with(
    server: ModelsServer, shelf: Shelf, go: Go, last_id: Any
) -> None:
    server.models = models("abc")
    server.reshape = lambda envelope: envelope | {"last_id": last_id}
    assert go().verdict is Verdict.WHOLE
    assert (shelf.ids(), [seen.first("after_id") for seen in server.requests]) == (list("abc"), [None, "b"])


def test_an_entry_without_an_id_at_the_end_of_a_page_is_no_matter_where_there_is_a_token(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    server.always = play.by_cursor(
        {
            None: play.answer(play.page([*models("a"), {}], has_more=True) | {"last_id": "t"}),
            "a": play.answer(play.page([{}, *models("b")])),
            "t": play.answer(play.page(models("b"))),
        }
    )
    outcome = go()
    assert (outcome.complete, outcome.unusable, shelf.ids()) == (True, 1, list("ab"))


# after_id that includes what it names


def inclusive(visit: Visit) -> None:
    """Answer from `after_id` on, that one included."""
    ids = [item["id"] for item in visit.server.models]
    after, size = visit.seen.first("after_id"), int(visit.seen.first("limit") or 20)
    begin = ids.index(after) if after else 0
    listed = visit.server.models[begin : begin + size]
    visit.send_json(200, visit.server.reshape(play.page(listed, has_more=begin + size < len(ids))))


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("number", [3, 4, 5, 6])
def test_a_cursor_that_includes_what_it_names_is_seen_through_and_the_walk_is_whole(
    server: ModelsServer, shelf: Shelf, go: Go, size: int, number: int
) -> None:
    server.models, server.always = models(LETTERS[:number]), inclusive
    outcome = go(page_size=size)
    assert (shelf.ids(), outcome.verdict) == (list(LETTERS[:number]), Verdict.WHOLE)
    if number > size:
        [told] = outcome.warnings
        assert ("inclusive" in told, shelf.restarts) == (True, 1)


def test_an_inclusive_cursor_is_seen_through_at_pages_that_are_known_too(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    server.models, server.always = models(LETTERS), inclusive
    first = go()
    # Pages of an honest day: the server has learned it since, and unlearned it again.
    shelf.remember()
    assert go() == first
    assert (shelf.ids(), shelf.restarts) == (list(LETTERS), 1)


EDITS: dict[str, tuple[str | None, Callable[[list[Any]], object]]] = {
    "a model came on top before the second pass": (None, lambda listed: listed.insert(0, model("n"))),
    "a model left before the second pass": (None, lambda listed: listed.pop(0)),
    "an entry changed before it came once more": ("b", lambda listed: listed.__setitem__(1, model("b", line="x"))),
}


@pytest.mark.parametrize(("before", "edit"), EDITS.values(), ids=EDITS.keys())
def test_a_list_that_moves_meanwhile_is_looked_at_once_more(
    server: ModelsServer, shelf: Shelf, go: Go, before: str | None, edit: Callable[[list[Any]], object]
) -> None:
    times = iter(range(100))

    def edited_once(visit: Visit) -> None:
        if visit.seen.first("after_id") == before and next(times) == 1:
            edit(server.models)
        inclusive(visit)

    server.models, server.always = models(LETTERS), edited_once
    outcome = go()
    assert (outcome.verdict, shelf.ids()) == (Verdict.WHOLE, [item["id"] for item in server.models])
    assert shelf.restarts > 1


def test_one_page_that_begins_with_its_cursor_is_an_id_on_two_pages_as_ever(
    server: ModelsServer, shelf: Shelf, go: Go
) -> None:
    pages = {None: "ab", "b": "bc", "c": "de", "e": "f"}
    server.always = play.by_cursor(
        {cursor: play.answer(play.page(models(ids), has_more=cursor != "e")) for cursor, ids in pages.items()}
    )
    outcome = go()
    assert (outcome.complete, shelf.restarts, set(shelf.ids())) == (False, 3, set(LETTERS))


def test_a_cursor_that_is_inclusive_once_is_a_shift_like_any_other(server: ModelsServer, shelf: Shelf, go: Go) -> None:
    server.models = models("abcd")
    server.script(honest, inclusive)
    outcome = go()
    assert (outcome.verdict, outcome.warnings) == (Verdict.WHOLE, ())
    assert (shelf.restarts, shelf.ids()) == (1, list("abcd"))
