"""What a walk's findings are worth, case by case."""

from datetime import timedelta
from typing import Any

import pytest

from catalog.domain import Identity, Policy, Status
from catalog.store import judgement
from catalog.store.judgement import Evidence, Judgement

pytestmark = pytest.mark.promise("P1")

USUAL: dict[str, Any] = {
    "whole": True,
    "first": False,
    "scope_changed": False,
    "identity_changed": False,
    "listed_before": 10,
    "absent": 0,
    "absent_held": 0,
    "accept_removals": False,
    "accept_scope": False,
}
COMPLETE, PARTIAL, HELD = Status.COMPLETE, Status.PARTIAL, Status.HELD
TRUTHS = ("baseline", "stranger", "anew", "hold", "release")


def judge(policy: Policy | None = None, **evidence: Any) -> Judgement:
    return judgement.judge(Evidence(**USUAL | evidence), policy or Policy())


def brief(judged: Judgement) -> tuple[Status, set[str]]:
    return judged.status, {name for name in TRUTHS if getattr(judged, name)}


@pytest.mark.parametrize(
    ("evidence", "status", "truths"),
    [
        ({}, COMPLETE, set()),
        ({"whole": False}, PARTIAL, set()),
        ({"first": True, "listed_before": 0}, COMPLETE, {"baseline"}),
        ({"first": True, "whole": False}, PARTIAL, {"baseline"}),
        # Another configured scope is a new baseline, as soon as a walk is whole.
        ({"scope_changed": True}, COMPLETE, {"baseline", "anew"}),
        ({"scope_changed": True, "absent": 2}, COMPLETE, {"baseline", "anew"}),
        ({"scope_changed": True, "whole": False}, PARTIAL, {"baseline"}),
        ({"scope_changed": True, "identity_changed": True}, COMPLETE, {"baseline", "anew"}),
        ({"scope_changed": True, "absent": 9}, HELD, {"baseline", "anew", "hold"}),
        # Another identity alone is held, until somebody says that it is meant.
        ({"identity_changed": True}, HELD, {"baseline", "stranger", "hold"}),
        ({"identity_changed": True, "whole": False}, HELD, {"baseline", "stranger"}),
        ({"identity_changed": True, "accept_scope": True}, COMPLETE, {"baseline", "anew"}),
        ({"identity_changed": True, "accept_scope": True, "whole": False}, HELD, {"baseline", "stranger"}),
        ({"accept_scope": True}, COMPLETE, set()),
        # What was held waits for a person: an ordinary walk that lacks it still does not decide.
        ({"absent": 2, "absent_held": 2}, HELD, set()),
        ({"absent": 2, "absent_held": 2, "whole": False}, PARTIAL, set()),
        ({"absent": 2, "absent_held": 2, "accept_removals": True}, COMPLETE, {"release"}),
        ({"absent": 10, "absent_held": 10, "accept_removals": True}, COMPLETE, {"release"}),
        ({"absent": 10, "absent_held": 10, "accept_removals": True, "whole": False}, PARTIAL, set()),
        ({"absent": 2, "absent_held": 2, "scope_changed": True}, COMPLETE, {"baseline", "anew"}),
        # What goes while a great loss is held is part of it.
        ({"absent": 5, "absent_held": 4}, HELD, {"hold"}),
        # A person's word covers what was held when it was spoken, and nobody else's list.
        ({"absent": 9, "absent_held": 4, "accept_removals": True}, HELD, {"hold", "release"}),
        ({"absent": 5, "absent_held": 4, "accept_removals": True}, COMPLETE, {"release"}),
        (
            {"absent": 9, "absent_held": 9, "accept_removals": True, "identity_changed": True},
            HELD,
            {"baseline", "stranger", "hold"},
        ),
        (
            {"absent": 9, "absent_held": 9, "accept_removals": True, "scope_changed": True},
            HELD,
            {"baseline", "anew", "hold"},
        ),
    ],
)
def test_what_a_walk_is_worth(evidence: dict[str, Any], status: Status, truths: set[str]) -> None:
    assert brief(judge(**evidence)) == (status, truths)


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
    ("evidence", "words"),
    [
        ({}, ""),
        ({"absent": 1}, ""),
        ({"absent": 1, "absent_held": 1, "whole": False}, ""),
        ({"absent": 5}, "5 of 10 listed models are gone at once: they wait for --accept-removals"),
        (
            {"absent": 2, "absent_held": 2},
            "2 held models are still not listed: they wait for --accept-removals",
        ),
        (
            {"absent": 5, "identity_changed": True},
            "the answers name another organization or workspace than before: absences wait for --accept-scope",
        ),
    ],
)
def test_a_held_run_says_what_it_waits_for(evidence: dict[str, Any], words: str) -> None:
    assert judge(**evidence).reason == words


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        (("o", "w"), ("o", "w"), True),
        (("o", "w"), ("p", "w"), False),
        (("o", "w"), ("o", "x"), False),
        (("o", None), ("o", "x"), True),
        ((None, None), ("o", "x"), True),
        (("o", "w"), (None, None), True),
        (("o", "w"), (None, "x"), False),
    ],
)
def test_an_absent_header_is_no_statement(
    before: tuple[str | None, str | None], now: tuple[str | None, str | None], same: bool
) -> None:
    old = Identity(organization=before[0], workspace=before[1])
    new = Identity(organization=now[0], workspace=now[1])
    assert judgement.same_identity(old, new) is same
