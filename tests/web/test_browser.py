"""Pages in a real browser: quiet, of this host alone, readable in each light and width, and usable without a mouse."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from catalog.text import harmless
from catalog.web import names
from catalog.web.routes import ROUTES
from tests.web import browser as driven
from tests.web.browser import Tab
from tests.web.conftest import NOW, Visitor, served
from tests.web.hostile import IDS
from tests.web.test_publish import write

pytestmark = pytest.mark.browser

GONE, RETIRING = "claude-opus-4-1-20250805", "claude-sonnet-4-5-20250929"
LOOKS = [(width, scheme) for width in (1180, 360) for scheme in ("light", "dark")]
COLOURS = ["color-contrast"]
PAGES = [f"{route.address({'source': 'demo', 'name': RETIRING})}.html" for route in ROUTES if route.page]
VARIED = [
    *(f"model/demo/{GONE}.html", "models.html?as_of=2025-06-01", "models.html?state=all", "models.html?q=none"),
    *("diff.html?from=2025-01-01", "changes.html?baseline=1", "changes.html?since=2026-10-06"),
    *("watch.html?id=nope&id=claude-opus-5", "timeline.html?from=2026-01-01&to=2026-03-01", "model/demo/nope.html"),
    "models.html?limit=none&sort=size",
]
ALONE = ("timeline.svg", "status.svg", f"model/demo/{RETIRING}.svg")
REFUSED = ("Failed to load resource: the server responded with a status of 40",)  # what Chromium says of such a page

_UNREADABLE = """
[...document.querySelectorAll(".id, time")]
  .filter((each) => each.checkVisibility() && each.getClientRects().length > 1).map((each) => each.textContent)
"""
_CELLS = """
[...document.querySelectorAll("main tbody tr")].map(({ children: [head, ...cells] }) => [
  head.querySelector("a:not(:has(*))").textContent,
  ...cells.map((cell) => [...cell.querySelectorAll("*")].map((each) => each.localName)),
])
"""
_STOPS = """
window.stops = [];
document.addEventListener("focusin", ({ target }) => {
  const { outlineStyle, outlineWidth } = getComputedStyle(target);
  const { left, right, top, bottom } = target.getBoundingClientRect();
  stops.push({
    target,
    name: target.outerHTML.slice(0, 120),
    ring: target.matches(":focus-visible") && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    seen: right > 0 && bottom > 0 && left < innerWidth && top < innerHeight,
  });
});
window.wanted = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, [tabindex]")]
  .filter((each) => each.checkVisibility());
wanted.length
"""
_TOLD = """
({
  first: stops[0].target.className,
  unseen: stops.filter((each) => !each.ring || !each.seen).map((each) => each.name),
  missed: wanted.filter((each) => !stops.some((stop) => stop.target === each)).map((each) => each.outerHTML),
  turned: stops.slice(1, wanted.length).filter((each, at) =>
    stops[at].target.compareDocumentPosition(each.target) & Node.DOCUMENT_POSITION_PRECEDING).map((each) => each.name),
})
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with driven.browsing() as started:
        yield started


@pytest.fixture(scope="module")
def demo_site(demo_file: Path) -> Iterator[Visitor]:
    with served(f"sqlite:///{demo_file}") as visitor:
        yield visitor


@pytest.fixture(scope="module", params=["scripts on", "scripts off"])
def tab(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Tab]:
    with driven.tab(browser, scripts=request.param == "scripts on") as opened:
        yield opened


@pytest.fixture(scope="module")
def scripted(browser: Browser) -> Iterator[Tab]:
    with driven.tab(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def examined(browser: Browser) -> Iterator[Tab]:
    """A tab in which axe may run: it is a script of another site."""
    with driven.tab(browser, bypass_csp=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's catalog, published."""
    made = tmp_path_factory.mktemp("published")
    write(f"sqlite:///{demo_file}", made, base_url="https://models.example.org")
    return made


def barriers(tab: Tab, *rules: str) -> list[tuple[str, list[str]]]:
    """Give what axe finds wrong by all of its rules, or by some."""
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found = Axe().run(tab.page, options=options).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


def keep(tab: Tab, name: str) -> None:
    """Keep a picture of a page, where that is asked for."""
    if place := os.environ.get("CATALOG_TEST_PICTURES"):
        Path(place).mkdir(parents=True, exist_ok=True)
        tab.page.screenshot(path=f"{place}/{names.name_of(name)}.png", full_page=True)


@pytest.mark.parametrize("path", [*PAGES, *VARIED])
def test_each_page_is_quiet_and_fits_in_each_light_and_width(demo_site: Visitor, tab: Tab, path: str) -> None:
    tab.open(demo_site.address_of(path))
    for width, scheme in LOOKS:
        tab.look(width, scheme)
        assert tab.page.evaluate("document.documentElement.scrollWidth") == width, "nothing scrolls it sideways"
        assert tab.page.evaluate(_UNREADABLE) == [], "no id and no time is broken"
        keep(tab, f"{path} {width} {scheme}")
    assert [each for each in tab.all_complaints() if not each.startswith(REFUSED)] == []
    assert {urlsplit(url).netloc for url in tab.requests} == {urlsplit(demo_site.address_of("")).netloc}


@pytest.mark.parametrize("path", [*PAGES, *VARIED])
def test_axe_finds_no_barrier_in_any_light_and_width(demo_site: Visitor, examined: Tab, path: str) -> None:
    """What is wrong in structure shows in one light; colours are looked at in both."""
    examined.open(demo_site.address_of(path))
    for (width, scheme), rules in zip(LOOKS, ([], COLOURS, COLOURS, []), strict=True):
        examined.look(width, scheme)
        assert barriers(examined, *rules) == [], (width, scheme)


@pytest.mark.parametrize(
    ("path", "width"), [*((path, 1180) for path in PAGES), *((path, 360) for path in [*PAGES, *VARIED])]
)
def test_the_tab_key_reaches_all_of_a_page_and_shows_where_it_is(
    demo_site: Visitor, scripted: Tab, path: str, width: int
) -> None:
    scripted.open(demo_site.address_of(path))
    scripted.look(width)
    for _ in range(scripted.page.evaluate(_STOPS)):
        scripted.page.keyboard.press("Tab")
    assert scripted.page.evaluate(_TOLD) == {"first": "skip", "unseen": [], "missed": [], "turned": []}


def test_the_first_link_skips_to_the_content(demo_site: Visitor, scripted: Tab) -> None:
    scripted.open(demo_site.address_of("models.html"))
    scripted.page.keyboard.press("Tab")
    assert scripted.page.evaluate("document.activeElement.getBoundingClientRect().left") > 0, "it is seen now"
    scripted.page.keyboard.press("Enter")
    scripted.page.keyboard.press("Tab")
    assert scripted.page.evaluate("document.activeElement.closest('main') !== null")


def test_choosing_in_a_form_shows_at_once_and_without_scripts_after_the_button(demo_site: Visitor, tab: Tab) -> None:
    tab.open(demo_site.address_of("models.html"))
    tab.page.select_option("select[name=state]", "removed")
    if not tab.scripts:
        tab.page.click("main button")
    tab.page.wait_for_url("**state=removed*")
    assert GONE in tab.page.inner_text("main table")


@pytest.mark.parametrize("path", ALONE)
def test_a_picture_opened_by_itself_is_quiet_and_has_its_colours(demo_site: Visitor, tab: Tab, path: str) -> None:
    for scheme, paper in (("light", "rgb(252, 251, 249)"), ("dark", "rgb(20, 24, 29)")):
        tab.open(demo_site.address_of(path))
        tab.look(1180, scheme)
        complaints = [each for each in tab.all_complaints() if "inline" not in each]
        assert complaints == [], "its own style is refused here, and stands beside it once more"
        assert tab.page.evaluate("document.documentElement.localName") == "svg"
        if path == "timeline.svg":
            assert tab.page.evaluate("getComputedStyle(document.querySelector('.paper')).fill") == paper


# A published folder, opened without any server.


def test_a_published_folder_works_from_a_disk(tab: Tab, folder: Path) -> None:
    pages = sorted(folder.rglob("*.html"))
    assert len(pages) > 40
    tab.look(360)
    for page in pages:
        tab.open(page.as_uri())
        assert tab.all_complaints() == []
        assert [url for url in tab.requests if not Path(unquote(urlsplit(url).path)).is_file()] == []
        assert tab.page.evaluate("document.documentElement.scrollWidth") == 360
        assert tab.page.evaluate("getComputedStyle(document.querySelector('.skip')).position") == "absolute"
        links = tab.page.evaluate("[...document.links].map((each) => each.href.baseVal ?? each.href)")
        outside = {link for link in links if not link.startswith(folder.as_uri())}
        assert not [link for link in outside if not link.startswith("webcal://models.example.org/")], page
        assert [link for link in {*links} - outside if not Path(unquote(urlsplit(link).path)).is_file()] == []


def test_axe_finds_no_barrier_in_a_published_page(examined: Tab, folder: Path) -> None:
    for name in ("index", "models", "retirements", "diff-30", "status", f"model/demo/{RETIRING}"):
        examined.open((folder / f"{name}.html").as_uri())
        examined.look(360, "dark")
        assert barriers(examined) == [], name


@pytest.mark.parametrize("days", [0, 1, 60])
def test_the_script_of_a_published_page_counts_days_from_today(browser: Browser, folder: Path, days: int) -> None:
    now = NOW + timedelta(days=days)
    with driven.tab(browser) as tab:
        tab.page.clock.set_fixed_time(now)
        tab.open((folder / "retirements.html").as_uri())
        for row in tab.page.locator("main tbody tr").all():
            date = datetime.fromisoformat(row.locator("time").get_attribute("datetime") or "")
            assert abs(int(row.locator("[data-until]").inner_text())) == abs((date.date() - now.date()).days)
        tab.open((folder / "index.html").as_uri())
        assert tab.page.locator(".strip .word").inner_text() == ("stale" if days else "ok")


def test_the_script_of_a_published_list_filters_it(scripted: Tab, folder: Path) -> None:
    scripted.open((folder / "models.html").as_uri())
    rows = scripted.page.locator("main tbody tr:visible")
    assert rows.count() == 10
    scripted.page.fill("main input", "OPUS-5")
    assert [row.split()[0] for row in rows.all_inner_texts()] == ["claude-opus-5"]


# Hostile texts.


@pytest.mark.warns
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_hostile_texts_are_text_in_the_document_and_run_nothing(hostile: Visitor, tab: Tab) -> None:
    tab.open(hostile.address_of("models.html?state=all&limit=1000"))
    cells = tab.page.evaluate(_CELLS)
    assert {text for row in cells for text in row[:1]} == {harmless(id) for id in IDS}
    assert {tuple(inside) for row in cells for inside in row[1:]} <= {(), ("time",), ("span",)}
    for path in ["models.html?state=all&limit=1000", *(names.model_path("anthropic", id) for id in IDS)]:
        tab.open(hostile.address_of(path))
        for width in (360, 800, 1000, 1180):
            tab.look(width)
            assert tab.page.evaluate("document.documentElement.scrollWidth") == width, path
        assert tab.all_complaints() == []
