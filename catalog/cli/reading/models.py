"""`catalog models`: what is listed, now or at a moment."""

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from catalog import clock, dates, tabular
from catalog.cli import options
from catalog.cli.context import Context, Form, list_options, pass_context
from catalog.cli.reading import lists
from catalog.dates import TypedMoment
from catalog.domain import Model, State
from catalog.tabular import Row

if TYPE_CHECKING:
    from catalog.store.engine.database import Connection
    from catalog.store.queries.history import Which

_END = datetime.max.replace(tzinfo=UTC)
_USUAL = ("id", "display_name", "lifecycle", "retires_at")
_ENDS = {
    "listed": ("first_seen_at", "missing_since"),
    "removed": ("first_seen_at", "removed_at"),
    "all": ("first_seen_at", "missing_since", "removed_at"),
    "as of": ("valid_from", "valid_to"),
}


@click.command("models")
@click.option("--as-of", type=options.MOMENT, help=f"What was listed at T: {options.MOMENTS}.")
@click.option("--removed", is_flag=True, help="Only those that are gone.")
@click.option("--all", "every", is_flag=True, help="Every model ever seen.")
@options.source_option
@options.match_option()
@click.option("--lifecycle", metavar="L", help="Only those the list calls so: active, deprecated, retired.")
@click.option("--line", metavar="L", help="Only those of this line, such as opus.")
@click.option(
    "--retiring", type=options.AGE, help="Only those that retire within this time, such as 90d; soonest first."
)
@click.option("--sort", metavar="COLUMN", help="Sort by this column; -COLUMN: the greatest first. Unknown comes last.")
@options.limit_option(None, "At most N.")
@click.option("--columns", metavar="A,B", help="Show these columns, such as id,retires_at.")
@list_options
@pass_context
def command(
    context: Context,
    /,
    *,
    as_of: TypedMoment | None,
    removed: bool,
    every: bool,
    source: str | None,
    sort: str | None,
    limit: int | None,
    columns: str | None,
    form: Form,
    **filters: Any,
) -> None:
    """List the models that are listed now, or that were at a moment.

    --retiring also lists those whose date has passed and that are listed still.
    """
    if sum([as_of is not None, removed, every]) > 1:
        raise click.UsageError("--as-of, --removed and --all contradict each other")
    if filters["retiring"] is not None and (removed or every):
        raise click.UsageError(f"--retiring and {'--removed' if removed else '--all'} contradict each other")
    from catalog.store.queries import history
    from catalog.store.queries.history import Which

    moment = as_of and lists.meant(context, as_of)
    has = history.MODEL_COLUMNS if moment is None else history.STATE_COLUMNS
    chosen = list(dict.fromkeys(lists.column(name, has) for name in columns.split(","))) if columns else None
    order = _order(sort or ("" if filters["retiring"] is None else "retires_at"), has)
    which = Which.ALL if every else Which.REMOVED if removed else Which.LISTED
    with options.catalog(context, source) as connection:
        known = moment is None or lists.note_limits(context, connection, moment, source)
        found = _found(context, connection, moment or which, source=source, **filters)
        lists.print_(
            context,
            order(lists.records(found, has)),
            nothing=_nothing(moment, known=known),
            noun="model",
            columns=chosen or has,
            shown=chosen
            or [*lists.several(connection, source), *_USUAL, *_ENDS[which.value if moment is None else "as of"]],
            form=form,
            most=limit or 0,
            order="first",
            kept=chosen is not None,
        )


def _nothing(moment: datetime | None, *, known: bool) -> str:
    if moment is None:
        return "no model fits"
    told = "no model that fits was listed at {}" if known else "what was listed at {} is not known"
    return told.format(dates.short(moment))


def _found(
    context: Context,
    connection: "Connection",
    when: "datetime | Which",
    *,
    source: str | None,
    match: str | None,
    retiring: timedelta | None,
    **texts: str | None,
) -> Generator[Model, None, None] | Generator[State, None, None]:
    """Ask for the models of now or of a moment."""
    from catalog.store.queries import history
    from catalog.store.queries.filters import StateFilter

    wanted = lists.pattern(context, connection, match, source)
    now = when if isinstance(when, datetime) else clock.utc_now()
    fields = StateFilter(retires_by=None if retiring is None else now + min(retiring, _END - now), **texts)
    if isinstance(when, datetime):
        return history.as_of(connection, when, source=source, match=wanted, fields=fields)
    return history.models(connection, which=when, source=source, match=wanted, fields=fields)


def _order(sort: str, columns: Sequence[str]) -> Callable[[Generator[Row, None, None]], Generator[Row, None, None]]:
    """Give what sorts rows by a column, `-` before it for the greatest first; without one they come as they are."""
    if not sort:
        return lambda rows: rows
    name = lists.column(sort.removeprefix("-"), columns)

    def key(row: Row) -> Any:
        return tabular.json_text(row[name]) if isinstance(row[name], Mapping) else row[name]

    def ordered(rows: Generator[Row, None, None]) -> Generator[Row, None, None]:
        every = list(rows)
        known = [row for row in every if row[name] is not None]
        yield from sorted(known, key=key, reverse=sort.startswith("-"))
        yield from (row for row in every if row[name] is None)

    return ordered
