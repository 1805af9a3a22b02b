"""`catalog web`: serves the pages of a catalog until it is told to end."""

import sys
import time
from typing import Any, NoReturn

import click

from catalog import config as configuration
from catalog import library
from catalog.cli.context import Context, pass_context
from catalog.cli.options import Decorator
from catalog.cli.terminal import output
from catalog.config import Config
from catalog.store.engine.database import Database
from catalog.wiring import sites

_CHECK_EVERY = 0.5  # seconds between two looks for a signal
USUAL = ("127.0.0.1", 8460)


class Address(click.ParamType[Any]):
    """A host and a port, as `web.listen` has them."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it; the error says how one is written."""
        try:
            return configuration.address(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)


def listen_option(usual: str) -> Decorator:
    """Add --listen."""
    words = f"Where the pages are served; port 0: a free one.  [{usual}]"
    return click.option("--listen", type=Address(), metavar="HOST:PORT", help=words)


@click.command("web")
@listen_option("web.listen, else 127.0.0.1:8460")
@pass_context
def command(context: Context, *, listen: tuple[str, int] | None) -> None:
    """Serve the pages of the catalog: what is listed, what changed, what retires, and whether all works.

    They only read, and ask no other host. SIGTERM or Ctrl-C ends it within five seconds.
    """
    config = context.config()
    with library.opened(config.database.url) as database:
        serve(config, database, listen or config.web.listen or USUAL)


def serve(config: Config, database: Database, address: tuple[str, int], **clock: Any) -> NoReturn:
    """Serve, and print the address, until an exception says that it is enough."""
    with sites.serving(config, database, address, **clock) as found:
        output.line(sites.address(found))
        sys.stdout.flush()
        while True:
            time.sleep(_CHECK_EVERY)  # without an end, a signal that another thread received would wake nothing
