"""A models list that remembers what it answered to whom, and takes its steps for each reader apart.

Readers are told apart by their page size: each has one of its own.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests import server as play
from tests.attacks import ways
from tests.attacks.reading import Answer
from tests.attacks.ways import WAYS, Way
from tests.server import ModelsServer, Step


@dataclass
class Overheard(play.Visit):
    """A visit whose answer is noted."""

    answer: Answer = field(default_factory=lambda: Answer(cursor=None))

    def usual(self) -> list[tuple[str, str]]:
        self.answer.organization = self.server.organization
        return super().usual()

    def send(self, status: int, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> None:
        own = list(headers)
        self.answer.status, self.answer.body, self.answer.links = status, body, dict(own).get("link", "")
        super().send(status, body, own)


@dataclass
class ListeningServer(ModelsServer):
    """One list for several readers."""

    answers: dict[int, list[Answer]] = field(default_factory=lambda: defaultdict(list))  # by page size
    scripts: dict[int, deque[Step]] = field(default_factory=lambda: defaultdict(deque))
    way: Way = WAYS["cursor"]

    def step(self) -> Step:
        return self._answer

    def _answer(self, visit: play.Visit) -> None:
        reader = int(visit.seen.query["limit"][0])
        answer = Answer(cursor=visit.seen.first("after_id"))
        with self.editing:
            self.answers[reader].append(answer)
            step = self.scripts[reader].popleft() if self.scripts[reader] else honest
        step(Overheard(self, visit.seen, visit.connection, answer))

    def forget(self) -> None:
        """Begin anew, as an empty list."""
        self.answers.clear()
        self.scripts.clear()
        self.requests.clear()
        self.models, self.organization, self.way = [], play.ORGANIZATION, WAYS["cursor"]


def honest(visit: play.Visit) -> None:
    """Answer as a server of this way does."""
    assert isinstance(visit.server, ListeningServer)
    way, models = visit.server.way, list(visit.server.models)
    if way == WAYS["cursor"]:
        play.honest(visit)
        return
    limit = int(visit.seen.first("limit") or 0)
    visit.send_json(*ways.answer(way, models, visit.seen.first("after_id"), limit))
