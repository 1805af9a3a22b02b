"""Pings a dead man's switch, such as healthchecks.io, when a sync begins and when it ends."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode, urlsplit

from catalog import logs
from catalog.http import proxy
from catalog.http.exchange import Exchange, Received
from catalog.http.transport_errors import NoAnswer

log = logging.getLogger("catalog.monitor.ping")
TIMEOUT = 10.0  # seconds; a watcher that does not answer must not delay the sync
_MOST = 10_000  # characters of a reason in a body
_MOST_IN_URL = 200  # characters of a reason in a URL
_LARGEST = 1_000_000  # bytes of an answer


class Style(StrEnum):
    """How the watcher wants to be pinged."""

    HEALTHCHECKS = "healthchecks"  # POST, with /start and /fail added: https://healthchecks.io/docs/http_api/
    UPTIME_KUMA = "uptime-kuma"  # GET with ?status=up|down&msg=...; no ping at the start
    PLAIN = "plain"  # GET of the URL itself, on success alone


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinger:
    """Pings one URL, which is itself a secret: with it, anyone can make the watcher believe that all is well."""

    url: str = field(repr=False)
    style: Style = Style.HEALTHCHECKS
    exchange: Exchange = field(default_factory=lambda: Exchange({"user-agent": "model-catalog"}))
    timeout: float = TIMEOUT
    outages: logs.Outages = field(default_factory=lambda: logs.Outages(log))
    tell: Callable[[str], object] | None = None  # gets what went wrong, instead of the log

    def started(self) -> None:
        """Say that a sync begins, where the style can say that."""
        if self.style is Style.HEALTHCHECKS:
            self._post("/start", "")

    def succeeded(self) -> None:
        """Say that it went well."""
        match self.style:
            case Style.HEALTHCHECKS:
                self._post("", "")
            case Style.UPTIME_KUMA:
                self._get({"status": "up", "msg": "OK"})
            case Style.PLAIN:
                self._get({})

    def failed(self, reason: str) -> None:
        """Say that it failed, and why, where the style can say that."""
        match self.style:
            case Style.HEALTHCHECKS:
                self._post("/fail", reason[:_MOST])
            case Style.UPTIME_KUMA:
                self._get({"status": "down", "msg": reason[:_MOST_IN_URL]})
            case Style.PLAIN:
                return  # this watcher notices that no ping came

    def test(self) -> str:
        """Send the ping of a success, and give what went wrong instead of logging it; empty: nothing."""
        told: list[str] = []
        quiet = replace(self, tell=told.append)
        quiet.succeeded()
        return "".join(told)

    def _post(self, ending: str, text: str) -> None:
        parts = urlsplit(self.url)
        url = parts._replace(path=parts.path.rstrip("/") + ending).geturl()
        headers = {"content-type": "text/plain; charset=utf-8"}
        self._judge(self.exchange.post(url, text.encode(), headers, timeout=self.timeout))

    def _get(self, told: dict[str, str]) -> None:
        """Get the URL with these parameters, which replace its own of the same names."""
        parts = urlsplit(self.url)
        kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in told]
        query = urlencode([*kept, *told.items()]) if told else parts.query
        url = parts._replace(query=query).geturl()
        self._judge(self.exchange.get(url, "", timeout=self.timeout, max_bytes=_LARGEST))

    def _judge(self, outcome: Received | NoAnswer) -> None:
        """Log when pings begin to fail and when they arrive again; no run fails for it."""
        host = urlsplit(self.url).hostname or "the watcher"
        if isinstance(outcome, NoAnswer) or not outcome.taken:
            words = outcome.words if isinstance(outcome, NoAnswer) else f"HTTP {outcome.status}"
            told = f"{host} could not be pinged{proxy.words(self.url)}: {words}"
            if self.tell is not None:
                self.tell(told)
                return
            self.outages.begin("ping", told, logs.event("ping.failed", host=host))
        else:
            self.outages.end("ping", f"{host} is pinged again", logs.event("ping.resumed", host=host))
