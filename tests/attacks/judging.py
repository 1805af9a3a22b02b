"""What one walk that reached its end makes of a source: what it lists is a fact, what it lacks is judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.attacks import reading
from tests.attacks.facts import TICK, Book, Lack, Model, Patience, Proof, Row, Run, Source, Wish, state_of
from tests.attacks.reading import Entry, Walk

ASKER = "organization"


@dataclass
class Merge:
    """What one walk that reached its end makes of a source."""

    book: Book
    run: Run
    source: Source
    walk: Walk
    now: datetime
    patience: Patience
    wish: Wish

    def make(self) -> None:
        """Record what it lists; if it is whole, judge what it lacks."""
        self.set_times()
        self.set_scope()
        self.note("walks begun anew", self.walk.restarts)
        before = {id for id, model in self.source.models.items() if model.removed is None}
        found = [self.find(id, entry) for id, entry in self.walk.entries.items()]
        missing = removed = 0
        if self.whole:
            missing, removed = self.judge(before)
        counts = {
            "pages": self.walk.pages,
            "models_seen": len(self.walk.entries),
            "added": found.count("added"),
            "returned": sum(1 for each in found if "returned" in each),
            "changed": sum(1 for each in found if "changed" in each),
            "missing": missing,
            "removed": removed,
        }
        self.finish(counts)

    def set_times(self) -> None:
        """History goes only forward, whatever the clock says."""
        last = self.source.walked
        self.began = self.run.started
        self.ended = max([self.now, self.began, *([last + TICK] if last else [])])
        self.recorded = self.book.record_time(self.ended)
        self.behind = self.ended != self.now
        self.note("clocks behind", self.behind)
        self.source.walked = self.ended

    def set_scope(self) -> None:
        """Say whose view this is: the one the history stands for, another one, or a new one from now on."""
        self.whole = self.walk.verdict == "whole"
        known, asked = self.source.scope, self.run.scope | {ASKER: self.walk.organization}
        reconfigured = known is None or without_asker(known) != without_asker(asked)
        askers = {asked[ASKER], known[ASKER]} - {None} if known else set()
        swapped = not reconfigured and len(askers) > 1
        self.fresh = self.whole and (reconfigured or (swapped and self.wish.accept_scope))
        self.stranger = swapped and not self.fresh
        self.baseline = reconfigured or swapped
        self.absence = None if self.baseline else self.source.absence
        if self.fresh or (known and not self.baseline):
            self.source.scope = asked | {ASKER: asked[ASKER] or (known or {}).get(ASKER)}
        self.run.scope = asked
        self.note("scopes accepted", self.fresh and swapped)
        self.note("other askers", self.stranger)
        self.note("new baselines", self.fresh and known is not None)

    def find(self, id: str, entry: Entry) -> str:
        """A walk lists a model: that it is there is a fact. Say what is new about it."""
        model = self.source.models.get(id)
        if model is None:
            return self.add(id, entry)
        was_gone, was_missing = model.removed is not None, model.lack is not None
        if was_gone:
            self.log(id, "returned", self.absence)
            model.removed, model.since = None, self.ended
        found = was_gone or was_missing
        news = self.update(model, entry, was_gone=was_gone)
        model.listed = self.proof(model.listed, firm=self.whole or found or news)
        self.note("silences", not says_all(model, entry))
        if says_all(model, entry):
            model.proven = self.proof(model.proven, firm=self.whole or found or news)
        model.lack = None
        if self.whole or found:
            model.last_seen = self.ended
        return f"{'returned' if was_gone else ''} {'changed' if news else ''}"

    def add(self, id: str, entry: Entry) -> str:
        self.source.models[id] = Model(
            id=id,
            first_seen=self.ended,
            last_seen=self.ended,
            since=self.ended,
            columns=dict(entry.columns),
            attributes=dict(entry.attributes),
            listed=Proof(self.began, self.began),
            proven=Proof(self.began, self.began),
        )
        self.log(id, "added", self.absence)
        return "added"

    def update(self, model: Model, entry: Entry, *, was_gone: bool) -> bool:
        """Take over what the entry says of the fields; what it is silent of stays as it was."""
        if entry.disputed:
            return False
        columns = {name: (model if name in entry.silent else entry).columns[name] for name in entry.columns}
        attributes = dict(entry.attributes)
        if "created_at" in entry.silent and "created_at" in model.attributes:
            attributes["created_at"] = model.attributes["created_at"]
        old, new = reading.leaves(model.columns, model.attributes), reading.leaves(columns, attributes)
        paths = sorted(path for path in old | new if old.get(path) != new.get(path))
        for path in paths:
            self.log(model.id, "changed", model.proven, field=path, old_value=old.get(path), new_value=new.get(path))
        if paths and not was_gone:
            model.past.append(state_of(model, self.ended))
            model.since = self.ended
        if paths or was_gone:  # of a field that cannot be read, what is kept may differ although nothing changed
            model.columns, model.attributes = columns, attributes
        return bool(paths)

    def note(self, name: str, times: int) -> None:
        self.book.notes[name] += times

    def proof(self, before: Proof, *, firm: bool) -> Proof:
        return Proof(self.began if firm else before.at_least, self.began)

    def judge(self, before: set[str]) -> tuple[int, int]:
        """A whole walk lacks models: believe it, wait, or hold it. Gives how many are missing and removed."""
        models = self.source.models
        absent = sorted(before - self.walk.entries.keys())
        self.start_anew()
        accepted = {id for id in absent if self.wish.accept_removals and not self.stranger and is_held(models[id])}
        rest = [id for id in absent if id not in accepted]
        alarm = self.is_too_much(len(rest), len(before) - len(accepted))
        self.note("guarded", alarm)
        self.note("removals accepted", len(accepted))
        removed = 0
        for id in absent:
            lack = models[id].lack
            ripe = lack is not None and not lack.held and self.ended - lack.since >= self.patience.confirm_after
            self.note_the_tick(lack)
            if id in accepted or (ripe and not alarm and not self.stranger):
                self.remove(models[id])
                removed += 1
            else:
                self.miss(models[id], alarm=alarm)
        return len(absent) - removed, removed

    def note_the_tick(self, lack: Lack | None) -> None:
        early = lack.since + self.patience.confirm_after - self.ended if lack else None
        self.note("confirmed to the tick", early == timedelta(0))
        self.note("a tick too early", early == TICK)

    def start_anew(self) -> None:
        """In another scope nothing is missing yet; and what only a stranger lacked was never missing."""
        for model in self.source.models.values():
            if model.lack and (self.fresh or (model.lack.by_stranger and not self.stranger)):
                model.lack = None
            elif model.lack:
                model.lack.stranger = False

    def is_too_much(self, gone: int, of: int) -> bool:
        """The guard."""
        many = gone >= self.patience.min_removed and gone * 100 > self.patience.max_removed_percent * of
        return gone > 0 and (gone == of or many)

    def miss(self, model: Model, *, alarm: bool) -> None:
        if model.lack is None:
            model.lack = Lack(since=self.ended, baseline=self.baseline, by_stranger=self.stranger)
        model.lack.stranger = self.stranger
        model.lack.guarded = model.lack.guarded or (alarm and not self.stranger)

    def remove(self, model: Model) -> None:
        lack = model.lack
        assert lack is not None
        self.log(model.id, "removed", model.listed, observed=lack.since, baseline=self.baseline or lack.baseline)
        model.past.append(state_of(model, lack.since))
        model.removed, model.lack = lack.since, None

    def log(self, id: str, kind: str, not_before: Proof | datetime | None, **values: Any) -> None:
        """Enter a change."""
        row = {
            "run_id": self.run.number,
            "source": self.run.source,
            "model_id": id,
            "kind": kind,
            "field": values.get("field"),
            "old_value": values.get("old_value"),
            "new_value": values.get("new_value"),
            "not_before": not_before,
            "observed_at": values.get("observed", self.ended),
            "recorded_at": self.recorded,
            "baseline": values.get("baseline", self.baseline),
        }
        self.book.changes.append(row)

    def finish(self, counts: dict[str, int]) -> None:
        """Close the run's record, and count the walk."""
        held = self.stranger or (self.whole and any(is_held(model) for model in self.source.models.values()))
        self.run.status = "held" if held else "complete" if self.whole else "partial"
        self.run.finished, self.run.baseline, self.run.counts = self.recorded, self.baseline, counts
        quiet = self.run.status == "complete" and not self.walk.remarks
        self.run.has_words = (None if self.behind else False) if quiet else True
        self.source.generation += 1
        if self.whole:
            self.source.whole = self.ended
        if self.whole and not self.stranger:
            self.source.absence = self.began


def says_all(model: Model, entry: Entry) -> bool:
    """Tell whether an entry says each field that is known."""
    return not entry.disputed and not any(model.columns[name] is not None for name in entry.silent)


def is_held(model: Model) -> bool:
    return model.lack is not None and model.lack.held


def without_asker(scope: Mapping[str, Any]) -> Row:
    return {name: value for name, value in scope.items() if name != ASKER}
