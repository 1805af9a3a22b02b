"""What `catalog status` complains of, and what it only mentions."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog import health
from catalog.domain import Run, Source, Status
from catalog.errors import Failure
from catalog.health import Backlog, Cause, Finding, Level, SourceCheck, SourceHealth, Wait

pytestmark = pytest.mark.promise("P10")

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(status: Status, error: str | None = None) -> Run:
    counts: dict[str, Any] = dict.fromkeys(
        ("pages", "models_seen", "added", "returned", "changed", "removed", "missing"), 1
    )
    times: dict[str, Any] = {"started_at": NOW - HOUR, "finished_at": NOW}
    return Run(run_id=1, source="one", status=status, scope="{}", error=error, **times, **counts)


def watched(
    last: Run | Status | None = None, *, whole: datetime | None = NOW - HOUR, name: str = "one", **given: Any
) -> SourceCheck:
    """A source: how its last run ended, when it was last read whole, and what else is known of it."""
    row = Source(
        source=name,
        base_url="https://api.example",
        scope="{}",
        configured=True,
        last_whole_at=whole,
        last_status=Status.COMPLETE,
        models_listed=3,
    )
    stale_after = given.pop("stale_after", 3 * HOUR)
    usual: dict[str, Any] = {"failure": None, "failed": 0, "unclean": 0, "missing": 0, "held": ()}
    record = run(last) if isinstance(last, Status) else last
    known = SourceHealth(row=row, last=record, **usual | given)
    return SourceCheck(name=name, row=row, stale_after=stale_after, health=known)


def held(wait: Wait, models: int = 4) -> dict[str, Any]:
    return {"held": (Cause(wait=wait, since_run=1, models=models, listed=10),)}


def codes(found: Sequence[Finding]) -> list[tuple[str, bool]]:
    return [(finding.code, finding.level is Level.PROBLEM) for finding in found]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (watched(Status.COMPLETE), []),
        (watched(Status.COMPLETE, whole=NOW - 3 * HOUR), []),
        (watched(Status.COMPLETE, whole=NOW - 4 * HOUR), [("stale", True)]),
        (watched(Status.COMPLETE, whole=NOW + HOUR), [("clock", True)]),
        (watched(Status.COMPLETE, whole=NOW + timedelta(seconds=2)), []),
        (watched(whole=None), [("never", True)]),
        (SourceCheck(name="one", row=None, stale_after=HOUR), [("never", True)]),
        # One or two failures are a note while the list is fresh.
        (watched(Status.FAILED, failed=1), [("failed", False)]),
        (watched(Status.ABANDONED, failed=2), [("failed", False)]),
        (watched(Status.FAILED, failed=3), [("failed", True)]),
        (watched(Status.FAILED, failed=1, whole=NOW - 4 * HOUR), [("stale", True), ("failed", False)]),
        (watched(Status.FAILED, failed=1, whole=None), [("never", True), ("failed", False)]),
        # What does not pass by itself is a problem at once.
        (watched(Status.FAILED, failed=1, failure=Failure.KEY), [("failed", True)]),
        (watched(Status.FAILED, failed=1, failure=Failure.CERTIFICATE), [("failed", True)]),
        (watched(Status.FAILED, failed=1, failure=Failure.CONFIGURATION), [("failed", True)]),
        (watched(Status.FAILED, failed=1, failure=Failure.LIST), [("failed", False)]),
        (watched(Status.FAILED, failed=1, failure=Failure.DATABASE), [("failed", False)]),
        (watched(Status.FAILED, failed=2, failure=Failure.UNEXPECTED), [("failed", False)]),
        # Held is held, whatever the last run came to.
        (watched(Status.HELD, **held(Wait.REMOVALS)), [("held", True)]),
        (watched(Status.PARTIAL, unclean=1, **held(Wait.REMOVALS)), [("held", True), ("unclean", False)]),
        (watched(Status.FAILED, failed=1, **held(Wait.SCOPE)), [("held", True), ("failed", False)]),
        (watched(Status.PARTIAL, unclean=1), [("unclean", False)]),
        (watched(Status.PARTIAL, unclean=2), [("unclean", False)]),
        (watched(Status.PARTIAL, unclean=3), [("unclean", True)]),
        (watched(Status.COMPLETE, missing=2), [("missing", False)]),
        (watched(Status.FAILED, failed=1, missing=2), [("failed", False), ("missing", False)]),
        (watched(Status.FAILED, failed=9, whole=NOW - 9 * HOUR, stale_after=None), [("unconfigured", False)]),
    ],
)
def test_each_state_of_a_source_has_its_findings(one: SourceCheck, expected: list[tuple[str, bool]]) -> None:
    found = health.findings([one], now=NOW)
    assert codes(found) == expected
    assert health.healthy(found) is not any(problem for _, problem in expected)


def test_a_finding_says_how_old_why_and_what_to_type() -> None:
    one = watched(run(Status.FAILED, "401: the key was refused"), failed=2, failure=Failure.KEY, whole=NOW - 4 * HOUR)
    found = health.findings([one], now=NOW)
    assert [(finding.text, finding.hint) for finding in found] == [
        ("the last whole walk ended 4 h ago (stale after 3 h)", "catalog sync one"),
        ("the last 2 runs failed; the latest: 401: the key was refused", "catalog runs"),
    ]


@pytest.mark.parametrize(
    ("wait", "hint", "words"),
    [
        (
            Wait.REMOVALS,
            "catalog sync one --accept-removals",
            "4 of 10 models that were listed before are gone at once",
        ),
        (Wait.SCOPE, "catalog sync one --accept-scope", "the answers name another organization or workspace"),
    ],
)
def test_what_is_held_names_what_ends_it(wait: Wait, hint: str, words: str) -> None:
    [finding] = health.findings([watched(Status.COMPLETE, **held(wait))], now=NOW)
    assert (finding.code, finding.hint) == ("held", hint)
    assert words in finding.text


def test_problems_come_before_notes() -> None:
    one = watched(Status.PARTIAL, missing=1, unclean=1)
    two = watched(Status.FAILED, name="two", failed=3)
    assert [(finding.source, finding.code) for finding in health.findings([one, two], now=NOW)] == [
        ("two", "failed"),
        ("one", "missing"),
        ("one", "unclean"),
    ]


def backlog(**fields: object) -> Backlog:
    told: dict[str, object] = {
        "channel": "team",
        "pending": 0,
        "dead": 0,
        "oldest": None,
        "next_attempt_at": None,
        "last_error": None,
    }
    return Backlog(**{**told, **fields})  # type: ignore[arg-type] # as the test names them


CHANNELS = {
    "nothing pending": ({}, []),
    "pending for a moment": ({"pending": 1, "oldest": NOW - timedelta(minutes=5)}, []),
    "pending for long": ({"pending": 2, "oldest": NOW - 2 * HOUR, "last_error": "HTTP 503"}, ["problem late"]),
    "pending and resting": ({"pending": 1, "oldest": NOW, "next_attempt_at": NOW + HOUR}, ["note resting"]),
    "pending and never tried": ({"pending": 1, "oldest": NOW - 2 * HOUR}, ["problem late"]),
    "given up": ({"dead": 1, "last_error": "HTTP 410"}, ["problem dead"]),
    "given up without a word": ({"dead": 3}, ["problem dead"]),
    "given up, and not configured any more": ({"dead": 1, "configured": False}, ["note dead"]),
    "not configured any more": ({"pending": 1, "oldest": NOW - 2 * HOUR, "configured": False}, ["note orphaned"]),
}


@pytest.mark.parametrize(("fields", "codes"), CHANNELS.values(), ids=CHANNELS.keys())
def test_a_channel_that_gave_up_or_is_late_is_a_problem(fields: dict[str, object], codes: list[str]) -> None:
    fields = dict(fields)
    configured = {"team"} if fields.pop("configured", True) else set()
    found = health.backlogs([backlog(**fields)], configured=configured, now=NOW)
    assert [f"{finding.level} {finding.code}" for finding in found] == codes
    assert all((finding.channel, finding.source, finding.name) == ("team", None, "team") for finding in found)


def test_a_channel_that_backs_off_says_why_and_for_how_long() -> None:
    fields = {"pending": 3, "last_error": "HTTP 503", "next_attempt_at": NOW + timedelta(minutes=40)}
    for oldest in (NOW - timedelta(minutes=5), NOW - 2 * HOUR):
        [finding] = health.backlogs([backlog(oldest=oldest, **fields)], configured={"team"}, now=NOW)
        assert "next attempt in 40 min: HTTP 503" in finding.text
