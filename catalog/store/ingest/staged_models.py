"""Writes the models that a walk staged: new, changed and returned ones. Only `merge` calls it, with a sealed walk.

The order of statements matters: changes are logged while the old rows still stand, then past states are kept, then rows
are brought up to date. Keys are counted on from the highest, which the caller's write transaction makes safe.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from catalog.domain import FIELDS, Kind
from catalog.store.ingest import changelog, runs
from catalog.store.ingest.staging import WalkCounts
from catalog.store.schema.staging_tables import staged, staged_change, staged_digest, staged_shape, staged_silence
from catalog.store.schema.tables import model, shape, state


@dataclass(frozen=True, kw_only=True, slots=True)
class StagedModels:
    """The staged models of one walk, in the merge's transaction."""

    connection: sa.Connection
    run_id: int
    source_key: int
    highest_key: int  # of a model, before this merge
    last_whole_run: int | None  # before this one, by an accepted identity
    absence_run: int | None  # proves that a model which appears now was not there before; None: nothing does

    def write(self, counts: WalkCounts) -> dict[str, int]:
        """Write models, past states and changes; give how many models were added, returned and changed."""
        absence = sa.literal(self.absence_run, sa.Integer)
        self._renew_digests()
        self._insert_shapes()
        added = self._insert_new(counts.new, absence) if counts.new else 0
        returned, changed = self._write_known(absence) if counts.staged > counts.new else (0, 0)
        return {"added": added, "returned": returned, "changed": changed}

    def _renew_digests(self) -> None:
        """Note that this version of the reader has read models that did not change."""
        read = model.update().where(model.c.model_key == staged_digest.c.model_key)
        self.connection.execute(read.values(digest=staged_digest.c.digest))

    def _insert_shapes(self) -> None:
        missing = ~sa.exists().where(shape.c.digest == staged_shape.c.digest)
        fresh = sa.select(staged_shape).where(missing).distinct().subquery()
        highest = changelog.highest(self.connection, shape.c.shape_key)
        number = sa.func.row_number().over(order_by=fresh.c.digest) + highest
        rows = sa.select(number, fresh.c.digest, fresh.c.body)
        self.connection.execute(shape.insert().from_select(["shape_key", "digest", "body"], rows))

    def _insert_new(self, count: int, absence: sa.ColumnElement[Any]) -> int:
        key = staged.c.number + self.highest_key
        values: dict[str, Any] = {
            "model_key": key,
            "source_key": sa.literal(self.source_key),
            "id": staged.c.id,
            **_staged_state(),
            "shape_key": shape.c.shape_key,
            "valid_from_run": sa.literal(self.run_id),
            "first_seen_run": sa.literal(self.run_id),
            "seen_run": sa.literal(self.run_id),
        }
        shapes = staged.outerjoin(shape, shape.c.digest == staged.c.shape)
        rows = sa.select(*(value.label(name) for name, value in values.items())).select_from(shapes)
        rows = rows.where(staged.c.model_key.is_(None)).order_by(staged.c.position)
        self.connection.execute(model.insert().from_select(list(values), rows))
        # New models are numbered already; a window over a million of them would be sorted and held.
        keys = sa.select(key.label("model_key"), staged.c.number).where(staged.c.model_key.is_(None)).subquery()
        changelog.append(self.connection, self.run_id, Kind.ADDED, keys, number=keys.c.number, proof=absence)
        return count

    def _write_known(self, absence: sa.ColumnElement[Any]) -> tuple[int, int]:
        """Write models that were seen before; give how many returned, and how many changed."""
        known = model.join(staged, staged.c.model_key == model.c.model_key)
        gone = model.c.removed_run.is_not(None)
        returned = sa.select(model.c.model_key).select_from(known).where(gone)
        count = self.connection.scalar(sa.select(sa.func.count()).select_from(returned.subquery())) or 0
        if count:
            changelog.append(self.connection, self.run_id, Kind.RETURNED, returned.subquery(), proof=absence)
        self._log_fields()
        self._note_silences()
        self._keep_past_states(known)
        self._renew_states()
        changed = sa.select(sa.func.count(staged_change.c.model_key.distinct()))
        return count, self.connection.scalar(changed) or 0

    def _proof(self) -> sa.ColumnElement[int]:
        """The last run that proves all of a model's state, as it was before this one."""
        last_listed = runs.later(model.c.seen_run, model.c.valid_from_run)
        unseen = (model.c.missing_run, model.c.removed_run, model.c.lacked_run)
        lacking = sa.or_(*(column.is_not(None) for column in unseen))
        listed = sa.case((lacking, last_listed), else_=runs.later(last_listed, self.last_whole_run))
        return sa.func.coalesce(model.c.silent_run, listed)

    def _log_fields(self) -> None:
        found = staged_change.join(model, model.c.model_key == staged_change.c.model_key)
        # What only a newer reader can read may have been so ever since the model is known: nothing proves otherwise.
        proof = sa.case((staged_change.c.baseline.is_(None), self._proof()))
        fields = sa.select(staged_change, proof.label("proof")).select_from(found).subquery()
        changelog.append_fields(self.connection, self.run_id, fields, proof=fields.c.proof)

    def _note_silences(self) -> None:
        proof = sa.case((staged_silence.c.silent, self._proof()))
        noted = model.update().where(model.c.model_key == staged_silence.c.model_key)
        self.connection.execute(noted.values(silent_run=proof))

    def _keep_past_states(self, known: sa.Join) -> None:
        kept = [model.c[name] for name in ("model_key", "valid_from_run", *FIELDS, "own", "shape_key")]
        end = sa.func.coalesce(model.c.removed_run, self.run_id)
        rows = sa.select(*kept, end).select_from(known)
        self.connection.execute(state.insert().from_select([*(column.name for column in kept), "valid_to_run"], rows))

    def _renew_states(self) -> None:
        """A returned model counts as seen from this run on. That a changed one was missing, `absences` notes later."""
        returns = model.c.removed_run.is_not(None)
        shape_key = sa.select(shape.c.shape_key).where(shape.c.digest == staged.c.shape).scalar_subquery()
        renewed = model.update().where(model.c.model_key == staged.c.model_key)
        self.connection.execute(
            renewed.values(
                **_staged_state(),
                shape_key=shape_key,
                valid_from_run=self.run_id,
                seen_run=sa.case((returns, self.run_id), else_=model.c.seen_run),
                removed_run=None,
            )
        )


def _staged_state() -> dict[str, sa.ColumnElement[Any]]:
    return {name: staged.c[name] for name in (*FIELDS, "own", "digest")}
