"""Messages to owe, channels that hear them, and a pass that sends them."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.alerts import wording
from catalog.events import DeliveryError, Message, Owed, Room
from catalog.service import deliver
from catalog.service.deliver import Channel, Sender
from catalog.store.outbox import queue
from tests.store.world import World

COLUMNS = ("channel", "status", "attempts", "next_attempt_at", "last_error")


@dataclass
class Ear:
    """A channel that keeps what it hears, and then does something."""

    then: Callable[[Message], object] = bool
    heard: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.heard.append(message)
        message.compose(wording.ROOMY)
        self.then(message)

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.heard]


def refuse(**how: Any) -> Callable[[Message], object]:
    def raise_(_message: Message) -> None:
        raise DeliveryError("no answer", **how)

    return raise_


def render(payload: str, room: Room = wording.ROOMY) -> tuple[str, str]:
    return wording.render(json.loads(payload), room)


def owe(box: World, *uids: str, channel: str = "team") -> None:
    content = {"type": "catalog.sync_failed", "source": "one", "run_id": 1, "changes": [], "reason": "it failed"}
    with box.database.write() as connection:
        messages = [
            Owed(
                channel=channel,
                source="one",
                run_id=1,
                type="catalog.sync_failed",
                uid=uid,
                payload=json.dumps({"id": uid, **content}),
                due_at=box.now,
            )
            for uid in uids
        ]
        queue.owe(connection, messages, box.now)


def sender(box: World, channels: Mapping[str, Channel], **settings: Any) -> Sender:
    usual = {"render": render, "clock": lambda: box.now, "spread": lambda: 0.5, "token": lambda: os.urandom(8).hex()}
    return Sender(**{"channels": channels, **usual, **settings})


def send(box: World, channels: Mapping[str, Channel], **settings: Any) -> deliver.Report:
    return deliver.deliver(box.database, sender(box, channels, **settings))


def rows(box: World) -> list[tuple[Any, ...]]:
    return [row[1:] for row in box.rows("deliveries", "delivery_id", *COLUMNS)]
