"""`catalog changes`, `diff` and `runs`: what happened, each row printed as it is read."""

import click

from catalog import clock, dates
from catalog.cli import options
from catalog.cli.context import Context, Form, list_options, pass_context
from catalog.cli.reading import lists
from catalog.cli.terminal import cells
from catalog.dates import TypedMoment
from catalog.domain import MERGED, Kind, Run
from catalog.tabular import Row
from catalog.text import counted

_PAGE = 50
_RUNS = 20
_KINDS = click.Choice([kind.value for kind in Kind])


@click.command()
@click.option("--since", type=options.BEGINNING, help=f"Only those recorded at T or later: {options.MOMENTS}.")
@click.option("--until", type=options.MOMENT, help="Only those recorded before T.")
@click.option("--kind", type=_KINDS, metavar="KIND", help="Only this kind: added, removed, returned or changed.")
@click.option("--field", metavar="GLOB", help="Only changes of such a field: retires_at, capabilities.*.")
@click.option("--no-baseline", is_flag=True, help="Leave out what baselines found: it may have been so before.")
@options.match_option("--model")
@options.source_option
@options.limit_option(None, f"At most N; 0: no limit.  [{_PAGE}; no limit with --since]")
@list_options
@pass_context
def changes(
    context: Context,
    *,
    since: TypedMoment | None,
    until: TypedMoment | None,
    kind: str | None,
    field: str | None,
    no_baseline: bool,
    match: str | None,
    source: str | None,
    limit: int | None,
    form: Form,
) -> None:
    """Print the change log, newest first. A change happened after not_before and by observed_at."""
    if field and kind not in {None, "changed"}:
        raise click.UsageError(f"--field and --kind {kind} contradict each other")
    begin, end = (each and lists.meant(context, each) for each in (since, until))
    if begin and end and begin >= end:
        raise click.UsageError("--since must be earlier than --until")
    from catalog.store.queries import history

    most = (_PAGE if since is None else 0) if limit is None else limit
    with options.catalog(context, source) as connection:
        found = history.changes(
            connection,
            since=begin,
            until=end,
            kind=Kind.CHANGED if field else Kind(kind) if kind else None,
            field=field,
            baseline=not no_baseline,
            source=source,
            match=lists.pattern(context, connection, match, source),
            limit=most + 1 if most else None,
        )
        lists.print_(
            context,
            lists.records(found, history.CHANGE_COLUMNS, lambda one: {"change": lists.said(one)}),
            nothing="no change was recorded that fits",
            noun="change",
            columns=history.CHANGE_COLUMNS,
            shown=["recorded_at", *lists.several(connection, source), "model_id", "change"],
            form=form,
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
    context: Context,
    *,
    earlier: TypedMoment,
    later: TypedMoment | None,
    source: str | None,
    match: str | None,
    form: Form,
) -> None:
    """Say what differs between two moments (T2: now): models that came or went, and fields with another value.

    A moment is RFC 3339, a day or a month (the last moment of it, in UTC), now, today, yesterday, or an age such as 7d.
    """
    begin = lists.meant(context, earlier)
    end = lists.meant(context, later) if later else clock.utc_now()
    if begin > end:
        raise click.UsageError("T1 must be earlier than T2")
    from catalog.store.queries import differences

    with options.catalog(context, source) as connection:
        lists.note_limits(context, connection, begin, source, then=": what its first list had counts as added")
        wanted = lists.pattern(context, connection, match, source)
        found = differences.between(connection, begin, end, source=source, match=wanted)
        lists.print_(
            context,
            lists.records(found, differences.DIFFERENCE_COLUMNS, lambda one: {"change": lists.said(one)}),
            nothing=f"nothing differs between {dates.short(begin)} and {dates.short(end)}",
            noun="difference",
            columns=differences.DIFFERENCE_COLUMNS,
            shown=[*lists.several(connection, source), "model_id", "change"],
            form=form,
        )


@click.command()
@options.source_option
@options.limit_option(_RUNS, f"At most N; 0: no limit.  [{_RUNS}]")
@list_options
@pass_context
def runs(context: Context, *, source: str | None, limit: int, form: Form) -> None:
    """List the sync runs, newest first: when, how long, what came of them, why one failed."""
    from catalog.store.queries import history

    with options.catalog(context, source) as connection:
        found = history.runs(connection, source=source, limit=limit + 1 if limit else None)
        lists.print_(
            context,
            lists.records(found, history.RUN_COLUMNS, _beside),
            nothing="no run was recorded",
            noun="run",
            columns=history.RUN_COLUMNS,
            shown=["run_id", *lists.several(connection, source), "status", "started_at", "took", "outcome"],
            form=form,
            most=limit,
        )


def _beside(one: Run) -> Row:
    took = one.finished_at - one.started_at if one.finished_at else None
    return {"took": took, "outcome": _outcome(one)}


def _outcome(one: Run) -> str | None:
    """Say what came of a run: what it read, what it found, why it failed."""
    if one.status not in MERGED:
        return one.error
    read = f"{counted(one.models_seen, 'model')} on {counted(one.pages, 'page')}"
    return "; ".join(
        [f"{read}: {', '.join(cells.counts(one)) or 'nothing changed'}", *([one.error] if one.error else [])]
    )
