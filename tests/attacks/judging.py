"""What one walk that reached its end makes of a source: what it lists is a fact, what it lacks is judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.attacks import reading
from tests.attacks.facts import TICK, Asker, Book, Lack, Model, Patience, Proof, Row, Run, Source, Wish, state_of
from tests.attacks.reading import Entry, Walk

ASKER = "organization"
MARKS = ("restored_run", "last_change")  # in a scope, of a restoration
FORGOTTEN = timedelta(days=30)


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
        """Record what it lists; if it proves absences, judge what it lacks."""
        before_walk = self.source.walked
        self.set_times()
        self.set_scope(before_walk)
        self.note("walks begun anew", self.walk.restarts)
        before = {id for id, model in self.source.models.items() if model.removed is None}
        found = [self.find(id, entry) for id, entry in self.walk.entries.items()]
        if self.fresh:
            self.forget_held()
        missing, removed, held = self.judge(before) if self.absences else (0, 0, False)
        counts = {
            "pages": self.walk.pages,
            "models_seen": len(self.walk.entries),
            "added": found.count("added"),
            "returned": sum(1 for each in found if "returned" in each),
            "changed": sum(1 for each in found if "changed" in each),
            "missing": missing,
            "removed": removed,
        }
        self.finish(counts, held=self.stranger or held)

    def set_times(self) -> None:
        """History goes only forward, whatever the clock says."""
        last = self.source.walked
        self.began = self.run.started
        self.ended = max([self.now, self.began, *([last + TICK] if last else [])])
        is_past = self.run.origin == "backfill"  # dated by itself, wherever the log is
        self.recorded = self.ended if is_past else self.book.record_time(self.ended)
        self.behind = self.ended != self.now
        self.note("clocks behind", self.behind)
        self.source.walked = self.ended

    def set_scope(self, before_walk: datetime | None) -> None:
        """Say whose view this is: of one that the history stands for, of a stranger, or a new one from now on."""
        source, walk = self.source, self.walk
        known, self.asked = source.scope, self.run.scope | {ASKER: walk.organization}
        self.reconfigured = known is not None and without_asker(known) != without_asker(self.asked)
        self.restored = known is not None and "restored_run" in known
        accepted = [] if self.reconfigured else source.askers
        fits = [asker for asker in accepted if walk.organization in {None, asker.name}]
        unknown, nameless = bool(accepted) and not fits, len(fits) > 1
        self.asker = fits[0] if len(fits) == 1 else None
        self.silent = [each for each in accepted if each not in fits and self.is_silent(each, before_walk)]
        self.others = [each for each in accepted if each is not self.asker and each not in self.silent]
        shown = walk.complete and bool(walk.entries)
        accepts = unknown and self.wish.accept_scope and shown
        self.stranger = unknown and not accepts
        self.baseline = known is None or self.reconfigured or self.restored or unknown
        self.fresh = self.baseline and shown and not self.stranger
        whole = walk.complete and not walk.unusable and walk.disputes <= source.disputes
        self.absences = whole and not self.stranger and not nameless
        self.absence = None if self.baseline or source.absence is None else source.absence[1]
        self.run.scope, source.disputes = self.asked, walk.disputes
        if self.fresh or (walk.complete and not self.baseline):
            self.note_asker(nameless=nameless)
        self.note("scopes accepted", accepts)
        self.note("other askers", self.stranger)
        self.note("several askers", len(source.askers) > 1)
        self.note("nameless walks", nameless)
        self.note("known disputes", bool(walk.disputes) and whole)
        self.note("new baselines", self.fresh and known is not None)

    def is_silent(self, asker: Asker, before_walk: datetime | None) -> bool:
        """Tell whether it did not answer for thirty days, in which others did."""
        if before_walk is None or self.ended - before_walk >= FORGOTTEN:
            return False
        return self.ended - asker.last >= FORGOTTEN

    def note_asker(self, *, nameless: bool) -> None:
        """Remember who answered, and since when what is new was absent."""
        source, name, me = self.source, self.walk.organization, (self.run.number, self.began)
        before = self.asker.whole if self.asker else source.absence
        mine = me if self.absences else None if self.fresh else before
        proofs = [mine, *(other.whole for other in self.others)]
        source.absence = min(proof for proof in proofs if proof) if all(proofs) else None
        source.askers = [] if self.reconfigured else [each for each in source.askers if each not in self.silent]
        if not nameless:
            known_name = self.asker.name if self.asker else None
            source.scope = self.asked | {ASKER: name or known_name}
        if self.fresh:
            source.baseline = self.run.number
        if self.asker is None and (name is None or nameless):
            return
        if self.asker is None:
            self.asker = Asker(name=str(name), last=self.ended)
            source.askers.append(self.asker)
        self.asker.last = self.ended
        if self.absences:
            self.asker.whole = me
            self.asker.seen = set(self.walk.entries) if self.others else None

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
        model.listed = self.proof(model.listed, firm=self.absences or found or news)
        self.note("silences", not says_all(model, entry))
        if says_all(model, entry):
            model.proven = self.proof(model.proven, firm=self.absences or found or news)
        model.lack = None
        if self.absences or found:
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
            partial=entry.disputed,
        )
        self.log(id, "added", self.absence)
        return "added"

    def update(self, model: Model, entry: Entry, *, was_gone: bool) -> bool:
        """Take over what the entry says of the fields; what it is silent of stays as it was."""
        if entry.disputed:
            return False
        columns = {name: (model if name in entry.silent else entry).columns[name] for name in entry.columns}
        attributes = dict(entry.attributes)
        for name in entry.silent - entry.unread:  # what was received last stays, too
            if name in model.attributes:
                attributes[name] = model.attributes[name]
        old, new = reading.leaves(model.columns, model.attributes), reading.leaves(columns, attributes)
        paths = sorted(path for path in old | new if old.get(path) != new.get(path))
        for path in paths:
            values = {"field": path, "old_value": old.get(path), "new_value": new.get(path)}
            if model.partial and path not in old:  # learned now that the dispute is over
                self.log(model.id, "changed", None, **values, baseline=True)
            else:
                self.log(model.id, "changed", model.proven, **values)
        model.partial = False
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

    def judge(self, before: set[str]) -> tuple[int, int, bool]:
        """Believe what it lacks, wait, or hold it. Give how many are missing and removed, and if some are held."""
        models = self.source.models
        listed = set(self.walk.entries).union(*(before if each.seen is None else each.seen for each in self.others))
        absent = sorted(before - listed)
        for id in absent:
            self.start_anew(models[id])
        held = [id for id in absent if is_held(models[id])]
        release = self.wish.accept_removals and not self.fresh
        accepted = {id for id in held if release and self.is_long_gone(models[id])}
        rest = [id for id in absent if id not in accepted]
        alarm = self.is_too_much(len(rest), len(before) - len(accepted))
        self.note("guarded", alarm)
        self.note("removals accepted", len(accepted))
        removed = 0
        for id in absent:
            lack = models[id].lack
            ripe = lack is not None and not lack.held and self.ended - lack.since >= self.patience.confirm_after
            self.note_the_tick(lack)
            if id in accepted or (ripe and not alarm):
                self.remove(models[id])
                removed += 1
            else:
                self.miss(models[id], alarm=alarm)
        return len(absent) - removed, removed, alarm or bool(set(held) - accepted)

    def is_long_gone(self, model: Model) -> bool:
        by = self.wish.missed_by
        return by is None or (model.lack is not None and model.lack.since <= by)

    def note_the_tick(self, lack: Lack | None) -> None:
        early = lack.since + self.patience.confirm_after - self.ended if lack else None
        self.note("confirmed to the tick", early == timedelta(0))
        self.note("a tick too early", early == TICK)

    def start_anew(self, model: Model) -> None:
        """What was missing in another view of the list is missing from now on, in this one."""
        if model.lack and model.lack.run < self.source.baseline:
            model.lack = None

    def forget_held(self) -> None:
        """In a new view of the list nothing is held yet."""
        for model in self.source.models.values():
            if model.lack:
                model.lack.held = False

    def is_too_much(self, gone: int, of: int) -> bool:
        """The guard."""
        many = gone >= self.patience.min_removed and gone * 100 > self.patience.max_removed_percent * of
        return gone > 0 and (gone == of or many)

    def miss(self, model: Model, *, alarm: bool) -> None:
        if model.lack is None:
            model.lack = Lack(since=self.ended, run=self.run.number, baseline=self.baseline)
        model.lack.held = model.lack.held or alarm

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

    def finish(self, counts: dict[str, int], *, held: bool) -> None:
        """Close the run's record, and count the walk."""
        self.run.status = "held" if held else "complete" if self.absences else "partial"
        self.run.finished, self.run.baseline, self.run.counts = self.recorded, self.baseline, counts
        forgets = bool(self.silent) and not self.stranger
        quiet = self.run.status == "complete" and not self.walk.remarks and not (forgets or self.restored)
        self.run.has_words = (None if self.behind else False) if quiet else True
        self.source.generation += 1
        if self.absences:
            self.source.whole = self.ended


def says_all(model: Model, entry: Entry) -> bool:
    """Tell whether an entry says each field that is known."""
    return not entry.disputed and not any(model.columns[name] is not None for name in entry.silent - entry.unread)


def is_held(model: Model) -> bool:
    return model.lack is not None and model.lack.held


def without_asker(scope: Mapping[str, Any]) -> Row:
    return {name: value for name, value in scope.items() if name not in {ASKER, *MARKS}}
