"""Fetches one page: tries again while that may help, until there is an answer, a lasting failure or no time left."""

import logging
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from catalog import logs
from catalog.clock import utc_now
from catalog.domain import Identity
from catalog.errors import CheckCancelled, DeadlineError, ListingError
from catalog.http.exchange import OK, Exchange, Pending, Received
from catalog.http.transport_errors import NoAnswer
from catalog.settings import SourceSettings
from catalog.upstream.failures import http_failures, retry
from catalog.upstream.failures.http_failures import Question
from catalog.upstream.pauses import HostPauses

log = logging.getLogger("catalog.upstream.fetch")

MAX_TRIES = 6  # with our own waits, about 15 seconds

_CHECK_EVERY = 0.2  # seconds between two calls of `check_cancelled`, while the next try is waited for
_RAISE_DEADLINE = "raise `deadline` of this source"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How often a request is tried, and what the waits in between are measured and varied by."""

    max_tries: int = MAX_TRIES
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    spread: Callable[[], float] = random.random


USUAL_PACE = Pace()


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """What a request waits for before its next try."""

    source: str
    because: str  # of the failed try: "HTTP 529"; or that its host is to be left alone
    attempt: int  # number of the next try
    tries: int  # of which there are at most so many
    seconds: float  # until then

    def words(self, seconds: float) -> str:
        """Say it, when so many seconds are left."""
        when = f" in {math.ceil(seconds):,} s" if seconds > 0 else ""
        return f"{self.because}; try {self.attempt} of {self.tries}{when}"


OnRetry = Callable[[Retry], object]


def ignore_retry(_retry: Retry) -> None:
    """No-op: the waits are only logged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The body of a 200, who the API says is asking, and when the try that brought it began."""

    body: bytes
    identity: Identity
    asked_at: datetime
    links: str = ""  # the header `Link`


class Asked(Protocol):
    """A request, made or on its way."""

    def answer(self, check_cancelled: CheckCancelled | None = None) -> Answer: ...
    def cancel(self) -> None: ...


@dataclass(kw_only=True, slots=True)
class Fetch:
    """A request on its way. The first try begins at once, the others while `answer` waits.

    While its host is left alone, the first one waits for `answer`, too. Raises DeadlineError when no time is left for a
    try. `deadline` is a moment of `pace.monotonic`.
    """

    exchange: Exchange
    source: SourceSettings
    pace: Pace
    url: str
    query: str
    question: Question
    deadline: float
    pauses: HostPauses
    on_retry: OnRetry = ignore_retry  # called in the thread that waits, before each wait
    _tries: int = field(default=0, init=False)
    _asked_at: datetime = field(init=False)
    _pending: Pending | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.pauses.left(self.source.host) <= 0:
            self._try()

    def answer(self, check_cancelled: CheckCancelled | None = None) -> Answer:
        """Wait for the answer; ListingError when there is none.

        `check_cancelled` is called several times a second meanwhile; raise from it to end the wait.
        """
        while True:
            outcome = self._begun(check_cancelled).result(check_cancelled)
            if isinstance(outcome, Received) and outcome.status == OK:
                http_failures.demand_no_echo(outcome.body, self.question)
                return Answer(
                    body=outcome.body,
                    identity=http_failures.identity(outcome.headers, self.question.key),
                    asked_at=self._asked_at,
                    links=outcome.headers.get("link", ""),
                )
            seconds = self._seconds_to_wait(outcome)
            self._pending = None
            self._wait(http_failures.brief(outcome), seconds, check_cancelled)

    def cancel(self) -> None:
        """Stop it: the answer is not needed any more."""
        if self._pending is not None:
            self._pending.cancel()

    def _begun(self, check_cancelled: CheckCancelled | None) -> Pending:
        """Give the try that is going on. Without one, begin it as soon as its host may be asked."""
        while self._pending is None:
            seconds = self.pauses.left(self.source.host)
            if seconds <= 0:
                return self._try()
            self._demand_time(seconds)
            self._wait("the host asks to wait", seconds, check_cancelled)
        return self._pending

    def _demand_time(self, seconds: float) -> None:
        """Raise ListingError where the host is left alone for longer than there is time."""
        left = self.deadline - self.pace.monotonic()
        if seconds >= left:
            words = f"the host asks to wait {seconds:,.0f} s more, and {max(left, 0):,.0f} s are left"
            raise ListingError(f"{self.question.subject}: {words}", hint="try again later")

    def _try(self) -> Pending:
        self._tries += 1
        self._asked_at = self.pace.clock()
        left = self.deadline - self.pace.monotonic()
        if left <= 0:
            raise DeadlineError(f"{self.question.subject}: the time is up", hint=_RAISE_DEADLINE)
        timeout = min(self.source.timeout.total_seconds(), left)
        self._pending = self.exchange.begin(self.url, self.query, timeout=timeout, max_bytes=self.source.max_page_bytes)
        return self._pending

    def _seconds_to_wait(self, outcome: Received | NoAnswer) -> float:
        """Seconds until the next try. Raises the failure when there is to be none."""
        left = self.deadline - self.pace.monotonic()
        failed = http_failures.failure(outcome)
        self.pauses.begin(self.source.host, retry.asked(failed, self.pace.clock()))
        decision = retry.wait(
            failed,
            self._tries,
            tries=self.pace.max_tries,
            left=left,
            spread=self.pace.spread(),
            now=self.pace.clock(),
        )
        if not isinstance(decision, retry.GiveUp):
            return decision
        error = http_failures.error(outcome, self.question, decision.because)
        raise error if left > 0 else DeadlineError(error.message, hint=_RAISE_DEADLINE, said=error.said)

    def _wait(self, because: str, seconds: float, check_cancelled: CheckCancelled | None) -> None:
        """Wait for the next try, and tell so before."""
        source = self.source.name or self.source.host
        waiting = Retry(
            source=source, because=because, attempt=self._tries + 1, tries=self.pace.max_tries, seconds=seconds
        )
        told = logs.event("fetch.retry", source=source, reason=because, attempt=waiting.attempt, seconds=seconds)
        log.debug("%s: %s", source, waiting.words(seconds), extra=told)
        self.on_retry(waiting)
        self._sleep(seconds, check_cancelled)

    def _sleep(self, seconds: float, check_cancelled: CheckCancelled | None) -> None:
        while check_cancelled is not None and seconds > _CHECK_EVERY:
            self.pace.sleep(_CHECK_EVERY)
            seconds -= _CHECK_EVERY
            check_cancelled()
        self.pace.sleep(seconds)
