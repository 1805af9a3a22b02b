"""The whole output of `catalog sync` as a person sees it: on terminals of three widths, on both databases."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import server as play
from tests.e2e import terminal
from tests.server import Json, ModelsServer, model

pytestmark = pytest.mark.warns  # the command line tells of failures by its log

WAVE = {"family": "new", "reach": 7, "size": 3, "speed": 2, "tone": 1}
THEN = "2026-11-22T09:30:00Z"


@dataclass
class Place:
    """A folder with a catalog to be, a list, and terminals to call the program on."""

    folder: Path
    server: ModelsServer
    monkeypatch: pytest.MonkeyPatch
    width: int

    def configure(self, **settings: object) -> None:
        usual = {"base_url": self.server.url, "api_key_env": "KEY", "deadline": "30s", "confirm_after": "0s"}
        lines = [f"{name} = {json.dumps(value)}" for name, value in {**usual, **settings}.items()]
        (self.folder / "catalog.toml").write_text("[sources.one]\n" + "\n".join(lines) + "\n")

    def sync(self, *arguments: str) -> tuple[int, list[str]]:
        """Sync; what differs from call to call - times, the address - is put into one form."""
        code, lines = terminal.call(self.width, self.monkeypatch, "sync", *arguments)
        return code, [self._even(line) for line in lines]

    def _even(self, line: str) -> str:
        line = re.sub(r"2026-\d\d-\d\dT\d\d:\d\d:\d\dZ", THEN, line)
        line = re.sub(r"\(1 page, \d+\.\d s\)", "(TOOK)", re.sub(r"req_\d+", "req_1", line))
        return line.replace(self.server.url.removeprefix("http://"), "HOST")


@pytest.fixture(params=[40, 80, 120])
def place(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    server: ModelsServer,
    migrated_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", play.KEY)
    monkeypatch.setenv("CATALOG_DATABASE_URL", migrated_url)
    server.models = [model(f"m-{number}") for number in range(6)]
    place = Place(tmp_path, server, monkeypatch, request.param)
    place.configure()
    return place


def change_all(server: ModelsServer, **fields: object) -> None:
    for item in server.models:
        item.update(fields)


def test_each_kind_of_run_says_what_it_found_in_few_lines(place: Place) -> None:
    server = place.server
    first = "one: 6 models listed, 6 new (TOOK); a baseline: what it found is not news"
    assert place.sync() == (0, [first])
    assert place.sync() == (0, ["one: 6 models listed, nothing changed (TOOK)"])
    assert place.sync("-q") == (0, [])

    server.models[0] |= {"display_name": "Zero", "retires_at": "2027-02-15T00:00:00Z"}
    server.models.append(model("m-new"))
    told = [
        "one: 7 models listed, 1 new, 1 model changed (TOOK)",
        "  + one: m-new newly listed",
        "  ~ one: m-0 display_name: M 0 → Zero",
        "  ~ one: m-0 retires_at: absent → 2027-02-15",
    ]
    assert place.sync() == (0, told)

    del server.models[2:]
    held = "held: 5 of 7 models that were listed before are gone at once: they wait for --accept-removals"
    waiting = "held until a walk lists it or `catalog sync --accept-removals` accepts that it is gone"
    told = [
        f"one: 2 models listed, 5 missing (TOOK); {held}",
        *(f"  ? one: m-{name} missing since {THEN}; {waiting}" for name in ("2", "3", "4", "5", "new")),
    ]
    assert place.sync() == (5, told)

    server.always = play.error(404)
    told = [
        f"catalog: one: the models list of HOST: HTTP 404 (not_found_error, request req_1) (run 6 at {THEN})",
        "  the API says: not_found_error",
        "  check `base_url` of this source: http://HOST/v1/models must be a Models API",
    ]
    assert place.sync() == (3, told)
    dry = told[0].replace("one:", "one: dry run:").replace(f" (run 6 at {THEN})", "")
    assert place.sync("--dry-run") == (3, [dry, *told[1:]])


WAVES: dict[str, tuple[Callable[[Json], Json], list[str]]] = {
    "one value": (lambda _: {"tone": 1}, ["tone: absent → 1 on 6 of 6 models"]),
    "one value that was there": (lambda _: {"line": "opus"}, ["line: absent → opus on 6 of 6 models"]),
    "another value": (
        lambda _: {"lifecycle": "deprecated"},
        ["lifecycle: active → deprecated on 6 of 6 models"],
    ),
    "various values": (lambda item: {"tone": item["id"]}, ["tone appeared on 6 of 6 models"]),
    "two fields": (lambda _: {"tone": 1, "age": 2}, ["2 fields appeared on 6 of 6 models: age, tone"]),
    "five fields": (
        lambda _: dict.fromkeys("abcde", 0),
        ["5 fields appeared on 6 of 6 models: a, b, c and 2 more"],
    ),
    "five of six": (
        lambda item: {} if item["id"] == "m-3" else {"tone": 1},
        ["tone: absent → 1 on 5 of 6 models"],
    ),
    "fields on five and on six": (
        lambda item: {"age": 1} if item["id"] == "m-3" else {"age": 1, "tone": 1},
        ["age: absent → 1 on 6 of 6 models", "tone: absent → 1 on 5 of 6 models"],
    ),
    "beside others": (
        lambda item: {"tone": 1, **({"display_name": "Zero"} if item["id"] == "m-0" else {})},
        ["m-0 display_name: M 0 → Zero", "tone: absent → 1 on 6 of 6 models"],
    ),
    "four of six": (
        lambda item: {"tone": 1} if item["id"] < "m-4" else {},
        [f"m-{number} tone: absent → 1" for number in range(4)],
    ),
    "renamed, each otherwise": (
        lambda item: {"display_name": item["id"]},
        [f"m-{number} display_name: M {number} → m-{number}" for number in range(6)],
    ),
}


@pytest.mark.parametrize(("after", "told"), WAVES.values(), ids=WAVES.keys())
@pytest.mark.parametrize("place", [80], indirect=True)
def test_what_changed_alike_on_most_models_is_one_line(
    place: Place, after: Callable[[Json], Json], told: list[str]
) -> None:
    place.sync()
    for item in place.server.models:
        item.update(after(item))
    lines = [f"  ~ one: {line}" for line in told]
    [run] = json.loads("".join(place.sync("--dry-run", "--json")[1]))
    would = f"one: dry run: 6 models listed, would record {run['changed']} models changed (TOOK)"
    assert place.sync("--dry-run") == (0, [would, *lines])
    each = [line for line in place.sync("--dry-run", "-v")[1] if line.startswith("  ~ ")]
    assert len(each) == len(run["changes"])
    assert not any(" of 6 models" in line for line in each)
    assert place.sync("-q") == (0, lines)
