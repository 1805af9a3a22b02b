"""What a walk did not list: missing, held, removed, or found again. Only `merge` comes here, with a sealed walk."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catalog.domain import Kind
from catalog.store.ingest import changelog, runs
from catalog.store.ingest.guard import Judgement
from catalog.store.schema.tables import model, run

_LISTED, _LACKED = sa.literal(b"\x01", sa.LargeBinary), sa.literal(b"\x00", sa.LargeBinary)


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
    last_whole_run: int  # before this one, by an accepted identity; 0: none
    several: bool  # identities, of this scope or one before: what one lacked another may list

    def count(self) -> tuple[int, int]:
        """Count the models that were listed before and are absent now, and those of them that are held."""
        counts = sa.select(sa.func.count(), sa.func.count(model.c.held_run)).where(*self._absent())
        absent, waiting = self.connection.execute(counts).one()
        return absent, waiting

    def note_found(self) -> int:
        """A model that was missing and is listed again is simply there: presence is a fact. Gives how many."""
        missing = sa.exists().where(self._mine(), model.c.missing_run.is_not(None))
        if not self.connection.scalar(sa.select(missing)):
            return 0
        listed = self._mark(self.seen) == _LISTED
        found = model.update().where(self._mine(), model.c.missing_run.is_not(None), listed)
        values = {"missing_run": None, "held_run": None, "seen_run": self.run_id}
        return self.connection.execute(found.values(**values)).rowcount

    def note_lacked(self) -> int:
        """A whole walk proves no state of what it lacks, although another identity lists it. Gives how many moved."""
        if not self.several:
            return 0
        listed = self._mark(self.seen) == _LISTED
        again = model.update().where(self._mine(), model.c.lacked_run.is_not(None), listed)
        elsewhere = sa.and_(self._mark(self.seen) == _LACKED, self._mark(self.together) == _LISTED)
        present = model.c.removed_run.is_(None) & model.c.missing_run.is_(None)
        lacked = model.update().where(self._mine(), present, model.c.lacked_run.is_(None), elsewhere)
        found = self.connection.execute(again.values(lacked_run=None)).rowcount
        return found + self.connection.execute(lacked.values(lacked_run=self.run_id, seen_run=self._seen())).rowcount

    def record(self, judged: Judgement, *, missed_until: datetime, since: int) -> tuple[int, int]:
        """Do as was judged: removed is what walks that ended by `missed_until` lacked already, from run `since` on.

        Gives how many models were removed, and how many are missing for the first time.
        """
        self._start_anew(since)
        removed = self._remove(judged, missed_until)
        fresh = self._mark_missing()
        if judged.hold:
            self._hold()
        return removed, fresh

    def forget_held(self) -> None:
        """What another view of the list held is not held in a new one."""
        held = model.update().where(self._mine(), model.c.held_run.is_not(None))
        self.connection.execute(held.values(held_run=None))

    def _start_anew(self, since: int) -> None:
        """What was missing in another view of the list is missing from this walk on, in the present one."""
        lacking = model.update().where(*self._absent(), model.c.missing_run < since)
        self.connection.execute(lacking.values(missing_run=self.run_id, held_run=None))

    def _remove(self, judged: Judgement, missed_until: datetime) -> int:
        old_enough = sa.select(run.c.run_id).where(run.c.source_key == self.source_key, run.c.walked_at <= missed_until)
        ordinary = model.c.held_run.is_(None) & model.c.missing_run.in_(old_enough) & (not judged.hold)
        confirmed = ordinary | model.c.held_run.is_not(None) if judged.release else ordinary
        gone = sa.and_(*self._absent(), model.c.missing_run.is_not(None), confirmed)
        last_listed = runs.later(model.c.seen_run, model.c.valid_from_run)
        rows = sa.select(model.c.model_key, model.c.missing_run, last_listed).where(gone).subquery()
        changelog.append(self.connection, self.run_id, Kind.REMOVED, rows, proof=rows.c[2], observed=rows.c.missing_run)
        values = {"removed_run": model.c.missing_run, "missing_run": None, "held_run": None, "lacked_run": None}
        return self.connection.execute(model.update().where(gone).values(**values)).rowcount

    def _mark_missing(self) -> int:
        fresh = model.update().where(*self._absent(), model.c.missing_run.is_(None))
        values = {"missing_run": self.run_id, "seen_run": self._seen(), "lacked_run": None}
        return self.connection.execute(fresh.values(**values)).rowcount

    def _hold(self) -> None:
        waiting = model.update().where(*self._absent(), model.c.held_run.is_(None))
        self.connection.execute(waiting.values(held_run=self.run_id))

    def _seen(self) -> sa.ColumnElement[int]:
        """The last run that proves that a model was listed, of those that are not missing."""
        whole = runs.later(model.c.seen_run, sa.literal(self.last_whole_run))
        return sa.case((model.c.lacked_run.is_not(None), model.c.seen_run), else_=whole)

    def _mine(self) -> sa.ColumnElement[bool]:
        return model.c.source_key == self.source_key

    def _absent(self) -> tuple[sa.ColumnElement[bool], ...]:
        return self._mine(), model.c.removed_run.is_(None), self._mark(self.together) == _LACKED

    def _mark(self, seen: bytes) -> sa.ColumnElement[bytes]:
        """A byte for a model; empty for the models that this merge itself made."""
        marks = sa.literal(seen, sa.LargeBinary)
        return sa.func.substr(marks, model.c.model_key + 1, 1, type_=sa.LargeBinary)
