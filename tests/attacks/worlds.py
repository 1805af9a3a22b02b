"""Lists and servers that make life hard: which world does what. By chance, and the same again from the same seed."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

from tests import server as play
from tests.attacks import shelf as shelves
from tests.attacks.shelf import HasMore, Shelf
from tests.attacks.watched import MANY, Watched
from tests.server import Json, Step

FAULTS: tuple[Callable[[], Step], ...] = (
    *(partial(play.error, status) for status in (500, 502, 503, 529)),
    partial(play.error, 429, headers={"retry-after": "0.5"}),
    play.cut,
    partial(play.cut, with_length=False),
    play.cut_chunks,
    lambda: play.cut_headers,
    lambda: play.reset,
)
SHORT = 8  # minutes: what is away for so long is back before an absence can be confirmed
LONG = 90
FEWEST = 3  # models


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """What a world does. Chances are per request, or of a walk; `happens` names what must really have happened."""

    vanished: str = "400"
    has_more: HasMore = shelves.truly
    by_offset: bool = False
    one_page: bool = False
    edits: float = 0.1
    aimed: float = 0.0  # removes the model that is the cursor
    moves: float = 0.0  # edits a date, by which the list is ordered
    restless: bool = False  # the same date again and again
    faults: float = 0.0
    lag: int = 0  # minutes that each second answer may be behind
    hidden: float = 0.0  # of the walks: some models are missing for a while
    hide: str = ""  # "group": most of them, or few for a short time; "all"; "few": for long
    inclusive: bool = False
    tokens: bool = False
    marks: float = (
        0.0  # of the pages that are not the last: says no more by `has_more`, and that more follows elsewhere
    )
    totals: float = 0.0  # of these, too: says no more by `has_more`, and counts more than there came
    unusable: float = 0.0  # of the pages: has an entry without an id
    disputes: float = 0.0  # of the pages: lists a model twice, under two names
    lies: bool = False  # the same untruth is told in walks that are long apart, and no guard can tell
    happens: tuple[str, ...] = ("removals",)
    exact: bool = True  # each page is a piece of the list as it is at that moment
    style: str = "cursor"  # of paging
    says_end: bool = True
    most: int = 1000  # models that a page holds, whatever is asked for
    withheld: float = 0.0  # of the pages behind the first one: names no next one, although there is one
    repeated: float = 0.0  # of the pages: names a next one that was asked for before
    elsewhere: float = 0.0  # of the pages: the address of the next one leads to another list
    empties: float = 0.0  # of the pages: comes empty first, with a token that leads to it
    totals_too_high: float = 0.0  # of the answers
    totals_too_low: float = 0.0
    moving: bool = False  # members that are ignored are new in each answer
    first_counts: bool = False  # a model that is listed twice is known by its first entry


HONEST: dict[str, Hostile] = {
    "honest": Hostile(),
    "edited dates": Hostile(moves=0.15, happens=("removals", "moves")),
    "one page": Hostile(one_page=True, edits=0.6, happens=("removals",)),
    "HTTP faults": Hostile(faults=0.1, happens=("faults", "failed")),
    "a vanished cursor is refused": Hostile(aimed=0.3, happens=("restarts", "failed")),
    "a vanished cursor gets an empty page": Hostile(vanished="empty", aimed=0.3, happens=("restarts", "partial")),
    "a vanished cursor gets the first page": Hostile(vanished="restart", aimed=0.3, happens=("restarts", "partial")),
    "a vanished cursor keeps its place": Hostile(vanished="place", aimed=0.15, happens=("removals",)),
    "cursors are offsets": Hostile(by_offset=True, exact=False, happens=("removals", "restarts")),
    "full pages promise more": Hostile(has_more=shelves.when_full, happens=("removals", "ends asked again")),
    "full pages promise more, a vanished cursor gets an empty page": Hostile(
        has_more=shelves.when_full, vanished="empty", aimed=0.15, happens=("restarts", "ends asked again")
    ),
    "replicas lag": Hostile(
        lag=SHORT // 2, vanished="empty", edits=0.2, exact=False, happens=("old answers", "restarts")
    ),
    "groups are missing for a while": Hostile(hidden=0.3, hide="group", exact=False, happens=("held", "hidden")),
    "nothing is listed for a while": Hostile(hidden=0.3, hide="all", exact=False, happens=("held", "hidden")),
    "pages that end early name the next one": Hostile(marks=0.15, happens=("removals", "marks", "failed")),
    "pages that end early count more than came": Hostile(totals=0.15, happens=("removals", "totals", "partial")),
    "cursors of a gateway": Hostile(tokens=True, exact=False, happens=("removals",)),
    "cursors are inclusive": Hostile(inclusive=True, happens=("removals", "restarts", "overlaps")),
    "cursors are inclusive, and vanish": Hostile(inclusive=True, aimed=0.2, happens=("restarts", "overlaps")),
    "entries are no models": Hostile(unusable=0.1, happens=("removals", "unusable", "partial")),
    "models are in dispute": Hostile(disputes=0.1, happens=("removals", "disputes", "partial")),
}
PAGED: dict[str, Hostile] = {
    "tokens": Hostile(style="token"),
    "tokens, and a vanished one is refused": Hostile(style="token", aimed=0.3, happens=("restarts", "failed")),
    "tokens, and a vanished one gets the first page": Hostile(
        style="token", vanished="restart", aimed=0.3, happens=("restarts", "partial")
    ),
    "tokens, and the end is not stated": Hostile(
        style="token", vanished="place", says_end=False, has_more=shelves.when_full, happens=("removals", "empty pages")
    ),
    "tokens that repeat": Hostile(
        style="token", vanished="place", repeated=0.15, happens=("removals", "repeated", "restarts")
    ),
    "tokens are withheld": Hostile(
        style="token", vanished="place", withheld=0.15, happens=("removals", "withheld", "partial")
    ),
    "tokens come with empty pages": Hostile(
        style="token", vanished="place", empties=0.3, happens=("removals", "empty pages")
    ),
    "tokens, and pages are cut short": Hostile(
        style="token",
        vanished="place",
        most=2,
        says_end=False,
        has_more=shelves.when_full,
        withheld=0.1,
        happens=("removals", "withheld"),
    ),
    "tokens, and other marks": Hostile(style="token", marks=0.1, totals=0.1, happens=("marks", "totals", "partial")),
    "addresses of any host": Hostile(style="url", vanished="place"),
    "addresses that lead to another list": Hostile(
        style="url", vanished="place", elsewhere=0.1, happens=("removals", "elsewhere", "failed")
    ),
    "addresses that are withheld": Hostile(
        style="url", vanished="place", withheld=0.15, happens=("removals", "withheld", "partial")
    ),
    "addresses that repeat": Hostile(style="url", vanished="place", repeated=0.15, happens=("repeated", "restarts")),
    "addresses, and faults": Hostile(style="url", aimed=0.2, faults=0.1, happens=("faults", "restarts")),
    "links": Hostile(style="link", vanished="place", has_more=shelves.when_full, happens=("removals", "empty pages")),
    "links that are withheld": Hostile(
        style="link",
        vanished="place",
        has_more=shelves.when_full,
        withheld=0.15,
        happens=("removals", "withheld", "partial"),
    ),
    "links that lead to another list": Hostile(
        style="link",
        vanished="place",
        has_more=shelves.when_full,
        elsewhere=0.1,
        happens=("removals", "elsewhere", "failed"),
    ),
    "numbered pages": Hostile(style="page", exact=False, happens=("removals", "restarts")),
    "numbered pages that are cut short": Hostile(style="page", most=2, exact=False, happens=("removals", "restarts")),
    "numbered pages, and too high totals": Hostile(
        style="page", exact=False, totals_too_high=0.15, happens=("removals", "failed")
    ),
    "numbered pages, and totals of a page": Hostile(
        style="page", exact=False, totals_too_low=0.15, happens=("removals", "partial")
    ),
    "one document": Hostile(style="none", edits=0.6),
    "one document, and groups are missing": Hostile(
        style="none", edits=0.3, hidden=0.3, hide="group", exact=False, happens=("held", "hidden")
    ),
    "one document that says that more follows": Hostile(
        style="none", edits=0.6, marks=0.2, totals=0.2, happens=("removals", "marks", "totals", "failed", "partial")
    ),
    "members move that are ignored": Hostile(style="url", vanished="place", moving=True),
    "the first entry counts": Hostile(
        style="token", vanished="place", disputes=0.2, first_counts=True, happens=("removals", "disputes")
    ),
    "models are in dispute on pages by tokens": Hostile(
        style="token", vanished="place", disputes=0.1, unusable=0.05, happens=("removals", "disputes", "partial")
    ),
}
LYING: dict[str, Hostile] = {
    "a few are hidden for hours": Hostile(hidden=0.3, hide="few", exact=False, lies=True, happens=("hidden",)),
    "replicas lag for hours": Hostile(lag=LONG, edits=0.2, exact=False, lies=True, happens=("old answers",)),
    "dates are edited without end": Hostile(moves=0.5, restless=True, lies=True, happens=("moves",)),
    "cursors are offsets, and the list never rests": Hostile(by_offset=True, edits=0.5, exact=False, lies=True),
}


@dataclass
class Life:
    """What happens in one world, request by request, until it is calm; a plan for what is watched."""

    world: Hostile
    watched: Watched
    random: Random
    calm: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    touched: set[str] = field(default_factory=set)
    hidden: frozenset[str] = frozenset()
    hidden_until: float = 0.0
    past: list[tuple[float, Shelf]] = field(default_factory=list)
    answers: int = 0
    after: str | None = None  # the cursor of the request that is here

    def begin(self, models: int) -> None:
        for index in range(models):
            self.watched.truth.add(f"m{index}", index)

    def come(self, _after: str | None) -> None:
        self.after = _after
        if self.calm:
            return
        truth = self.watched.truth
        if not self.watched.requests:
            self.hide()
        if _after in truth.items and len(truth.items) > FEWEST and self.random.random() < self.world.aimed:
            truth.remove(_after)
        if self.random.random() < self.world.edits:
            self.edit(truth)
        if self.random.random() < self.world.moves:
            self.move(truth)
        if self.world.lag:
            self.past.append((self.watched.now, truth.copy()))

    def edit(self, truth: Shelf) -> None:
        """Let a model come, return, go or change; a list is never quite empty."""
        how = self.random.choice(["come", "return", "go", "go", "change"])
        index = self.random.randint(0, len(truth.items))
        if how == "change" or (how == "go" and len(truth.items) <= FEWEST):
            truth.change(self.any(truth), display_name=f"Name {self.random.random()}")
        elif how == "go":
            truth.remove(self.any(truth))
        elif how == "return" and truth.gone:
            truth.add(self.random.choice(truth.gone), index)
        else:
            truth.add(f"m{len(truth.places)}", index)

    def move(self, truth: Shelf) -> None:
        still = [id for id in truth.ids if self.world.restless or id not in self.touched]
        if still:
            id = self.random.choice(still)
            truth.move(id, self.random.randrange(len(truth.items)))
            self.touched.add(id)
            self.counts["moves"] += 1

    def any(self, truth: Shelf) -> str:
        return self.random.choice(truth.ids)

    def hide(self) -> None:
        """Before a walk: an outage begins, perhaps; a walk that saw everything lies between any two."""
        if self.watched.now < self.hidden_until:
            return
        runs, was_hidden = self.watched.timeline.runs, bool(self.hidden)
        self.hidden = frozenset()
        if was_hidden or not runs or not runs[-1].merged or self.random.random() >= self.world.hidden:
            return
        self.hidden, lasts = self.outage(self.watched.truth.ids)
        self.hidden_until = self.watched.now + self.random.randint(1, lasts)

    def outage(self, ids: Sequence[str]) -> tuple[frozenset[str], int]:
        """Choose who is not shown, and for how many minutes at most."""
        if self.world.hide == "all":
            return frozenset(ids), LONG
        if self.world.hide == "group" and len(ids) > 5 and self.random.random() < 0.7:
            return frozenset(self.random.sample(ids, max(5, len(ids) * 3 // 4))), LONG
        fresh = [id for id in ids if id not in self.touched]  # nobody twice: that would be a lie told again
        few = self.random.sample(fresh, min(len(fresh), self.random.randint(1, 3)))
        self.touched.update(few)
        return frozenset(few), LONG if self.world.hide == "few" else SHORT

    def fault(self) -> Step | None:
        if self.calm or self.random.random() >= self.world.faults:
            return None
        self.counts["faults"] += 1
        return self.random.choice(FAULTS)()

    def show(self, truth: Shelf) -> Shelf:
        if self.calm:
            return truth
        return self.without_hidden(self.as_of(truth))

    def without_hidden(self, truth: Shelf) -> Shelf:
        if self.watched.now >= self.hidden_until:
            return truth
        shown = truth.copy()
        self.counts["hidden"] += len(self.hidden & set(truth.items))
        shown.items = {id: item for id, item in truth.items.items() if id not in self.hidden}
        return shown

    def as_of(self, truth: Shelf) -> Shelf:
        """Every second answer comes from a replica that lags."""
        self.answers += 1
        if not self.world.lag or self.answers % 2:
            return truth
        then = self.watched.now - self.world.lag
        old = [shelf for at, shelf in self.past if at <= then] or [shelf for _, shelf in self.past[:1]]
        self.counts["old answers"] += old[-1].ids != truth.ids
        return old[-1]

    def spoil(self, body: Json) -> Json:
        """Let a page say less, or more, than is so."""
        body = body | {"data": [self.stirred(item) for item in body["data"]]}
        if self.calm:
            return body
        body = self.lead_astray(body)
        world, listed = self.world, list(body["data"])
        goes_on = body["has_more"] or world.style == "none"
        if goes_on and self.is_time("marks", world.marks):
            body = body | {"has_more": False, "next": f"/v1/models?page={self.random.randint(2, 9)}"}
        if goes_on and self.is_time("totals", world.totals):
            body = body | {"has_more": False, "total_count": MANY + len(self.watched.truth.items)}
        if listed and self.is_time("unusable", world.unusable):
            listed.insert(self.random.randint(0, len(listed) - 1), {"type": "model"})
        if listed and self.is_time("disputes", world.disputes):
            twin = self.random.choice(listed)
            first = listed.index(twin) + 1 if world.first_counts else 0
            listed.insert(
                self.random.randint(first, max(first, len(listed) - 1)),
                twin | {"display_name": f"Name {self.random.random()}"},
            )
        return body | {"data": listed}

    def lead_astray(self, body: Json) -> Json:
        """Say something else of the next page, or of the total, than is so."""
        world, came = self.world, [request.after for request in self.watched.requests]
        total = len(self.watched.truth.items)
        if self.is_time("empty pages", world.empties) and not (came and came[-1] == self.after):
            return body | {"data": [], "has_more": True, "last_id": f"{shelves.LATER}{self.after or ''}"}
        if self.is_time("too high", world.totals_too_high):
            body = body | {"count": total + self.random.randint(1, 3)}
        if self.is_time("too low", world.totals_too_low):
            body = body | {"count": max(0, len(body["data"]) - 1)}
        if not body["has_more"]:
            return body
        if self.after and self.is_time("withheld", world.withheld):
            body = body | {"withheld": True}
        if any(came) and self.is_time("repeated", world.repeated):
            body = body | {"last_id": self.random.choice([after for after in came if after])}
        if self.is_time("elsewhere", world.elsewhere):
            body = body | {"at": shelves.ELSEWHERE}
        return body

    def stirred(self, item: Json) -> Json:
        """Let members move that are ignored."""
        if not self.world.moving:
            return item
        return item | {"runs": self.random.random(), "about": {"runs": self.random.random(), "is": "it"}}

    def is_time(self, name: str, chance: float) -> bool:
        happens = self.random.random() < chance if chance else False
        self.counts[name] += happens
        return happens
