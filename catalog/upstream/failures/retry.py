"""Decides after a failed try: seconds to wait, or giving up. Pure: time and chance come in as arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from catalog.http import retry_after

RETRIED = frozenset({408, 409, 429})  # and everything from 500 on
NEVER = frozenset({401, 403})  # also when `x-should-retry` says otherwise: a refused key stays refused
SPENT = "enforced_spend_limit_reached"

FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
JITTER = 0.25  # by so much of itself a wait may be shorter, at random


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedTry:
    """A try that brought no page. `headers` have lower-case names; status None: no whole answer came."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str | None = None  # error.details.error_code of the answer
    lasting: bool = False  # the next try would fail the same way: a certificate, a redirect, a size


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveUp:
    """Not to be tried again; `because` continues a sentence about the failure, or is empty."""

    because: str = ""


def wait(failure: FailedTry, attempt: int, *, tries: int, left: float, spread: float, now: datetime) -> float | GiveUp:
    """Seconds to wait after the failed try number `attempt` of `tries`, when `left` seconds remain.

    `spread` is a random number from 0 to 1. The wait that the server asks for counts; else 0.5 s doubling to 8 s, with
    jitter. The rules are those of the official SDK: https://github.com/anthropics/anthropic-sdk-python#retries
    """
    if failure.code == SPENT:
        return GiveUp(because="the spend limit of this key is reached until the 1st of the month")
    if not worth_it(failure):
        return GiveUp()
    if attempt >= tries:
        return GiveUp(because=f"given up after {_tries(attempt)}")
    named = retry_after.named(failure.headers, now)
    seconds = named or backoff(attempt, spread)
    if seconds < left:
        return seconds
    if named:
        return GiveUp(because=f"it asks to wait {min(named, 1e9):,.0f} s, and {max(left, 0):,.0f} s are left")
    return GiveUp(because=f"no time is left after {_tries(attempt)}")


def asked(failure: FailedTry, now: datetime) -> float:
    """Seconds for which the server wants to be left alone; 0 where it does not say so."""
    concerns_all = worth_it(failure) and failure.code != SPENT
    return (retry_after.named(failure.headers, now) or 0.0) if concerns_all else 0.0


def worth_it(failure: FailedTry) -> bool:
    """True when the same request may succeed later: by `x-should-retry`, else by status."""
    if failure.lasting or failure.status in NEVER:
        return False
    said = failure.headers.get("x-should-retry", "").strip().lower()
    if said in {"true", "false"}:
        return said == "true"
    return failure.status is None or failure.status in RETRIED or failure.status >= 500  # noqa: PLR2004 - 5xx


def backoff(attempt: int, spread: float) -> float:
    """0.5 s, doubling to 8 s, less up to a quarter of it at random."""
    doubled = FIRST_WAIT * 2 ** min(attempt - 1, 10)
    return float(min(doubled, LONGEST_WAIT)) * (1 - JITTER * spread)


def _tries(number: int) -> str:
    return "1 try" if number == 1 else f"{number} tries"
