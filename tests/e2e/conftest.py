"""Fixtures of the tests that call the whole program."""

import pytest

from catalog.cli import check
from tests.e2e.ground import bare, ground  # noqa: F401 - the fixtures
from tests.two_of_each import built, house, own  # noqa: F401 - the fixtures


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `catalog check` ask twice without a pause: servers of tests answer by the request, not by the clock."""
    monkeypatch.setattr(check, "APART", 0.0)
