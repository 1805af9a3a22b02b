"""Reads [[alerts]]: the channels and their filters. Their secrets are looked up when something is sent."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from catalog.config import kinds, places, tables
from catalog.config.tables import Problems, Table, shown
from catalog.http import hosts
from catalog.settings import AlertSettings, WebhookSettings

_WAYS = ("url", "webhook", "command")
PLAIN_HTTP = "plain http:// can be read on the way: use https://, or set allow_http = true"


def read(raw: object, problems: Problems) -> Iterator[AlertSettings]:
    """Read the tables one by one; two of one name are a problem."""
    if not isinstance(raw, list) or not all(isinstance(each, dict) for each in raw):
        problems.add("alerts", "must be tables: [[alerts]], one for each channel")
        return
    seen: set[str] = set()
    for number, written in enumerate(raw, start=1):
        name = written.get("name")
        path = f"alerts.{shown(name)}" if isinstance(name, str) else f"alerts (number {number})"
        if isinstance(name, str) and name in seen:
            problems.add(path, "there are two channels of this name")
        seen.add(str(name))
        if alert := _channel(Table(f"{path}.", written), problems):
            yield alert


def check_together(alert: AlertSettings, sources: Sequence[str], problems: Problems, *, watches: bool) -> None:
    """Note a filter that lets nothing pass."""
    for name in alert.sources:
        if name not in sources:
            words = f"no source is named {shown(name)}{kinds.nearest(name, sources)}"
            problems.add(f"alerts.{alert.name}.sources", words)
    if alert.only and not watches:
        problems.add(f"alerts.{alert.name}.only", "needs ids to watch: name them in [watch] with models or files")


def holds_secret(alert: AlertSettings) -> bool:
    """Tell whether the file itself holds what opens a channel: most URLs to another machine are secrets."""
    written = alert.webhook.url if alert.webhook else alert.url
    if written is None or places.VARIABLE.search(written):
        return False
    return not hosts.is_loopback(places.host(written))


def with_file_beside(alert: AlertSettings, beside: Path) -> AlertSettings:
    """Make the path of the webhook's secret absolute."""
    hook = alert.webhook
    if hook is None or hook.secret_file is None:
        return alert
    return replace(alert, webhook=replace(hook, secret_file=tables.placed(hook.secret_file, beside)))


def needs_allowance(hook: WebhookSettings, url: str) -> bool:
    """Tell whether a URL is plain http to another machine, without `allow_http`."""
    return places.is_plain(url) and not hosts.is_loopback(places.host(url)) and not hook.allow_http


def _channel(table: Table, problems: Problems) -> AlertSettings | None:
    good = tables.read(table, AlertSettings, problems)
    tables.keep_one(table, _WAYS, problems)
    if not set(_WAYS) & table.values.keys():
        problems.add(table.path.rstrip("."), f"must have one of {', '.join(_WAYS)}")
    if "name" not in table.values:
        problems.add(f"{table.path}name", "must be given")
    if "webhook" in good:
        good["webhook"] = _webhook(Table(f"{table.path}webhook.", good["webhook"]), problems)
    return AlertSettings(**good) if "name" in good else None


def _webhook(table: Table, problems: Problems) -> WebhookSettings | None:
    good = tables.read(table, WebhookSettings, problems)
    tables.keep_one(table, ("secret_env", "secret_file"), problems)
    if "url" not in table.values:
        problems.add(f"{table.path}url", "must be given")
    if "url" not in good:
        return None
    hook = WebhookSettings(**good)
    if needs_allowance(hook, hook.url):
        problems.add(f"{table.path}url", PLAIN_HTTP)
    return hook
