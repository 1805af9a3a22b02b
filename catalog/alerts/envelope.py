"""Makes messages for the outbox: an id derived from what they tell, and a payload as JSON text in plain ASCII."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar, cast

from catalog.alerts.payload import Payload
from catalog.events import OutboxMessage, Rule

_HEX_DIGITS = 32
_LONGEST = 20_000  # characters of one text

Told = TypeVar("Told", bound=Mapping[str, object])


class Fingerprint:
    """Derives a message's id from its parts: the same parts in the same order give the same id, in any process."""

    def __init__(self, *parts: str) -> None:
        self._digest = hashlib.sha256()
        for part in parts:
            self.add(part)

    def add(self, part: str) -> None:
        data = part.encode()
        self._digest.update(b"%d:%s" % (len(data), data))  # the length keeps ("ab", "c") apart from ("a", "bc")

    def id(self) -> str:
        return f"msg_{self._digest.hexdigest()[:_HEX_DIGITS]}"


def bounded(told: Told) -> Told:
    """Cut texts that are too long to send; `cut` names their fields. Other values become JSON text, which is cut."""
    spelled = {name: each if isinstance(each, str) else text(each) for name, each in told.items()}
    long = {name: each[:_LONGEST] for name, each in spelled.items() if len(each) > _LONGEST}
    return cast("Told", {**told, **long, "cut": list(long)}) if long else told


def text(told: object) -> str:
    """Give it as JSON, in plain ASCII and without blanks: each character is one byte."""
    return json.dumps(told, allow_nan=False, separators=(",", ":"))


def freeze(rule: Rule, payload: Payload, *, due_at: datetime) -> OutboxMessage:
    """Make the message for a channel. Its text never changes after this: one id has one content."""
    return OutboxMessage(
        channel=rule.channel,
        source=payload["source"],
        run_id=payload["run_id"],
        type=payload["type"],
        uid=payload["id"],
        payload=text(payload),
        due_at=due_at,
    )
