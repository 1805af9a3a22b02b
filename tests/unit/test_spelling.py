"""What is a slip of an id, and that none is missed among many."""

import random

import pytest

from catalog import spelling
from catalog.spelling import Sieve


@pytest.mark.parametrize(
    ("text", "other", "is_slip"),
    [
        ("claude-opus", "claude-opus", False),
        ("claude-ops", "claude-opus", True),
        ("claude-opuss", "claude-opus", True),
        ("claude-opis", "claude-opus", True),
        ("claude-opsu", "claude-opus", True),
        ("laude-opus", "claude-opus", True),
        ("xclaude-opus", "claude-opus", True),
        ("claude-op", "claude-opus", True),
        ("claude-o", "claude-opus", False),
        ("clade-ops", "claude-opus", True),
        ("cxlaude-oopus", "claude-opus", True),
        ("cluade-opsu", "claude-opus", False),
        ("claude-xyzs", "claude-opus", False),
        ("gpt-4", "gtp-4", True),
        ("gpt-4", "gpt-5", True),
        ("gpt-4", "gpt-", True),
        ("gpt-4", "gpt4", True),
        ("gpt-4", "gpt-44", True),
        ("gpt-4", "gp-5", False),
        ("gpt-4", "gtp-5", False),
        ("gpt-4", "tpg-4", False),
        ("gpt-4", "gpt4-", True),
        ("gpt-4", "", False),
        ("", "a", True),
    ],
)
def test_a_slip_is_one_or_two_letters(text: str, other: str, is_slip: bool) -> None:
    assert spelling.slips(text, other) is is_slip
    assert spelling.slips(other, text) is is_slip


def test_many_texts_that_are_alike_take_no_time_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 2,000 dates that no list has, each was compared with each of a million ids that have the same beginning."""
    ids = {f"claude-opus-{number * 37 % 9_973:05}-20260101" for number in range(9_000)}
    texts = {f"claude-opus-{number:05}-20260133" for number in range(3_000)}
    slip = "claude-opus-00001-20260110"
    compared = 0

    def counted(text: str, other: str) -> bool:
        nonlocal compared
        compared += 1
        return real(text, other)

    real = spelling.slips
    monkeypatch.setattr(spelling, "slips", counted)
    assert spelling.near({*texts, slip}, ids | {"claude-opus-00001-20260101"})[slip] != []
    assert compared <= 60 * len(ids)


def test_no_slip_is_missed_among_many_and_nothing_else_is_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spelling, "_ALIKE", 10_000)
    rng = random.Random(11)
    ids = {_word(rng, "abc-", rng.randint(1, 14)) for _ in range(400)}
    texts = {_word(rng, "abc-", rng.randint(1, 14)) for _ in range(300)} | {_slipped(id, rng) for id in ids}
    slow = {text: {id for id in ids if spelling.slips(text, id)} for text in texts}
    one = {
        text: {id for id in near if spelling._differ(text, id, 1) or spelling._is_swap(text, id)}
        for text, near in slow.items()
    }
    found = spelling.near(texts - ids, ids)
    assert {text: set(near) for text, near in found.items()} == {
        text: one[text] or near for text, near in slow.items() if near and text not in ids
    }
    sieve = Sieve(ids)
    assert all(sieve.passes(text) for text, near in slow.items() if near)


def _word(rng: random.Random, letters: str, size: int) -> str:
    return "".join(rng.choice(letters) for _ in range(size))


def _slipped(id: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 2)):
        at = rng.randrange(len(id) + 1)
        id = id[:at] + rng.choice(["", "a", "b"]) + id[at + rng.randint(0, 1) :]
    return id


def test_the_sieve_lets_few_others_pass_and_stays_small() -> None:
    rng = random.Random(13)
    letters = "abcdefghijklmnopqrstuvwxyz-/0123456789"
    sieve = Sieve([_word(rng, letters, 20) for _ in range(10_000)])
    assert sum(sieve.passes(_word(rng, letters, 20)) for _ in range(1_000)) < 200
    assert len(sieve._bits) <= 10_000 * 3 * 128 / 8
    assert not Sieve([]).passes("claude-opus")
    assert spelling.near(["claude-opus"], set()) == {}
    assert spelling.near([], {"claude-opus"}) == {}
