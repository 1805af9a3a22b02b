"""What `catalog status` complains of, and what it only mentions."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog import health
from catalog.domain import Run, Source, Status
from catalog.health import Channel, Finding, Level, Watched

pytestmark = pytest.mark.promise("P10")

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(status: Status, error: str | None = None, missing: int = 0) -> Run:
    counts: dict[str, Any] = dict.fromkeys(("pages", "models_seen", "added", "returned", "changed", "removed"), 1)
    times: dict[str, Any] = {"started_at": NOW - HOUR, "finished_at": NOW}
    return Run(run_id=1, source="one", status=status, scope="{}", error=error, missing=missing, **times, **counts)


def watched(*recent: Run | Status, whole: datetime | None = NOW - HOUR, **given: Any) -> Watched:
    runs = tuple(run(one) if isinstance(one, Status) else one for one in recent)
    row = Source(
        source="one",
        base_url="https://api.example",
        scope="{}",
        configured=True,
        last_whole_at=whole,
        last_status=Status.COMPLETE,
        models_listed=3,
    )
    usual: dict[str, Any] = {"name": "one", "row": row, "stale_after": 3 * HOUR, "recent": runs}
    return Watched(**usual | given)


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
        (watched(row=None), [("never", True)]),
        (watched(Status.FAILED, Status.COMPLETE), [("failed", True)]),
        (watched(Status.ABANDONED, Status.COMPLETE), [("failed", True)]),
        (watched(Status.COMPLETE, Status.FAILED), []),
        (watched(Status.RUNNING, Status.FAILED), [("failed", True)]),
        (watched(Status.SKIPPED, Status.SUPERSEDED, Status.COMPLETE), []),
        (watched(Status.SKIPPED, Status.FAILED), [("failed", True)]),
        (watched(Status.HELD), [("held", True)]),
        (watched(Status.FAILED, Status.HELD), [("failed", True), ("held", True)]),
        (watched(Status.COMPLETE, Status.HELD), []),
        (watched(Status.PARTIAL, Status.COMPLETE), [("unclean", False)]),
        (watched(Status.PARTIAL, Status.FAILED, Status.PARTIAL, Status.PARTIAL), [("unclean", True)]),
        (watched(run(Status.COMPLETE, missing=2)), [("missing", False)]),
        (watched(Status.FAILED, run(Status.COMPLETE, missing=2)), [("failed", True), ("missing", False)]),
        (watched(Status.COMPLETE, run(Status.COMPLETE, missing=2)), []),
        (watched(Status.FAILED, whole=NOW - 9 * HOUR, stale_after=None), [("unconfigured", False)]),
    ],
)
def test_each_state_of_a_source_has_its_findings(one: Watched, expected: list[tuple[str, bool]]) -> None:
    found = health.findings([one], now=NOW)
    assert codes(found) == expected
    assert health.healthy(found) is not any(problem for _, problem in expected)


def test_a_finding_says_how_old_why_and_what_to_type() -> None:
    failed = [run(Status.FAILED, "401: the key was refused"), run(Status.FAILED, "something older")]
    found = health.findings([watched(*failed, whole=NOW - 4 * HOUR)], now=NOW)
    assert [(finding.text, finding.hint) for finding in found] == [
        ("the last whole walk ended 4 h ago (stale after 3 h)", "catalog sync one"),
        ("the last 2 runs failed; the latest: 401: the key was refused", "catalog runs"),
    ]


@pytest.mark.parametrize(
    ("reason", "option"),
    [
        ("9 of 10 listed models are gone at once: they wait for --accept-removals", "--accept-removals"),
        ("the answers name another workspace than before: absences wait for --accept-scope", "--accept-scope"),
    ],
)
def test_the_option_that_accepts_what_was_held_is_the_one_that_its_reason_names(reason: str, option: str) -> None:
    [finding] = health.findings([watched(run(Status.HELD, reason))], now=NOW)
    assert (finding.code, finding.hint) == ("held", f"catalog sync one {option}")


def test_problems_come_before_notes() -> None:
    one = watched(run(Status.PARTIAL, missing=1))
    two = watched(Status.FAILED, name="two")
    assert [(finding.source, finding.code) for finding in health.findings([one, two], now=NOW)] == [
        ("two", "failed"),
        ("one", "missing"),
        ("one", "unclean"),
    ]


def channel(**fields: object) -> Channel:
    told: dict[str, object] = {
        "name": "team",
        "owed": 0,
        "dead": 0,
        "oldest": None,
        "next_attempt_at": None,
        "last_error": None,
    }
    return Channel(**{**told, "configured": True, **fields})  # type: ignore[arg-type] # as the test names them


CHANNELS = {
    "nothing owed": ({}, []),
    "owed for a moment": ({"owed": 1, "oldest": NOW - timedelta(minutes=5)}, []),
    "owed for long": ({"owed": 2, "oldest": NOW - 2 * HOUR, "last_error": "HTTP 503"}, ["problem late"]),
    "owed and resting": ({"owed": 1, "oldest": NOW, "next_attempt_at": NOW + HOUR}, ["note resting"]),
    "owed and never tried": ({"owed": 1, "oldest": NOW - 2 * HOUR}, ["problem late"]),
    "given up": ({"dead": 1, "last_error": "HTTP 410"}, ["problem dead"]),
    "given up without a word": ({"dead": 3}, ["problem dead"]),
    "given up, and not configured any more": ({"dead": 1, "configured": False}, ["note dead"]),
    "not configured any more": ({"owed": 1, "oldest": NOW - 2 * HOUR, "configured": False}, ["note orphaned"]),
}


@pytest.mark.parametrize(("fields", "codes"), CHANNELS.values(), ids=CHANNELS.keys())
def test_a_channel_that_gave_up_or_is_late_is_a_problem(fields: dict[str, object], codes: list[str]) -> None:
    found = health.backlogs([channel(**fields)], now=NOW)
    assert [f"{finding.level} {finding.code}" for finding in found] == codes
    assert all((finding.channel, finding.source, finding.name) == ("team", None, "team") for finding in found)


def test_a_channel_that_rests_says_why_and_how_long_it_still_does() -> None:
    fields = {"owed": 3, "last_error": "HTTP 503", "next_attempt_at": NOW + timedelta(minutes=40)}
    for oldest in (NOW - timedelta(minutes=5), NOW - 2 * HOUR):
        [finding] = health.backlogs([channel(oldest=oldest, **fields)], now=NOW)
        assert "next attempt in 40 min: HTTP 503" in finding.text
