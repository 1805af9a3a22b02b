"""The channel that sends words to the service of an Apprise URL. Apprise is imported when a message is sent.

Log records and exceptions of Apprise may quote a URL with all its tokens: this module lets none of them out.
"""

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalog.alerts.channels import TIMEOUT
from catalog.errors import ConfigError
from catalog.events import DeliveryError, Message, Room
from catalog.http import background, proxy
from catalog.text import harmless

if TYPE_CHECKING:
    from apprise import NotifyBase, NotifyFormat

_MARKUP = 40  # characters that may be put around a subject that becomes a heading of the text
_MARKDOWN_ANYWAY = frozenset({"discord", "guilded", "mmosts", "zulip"})  # they show each text as Markdown
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[?[0-9A-Fa-f:]+\]?")
_HINT = "in names and passwords spell @ as %40 and / as %2F; https://appriseit.com shows the URL of each service"


@dataclass(frozen=True, kw_only=True, slots=True)
class Apprise:
    """Sends each message to the one service of its URL."""

    url: str = field(repr=False)
    timeout: float
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def send(self, message: Message) -> None:
        """Send it in words, as much as fits. Raises DeliveryError unless all receivers of the URL took it."""
        if not self.turn.acquire(blocking=False):
            raise DeliveryError("an earlier message has still not been taken")
        sending = background.start(self._freely(lambda: _send(self.url, message)), name="catalog-apprise")
        try:
            words = sending.result(self.timeout)
        except TimeoutError:
            words = f"it was not taken within {self.timeout:.3g} s"
        if words:
            raise DeliveryError(words)

    def _freely(self, work: Callable[[], str]) -> Callable[[], str]:
        """Allow the next message only when this work has ended, however long that takes."""

        def release_after() -> str:
            try:
                return work()
            finally:
                self.turn.release()

        return release_after


def open_(url: str, *, timeout: float = TIMEOUT, turn: "threading.Lock | None" = None) -> Apprise:
    """Give a channel for an Apprise URL; the URL is read when something is sent, or by `check`.

    Channels that share a `turn` send one message at a time.
    """
    return Apprise(url=url, timeout=timeout, turn=turn or threading.Lock())


def check(url: str) -> None:
    """Raise ConfigError when Apprise cannot use the URL; the error quotes nothing of it."""
    _service(url)


def _send(url: str, message: Message) -> str:
    """Send it in this thread, however long it takes; gives why it was not taken, or ""."""
    proxy.spare_loopback()
    try:
        service = _service(url)
    except ConfigError as error:
        return error.message
    import apprise

    from catalog.alerts.channels.apprise_errors import Listener

    one = apprise.Apprise(service, asset=service.asset)
    subject, text = message.compose(room(service))
    form = _form(service)
    listener = Listener()
    apprise.logger.addHandler(listener)
    try:
        result = one.notify(
            body=text,
            title=subject,
            body_format=form,
            notify_type=apprise.NotifyType(message.severity().value),
        )
    finally:
        apprise.logger.removeHandler(listener)
    if result:
        return ""
    partly = result.status == apprise.AppriseResultStatus.PARTIAL
    told = f"{_name(service)} did not take it" + (" for all its receivers" if partly else "")
    return f"{told}: {', '.join(listener.reasons()) or 'it gave no reason'}"


def room(service: "NotifyBase") -> Room:
    """Say how much fits, by Apprise's numbers and after all that Apprise does to a text."""
    import apprise
    from apprise.conversion import convert_between

    form = service.resolve_format(_form(service))
    is_split = service.overflow_mode == apprise.OverflowMode.SPLIT  # by the URL: the rest comes in more messages

    def fits(subject: str, text: str) -> bool:
        body = text.rstrip()
        body = f"{subject}\r\n{body}" if subject and service.title_maxlen <= 0 else body
        sent = convert_between(_form(service), form, body)  # type: ignore[no-untyped-call] # Apprise's
        longest = max(map(_length, (sent, service.dialect_convert(sent, form))))
        left = _left(service, subject) - (0 if form == apprise.NotifyFormat.TEXT else _MARKUP)
        return is_split or (longest <= left and not 0 < service.body_max_line_count <= body.count("\n"))

    longest_subject = service.title_maxlen if service.title_maxlen > 0 else service.body_maxlen
    return Room(subject=longest_subject, fits=fits, has_markdown=_shows_markdown(service))


def _form(service: "NotifyBase") -> "NotifyFormat":
    """Give the form in which a text is handed to Apprise: Markdown where the service has that, or its URL says so.

    The text holds no markup but ours: `quoting` made what came from outside harmless. Apprise would escape each dot of
    a plain text, and Slack would show the backslashes.
    """
    import apprise

    own = service.resolve_format()
    return own if own == apprise.NotifyFormat.MARKDOWN else apprise.NotifyFormat.TEXT


def _shows_markdown(service: "NotifyBase") -> bool:
    """Tell whether `code` shows as such: in Markdown, and where the service takes every text for it."""
    import apprise

    return _form(service) == apprise.NotifyFormat.MARKDOWN or service.secure_protocol in _MARKDOWN_ANYWAY


def _left(service: "NotifyBase", subject: str) -> int:
    """How long a body may be beside a subject that counts with it."""
    left: int = service.body_maxlen - service.overflow_buffer
    if not service.overflow_amalgamate_title or not subject:
        return left
    return left - _length(subject) - service.overflow_max_display_count_width


def _length(text: str) -> int:
    """Count UTF-16 units, as the strictest services do (https://core.telegram.org/api/entities); Apprise does not."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _service(url: str) -> "NotifyBase":
    """Make the one service of a URL. Raises ConfigError."""
    import apprise

    apprise.logger.propagate = False  # what it logs may quote the URL
    apprise.logger.setLevel(logging.DEBUG)  # refused receivers of mail are logged at this level only
    asset = apprise.AppriseAsset(
        app_id="Model catalog",
        app_desc="what changed in a models list",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        http_redirects=False,
        # We time out ourselves: Apprise would do it in threads that keep the process from ending.
        service_timeout=0,
    )
    try:
        service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=False)
    except Exception:  # noqa: BLE001 - each service has its own, and they quote what is wrong with the URL
        service = None
    if service is None:
        raise ConfigError("the Apprise URL names no service that can be used as it is written", hint=_HINT)
    if not service.verify_certificate or service.redirects:
        raise ConfigError("TLS is always verified and redirects are refused: leave verify and redirect out of the URL")
    if "overflow_mode" not in vars(service):
        service.overflow_mode = apprise.OverflowMode.TRUNCATE  # the default would refuse long messages
    return service


def _name(service: "NotifyBase") -> str:
    """Name the service, and the host if the URL has one in that place: in other URLs it may be a token."""
    name = str(service.service_name)
    templates: tuple[str, ...] = service.templates
    is_machine = all("{host}" in template for template in templates)
    host = str(getattr(service, "smtp_host", "") or service.host) if is_machine else ""
    return harmless(f"{name} at {host}" if _HOST.fullmatch(host) else name)
