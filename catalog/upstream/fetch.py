"""Asks until there is an answer, a failure that will stay, or no time left: exchange and retry, under one deadline."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from catalog.errors import DeadlineError, ListingError
from catalog.http.exchange import OK, Exchange, Params, Pending, Received
from catalog.http.transport_errors import NoAnswer
from catalog.upstream.failures import http_failures, retry
from catalog.upstream.failures.http_failures import Question

Glance = Callable[[], object]

_GLANCE = 0.2  # seconds between two glances
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

    def ask(self, url: str, params: Params, question: Question, deadline: float) -> "Errand":
        """Ask, and do not wait for the answer. Raises DeadlineError when there is no time for it."""
        return Errand(self, url, params, question, deadline)

    def begin(self, url: str, params: Params, question: Question, deadline: float) -> Pending:
        """Begin one try."""
        left = deadline - self.monotonic()
        if left <= 0:
            raise DeadlineError(f"{question.subject}: the time is up", hint=_RAISE_DEADLINE)
        return self.exchange.begin(url, params, timeout=min(self.timeout, left), max_bytes=self.max_bytes)

    def rest(self, seconds: float, glance: Glance | None) -> None:
        """Wait between two tries."""
        while glance is not None and seconds > _GLANCE:
            self.sleep(_GLANCE)
            seconds -= _GLANCE
            glance()
        self.sleep(seconds)

    def pause(self, outcome: Received | NoAnswer, question: Question, attempt: int, deadline: float) -> float:
        """Seconds until the next try. Raises the failure when there is to be none."""
        left = deadline - self.monotonic()
        decision = retry.wait(
            http_failures.failure(outcome),
            attempt,
            tries=self.max_tries,
            left=left,
            spread=self.spread(),
            now=self.clock(),
        )
        if isinstance(decision, retry.GiveUp):
            raise _late(http_failures.error(outcome, question, decision.because), left)
        return decision


class Errand:
    """A question that was asked, and is asked again for as long as that is worth it."""

    def __init__(self, patience: Patience, url: str, params: Params, question: Question, deadline: float) -> None:
        """Make the first try; the others are made while somebody waits for the answer."""
        self._patience = patience
        self._asked = (url, params, question, deadline)
        self._attempt = 0
        self._try()

    def answer(self, glance: Glance | None = None) -> Asked:
        """The answer, which is a 200; ListingError when there is none.

        `glance` is called several times a second until there is one, and may raise to end the waiting.
        """
        _, _, question, deadline = self._asked
        while True:
            outcome = self._pending.result(glance)
            if isinstance(outcome, Received) and outcome.status == OK:
                return Asked(received=outcome, at=self._at)
            seconds = self._patience.pause(outcome, question, self._attempt, deadline)
            self._patience.rest(seconds, glance)
            self._try()

    def cancel(self) -> None:
        """Want the answer no more."""
        self._pending.cancel()

    def _try(self) -> None:
        self._attempt += 1
        self._at = self._patience.clock()
        self._pending = self._patience.begin(*self._asked)


def _late(error: ListingError, left: float) -> ListingError:
    return error if left > 0 else DeadlineError(error.message, hint=_RAISE_DEADLINE, said=error.said)
