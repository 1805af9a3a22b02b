"""A message to send."""

import json
from datetime import UTC, datetime
from typing import Any

from catalog.events import Message

SENT_AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOSTILE = 'Claude <b>[/x]</b> @everyone \u202e "\\ \x1b[31m\r\nBcc: all@example.org\u2028'


SUBJECT, TEXT = "anthropic: 1 model newly listed", "newly listed: Claude A (claude-a)"


def message(subject: str = SUBJECT, text: str = TEXT, **fields: Any) -> Message:
    """A message as a pass over the outbox makes it."""
    payload = json.dumps({"id": "msg_1", "type": "catalog.changes", "changes": [{"display_name": HOSTILE}]})
    usual = {
        "id": "msg_1",
        "type": "catalog.changes",
        "payload": payload,
        "compose": lambda _room: (subject, text),
        "sent_at": SENT_AT,
    }
    return Message(**{**usual, **fields})
