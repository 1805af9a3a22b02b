"""Writes the generated parts of the documentation: `./dev docs`; with --check, says which of them are stale.

With --pictures, takes a picture of a page anew, which needs a browser and is not compared. With --site, makes a site of
all pages.
"""

import argparse
import sys

from docs.generate import pages, screens, site


def main() -> int:
    """Write every page anew, or with --check compare it with the file; exit 1 when one is stale."""
    parser = argparse.ArgumentParser(prog="./dev docs", description="Write the generated parts of the documentation.")
    parser.add_argument("--check", action="store_true", help="write nothing; say which files are stale, and exit 1")
    parser.add_argument(
        "--pictures", action="store_true", help="take docs/pictures/today.png anew, with Chromium; nothing else"
    )
    parser.add_argument(
        "--site", action="store_true", help="write the documentation as a site into site/; nothing else"
    )
    asked = parser.parse_args()
    if asked.site:
        return site.build(pages.ROOT, pages.ROOT / "site")
    if asked.pictures:
        (pages.ROOT / "docs" / "pictures" / "today.png").write_bytes(screens.today())
        return 0
    only_checks = asked.check
    stale = [name for name in pages.PAGES if not pages.is_fresh(name)]
    for name in stale:
        if not only_checks:
            (pages.ROOT / name).write_text(pages.PAGES[name](), "utf-8")
        print(f"{name} {'is stale: ./dev docs' if only_checks else 'written'}", file=sys.stderr)
    return 1 if stale and only_checks else 0


if __name__ == "__main__":
    sys.exit(main())
