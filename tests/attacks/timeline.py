"""What a server held at each request, and what that makes of a catalog's claims.

Written without a look at the product: from the requests, their answers and the truth behind them alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from tests.server import Json


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, and what was true while it was answered."""

    after: str | None
    limit: int
    truth: tuple[str, ...]  # the models that are listed, in their order, whatever the answer says
    status: int  # 0: it was answered with nothing that could be read
    items: tuple[Json, ...] = ()
    has_more: bool = False
    overlaps: bool = False  # it began with the model that the cursor names, which is taken off
    may_be_empty: bool = False  # an empty page is no sign that its cursor vanished
    doubtful: bool = False  # it says by other means that more follows, or has entries that are no models

    @property
    def disputed(self) -> set[str]:
        """Models that it lists twice; what it says of them differs."""
        return {id for id in self.ids if self.ids.count(id) > 1}

    @property
    def ids(self) -> list[str]:
        return [item["id"] for item in self.items]

    def __str__(self) -> str:
        answer = f"{' '.join(self.ids) or 'nothing'}{' …' if self.has_more else ''}" if self.status == 200 else "-"
        asked = f"after {self.after}" if self.after else "from the top"
        return f"  truth: {' '.join(self.truth)} | {asked}, {self.limit} a page: {self.status} {answer}"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One run: its requests, when its walk ended, and what the product made of it."""

    number: int
    ended: float
    status: str
    requests: tuple[Request, ...]
    error: str | None = None
    accepted: bool = False  # somebody said that removals may be believed at once

    @property
    def last_pass(self) -> tuple[Request, ...]:
        """The answers since it last began from the top; of an answer that got lost on its way only the next one."""
        told = [request for request in self.requests if request.status == 200]
        told = [was for was, now in pairwise([*told, None]) if was and not (now and now.after == was.after)]
        tops = [
            at for at, request in enumerate(told) if request.after is None and not _looks_again(told[at - 1 : at + 2])
        ]
        return tuple(told[max(tops, default=0) :])

    @property
    def pages(self) -> tuple[Request, ...]:
        """Its last pass, without the questions about its end: asked anew, what follows the last but one is the last."""
        told = self.last_pass
        if not _looks_again(told[-3:]):
            return told
        *pages, full, _empty, _again, _end = told
        return (*pages, replace(full, has_more=False))

    @property
    def restarts(self) -> int:
        """How often it went from somewhere back to the top; a first page that was asked for again is none."""
        return sum(
            now.after is None and (was.after is not None or was.status == 200) for was, now in pairwise(self.requests)
        )

    @property
    def merged(self) -> bool:
        return self.status in {"complete", "partial", "held"}

    @property
    def listed(self) -> dict[str, set[str]]:
        """What its pages listed, each model with the names it had; there are several only if pages repeat it."""
        named: dict[str, set[str]] = {}
        for item in (item for request in self.pages for item in request.items):
            named.setdefault(item["id"], set()).add(item["display_name"])
        return named

    @property
    def disputed(self) -> set[str]:
        return {id for page in self.pages for id in page.disputed}

    def is_whole(self, disputed: Collection[str] = ()) -> bool:
        """Tell by the wire alone whether the walk can count as evidence of absence; `disputed` may be in dispute."""
        pages = self.pages
        ids = [
            id for page in pages for id in (page.ids if page.disputed.difference(disputed) else dict.fromkeys(page.ids))
        ]
        asked = [page.after for page in pages]
        ends = bool(pages) and not pages[-1].has_more and all(page.has_more for page in pages[:-1])
        empty = any(not (page.items or page.overlaps or page.may_be_empty) for page in pages[1:])
        doubtful = any(page.doubtful for page in pages)
        return ends and not empty and not doubtful and len(set(ids)) == len(ids) and len(set(asked)) == len(asked)

    def could_miss(self, id: str) -> bool:
        """Tell whether the model was away at some moment of the walk, or changed its place in it."""
        truths = [request.truth for request in self.last_pass]
        return any(id not in truth for truth in truths) or any(_moved(id, was, now) for was, now in pairwise(truths))

    def __str__(self) -> str:
        head = (
            f"run {self.number}, ended at minute {self.ended:g}: {self.status}{', accepting removals' * self.accepted}"
        )
        return "\n".join([f"{head} ({self.error})" if self.error else head, *map(str, self.requests)])


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A row of the change log that says so: the run that recorded it, and when it says that the model was gone."""

    id: str
    run: int
    observed: float


@dataclass
class Timeline:
    """The runs of one source, in their order."""

    runs: list[Ran] = field(default_factory=list)

    def evidence(self, removal: Removal) -> list[Ran]:
        """The runs that recorded something, from the one that a removal is dated to until the one that recorded it."""
        return [ran for ran in self.runs if removal.observed <= ran.ended and ran.number <= removal.run and ran.merged]

    def is_whole(self, ran: Ran) -> bool:
        """Tell whether a walk can count as evidence: disputes that the one before it had are no reason against it."""
        before = [each.disputed for each in self.runs[: self.runs.index(ran)] if each.merged]
        return ran.is_whole(before[-1] if before else ())

    def false_removals(self, removals: Iterable[Removal]) -> list[Removal]:
        """Removals of models that were listed at each moment of the time in which they are said to have left."""
        return [removal for removal in removals if self._never_away(removal)]

    def _never_away(self, removal: Removal) -> bool:
        walks = self.evidence(removal)
        moments = [*walks[0].last_pass] if walks else []
        later = (ran for ran in self.runs if walks and walks[0].number < ran.number <= removal.run)
        moments += [request for ran in later for request in ran.requests]
        return all(removal.id in request.truth for request in moments)

    def thin_removals(self, removals: Iterable[Removal], *, apart: float) -> list[str]:
        """Removals that break the letter of the promise, in words."""
        return [f"{removal}: {words}" for removal in removals for words in self._thin(removal, apart)]

    def _thin(self, removal: Removal, apart: float) -> list[str]:
        walks = [ran for ran in self.evidence(removal) if self.is_whole(ran)]
        if len(walks) < 2 or walks[0].ended != removal.observed or walks[-1].number != removal.run:
            return ["not between two whole walks"]
        found = [ran.number for ran in self.evidence(removal) if removal.id in ran.listed]
        words = [f"run {number} listed it" for number in found]
        too_soon = walks[-1].ended - walks[0].ended < apart and not walks[-1].accepted
        return [*words, "too soon"] if too_soon else words

    def unfounded(self, removals: Iterable[Removal]) -> list[str]:
        """Removals by walks in which the model was there all the time, and in its place."""
        return [
            f"{removal}: it was there all through run {ran.number}"
            for removal in removals
            for ran in self.evidence(removal)
            if self.is_whole(ran) and not ran.could_miss(removal.id)
        ]

    def __str__(self) -> str:
        return "\n".join(map(str, self.runs))


def missed(ran: Ran, catalog: Mapping[str, str | None]) -> list[str]:
    """Models that a walk listed and the catalog, as it is after it, does not list, or not by the name that they had."""
    if not ran.merged:
        return []
    disputed = ran.disputed
    lost = [
        id for id, names in ran.listed.items() if id not in catalog or (catalog[id] not in names and id not in disputed)
    ]
    return [f"run {ran.number} listed {id}, and the catalog has {catalog.get(id)!r}" for id in lost]


def _looks_again(told: Sequence[Request]) -> bool:
    """Tell whether behind an empty page the one before it was asked for again, and what follows its last but one."""
    if len(told) < 3 or told[0].items:
        return False
    empty, again, end = told
    return [end.after, *end.ids] == again.ids[-2:] and end.ids == [empty.after] and not end.has_more


def _moved(id: str, was: Sequence[str], now: Sequence[str]) -> bool:
    both = set(was) & set(now)
    if id not in both:
        return False
    return {other for other in was[: was.index(id)] if other in both} != {
        other for other in now[: now.index(id)] if other in both
    }
