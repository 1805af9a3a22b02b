"""What `catalog watch check` and `catalog watch scan` share: whom they ask, and how they tell that it is no use."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from catalog import errors, logs, watch, wiring
from catalog.cli import options
from catalog.cli.building.annotations import annotation
from catalog.cli.context import Context
from catalog.cli.terminal import output
from catalog.config import WatchEntry
from catalog.errors import Exit, NoCatalogError
from catalog.watch import WatchState
from catalog.wiring import lists
from catalog.wiring.lists import Lists

PROBLEMS = frozenset({WatchState.UNKNOWN, *watch.LEAVING})  # what a build should fail for


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedPlace:
    """Where a check asks: the catalog, the lists themselves, or a published folder."""

    source: str | None  # None: all
    live: bool
    place: str | None


def build_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what checks of a build share; the command receives `origin` and `form`."""

    @click.option("--days", type=click.IntRange(0, 3650), default=60, show_default=True, help="How far to look ahead.")
    @options.source_option
    @click.option("--live", is_flag=True, help="Read the lists themselves: no catalog is needed, and none is made.")
    @click.option("--catalog", "place", metavar="URL|DIR", help="Ask what `catalog publish` wrote, there.")
    @click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", "github"]),
        default="text",
        show_default=True,
        help="github: annotations, as GitHub Actions reads them.",
    )
    @click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
    @wraps(function)
    def taken(
        *args: Any,
        source: str | None,
        live: bool,
        place: str | None,
        form: str,
        as_json: bool,
        **kwargs: Any,
    ) -> Any:
        if live and place is not None:
            raise click.UsageError("--live and --catalog contradict each other")
        if as_json and form == "github":
            raise click.UsageError("--json and --format github contradict each other")
        origin = AskedPlace(source=source, live=live, place=place)
        return function(*args, origin=origin, form="json" if as_json else form, **kwargs)

    return taken


@contextmanager
def opened(context: Context, origin: AskedPlace, *, entries: Sequence[WatchEntry] = ()) -> Iterator[Lists]:
    """Open what the check asks; of the lists themselves, only those that the entries are watched at."""
    settings = context.config()
    if origin.place is not None:
        yield lists.published(origin.place, origin.source)
    elif origin.live:
        named = [watch.named(each.text, settings.names) for each in entries]
        among = [name[0] for name in named if not isinstance(name, str)]
        chosen = [origin.source] if origin.source else among if len(among) == len(named) else []
        yield lists.live(settings, settings.select(chosen), wiring.connector(context.key))
    else:
        with options.catalog(context) as connection:
            yield lists.stored(connection, settings, origin.source)


def no_catalog(context: Context, failure: NoCatalogError, origin: AskedPlace) -> int:
    """Tell that there is no catalog, which is as good as a stale one."""
    if origin.place is None and origin.source:
        context.config().select([origin.source])
    context.fail(failure)
    return Exit.STALE


def told_stale(context: Context, known: Lists, hanging: Collection[str], form: str) -> int:
    """Tell of the lists that verdicts hang on, and give the exit code; 0: on none."""
    for finding in (each for each in known.stale if each.name in hanging and each.name not in known.failures):
        told_of = logs.event("watch.stale", source=finding.source, code=finding.code, hint=finding.hint)
        context.start_logs().warning("%s: %s", finding.name, finding.text, extra=told_of)
    failures = [known.failures[name] for name in known.failures if name in hanging]
    for failure in failures:
        context.fail(failure, with_said=True)
    if form == "github":
        for finding in (each for each in known.stale if each.name in hanging):
            output.line(annotation("error", f"{finding.name}: {finding.text}", title="models list"))
    return errors.gravest(each.exit_code for each in failures) or (Exit.STALE if hanging else Exit.DONE)
