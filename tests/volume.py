"""How much of each attack is made, from which seed, and what it came to.

An attack looks for the opposite of what is promised. `./dev check` makes a bounded volume of each from a seed that
stays, so that what passed once passes again; `./dev soak` makes the full volume from a new seed. Both name the seed
first, and `--seed` replays it.
"""

import json
import platform
import random
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
FIGURES = (
    Path(__file__).parents[1] / "docs" / "generate" / "attacks.json"
)  # what ./dev docs makes docs/why/promises.md from
SEED = 1  # of ./dev check


@dataclass(frozen=True, kw_only=True)
class Volume:
    """What one attack asks: how much of it is wanted, and from which seed."""

    is_full: bool
    seed: int
    minutes: float | None  # after which no new round begins
    note: Callable[[str, object], None]

    def of(self, check: T, soak: T) -> T:
        """Give the one of two that is wanted."""
        return soak if self.is_full else check

    def rounds(self, check: int, soak: int) -> Iterator[int]:
        """Number the rounds from 0, until all are made or the time is up."""
        until = None if self.minutes is None else time.monotonic() + 60 * self.minutes
        for number in range(self.of(check, soak)):
            if until is not None and time.monotonic() >= until:
                return
            yield number

    def random(self, *names: object) -> random.Random:
        """Give randomness that depends on the seed and these names alone."""
        return random.Random(" ".join(map(str, (self.seed, *names))))

    def came_to(self, **figures: float | str) -> None:
        """Say what the attack came to: `came_to(runs=500, false_removals=0)`."""
        self.note("attack", {name.replace("_", " "): value for name, value in figures.items()})


@pytest.fixture
def volume(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Volume:
    """How much of an attack is wanted."""
    options = request.config.option
    return Volume(is_full=options.soak, seed=options.seed, minutes=options.minutes, note=record_property)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the volume be chosen."""
    group = parser.getgroup("attacks")
    group.addoption("--soak", action="store_true", help="the full volume, from a new seed")
    group.addoption("--seed", type=int, help="replay this seed")
    group.addoption("--minutes", type=float, help="begin no new round of an attack after this")
    group.addoption("--record", action="store_true", help="write what they came to into docs/generate/attacks.json")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed once, or take the one that was handed to this process."""
    handed = getattr(config, "workerinput", {}).get("seed", config.option.seed)
    chosen = secrets.randbelow(10**9) if config.option.soak else SEED
    config.option.seed = chosen if handed is None else handed


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the seed to another process: an option that no argument gave stays behind."""
    node.workerinput["seed"] = node.config.option.seed


def pytest_report_header(config: pytest.Config) -> str:
    """Name the seed before anything can fail."""
    options = config.option
    return f"attacks: {'full' if options.soak else 'bounded'} volume; again: --seed {options.seed}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what each attack came to, and keep it when that was asked."""
    options = terminalreporter.config.option
    found = {
        report.nodeid: dict(report.user_properties)["attack"]
        for report in terminalreporter.getreports("passed")
        if report.when == "call" and "attack" in dict(report.user_properties)
    }
    if found:
        terminalreporter.section("what the attacks came to")
    for test, figures in sorted(found.items()):
        terminalreporter.line(f"{test.removeprefix('tests/attacks/')}: {said(figures)}")
    if options.record:
        keep("soak" if options.soak else "check", options.seed, found)


def said(figures: Mapping[str, float | str]) -> str:
    """Say figures in a line: `500 runs, 0 false removals`."""
    return ", ".join(
        f"{value:,} {name}" if isinstance(value, int) else f"{value} {name}" for name, value in figures.items()
    )


def keep(name: str, seed: int | None, found: Mapping[str, object]) -> None:
    """Keep what attacks came to, each with when and with what it was found."""
    kept = json.loads(FIGURES.read_text("utf-8")) if FIGURES.exists() else {}
    when = {"on": datetime.now(UTC).date().isoformat(), **({} if seed is None else {"seed": seed})}
    what = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    mine = kept.get(name, {}) | {test: {**when, **what, "figures": figures} for test, figures in found.items()}
    kept[name] = dict(sorted(mine.items()))
    FIGURES.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")
