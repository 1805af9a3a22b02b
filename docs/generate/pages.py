"""The generated pages: each is made from what the program itself says, its help, its tables, its events, its codes."""

from collections.abc import Callable
from pathlib import Path

from catalog.config import manual
from docs.generate import (
    alerts,
    commands,
    configuration,
    cookbook,
    datasette,
    events,
    exits,
    grafana,
    metrics,
    picture,
    promises,
    providers,
    readme,
    screens,
    tables,
    web,
)

ROOT = Path(__file__).parents[2]

# What each file should hold; a function that takes the file's present text renews only the marked parts of it.
PAGES: dict[str, Callable[[], str]] = {
    "config.example.toml": manual.example,
    "docs/reference/configuration.md": configuration.page,
    "docs/reference/cli.md": commands.page,
    "docs/reference/exit-codes.md": exits.page,
    "docs/reference/schema.md": tables.page,
    "docs/reference/events.md": events.page,
    "docs/reference/metrics.md": metrics.page,
    "docs/why/promises.md": promises.page,
    "docs/reference/providers.md": providers.page,
    "docs/reference/web.md": web.page,
    "deploy/datasette/metadata.yaml": datasette.page,
    "deploy/grafana/catalog.json": grafana.page,
    "docs/how-to/alerts.md": lambda: alerts.renewed((ROOT / "docs" / "how-to" / "alerts.md").read_text("utf-8")),
    "docs/how-to/cookbook.md": lambda: cookbook.renewed((ROOT / "docs" / "how-to" / "cookbook.md").read_text("utf-8")),
    "README.md": lambda: readme.renewed((ROOT / "README.md").read_text("utf-8")),
    "docs/pictures/demo.svg": picture.svg,
    "docs/pictures/timeline.svg": screens.timeline,
}


def is_fresh(name: str) -> bool:
    """Tell whether a file holds what it should; of the terminal only the words count."""
    path = ROOT / name
    if not path.exists():
        return False
    wanted, found = PAGES[name](), path.read_text("utf-8")
    if name == "docs/pictures/demo.svg":
        return picture.words(wanted) == picture.words(found)
    return wanted == found
