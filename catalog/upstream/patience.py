"""Asks until there is an answer, a failure that will stay, or no time left: exchange and retry, under one deadline."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from catalog.errors import DeadlineError, ListingError
from catalog.http.breakage import Broken
from catalog.http.exchange import OK, Exchange, Params, Received
from catalog.upstream import refusal, retry
from catalog.upstream.refusal import Question

_RAISE_DEADLINE = "raise `deadline` of this source"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The answer of the try that brought one, and when that try began."""

    received: Received
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to insist. Times are seconds; `monotonic` counts the deadline, `clock` says what time it is."""

    exchange: Exchange
    timeout: float
    max_bytes: int
    max_tries: int
    sleep: Callable[[float], None]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    spread: Callable[[], float]

    def ask(
        self, url: str, params: Params, question: Question, deadline: float, stop: threading.Event | None = None
    ) -> Asked:
        """The answer, which is a 200. Raises ListingError when there is none; no try begins once `stop` is set."""
        attempt = 0
        while True:
            attempt += 1
            left = deadline - self.monotonic()
            if left <= 0 or (stop is not None and stop.is_set()):
                raise DeadlineError(f"{question.subject}: the time is up", hint=_RAISE_DEADLINE)
            at = self.clock()
            outcome = self.exchange.get(url, params, timeout=min(self.timeout, left), max_bytes=self.max_bytes)
            if isinstance(outcome, Received) and outcome.status == OK:
                return Asked(received=outcome, at=at)
            self.sleep(self._pause(outcome, question, attempt, deadline))

    def _pause(self, outcome: Received | Broken, question: Question, attempt: int, deadline: float) -> float:
        """Seconds until the next try. Raises the failure when there is to be none."""
        left = deadline - self.monotonic()
        decision = retry.wait(
            refusal.failure(outcome), attempt, tries=self.max_tries, left=left, spread=self.spread(), now=self.clock()
        )
        if isinstance(decision, retry.GiveUp):
            raise _late(refusal.error(outcome, question, decision.because), left)
        return decision


def _late(error: ListingError, left: float) -> ListingError:
    return error if left > 0 else DeadlineError(error.message, hint=_RAISE_DEADLINE, said=error.said)
