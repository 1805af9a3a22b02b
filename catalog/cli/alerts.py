"""`catalog alerts`: what is pending, a sample, another try."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial

import click

from catalog import clock, library, wiring
from catalog.alerts import samples
from catalog.cli import options, output
from catalog.cli.context import Context, Form, list_options, pass_context
from catalog.config import Config
from catalog.errors import CatalogError, ConfigError, Exit
from catalog.events import Message, OutboxMessage, Room
from catalog.service import deliver
from catalog.store.engine.database import Database
from catalog.store.outbox import queue
from catalog.store.schema import outbox_tables
from catalog.text import counted

_COLUMNS = [column.name for column in outbox_tables.deliveries.columns]
_MARK = "[sample] "
_NUMBER = click.IntRange(1, 2**31 - 1)
_SHOWN = ("delivery_id", "channel", "source", "type", "status", "attempts", "next_attempt_at", "last_error")


@click.group("alerts")
def command() -> None:
    """Look after the alerts: what is pending and what is dead, a sample to a channel, another try."""


@command.command("list")
@click.option("--all", "every", is_flag=True, help="Show what was delivered, too.")
@list_options
@pass_context
def list_(context: Context, *, every: bool, form: Form) -> None:
    """List the alerts that are pending or dead, oldest first."""
    with library.opened(context.config().database.url) as database, database.read() as connection:
        rows = (asdict(each) for each in queue.listing(connection, every=every))
        output.listing(rows, columns=_COLUMNS, shown=_SHOWN, form=form)


@command.command("test", short_help="Send CHANNEL a sample of each kind of message.")
@click.argument("channel")
@pass_context
def test(context: Context, channel: str) -> int:
    """Send CHANNEL a sample of each kind of message it asks for; nothing is recorded."""
    failed = 0
    for kind, send in _samples(context.config(), channel):
        try:
            send()
        except CatalogError as error:
            failed += 1
            context.fail(type(error)(f"{channel} did not take {kind}: {error.message}", hint=error.hint))
        else:
            if not context.quiet:
                output.line(f"{channel} took {kind}")
    return Exit.FAILED if failed else Exit.DONE


def send_sample(config: Config, channel: str) -> str:
    """Send a channel one sample; gives its type. Raises CatalogError when the channel does not take it."""
    kind, send = next(_samples(config, channel))
    send()
    return f"a sample of {kind}"


def _samples(config: Config, channel: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Give the samples for a channel: the type of each, and what sends it."""
    opened, sender = wiring.channel(config, config.channel(channel)), wiring.sender(config, clock=clock.utc_now)
    subscriptions = wiring.subscriptions(config)
    [rule] = [rule for rule in (subscriptions.rules if subscriptions else ()) if rule.channel == channel]
    for message in samples.of(rule, sender.clock(), uuid.uuid4().hex[:8]):
        yield message.type, partial(opened.send, _marked(message, sender))


@command.command("send", short_help="Send now what is pending and due.")
@pass_context
def send(context: Context) -> int:
    """Send now what is pending and due; exit 1 when a channel did not take something.

    A channel that backs off after failures is tried, too, but not where the receiver asked for a pause.
    """
    config = context.config()
    subscriptions = wiring.subscriptions(config)
    if subscriptions is None:
        raise ConfigError("no channel is configured", hint="add [[alerts]] to catalog.toml")
    with library.opened(config.database.url) as database:
        queue.clear_backoff(database)
        report = deliver.catch_up(database, subscriptions, wiring.sender(config, clock=database.now))
        return _tell(context, report, database)


@command.command("retry")
@click.argument("channel", required=False)
@click.option("--delivery", "number", type=_NUMBER, cls=options.PlainOption, metavar="N", help="Only this delivery.")
@pass_context
def retry(context: Context, channel: str | None, number: int | None) -> int:
    """Try dead alerts again, all of them or those of CHANNEL, even if the channel backs off."""
    config = context.config()
    with library.opened(config.database.url) as database:
        requeued = queue.requeue(database, now=database.now(), name=channel, delivery_id=number)
        if channel is not None and not requeued:
            config.channel(channel)  # refuses a name that is not configured: it is mistyped
        if not context.quiet:
            output.line(f"{counted(requeued, 'dead alert')} requeued")
        report = deliver.deliver(database, wiring.sender(config, clock=database.now))
        return _tell(context, report, database)


def _tell(context: Context, report: deliver.Report, database: Database) -> int:
    """Print what was sent, and which channels have something pending of which nothing is due yet; the exit code."""
    code = Exit.FAILED if report.failed else Exit.DONE
    if context.quiet:
        return code
    for channel, count in report.delivered.items():
        output.line(f"{channel} took {counted(count, 'message')}")
    if not report.delivered and not report.failed:
        output.line("nothing is due")
    configured, now = {alert.name for alert in context.config().alerts}, database.now()
    with database.read() as connection:
        for backlog in queue.backlog(connection):
            pending, due = counted(backlog.pending, "alert"), backlog.next_attempt_at
            if backlog.channel in configured and due and due > now:
                output.line(f"{backlog.channel}: {pending} pending, next attempt {output.second(due)}")
    return code


def _marked(message: OutboxMessage, sender: deliver.Sender) -> Message:
    """Make what is sent of a sample; its subject says that it is one."""

    def compose(room: Room) -> tuple[str, str]:
        narrower = replace(room, fits=lambda subject, text: room.fits(_MARK + subject, text))
        subject, text = sender.render(message.payload, narrower)
        return _MARK + subject, text

    now = sender.clock()
    return Message(id=message.uid, type=message.type, payload=message.payload, compose=compose, sent_at=now)
