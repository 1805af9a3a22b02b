"""What a walk's findings are worth: baseline or news, believed or held. Pure: numbers in, a judgement out."""

from dataclasses import dataclass

from catalog.domain import Policy, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is known when a sealed walk meets the database; counts are of models."""

    whole: bool  # what it lacks is absent
    complete: bool  # it showed the whole list, with a usable model in it: it can make a baseline
    first: bool  # no baseline was made before
    scope_changed: bool  # the configured part differs from the one the history stands for, or the history was restored
    unknown_identity: bool  # the answers name an identity that was not accepted in this scope
    nameless: bool  # several identities are accepted, and the answers do not say which one they come from
    listed_before: int
    absent: int  # of those, listed by the latest whole walk of no accepted identity
    absent_held: int  # of those, held since an earlier walk
    accept_removals: bool
    accept_scope: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What the merge has to do with it."""

    baseline: bool  # its findings are not news
    makes_baseline: bool  # from now on, findings are
    accepts: bool  # its identity is accepted from now on
    stranger: bool  # its identity is not: what it lacks says nothing
    absences: bool  # what it lacks is absent
    hold: bool  # every absence of this walk waits for a person
    release: bool  # what was held before and is still absent is removed at once
    status: Status
    reason: str = ""


def judge(evidence: Evidence, policy: Policy) -> Judgement:
    """Decide. Absences are believed of whole walks alone, never when the guard or the identity speaks against it."""
    accepts = evidence.unknown_identity and evidence.accept_scope and evidence.complete
    stranger = evidence.unknown_identity and not accepts
    baseline = evidence.first or evidence.scope_changed or evidence.unknown_identity
    makes_baseline = baseline and evidence.complete and not stranger
    absences = evidence.whole and not stranger and not evidence.nameless
    # A new view of the list begins with nothing held and nothing missing.
    release = absences and evidence.accept_removals and not makes_baseline
    alarmed = absences and _alarming(evidence, policy, accepted=evidence.absent_held if release else 0)
    waiting = bool(absences and evidence.absent_held and not release and not makes_baseline)
    return Judgement(
        baseline=baseline,
        makes_baseline=makes_baseline,
        accepts=accepts,
        stranger=stranger,
        absences=absences,
        hold=alarmed,
        release=release,
        status=_status(absences=absences, held=stranger or alarmed or waiting),
        reason=_reason(evidence, stranger=stranger, alarmed=alarmed, waiting=waiting),
    )


def _alarming(evidence: Evidence, policy: Policy, *, accepted: int) -> bool:
    absent, before = evidence.absent - accepted, evidence.listed_before - accepted
    if absent <= 0:
        return False
    return absent == before or (absent >= policy.min_removed and absent * 100 > policy.max_removed_percent * before)


def _status(*, absences: bool, held: bool) -> Status:
    if held:
        return Status.HELD
    return Status.COMPLETE if absences else Status.PARTIAL


def _reason(evidence: Evidence, *, stranger: bool, alarmed: bool, waiting: bool) -> str:
    if stranger:
        return "the answers name another organization or workspace than before: absences wait for --accept-scope"
    if alarmed:
        lacked = f"{evidence.absent} of {evidence.listed_before} listed models are gone at once"
        return f"{lacked}: they wait for --accept-removals"
    if waiting:
        return f"{evidence.absent_held} held models are still not listed: they wait for --accept-removals"
    if evidence.nameless:
        return "several identities are accepted, and the answers name none of them: what they lack counts for nothing"
    return ""
