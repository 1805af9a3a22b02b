"""One machine's view of one source, and the runs that are made there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from catalog.domain import Change
from catalog.errors import StoppedError
from catalog.service import dry_run as dry_runs
from catalog.service import sync as syncs
from tests.attacks import reading
from tests.attacks.edits import Edit
from tests.attacks.facts import Wish
from tests.attacks.listening import ListeningServer
from tests.attacks.onward import Onward
from tests.attacks.reading import Answer, Walk
from tests.attacks.ways import WAYS
from tests.store.world import World

Reader = tuple[str, str]  # a machine and a source


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One run that is to be made, and what befalls it. Requests and pages are counted from 0."""

    reader: Reader
    wish: Wish = field(default_factory=Wish)
    during: Mapping[int, tuple[Edit, ...]] = field(default_factory=dict)  # edits just before a request is answered
    fault: tuple[int, str] | None = None  # how a request fails
    jump: tuple[int, float] | None = None  # after which page the clock jumps so many minutes
    stop: int | None = None  # somebody stops it after so many pages
    rival: "tuple[int, Turn] | None" = None  # a run that another machine makes before a request is answered
    sees_lock: bool = True  # whether it is kept from running while another run of the source is active
    dry: bool = False


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A run has ended: what was told of it, when it began and ended, and what its walk was."""

    report: syncs.RunReport
    told: list[Change]
    began: datetime
    now: datetime
    answers: int
    walk: Walk

    @property
    def status(self) -> str:
        return self.report.run.status.value

    @property
    def finished(self) -> datetime:
        assert self.report.run.finished_at is not None
        return self.report.run.finished_at


@dataclass
class Station(World):
    """A world that makes the run of a turn, or two, and remembers how they ended."""

    marks: list[Mark] = field(default_factory=list)  # of the last turn
    pages: int = 0
    began: tuple[datetime, int] | None = None  # when, and after how many answers
    way: str = "cursor"

    @property
    def answers(self) -> list[Answer]:
        """All that its walks ever got."""
        assert isinstance(self.server, ListeningServer)
        return self.server.answers[self.page_size]

    def make(self, turn: Turn, hear_of: Callable[[Mark], None] = lambda _mark: None) -> None:
        """Make the run of a turn, and let somebody hear of its end before a second one begins."""
        self.pages, self.began = 0, (self.now, len(self.answers))
        self.marks.clear()
        options = syncs.Options(
            clock=lambda: self.now,
            on_page=lambda *_: self.turn_page(turn),
            on_wait=lambda: self.wait(turn),
            tell=lambda report, changes: hear_of(self.note(report, changes)),
            **turn.wish.options(),
        )
        run = dry_runs.rehearse if turn.dry else syncs.sync_source
        run(self.database, self.source(turn.reader[1]), self.connect, options)

    def turn_page(self, turn: Turn) -> None:
        """Let a page take a minute."""
        if turn.jump and turn.jump[0] == self.pages:
            self.pass_minutes(turn.jump[1])
        self.pages += 1
        self.pass_minutes(1)

    def judge(self, answers: list[Answer]) -> Walk:
        """Say what a walk was, by its answers alone."""
        way = WAYS[self.way]
        begin = reading.Pass if way.style == "cursor" else Onward
        return reading.walk(answers, begin, way=way, size=self.page_size)

    def wait(self, turn: Turn) -> None:
        if turn.stop is not None and self.pages >= turn.stop:
            raise StoppedError("somebody stopped it")

    def note(self, report: syncs.RunReport, changes: Iterable[Change]) -> Mark:
        assert self.began is not None
        began, first = self.began
        mark = Mark(
            report=report,
            told=list(changes),
            began=began,
            now=self.now,
            answers=len(self.answers),
            walk=self.judge(self.answers[first:]),
        )
        self.marks.append(mark)
        self.began = self.now, mark.answers
        return mark
