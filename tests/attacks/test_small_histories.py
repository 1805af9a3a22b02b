"""Every history of a small list, two models a page: what a bug needs to show is seldom large.

A history is what the server held at each request. Edits come before any request but the very first: between two walks,
between two pages, after a restart; the last one before the end of the third walk. Then nothing moves any more, and the
walks have to find the truth. The models of the first list may have any names, so that one list of each length stands
for all. A walk before the first edit tells nothing that two of them would not: it comes within the second walk at the
latest. What a vanished cursor gets is a branch of its own wherever one vanishes.
"""

import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import pytest

from catalog.store.engine.database import Database
from catalog.store.schema import invariants
from tests.attacks.choices import LETTERS, Chance, Choices, Edited
from tests.attacks.shelf import VANISHED, Paging, Shelf, truly, when_full
from tests.attacks.watched import CONFIRM_AFTER, MANY, Quiet, Watched
from tests.server import Json, ModelsServer
from tests.store import world as worlds
from tests.volume import Volume

EDITED = 3  # walks
SAYS_MORE: tuple[Json, ...] = ({}, {"next": "/2"}, {"total_count": MANY + 1})
TOGETHER = 500  # histories in one database


@dataclass(kw_only=True)
class Story(Quiet):
    """One history, told to its end."""

    watched: Watched
    choices: Choices
    left: Edited
    spoils: bool = False  # a page may end early, and say that more follows or how many there are
    untouched: bool = True
    within: bool = False  # this walk was edited after it began
    quiet: int = 0  # walks since the last edit
    missed: list[str] = field(default_factory=list)

    def come(self, _after: str | None) -> None:
        runs, begun = self.watched.timeline.runs, bool(self.watched.requests)
        if len(runs) >= EDITED or not (runs or begun) or (self.untouched and len(runs) == EDITED - 1):
            return
        edited = self.choices.edited(self.left)
        if edited is not self.left:
            self.left, self.watched.truth = edited, edited.shelf
            self.untouched, self.within, self.quiet = False, begun, 0

    def spoil(self, body: Json) -> Json:
        over = len(self.watched.timeline.runs) >= EDITED
        if over or not self.spoils or not body["has_more"]:
            return body
        says = self.choices.pick(SAYS_MORE)
        if says:
            self.within, self.quiet = True, 0
        return body | says | {"has_more": not says}

    def tell(self) -> None:
        """Run until it is over."""
        while not self.is_over():
            self.within = False
            self.watched.run(after=CONFIRM_AFTER + 1)
            self.quiet += not self.within
            self.missed += self.watched.missed()
        if any(missing.held for missing in self.watched.missing):
            self.watched.run(after=CONFIRM_AFTER + 1, accept=True)

    def is_over(self) -> bool:
        runs = len(self.watched.timeline.runs)
        if self.left.edits and (runs < EDITED - 1 or (runs < EDITED and not self.untouched)):
            return False
        return self.quiet >= 2 or (self.quiet == 1 and not self.watched.missing)


@dataclass(kw_only=True)
class ChosenPaging(Paging):
    """Chooses what a vanished cursor gets when the first one vanishes, and stays with it."""

    choices: Choices
    chosen: str = ""

    def on_vanished(self) -> str:
        # What an empty page tells where a cursor was an id, it cannot tell where an answer names the next page.
        ways = [way for way in VANISHED if self.style == "cursor" or way != "empty"]
        self.chosen = self.chosen or self.choices.pick(ways)
        return self.chosen


@dataclass(kw_only=True)
class Teller:
    """Tells histories, each as a source of its own; a database holds so many of them, and is checked then."""

    server: ModelsServer
    folder: Path
    blank: Path
    oddity: str = ""  # of the server: "inclusive", "tokens" or "spoils"
    style: str = "cursor"  # of its paging
    counts: Counter[str] = field(default_factory=Counter)
    databases: list[Database] = field(default_factory=list)

    def tell(self, models: int, edits: int, choices: Choices, *, replay: str) -> None:
        if self.counts["histories"] % TOGETHER == 0:
            self.turn_page()
        shelf = Shelf()
        for index, id in enumerate(LETTERS[:models]):
            shelf.add(id, index)
        watched = Watched(
            server=self.server,
            database=self.databases[-1],
            name=f"history-{self.counts['histories']}",
            truth=shelf,
            paging=ChosenPaging(
                choices=choices,
                style=self.style,
                has_more=when_full if self.style == "link" else truly,  # else a full last page never proves the end
                inclusive=self.oddity == "inclusive",
                tokens=self.oddity == "tokens",
            ),
        )
        watched.plan = story = Story(
            watched=watched,
            choices=choices,
            left=Edited(shelf=shelf, edits=edits),
            spoils=self.oddity == "spoils",
        )
        story.tell()
        self.judge(story, f"{models} models, {edits} edits, {replay}:\n{watched.timeline}")

    def judge(self, story: Story, told: str) -> None:
        """Count what there is, and fail when there is anything wrong with it."""
        timeline, removals = story.watched.timeline, story.watched.removals()
        false, missed = timeline.false_removals(removals), story.missed
        self.counts.update(runs=len(timeline.runs), removals=len(removals), histories=1)
        self.counts.update(false_removals=len(false), missed_models=len(missed))
        thin = [*timeline.thin_removals(removals, apart=CONFIRM_AFTER), *timeline.unfounded(removals)]
        assert (false, missed, thin, story.watched.adrift()) == ([], [], [], []), told

    def turn_page(self) -> None:
        self.close()
        path = self.folder / f"histories-{self.counts['histories']}.db"
        shutil.copy(self.blank, path)
        self.databases.append(worlds.open_hastily(f"sqlite:///{path}"))

    def close(self) -> None:
        """Hold the last database against the rules of every history."""
        for database in self.databases[-1:]:
            assert invariants.broken(database) == [], (
                f"in one of the {TOGETHER} histories before number {self.counts['histories']}"
            )
            database.close()
            (database.path or self.folder).unlink()


@pytest.fixture
def teller(server: ModelsServer, migrated_file: Path, tmp_path: Path) -> Teller:
    """Somebody who tells histories."""
    return Teller(server=server, folder=tmp_path, blank=migrated_file)


@pytest.mark.promise("P1", "P2")
@pytest.mark.parametrize("at_once", [False, True], ids=["edited later", "edited at once"])
def test_every_small_history_of_two_edits_is_told_truly(teller: Teller, volume: Volume, at_once: bool) -> None:
    """Wherever two edits fall, nothing is recorded as removed that was there, and nothing that was listed is missed."""
    most = volume.of(3, 5)
    whole = [tell_all(teller, volume, models, at_once=at_once) for models in range(1, most + 1)]
    teller.close()
    done = "all" if all(whole) else "not all"
    volume.came_to(**teller.counts, lists=f"{done} of up to {most} models, 2 edits")
    assert teller.counts["removals"]


@pytest.mark.promise("P1", "P2")
@pytest.mark.parametrize("style", ["token", "url", "link", "page"])
def test_small_histories_of_a_list_in_other_pagings_are_told_truly(teller: Teller, volume: Volume, style: str) -> None:
    """The same by tokens or addresses, some of them refused, or by numbers: all of short lists, and some of others.

    Three edits can hide a model from numbered pages in two walks, and leave the total as it was: no walk can see that.
    """
    teller.style = style
    most = volume.of(1, 4)
    whole = [tell_all(teller, volume, models, at_once=True) for models in range(1, most + 1)]
    for number in volume.rounds(check=40, soak=20_000):
        chance = volume.random("histories", number)
        choices = Chance(random=chance)
        teller.tell(chance.randint(3, 5), 2, choices, replay=f"seed {volume.seed}, round {number}")
    teller.close()
    done = "all" if all(whole) else "not all"
    volume.came_to(**teller.counts, lists=f"{done} of up to {most} models, 2 edits")
    assert teller.counts["removals"]


def tell_all(teller: Teller, volume: Volume, models: int, *, at_once: bool) -> bool:
    """Tell each history of a list; True when there was time for all."""
    choices = Choices([1] if at_once else [])
    for _ in volume.rounds(check=100_000, soak=1_000_000):
        teller.tell(models, 2, choices, replay=f"choices {choices.script}")
        script = choices.following()
        if script is None or (not at_once and script[0]):
            return True
        choices = Choices(script)
    return False


@pytest.mark.promise("P1", "P2")
@pytest.mark.parametrize("oddity", ["", "inclusive", "tokens", "spoils"], ids=lambda oddity: oddity or "honest")
def test_small_histories_of_three_edits_are_told_truly(teller: Teller, volume: Volume, oddity: str) -> None:
    """The same with more models and one more edit, as chance has it, also of odd servers: too many to tell them all."""
    weights = []
    teller.oddity = oddity
    for number in volume.rounds(check=100, soak=60_000):
        chance = volume.random("histories", number)
        choices = Chance(random=chance)
        teller.tell(chance.randint(4, 5), 3, choices, replay=f"seed {volume.seed}, round {number}")
        weights.append(choices.weight)
    teller.close()
    volume.came_to(**teller.counts, histories_in_all_by_estimate=int(round(fmean(weights), -5)))
