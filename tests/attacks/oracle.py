"""What a catalog must hold after any sequence of runs: told from PRODUCT alone, in plain dictionaries and lists.

Knows no SQL, no digests and none of the catalog's code. Whoever uses it says what happened (a run began, a walk got
these answers and ended at this moment), and compares what the database shows with `views`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from tests.attacks.facts import Book, Model, Patience, Row, Run, Source, Wish, state_of
from tests.attacks.judging import ASKER, Merge
from tests.attacks.reading import Walk

COUNTS = ("pages", "models_seen", "added", "returned", "changed", "missing", "removed")


@dataclass(kw_only=True)
class Oracle(Book):
    """All that the public views must show."""

    sources: dict[str, Source] = field(default_factory=dict)

    # Runs begin and end

    def begin(self, name: str, scope: Row, now: datetime, configured: Collection[str] = ()) -> Run:
        """A run begins: it has its turn, so whichever run of the source is still open died."""
        self.bury(name, now)
        return self.enter(name, scope, now, configured)

    def enter(self, name: str, scope: Row, now: datetime, configured: Collection[str] = ()) -> Run:
        """A run begins, of the past perhaps: then nothing is said of runs that are still open."""
        source = self.source(name, scope)
        for other, known in self.sources.items():
            known.configured = other == name or other in configured
        return self.open(name, scope, max(now, source.walked or now))

    def bury(self, name: str, now: datetime) -> None:
        dead = [run for run in self.runs if run.source == name and run.status == "running"]
        finished = self.record_time(max([now, *(run.started for run in dead)]))
        for run in dead:
            run.status, run.finished = "abandoned", finished

    def skip(self, name: str, scope: Row, now: datetime) -> None:
        """A run does not take place: another one of its source is active."""
        self.source(name, scope)
        run = self.open(name, scope, now)
        self.close(run, "skipped", now)

    def give_up(self, run: Run, now: datetime) -> None:
        """A run is stopped by whoever started it."""
        self.close(run, "abandoned", now)

    def end(self, run: Run, walk: Walk, now: datetime, patience: Patience, wish: Wish) -> None:
        """A run's walk is over: it is recorded whole, or not at all."""
        source = self.sources[run.source]
        if walk.cut:
            self.close(run, "failed" if run.status == "running" else run.status, now)
        elif run.status != "running" or run.generation != source.generation:
            run.status, run.finished = "superseded", self.record_time(max(now, run.started))
        elif walk.complete and not walk.entries and source.scope is None:
            self.close(run, "failed", now)
            self.notes["empty first lists"] += 1
        else:
            Merge(self, run, source, walk, now, patience, wish).make()

    def asks_again(self, run: Run) -> bool:
        """Tell whether a walk lacked what only a second one can confirm, where nobody wants to wait for that."""
        return run.status == "complete" and run.counts["missing"] > 0

    def source(self, name: str, scope: Row) -> Source:
        source = self.sources.setdefault(name, Source(base_url=scope["base_url"]))
        source.base_url = scope["base_url"]
        return source

    def open(self, name: str, scope: Row, started: datetime) -> Run:
        generation = self.sources[name].generation
        run = Run(
            number=self.last_number() + 1,
            source=name,
            started=started,
            scope=scope | {ASKER: None},
            generation=generation,
        )
        self.runs.append(run)
        return run

    def last_number(self) -> int:
        return max((run.number for run in self.runs), default=0)

    def close(self, run: Run, status: str, now: datetime) -> None:
        run.status = status
        now = max(now, run.started)
        run.finished = run.finished or (now if run.origin == "backfill" else self.record_time(now))

    # What befalls the catalog itself

    def restore(self, now: datetime) -> None:
        """A copy takes its place: what had not ended never does, and each source begins with a new baseline."""
        moment = self.record_time(now)
        for run in self.runs:
            if run.status == "running":
                run.status, run.finished = "superseded", moment
        for name, source in self.sources.items():
            marks = {"restored_run": self.last_number() + 1, "last_change": len(self.changes)}
            known = source.scope or {ASKER: None, "answered_workspace": None}
            note = self.open(name, known, moment)
            note.status, note.finished, note.scope = "skipped", self.record_time(moment), {**known, **marks}
            source.scope = source.scope and note.scope

    def prune(self, numbers: Collection[int], before: datetime) -> None:
        """Runs were dropped: only such as had ended before then and recorded nothing."""
        changing = {row["run_id"] for row in self.changes}
        for run in self.runs:
            if run.number in numbers:
                assert run.finished, f"run {run.number} had not ended"
                assert run.finished < before, f"run {run.number} ended after {before}"
                assert run.number not in changing, f"run {run.number} recorded something"
                run.pruned = True
        self.notes["pruned runs"] += len(numbers)

    # What is there to see

    def views(self) -> dict[str, list[Row]]:
        """Every row of every public view."""
        return {
            "sources": [self.source_row(name) for name in sorted(self.sources)],
            "models": [self.model_row(name, model) for name, model in self.models()],
            "model_history": [row for name, model in self.models() for row in self.state_rows(name, model)],
            "changes": self.changes,
            "sync_runs": [self.run_row(run) for run in self.runs if not run.pruned],
        }

    def models(self) -> list[tuple[str, Model]]:
        return [
            (name, model) for name, source in sorted(self.sources.items()) for _, model in sorted(source.models.items())
        ]

    def source_row(self, name: str) -> Row:
        source = self.sources[name]
        return {
            "source": name,
            "base_url": source.base_url,
            "scope": source.scope,
            "configured": source.configured,
            "last_whole_at": source.whole,
            "last_status": [run.status for run in self.runs if run.source == name][-1],
            "models_listed": sum(1 for model in source.models.values() if model.removed is None),
        }

    def model_row(self, name: str, model: Model) -> Row:
        return {
            "source": name,
            "id": model.id,
            **model.columns,
            "attributes": model.attributes,
            "first_seen_at": model.first_seen,
            "last_seen_at": model.last_seen,
            "missing_since": model.lack.since if model.lack else None,
            "removed_at": model.removed,
        }

    def state_rows(self, name: str, model: Model) -> list[Row]:
        named = [{"source": name, "id": model.id, **state} for state in model.past]
        return named if model.removed else [*named, {"source": name, "id": model.id, **state_of(model, None)}]

    def run_row(self, run: Run) -> Row:
        return {
            "run_id": run.number,
            "source": run.source,
            "status": run.status,
            "origin": run.origin,
            "started_at": run.started,
            "finished_at": run.finished,
            "scope": run.scope,
            **dict.fromkeys(COUNTS, 0),
            **run.counts,
            "error": run.has_words and run.status != "running",
        }

    def missing(self, name: str, patience: Patience) -> list[tuple[str, datetime, bool, datetime | None]]:
        """Which models of a source are missing, since when, whether they are held, else until when they wait."""
        lacks = [(model.id, model.lack) for model in self.sources[name].models.values() if model.lack]
        return sorted(
            (id, lack.since, lack.held, None if lack.held else lack.since + patience.confirm_after)
            for id, lack in lacks
        )
