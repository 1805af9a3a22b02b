"""Fixtures that several files of this folder ask for."""

from tests.unit.walking import clock, go, shelf  # noqa: F401 - fixtures
