"""One line of text per change, run and missing model, as `sync` prints them."""

from datetime import timedelta

from catalog import text
from catalog.cli import output
from catalog.domain import Change, Kind, Missing, Run, Status
from catalog.service.sync import RunReport
from catalog.standing import cure

_MARKS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.RETURNED: "*", Kind.CHANGED: "~"}


def change(found: Change) -> str:
    """Say what became of one model."""
    subject = f"  {_MARKS[found.kind]} {found.source}: {found.model_id}"
    match found.kind:
        case Kind.ADDED:
            return f"{subject} newly listed"
        case Kind.RETURNED:
            return f"{subject} listed again"
        case Kind.REMOVED:
            return f"{subject} removed: not listed since {output.second(found.observed_at)}"
        case Kind.CHANGED:
            return f"{subject} {found.field}: {found.old_value or 'absent'} -> {found.new_value or 'absent'}"


def missing(report: RunReport) -> list[str]:
    """Say which models are missing, and what each waits for."""
    more = report.run.missing - len(report.missing)
    told = [_missing(report.run.source, model) for model in report.missing]
    return [*told, f"  ? ... and {more:,} more"] if more > 0 else told


def _missing(source: str, model: Missing) -> str:
    since = f"  ? {source}: {model.model_id} missing since {output.second(model.missing_since)}"
    if model.confirmed_from is None:
        return f"{since}; held until a walk lists it or somebody accepts that it is gone"
    after = output.second(model.confirmed_from + timedelta(seconds=1))
    return f"{since}; removed if a whole walk still lacks it at {after} or later"


def run(report: RunReport) -> str:
    """Say in one line how a run of a source ended."""
    return f"{report.run.source}: {outcome(report)}"


def outcome(report: RunReport) -> str:
    """Say the same without the source's name."""
    found = report.run
    if found.status in {Status.FAILED, Status.SKIPPED, Status.SUPERSEDED}:
        return f"{found.status}: {found.error}"
    parts = [f"{text.counted(found.models_seen, 'model')} listed", *_counts(found)]
    told = f"{', '.join(parts)} ({_cost(found)})"
    if report.baseline and not report.awaits_baseline and found.status in {Status.COMPLETE, Status.PARTIAL}:
        told += "; a baseline: what it found is not news"
    told += f"; {found.status}: {found.error}" if found.error else ""
    if report.awaits_baseline:
        told += f"; nothing is told as new yet: this walk is no baseline{_cured(found.error or '')}"
    waits = "; ".join(cause.words for cause in report.held)
    return f"{told}; held: {waits}" if waits and found.status is not Status.HELD else told


def _cured(doubt: str) -> str:
    setting = cure(doubt)
    return f" ({setting})" if setting else ""


def _counts(found: Run) -> list[str]:
    counts = {
        "new": found.added,
        "returned": found.returned,
        "changed": found.changed,
        "missing": found.missing,
        "removed": found.removed,
    }
    return [f"{count:,} {word}" for word, count in counts.items() if count] or ["nothing changed"]


def _cost(found: Run) -> str:
    took = (found.finished_at - found.started_at).total_seconds() if found.finished_at else 0
    return f"{text.counted(found.pages, 'page')}, {took:.1f} s"
