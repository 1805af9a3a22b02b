"""Words for people about a merged run, beside its status. Pure."""

from collections.abc import Sequence
from datetime import timedelta

from catalog import dates
from catalog.domain import Identity
from catalog.store.ingest import identities
from catalog.store.ingest.staging import Unreadable

_FIELDS_NAMED = 5
_CLOCK_SLACK = timedelta(minutes=1)  # the clocks of several hosts usually differ by less


def stamped() -> str:
    """Say that the creation dates of a list are not believed."""
    return "`created_at` is the same on all entries, and is the time of the request or moves with each walk: unknown"


def unreadable(fields: Sequence[Unreadable]) -> str:
    """Name some of the fields that could not be read, each with a model."""
    count = sum(field.models for field in fields)
    if not count:
        return ""
    few = [
        f"{field.field} of {field.model_id}" + (f" and {field.models - 1:,} more" if field.models > 1 else "")
        for field in fields[:_FIELDS_NAMED]
    ]
    named = ", ".join(few) + (", ..." if fields[_FIELDS_NAMED:] else "")
    what = "1 field" if count == 1 else f"{count:,} fields"
    return f"{what} could not be read ({named}); the last good value stays, and what was received is kept beside it"


def behind(late: timedelta) -> str:
    """Say that the clock of this run is behind that of an earlier one."""
    if late <= _CLOCK_SLACK:
        return ""
    return f"the clock is {dates.age(late)} behind the last run: this one is dated right after it"


def restored() -> str:
    """Say why nothing of the run is news."""
    return "the catalog was restored from a copy: what differs since then is no news"


def forgotten(silent: Sequence[Identity]) -> str:
    """Name the identities that are not accepted any more."""
    if not silent:
        return ""
    named = " and ".join(map(identities.describe, silent))
    days = identities.FORGOTTEN_AFTER.days
    return f"{named}: silent for {days} days, and forgotten; if it answers again, --accept-scope accepts it again"
