"""A sealed walk and the current rows become new rows, history and changes, inside one transaction of the caller's.

The order of statements matters: changes are written while the old rows still stand, then states are closed, then rows
are brought up to date. Keys are given out by counting on from the highest, which the write transaction makes safe.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from catalog.domain import FIELDS, Identity, Kind, Policy, Scope, Status
from catalog.errors import ListingError
from catalog.store.ingest import changelog, guard, identities, page_digests, remarks, runs
from catalog.store.ingest.absences import Absences
from catalog.store.ingest.guard import Evidence, Judgement
from catalog.store.ingest.identities import Asker
from catalog.store.ingest.runs import TICK, OpenRun
from catalog.store.ingest.staging import (
    SealedWalk,
    staged,
    staged_change,
    staged_digest,
    staged_dispute,
    staged_shape,
    staged_silence,
)
from catalog.store.schema.identity_tables import dispute, identity
from catalog.store.schema.tables import model, run, shape, source, state


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
        self.new_base = changelog.highest(connection, model.c.model_key)
        self.last_walk_end = runs.merged_walk_end(connection, opened.source_key, opened.generation)
        self.walked_at = self.walk_end()
        self.asker = Asker(
            accepted=[] if self.is_reconfigured() else identities.of_source(connection, opened.source_key),
            named=walk.outcome.identity,
            walked_at=self.walked_at,
            last_walk_end=self.last_walk_end,
        )
        self.absences = Absences(
            connection=connection,
            run_id=opened.run_id,
            source_key=opened.source_key,
            seen=walk.tally.seen,
            together=identities.together(walk.tally.seen, self.asker.others),
            last_whole_run=self.last_whole_run,
            several=len(self.asker.accepted) + self.asker.is_unknown > 1 or self.is_first_of_scope(),
        )
        everybody_there = walk.tally.present == before.models_listed
        self.absent_count, self.held_count = (0, 0) if everybody_there else self.absences.count()

    def all(self) -> Status:
        judged = self.judge()
        counts = {"added": 0, "returned": 0, "changed": 0, "removed": 0, "missing": 0}
        if self.tally.staged:
            counts |= self.record_staged(judged)
        self.absences.note_found()
        if judged.makes_baseline:
            self.absences.forget_held()
        if judged.absences:
            self.absences.note_lacked()
            if self.absent_count:
                self.record_absences(judged, counts)
        page_digests.remember(self.connection, self.opened.source_key, self.new_base)
        self.remember_disputes()
        self.close(judged, counts)
        self.advance(judged, counts)
        return judged.status

    def record_absences(self, judged: Judgement, counts: dict[str, int]) -> None:
        """Fill in the counts."""
        missed_until = self.walked_at - self.request.policy.confirm_after
        since = self.run_id if judged.makes_baseline else self.before.baseline_run or 0
        counts["removed"], _ = self.absences.record(judged, missed_until=missed_until, since=since)
        counts["missing"] = self.absent_count - counts["removed"]

    # What it is worth

    def judge(self) -> Judgement:
        if self.walk.outcome.complete and not self.tally.listed and self.before.scope is None:
            hint = "an empty list is no baseline; check the key's rights and the source's lifecycle and workspace"
            raise ListingError("the list is empty, and no list with a model in it was seen before", hint=hint)
        evidence = Evidence(
            whole=self.walk.proves_absence,
            complete=self.walk.makes_a_baseline,
            first=self.before.scope is None,
            scope_changed=self.is_reconfigured() or runs.is_restored(self.before.scope),
            unknown_identity=self.asker.is_unknown,
            nameless=self.asker.is_nameless,
            listed_before=self.before.models_listed,
            absent=self.absent_count,
            absent_held=self.held_count,
            accept_removals=self.request.accept_removals,
            accept_scope=self.request.accept_scope,
        )
        return guard.judge(evidence, self.request.policy)

    def is_reconfigured(self) -> bool:
        recorded = self.before.scope
        now = self.request.scope.text(Identity())
        return recorded is not None and runs.configured_part(recorded) != runs.configured_part(now)

    def is_first_of_scope(self) -> bool:
        """Whether no whole walk was merged in this scope before: what is noted of absences may be another one's."""
        return self.is_reconfigured() or self.last_whole_run < (self.before.baseline_run or 0)

    # Found: new, changed, returned

    def record_staged(self, judged: Judgement) -> dict[str, int]:
        # What proves that a model was not there: the last whole walk by the same asker.
        absence = sa.literal(None if judged.baseline else self.before.absence_run, sa.Integer)
        self.renew_digests()
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
        key = staged.c.number + self.new_base
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
        unseen = (model.c.missing_run, model.c.removed_run, model.c.lacked_run)
        lacking = sa.or_(*(column.is_not(None) for column in unseen))
        listed = sa.case((lacking, last_listed), else_=runs.later(last_listed, sa.literal(self.last_whole_run)))
        return sa.func.coalesce(model.c.silent_run, listed)

    def log_fields(self) -> None:
        found = staged_change.join(model, model.c.model_key == staged_change.c.model_key)
        # What is only read better now may have been so for as long as the model was known: nothing proves otherwise.
        proof = sa.case((staged_change.c.baseline.is_(None), self.proof()))
        fields = sa.select(staged_change, proof.label("proof")).select_from(found).subquery()
        changelog.append_fields(self.connection, self.run_id, fields, proof=fields.c.proof)

    def note_silences(self) -> None:
        proof = sa.case((staged_silence.c.silent, self.proof()))
        noted = model.update().where(model.c.model_key == staged_silence.c.model_key)
        self.connection.execute(noted.values(silent_run=proof))

    def renew_digests(self) -> None:
        """Note that this version of the reader knows the models which say what they said."""
        read = model.update().where(model.c.model_key == staged_digest.c.model_key)
        self.connection.execute(read.values(digest=staged_digest.c.digest))

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

    def remember_disputes(self) -> None:
        """Keep the ids in dispute, so that the next walk with the same ones is none the worse for them."""
        mine = dispute.c.source_key == self.opened.source_key
        if not self.tally.disputes and not self.connection.scalar(sa.select(sa.exists().where(mine))):
            return
        still = sa.exists().where(staged_dispute.c.id == dispute.c.id)
        self.connection.execute(dispute.delete().where(mine, ~still))
        known = sa.exists().where(mine, dispute.c.id == staged_dispute.c.id)
        rows = sa.select(sa.literal(self.opened.source_key), staged_dispute.c.id).where(~known)
        self.connection.execute(dispute.insert().from_select(["source_key", "id"], rows))

    def walk_end(self) -> datetime:
        last, began = self.last_walk_end, self.opened.started_at
        return max(self.request.walked_at, began if last is None else max(began, last + TICK))

    def close(self, judged: Judgement, counts: dict[str, int]) -> None:
        walked_at = self.walked_at
        words = [judged.reason, *self.walk.outcome.warnings, *self.remarks(judged)]
        mine = run.update().where(run.c.run_id == self.run_id)
        self.connection.execute(
            mine.values(
                status=judged.status,
                generation=self.opened.generation + 1,
                baseline=judged.baseline,
                whole=judged.absences,
                walked_at=walked_at,
                finished_at=runs.next_record_time(self.connection, max(self.request.now, walked_at)),
                scope=self.request.scope.text(self.walk.outcome.identity),
                pages=self.walk.outcome.pages,
                models_seen=self.tally.listed,
                error="; ".join(filter(None, words)) or None,
                **counts,
            )
        )

    def remarks(self, judged: Judgement) -> list[str]:
        """What else a person should know of the run."""
        return [
            remarks.stamped() if self.tally.stamps else "",
            remarks.unreadable(self.tally.unreadable),
            remarks.behind(self.walked_at - self.request.walked_at),
            remarks.restored() if runs.is_restored(self.before.scope) else "",
            remarks.forgotten([each.identity for each in self.asker.silent]) if self.remembers_asker(judged) else "",
        ]

    def advance(self, judged: Judgement, counts: dict[str, int]) -> None:
        """Bring the source's row up to date, and what is known of those who answer for it."""
        values: dict[str, Any] = {
            "generation": self.opened.generation + 1,
            "models_listed": self.before.models_listed + counts["added"] + counts["returned"] - counts["removed"],
            "stamps": json.dumps(self.tally.stamps) if self.tally.stamps else None,
            **self.stranger(judged),
        }
        if self.remembers_asker(judged):
            self.note_asker(judged)
            values["absence_run"] = self.absence_run(judged)
            if judged.makes_baseline or not self.asker.is_nameless:
                values["scope"] = self.request.scope.text(self.asker.filled)
        if judged.makes_baseline:
            values["baseline_run"] = self.run_id
        if judged.absences:
            values["last_whole_run"] = self.run_id
        mine = source.c.source_key == self.opened.source_key
        self.connection.execute(source.update().where(mine).values(**values))

    def stranger(self, judged: Judgement) -> dict[str, Any]:
        """Who answers without being accepted, and since which run."""
        who = identities.describe(self.walk.outcome.identity) if judged.stranger else None
        since = self.answered_since() if who else None
        return {"stranger": who, "stranger_run": since}

    def answered_since(self) -> int:
        """The first run that this stranger answered since the last one that an accepted identity did."""
        key = self.opened.source_key
        accepted = sa.select(sa.func.max(identity.c.last_run)).where(identity.c.source_key == key).scalar_subquery()
        mine = (run.c.source_key == key) & (run.c.scope == self.request.scope.text(self.walk.outcome.identity))
        since = sa.select(sa.func.min(run.c.run_id)).where(mine, run.c.generation.is_not(None), run.c.run_id > accepted)
        return self.connection.scalar(since) or self.run_id

    def remembers_asker(self, judged: Judgement) -> bool:
        """Whether it counts who answered: an accepted identity, and it showed the whole list."""
        return judged.makes_baseline or (self.walk.outcome.complete and not judged.baseline)

    def note_asker(self, judged: Judgement) -> None:
        """Remember who answered, and what for; forget those that are not asked any more."""
        key, asker = self.opened.source_key, self.asker
        if self.is_reconfigured() and judged.makes_baseline:
            identities.forget_all(self.connection, key)
        identities.forget(self.connection, key, [each.number for each in asker.silent])
        if not asker.names_one:
            return
        seen = self.listed() if asker.others else None
        whole = identities.whole_walk(self.run_id, seen) if judged.absences else {}
        identities.note(self.connection, key, asker.number, asker.filled, self.run_id, **whole)

    def absence_run(self, judged: Judgement) -> int | None:
        """The run that proves that a model which comes now was absent: every identity lacked it then or later."""
        before = self.asker.known.whole_run if self.asker.known else self.before.absence_run
        mine = self.run_id if judged.absences else None if judged.makes_baseline else before
        proofs = [mine, *(each.whole_run for each in self.asker.others)]
        known = [number for number in proofs if number is not None]
        return min(known) if len(known) == len(proofs) else None

    def listed(self) -> bytes:
        """A byte for each model key: 1 where the walk listed the model, also of those that this merge made."""
        seen = self.tally.seen
        return seen.ljust(self.new_base + 1, b"\x00") + b"\x01" * self.tally.new

    # Parts of statements

    def staged_state(self) -> dict[str, sa.ColumnElement[Any]]:
        columns = {name: staged.c[name] for name in (*FIELDS, "own", "digest")}
        return {**columns, "shape_key": shape.c.shape_key}

    def staged_shapes(self) -> sa.Join:
        return staged.outerjoin(shape, shape.c.digest == staged.c.shape)
