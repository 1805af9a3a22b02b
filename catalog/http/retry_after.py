"""Reads how long a server asks to wait. Pure: the time comes in as an argument.

See https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_RESET = re.compile(r"(?:^|[;,])\s*t=([0-9]{1,9})\s*(?:$|[;,])")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")


def named(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that `retry-after-ms`, `Retry-After` or else `RateLimit` ask for; None: none is there, or readable.

    `RateLimit: "api";r=0;t=55` says when the quota is full again: draft-ietf-httpapi-ratelimit-headers, section 4.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "")
    seconds, moment = _number(text), _date(text)
    if seconds is None and moment is None:
        reset = _RESET.search(headers.get("ratelimit", ""))
        return float(reset[1]) if reset else None
    if seconds is not None or moment is None:
        return seconds
    # The server's own clock counts, where it tells it: ours may be wrong.
    return max(0.0, (moment - (_date(headers.get("date", "")) or now)).total_seconds())


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text := text.strip()) else None


def _date(text: str) -> datetime | None:
    """Read an HTTP date in any of its three spellings; None: it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
