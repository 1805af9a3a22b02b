"""Every promise is held by tests, and the page says what they last came to."""

import json

import pytest

from docs.generate import promises
from tests import volume

HOLDERS = list(promises.holders())
ATTACKS = sorted((promises.TESTS / "attacks").glob("test_*.py"))


@pytest.mark.parametrize("promise", promises.PROMISES)
def test_every_promise_is_attacked_and_tested(promise: str) -> None:
    holding = [holder for holder in HOLDERS if promise in holder.promises]
    assert any(holder.is_attack for holder in holding)
    assert any(not holder.is_attack for holder in holding)


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_every_attack_says_which_promise_it_is_after(path: object) -> None:
    assert any(str(path).endswith(holder.path) for holder in HOLDERS)


def test_the_figures_of_each_attack_that_asks_how_much_is_wanted_are_kept() -> None:
    kept = json.loads(volume.FIGURES.read_text("utf-8"))["check"]
    asking = [f"tests/{holder.path}::{holder.test}" for holder in HOLDERS if holder.is_attack and holder.asks]
    missing = [test for test in asking if not any(id == test or id.startswith(f"{test}[") for id in kept)]
    assert missing == [], "./dev attack --record, then ./dev docs"
