"""`catalog alerts`: what is pending, a sample, another try, and what is not needed any more."""

import json
import uuid
from collections.abc import Generator, Iterator
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

import click

from catalog import clock, dates, library, wiring
from catalog.alerts import samples, wording
from catalog.cli import options
from catalog.cli.context import Context, Form, list_options, pass_context
from catalog.cli.reading import lists
from catalog.cli.terminal import output
from catalog.config import Config
from catalog.errors import CatalogError, ConfigError, Exit
from catalog.events import Message, OutboxMessage, Room
from catalog.service import deliver
from catalog.store.engine.database import Connection, Database
from catalog.store.outbox import queue
from catalog.store.schema import outbox_tables
from catalog.text import counted

_COLUMNS = [*(column.name for column in outbox_tables.deliveries.columns), "says"]
_MARK = "[sample] "
_NUMBER = click.IntRange(1, 2**31 - 1)
_SHOWN = ("number", "channel", "says", "status", "age", "tries", "next", "last_error")
_AT_ONCE = 500  # whose words are read together
_TYPES = ("changes", "retiring", "overdue", "held", "sync_failed", "sync_recovered", "baseline")

_number_option = click.option(
    "--delivery", "number", type=_NUMBER, cls=options.PlainOption, metavar="N", help="Only this delivery."
)


@click.group("alerts")
def command() -> None:
    """Look after the alerts: what is pending and what is dead, a sample, another try, and what is dropped."""


@command.command("list")
@click.option("--all", "every", is_flag=True, help="Show what was delivered or dropped, too.")
@list_options
@pass_context
def list_(context: Context, *, every: bool, form: Form) -> None:
    """List the alerts that are pending or dead, oldest first, and what each says."""
    with library.opened(context.config().database.url) as database, database.read() as connection:
        rows = _rows(connection, queue.listing(connection, every=every), database.now())
        nothing = "no alert was made yet" if every else "no alert is pending or dead"
        lists.print_(context, rows, nothing=nothing, noun="alert", columns=_COLUMNS, shown=_SHOWN, form=form)


def _rows(
    connection: Connection, found: Iterator[queue.Delivery], now: datetime
) -> Generator[dict[str, Any], None, None]:
    while some := list(islice(found, _AT_ONCE)):
        says = _says(connection, [each.delivery_id for each in some])
        for each in some:
            waits = "-" if each.next_attempt_at is None else dates.age(each.next_attempt_at - now)
            shown = {"number": each.delivery_id, "tries": each.attempts, "age": dates.age(now - each.created_at)}
            yield {**asdict(each), **shown, "next": "now" if waits == "0 s" else waits, "says": says[each.delivery_id]}


def _says(connection: Connection, numbers: list[int]) -> dict[int, str]:
    found = queue.payloads(connection, numbers)
    return {number: wording.render(json.loads(payload))[0] for number, payload in found.items()}


@command.command("test", short_help="Send CHANNEL a sample of each kind of message.")
@click.argument("channel")
@click.option("--type", "kind", type=click.Choice(_TYPES), help="Only a message of this type.")
@click.option("--print", "unsent", is_flag=True, help="Print what would be sent, and send nothing.")
@pass_context
def test(context: Context, channel: str, *, kind: str | None, unsent: bool) -> int:
    """Send CHANNEL a sample of each kind of message it asks for; nothing is recorded."""
    config = context.config()
    chosen = [message for message in _samples(config, channel) if kind in {None, _kind(message)}]
    if not chosen:
        kinds = ", ".join(map(_kind, _samples(config, channel)))
        raise ConfigError(f"{channel} asks for no message of this type", hint=f"it asks for {kinds}")
    if unsent:
        for message in chosen:
            _print(message, as_words=config.channel(channel).url is not None)
        return Exit.DONE
    failed, opened = 0, wiring.channel(config, config.channel(channel))
    for message in chosen:
        try:
            opened.send(message)
        except CatalogError as error:
            failed += 1
            context.fail(type(error)(f"{channel} did not take {message.type}: {error.message}", hint=error.hint))
        else:
            if not context.quiet:
                output.line(f"{channel} took {message.type}")
    return Exit.FAILED if failed else Exit.DONE


def _kind(message: Message) -> str:
    return message.type.removeprefix("catalog.")


def _print(message: Message, *, as_words: bool) -> None:
    """Print what a channel gets: a title, a text and the severity, or the JSON."""
    if not as_words:
        output.line(message.payload)
        return
    subject, text = message.compose(wording.ROOMY)
    for line in (subject, f"severity: {message.severity()}", "", *text.splitlines(), ""):
        output.line(line)


def send_sample(config: Config, channel: str) -> str:
    """Send a channel one sample; gives its type. Raises CatalogError when the channel does not take it."""
    message = next(_samples(config, channel))
    wiring.channel(config, config.channel(channel)).send(message)
    return f"a sample of {message.type}"


def _samples(config: Config, channel: str) -> Iterator[Message]:
    """Give the samples for a channel."""
    config.channel(channel)  # refuses a name that is not configured
    sender, subscriptions = wiring.sender(config, clock=clock.utc_now), wiring.subscriptions(config)
    [rule] = [rule for rule in (subscriptions.rules if subscriptions else ()) if rule.channel == channel]
    for message in samples.of(rule, sender.clock(), uuid.uuid4().hex[:8]):
        yield _marked(message, sender)


@command.command("send", short_help="Send now all that is pending.")
@pass_context
def send(context: Context) -> int:
    """Send now all that is pending, oldest first; exit 1 when a channel did not take something.

    It does not matter whether a message or its channel backs off, or what pause the receiver asked for. A message that
    fails holds up no other; a channel that fails twice in a row is left alone.
    """
    config = context.config()
    subscriptions = wiring.subscriptions(config)
    if subscriptions is None:
        raise ConfigError("no channel is configured", hint="add [[alerts]] to catalog.toml")
    with library.opened(config.database.url) as database:
        report = deliver.flush(database, subscriptions, wiring.sender(config, clock=database.now))
        return _tell(context, report, database)


@command.command("retry")
@click.argument("channel", required=False)
@_number_option
@pass_context
def retry(context: Context, channel: str | None, number: int | None) -> int:
    """Try dead alerts again, all of them or those of CHANNEL, even if the channel backs off."""
    config = context.config()
    with library.opened(config.database.url) as database:
        _demand_known(config, database, channel)
        whose, told = _described(database, number)
        requeued = queue.requeue(database, now=database.now(), name=channel, delivery_id=number)
        if number is not None and not requeued:
            raise _refused(database, channel, number, "tried again when it is dead")
        if not context.quiet:
            output.line(f"requeued {told}" if told else f"{counted(requeued, 'dead alert')} requeued")
        report = deliver.deliver(database, wiring.sender(config, clock=database.now, only=channel or whose))
        return _tell(context, report, database)


@command.command("drop", short_help="Drop alerts that are not needed any more.")
@click.argument("channel", required=False)
@_number_option
@click.option("--dead", is_flag=True, help="Only what is dead, of CHANNEL or of all.")
@pass_context
def drop(context: Context, channel: str | None, number: int | None, *, dead: bool) -> None:
    """Drop what is pending or dead for CHANNEL, or one delivery, or all that is dead: it is never sent.

    CHANNEL need not be configured any more. What is being sent at this moment stays.
    """
    if channel is None and number is None and not dead:
        raise ConfigError("what is to be dropped?", hint="name a channel, --delivery N or --dead")
    config = context.config()
    with library.opened(config.database.url) as database:
        _demand_known(config, database, channel)
        _, told = _described(database, number)
        dropped = queue.drop(database, now=database.now(), name=channel, delivery_id=number, dead=dead)
        if number is not None and not dropped:
            when = "when it is dead" if dead else "when it is dead, or pending and not being sent"
            raise _refused(database, channel, number, f"dropped {when}")
        if not context.quiet:
            output.line(f"dropped {told}" if told else f"{counted(dropped, 'alert')} dropped")


def _described(database: Database, number: int | None) -> tuple[str | None, str]:
    """Give the channel of one delivery, and its name and what it says for people; None: there is no such delivery."""
    if number is None:
        return None, ""
    with database.read() as connection:
        for each in queue.listing(connection, delivery_id=number):
            return each.channel, f"delivery {number} to {each.channel}: {_says(connection, [number])[number]}"
    return None, ""


def _demand_known(config: Config, database: Database, channel: str | None) -> None:
    """Raise ConfigError for a channel that neither the catalog nor the configuration knows: its name is mistyped."""
    with database.read() as connection:
        known = queue.channels(connection)
    if channel is not None and channel not in known:
        config.channel(channel)


def _refused(database: Database, channel: str | None, number: int, rule: str) -> ConfigError:
    """Say why nothing was done with one delivery: it is not there, is to another channel, or has another status."""
    with database.read() as connection:
        one = next(queue.listing(connection, delivery_id=number), None)
    if one is None:
        words = f"there is no delivery {number}"
    elif channel not in {None, one.channel}:
        words = f"delivery {number} is to {one.channel}, not to {channel}"
    else:
        words = f"delivery {number} to {one.channel} is {one.status}; one is only {rule}"
    return ConfigError(words, hint="`catalog alerts list --all` lists them")


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

    return Message(
        id=message.uid,
        type=message.type,
        payload=message.payload,
        compose=compose,
        sent_at=sender.clock(),
        severity=partial(sender.severity, message.payload),
    )
