"""Days in the life of a catalog: lists that move, a network that fails, a program that is killed, copies restored.

Meanwhile its pages are read, it is published, and old records are pruned. What is true of each list is written down
as it happens, and so is what the receiver of alerts was told: both are held against each other in the end, and
against the change log.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from catalog import cli
from catalog.alerts.channels import webhook
from catalog.domain import Status
from catalog.service import deliver
from catalog.store.ingest import prune
from catalog.store.schema import invariants, tables, views
from catalog.store.schema.outbox_tables import delivery
from catalog.store.schema.tables import model, source
from tests import server as play
from tests.attacks import providers
from tests.attacks.providers import FAULT, SETTINGS, Provider, Street
from tests.attacks.victim import Victims
from tests.attacks.visitors import Visitors
from tests.server import ModelsServer, Visit
from tests.store import copying, delivering
from tests.store.copying import Safe
from tests.store.world import MINUTE, START
from tests.subscribing import team

EVENTS = ("added", "returned", "removed", "changed", "retiring")
ANSWERS = ("models", "model_history", "changes", "sources")
EVERY = 15  # minutes: as long as all runs of a round take, where each walks twice
LONGEST = 4  # minutes that a run of one source may take, with the one before it
KEPT = timedelta(hours=3)


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

    def changes(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """All that was told, and of which source, each message once."""
        for body in self.content.values():
            told = json.loads(body)
            yield from ((told["source"], change) for change in told["changes"])


@dataclass
class Soak:
    """A catalog of three lists that lives, and what is written down about it."""

    folder: Path  # with its configuration
    world: Street
    providers: Sequence[Provider]
    hook: ModelsServer
    victims: Victims
    safe: Safe
    chance: Random
    receiver: Receiver
    visitors: Visitors
    counts: Counter[str] = field(default_factory=Counter)
    committed: set[str] = field(default_factory=set)  # uids of changes that are news
    uncertain: set[str] = field(default_factory=set)  # of those, what a restoration lost or gave up
    read_to: int = 0  # the last change that was written down
    copy: Path | None = None
    wants_copy: bool = False
    excused: set[str] = field(default_factory=set)  # messages that were taken from a process that was killed
    restored_at: datetime | None = None  # what may have happened before that is not told

    @property
    def minute(self) -> float:
        return (self.world.now - START) / MINUTE

    def live(self) -> None:
        """Let a quarter of an hour pass."""
        ends = self.world.now + EVERY * MINUTE
        for each in self.providers:
            each.live(self.minute, self.known(each.name))
        with self.visitors.reading():
            for each in self.providers:
                if self.chance.random() < 0.02:
                    self.die("sync", each.name)
                else:
                    self.run(each)
            if self.chance.random() < 0.02:
                self.die("deliver", "one")
            else:
                self.deliver()
        assert self.world.now <= ends
        self.world.now = ends
        self.note_changes()
        self.tend()

    def tend(self) -> None:
        """Do now and then what people do."""
        if self.chance.random() < 0.04:
            self.restart()
        if self.chance.random() < 0.1:
            self.prune()
        if self.chance.random() < 0.05:
            self.publish()
        # A baseline of a list that lies would make the rest of it news, once more.
        if self.chance.random() < 0.1 and all(self.minute >= each.hides_until for each in self.providers):
            self.keep_or_bring_back()

    def known(self, name: str) -> list[tuple[Any, ...]]:
        """Give id, missing_since and removed_at of each model of a source."""
        rows = self.world.rows("models", "source", "id", "missing_since", "removed_at")
        return [row[1:] for row in rows if row[0] == name]

    def run(self, provider: Provider) -> None:
        before = self.sizes()
        report = self.world.sync(
            name=provider.name,
            after=1,
            subscriptions=team(*EVENTS),
            accept_removals=self.is_held(provider.name) and not provider.is_hiding,
        )
        self.counts[report.run.status.value] += 1
        if report.run.status is Status.COMPLETE and not self.world.told:
            grown = {name: size - before[name] for name, size in self.sizes().items() if size != before[name]}
            assert grown.pop("catalog_page", 0) <= report.run.pages, grown  # spelled anew
            assert grown == {"catalog_run": 1}, grown
        if self.wants_copy and self.world.told:  # something is pending then
            self.wants_copy, self.copy = False, self.safe.copy(self.world)

    def is_held(self, name: str) -> bool:
        of_it = sa.select(source.c.source_key).where(source.c.source == name).scalar_subquery()
        held = sa.select(sa.exists().where(model.c.held_run.is_not(None), model.c.source_key == of_it))
        with self.world.database.read() as connection:
            return bool(connection.scalar(held))

    def deliver(self) -> None:
        hook = webhook.open_(self.hook.url + "/hook", clock=lambda: self.world.now)
        deliver.catch_up(self.world.database, team(*EVENTS), delivering.sender(self.world, {"team": hook}))
        self.hook.requests.clear()

    def die(self, what: str, name: str) -> None:
        """Do it in a process that is killed in between, perhaps."""
        order = {"what": what, "source": name, "config": str(self.folder / "catalog.toml"), "hook": self.hook.url}
        moment = self.chance.randrange(12 if what == "deliver" else 60)
        answered = self.receiver.answered.copy()
        killed = self.victims.kill({**order, "minutes": self.minute, "moment": moment, "events": EVENTS})
        self.excused |= (self.receiver.answered - answered).keys() if killed else set()
        self.counts[f"{what} killed"] += killed
        if what == "sync":
            self.world.pass_minutes(LONGEST)

    def restart(self) -> None:
        self.world.database.close()
        fresh = providers.build(self.folder / "catalog.toml")
        fresh.now = self.world.now
        self.world = fresh
        self.counts["restarts"] += 1

    def prune(self) -> None:
        """Drop what says nothing any more: all that the catalog answers stays."""
        before = self.answers()
        pruned = prune.prune(self.world.database, older_than=KEPT, now=self.world.now, sleep=lambda _: None)
        self.counts.update({"pruned runs": pruned.runs, "pruned messages": pruned.deliveries})
        assert self.answers() == before

    def answers(self) -> list[Any]:
        """All that the catalog says, but for its lists of runs and messages."""
        return [self.world.rows(name, *views.surface.tables[name].c.keys()) for name in ANSWERS]

    def publish(self) -> None:
        site = self.folder / "site"
        assert cli.run(["-q", "publish", str(site), "--config", str(self.folder / "catalog.toml")]) == 0
        assert ids(json.loads((site / "models.json").read_text())) == self.listed()
        self.counts["publications"] += 1

    def listed(self) -> list[tuple[str, str]]:
        """Give source and id of what the catalog lists."""
        rows = self.world.rows("models", "source", "id", "removed_at")
        return sorted((name, id) for name, id, removed in rows if removed is None)

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
        copying.restore(self.world, self.copy, sources=tuple(SETTINGS))
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
        for _ in range(24):
            for each in self.providers:
                each.calm(self.minute)
                self.run(each)
            self.deliver()
            self.world.pass_minutes(EVERY)
            self.note_changes()

    def check(self) -> None:
        assert invariants.broken(self.world.database) == []
        assert invariants.unsound(self.world.database) == []
        for each in self.providers:
            unfounded = each.truth.unfounded(change for name, change in self.receiver.changes() if name == each.name)
            assert unfounded == [], (self.minute, each.name, unfounded)

    def check_end(self) -> None:
        """Hold what was told against what happened, and against the change log."""
        self.check()
        assert self.receiver.altered == []
        told = Counter(change["uid"] for _, change in self.receiver.changes())
        assert [uid for uid, often in told.items() if often > 1] == []
        assert told.keys() - self.committed == set()
        assert self.committed - self.uncertain - told.keys() == set()
        repeated = {id for id, often in self.receiver.answered.items() if often > 1}
        assert repeated - self.excused == set()
        present = sorted((each.name, id) for each in self.providers for id in each.truth.present)
        assert self.listed() == present
        assert ids(self.visitors.models()) == present
        self.publish()


def ids(models: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted((each["source"], each["id"]) for each in models)


def resident_megabytes(process: int | str = "self") -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
