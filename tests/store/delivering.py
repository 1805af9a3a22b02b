"""Messages to enqueue, channels that take them, passes that send them, and what the outbox holds."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from catalog.alerts import wording
from catalog.events import DeliveryError, Message, OutboxMessage, Room
from catalog.service import deliver
from catalog.service.deliver import AlertChannel, Sender
from catalog.store.outbox import queue
from tests.store.world import START, World

COLUMNS = ("channel", "status", "attempts", "next_attempt_at", "last_error")


@dataclass
class Recorder:
    """A channel that keeps what it is sent, and then does something."""

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


def message(uid: str, channel: str = "team", **fields: Any) -> OutboxMessage:
    content = {"type": "catalog.sync_failed", "source": "one", "run_id": 1, "changes": [], "reason": "it failed"}
    usual = {"source": "one", "run_id": 1, "type": "catalog.sync_failed", "due_at": START}
    payload = json.dumps({"id": uid, **content})
    return OutboxMessage(**{"channel": channel, "uid": uid, "payload": payload, **usual, **fields})


def enqueue(box: World, *messages: OutboxMessage | str, channel: str = "team") -> int:
    """Enqueue messages, or ordinary ones with these uids; gives how many were new."""
    made = [message(each, channel, due_at=box.now) if isinstance(each, str) else each for each in messages]
    with box.database.write() as connection:
        return queue.enqueue(connection, made, box.now)


def sender(box: World, channels: Mapping[str, AlertChannel], **settings: Any) -> Sender:
    usual = {"render": render, "clock": lambda: box.now, "spread": lambda: 0.5, "token": lambda: os.urandom(8).hex()}
    return Sender(**{"channels": channels, **usual, **settings})


def send(box: World, channels: Mapping[str, AlertChannel], **settings: Any) -> deliver.Report:
    return deliver.deliver(box.database, sender(box, channels, **settings))


def rows(box: World) -> list[tuple[Any, ...]]:
    return [row[1:] for row in box.rows("deliveries", "delivery_id", *COLUMNS)]


def enqueued(world: World) -> list[Any]:
    """The payloads that were ever enqueued, oldest first."""
    with world.database.read() as connection:
        query = "SELECT payload FROM catalog_delivery ORDER BY delivery_id"
        return [json.loads(text) for text in connection.exec_driver_sql(query).scalars()]


def types(world: World) -> list[str]:
    """The types of all payloads, without their prefix."""
    return [payload["type"].removeprefix("catalog.") for payload in enqueued(world)]


def take_all(world: World, channel: str = "team") -> list[dict[str, Any]]:
    """The payloads that are pending for a channel, oldest first; acks them."""
    payloads = []
    while leased := queue.lease(world.database, channel, world.now + timedelta(days=1000), lambda: "test"):
        payloads.append(json.loads(leased.payload))
        assert queue.ack(world.database, leased, world.now)
    return payloads
