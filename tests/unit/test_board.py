"""The live lines of a terminal: what they say of a source, in columns."""

from datetime import UTC, datetime, timedelta

from catalog.cli import live
from catalog.domain import Run, Status
from catalog.errors import ListingError
from catalog.service.schedule import JobState
from catalog.service.sync import RunReport

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def report() -> RunReport:
    counts = dict.fromkeys(("pages", "added", "returned", "changed", "missing", "removed"), 0)
    run = Run(
        run_id=1,
        source="one",
        status=Status.COMPLETE,
        started_at=NOW,
        finished_at=NOW,
        scope="{}",
        models_seen=8,
        error=None,
        **counts,
    )
    return RunReport(run=run, baseline=False)


def test_each_source_has_a_line_with_when_when_next_and_how() -> None:
    jobs = [
        JobState(source="one", ended=NOW - MINUTE, next=NOW + 14 * MINUTE, report=report()),
        JobState(source="another", began=NOW, ended=NOW - 90 * MINUTE),
        JobState(source="third", next=NOW),
        JobState(source="busy", ended=NOW, next=NOW + MINUTE),
        JobState(source="bad", ended=NOW, next=NOW + MINUTE, failure=ListingError("cut"), failures=1),
        JobState(source="worse", ended=NOW, next=NOW + MINUTE, failure=ListingError("cut \x1b[2J"), failures=3),
    ]
    shown = [line.plain for line in live.drawn(jobs, {"another": "page 2, 2,000 models"}, now=NOW)]
    assert shown == [
        "one      1 min ago       next in 14 min  8 models listed, nothing changed (0 pages, 0.0 s)",
        "another  1 h 30 min ago  now             reading page 2, 2,000 models",
        "third    -               now             waiting",
        "busy     0 s ago         next in 1 min   read by another worker",
        "bad      0 s ago         next in 1 min   failed: cut",
        "worse    0 s ago         next in 1 min   failed (3 times): cut \\x1b[2J",
    ]
