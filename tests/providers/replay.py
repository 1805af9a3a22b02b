"""A server on loopback that plays the sample of one row: it answers what the row must ask for, and nothing else.

A sample is `samples/ROW.json`. `path` is where requests arrive, `base_path` the part of it that stands in the base
URL, `key_header` the header that carries the key (null: none), `sends` other headers the request must have, `source`
what the user sets beside `api` and `base_url`. `looks` are the answers of one walk each: an exchange has the whole
query that asks for it, the body, and headers where they matter. `empty` is the answer of a list without entries.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.server import KEY, ModelsServer, Seen, Visit, problem

SAMPLES = Path(__file__).parent / "samples"
KEY_FILE = "KEY_FILE"  # stands in a sample for the path of a file with the key

Exchange = Mapping[str, Any]


@dataclass(frozen=True)
class Sample:
    """What a row is replayed from."""

    row: str

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """The file as it is."""
        found: Mapping[str, Any] = json.loads((SAMPLES / f"{self.row}.json").read_text("utf-8"))
        return found

    @property
    def looks(self) -> list[list[Exchange]]:
        """The answers of each walk, in order."""
        return list(self.content["looks"])

    @property
    def source(self) -> dict[str, Any]:
        """What the user sets beside `api` and `base_url`."""
        return dict(self.content.get("source", {}))


@dataclass
class Replay:
    """Plays the exchanges that are `on`; `faults` says what was wrong with requests, in words."""

    sample: Sample
    server: ModelsServer
    on: list[Exchange] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        """The base URL to configure."""
        return f"{self.server.url}{self.sample.content['base_path']}"

    def answer(self, visit: Visit) -> None:
        """Answer the exchange that the request asks for; 400, and a fault, when there is none or it is ill spelled."""
        query = {name: values[0] if len(values) == 1 else values for name, values in visit.seen.query.items()}
        found = next((each for each in self.on if each["query"] == query), None)
        faults = list(self._faults(visit.seen))
        if found is None:
            faults.append(f"nothing is asked for by {query}")
        self.faults += faults
        if found is None or faults:
            visit.send_json(400, problem("invalid_request_error"))
        else:
            visit.send_json(200, found["body"], found.get("headers", {}).items())

    def _faults(self, seen: Seen) -> Iterator[str]:
        content = self.sample.content
        sends = content.get("sends", {})
        if (seen.method, seen.path) != ("GET", content["path"]):
            yield f"{seen.method} {seen.path}"
        carriers = sorted(name for name, value in seen.headers.items() if KEY in value)
        if carriers != [name for name in [content["key_header"]] if name]:
            yield f"the key is in {carriers}"
        if "authorization" in carriers and seen.headers["authorization"] != f"Bearer {KEY}":
            yield "the key is no bearer"
        if KEY in seen.target:
            yield "the key is in the URL"
        yield from (f"no {name}: {value}" for name, value in sends.items() if seen.headers.get(name) != value)
        ours = {name for name in seen.headers if name.startswith("anthropic-")}
        yield from (f"{name} is sent" for name in ours - set(sends))


@contextmanager
def playing(row: str) -> Iterator[Replay]:
    """Run a server that plays the sample of a row, beginning with its first look."""
    sample = Sample(row)
    server = ModelsServer(organization=None)
    replay = Replay(sample, server, on=sample.looks[0])
    server.always = replay.answer
    server.start()
    try:
        yield replay
    finally:
        server.close()
