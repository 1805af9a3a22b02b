"""Merges a sealed walk into the catalog: new rows, past states and changes, in one transaction of the caller's."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from catalog.domain import Identity, Policy, Scope, Status
from catalog.errors import ListingError
from catalog.store.ingest import changelog, guard, identities, page_digests, remarks, runs
from catalog.store.ingest.absences import Absences, Absent
from catalog.store.ingest.guard import Decision, GuardFacts
from catalog.store.ingest.identities import WalkIdentity
from catalog.store.ingest.runs import TICK, OpenRun
from catalog.store.ingest.staged_models import StagedModels
from catalog.store.ingest.staging import SealedWalk
from catalog.store.schema.identity_tables import dispute, identity
from catalog.store.schema.staging_tables import staged_dispute
from catalog.store.schema.tables import model, run, source


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """How the caller wants a walk merged."""

    scope: Scope
    policy: Policy
    walked_at: datetime
    now: datetime
    accept_missed_by: datetime | None = None  # held models that a walk lacked by then are accepted as gone; None: none
    accept_scope: bool = False


def apply(connection: sa.Connection, opened: OpenRun, walk: SealedWalk, request: Request) -> Status:
    """Merge a walk and close its run; give how the run ended. The caller's transaction makes it all or nothing.

    1. If another run overtook this one, it changes nothing: `superseded`.
    2. Judge what the walk proves (`guard`).
    3. Write what it listed: new, changed and returned models (`staged_models`).
    4. Write what it lacked: missing, held and removed models (`absences`).
    5. Remember its pages and disputes for the next walk.
    6. Close the run, and let the source have its next generation.

    Raises ListingError when the first list ever is empty, DatabaseError when a copy took the catalog's place.
    """
    before = _source(connection, opened)
    is_mine = connection.scalar(sa.select(run.c.status).where(runs.same(opened))) == Status.RUNNING
    if before.generation != opened.generation or not is_mine:
        runs.supersede(connection, opened, request.now)
        return Status.SUPERSEDED
    merge = _Merge(connection, opened, walk, request, before)
    judged = merge.judge()
    counts = merge.write_listed(judged) | merge.write_absences(judged)
    merge.remember_pages()
    merge.remember_disputes()
    merge.close(judged, counts)
    merge.advance(judged, counts)
    return judged.status


def _source(connection: sa.Connection, opened: OpenRun) -> sa.Row[Any]:
    mine = sa.select(source).where(source.c.source_key == opened.source_key)
    row = connection.execute(mine.with_for_update()).first()
    if row is None:
        raise runs.replaced()
    return row


class _Merge:
    """One merge: what the database knows before it, and its steps."""

    def __init__(
        self, connection: sa.Connection, opened: OpenRun, walk: SealedWalk, request: Request, before: sa.Row[Any]
    ) -> None:
        self.connection = connection
        self.opened = opened
        self.run_id = opened.run_id
        self.source_key = opened.source_key
        self.generation = opened.generation + 1
        self.walk = walk
        self.counts = walk.counts
        self.request = request
        self.before = before
        self.highest_key = changelog.highest(connection, model.c.model_key)
        last_walk_end = runs.merged_walk_end(connection, opened.source_key, opened.generation)
        began = opened.started_at if last_walk_end is None else max(opened.started_at, last_walk_end + TICK)
        self.walked_at = max(request.walked_at, began)
        self.answered_by = WalkIdentity(
            accepted=[] if self.is_reconfigured() else identities.of_source(connection, opened.source_key),
            named=walk.outcome.identity,
            walked_at=self.walked_at,
            last_walk_end=last_walk_end,
        )
        accepted = len(self.answered_by.accepted) + self.answered_by.is_unknown
        self.absences = Absences(
            connection=connection,
            run_id=opened.run_id,
            source_key=opened.source_key,
            seen=walk.counts.seen,
            together=identities.together(walk.counts.seen, self.answered_by.others),
            last_whole_run=before.last_whole_run,
            several=accepted > 1 or self.is_first_of_scope(),
        )
        none_absent = walk.counts.present == before.models_listed
        nothing = Absent(models=0, held=0, accepted=0)
        self.absent = nothing if none_absent else self.absences.count(request.accept_missed_by)

    def is_reconfigured(self) -> bool:
        recorded = self.before.scope
        now = self.request.scope.text(Identity())
        return recorded is not None and runs.configured_part(recorded) != runs.configured_part(now)

    def is_first_of_scope(self) -> bool:
        """Whether no whole walk was merged in this scope before; noted absences may then belong to an earlier scope."""
        last_whole, baseline = self.before.last_whole_run, self.before.baseline_run
        return self.is_reconfigured() or (baseline is not None and (last_whole is None or last_whole < baseline))

    # 2. What the walk proves

    def judge(self) -> Decision:
        if self.walk.outcome.complete and not self.counts.listed and self.before.scope is None:
            hint = "an empty list is no baseline; check the key's rights, and what the source asks for"
            raise ListingError("the list is empty, and no list with a model in it was seen before", hint=hint)
        facts = GuardFacts(
            whole=self.walk.proves_absence,
            complete=self.walk.makes_a_baseline,
            first=self.before.scope is None,
            scope_changed=self.is_reconfigured() or runs.is_restored(self.before.scope),
            unknown_identity=self.answered_by.is_unknown,
            nameless=self.answered_by.is_nameless,
            listed_before=self.before.models_listed,
            absent=self.absent.models,
            absent_held=self.absent.held,
            accepted=self.absent.accepted,
            accept_later=(self.request.accept_missed_by or self.walked_at) > self.walked_at,
            accept_scope=self.request.accept_scope,
        )
        return guard.judge(facts, self.request.policy)

    # 3. and 4. What it listed, and what it lacked

    def write_listed(self, judged: Decision) -> dict[str, int]:
        """Give how many models were added, returned and changed."""
        if not self.counts.staged:
            return {"added": 0, "returned": 0, "changed": 0}
        models = StagedModels(
            connection=self.connection,
            run_id=self.run_id,
            source_key=self.source_key,
            highest_key=self.highest_key,
            last_whole_run=self.before.last_whole_run,
            absence_run=None if judged.baseline else self.before.absence_run,
        )
        return models.write(self.counts)

    def write_absences(self, judged: Decision) -> dict[str, int]:
        """Give how many models are missing, and how many were removed."""
        self.absences.note_found()
        if judged.makes_baseline:
            self.absences.forget_held()
        if judged.absences:
            self.absences.note_lacked()
        if not judged.absences or not self.absent.models:
            return {"missing": 0, "removed": 0}
        missed_until = self.walked_at - self.request.policy.confirm_after
        since = self.run_id if judged.makes_baseline else self.before.baseline_run
        accepted = self.request.accept_missed_by if judged.accept else None
        removed = self.absences.record(judged, missed_until=missed_until, accept_missed_by=accepted, since=since)
        return {"missing": self.absent.models - removed, "removed": removed}

    # 5. What the next walk is compared with

    def remember_pages(self) -> None:
        page_digests.remember(self.connection, self.source_key, self.highest_key)

    def remember_disputes(self) -> None:
        """Keep the ids in dispute: the next walk is not unclean for having the same ones."""
        mine = dispute.c.source_key == self.source_key
        if not self.counts.disputes and not self.connection.scalar(sa.select(sa.exists().where(mine))):
            return
        still = sa.exists().where(staged_dispute.c.id == dispute.c.id)
        self.connection.execute(dispute.delete().where(mine, ~still))
        known = sa.exists().where(mine, dispute.c.id == staged_dispute.c.id)
        rows = sa.select(sa.literal(self.source_key), staged_dispute.c.id).where(~known)
        self.connection.execute(dispute.insert().from_select(["source_key", "id"], rows))

    # 6. The run and its source

    def close(self, judged: Decision, counts: dict[str, int]) -> None:
        words = [judged.reason, *self.walk.outcome.warnings, *self.remarks(judged)]
        mine = run.update().where(run.c.run_id == self.run_id)
        self.connection.execute(
            mine.values(
                status=judged.status,
                generation=self.generation,
                baseline=judged.baseline,
                whole=judged.absences,
                walked_at=self.walked_at,
                finished_at=runs.end_of(self.connection, self.opened, max(self.request.now, self.walked_at)),
                scope=self.request.scope.text(self.walk.outcome.identity),
                pages=self.walk.outcome.pages,
                models_seen=self.counts.listed,
                error="; ".join(filter(None, words)) or None,
                **counts,
            )
        )

    def remarks(self, judged: Decision) -> list[str]:
        """What else a person should know of the run."""
        silent = [each.identity for each in self.answered_by.silent]
        return [
            remarks.stamped() if self.counts.stamps else "",
            remarks.unreadable(self.counts.unreadable),
            remarks.behind(self.walked_at - self.request.walked_at),
            remarks.restored() if runs.is_restored(self.before.scope) else "",
            remarks.forgotten(silent) if self.counts_for_identity(judged) else "",
        ]

    def advance(self, judged: Decision, counts: dict[str, int]) -> None:
        """Bring the source's row up to date, and what is known of the identities that may answer for it."""
        values: dict[str, Any] = {
            "generation": self.generation,
            "models_listed": self.before.models_listed + counts["added"] + counts["returned"] - counts["removed"],
            "stamps": json.dumps(self.counts.stamps) if self.counts.stamps else None,
            **self.other_identity(judged),
        }
        if self.counts_for_identity(judged):
            self.note_identity(judged)
            values["absence_run"] = self.absence_run(judged)
            if judged.makes_baseline or not self.answered_by.is_nameless:
                values["scope"] = self.request.scope.text(self.answered_by.filled)
        if judged.makes_baseline:
            values["baseline_run"] = self.run_id
        if judged.absences:
            values["last_whole_run"] = self.run_id
        mine = source.c.source_key == self.source_key
        self.connection.execute(source.update().where(mine).values(**values))

    def other_identity(self, judged: Decision) -> dict[str, Any]:
        """The identity that answers without being accepted, and since which run it does."""
        if not judged.other_identity:
            return {"stranger": None, "stranger_run": None}
        since = self.answered_since()
        return {"stranger": identities.describe(self.walk.outcome.identity), "stranger_run": since}

    def answered_since(self) -> int:
        """The first run that the same identity answered after the last run of an accepted one."""
        key = self.source_key
        accepted = sa.select(sa.func.max(identity.c.last_run)).where(identity.c.source_key == key).scalar_subquery()
        mine = (run.c.source_key == key) & (run.c.scope == self.request.scope.text(self.walk.outcome.identity))
        since = sa.select(sa.func.min(run.c.run_id)).where(mine, run.c.generation.is_not(None), run.c.run_id > accepted)
        return self.connection.scalar(since) or self.run_id

    def counts_for_identity(self, judged: Decision) -> bool:
        """Whether an accepted identity answered, and showed the whole list."""
        return judged.makes_baseline or (self.walk.outcome.complete and not judged.baseline)

    def note_identity(self, judged: Decision) -> None:
        """Note which identity answered, and what it listed; forget those that have not answered for long."""
        key, answered = self.source_key, self.answered_by
        if self.is_reconfigured() and judged.makes_baseline:
            identities.forget_all(self.connection, key)
        identities.forget(self.connection, key, [each.number for each in answered.silent])
        if not answered.names_one:
            return
        seen = self.listed() if answered.others else None
        whole = identities.whole_walk(self.run_id, seen) if judged.absences else {}
        identities.note(self.connection, key, answered.number, answered.filled, self.run_id, **whole)

    def absence_run(self, judged: Decision) -> int | None:
        """The run that proves that a model which appears next was absent: every identity lacked it then or later."""
        before = self.answered_by.known.whole_run if self.answered_by.known else self.before.absence_run
        mine = self.run_id if judged.absences else None if judged.makes_baseline else before
        proofs = [mine, *(each.whole_run for each in self.answered_by.others)]
        known = [number for number in proofs if number is not None]
        return min(known) if len(known) == len(proofs) else None

    def listed(self) -> bytes:
        """A byte for each model key: 1 where the walk listed the model, also of those that this merge made."""
        return self.counts.seen.ljust(self.highest_key + 1, b"\x00") + b"\x01" * self.counts.new
