"""Three providers whose lists have other shapes and pages each, and a world that reads them all by one configuration.

What is true of each list is written down as it happens. Their models are called alike: nothing of one list may
count for another.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from catalog import config, dates
from catalog.settings import SourceSettings
from tests import server as play
from tests.attacks.dying import Elsewhere
from tests.server import Json, ModelsServer, Visit
from tests.store import world as worlds
from tests.store.world import MINUTE, START, World

FEWEST, FIRST, MOST = 14, 18, 40  # models: one that leaves is no mass loss
FAULT = 0.1
PAGE = 15  # entries on a page of the list that has several
SETTINGS = {
    "one": "",
    "two": 'api = "openai"\n',
    "three": f'api = "gemini"\npage_size = {PAGE}\n',
}


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Something that really happened to a model."""

    minute: float
    kind: str
    model: str
    value: str | None = None


@dataclass
class Truth:
    """What the list holds, and all that ever happened to it."""

    chance: Random
    present: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: dict[str, dict[str, Any]] = field(default_factory=dict)
    happened: list[Happening] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()
    count: int = 0

    def live(self, minute: float, hidden: frozenset[str]) -> None:
        """Let something happen, or nothing; what is hidden stays."""
        self.hidden = hidden
        for chance, act in ((0.06, self.appear), (0.06, self.leave), (0.05, self.come_back), (0.12, self.change)):
            if self.chance.random() < chance:
                act(minute)

    def appear(self, minute: float) -> None:
        if len(self.present) == MOST:
            return
        self.count += 1
        model = f"m{self.count}"
        day = self.chance.randrange(2, 120)
        retires = dates.to_text(START + minute * MINUTE + day * 1440 * MINUTE) if day % 3 == 0 else None
        self.present[model] = {"display_name": model, "retires_at": retires}
        self.happened.append(Happening(minute=minute, kind="added", model=model))

    def leave(self, minute: float) -> None:
        if len(self.present) > FEWEST:
            model = self.chance.choice(sorted(self.present.keys() - self.hidden))
            self.gone[model] = self.present.pop(model)
            self.happened.append(Happening(minute=minute, kind="removed", model=model))

    def come_back(self, minute: float) -> None:
        if self.gone:
            model = self.chance.choice(sorted(self.gone))
            self.present[model] = self.gone.pop(model)
            self.happened.append(Happening(minute=minute, kind="returned", model=model))

    def change(self, minute: float) -> None:
        model = self.chance.choice(sorted(self.present))
        name = f"{model} as of {minute}"
        self.present[model] = self.present[model] | {"display_name": name}
        self.happened.append(Happening(minute=minute, kind="changed", model=model, value=json.dumps(name)))

    def unfounded(self, told: Iterator[dict[str, Any]]) -> list[tuple[str, str]]:
        """Name what was told and never happened then, or was told of the same happening before."""
        left: dict[tuple[str, str, str | None], list[float]] = {}
        for each in self.happened:
            left.setdefault((_meant(each.kind), each.model, each.value), []).append(each.minute)
        wrong = []
        for change in sorted(told, key=lambda change: str(change["observed_at"])):
            value = json.dumps(change["new_value"]) if change["kind"] == "changed" else None
            minutes = left.get((_meant(change["kind"]), change["model_id"], value), [])
            until, after = _minute(change["observed_at"]), _minute(change["not_before"] or "2025-01-01T00:00:00Z")
            fitting = [minute for minute in minutes if after < minute <= until]
            if fitting:
                minutes.remove(fitting[0])
            else:
                wrong.append((change["kind"], change["model_id"]))
        return wrong


def _meant(kind: str) -> str:
    """What returns was added for a catalog that never saw it: between two runs that failed, or before a copy."""
    return "added" if kind == "returned" else kind


def _minute(text: str) -> float:
    return (dates.from_text(dates.to_text(dates.moment(text, START).at)) - START) / MINUTE


def at_once(visit: Visit) -> None:
    """Show the whole list in the shape of OpenAI's."""
    visit.send_json(200, {"object": "list", "data": visit.server.models})


def by_token(visit: Visit) -> None:
    """Show a page of the list in the shape of Gemini's."""
    begin, models = int(visit.seen.first("pageToken") or 0), visit.server.models
    shown = models[begin : begin + PAGE]
    more = {"nextPageToken": str(begin + PAGE)} if begin + PAGE < len(models) else {}
    visit.send_json(200, {"models": shown} | more)


def _openai(id: str, fields: Json) -> Json:
    return {"id": id, "object": "model", "created": 1_700_000_000, "owned_by": "lab", "name": fields["display_name"]}


def _gemini(id: str, fields: Json) -> Json:
    return {"name": f"models/{id}", "displayName": fields["display_name"], "inputTokenLimit": 8192}


LISTS: Mapping[str, tuple[play.Step, Callable[[str, Json], Json]]] = {
    "one": (play.honest, lambda id, fields: play.model(id, **fields)),
    "two": (at_once, _openai),
    "three": (by_token, _gemini),
}


@dataclass
class Provider:
    """A models list that moves, is away for a while, and now and then lacks most of its models."""

    name: str
    chance: Random
    server: ModelsServer
    truth: Truth
    bad_until: float = 0.0  # it does not answer
    hides_until: float = 0.0  # or lacks most models
    hidden: frozenset[str] = frozenset()  # those
    is_hiding: bool = False  # in this round, to its end

    def live(self, minute: float, rows: list[tuple[Any, ...]]) -> None:
        """Let a round begin; `rows` are id, missing_since and removed_at of what the catalog knows."""
        hidden = self.hidden if minute < self.hides_until else frozenset()
        missing = {id for id, since, _ in rows if since is not None}
        self.truth.live(minute + 1, hidden | missing)  # what left unseen after a lie would be dated to the lie
        if self.chance.random() < 0.01:
            self.bad_until = minute + self.chance.randrange(10, 120)
        if self.chance.random() < 0.01 and minute >= self.hides_until:
            self._hide(minute, {id for id, *lacks in rows if lacks == [None, None]})
        self.show(minute)

    def _hide(self, minute: float, seen: set[str]) -> None:
        """Let the list lack most models for a while: too many for the guard."""
        known = [id for id in self.truth.present if id in seen]  # the time of others would be the lie's
        if len(known) > 0.9 * len(self.truth.present):
            self.hidden = frozenset(known[len(known) // 3 :])
            self.hides_until = minute + self.chance.randrange(10, 120)

    def show(self, minute: float) -> None:
        """Show the list as it is in a round."""
        self.is_hiding = minute < self.hides_until
        hidden = self.hidden if self.is_hiding else frozenset()
        answer, entry = LISTS[self.name]
        self.server.models = [entry(id, fields) for id, fields in self.truth.present.items() if id not in hidden]
        down = minute < self.bad_until or self.chance.random() < FAULT
        self.server.always = play.error(500) if down else answer
        self.server.requests.clear()

    def calm(self, minute: float) -> None:
        """Answer truly from now on."""
        self.bad_until = self.hides_until = 0.0
        self.show(minute)
        self.server.always = LISTS[self.name][0]


def start(chance: Callable[[str], Random]) -> list[Provider]:
    """Let all three begin with a few models."""
    found = []
    for name in SETTINGS:
        server = ModelsServer(organization=play.ORGANIZATION if name == "one" else None).start()
        provider = Provider(name, chance(name), server, Truth(chance(f"truth of {name}")))
        for _ in range(FIRST):
            provider.truth.appear(0)
        found.append(provider)
    return found


def configure(file: Path, url: str, providers: list[Provider]) -> None:
    """Write a configuration as a user would."""
    tables = [
        f'[sources.{each.name}]\n{SETTINGS[each.name]}base_url = "{each.server.url}"\napi_key_env = "KEY"\n'
        for each in providers
    ]
    file.write_text("\n".join([f'[database]\nurl = "{url}"\n', *tables]))


@dataclass(kw_only=True)
class Street(World):
    """A world that reads several lists."""

    sources: Mapping[str, SourceSettings]

    def source(self, name: str) -> SourceSettings:
        return self.sources[name]


def build(file: Path) -> Street:
    """Give a world of a configuration, in which each source has an address of its own."""
    settings = config.load(file, environ={})
    url = settings.database.url
    sources = {source.name: source for source in settings.sources}
    return Street(server=Elsewhere(""), database=worlds.open_hastily(url), url=url, sources=sources)
