"""Fixtures of the tests that call the whole program."""

from tests.e2e.ground import bare, ground  # noqa: F401 - the fixtures
