"""Days in the life of a catalog: a list that moves, a network that fails, a program that is killed, copies restored.

What is true of the list is written down as it happens, and so is what the receiver of alerts was told: both are held
against each other in the end, and against the change log.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from catalog import dates
from catalog.alerts.channels import webhook
from catalog.domain import Status
from catalog.service import deliver
from catalog.store.schema import invariants, tables, views
from catalog.store.schema.outbox_tables import delivery
from tests import server as play
from tests.attacks.victim import Victims
from tests.server import ModelsServer, Visit
from tests.store import copying, delivering
from tests.store import world as worlds
from tests.store.copying import Safe
from tests.store.world import MINUTE, START, World
from tests.subscribing import team

FEWEST, FIRST, MOST = 14, 18, 40  # models: one that leaves is no mass loss
EVENTS = ("added", "returned", "removed", "changed", "retiring")
FAULT = 0.1
EVERY = 5  # minutes


@dataclass
class Receiver:
    """Takes messages, but for a tenth: of those it takes half without saying so."""

    chance: Random
    is_faulty: bool = True
    answered: Counter[str] = field(default_factory=Counter)
    content: dict[str, bytes] = field(default_factory=dict)
    altered: list[str] = field(default_factory=list)

    def take(self, visit: Visit) -> None:
        fails, silent = self.is_faulty and self.chance.random() < FAULT, self.chance.random() < 0.5
        if fails and not silent:
            play.error(500)(visit)
            return
        id, body = visit.seen.headers["webhook-id"], visit.seen.body
        if self.content.setdefault(id, body) != body:
            self.altered.append(id)
        if fails:
            play.reset(visit)
            return
        self.answered[id] += 1
        visit.send(204, b"")

    def changes(self) -> Iterator[dict[str, Any]]:
        """All that was told, each message once."""
        for body in self.content.values():
            yield from json.loads(body)["changes"]


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Something that really happened to a model."""

    minute: float
    kind: str
    model: str
    value: str | None = None


@dataclass
class Truth:
    """What the list holds, and all that ever happened to it."""

    chance: Random
    present: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: dict[str, dict[str, Any]] = field(default_factory=dict)
    happened: list[Happening] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()
    count: int = 0

    def live(self, minute: float, hidden: frozenset[str]) -> None:
        """Let something happen, or nothing; what is hidden stays."""
        self.hidden = hidden
        for chance, act in ((0.06, self.appear), (0.06, self.leave), (0.05, self.come_back), (0.12, self.change)):
            if self.chance.random() < chance:
                act(minute)

    def appear(self, minute: float) -> None:
        if len(self.present) == MOST:
            return
        self.count += 1
        model = f"m{self.count}"
        day = self.chance.randrange(2, 120)
        retires = dates.to_text(START + minute * MINUTE + day * 1440 * MINUTE) if day % 3 == 0 else None
        self.present[model] = {"display_name": model, "retires_at": retires}
        self.happened.append(Happening(minute=minute, kind="added", model=model))

    def leave(self, minute: float) -> None:
        if len(self.present) > FEWEST:
            model = self.chance.choice(sorted(self.present.keys() - self.hidden))
            self.gone[model] = self.present.pop(model)
            self.happened.append(Happening(minute=minute, kind="removed", model=model))

    def come_back(self, minute: float) -> None:
        if self.gone:
            model = self.chance.choice(sorted(self.gone))
            self.present[model] = self.gone.pop(model)
            self.happened.append(Happening(minute=minute, kind="returned", model=model))

    def change(self, minute: float) -> None:
        model = self.chance.choice(sorted(self.present))
        name = f"{model} as of {minute}"
        self.present[model] = self.present[model] | {"display_name": name}
        self.happened.append(Happening(minute=minute, kind="changed", model=model, value=json.dumps(name)))

    def listing(self) -> list[Any]:
        return [play.model(model, **fields) for model, fields in self.present.items()]

    def unfounded(self, told: Iterator[dict[str, Any]]) -> list[tuple[str, str]]:
        """Name what was told and never happened then, or was told of the same happening before."""
        left: dict[tuple[str, str, str | None], list[float]] = {}
        for each in self.happened:
            left.setdefault((_meant(each.kind), each.model, each.value), []).append(each.minute)
        wrong = []
        for change in sorted(told, key=lambda change: str(change["observed_at"])):
            value = json.dumps(change["new_value"]) if change["kind"] == "changed" else None
            minutes = left.get((_meant(change["kind"]), change["model_id"], value), [])
            until, after = _minute(change["observed_at"]), _minute(change["not_before"] or "2025-01-01T00:00:00Z")
            fitting = [minute for minute in minutes if after < minute <= until]
            if fitting:
                minutes.remove(fitting[0])
            else:
                wrong.append((change["kind"], change["model_id"]))
        return wrong


def _meant(kind: str) -> str:
    """What returns was added for a catalog that never saw it: between two runs that failed, or before a copy."""
    return "added" if kind == "returned" else kind


def _minute(text: str) -> float:
    return (dates.from_text(dates.to_text(dates.moment(text, START).at)) - START) / MINUTE


@dataclass
class Soak:
    """A catalog that lives, and what is written down about it."""

    world: World
    hook: ModelsServer
    victims: Victims
    safe: Safe
    chance: Random
    truth: Truth
    receiver: Receiver
    counts: Counter[str] = field(default_factory=Counter)
    committed: set[str] = field(default_factory=set)  # uids of changes that are news
    uncertain: set[str] = field(default_factory=set)  # of those, what a restoration lost or gave up
    read_to: int = 0  # the last change that was written down
    copy: Path | None = None
    wants_copy: bool = False
    excused: set[str] = field(default_factory=set)  # messages that were taken from a process that was killed
    restored_at: datetime | None = None  # what may have happened before that is not told
    bad_until: float = 0.0  # the models list does not answer
    hides_until: float = 0.0  # or lacks most models
    hidden: frozenset[str] = frozenset()  # those

    @property
    def minute(self) -> float:
        return (self.world.now - START) / MINUTE

    def live(self) -> None:
        """Let five minutes pass."""
        missing = {id for id, since in self.world.rows("models", "id", "missing_since") if since is not None}
        hidden = self.hidden if self.minute < self.hides_until else frozenset()
        self.truth.live(self.minute + 1, hidden | missing)  # what left unseen after a lie would be dated to the lie
        self.disturb()
        self.list_models()
        roll = self.chance.random()
        if roll < 0.04:
            self.die("sync" if roll < 0.02 else "deliver")
        else:
            self.run()
        self.note_changes()
        if self.chance.random() < 0.04:
            self.restart()
        # A baseline of a list that lies would make the rest of it news, once more.
        if self.chance.random() < 0.03 and self.minute >= self.hides_until:
            self.keep_or_bring_back()

    def disturb(self) -> None:
        if self.chance.random() < 0.01:
            self.bad_until = self.minute + self.chance.randrange(10, 120)
        if self.chance.random() < 0.01 and self.minute >= self.hides_until:
            self.hide()

    def hide(self) -> None:
        """Let the list lack most models for a while: too many for the guard."""
        rows = self.world.rows("models", "id", "removed_at", "missing_since")
        seen = {id for id, *lacks in rows if lacks == [None, None]}
        known = [id for id in self.truth.present if id in seen]  # the time of others would be the lie's
        if len(known) > 0.9 * len(self.truth.present):
            self.hidden = frozenset(known[len(known) // 3 :])
            self.hides_until = self.minute + self.chance.randrange(10, 120)

    def list_models(self) -> None:
        hidden = self.hidden if self.minute < self.hides_until else frozenset()
        self.world.server.models = [model for model in self.truth.listing() if model["id"] not in hidden]
        down = self.minute < self.bad_until or self.chance.random() < FAULT
        self.world.server.always = play.error(500) if down else play.honest
        self.world.server.requests.clear()
        self.hook.requests.clear()

    def run(self) -> None:
        before = self.sizes()
        hides = self.minute < self.hides_until
        report = self.world.sync(
            after=EVERY - 1, subscriptions=team(*EVENTS), accept_removals=self.is_held() and not hides
        )
        self.counts[report.run.status.value] += 1
        if report.run.status is Status.COMPLETE and not self.world.told:
            grown = {name: size - before[name] for name, size in self.sizes().items() if size != before[name]}
            assert grown == {"catalog_run": 1}
        if self.wants_copy and self.world.told:  # something is pending then
            self.wants_copy, self.copy = False, self.safe.copy(self.world)
        self.deliver()

    def is_held(self) -> bool:
        held = sa.select(sa.exists().where(tables.model.c.held_run.is_not(None)))
        with self.world.database.read() as connection:
            return bool(connection.scalar(held))

    def deliver(self) -> None:
        hook = webhook.open_(self.hook.url + "/hook", clock=lambda: self.world.now)
        deliver.catch_up(self.world.database, team(*EVENTS), delivering.sender(self.world, {"team": hook}))

    def die(self, what: str) -> None:
        """Do it in a process that is killed in between, perhaps."""
        order = {"what": what, "url": self.world.url, "address": self.world.server.url, "hook": self.hook.url}
        moment = self.chance.randrange(12 if what == "deliver" else 60)
        answered = self.receiver.answered.copy()
        killed = self.victims.kill({**order, "minutes": self.minute, "moment": moment, "events": EVENTS})
        self.excused |= (self.receiver.answered - answered).keys() if killed else set()
        self.counts[f"{what} killed"] += killed
        self.world.pass_minutes(EVERY)

    def restart(self) -> None:
        self.world.database.close()
        fresh = worlds.build(self.world.server, self.world.url)
        fresh.now = self.world.now
        self.world = fresh
        self.counts["restarts"] += 1

    def keep_or_bring_back(self) -> None:
        if self.copy is None:
            self.wants_copy = True
            return
        place = self.world.database.path
        if place and self.chance.random() < 0.5:  # the file is lost
            self.restart()
            for end in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    place.with_name(f"{place.name}{end}").unlink()
        copying.restore(self.world, self.copy)
        self.copy.unlink()
        self.copy = None
        self.counts["restorations"] += 1
        self.note_restoration()

    # What is written down

    def sizes(self) -> dict[str, int]:
        count = sa.select(sa.func.count())
        with self.world.database.read() as connection:
            found = tables.metadata.sorted_tables
            return {table.name: connection.scalar(count.select_from(table)) or 0 for table in found}

    def note_changes(self) -> None:
        self.committed |= self.read_changes()

    def read_changes(self) -> set[str]:
        """Read on in the log; give what is news."""
        view = views.changes.c
        wanted = sa.select(view.change_id, view.uid, view.baseline, view.not_before)
        with self.world.database.read() as connection:
            rows = connection.execute(wanted.where(view.change_id > self.read_to)).all()
        self.read_to = max([self.read_to, *(row.change_id for row in rows)])
        news = [row for row in rows if not row.baseline]
        self.uncertain |= {row.uid for row in news if self.restored_at and row.not_before < self.restored_at}
        return {row.uid for row in news}

    def note_restoration(self) -> None:
        self.read_to, self.restored_at = 0, None
        self.uncertain |= self.committed - self.read_changes()
        self.restored_at = self.world.now
        with self.world.database.read() as connection:
            dead = connection.scalars(sa.select(delivery.c.payload).where(delivery.c.status == "dead"))
            self.uncertain |= {change["uid"] for payload in dead for change in json.loads(payload)["changes"]}

    def calm_down(self) -> None:
        """Let everything that waits come to its end."""
        self.receiver.is_faulty = False
        self.bad_until = self.hides_until = 0.0
        for _ in range(24):
            self.world.server.models = self.truth.listing()
            self.world.server.always = play.honest
            self.run()
            self.note_changes()

    def check(self) -> None:
        assert invariants.broken(self.world.database) == []
        assert invariants.unsound(self.world.database) == []

    def check_end(self) -> None:
        """Hold what was told against what happened, and against the change log."""
        self.check()
        assert self.receiver.altered == []
        told = Counter(change["uid"] for change in self.receiver.changes())
        assert [uid for uid, often in told.items() if often > 1] == []
        assert told.keys() - self.committed == set()
        assert self.committed - self.uncertain - told.keys() == set()
        unfounded = self.truth.unfounded(self.receiver.changes())
        assert unfounded == [], unfounded
        repeated = {id for id, often in self.receiver.answered.items() if often > 1}
        assert repeated - self.excused == set()
        listed = {id for id, gone in self.world.rows("models", "id", "removed_at") if gone is None}
        assert listed == set(self.truth.present)


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
