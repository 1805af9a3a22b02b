"""`catalog check`: is everything in place? Asks each source for one page; changes nothing."""

import click

from catalog import errors, wiring
from catalog.cli import aftermath, output
from catalog.cli.context import Context, pass_context
from catalog.config import AlertSettings, Config, SourceSettings
from catalog.errors import CatalogError, Exit
from catalog.http import proxy
from catalog.store import database as databases
from catalog.store import preconditions, upgrade
from catalog.store.preconditions import Need
from catalog.upstream.client import MAX_LIMIT


@click.command("check")
@pass_context
def command(context: Context) -> int:
    """Check the configuration, the database and its schema, and one page from each source."""
    config = context.config()
    output.line(f"ok    configuration: {config.path or 'defaults and environment'}")
    for words in proxy.unreadable():
        output.line(f"note  {words}")
    codes = [_database(context, config), *(_source(context, source) for source in config.sources)]
    codes += [_channel(context, config, alert) for alert in config.alerts]
    return errors.gravest([*codes, _places(context, config)])


def _places(context: Context, config: Config) -> int:
    try:
        aftermath.demand_places(config)
    except CatalogError as failure:
        return context.fail(failure)
    return Exit.DONE


def _database(context: Context, config: Config) -> int:
    try:
        database = wiring.database(config)
        try:
            if not database.exists():
                databases.demand_room(database)
            version = upgrade.current(database) if database.exists() else None
            makes = version is None or (version != upgrade.HEAD and config.database.auto_upgrade)
            faults, notes = preconditions.examine(database, Need.MAKE if makes else Need.WRITE)
        finally:
            database.close()
    except CatalogError as failure:
        return context.fail(failure)
    for note in notes:
        output.line(f"note  database: {note}")
    if faults:
        return errors.gravest(map(context.fail, faults))
    if version is None:
        output.line(f"ok    database: {database.describe()}: no catalog yet; the first `catalog sync` makes it")
    elif version == upgrade.HEAD:
        output.line(f"ok    database: {database.describe()}: schema {version}")
    else:
        how = "the next sync upgrades it" if config.database.auto_upgrade else upgrade.UPGRADE
        output.line(f"note  database: {database.describe()}: schema {version} is older than {upgrade.HEAD}; {how}")
    return Exit.DONE


def _source(context: Context, settings: SourceSettings) -> int:
    known = wiring.known_ids(context.config())
    try:
        with wiring.client(settings, context.key(settings), known=known) as client:
            limit, seconds = min(settings.page_size, MAX_LIMIT), settings.deadline.total_seconds()
            page = client.page(limit=limit, seconds=seconds)
    except CatalogError as failure:
        return context.fail(failure.of(settings.name), with_said=True)
    more = " and more to come" if page.has_more else ""
    output.line(f"ok    {settings.name}: {settings.base_url}: {len(page.models):,} models on the first page{more}")
    if not page.models:
        output.line(f"note  {settings.name}: the list is empty; check the key's rights, `lifecycle` and `workspace_id`")
    if not settings.confirm_after:
        output.line(f'note  {settings.name}: confirm_after = "0s" believes an outage that lasts for two walks in a row')
    return Exit.DONE


def _channel(context: Context, config: Config, alert: AlertSettings) -> int:
    """Look whether a channel has all it needs; sends nothing."""
    try:
        wiring.check_channel(config, alert)
    except CatalogError as failure:
        whose = f"channel {alert.name}"
        words = failure.message if whose in failure.message else f"{whose}: {failure.message}"
        return context.fail(type(failure)(words, hint=failure.hint))
    output.line(f"ok    channel {alert.name}: `catalog alerts test {alert.name}` sends it a sample")
    return Exit.DONE
