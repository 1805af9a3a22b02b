"""What a failed try is worth."""

from datetime import UTC, datetime

import pytest

from catalog.upstream.failures import retry
from catalog.upstream.failures.retry import FailedTry, GiveUp

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def decide(failure: FailedTry, attempt: int = 1, *, left: float = 600.0, spread: float = 0.0) -> float | GiveUp:
    return retry.wait(failure, attempt, tries=6, left=left, spread=spread, now=NOW)


def after(**headers: str) -> FailedTry:
    return FailedTry(status=429, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("status", [None, 408, 409, 429, 500, 502, 503, 504, 529, 599])
def test_what_may_pass_is_tried_again(status: int | None) -> None:
    assert decide(FailedTry(status=status)) == 0.5


@pytest.mark.parametrize("status", [201, 204, 301, 308, 400, 401, 403, 404, 410, 413, 422])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    assert decide(FailedTry(status=status)) == GiveUp()


def test_a_failure_that_lasts_is_not_tried_again() -> None:
    assert decide(FailedTry(lasting=True)) == GiveUp()


@pytest.mark.parametrize(
    ("status", "said", "again"),
    [
        (400, "true", True),
        (400, " TRUE ", True),
        (529, "false", False),
        (529, "perhaps", True),
        (404, "perhaps", False),
        (401, "true", False),
        (403, "true", False),
    ],
)
def test_x_should_retry_overrides_the_status_but_for_a_refused_key(status: int, said: str, again: bool) -> None:
    assert retry.worth_it(FailedTry(status=status, headers={"x-should-retry": said})) is again


def test_a_reached_spend_limit_is_told_and_not_tried_again() -> None:
    spent = FailedTry(status=429, code="enforced_spend_limit_reached", headers={"retry-after": "1"})
    assert decide(spent) == GiveUp(because="the spend limit of this key is reached until the 1st of the month")


def test_waits_double_to_eight_seconds_and_then_end() -> None:
    waits = [decide(FailedTry(status=529), attempt) for attempt in range(1, 7)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, GiveUp(because="given up after 6 tries")]


def test_chance_takes_at_most_a_quarter_of_a_wait() -> None:
    assert decide(FailedTry(status=529), 5, spread=1.0) == 6.0


def test_the_exponent_is_bounded_however_many_tries_are_allowed() -> None:
    assert retry.wait(FailedTry(), 5000, tries=9999, left=600, spread=0, now=NOW) == 8.0


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (after(retry_after="7"), 7.0),
        (after(retry_after=" 7 "), 7.0),
        (after(retry_after="0.5"), 0.5),
        (after(retry_after=".5"), 0.5),
        (after(retry_after="7."), 7.0),
        (after(retry_after_ms="250"), 0.25),
        (after(retry_after_ms="250", retry_after="7"), 0.25),
        (after(retry_after_ms="soon", retry_after="7"), 7.0),
        (after(retry_after="Sun, 22 Nov 2026 09:30:20 GMT"), 20.0),
        (after(retry_after="Sunday, 22-Nov-26 09:30:20 GMT"), 20.0),
        (after(retry_after="Sun Nov 22 09:30:20 2026"), 20.0),
        (after(retry_after="Sun, 22 Nov 2026 10:30:20 +0100"), 20.0),
        (after(retry_after="Sun, 22 Nov 2026 11:00:05 GMT", date="Sun, 22 Nov 2026 11:00:00 GMT"), 5.0),
        (after(retry_after="Sun, 22 Nov 2026 09:30:20 GMT", date="today"), 20.0),
    ],
)
def test_a_named_wait_is_kept_in_every_legal_spelling(failure: FailedTry, seconds: float) -> None:
    assert decide(failure, 4) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "0.0", "-5", "soon", "nan", "inf", "1e3", "1_000", "٣", "5,5", "Sun, 22 Nov 2026 09:00:00 GMT"),
        *("Sun, 99 Nov 2026 09:30:20 GMT", "Sun, 22 Nov 99999 09:30:20 GMT", "Mon, 1 Jan 0001 00:00:00 +2300"),
    ],
)
def test_a_wait_that_is_illegal_or_over_gives_way_to_our_own(text: str) -> None:
    assert decide(after(retry_after=text), 2) == 1.0


@pytest.mark.parametrize(
    ("text", "told"),
    [("3600", "3,600"), ("600", "600"), ("9" * 400, "1,000,000,000"), ("Mon, 23 Nov 2026 09:30:00 GMT", "86,400")],
)
def test_a_named_wait_beyond_the_deadline_is_given_up_at_once_and_told(text: str, told: str) -> None:
    assert decide(after(retry_after=text)) == GiveUp(because=f"it asks to wait {told} s, and 600 s are left")


def test_our_own_wait_never_outlasts_the_deadline() -> None:
    assert decide(FailedTry(), 5, left=7.9) == GiveUp(because="no time is left after 5 tries")


ASKED = {
    "a wait": (after(retry_after="30"), 30.0),
    "a quota that is full again": (after(ratelimit='"api";r=0;t=55'), 55.0),
    "milliseconds": (after(retry_after_ms="1500"), 1.5),
    "no wait": (after(), 0.0),
    "none at all": (after(retry_after="0"), 0.0),
    "no number": (after(retry_after="soon"), 0.0),
    "of an outage": (FailedTry(status=503, headers={"retry-after": "7"}), 7.0),
    "of a refused key": (FailedTry(status=401, headers={"retry-after": "30"}), 0.0),
    "of a list that is not there": (FailedTry(status=404, headers={"retry-after": "30"}), 0.0),
    "of a budget": (FailedTry(status=429, code=retry.SPENT, headers={"retry-after": "30"}), 0.0),
    "no answer": (FailedTry(), 0.0),
}


@pytest.mark.parametrize(("failure", "seconds"), ASKED.values(), ids=ASKED.keys())
def test_how_long_a_host_asks_all_to_wait(failure: FailedTry, seconds: float) -> None:
    assert retry.asked(failure, NOW) == seconds
