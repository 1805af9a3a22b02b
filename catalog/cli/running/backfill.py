"""`catalog backfill`: recorded answers of the past become runs of a source, oldest first; no channel is told."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from catalog import clock, logs, wiring
from catalog.cli import options
from catalog.cli.context import Context, json_option, pass_context
from catalog.cli.running import run_lines
from catalog.cli.terminal import output
from catalog.domain import Run, Status
from catalog.errors import Exit
from catalog.service import backfill, file_times, git_history, looks
from catalog.service.backfill import Filled, Waits, Wish
from catalog.service.file_times import Span
from catalog.service.looks import Look
from catalog.settings import SourceSettings
from catalog.store.queries import past
from catalog.text import counted

_COUNTED = ("added", "returned", "changed", "removed")
_FEW = 10  # looks that could not be read, each in a line
_MODELS = 100  # held models, each in a line
_HELP: Mapping[Waits, str] = {  # what helps, by what is waited for
    Waits.ACCEPTANCE: "the same command with --accept-removals",
    Waits.SECOND_LOOK: "add a later look, if there is one; else `catalog sync {name}` reads what is listed now",
    Waits.WHOLE_LOOK: "add a later look, if there is one; else `catalog sync {name}` reads what is listed now",
    Waits.SAME_LOOKS: "the same command with all files of the record",
}
_AT = options.TimeType("T", lambda text: file_times.typed(text, clock.utc_now()))


@click.command()
@click.argument("name", metavar="SOURCE")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--git", "repository", metavar="REPO", help="PATH is a file in this repository: take its history.")
@click.option("--at", type=_AT, help="When the one file that is given was recorded.")
@click.option(
    "--accept-removals",
    is_flag=True,
    help="Remove held models that stayed away for 7 days, or to the end of the record.",
)
@click.option(
    "--same-scope", is_flag=True, help="The answers were asked for as now: the first live sync is no new baseline."
)
@json_option
@pass_context
def command(
    context: Context,
    name: str,
    paths: Sequence[str],
    *,
    repository: str | None,
    at: Span | None,
    accept_removals: bool,
    same_scope: bool,
    as_json: bool,
) -> int:
    """Record answers of the past as runs of SOURCE, which was never synced: history begins before the catalog did.

    PATH is a file with an answer of the list, or a folder of .json files. When it was recorded stands in its name:
    2025-03-01T12-00-00Z.json, 20250301_1200.json, 2025/03/01.json (some time of that day), or seconds since 1970;
    without an offset it is UTC. With --git, each commit that touched the file is a look, at the time of the commit.

    Each answer is one look at the whole list, unless it says that more follows, and is judged as a sync would judge it,
    at its own time. No channel is told. A look that cannot be read is recorded as a failed run, with the reason.
    Stopped half-way, the same command goes on where it ended. With --json it is an array of the runs that were made.
    """
    config = context.config()
    [source] = config.select([name])
    with _looks(context, source, paths, repository, at) as found, closing(wiring.database(config)) as database:
        run_lines.make_ready(context, config, database)
        with output.progress_bar(name, shown=not context.quiet) as move:
            wish = Wish(
                accept_removals=accept_removals,
                same_scope=same_scope,
                configured=config.names,
                on_look=lambda done, of, look: move(
                    completed=done, total=of, description=f"{name}  {done:,}/{of:,}  {look.begin:%Y-%m-%d}"
                ),
            )
            filled = backfill.fill(database, source, found, wish)
        with database.read() as connection, closing(past.runs_after(connection, name, filled.last_run_before)) as runs:
            made = _Made(runs)
            if as_json:
                output.array(asdict(run) for run in made)
            else:
                _print(context, made, filled, name)
    return _end(context, made, filled, name)


@contextmanager
def _looks(
    context: Context, source: SourceSettings, paths: Sequence[str], repository: str | None, at: Span | None
) -> Iterator[Sequence[Look]]:
    now, most = clock.utc_now(), source.max_page_bytes
    if repository is None:
        found = looks.of_files(tuple(map(Path, paths)), at=at, now=now, max_bytes=most)
        if found.left_out:
            words = f"{counted(found.left_out, 'file')} left out: they are no .json"
            context.say(words, "backfill.left_out", files=found.left_out)
        yield found.looks
        return
    if at is not None or len(paths) > 1:
        raise click.UsageError("--git takes one file of the repository, and the times of its commits")
    with git_history.opened(Path(repository), paths[0], now=now, max_bytes=most) as history:
        yield history


class _Made:
    """The runs that were made, counted as they are read."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._runs = runs
        self.counts, self.failed = Counter[str](), list[Run]()
        self.first: Run | None = None
        self.last: datetime | None = None  # begin of the last one; a look that is judged again may lie before it

    def __iter__(self) -> Iterator[Run]:
        for run in self._runs:
            self.first = self.first or run
            self.last = max(self.last or run.started_at, run.started_at)
            self.counts["looks"] += 1
            self.counts.update({name: getattr(run, name) for name in _COUNTED})
            if run.status is Status.FAILED:
                self.counts["failed"] += 1
                self.failed += [run] if len(self.failed) < _FEW else []
            yield run

    def words(self, filled: Filled) -> str:
        """Say what was recorded."""
        if self.first is None or self.last is None:
            return "nothing to do: each look is recorded already"
        span = f"{output.second(self.first.started_at)} to {output.second(self.last)}"
        found = [f"{self.counts[name]:,} {name}" for name in _COUNTED if self.counts[name]] or ["nothing changed"]
        parts = [f"{counted(filled.looks, 'look')} recorded, {span}"] if filled.looks else []
        if filled.judged_again:
            parts.append(f"the look of {output.second(filled.judged_again.begin)} judged again")
        return f"{', '.join(parts)}: {', '.join(found)}"


def _print(context: Context, made: _Made, filled: Filled, name: str) -> None:
    for _ in made:
        pass
    if not context.quiet:
        output.line(f"{name}: {made.words(filled)}")
    for run in made.failed:
        output.line(f"  ! {name}: {output.second(run.started_at)} {run.error}")
    if more := made.counts["failed"] - len(made.failed):
        output.line(f"  ! ... and {more:,} more looks that could not be read: see `catalog runs --source {name}`")
    for model in filled.held[:_MODELS]:
        since = output.second(model.missing_since)
        output.line(f"  ? {name}: {model.model_id} missing since {since}; held: too much was gone at once")
    if (more := len(filled.held) - _MODELS) > 0:
        output.line(f"  ? ... and {more:,} more")


def _end(context: Context, made: _Made, filled: Filled, name: str) -> int:
    """Say what is left to do, and give the exit code."""
    sys.stdout.flush()  # where both are one file, this stands at the end
    if filled.waits:
        ids = [model.model_id for model in filled.held]
        named = ", ".join(ids[:_FEW]) + (f", and {len(ids) - _FEW:,} more" if ids[_FEW:] else "")
        words = f"{name}: {counted(len(ids), 'model')} held, too many at once to be believed gone: {named}"
        words += f"; {filled.waits.value}"
        told = logs.event("backfill.held", source=name, models=len(ids), hint=_HELP[filled.waits].format(name=name))
        context.start_logs().error("%s", words, extra=told)
        return Exit.HELD
    if made.counts["looks"] and made.counts["looks"] == made.counts["failed"]:
        return Exit.LISTING
    context.say(f"next: catalog sync {name}", "backfill.next", source=name)
    return Exit.DONE
