"""`catalog status`: how fresh each source is, what is wrong, and which command helps."""

from collections.abc import Sequence
from typing import Any

import click

from catalog import clock, health
from catalog.cli import options
from catalog.cli.context import Context, Form, list_options, pass_context
from catalog.cli.terminal import output
from catalog.errors import CatalogError, ConfigError, Exit
from catalog.health import Finding, Health, SourceCheck
from catalog.http import hosts


@click.command()
@click.option("--worker", is_flag=True, help="Ask the running worker's /healthz instead, at `monitor.listen`.")
@list_options
@pass_context
def command(context: Context, *, worker: bool, form: Form) -> int:
    """Say whether each source is fresh and believed, and whether alerts arrive: exit 0 healthy, 1 not.

    With --json it is an object for each source, with the columns of the view `sources`, and one for each channel that
    has something pending or gave something up, with `channel`, `pending`, `dead`, `oldest`, `next_attempt_at` and
    `last_error`. Each has `healthy` and `findings`: `level` (problem or note), `code`, `source` or `channel` (the other
    is null), `text` and `hint`. Where [watch] or an event names what no list ever had, one more object has `watch` and
    those findings. With --csv each has all of these columns, and its findings are JSON text.

    One or two failed runs are a note while the list is fresh. A refused key, a certificate and the configuration are a
    problem at once.
    """
    if worker and form != "text":
        raise click.UsageError(f"--worker and --{form} contradict each other")
    config = context.config()
    if worker:
        return _ask_worker(context, config.monitor.listen)
    from catalog.wiring import standing

    with options.catalog(context) as connection:
        seen = standing.of(config, connection, clock.utc_now())
    if form != "text":
        output.listing(seen.objects(), columns=health.COLUMNS, form=form)
    elif not context.quiet:
        _print(seen)
    else:
        _print_findings([finding for finding in seen.findings if finding.level is health.Level.PROBLEM])
    return Exit.DONE if seen.healthy else Exit.FAILED


def _ask_worker(context: Context, address: tuple[str, int] | None) -> int:
    """Say whether `catalog run` works, for service managers that restart it when it does not."""
    from catalog.monitor import probes

    if address is None:
        hint = "set it in [monitor], or CATALOG_LISTEN"
        raise ConfigError("monitor.listen is not set: no worker can be asked", hint=hint)
    wrong = probes.ask(address)
    if wrong or wrong is None:
        words = wrong or f"no worker answers at {hosts.with_port(*address)}"
        return context.fail(CatalogError(words, hint="catalog run"))
    if not context.quiet:
        output.line("ok", tone="green")
    return Exit.DONE


def _print(seen: Health) -> None:
    _print_findings(seen.findings)
    if seen.findings:
        output.line()
    columns = ("source", "models", "last_whole_at", "last_status")
    gravity = {finding.source: finding.level for finding in reversed(seen.findings)}  # the gravest come first
    order = [*health.Level, None]
    rows = sorted(seen.sources, key=lambda one: order.index(gravity.get(one.name)))
    output.listing(map(_row, rows), columns=columns, form="text")
    if seen.healthy:
        output.line()
        output.line("healthy", tone="green")


def _print_findings(found: Sequence[Finding]) -> None:
    """Print a line for each finding; sources of which the same is to be said share one."""
    named = dict[tuple[str, str, str], list[str]]()
    for finding in sorted(found, key=lambda each: each.level is not health.Level.PROBLEM):
        hint = finding.hint.removesuffix(f" {finding.name}")
        whose = f"{hint} " if hint != finding.hint else hint
        named.setdefault((finding.level, finding.text, whose), []).append(finding.name)
    for (level, text, hint), names in named.items():
        about = f"{', '.join(names)}: " if any(names) else ""
        told = f"{hint}{' '.join(names)}" if hint.endswith(" ") else hint
        line = f"{level}: {about}{text}{f'  ({told})' if told else ''}"
        output.line(line, tone="red" if level == health.Level.PROBLEM else "yellow")


def _row(one: SourceCheck) -> dict[str, Any]:
    row = one.row
    return {
        "source": one.name,
        "models": row and row.models_listed,
        "last_whole_at": row and row.last_whole_at,
        "last_status": row and row.last_status,
    }
