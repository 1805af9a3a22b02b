"""Writes the generated parts of the documentation: `./dev docs`; with --check, says which of them are stale.

Each page below is made from what the program itself says: its help, its tables, its events, its exit codes. With
--pictures, takes a picture of a page anew, which needs a browser and is not compared.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from catalog.config import manual
from docs import (
    alerts,
    commands,
    configuration,
    datasette,
    events,
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

ROOT = Path(__file__).parents[1]

# What each file should hold; a function that takes the file's present text renews only the marked parts of it.
PAGES: dict[str, Callable[[], str]] = {
    "config.example.toml": manual.example,
    "docs/configuration.md": configuration.page,
    "docs/cli.md": commands.page,
    "docs/schema.md": tables.page,
    "docs/events.md": events.page,
    "docs/metrics.md": metrics.page,
    "docs/promises.md": promises.page,
    "docs/providers.md": providers.page,
    "docs/web.md": web.page,
    "deploy/datasette/metadata.yaml": datasette.page,
    "deploy/grafana/catalog.json": grafana.page,
    "docs/alerts.md": lambda: alerts.renewed((ROOT / "docs" / "alerts.md").read_text("utf-8")),
    "README.md": lambda: readme.renewed((ROOT / "README.md").read_text("utf-8")),
    "docs/demo.svg": picture.svg,
    "docs/timeline.svg": screens.timeline,
}


def main() -> int:
    """Write every page anew, or with --check compare it with the file; exit 1 when one is stale."""
    parser = argparse.ArgumentParser(prog="./dev docs", description="Write the generated parts of the documentation.")
    parser.add_argument("--check", action="store_true", help="write nothing; say which files are stale, and exit 1")
    parser.add_argument("--pictures", action="store_true", help="take docs/today.png anew, with Chromium; nothing else")
    asked = parser.parse_args()
    if asked.pictures:
        (ROOT / "docs" / "today.png").write_bytes(screens.today())
        return 0
    only_checks = asked.check
    stale = [name for name in PAGES if not is_fresh(name)]
    for name in stale:
        if not only_checks:
            (ROOT / name).write_text(PAGES[name](), "utf-8")
        print(f"{name} {'is stale: ./dev docs' if only_checks else 'written'}", file=sys.stderr)
    return 1 if stale and only_checks else 0


def is_fresh(name: str) -> bool:
    """Tell whether a file holds what it should; of the terminal only the words count."""
    path = ROOT / name
    if not path.exists():
        return False
    wanted, found = PAGES[name](), path.read_text("utf-8")
    if name == "docs/demo.svg":
        return picture.words(wanted) == picture.words(found)
    return wanted == found


if __name__ == "__main__":
    sys.exit(main())
