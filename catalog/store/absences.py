"""What a walk did not list: missing, held, removed, or found again. Only `merge` comes here, with a sealed walk."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catalog.domain import Kind
from catalog.store import changelog, runs
from catalog.store.judgement import Judgement
from catalog.store.schema import model, run


@dataclass(frozen=True, kw_only=True, slots=True)
class Absences:
    """The absences of one walk, in the merge's transaction; `seen` has a byte per model key: 1 where it was listed."""

    connection: sa.Connection
    run_id: int
    source_key: int
    seen: bytes
    last_whole_run: int  # before this one; 0: none
    absence_run: int  # the last of those by the same asker; 0: none

    def count(self) -> tuple[int, int]:
        """Count the models that were listed before and are not now, and those of them that a person was asked about."""
        held = sa.func.count(sa.case((~self._since_strangers(model.c.held_run), model.c.held_run)))
        absent, waiting = self.connection.execute(sa.select(sa.func.count(), held).where(*self._absent())).one()
        return absent, waiting

    def note_found(self) -> int:
        """A model that was missing and is listed again is simply there: presence is a fact. Gives how many."""
        missing = sa.exists().where(self._mine(), model.c.missing_run.is_not(None))
        if not self.connection.scalar(sa.select(missing)):
            return 0
        listed = self._mark() == sa.literal(b"\x01", sa.LargeBinary)
        found = model.update().where(self._mine(), model.c.missing_run.is_not(None), listed)
        return self.connection.execute(found.values(missing_run=None, held_run=None, seen_run=self.run_id)).rowcount

    def record(self, judged: Judgement, *, missed_until: datetime) -> tuple[int, int]:
        """Do as was judged: removed is what walks that ended by `missed_until` lacked already.

        Gives how many models were removed, and how many are missing for the first time.
        """
        if judged.anew:
            self._start_anew()
        elif not judged.stranger:
            self._forget_strangers()
        removed = 0 if judged.anew else self._remove(judged, missed_until)
        fresh = self._mark_missing()
        if judged.hold:
            self._hold()
        return removed, fresh

    def _start_anew(self) -> None:
        lacking = model.update().where(*self._absent(), model.c.missing_run.is_not(None))
        self.connection.execute(lacking.values(missing_run=self.run_id, held_run=None))

    def _forget_strangers(self) -> None:
        """What only another asker's walks lacked starts anew, and what was held for the asker's sake is not held."""
        lacking = model.update().where(*self._absent(), self._since_strangers(model.c.held_run))
        since = sa.case((self._since_strangers(model.c.missing_run), self.run_id), else_=model.c.missing_run)
        self.connection.execute(lacking.values(missing_run=since, held_run=None))

    def _remove(self, judged: Judgement, missed_until: datetime) -> int:
        old_enough = sa.select(run.c.run_id).where(run.c.source_key == self.source_key, run.c.walked_at <= missed_until)
        ordinary = model.c.held_run.is_(None) & model.c.missing_run.in_(old_enough) & (not judged.hold)
        confirmed = ordinary | model.c.held_run.is_not(None) if judged.release else ordinary
        gone = sa.and_(*self._absent(), model.c.missing_run.is_not(None), confirmed)
        last_listed = runs.later(model.c.seen_run, model.c.valid_from_run)
        rows = sa.select(model.c.model_key, model.c.missing_run, last_listed).where(gone).subquery()
        changelog.append(self.connection, self.run_id, Kind.REMOVED, rows, proof=rows.c[2], observed=rows.c.missing_run)
        ended = model.update().where(gone).values(removed_run=model.c.missing_run, missing_run=None, held_run=None)
        return self.connection.execute(ended).rowcount

    def _mark_missing(self) -> int:
        fresh = model.update().where(*self._absent(), model.c.missing_run.is_(None))
        seen = runs.later(model.c.seen_run, sa.literal(self.last_whole_run))
        return self.connection.execute(fresh.values(missing_run=self.run_id, seen_run=seen)).rowcount

    def _hold(self) -> None:
        waiting = model.update().where(*self._absent(), model.c.held_run.is_(None))
        self.connection.execute(waiting.values(held_run=self.run_id))

    def _since_strangers(self, column: sa.Column[int]) -> sa.ColumnElement[bool]:
        """Whole walks by the same asker end with `absence_run`: what came after it, another one found."""
        return column > self.absence_run

    def _mine(self) -> sa.ColumnElement[bool]:
        return model.c.source_key == self.source_key

    def _absent(self) -> tuple[sa.ColumnElement[bool], ...]:
        return self._mine(), model.c.removed_run.is_(None), self._mark() == sa.literal(b"\x00", sa.LargeBinary)

    def _mark(self) -> sa.ColumnElement[bytes]:
        """The walk's byte for a model; empty for the models that this merge itself made."""
        seen = sa.literal(self.seen, sa.LargeBinary)
        return sa.func.substr(seen, model.c.model_key + 1, 1, type_=sa.LargeBinary)
