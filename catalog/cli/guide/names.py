"""Names that a shell completes: sources, channels and APIs of the configuration, ids of the catalog.

Nothing is written, logged or said: what cannot be read completes nothing.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem
from click.types import StringParamType

from catalog.cli.context import Context

if TYPE_CHECKING:
    from catalog.config import Config

_MOST = 200  # ids that are offered
_SAFE = re.compile(r"\w[\w.:/@+,%-]*")  # needs no quotes in any shell, and is no option

Find = Callable[["Config", str], Iterable[str]]


class Completed(StringParamType):
    """A text that a shell can complete with names that are known."""

    def __init__(self, find: Find) -> None:
        self._find = find

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """Give the names that begin so and mean nothing else to a shell: no list may put `$(reboot)` into a command."""
        from catalog import config

        path = ctx.ensure_object(Context).config_path
        try:
            found = list(self._find(config.load(None if path is None else Path(path)), incomplete))
        except Exception:  # noqa: BLE001 - a line that is being typed is no place for a failure
            return []
        return [CompletionItem(name) for name in found if name.startswith(incomplete) and _SAFE.fullmatch(name)]


def _sources(config: "Config", _incomplete: str) -> Iterable[str]:
    return config.names


def _channels(config: "Config", _incomplete: str) -> Iterable[str]:
    return (alert.name for alert in config.alerts)


def _apis(_config: "Config", _incomplete: str) -> Iterable[str]:
    from catalog.config import apis

    return apis.names()


def _ids(config: "Config", incomplete: str) -> list[str]:
    from catalog import wiring
    from catalog.store.queries import history

    with closing(wiring.database(config, must_exist=True)) as database, database.read() as connection:
        return history.ids(connection, incomplete, limit=_MOST)


_BY_METAVAR: dict[str | None, Find] = {"[SOURCE]...": _sources, "SOURCE": _sources, "NAME": _apis}
_BY_NAME: dict[str | None, Find] = {
    "source": _sources,
    "channel": _channels,
    "id": _ids,
    "models": _ids,
    "match": _ids,
}


def complete(parameter: click.Parameter) -> None:
    """Let a shell complete a parameter that takes one of these names."""
    find = _BY_METAVAR.get(parameter.metavar) or _BY_NAME.get(parameter.name)
    if find is not None and isinstance(parameter.type, StringParamType):
        parameter.type = Completed(find)
