"""Tells a service such as healthchecks that a sync began, and how it ended, so that silence is noticed by others."""

import logging
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from catalog import logs
from catalog.http import proxy
from catalog.http.breakage import Broken
from catalog.http.exchange import Exchange

log = logging.getLogger("catalog.ping")
TIMEOUT = 10.0  # seconds; a watcher that does not answer must not hold up what it watches
_MOST = 10_000  # characters of a reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinger:
    """Pings one URL, which is itself a secret: whoever knows it can silence the watcher."""

    url: str = field(repr=False)
    exchange: Exchange = field(default_factory=lambda: Exchange({"user-agent": "model-catalog"}))
    timeout: float = TIMEOUT

    def started(self) -> None:
        """Say that a sync begins."""
        self._post("/start", "")

    def succeeded(self) -> None:
        """Say that it went well."""
        self._post("", "")

    def failed(self, reason: str) -> None:
        """Say that it did not, and why."""
        self._post("/fail", reason[:_MOST])

    def _post(self, ending: str, text: str) -> None:
        """Post; a watcher that cannot be reached is told of in the log and hurts nobody else."""
        parts = urlsplit(self.url)
        url = parts._replace(path=parts.path.rstrip("/") + ending).geturl()
        headers = {"content-type": "text/plain; charset=utf-8"}
        outcome = self.exchange.post(url, text.encode(), headers, timeout=self.timeout)
        if isinstance(outcome, Broken):
            self._warn(outcome.words)
        elif not outcome.taken:
            self._warn(f"HTTP {outcome.status}")

    def _warn(self, words: str) -> None:
        host = urlsplit(self.url).hostname or "the watcher"
        way = proxy.words(self.url)
        log.warning("%s could not be pinged%s: %s", host, way, words, extra=logs.event("ping.failed", host=host))
