"""What a walk's findings are worth: baseline or news, believed or held. Pure: numbers in, a judgement out."""

from dataclasses import dataclass

from catalog.domain import Identity, Policy, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is known when a sealed walk meets the database; counts are of models."""

    whole: bool
    first: bool  # no whole walk was merged before
    scope_changed: bool  # the configured part differs from the one the history stands for
    identity_changed: bool  # the answers name somebody else
    listed_before: int
    absent: int  # of those, not listed by this walk
    absent_held: int  # of those, held since an earlier walk
    accept_removals: bool
    accept_scope: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What the merge has to do with it."""

    baseline: bool  # its findings are not news
    stranger: bool  # somebody else asked: nothing it lacks says anything of the scope the history stands for
    anew: bool  # it stands for a new scope: what was missing starts anew
    hold: bool  # every absence of this walk waits for a person
    release: bool  # what was held before and is still absent is removed at once
    status: Status
    reason: str = ""


def judge(evidence: Evidence, policy: Policy) -> Judgement:
    """Decide. Absences are believed of whole walks alone, never when the guard or the identity speaks against it."""
    renewed = evidence.scope_changed or (evidence.identity_changed and evidence.accept_scope)
    anew = evidence.whole and renewed
    stranger = evidence.identity_changed and not (evidence.scope_changed or anew)
    release = evidence.whole and evidence.accept_removals and not stranger and not anew
    alarmed = evidence.whole and _alarming(evidence, policy, accepted=evidence.absent_held if release else 0)
    waiting = evidence.absent_held and not release and not anew
    return Judgement(
        baseline=evidence.first or evidence.scope_changed or evidence.identity_changed,
        stranger=stranger,
        anew=anew,
        hold=evidence.whole and (alarmed or stranger),
        release=release,
        status=_status(evidence, held=bool(stranger or alarmed or (evidence.whole and waiting))),
        reason=_reason(evidence, stranger=stranger, alarmed=alarmed, waiting=bool(waiting)),
    )


def same_identity(before: Identity, now: Identity) -> bool:
    """Tell whether two answers can come from the same asker; an absent header is no statement."""
    pairs = ((before.organization, now.organization), (before.workspace, now.workspace))
    return all(old is None or new is None or old == new for old, new in pairs)


def _alarming(evidence: Evidence, policy: Policy, *, accepted: int) -> bool:
    absent, before = evidence.absent - accepted, evidence.listed_before - accepted
    if absent <= 0:
        return False
    return absent == before or (absent >= policy.min_removed and absent * 100 > policy.max_removed_percent * before)


def _status(evidence: Evidence, *, held: bool) -> Status:
    if held:
        return Status.HELD
    return Status.COMPLETE if evidence.whole else Status.PARTIAL


def _reason(evidence: Evidence, *, stranger: bool, alarmed: bool, waiting: bool) -> str:
    if stranger:
        return "the answers name another organization or workspace than before: absences wait for --accept-scope"
    if alarmed:
        lacked = f"{evidence.absent} of {evidence.listed_before} listed models are gone at once"
        return f"{lacked}: they wait for --accept-removals"
    if evidence.whole and waiting:
        return f"{evidence.absent_held} held models are still not listed: they wait for --accept-removals"
    return ""
