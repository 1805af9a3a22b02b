"""Fixtures of the tests that call the whole program."""

from tests.e2e.ground import ground  # noqa: F401 - the fixture `ground`
