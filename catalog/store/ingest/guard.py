"""Decides what the findings of a walk are worth: baseline or news, believed or held. Pure."""

from dataclasses import dataclass

from catalog.domain import Policy, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardFacts:
    """What is known when a sealed walk meets the database; counts are of models."""

    whole: bool  # it proves absences: what it lacks was not listed
    complete: bool  # it showed the whole list, with a usable model in it: it can make a baseline
    first: bool  # no baseline was made before
    scope_changed: bool  # the configured part differs from the one the history stands for, or the history was restored
    unknown_identity: bool  # the answers name an identity that was not accepted in this scope
    nameless: bool  # several identities are accepted, and the answers do not say which one they come from
    listed_before: int
    absent: int  # of `listed_before`: no accepted identity's latest whole walk lists them
    absent_held: int  # of `absent`: held since an earlier walk
    accepted: int  # of `absent_held`: a person accepts that they are gone
    accept_scope: bool
    accept_later: bool = False  # a person accepts all that was held before: what is held now is held since this walk


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What the merge has to do with the walk."""

    baseline: bool  # its findings are not news
    makes_baseline: bool  # the findings of later walks are news
    other_identity: bool  # it answered for an identity that is not accepted: its absences prove nothing here
    absences: bool  # what it lacks counts: missing, then removed
    hold: bool  # too much is gone at once: every absence of this walk waits for a person
    accept: bool  # what was held before, is still absent and is accepted as gone is removed at once
    status: Status
    reason: str = ""


def judge(facts: GuardFacts, policy: Policy) -> Decision:
    """Decide. Only a whole walk of an accepted identity proves absences; too many absences at once are held."""
    other_identity = facts.unknown_identity and not (facts.accept_scope and facts.complete)
    baseline = facts.first or facts.scope_changed or facts.unknown_identity
    makes_baseline = baseline and facts.complete and not other_identity
    absences = facts.whole and not other_identity and not facts.nameless
    # A new baseline begins with nothing held and nothing missing, so that there is nothing to accept.
    accepted = facts.accepted if absences and not makes_baseline else 0
    alarmed = absences and _is_alarming(facts, policy, accepted=accepted)
    waiting = absences and facts.absent_held > accepted and not makes_baseline
    is_held = other_identity or alarmed or waiting
    return Decision(
        baseline=baseline,
        makes_baseline=makes_baseline,
        other_identity=other_identity,
        absences=absences,
        hold=alarmed,
        accept=accepted > 0,
        status=Status.HELD if is_held else Status.COMPLETE if absences else Status.PARTIAL,
        reason=_reason(facts, accepted, other_identity=other_identity, alarmed=alarmed, waiting=waiting),
    )


def _is_alarming(facts: GuardFacts, policy: Policy, *, accepted: int) -> bool:
    absent, before = facts.absent - accepted, facts.listed_before - accepted
    if absent <= 0:
        return False
    return absent == before or (absent >= policy.min_removed and absent * 100 > policy.max_removed_percent * before)


def _reason(facts: GuardFacts, accepted: int, *, other_identity: bool, alarmed: bool, waiting: bool) -> str:
    if other_identity:
        return "the answers name another organization or workspace than before: absences wait for --accept-scope"
    if alarmed:
        lacked = f"{facts.absent - accepted} of {facts.listed_before} models that were listed before are gone at once"
        if facts.accept_later:
            return f"{lacked}: held since this walk; give --accept-removals once more to accept that they are gone"
        return f"{lacked}: they wait for --accept-removals"
    if waiting:
        return f"{facts.absent_held - accepted} held models are still not listed: they wait for --accept-removals"
    if facts.nameless:
        return "several identities are accepted, and the answers name none of them: what they lack counts for nothing"
    return ""
