"""A message to send."""

import json
from datetime import UTC, datetime
from typing import Any

from catalog.notice import Message

SENT_AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOSTILE = 'Claude <b>[/x]</b> @everyone \u202e "\\ \x1b[31m\r\nBcc: all@example.org\u2028'


def message(**fields: Any) -> Message:
    """A message as a pass over the outbox makes it."""
    payload = json.dumps({"id": "msg_1", "type": "catalog.changes", "changes": [{"display_name": HOSTILE}]})
    usual = {
        "id": "msg_1",
        "type": "catalog.changes",
        "payload": payload,
        "subject": "anthropic: 1 model newly listed",
        "text": "newly listed: Claude A (claude-a)",
        "sent_at": SENT_AT,
    }
    return Message(**{**usual, **fields})
