"""`catalog models`, `changes`, `diff` and `runs`: lists from the catalog, each row printed as it is read."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from catalog import clock, dates
from catalog.cli import options, output
from catalog.cli.context import Context, Form, list_options, pass_context
from catalog.domain import Change, Kind, Model, Run, State

if TYPE_CHECKING:
    from catalog.store.engine.database import Connection

_PAGE = 50
_RUNS = 20
_KINDS = click.Choice([kind.value for kind in Kind])


@click.command()
@click.option("--as-of", type=options.Moment(), help="What was listed at T: a date, RFC 3339, or an age such as 7d.")
@click.option("--removed", is_flag=True, help="Only those that are gone.")
@click.option("--all", "every", is_flag=True, help="Every model ever seen.")
@options.source_option()
@options.match_option()
@list_options
@pass_context
def models(
    context: Context,
    *,
    as_of: datetime | None,
    removed: bool,
    every: bool,
    source: str | None,
    match: str | None,
    form: Form,
) -> None:
    """List the models that are listed now, or that were at a moment."""
    if sum([as_of is not None, removed, every]) > 1:
        raise click.UsageError("--as-of, --removed and --all contradict each other")
    from catalog.store.queries import history
    from catalog.store.queries.history import Which

    with options.catalog(context, source) as connection:
        shown = [*_several(connection, source), "id", "display_name", "lifecycle", "created_at"]
        found: Generator[Model | State, None, None]
        if as_of is not None:
            _note_limits(context, connection, as_of)
            found = history.as_of(connection, as_of, source=source, match=match)
            listing = _Listing(columns=history.STATE_COLUMNS, shown=[*shown, "valid_from", "valid_to"], form=form)
            _print(context, listing, found, f"no model that fits was listed at {dates.short(as_of)}")
            return
        which = Which.ALL if every else Which.REMOVED if removed else Which.LISTED
        ends = ["removed_at"] if removed else ["missing_since", "removed_at"] if every else ["missing_since"]
        found = history.models(connection, which=which, source=source, match=match)
        listing = _Listing(columns=history.MODEL_COLUMNS, shown=[*shown, "first_seen_at", *ends], form=form)
        _print(context, listing, found, "no model fits")


@click.command()
@click.option(
    "--since", type=options.Moment(), help="Only those recorded at T (a date, RFC 3339, an age such as 7d) or later."
)
@click.option("--until", type=options.Moment(), help="Only those recorded before T.")
@click.option("--kind", type=_KINDS, metavar="KIND", help="Only this kind: added, removed, returned or changed.")
@options.match_option("--model")
@options.source_option()
@options.limit_option(None, f"At most N; 0: no limit.  [{_PAGE}; no limit with --since]")
@list_options
@pass_context
def changes(
    context: Context,
    *,
    since: datetime | None,
    until: datetime | None,
    kind: str | None,
    match: str | None,
    source: str | None,
    limit: int | None,
    form: Form,
) -> None:
    """Print the change log, newest first. A change happened after not_before and by observed_at."""
    from catalog.store.queries import history

    if since and until and since >= until:
        raise click.UsageError("--since must be earlier than --until")
    most = (_PAGE if since is None else 0) if limit is None else limit
    with options.catalog(context, source) as connection:
        found = history.changes(
            connection,
            since=since,
            until=until,
            kind=Kind(kind) if kind else None,
            source=source,
            match=match,
            limit=most + 1 if most else None,
        )
        shown = ["recorded_at", *_several(connection, source), "model_id", "change", "field", "old_value", "new_value"]
        listing = _Listing(columns=history.CHANGE_COLUMNS, shown=shown, form=form, beside=_change_column, most=most)
        _print(context, listing, found, "no change was recorded that fits")


@click.command()
@click.argument("earlier", metavar="T1", type=options.Moment())
@click.argument("later", metavar="[T2]", type=options.Moment(), required=False)
@options.source_option()
@options.match_option()
@list_options
@pass_context
def diff(
    context: Context,
    *,
    earlier: datetime,
    later: datetime | None,
    source: str | None,
    match: str | None,
    form: Form,
) -> None:
    """Say what differs between two moments (T2: now): models that came or went, and fields with another value.

    A moment is a date, RFC 3339, or an age such as 7d.
    """
    from catalog.store.queries import history

    until = later or clock.utc_now()
    if earlier > until:
        raise click.UsageError("T1 must be earlier than T2")
    with options.catalog(context, source) as connection:
        _note_limits(context, connection, earlier)
        shown = [*_several(connection, source), *history.DIFFERENCE_COLUMNS[1:]]
        found = history.compare_moments(connection, earlier, until, source=source, match=match)
        listing = _Listing(columns=history.DIFFERENCE_COLUMNS, shown=shown, form=form)
        _print(context, listing, found, f"nothing differs between {dates.short(earlier)} and {dates.short(until)}")


@click.command()
@options.source_option()
@options.limit_option(_RUNS, f"At most N; 0: no limit.  [{_RUNS}]")
@list_options
@pass_context
def runs(context: Context, *, source: str | None, limit: int, form: Form) -> None:
    """List the sync runs, newest first: when, how long, what came of them, why one failed."""
    from catalog.store.queries import history

    counts = ("pages", "models_seen", "added", "returned", "changed", "missing", "removed")
    with options.catalog(context, source) as connection:
        shown = ["run_id", *_several(connection, source), "status", "started_at", "took", *counts, "error"]
        found = history.runs(connection, source=source, limit=limit + 1 if limit else None)
        listing = _Listing(columns=history.RUN_COLUMNS, shown=shown, form=form, beside=_run_column, most=limit)
        _print(context, listing, found, "no run was recorded")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listing:
    """How a list is printed: every column for programs, a few for people, and how many rows at most (0: all)."""

    columns: Sequence[str]
    shown: Sequence[str]
    form: Form
    beside: Callable[[Any], dict[str, object]] = lambda _: {}  # columns that `shown` has beside `columns`
    most: int = 0


def _print(context: Context, listing: _Listing, found: Generator[Any, None, None], nothing: str) -> None:
    """Print rows as they come; a note on stderr says when there are none, or more than were asked for."""
    with closing(found):
        rows = ({name: getattr(one, name) for name in listing.columns} | listing.beside(one) for one in found)
        first = next(rows, None)
        most = islice(rows, listing.most - 1) if listing.most else rows
        given = [] if first is None else chain([first], most)
        output.listing(given, columns=listing.columns, shown=listing.shown, form=listing.form)
        if first is None:
            options.tell(context, nothing)
        elif next(rows, None) is not None:
            options.tell(context, f"these are the newest {listing.most}; `--limit 0` shows all")


def _note_limits(context: Context, connection: "Connection", moment: datetime) -> None:
    """Say so when the catalog knows nothing of a moment: before its first walk, or in the future."""
    from catalog.store.queries import history

    first = history.begins(connection)
    if first is not None and moment < first:
        options.tell(context, f"this catalog begins at {dates.short(first)}; of earlier moments it knows nothing")
    if moment > clock.utc_now():
        options.tell(context, f"{dates.short(moment)} lies in the future; what is listed now is all that is known")


def _several(connection: "Connection", source: str | None) -> Sequence[str]:
    """Show the source where there is more than one."""
    from catalog.store.queries import history

    return ["source"] if source is None and len(history.sources(connection)) > 1 else []


def _change_column(change: Change) -> dict[str, object]:
    return {"change": f"{change.kind} (baseline)" if change.baseline else change.kind.value}


def _run_column(run: Run) -> dict[str, object]:
    return {"took": None if run.finished_at is None else run.finished_at - run.started_at}
