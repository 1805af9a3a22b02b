"""`catalog models`, `changes`, `diff` and `runs`: lists from the catalog, each row printed as it is read."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from catalog import clock, dates
from catalog.cli import options, output
from catalog.cli.context import Context, Form, list_options, pass_context
from catalog.domain import Kind

if TYPE_CHECKING:
    from catalog.store.engine.database import Connection

_PAGE = 50
_RUNS = 20
_KINDS = click.Choice([kind.value for kind in Kind])


@click.command()
@click.option("--as-of", type=options.MOMENT, help="What was listed at T: a date, RFC 3339, or an age such as 7d.")
@click.option("--removed", is_flag=True, help="Only those that are gone.")
@click.option("--all", "every", is_flag=True, help="Every model ever seen.")
@options.source_option
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
        if as_of is not None:
            _note_limits(context, connection, as_of)
            states = history.as_of(connection, as_of, source=source, match=match)
            shown += ["valid_from", "valid_to"]
            nothing = f"no model that fits was listed at {dates.short(as_of)}"
            _print(context, states, nothing, columns=history.STATE_COLUMNS, shown=shown, form=form)
            return
        which = Which.ALL if every else Which.REMOVED if removed else Which.LISTED
        ends = ["removed_at"] if removed else ["missing_since", "removed_at"] if every else ["missing_since"]
        found = history.models(connection, which=which, source=source, match=match)
        shown += ["first_seen_at", *ends]
        _print(context, found, "no model fits", columns=history.MODEL_COLUMNS, shown=shown, form=form)


@click.command()
@click.option(
    "--since", type=options.MOMENT, help="Only those recorded at T (a date, RFC 3339, an age such as 7d) or later."
)
@click.option("--until", type=options.MOMENT, help="Only those recorded before T.")
@click.option("--kind", type=_KINDS, metavar="KIND", help="Only this kind: added, removed, returned or changed.")
@options.match_option("--model")
@options.source_option
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
        _print(
            context,
            found,
            "no change was recorded that fits",
            columns=history.CHANGE_COLUMNS,
            shown=shown,
            form=form,
            beside=lambda one: {"change": f"{one.kind} (baseline)" if one.baseline else one.kind.value},
            most=most,
        )


@click.command()
@click.argument("earlier", metavar="T1", type=options.MOMENT)
@click.argument("later", metavar="[T2]", type=options.MOMENT, required=False)
@options.source_option
@options.match_option()
@list_options
@pass_context
def diff(
    context: Context, *, earlier: datetime, later: datetime | None, source: str | None, match: str | None, form: Form
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
        nothing = f"nothing differs between {dates.short(earlier)} and {dates.short(until)}"
        _print(context, found, nothing, columns=history.DIFFERENCE_COLUMNS, shown=shown, form=form)


@click.command()
@options.source_option
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
        _print(
            context,
            found,
            "no run was recorded",
            columns=history.RUN_COLUMNS,
            shown=shown,
            form=form,
            beside=lambda one: {"took": one.finished_at and one.finished_at - one.started_at},
            most=limit,
        )


def _print(
    context: Context,
    found: Generator[Any, None, None],
    nothing: str,
    *,
    columns: Sequence[str],
    shown: Sequence[str],
    form: Form,
    beside: Callable[[Any], dict[str, object]] = lambda _: {},
    most: int = 0,
) -> None:
    """Print rows as they come, `most` of them (0: all); a note on stderr says when there are none, or more.

    `beside` makes what people are shown besides `columns`.
    """
    with closing(found):
        rows = ({name: getattr(one, name) for name in columns} | beside(one) for one in found)
        first = next(rows, None)
        given = [] if first is None else chain([first], islice(rows, most - 1) if most else rows)
        output.listing(given, columns=columns, shown=shown, form=form)
        if first is None:
            context.say(nothing, "read.note")
        elif next(rows, None) is not None:
            context.say(f"these are the newest {most}; `--limit 0` shows all", "read.note")


def _note_limits(context: Context, connection: "Connection", moment: datetime) -> None:
    """Say so when the catalog knows nothing of a moment: before its first walk, or in the future."""
    from catalog.store.queries import history

    first = history.begins(connection)
    if first is not None and moment < first:
        context.say(f"this catalog begins at {dates.short(first)}; of earlier moments it knows nothing", "read.note")
    if moment > clock.utc_now():
        words = f"{dates.short(moment)} lies in the future; what is listed now is all that is known"
        context.say(words, "read.note")


def _several(connection: "Connection", source: str | None) -> Sequence[str]:
    """Show the source where there is more than one."""
    from catalog.store.queries import history

    return ["source"] if source is None and len(history.sources(connection)) > 1 else []
