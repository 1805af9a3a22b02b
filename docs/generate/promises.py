"""The page of promises: which tests hold each, found in the tests themselves, and the last figures of the attacks.

A test, or a whole module of tests, names its promises with `pytest.mark.promise("P1")`.
"""

import ast
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import volume

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"

PROMISES = {
    "P1": (
        "Nothing on thin evidence",
        (
            "A removal needs two whole walks that lack the model, `confirm_after` apart, with none that lists it in"
            " between, and the guard must let it pass. A failed, cut or contradictory walk changes nothing but its own"
            " record."
        ),
    ),
    "P2": ("Nothing missed", "What a walk listed is in the database after its run, whatever its other fields hold."),
    "P3": (
        "All or nothing",
        (
            "Rows, history, changes and pending alerts of a run appear together or not at all, whenever the process,"
            " the machine or the database dies; the next run simply goes on. So do migrations."
        ),
    ),
    "P4": (
        "Only forward",
        (
            "A slow old run changes nothing after a newer one; two at once record each change once; a clock that jumps"
            " back puts nothing out of order."
        ),
    ),
    "P5": (
        "Honest times",
        (
            "Times are of our own observations, in UTC, with the interval in which a change must have happened; an"
            " unknown date is NULL, and never wipes a known one."
        ),
    ),
    "P6": (
        "Nothing forgotten",
        "Each state of each model is kept with its interval, also of models that left; unknown fields, too.",
    ),
    "P7": (
        "Quiet by default",
        (
            "A baseline tells of nothing but what is watched and retires soon, recovery is no news, a wave is one line,"
            " and a run without a change writes a handful of rows."
        ),
    ),
    "P8": (
        "Alerts are neither lost nor doubled",
        (
            "Pending from the transaction of the change until the channel took it; a repeat after a crash has the same"
            " id; a dead channel delays no other."
        ),
    ),
    "P9": (
        "Secrets stay secret",
        "No key in a log, an error, a row, a page or a process list, and none sent to another host.",
    ),
    "P10": (
        "It says when it is not working",
        "Exit codes, `status`, the records of runs, metrics and pings show what failed, is held or is overdue.",
    ),
}

_OPENING = """\
# Promises, and what holds them

What the catalog promises, the tests that look for the opposite, and what they came to when they last ran. *Attacks*
make a volume of cases from a seed: the bounded one in `./dev check`, the full one in `./dev soak`; both say their
seed, and `--seed` replays it. `./dev mutants` puts bugs into the code and says which the tests catch: {mutants}.

This page is made by `./dev docs` from marks in the tests and from the figures that `--record` keeps in `attacks.json`.
"""

_CLOSING = "## What the attacks came to\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """A test or a module of tests, and the promises it names."""

    promises: tuple[str, ...]
    path: str  # below tests/
    test: str | None  # None: the module with all its tests
    words: str
    count: int  # of functions
    asks: bool  # how much of it is wanted, so that it says what it came to

    @property
    def anchor(self) -> str:
        return Path(self.path).stem

    @property
    def is_attack(self) -> bool:
        return self.path.startswith("attacks/")


def page() -> str:
    """Write the page. Raises KeyError for a test that names an unknown promise."""
    kept = json.loads(volume.FIGURES.read_text("utf-8")) if volume.FIGURES.exists() else {}
    found = list(holders())
    told = {each.path for each in found if each.is_attack and each.asks}
    parts = [_promise(name, [each for each in found if name in each.promises], told) for name in PROMISES]
    return "\n".join([_OPENING.format(mutants=_mutants(kept)), *parts, _CLOSING, *_figures_of(found, kept)])


def holders() -> Iterator[Holder]:
    """Find the tests that name promises."""
    for path in sorted(TESTS.rglob("test_*.py")):
        yield from _in_module(path.relative_to(TESTS).as_posix(), ast.parse(path.read_text("utf-8")))


def _in_module(path: str, module: ast.Module) -> Iterator[Holder]:
    tests = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    of_all = [name for node in module.body if isinstance(node, ast.Assign) for name in _named([node.value])]
    if of_all and not path.startswith("attacks/"):
        words = _first_sentence(ast.get_docstring(module) or path)
        yield Holder(promises=tuple(of_all), path=path, test=None, words=words, count=len(tests), asks=False)
        of_all = []
    for test in tests:
        if named := (*of_all, *_named(test.decorator_list)):
            words = _first_sentence(ast.get_docstring(test) or _in_words(test.name))
            asks = "volume" in {argument.arg for argument in test.args.args}
            yield Holder(promises=named, path=path, test=test.name, words=words, count=1, asks=asks)


def _named(marks: list[ast.expr]) -> tuple[str, ...]:
    calls = [call for mark in marks for call in ast.walk(mark) if isinstance(call, ast.Call)]
    asked = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "promise"]
    names = tuple(ast.literal_eval(argument) for call in asked for argument in call.args)
    for name in names:
        PROMISES[name]
    return names


def _in_words(name: str) -> str:
    words = name.removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]


def _first_sentence(text: str) -> str:
    return " ".join(text.split("\n\n", maxsplit=1)[0].split()).rstrip(".").replace("|", "\\|")


def _promise(name: str, found: list[Holder], told: Collection[str]) -> str:
    """Write a part; an attack links to its figures where its module is `told` of, else to the module."""
    title, words = PROMISES[name]
    attacks = [
        f"- {each.words}: [{each.path}]({f'#{each.anchor}' if each.path in told else f'../../tests/{each.path}'})"
        for each in found
        if each.is_attack
    ]
    tests = [
        f"- {each.words}: [{each.path}](../../tests/{each.path}), {each.count} tests"
        for each in found
        if not each.is_attack
    ]
    return "\n".join([f"## {name}: {title}", "", words, "", "Attacks:", "", *attacks, "", "Tests:", "", *tests, ""])


def _figures_of(found: list[Holder], kept: Mapping[str, Any]) -> Iterator[str]:
    """Write a part for each module of attacks, with a table for each attack that says what it came to."""
    attacks = [each for each in found if each.is_attack and each.asks]
    for path, anchor in dict.fromkeys((each.path, each.anchor) for each in attacks):
        yield f"### {anchor}\n\n[{path}](../../tests/{path})\n"
        yield from (_table(each, kept) for each in attacks if each.path == path)


def _table(attack: Holder, kept: Mapping[str, Any]) -> str:
    node = f"tests/{attack.path}::{attack.test}"
    mine = {
        name: {id[len(node) :].strip("[]"): told for id, told in kept.get(name, {}).items() if id.startswith(node)}
        for name in ("check", "soak")
    }
    rows = [
        f"| {name} | {variant} | {volume.said(told['figures'])} | {told['on']}, seed {told['seed']} |"
        for name, results in mine.items()
        for variant, told in results.items()
    ]
    return "\n".join([f"{attack.words}.\n", "| volume | of | came to | on |", "|---|---|---|---|", *rows, ""])


def _mutants(kept: Mapping[str, Any]) -> str:
    told = kept.get("mutants", {}).get("./dev mutants")
    return f"{volume.said(told['figures'])} on {told['on']}" if told else "not run yet"
