"""The wall clock: for the edges and for defaults. Everybody else is told the time."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Give this moment, in UTC."""
    return datetime.now(UTC)
