"""The live lines of a terminal: what they say of a source, in columns."""

from datetime import UTC, datetime, timedelta

from catalog.cli.terminal import live
from catalog.cli.terminal.progress import Progress
from catalog.domain import Origin, Run, Status
from catalog.errors import ListingError
from catalog.service.schedule import JobState
from catalog.service.sync import RunReport
from catalog.upstream.fetch import Retry

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def report() -> RunReport:
    counts = dict.fromkeys(("pages", "added", "returned", "changed", "missing", "removed"), 0)
    run = Run(
        run_id=1,
        source="one",
        status=Status.COMPLETE,
        origin=Origin.LIVE,
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
    shown = [line.plain for line in live.drawn(jobs, {"another": "reading page 2, 2,000 models"}, now=NOW)]
    assert shown == [
        "one      1 min ago       next in 14 min  8 models listed, nothing changed (0 pages, 0.0 s)",
        "another  1 h 30 min ago  now             reading page 2, 2,000 models",
        "third    -               now             waiting",
        "busy     0 s ago         next in 1 min   read by another worker",
        "bad      0 s ago         next in 1 min   failed: cut",
        "worse    0 s ago         next in 1 min   failed (3 times): cut \\x1b[2J",
    ]


def test_what_a_run_does_is_how_far_it_is_and_what_it_waits_for() -> None:
    now = [100.0]
    progress = Progress(lambda: now[0])
    progress.begin("one")
    progress.begin("two")
    assert progress.words() == {"one": "reading", "two": "reading"}
    progress.page("one", 2, 2_000)
    for source in ("one", "two"):
        progress.retry(Retry(source=source, because="HTTP 529", attempt=2, tries=6, seconds=1.4))
    assert progress.words() == {
        "one": "page 2, 2,000 models; HTTP 529; try 2 of 6 in 2 s",
        "two": "HTTP 529; try 2 of 6 in 2 s",
    }
    now[0] += 1.4
    progress.end("two")
    progress.end("two")
    assert progress.words() == {"one": "page 2, 2,000 models; HTTP 529; try 2 of 6"}
    progress.page("one", 3, 3_000)
    assert progress.words() == {"one": "reading page 3, 3,000 models"}
