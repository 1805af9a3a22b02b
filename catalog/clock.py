"""The wall clock, for the edges and for defaults. All other code takes the time as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Give this moment, in UTC."""
    return datetime.now(UTC)
