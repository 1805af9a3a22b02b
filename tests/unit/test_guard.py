"""What a walk's findings are worth, case by case."""

from datetime import timedelta
from typing import Any

import pytest

from catalog.domain import Policy, Status
from catalog.store.ingest import guard
from catalog.store.ingest.guard import Decision, GuardFacts

pytestmark = pytest.mark.promise("P1")

USUAL: dict[str, Any] = {
    "whole": True,
    "complete": True,
    "first": False,
    "scope_changed": False,
    "unknown_identity": False,
    "nameless": False,
    "listed_before": 10,
    "absent": 0,
    "absent_held": 0,
    "accepted": 0,
    "accept_scope": False,
}
COMPLETE, PARTIAL, HELD = Status.COMPLETE, Status.PARTIAL, Status.HELD
TRUTHS = ("baseline", "makes_baseline", "other_identity", "absences", "hold", "accept")
BEGINS = {"baseline", "makes_baseline"}
ENTRIES = {"whole": False}  # a doubt about entries
CUT_SHORT = {"whole": False, "complete": False}  # a doubt about completeness


def judge(policy: Policy | None = None, **facts: Any) -> Decision:
    return guard.judge(GuardFacts(**USUAL | facts), policy or Policy())


def brief(judged: Decision) -> tuple[Status, set[str]]:
    return judged.status, {name for name in TRUTHS if getattr(judged, name)}


GONE = "models that were listed before are gone at once"
LATER = "held since this walk; give --accept-removals once more to accept that they are gone"


@pytest.mark.parametrize(
    ("facts", "status", "truths"),
    [
        ({}, COMPLETE, {"absences"}),
        (ENTRIES, PARTIAL, set()),
        (CUT_SHORT, PARTIAL, set()),
        # A doubt about entries does not keep a baseline from being made; one about completeness does.
        ({"first": True, "listed_before": 0}, COMPLETE, BEGINS | {"absences"}),
        ({"first": True, **ENTRIES}, PARTIAL, BEGINS),
        ({"first": True, **CUT_SHORT}, PARTIAL, {"baseline"}),
        # Another configured scope is a new baseline.
        ({"scope_changed": True}, COMPLETE, BEGINS | {"absences"}),
        ({"scope_changed": True, "absent": 2}, COMPLETE, BEGINS | {"absences"}),
        ({"scope_changed": True, **ENTRIES}, PARTIAL, BEGINS),
        ({"scope_changed": True, **CUT_SHORT}, PARTIAL, {"baseline"}),
        ({"scope_changed": True, "absent": 9}, HELD, BEGINS | {"absences", "hold"}),
        ({"scope_changed": True, "complete": False, "absent": 10}, HELD, {"baseline", "absences", "hold"}),
        # Another identity alone is held, until a person accepts it.
        ({"unknown_identity": True}, HELD, {"baseline", "other_identity"}),
        ({"unknown_identity": True, **ENTRIES}, HELD, {"baseline", "other_identity"}),
        ({"unknown_identity": True, "accept_scope": True}, COMPLETE, BEGINS | {"absences"}),
        ({"unknown_identity": True, "accept_scope": True, **ENTRIES}, PARTIAL, BEGINS),
        ({"unknown_identity": True, "accept_scope": True, **CUT_SHORT}, HELD, {"baseline", "other_identity"}),
        ({"accept_scope": True}, COMPLETE, {"absences"}),
        # Where several identities are accepted, an answer that names none of them proves no absence.
        ({"nameless": True, "absent": 9}, PARTIAL, set()),
        # What was held waits for a person: an ordinary walk that lacks it still does not decide.
        ({"absent": 2, "absent_held": 2}, HELD, {"absences"}),
        ({"absent": 2, "absent_held": 2, **ENTRIES}, PARTIAL, set()),
        ({"absent": 2, "absent_held": 2, "accepted": 2}, COMPLETE, {"absences", "accept"}),
        ({"absent": 10, "absent_held": 10, "accepted": 10}, COMPLETE, {"absences", "accept"}),
        ({"absent": 10, "absent_held": 10, "accepted": 10, **ENTRIES}, PARTIAL, set()),
        ({"absent": 2, "absent_held": 2, "scope_changed": True}, COMPLETE, BEGINS | {"absences"}),
        # What goes while a great loss is held is part of it.
        ({"absent": 5, "absent_held": 4}, HELD, {"absences", "hold"}),
        # A person accepts what was held by then, of an accepted identity alone.
        ({"absent": 9, "absent_held": 4, "accepted": 4}, HELD, {"absences", "hold", "accept"}),
        ({"absent": 5, "absent_held": 4, "accepted": 4}, COMPLETE, {"absences", "accept"}),
        # Or only what was gone for long; the others still wait.
        ({"absent": 2, "absent_held": 2, "accepted": 1}, HELD, {"absences", "accept"}),
        ({"absent": 9, "absent_held": 4, "accepted": 2}, HELD, {"absences", "hold", "accept"}),
        (
            {"absent": 9, "absent_held": 9, "accepted": 9, "unknown_identity": True},
            HELD,
            {"baseline", "other_identity"},
        ),
        (
            {"absent": 9, "absent_held": 9, "accepted": 9, "scope_changed": True},
            HELD,
            BEGINS | {"absences", "hold"},
        ),
    ],
)
def test_what_a_walk_is_worth(facts: dict[str, Any], status: Status, truths: set[str]) -> None:
    assert brief(judge(**facts)) == (status, truths)


@pytest.mark.parametrize(
    ("before", "absent", "held"),
    [
        *((10, 0, False), (10, 3, False), (10, 4, True), (10, 10, True)),
        *((13, 4, True), (14, 4, False), (100, 30, False), (100, 31, True)),
        *((1, 1, True), (2, 1, False), (2, 2, True), (3, 3, True), (3, 2, False), (0, 0, False)),
    ],
)
def test_everything_or_four_and_more_than_thirty_percent_are_held(before: int, absent: int, held: bool) -> None:
    judged = judge(listed_before=before, absent=absent)
    assert (judged.hold, judged.status is HELD) == (held, held)


def test_the_guard_is_configured_per_source() -> None:
    strict = Policy(confirm_after=timedelta(0), max_removed_percent=0, min_removed=1)
    lenient = Policy(max_removed_percent=100, min_removed=1)
    assert judge(strict, absent=1).hold
    assert not judge(lenient, absent=9).hold
    assert judge(lenient, absent=10).hold  # everything is never believed


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ""),
        ({"absent": 1}, ""),
        ({"absent": 1, "absent_held": 1, "whole": False}, ""),
        ({"absent": 5}, "5 of 10 models that were listed before are gone at once: they wait for --accept-removals"),
        (
            {"absent": 5, "accept_later": True},
            f"5 of 10 {GONE}: {LATER}",
        ),
        (
            {"absent": 7, "absent_held": 2, "accepted": 2, "accept_later": True},
            f"5 of 10 {GONE}: {LATER}",
        ),
        (
            {"absent": 2, "absent_held": 2},
            "2 held models are still not listed: they wait for --accept-removals",
        ),
        (
            {"absent": 5, "unknown_identity": True},
            "the answers name another organization or workspace than before: absences wait for --accept-scope",
        ),
        (
            {"absent": 5, "nameless": True},
            "several identities are accepted, and the answers name none of them: what they lack counts for nothing",
        ),
    ],
)
def test_a_held_run_says_what_it_waits_for(facts: dict[str, Any], words: str) -> None:
    assert judge(**facts).reason == words
