"""Records answers of the past as runs of a source, oldest first, each at its own time. No channel is told."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum

from catalog import dates
from catalog.domain import Missing, Origin, Policy, Scope, Status
from catalog.errors import CatalogError, ConfigError, DatabaseError, Exit, ListingError
from catalog.service import sync
from catalog.service.looks import Look
from catalog.settings import SourceSettings
from catalog.store.engine import locks
from catalog.store.engine.database import Connection, Database
from catalog.store.ingest import merge, runs, staging
from catalog.store.ingest.runs import OpenRun
from catalog.store.ingest.staging import Staging
from catalog.store.queries import past, run_report
from catalog.store.queries.past import Past
from catalog.store.schema import preconditions
from catalog.store.schema.preconditions import Need
from catalog.upstream.recorded import RecordedClient
from catalog.upstream.walking import walk

AWAY = timedelta(days=7)  # after which a held model is accepted as gone, where removals are accepted
_TICK = timedelta(microseconds=1)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_RECORDED = "recorded"  # in the scope: how the answers were asked for is not known


class BusyError(CatalogError):
    """Another run of the source is active, or was merged meanwhile."""

    exit_code = Exit.BUSY


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the caller wants of one backfill."""

    accept_removals: bool = False
    same_scope: bool = False  # the answers were asked for as the source is configured now
    configured: Sequence[str] = ()  # names of all sources of the configuration
    on_look: Callable[[int, int, Look], object] = lambda _done, _of, _look: None  # called before each new look


class Waits(Enum):
    """What the models that are held at the end of the record wait for."""

    ACCEPTANCE = "they stayed away to the end of the record"
    SECOND_LOOK = "only the last whole look lacks them, and a removal takes two"
    WHOLE_LOOK = "the last look that was recorded does not show the whole list for certain"
    SAME_LOOKS = "the last look that was recorded is not among these files"


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """What a backfill did. Its runs are those of the source after `last_run_before`."""

    looks: int  # recorded now
    known: int  # recorded before
    last_run_before: int
    held: tuple[Missing, ...]
    waits: Waits | None = None  # what the held ones wait for; None: none is held
    judged_again: Look | None = None  # the last look, to remove what was held: that run is no look of its own


def fill(database: Database, source: SourceSettings, looks: Sequence[Look], wish: Wish) -> Filled:
    """Record looks that are not recorded yet, in the order of time; each of them whole, or not at all.

    The schema must be at head. Raises ConfigError when the source was read live, or when a look is older than those
    recorded before; BusyError when a run of the source is active. What was recorded until then stays.
    """
    preconditions.demand_file(database)
    with locks.hold(database, source.name) as mine:
        if not mine:
            raise BusyError(f"a run of {source.name} is active", hint="try again when it has ended")
        with database.write() as connection:
            preconditions.demand(database, connection, Need.WRITE)
            before = past.of(connection, source.name)
        new = _new(looks, before, source.name)
        with _filling(database, source, wish) as filling:
            for done, look in enumerate(new):
                wish.on_look(done, len(new), look)
                filling.record(look)
            last = filling.accept_held(looks) if wish.accept_removals else None
        with database.read() as connection:
            missing = run_report.missing(connection, source.name, sync.policy_of(source), limit=None)
            held = tuple(each for each in missing if each.held)
            return Filled(
                looks=len(new),
                known=len(looks) - len(new),
                last_run_before=before.last_run,
                held=held,
                waits=_waits(connection, source.name, looks, held) if held else None,
                judged_again=last,
            )


def _new(looks: Sequence[Look], before: Past, name: str) -> Sequence[Look]:
    """Give the looks that are not recorded. Raises ConfigError when they cannot be added to what is."""
    if before.closed_by is not None:
        words = f"the past of {name} is closed: its list was read live, by run {before.closed_by}"
        raise ConfigError(words, hint="backfill a source before its first sync, or one of another name")
    if before.last is None:
        return looks
    new = [look for look in looks if look.begin > before.last]
    early = next((look for look in looks if look.begin <= before.last and look.begin not in before.begins), None)
    if early is not None and not before.pruned:
        words = (
            f"{early.name} is of {dates.short(early.begin)}, and what is recorded goes on to {dates.short(before.last)}"
        )
        raise ConfigError(
            words, hint="the past is recorded in the order of time: backfill all of it into another source"
        )
    return new


def _waits(connection: Connection, name: str, looks: Sequence[Look], held: Sequence[Missing]) -> Waits:
    """Say what would help, where some models are held."""
    known = past.of(connection, name)
    if known.last_whole is None:
        return Waits.WHOLE_LOOK
    if all(each.missing_since >= known.last_whole for each in held):
        return Waits.SECOND_LOOK
    is_given = any(look.begin == known.last_whole for look in looks)
    return Waits.ACCEPTANCE if is_given else Waits.SAME_LOOKS


@contextmanager
def _filling(database: Database, source: SourceSettings, wish: Wish) -> Iterator["_Filling"]:
    """Give what records looks, one after the other, by one staging: to make its tables takes longer than a look."""
    own = sync.scope_of(source)
    scope = own if wish.same_scope else replace(own, layout={**own.layout, _RECORDED: True})
    with database.rehearse() as connection:
        key = runs.source_key(connection, source.name, scope)
        generation = runs.begin(connection, key, scope, _EARLIEST).generation
    with closing(RecordedClient(source)) as client, staging.open_(database, key) as stage:
        yield _Filling(
            database=database,
            source=source,
            wish=wish,
            client=client,
            stage=stage,
            scope=scope,
            key=key,
            generation=generation,
        )


@dataclass(kw_only=True, slots=True)
class _Filling:
    """What all looks of one backfill share."""

    database: Database
    source: SourceSettings
    wish: Wish
    client: RecordedClient
    stage: Staging
    scope: Scope
    key: int  # of the source, which need not be there yet
    generation: int  # of the source
    is_noted: bool = False  # which sources are configured

    def record(self, look: Look) -> None:
        """Record one look, with its own time as that of its run: merged as any other walk, or failed."""
        self.client.take(look.read, look.begin)
        self._walk(look, sync.policy_of(self.source), look.end - AWAY if self.wish.accept_removals else None)

    def accept_held(self, looks: Sequence[Look]) -> Look | None:
        """Remove what is held and stayed away to the end: the last look is judged once more, in a run of its own.

        It must be whole and the last that was merged. What it alone lacks still waits: it is no second witness. The run
        has the time of that look, and is over a tick after it, also where failed looks came since: it is no later one.
        """
        with self.database.read() as connection:
            known = past.of(connection, self.source.name)
            last = next((look for look in looks if look.begin == known.last_whole), None)
            if last is None:
                return None
            before = last.begin - _TICK
            if not past.has_long_held(connection, self.source.name, before):
                return None
        again = replace(last, end=last.end + _TICK)
        policy = sync.policy_of(self.source)
        policy = replace(policy, confirm_after=max(policy.confirm_after, again.end - before))
        self.client.take(last.read, last.begin)
        self._walk(again, policy, before, f"the look of {dates.short(last.begin)}, judged again: removals are accepted")
        return last

    def _walk(self, look: Look, policy: Policy, accepted: datetime | None, remark: str = "") -> None:
        """Walk a look and record its run in one transaction; what a kill leaves behind is the look before."""
        request = merge.Request(
            scope=self.scope, policy=policy, walked_at=look.end, now=look.end, accept_missed_by=accepted
        )
        try:
            self.stage.restart()
            outcome = walk.walk(self.client, self.stage)
            told = replace(outcome, warnings=(*outcome.warnings, remark)) if remark else outcome
            sealed = self.stage.seal(told)
            with self.stage.merging("write") as connection:
                status = merge.apply(connection, self._begin(connection, look.begin), sealed, request)
        except ListingError as failure:
            with self.database.write() as connection:
                opened, words = self._begin(connection, look.begin), f"{look.name}: {failure.message}"
                runs.close(connection, opened, Status.FAILED, look.end, error=words, failure=failure.failure)
            return
        if status is Status.SUPERSEDED:
            raise BusyError(f"another run of {self.source.name} was merged meanwhile", hint="run it again")
        self.generation, self.is_noted = self.generation + 1, True

    def _begin(self, connection: Connection, at: datetime) -> OpenRun:
        """Open a run in the transaction that ends it, with the generation that its walk was compared with."""
        name = self.source.name
        key = runs.source_key(connection, name, self.scope)
        if not self.is_noted:
            runs.mark_configured(connection, {name, *self.wish.configured})
        opened = runs.begin(connection, key, self.scope, at, Origin.BACKFILL)
        if key != self.key:
            raise DatabaseError("another source was added meanwhile; nothing was recorded", hint="run it again")
        return replace(opened, generation=self.generation)
