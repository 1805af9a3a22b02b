"""Writes which models are missing, held, removed or found again. Only `merge` calls it, with a sealed walk."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catalog.domain import Kind
from catalog.store.ingest import changelog, runs
from catalog.store.ingest.guard import Decision
from catalog.store.schema.tables import model, run

_LISTED, _LACKED = sa.literal(b"\x01", sa.LargeBinary), sa.literal(b"\x00", sa.LargeBinary)


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """How many of the models that were listed before a walk lacks."""

    models: int
    held: int  # of `models`: held since an earlier walk
    accepted: int  # of `held`: a person accepts that they are gone


@dataclass(frozen=True, kw_only=True, slots=True)
class Absences:
    """The absences of one walk, in the merge's transaction.

    `seen` has a byte per model key: 1 where the walk listed it; `together` the same of all accepted identities.
    """

    connection: sa.Connection
    run_id: int
    source_key: int
    seen: bytes
    together: bytes
    last_whole_run: int | None  # before this one, by an accepted identity
    several: bool  # more than one identity answered so far: what one lacks, another may list

    def count(self, accept_missed_by: datetime | None) -> Absent:
        """Count the models that were listed before and are absent now."""
        accepted = sa.func.count().filter(self._accepted(accept_missed_by))
        counts = sa.select(sa.func.count(), sa.func.count(model.c.held_run), accepted).where(*self._absent())
        models, held, long = self.connection.execute(counts).one()
        return Absent(models=models, held=held, accepted=long)

    def note_found(self) -> None:
        """Clear the marks of missing models that are listed again; an unclean walk will do, for presence is a fact."""
        missing = sa.exists().where(self._mine(), model.c.missing_run.is_not(None))
        if not self.connection.scalar(sa.select(missing)):
            return
        listed = self._mark(self.seen) == _LISTED
        found = model.update().where(self._mine(), model.c.missing_run.is_not(None), listed)
        values = {"missing_run": None, "held_run": None, "seen_run": self.run_id}
        self.connection.execute(found.values(**values))

    def note_lacked(self) -> None:
        """Mark models that a whole walk lacks and only another identity lists: their state is not proved by it."""
        if not self.several:
            return
        listed = self._mark(self.seen) == _LISTED
        again = model.update().where(self._mine(), model.c.lacked_run.is_not(None), listed)
        elsewhere = sa.and_(self._mark(self.seen) == _LACKED, self._mark(self.together) == _LISTED)
        present = model.c.removed_run.is_(None) & model.c.missing_run.is_(None)
        lacked = model.update().where(self._mine(), present, model.c.lacked_run.is_(None), elsewhere)
        self.connection.execute(again.values(lacked_run=None))
        self.connection.execute(lacked.values(lacked_run=self.run_id, seen_run=self._seen()))

    def record(
        self, judged: Decision, *, missed_until: datetime, accept_missed_by: datetime | None, since: int | None
    ) -> int:
        """Remove absent models, mark the others as missing, or hold all, as was decided; give how many were removed.

        A model is removed when a walk that ended by `missed_until` lacked it, and each whole walk since did; a held one
        when one that ended by `accept_missed_by` lacked it. `since` is the run that made the baseline: models missing
        from before it count as missing from this walk on.
        """
        before = model.c.missing_run < sa.literal(since, sa.Integer)  # with None, true of no model
        earlier = model.update().where(*self._absent(), before)
        self.connection.execute(earlier.values(missing_run=self.run_id, held_run=None))
        removed = self._remove(judged, missed_until, accept_missed_by)
        fresh = model.update().where(*self._absent(), model.c.missing_run.is_(None))
        self.connection.execute(fresh.values(missing_run=self.run_id, seen_run=self._seen(), lacked_run=None))
        if judged.hold:
            waiting = model.update().where(*self._absent(), model.c.held_run.is_(None))
            self.connection.execute(waiting.values(held_run=self.run_id))
        return removed

    def forget_held(self) -> None:
        """Hold nothing any more: a new view of the list begins."""
        held = model.update().where(self._mine(), model.c.held_run.is_not(None))
        self.connection.execute(held.values(held_run=None))

    def _remove(self, judged: Decision, missed_until: datetime, accept_missed_by: datetime | None) -> int:
        ordinary = model.c.held_run.is_(None) & self._missed_by(missed_until) & (not judged.hold)
        confirmed = ordinary | self._accepted(accept_missed_by)
        gone = sa.and_(*self._absent(), model.c.missing_run.is_not(None), confirmed)
        last_listed = runs.later(model.c.seen_run, model.c.valid_from_run)
        rows = sa.select(model.c.model_key, model.c.missing_run, last_listed).where(gone).subquery()
        changelog.append(self.connection, self.run_id, Kind.REMOVED, rows, proof=rows.c[2], observed=rows.c.missing_run)
        values = {"removed_run": model.c.missing_run, "missing_run": None, "held_run": None, "lacked_run": None}
        return self.connection.execute(model.update().where(gone).values(**values)).rowcount

    def _accepted(self, missed_by: datetime | None) -> sa.ColumnElement[bool]:
        if missed_by is None:
            return sa.false()
        return model.c.held_run.is_not(None) & self._missed_by(missed_by)

    def _missed_by(self, moment: datetime) -> sa.ColumnElement[bool]:
        ended = sa.select(run.c.run_id).where(run.c.source_key == self.source_key, run.c.walked_at <= moment)
        return model.c.missing_run.in_(ended)

    def _seen(self) -> sa.ColumnElement[int]:
        """The last run that proves that a model was listed; for models that are not missing yet."""
        whole = runs.later(model.c.seen_run, self.last_whole_run)
        return sa.case((model.c.lacked_run.is_not(None), model.c.seen_run), else_=whole)

    def _mine(self) -> sa.ColumnElement[bool]:
        return model.c.source_key == self.source_key

    def _absent(self) -> tuple[sa.ColumnElement[bool], ...]:
        return self._mine(), model.c.removed_run.is_(None), self._mark(self.together) == _LACKED

    def _mark(self, seen: bytes) -> sa.ColumnElement[bytes]:
        """A model's byte; empty for the models that this merge itself made."""
        marks = sa.literal(seen, sa.LargeBinary)
        return sa.func.substr(marks, model.c.model_key + 1, 1, type_=sa.LargeBinary)
