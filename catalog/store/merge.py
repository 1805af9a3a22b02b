"""A sealed walk and the current rows become new rows, history and changes, inside one transaction of the caller's.

The order of statements matters: changes are written while the old rows still stand, then states are closed, then rows
are brought up to date. Keys are given out by counting on from the highest, which the write transaction makes safe.
"""

from array import array
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from catalog import dates
from catalog.domain import FIELDS, Identity, Kind, Policy, Scope, Status
from catalog.errors import ListingError
from catalog.store import changelog, judgement, runs
from catalog.store.absences import Absences
from catalog.store.judgement import Evidence, Judgement
from catalog.store.runs import TICK, OpenRun
from catalog.store.schema import model, page, run, shape, source, state
from catalog.store.staging import SealedWalk, staged, staged_change, staged_page, staged_shape, staged_silence

_CLOCK_SLACK = timedelta(minutes=1)  # clocks of several hosts differ that much without anybody's fault


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """How the caller wants a walk merged."""

    scope: Scope
    policy: Policy
    walked_at: datetime
    now: datetime
    accept_removals: bool = False
    accept_scope: bool = False


def apply(connection: sa.Connection, opened: OpenRun, walk: SealedWalk, request: Request) -> Status:
    """Merge a walk and close its run; give how it ended. The caller's transaction makes it all or nothing.

    A run that another one overtook changes nothing (`superseded`). Raises ListingError when the first list ever is
    empty, DatabaseError when a copy took the catalog's place.
    """
    before = _source(connection, opened)
    if before.generation != opened.generation or not _still_mine(connection, opened):
        runs.supersede(connection, opened, request.now)
        return Status.SUPERSEDED
    merge = _Merge(connection, opened, walk, request, before)
    return merge.all()


def _source(connection: sa.Connection, opened: OpenRun) -> sa.Row[Any]:
    mine = sa.select(source).where(source.c.source_key == opened.source_key)
    row = connection.execute(mine.with_for_update()).first()
    if row is None:
        raise runs.replaced()
    return row


def _still_mine(connection: sa.Connection, opened: OpenRun) -> bool:
    return connection.scalar(sa.select(run.c.status).where(runs.same(opened))) == Status.RUNNING


class _Merge:
    """One merge; each method is one step of it."""

    def __init__(
        self, connection: sa.Connection, opened: OpenRun, walk: SealedWalk, request: Request, before: sa.Row[Any]
    ) -> None:
        self.connection = connection
        self.run_id = opened.run_id
        self.opened = opened
        self.walk = walk
        self.tally = walk.tally
        self.request = request
        self.before = before
        self.last_whole_run = before.last_whole_run or 0
        self.new_base = 0
        self.walked_at = self.walk_end()
        self.absences = Absences(
            connection=connection,
            run_id=opened.run_id,
            source_key=opened.source_key,
            seen=walk.tally.seen,
            last_whole_run=self.last_whole_run,
            absence_run=before.absence_run or 0,
        )
        everybody_there = walk.tally.present == before.models_listed
        self.absent_count, self.held_count = (0, 0) if everybody_there else self.absences.count()

    def all(self) -> Status:
        judged = self.judge()
        counts = {"added": 0, "returned": 0, "changed": 0, "removed": 0, "missing": 0}
        if self.tally.staged:
            counts |= self.record_staged(judged)
        moved = self.absences.note_found()
        if self.walk.proves_absence and self.absent_count:
            moved += self.record_absences(judged, counts)
        if moved or self.tally.staged:
            self.remember_pages()
        self.close(judged, counts)
        return judged.status

    def record_absences(self, judged: Judgement, counts: dict[str, int]) -> int:
        """Fill in the counts; give how many models moved: from listed to missing, or from missing to removed."""
        missed_until = self.walked_at - self.request.policy.confirm_after
        counts["removed"], fresh = self.absences.record(judged, missed_until=missed_until)
        counts["missing"] = self.absent_count - counts["removed"]
        return counts["removed"] + fresh

    # What it is worth

    def judge(self) -> Judgement:
        if self.walk.proves_absence and not self.tally.listed and not self.last_whole_run:
            hint = "an empty list is no baseline; check the key's rights and the source's lifecycle and workspace"
            raise ListingError("the list is empty, and no whole list was ever seen before", hint=hint)
        evidence = Evidence(
            whole=self.walk.proves_absence,
            first=not self.last_whole_run,
            scope_changed=self.scope_differs(),
            identity_changed=not judgement.same_identity(self.recorded_identity(), self.walk.outcome.identity),
            listed_before=self.before.models_listed,
            absent=self.absent_count,
            absent_held=self.held_count,
            accept_removals=self.request.accept_removals,
            accept_scope=self.request.accept_scope,
        )
        return judgement.judge(evidence, self.request.policy)

    def scope_differs(self) -> bool:
        recorded = self.before.scope
        now = self.request.scope.text(self.identity())
        return recorded is not None and runs.configured_part(recorded) != runs.configured_part(now)

    def recorded_identity(self) -> Identity:
        return runs.identity_part(self.before.scope) if self.before.scope else Identity()

    def identity(self) -> Identity:
        """What the answers name, and where they are silent, what they named before."""
        now, old = self.walk.outcome.identity, self.recorded_identity()
        return Identity(organization=now.organization or old.organization, workspace=now.workspace or old.workspace)

    # Found: new, changed, returned

    def record_staged(self, judged: Judgement) -> dict[str, int]:
        # What proves that a model was not there: the last whole walk by the same asker.
        absence = sa.literal(None if judged.baseline else self.before.absence_run, sa.Integer)
        self.insert_shapes()
        added = self.insert_new(absence) if self.tally.new else 0
        returned, changed = self.record_known(absence) if self.tally.staged > self.tally.new else (0, 0)
        return {"added": added, "returned": returned, "changed": changed}

    def insert_shapes(self) -> None:
        missing = ~sa.exists().where(shape.c.digest == staged_shape.c.digest)
        fresh = sa.select(staged_shape).where(missing).distinct().subquery()
        number = sa.func.row_number().over(order_by=fresh.c.digest) + changelog.highest(
            self.connection, shape.c.shape_key
        )
        rows = sa.select(number, fresh.c.digest, fresh.c.body)
        self.connection.execute(shape.insert().from_select(["shape_key", "digest", "body"], rows))

    def insert_new(self, absence: sa.ColumnElement[Any]) -> int:
        base = self.new_base = changelog.highest(self.connection, model.c.model_key)
        key = staged.c.number + base
        values: dict[str, Any] = {
            "model_key": key,
            "source_key": sa.literal(self.opened.source_key),
            "id": staged.c.id,
            **self.staged_state(),
            "valid_from_run": sa.literal(self.run_id),
            "first_seen_run": sa.literal(self.run_id),
            "seen_run": sa.literal(self.run_id),
        }
        rows = sa.select(*(value.label(name) for name, value in values.items())).select_from(self.staged_shapes())
        rows = rows.where(staged.c.model_key.is_(None)).order_by(staged.c.position)
        self.connection.execute(model.insert().from_select(list(values), rows))
        # New models are numbered already; a window over a million of them would be sorted and held.
        keys = sa.select(key.label("model_key"), staged.c.number).where(staged.c.model_key.is_(None)).subquery()
        changelog.append(self.connection, self.run_id, Kind.ADDED, keys, number=keys.c.number, proof=absence)
        return self.tally.new

    def record_known(self, absence: sa.ColumnElement[Any]) -> tuple[int, int]:
        known = model.join(staged, staged.c.model_key == model.c.model_key)
        gone = model.c.removed_run.is_not(None)
        returned = sa.select(model.c.model_key).select_from(known).where(gone)
        count = self.connection.scalar(sa.select(sa.func.count()).select_from(returned.subquery())) or 0
        if count:
            changelog.append(self.connection, self.run_id, Kind.RETURNED, returned.subquery(), proof=absence)
        self.log_fields()
        self.note_silences()
        self.close_states(known)
        self.renew_states()
        changed = sa.select(sa.func.count(staged_change.c.model_key.distinct()))
        return count, self.connection.scalar(changed) or 0

    def proof(self) -> sa.ColumnElement[int]:
        """The last run that proves all of a model's state, as it was before this one."""
        last_listed = runs.later(model.c.seen_run, model.c.valid_from_run)
        lacking = model.c.missing_run.is_not(None) | model.c.removed_run.is_not(None)
        listed = sa.case((lacking, last_listed), else_=runs.later(last_listed, sa.literal(self.last_whole_run)))
        return sa.func.coalesce(model.c.silent_run, listed)

    def log_fields(self) -> None:
        found = staged_change.join(model, model.c.model_key == staged_change.c.model_key)
        fields = sa.select(staged_change, self.proof().label("proof")).select_from(found).subquery()
        changelog.append_fields(self.connection, self.run_id, fields, proof=fields.c.proof)

    def note_silences(self) -> None:
        proof = sa.case((staged_silence.c.silent, self.proof()))
        noted = model.update().where(model.c.model_key == staged_silence.c.model_key)
        self.connection.execute(noted.values(silent_run=proof))

    def close_states(self, known: sa.Join) -> None:
        kept = [model.c[name] for name in ("model_key", "valid_from_run", *FIELDS, "own", "shape_key")]
        end = sa.func.coalesce(model.c.removed_run, self.run_id)
        rows = sa.select(*kept, end).select_from(known)
        self.connection.execute(state.insert().from_select([*(column.name for column in kept), "valid_to_run"], rows))

    def renew_states(self) -> None:
        """Returned models begin anew; of changed ones only the state does, and whether they were missing comes next."""
        returns = model.c.removed_run.is_not(None)
        shape_key = sa.select(shape.c.shape_key).where(shape.c.digest == staged.c.shape).scalar_subquery()
        values = {name: column for name, column in self.staged_state().items() if name != "shape_key"}
        renewed = model.update().where(model.c.model_key == staged.c.model_key)
        self.connection.execute(
            renewed.values(
                **values,
                shape_key=shape_key,
                valid_from_run=self.run_id,
                seen_run=sa.case((returns, self.run_id), else_=model.c.seen_run),
                removed_run=None,
            )
        )

    # Pages and the run

    def remember_pages(self) -> None:
        mine = page.c.source_key == self.opened.source_key
        self.connection.execute(page.delete().where(mine))
        for rows in self.connection.execute(sa.select(staged_page)).partitions(100):
            self.connection.execute(page.insert(), list(map(self.page_row, rows)))

    def page_row(self, row: sa.Row[Any]) -> dict[str, Any]:
        first = self.new_base + row.first_number if row.new else 0
        keys = array("I", row.known) + array("I", range(first, first + row.new))
        named = {"digest": row.digest, "last_id": row.last_id, "has_more": row.has_more}
        return {"source_key": self.opened.source_key, "model_keys": keys.tobytes(), **named}

    def walk_end(self) -> datetime:
        last = runs.merged_walk_end(self.connection, self.opened.source_key, self.opened.generation)
        after = self.opened.started_at if last is None else max(self.opened.started_at, last + TICK)
        return max(self.request.walked_at, after)

    def close(self, judged: Judgement, counts: dict[str, int]) -> None:
        whole = self.walk.proves_absence
        walked_at = self.walked_at
        odd = (self.unreadable(), self.behind(walked_at), self.restored())
        words = [judged.reason, *self.walk.outcome.warnings, *odd]
        mine = run.update().where(run.c.run_id == self.run_id)
        self.connection.execute(
            mine.values(
                status=judged.status,
                generation=self.opened.generation + 1,
                baseline=judged.baseline,
                whole=whole,
                walked_at=walked_at,
                finished_at=runs.next_record_time(self.connection, max(self.request.now, walked_at)),
                scope=self.request.scope.text(self.walk.outcome.identity),
                pages=self.walk.outcome.pages,
                models_seen=self.tally.listed,
                error="; ".join(filter(None, words)) or None,
                **counts,
            )
        )
        self.advance(judged, counts)

    def unreadable(self) -> str:
        count = self.tally.unreadable
        if not count:
            return ""
        return f"{count:,} field{'s' if count > 1 else ''} could not be read; the last good value stays"

    def behind(self, walked_at: datetime) -> str:
        late = walked_at - self.request.walked_at
        if late <= _CLOCK_SLACK:
            return ""
        return f"the clock is {dates.age(late)} behind the last run: this one is dated right after it"

    def restored(self) -> str:
        words = "the catalog was restored from a copy: what differs since then is no news"
        return words if runs.is_restored(self.before.scope) else ""

    def advance(self, judged: Judgement, counts: dict[str, int]) -> None:
        values: dict[str, Any] = {
            "generation": self.opened.generation + 1,
            "models_listed": self.before.models_listed + counts["added"] + counts["returned"] - counts["removed"],
        }
        if self.walk.proves_absence:
            values["last_whole_run"] = self.run_id
            if not judged.stranger:
                values |= {"absence_run": self.run_id, "scope": self.request.scope.text(self.identity())}
        mine = source.c.source_key == self.opened.source_key
        self.connection.execute(source.update().where(mine).values(**values))

    # Parts of statements

    def staged_state(self) -> dict[str, sa.ColumnElement[Any]]:
        columns = {name: staged.c[name] for name in (*FIELDS, "own", "digest")}
        return {**columns, "shape_key": shape.c.shape_key}

    def staged_shapes(self) -> sa.Join:
        return staged.outerjoin(shape, shape.c.digest == staged.c.shape)
