"""`catalog check`: examines the configuration and all that it names, and asks each source twice for its first page."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from typing import Any

import click

from catalog import config as configuration
from catalog import dates, errors, library, text, wiring
from catalog.cli.context import Context, pass_context
from catalog.cli.terminal import output
from catalog.config import Config, apis
from catalog.domain import ModelInfo
from catalog.errors import CatalogError, Exit
from catalog.health import Finding
from catalog.http import proxy
from catalog.settings import AlertSettings, SourceSettings
from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.ingest import prune
from catalog.store.queries import source_health
from catalog.store.schema import preconditions, upgrade
from catalog.store.schema.preconditions import Need
from catalog.upstream import comparison
from catalog.upstream.client import MAX_LIMIT
from catalog.upstream.reading import shape
from catalog.upstream.reading.wire import ListPage
from catalog.wiring import after_run, sites, unknowns

APART = 1.1  # seconds between two looks at one list: a date that says when we asked has moved by then

Lines = Iterator[str]
Examine = Callable[[], Lines]  # examines one thing; its lines begin with ok or note; raises CatalogError


@click.command("check", short_help="Say what is wrong with the set-up, and how to mend it.")
@click.option("--send", is_flag=True, help="Ping, and send a sample to each channel, too.")
@pass_context
def command(context: Context, *, send: bool) -> int:
    """Examine the configuration and all that it names, and change nothing.

    That is the database and its schema, keys, the first page of each source (asked for twice, a moment apart), watched
    models, channels, the watcher, the metrics file, the addresses to listen on and the folder of the pages. With -q
    only problems are told.
    """
    steps = _Checkup(context, context.config(), send=send).steps()
    return errors.gravest([_take(context, whose, examine) for whose, examine in steps])


def _take(context: Context, whose: str, examine: Examine) -> int:
    """Take one step, and print what it gives."""
    try:
        for line in examine():
            if not context.quiet:
                output.line(line, tone="green" if line.startswith("ok") else "yellow")
    except CatalogError as failure:
        # Not just anywhere in it: a host may be called like its source.
        named = re.search(rf"(^|[ \"]){re.escape(whose)}(: |[ \",]|$)|sources\.{re.escape(whose)}\b", failure.message)
        return context.fail(failure if named or not whose else failure.of(whose), with_said=True)
    return Exit.DONE


_EMPTY = {True: "the key's rights, `lifecycle` and `workspace_id`", False: "the key's rights and `query`"}


def _entries(page: ListPage) -> dict[str, Any]:
    """The entries of a page by id, without what is ignored; one that is no plain JSON is left out."""
    found = {}
    for item in page.items:
        with suppress(ValueError, RecursionError):
            found[item.id] = json.loads(item.raw)
    return found


class _Checkup:
    """Examines one thing after the other; the models that sources list are kept for the check of watched ids."""

    def __init__(self, context: Context, config: Config, *, send: bool) -> None:
        self._context, self._config, self._send = context, config, send
        self._listed: dict[str, list[ModelInfo]] = {}
        self._all_listed = True  # so far, each source gave all of its list
        self._has_catalog = False
        self._seen: dict[str, tuple[float, dict[str, Any]]] = {}  # when each source was asked, and its entries

    def steps(self) -> Iterator[tuple[str, Examine]]:
        """Give each step, after the name of what a failure of it would belong to."""
        config = self._config
        yield "", self._configuration
        yield "", self._database
        for source in config.sources:
            yield source.name, partial(self._source, source)
        for source in config.sources:
            yield source.name, partial(self._second_look, source)
        yield "", self._baselines
        if config.watch.models or config.watch.files:
            yield "", self._watchlist
        yield "", self._names
        for alert in config.alerts:
            yield f"channel {alert.name}", partial(self._channel, alert)
        if config.monitor.ping_url:
            yield "monitor.ping_url", self._ping
        if config.monitor.metrics_file:
            yield "", self._metrics
        if config.monitor.listen:
            yield "", partial(self._listen, "monitor.listen", config.monitor.listen, "a worker answers")
        if config.web.listen:
            yield "", partial(self._listen, "web.listen", config.web.listen, "pages are served")
        if config.publish.folder:
            yield "", self._folder

    def _configuration(self) -> Lines:
        yield f"ok    configuration: {self._config.path or 'defaults and environment'}"
        for words in proxy.unreadable():
            yield f"note  {words}"

    def _database(self) -> Lines:
        with closing(wiring.database(self._config)) as database:
            if not database.exists():
                databases.demand_room(database)
            version = upgrade.current(database) if database.exists() else None
            makes = version is None or (version != upgrade.HEAD and self._config.database.auto_upgrade)
            faults, notes = preconditions.examine(database, Need.MAKE if makes else Need.WRITE)
            keeping = [] if faults or version != upgrade.HEAD else list(self._keeping(database))
        for note in notes:
            yield f"note  database: {note}"
        for fault in faults[:-1]:
            self._context.fail(fault)
        if faults:
            raise faults[-1]
        self._has_catalog = version == upgrade.HEAD
        if version is None:
            yield f"ok    database: {database.describe()}: no catalog yet; the first `catalog sync` makes it"
        elif version == upgrade.HEAD:
            yield f"ok    database: {database.describe()}: schema {version}"
            yield from keeping
        else:
            how = "the next sync upgrades it" if self._config.database.auto_upgrade else upgrade.UPGRADE
            yield f"note  database: {database.describe()}: schema {version} is older than {upgrade.HEAD}; {how}"

    def _keeping(self, database: Database) -> Lines:
        """Say whether old records really go."""
        keep_runs = self._config.database.keep_runs
        if keep_runs is None:
            return
        grant = prune.missing_right(database)
        if grant:
            yield f"note  database.keep_runs: this role may not delete, so that nothing goes; as the owner: {grant}"
        else:
            yield f"ok    database.keep_runs: runs that recorded nothing go after {dates.age(keep_runs)}"

    def _source(self, settings: SourceSettings) -> Lines:
        self._all_listed, sound = False, self._all_listed
        page, models = self._first_page(settings)
        self._seen[settings.name] = (time.monotonic(), _entries(page))
        self._listed[settings.name] = models
        self._all_listed = sound and bool(models) and not page.has_more
        more = " and more to come" if page.has_more else ""
        listed = text.counted(len(models), "model")
        yield f"ok    {settings.name}: {settings.base_url}: {listed} on the first page{more}"
        if not models:
            yield f"note  {settings.name}: the list is empty; check {_EMPTY[settings.api == apis.NATIVE]}"
        columns = shape.of(settings).columns.keys() & apis.filled(settings) if settings.api != apis.NATIVE else ()
        if empty := comparison.empty_columns(columns, models):
            looked = ", ".join(path for name in empty for path in settings.list.fields[name])
            yield f"note  {settings.name}: no model has {', '.join(empty)}: list.fields looks for {looked}"
        if not settings.confirm_after:
            yield f'note  {settings.name}: confirm_after = "0s" believes an outage that lasts for two walks in a row'

    def _second_look(self, settings: SourceSettings) -> Lines:
        """Ask for the same page once more, and say what differs although nothing can have happened."""
        asked_at, before = self._seen.get(settings.name, (0.0, {}))
        if not before:
            return
        time.sleep(max(0.0, asked_at + APART - time.monotonic()))
        page, _ = self._first_page(settings)
        if words := comparison.words(settings, before, _entries(page)):
            yield f"note  {settings.name}: {words}"

    def _first_page(self, settings: SourceSettings) -> tuple[ListPage, list[ModelInfo]]:
        known = wiring.known_ids(self._config)
        connect = wiring.connector(self._context.key, known=known, on_retry=self._context.tell_retry)
        with connect(settings) as client:
            page = client.list_page(settings.deadline.total_seconds(), min(settings.page_size, MAX_LIMIT))
            return page, list(map(client.reader.info, page.items))

    def _baselines(self) -> Lines:
        """Say of which sources nothing is told as new yet, and why not."""
        known, unready = {}, dict[str, list[str]]()
        if self._has_catalog:
            with library.opened(self._config.database.url) as database, database.read() as connection:
                known = {one.row.source: one for one in source_health.all_(connection)}
        baseline = "walk that shows the whole list will be the baseline"
        first = f": its first {baseline}"
        for name in self._config.names:
            one = known.get(name)
            if one is None:
                unready.setdefault(first, []).append(name)
            elif one.awaits_baseline:
                doubt = one.last.error if one.last else None
                why = f"; the last run: {doubt}" if doubt else f": the next {baseline}"
                unready.setdefault(why, []).append(name)
        for why, names in unready.items():
            told = f": of each the first {baseline}" if why == first and len(names) > 1 else why
            yield f"note  {', '.join(names)}: nothing is told as new yet{told}"

    def _watchlist(self) -> Lines:
        watched = configuration.watched(self._config.watch, self._config.names)
        yield f"ok    [watch]: {text.counted(len(watched), 'model')} watched"

    def _names(self) -> Lines:
        for finding in self._unknown():
            about = f"channel {finding.channel}: " if finding.channel else ""
            yield f"note  {about}{finding.text}"

    def _unknown(self) -> list[Finding]:
        """Find names that no list ever had: by the catalog or, where there is none, by pages that are whole lists."""
        listed = self._listed if self._all_listed else {}
        if not self._has_catalog:
            return unknowns.in_pages(self._config, listed) if listed else []
        with library.opened(self._config.database.url) as database, database.read() as connection:
            return unknowns.in_catalog(self._config, connection, listed=listed)

    def _channel(self, alert: AlertSettings) -> Lines:
        wiring.check_channel(self._config, alert)
        if not self._send:
            yield f"ok    channel {alert.name}: `catalog alerts test {alert.name}` sends it a sample"
            return
        from catalog.cli import alerts

        taken = alerts.send_sample(self._config, alert.name)
        yield f"ok    channel {alert.name}: took {taken}"

    def _ping(self) -> Lines:
        watcher = after_run.pinger(self._config)
        style, hint = self._config.monitor.ping_style, configuration.ping_hint(self._config.monitor)
        if hint:
            yield f"note  monitor.ping_url: {hint}"
        if watcher is None or not self._send:
            yield f"ok    monitor.ping_url: {style} style; `catalog check --send` pings it"
            return
        wrong = watcher.test()
        if wrong:
            raise CatalogError(f"monitor.ping_url: {wrong}", hint="check monitor.ping_url and monitor.ping_style")
        yield "ok    monitor.ping_url: was pinged"

    def _metrics(self) -> Lines:
        after_run.demand_places(self._config)
        after_run.demand_folder(self._config)
        yield f"ok    monitor.metrics_file: {self._config.monitor.metrics_file}"

    def _listen(self, setting: str, address: tuple[str, int], served: str) -> Lines:
        yield f"ok    {setting}: {after_run.look_at_address(address, setting, served)}"

    def _folder(self) -> Lines:
        yield f"ok    publish.folder: {sites.look_at_folder(self._config)}"
