"""Pictures of the pages that `catalog demo --web` serves: the timeline as it is, and Today as a browser shows it."""

import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stdout
from datetime import UTC, datetime
from urllib.request import urlopen

from catalog import cli
from catalog.cli.running import demo
from catalog.config import Config
from catalog.settings import DatabaseSettings, SourceSettings, WatchSettings
from catalog.store.engine import database as databases
from catalog.wiring import sites

WIDTH = 1180
_NOW = datetime(2026, 10, 7, 10, tzinfo=UTC)  # an hour after the demo's last walk


def timeline() -> str:
    """Give the timeline of the demo, which stands alone; its links lead to pages, and here are none."""
    with _site() as root, urlopen(f"{root}timeline.svg") as answer:
        drawn = answer.read().decode()
    return re.sub(r'<\?xml-stylesheet [^>]*>|(?<=\)") href="[^"]*"(?=>)', "", drawn) + "\n"


def today() -> bytes:
    """Take a picture of the upper part of Today, as PNG. Raises FileNotFoundError where there is no Chromium."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("Chromium is not installed (Debian: apt-get install chromium)")
    with _site() as root, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 800}, color_scheme="light")
        page.goto(f"{root}index.html")
        bottom = page.evaluate("document.querySelector('.two').getBoundingClientRect().bottom")
        return page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": bottom + 24})


@contextmanager
def _site() -> Iterator[str]:
    """Play the demo and serve it while the block lasts; gives the address."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/demo.db"
        with redirect_stdout(io.StringIO()):
            cli.run(["-q", "demo", "--database", url])
        shown = Config(
            database=DatabaseSettings(url=url),
            sources=(SourceSettings(name=demo.SOURCE),),
            watch=WatchSettings(models=demo.WATCHED),
        )
        with (
            closing(databases.open_(url)) as database,
            sites.serving(shown, database, ("127.0.0.1", 0), clock=lambda: _NOW) as (host, port),
        ):
            yield f"http://{host}:{port}/"
