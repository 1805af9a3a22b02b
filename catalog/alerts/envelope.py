"""Messages as they are frozen: an id derived from what they tell, and JSON text in plain ASCII."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from catalog.events import Owed, Rule

_HEX_DIGITS = 32
_LONGEST = 20_000  # characters of one text
_CUT = "cut"


class Fingerprint:
    """Names a message by its parts: the same parts in the same order give the same id, in any process, at any time."""

    def __init__(self, *parts: str) -> None:
        self._digest = hashlib.sha256()
        for part in parts:
            self.add(part)

    def add(self, part: str) -> None:
        data = part.encode()
        self._digest.update(b"%d:%s" % (len(data), data))  # with its length, so that no two lists of parts look alike

    def id(self) -> str:
        return f"msg_{self._digest.hexdigest()[:_HEX_DIGITS]}"


def bounded(told: Mapping[str, object]) -> dict[str, object]:
    """Cut the texts that are too long to be sent; which ones, stands in `cut`, if there are any."""
    long = {name: text[:_LONGEST] for name, text in told.items() if isinstance(text, str) and len(text) > _LONGEST}
    return {**told, **long, _CUT: list(long)} if long else dict(told)


def text(told: object) -> str:
    """Spell it as JSON, in plain ASCII and without blanks, so that a character is a byte."""
    return json.dumps(told, allow_nan=False, separators=(",", ":"))


def owed(
    rule: Rule,
    *,
    fingerprint: Fingerprint,
    type: str,
    source: str,
    run_id: int | None,
    due_at: datetime,
    content: Mapping[str, object],
) -> Owed:
    """Freeze a message: the fields that each one has, then its own `content`."""
    uid = fingerprint.id()
    payload = {"id": uid, "type": type, "source": source, "run_id": run_id, "changes": [], **content}
    return Owed(
        channel=rule.channel,
        source=source,
        run_id=run_id,
        type=type,
        uid=uid,
        payload=text(payload),
        due_at=due_at,
    )
