"""The generated pages say what the program says."""

import pytest

from catalog.domain import Status
from docs.generate import exits, pages, picture

WALK = pages.ROOT / "docs" / "why" / "walk.md"


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert pages.is_fresh(name), f"{name} is stale: ./dev docs"


def test_the_picture_fetches_nothing_and_shows_what_was_asked() -> None:
    drawn = (pages.ROOT / "docs" / "pictures" / "demo.svg").read_text("utf-8")
    assert "url(http" not in drawn
    assert " ".join(picture.words(drawn)).startswith("catalog demo $ catalog demo 31 syncs, from 2024-12-17 to")


def test_a_terminal_forgets_a_progress_bar_that_was_erased() -> None:
    bar = "\x1b[?25l\r\x1b[2K2024 ━━━ 0/2\r\x1b[2K2024 ━━━ 2/2\n\x1b[?25h\r\x1b[1A\x1b[2K"
    assert picture.screen(f"{bar}2 syncs\n\x1b[1myear\x1b[0m\n") == ["2 syncs", "\x1b[1myear\x1b[0m"]


def test_the_order_of_gravity_is_told_as_it_was_promised() -> None:
    assert "counts: 1, 2, 4, 3, 5, 6." in exits.table()


@pytest.mark.parametrize("status", Status)
def test_the_page_on_walks_explains_every_status(status: Status) -> None:
    assert f"| `{status}` |" in WALK.read_text("utf-8")
