"""The channel that posts the JSON, signed as in Standard Webhooks: https://www.standardwebhooks.com."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from catalog.alerts.channels import TIMEOUT
from catalog.clock import utc_now
from catalog.errors import ConfigError
from catalog.events import DeliveryError, Message
from catalog.http import proxy, retry_after
from catalog.http.exchange import Exchange, Received
from catalog.http.transport_errors import NoAnswer

GONE = 410
REDIRECTS = frozenset({300, 301, 302, 303, 305, 307, 308})
_ENCODED = "whsec_"  # the rest of such a secret is base64; any other secret is used as it stands


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """Posts each message to one URL."""

    url: str = field(repr=False)
    secret: bytes | None = field(repr=False)
    exchange: Exchange
    timeout: float
    clock: Callable[[], datetime]

    def send(self, message: Message) -> None:
        """Post the payload. Raises DeliveryError unless the answer is a 2xx."""
        body = message.payload.encode()
        outcome = self.exchange.post(self.url, body, headers(message, self.secret), timeout=self.timeout)
        if isinstance(outcome, NoAnswer):
            raise DeliveryError(f"{self._host}: {outcome.words}", hint=outcome.hint)
        if not outcome.taken:
            raise self._refusal(outcome)

    @property
    def _host(self) -> str:
        return (urlsplit(self.url).hostname or "the webhook") + proxy.words(self.url)

    def _refusal(self, answer: Received) -> DeliveryError:
        gone = answer.status == GONE
        words = f"{self._host}: HTTP {answer.status}"
        if gone:
            words += ": it wants no more messages"
        elif answer.status in REDIRECTS:
            words += ": redirects are refused"
        elif answer.status < 400:  # noqa: PLR2004 - 1xx, and the 3xx that are no redirects
            words += ": it does not say that it took the message"
        return DeliveryError(words, retry_after=retry_after.named(answer.headers, self.clock()), gone=gone)


def open_(
    url: str,
    *,
    secret: str | None = None,
    timeout: float = TIMEOUT,
    clock: Callable[[], datetime] = utc_now,
) -> Webhook:
    """Give a channel that posts to `url`, signed if there is a secret. Raises ConfigError for a bad secret."""
    key = None if secret is None else _key(secret)
    exchange = Exchange({"user-agent": "model-catalog", "accept": "*/*"})
    return Webhook(url=url, secret=key, exchange=exchange, timeout=timeout, clock=clock)


def headers(message: Message, secret: bytes | None) -> Mapping[str, str]:
    """Give the headers: id, time of this attempt and, with a secret, the signature over both and the payload."""
    timestamp = str(int(message.sent_at.timestamp()))
    told = {"content-type": "application/json", "webhook-id": message.id, "webhook-timestamp": timestamp}
    if secret is None:
        return told
    signed = f"{message.id}.{timestamp}.{message.payload}".encode()
    digest = hmac.digest(secret, signed, hashlib.sha256)
    return {**told, "webhook-signature": "v1," + base64.b64encode(digest).decode()}


def _key(secret: str) -> bytes:
    if not secret.startswith(_ENCODED):
        key = secret.encode()
    else:
        try:
            key = base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
        except (binascii.Error, ValueError):
            raise ConfigError(
                f"the secret of a webhook begins with {_ENCODED}, but what follows is no base64"
            ) from None
    if not key:
        raise ConfigError("the secret of a webhook is empty")
    return key
