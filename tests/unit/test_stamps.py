"""Creation dates that only say when the list was asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from catalog.store.ingest.stamped_dates import Stamps

pytestmark = pytest.mark.promise("P5", "P7")

NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
OLD = '"2025-02-19T00:00:00Z"'


@dataclass(frozen=True)
class Page:
    stamp: str | None
    has_more: bool = False


def near(seconds: float = 0) -> str:
    return f'"{(NOW + timedelta(seconds=seconds)).isoformat()}"'


def judged(*pages: tuple[str | None, int, list[str | None]], believing: bool = False) -> tuple[list[bool], bool, bool]:
    """Judge pages of so many entries; give what was doubted, whether the list is stamped, and whether that agrees."""
    stamps = Stamps(believing=believing)
    last = len(pages) - 1
    doubted = [
        stamps.doubts(Page(stamp, has_more=number < last), entries, NOW, recorded)
        for number, (stamp, entries, recorded) in enumerate(pages)
    ]
    return doubted, bool(stamps.stamps), stamps.consistent


@pytest.mark.parametrize(
    ("stamp", "recorded", "stamped"),
    [
        (near(), [], True),
        (near(-299), [], True),
        (near(299), [], True),
        (near(-301), [], False),
        (near().replace("T", " "), [], True),
        ('"2025-02-19"', [OLD], False),
        (near(301), [], False),
        (str(int(NOW.timestamp())), [], True),
        (str(NOW.timestamp()), [], True),
        (f'"{int(NOW.timestamp())}"', [], True),
        ('"99999999999999999999999999"', [], False),
        (str(int(NOW.timestamp() * 1000)), [], True),
        (str(int(NOW.timestamp() * 1_000_000)), [], True),
        (str(int(NOW.timestamp()) - 301), [], False),
        (OLD, [OLD, OLD], False),
        (OLD, ['"2025-02-18T00:00:00Z"', '"2025-02-18T00:00:00Z"'], True),
        (OLD, ['"2025-02-18T00:00:00Z"', OLD], False),
        (OLD, ['"2025-02-18T00:00:00Z"', None], False),
        (OLD, ['"2025-02-19T00:00:00.000+00:00"', '"2025-02-19T01:00:00+01:00"'], False),  # another spelling of it
        (OLD, [], False),
        ("1677610602", ["1677610602"], False),
        ("1677610602", ["1677610601"], True),
        ('"soon"', ['"now"'], True),
        ("true", [], False),
        ("1e400", [], False),
        ("[]", ["[]"], False),
        ('"1970-01-01T00:00:00Z"', [], False),
        ('"1970-01-01T00:00:00Z"', [OLD], False),  # unknown as it is
        (None, [], False),
    ],
)
def test_a_date_on_all_entries_that_is_near_or_moved_says_when_we_asked(
    stamp: str | None, recorded: list[str | None], stamped: bool
) -> None:
    assert judged((stamp, 2, recorded)) == ([stamped], stamped, True)


def test_a_date_that_moved_once_and_stays_is_one() -> None:
    before = ['"2025-02-18T00:00:00Z"'] * 2
    moved = Stamps()
    assert moved.doubts(Page(OLD), 2, NOW, before)
    assert moved.stamps == (OLD,)
    again = Stamps(moved.stamps)
    assert (again.doubts(Page(OLD), 2, NOW, before), again.stamps) == (False, ())
    still_now = Stamps([near()])
    assert still_now.doubts(Page(near()), 2, NOW, before)


def test_one_entry_alone_is_believed() -> None:
    assert judged((near(), 1, [])) == ([False], False, True)
    assert judged((near(), 0, [])) == ([False], False, True)


def test_two_pages_of_one_entry_are_a_list_of_two() -> None:
    assert judged((near(), 1, []), (near(5), 1, [])) == ([True, True], True, True)


def test_a_page_with_an_honest_date_clears_those_before_it() -> None:
    assert judged((near(), 2, []), (OLD, 2, [])) == ([True, False], False, False)
    assert judged((OLD, 2, []), (near(), 2, [])) == ([False, False], False, True)
    assert judged((near(), 2, []), (None, 2, [])) == ([True, False], False, False)


def test_a_pass_that_believes_doubts_nothing() -> None:
    assert judged((near(), 2, []), (near(), 2, []), believing=True) == ([False, False], False, True)


def test_a_page_that_is_known_byte_for_byte_did_not_move() -> None:
    stamps = Stamps()
    assert stamps.doubts(Page(near(), has_more=True), 2, NOW, [])
    stamps.believe()
    assert (bool(stamps.stamps), stamps.consistent) == (False, False)
