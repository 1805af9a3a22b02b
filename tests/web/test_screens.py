"""What each page shows, and that its JSON and CSV are what the command prints."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from catalog import cli, clock
from catalog.cli.running import demo
from catalog.web import markup, names, pages
from catalog.web.routes import ROUTES
from tests.web.conftest import NOW, Visitor, served

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.promise("P10")
PAGES = [route.name for route in ROUTES if route.page and "<" not in route.rule]
GONE, RETIRING, FINE = "claude-opus-4-1-20250805", "claude-sonnet-4-5-20250929", "claude-opus-5"


class Page(HTMLParser):
    """The words of a page, and where its links, forms, pictures and scripts lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._data: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._data.append("" if tag in {"a", "time", "b", "code", "ins", "del"} else " ")
        self.tags.append((tag, found))
        self.links += [value for name in ("href", "src", "action") if (value := found.get(name)) is not None]

    def handle_data(self, data: str) -> None:
        self._data.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self._data).split())


def page(site: Visitor, path: str) -> Page:
    reply = site.get(path)
    assert reply.status == 200, reply.text
    return Page(reply.text)


@pytest.fixture
def printed(
    site: Visitor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., str]:
    """What a command prints about the same catalog at the same moment."""
    ids = ", ".join(f'"{id}"' for id in demo.WATCHED)
    (tmp_path / "catalog.toml").write_text(f'[sources.demo]\napi_key_env = "KEY"\n[watch]\nmodels = [{ids}]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATALOG_DATABASE_URL", site.url)
    monkeypatch.setattr(clock, "utc_now", lambda: NOW)

    def run(*arguments: str) -> str:
        capsys.readouterr()
        cli.run(arguments)
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("models.{}?sort=id", "models"),
        ("models.{}?sort=id&state=all", "models --all"),
        ("models.{}?sort=id&state=removed", "models --removed"),
        ("models.{}?sort=id&match=*opus*&source=demo", "models --match *opus* --source demo"),
        ("models.{}?sort=id&as_of=2025-06-01", "models --as-of 2025-06-01"),
        ("changes.{}?baseline=1&events=added,removed,returned,changed&limit=1000", "changes --limit 0"),
        ("changes.{}?baseline=1&kind=added&since=2025-06-01", "changes --kind added --since 2025-06-01"),
        ("changes.{}?baseline=1&kind=removed&until=2026-06-01", "changes --kind removed --until 2026-06-01"),
        ("changes.{}?baseline=1&kind=changed&models=*opus-5&limit=50", "changes --kind changed --model *opus-5"),
        ("diff.{}?from=2025-01-01&to=2026-01-01", "diff 2025-01-01 2026-01-01"),
        ("diff.{}?from=2026-02-01&match=*sonnet*", "diff 2026-02-01 --match *sonnet*"),
    ],
)  # fmt: skip
def test_lists_are_those_that_the_command_prints(
    site: Visitor, printed: Callable[..., str], path: str, command: str, form: str
) -> None:
    reply = site.get(path.format(form))
    assert reply.text == printed(*command.split(), f"--{form}")
    assert reply.text.count("\n") > 2
    assert "link" not in reply.headers


@pytest.mark.parametrize(
    ("path", "command"),
    [
        (f"model/demo/{GONE}.json", f"show {GONE} --json"),
        (f"model/demo/{RETIRING}.json", f"show {RETIRING} --json"),
        ("watch.json", "watch check --json"),
        (f"watch.json?id={FINE}&id=claude-opus-6&days=3", f"watch check {FINE} claude-opus-6 --days 3 --json"),
        ("watch.json?id=demo:claude-opus-5", "watch check demo:claude-opus-5 --json"),
        ("status.json", "status --json"),
    ],
)
def test_verdicts_and_stories_are_those_that_the_command_prints(
    site: Visitor, printed: Callable[..., str], path: str, command: str
) -> None:
    assert site.get(path).text == printed(*command.split())


def test_runs_are_printed_without_who_asked(site: Visitor, printed: Callable[..., str]) -> None:
    told = [{name: row[name] for name in row if name != "scope"} for row in json.loads(printed("runs", "--json"))]
    assert json.loads(site.get("runs.json?limit=20").body) == told
    assert "scope" not in site.get("runs.csv").text


@pytest.mark.parametrize(
    ("path", "ids"),
    [("models", 22), ("changes", None), ("runs", 31), ("diff", None)],
)
@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize("limit", [1, 2, 7])
def test_pages_of_rows_follow_each_other_and_hold_each_row_once(
    site: Visitor, path: str, ids: int | None, form: str, limit: int
) -> None:
    more = {"models": "state=all", "changes": "events=changed,added,removed", "runs": "", "diff": "from=2024-12-18"}[
        path
    ]
    whole, found = site.get(f"{path}.{form}?{more}&limit=1000").text, []
    address: str | None = f"{path}.{form}?{more}&limit={limit}"
    while address:
        reply = site.get(address)
        assert reply.status == 200
        found.append(reply.text)
        link = re.search(r'<([^>]+)>; rel="next"', reply.headers.get("link", ""))
        address = link and link[1]
    rows = [row.rstrip(",") for each in found for row in each.splitlines() if row not in {"[", "]", "[]"}]
    wanted = [row.rstrip(",") for row in whole.splitlines() if row not in {"[", "]", "[]"}]
    heads = len(found) - 1 if form == "csv" else 0
    assert [row for number, row in enumerate(rows) if form == "json" or number == 0 or row != wanted[0]] == wanted
    assert len(rows) - heads == len(wanted)
    assert ids is None or len(wanted) == ids + (form == "csv")


def test_the_verdict_on_watched_models_is_a_header_as_the_exit_code_is(demo_file: Path) -> None:
    url = f"sqlite:///{demo_file}"
    with served(url) as site, served(url, now=NOW + timedelta(hours=3)) as later:
        assert site.get("watch.json").headers["x-catalog-verdict"] == "10"
        assert site.get(f"watch.json?id={FINE}").headers["x-catalog-verdict"] == "0"
        assert site.get(f"watch.csv?id={FINE}&id=nope").headers["x-catalog-verdict"] == "11"
        assert later.get(f"watch.json?id={FINE}").headers["x-catalog-verdict"] == "12"


# Frames.


@pytest.mark.parametrize("name", [*PAGES, f"model/demo/{FINE}"])
def test_every_page_has_its_frame_and_every_link_of_it_leads_somewhere(site: Visitor, name: str) -> None:
    found = page(site, f"{name}.html")
    tags = [tag for tag, _ in found.tags]
    assert tags.count("h1") == tags.count("main") == tags.count("header") == 1
    assert ("html", {"lang": "en"}) in found.tags
    assert "demo ok listed 10 last whole walk 2026-10-07 09:00 (1 h ago)" in found.text
    assert not [attrs for _, attrs in found.tags if "style" in attrs or any(key.startswith("on") for key in attrs)]
    assert not [attrs for tag, attrs in found.tags if tag == "th" and "scope" not in attrs]
    assert [attrs["datetime"] for tag, attrs in found.tags if tag == "time"]
    root = "../" * name.count("/")
    calendars = {link for link in found.links if link.startswith("webcal:")}  # which calendars take, whole
    assert calendars <= {f"webcal://127.0.0.1:{site.address[1]}/{name}.ics"}
    for link in {*found.links} - calendars:
        assert not re.match("[a-z]+:|/", link), "all other links are relative"
        if not link.startswith("#"):
            inside = (
                link.removeprefix(root) if link.startswith("../") else f"{name.rpartition('/')[0]}/{link}".lstrip("/")
            )
            assert site.get(inside).status == 200, link


def test_a_page_of_today_is_small_and_its_style_and_script_are_too(site: Visitor) -> None:
    assert len(site.get("index.html").body) < 15_000
    assert len(markup.static()["style.css"][1]) < 8_000
    assert len(markup.static()["script.js"][1]) < 3_000
    assert (ROOT / "docs" / "pictures" / "today.png").stat().st_size < 150_000, "so is the picture of it"
    assert site.get("").body == site.get("index.html").body


def test_a_page_is_red_and_says_why_when_status_would_exit_1(demo_file: Path) -> None:
    url = f"sqlite:///{demo_file}"
    with served(url, now=NOW + timedelta(hours=3)) as stale, served(url, source="other") as never:
        assert "demo stale listed 10" in page(stale, "index.html").text
        assert "the last whole walk ended 4 h ago (stale after 3 h)" in page(stale, "index.html").text
        assert '<p class="strip bad">' in stale.get("models.html").text
        assert "1 problem" in page(stale, "status.html").text
        assert "catalog sync demo" in page(stale, "status.html").text
        assert "other never read" in page(never, "index.html").text
        assert "demo is not configured any more" in page(never, "status.html").text


# Screens.


def test_today_answers_what_is_watched_what_retires_and_what_is_new(site: Visitor) -> None:
    text = page(site, "index.html").text
    own, retiring, latest = (text.index(words) for words in ("Your models", "Retiring next", "Latest"))
    assert own < retiring < latest
    assert text.index(GONE) < text.index(RETIRING) < text.index(FINE)
    assert f"{GONE} gone not listed since 2026-08-06 2026-07-25" in text
    assert f"{RETIRING} retiring 2026-11-30 54 2026-10-07" in text
    assert f"{FINE} listed 2026-10-07" in text
    assert "2026-10-07 lifecycle appeared on 10 of 10 models" in text


def test_one_model_is_told_in_a_sentence_its_story_its_states_and_its_fields(site: Visitor) -> None:
    text = page(site, f"model/demo/{RETIRING}.html").text
    assert "retiring Listed. The list calls it deprecated. Retires 2026-11-30, in 54 days." in text
    assert "4 fields changed after 2026-08-06 10:00, by 2026-10-07 09:00 deprecated_at absent 2026-09-30" in text
    assert "Newly listed after 2025-08-05 09:00, by 2025-09-29 09:00" in text
    assert "retires_at 2026-11-30" in text
    gone = page(site, f"model/demo/{GONE}.html").text
    assert "gone Gone: not listed since 2026-08-06 09:00." in gone
    assert "retires_at unknown" in gone
    assert "1970" not in gone
    assert "Listed already when this catalog began" in page(site, "model/demo/claude-2.0.html").text


def test_an_id_that_no_list_had_is_told_with_those_that_are_close(site: Visitor) -> None:
    reply = site.get("model/demo/claude-opus-6.html")
    assert reply.status == 404
    assert "did you mean" in reply.text
    assert FINE in reply.text


def test_a_past_list_says_which_moment_it_is_of_and_where_the_catalog_begins(site: Visitor) -> None:
    past = page(site, "models.html?as_of=2025-06-01").text
    assert "The list as it was at 2025-06-01 23:59." in past
    assert "claude-opus-5" not in past
    early = page(site, "models.html?as_of=2024-01-01").text
    assert "This catalog begins at 2024-12-17 09:00: of earlier moments it knows nothing." in early
    assert "No model fits." in early
    assert "That lies in the future" in page(site, "models.html?as_of=2027-01-01").text


def test_the_list_is_sorted_by_what_its_heads_say(site: Visitor) -> None:
    def ids(query: str) -> list[str]:
        return [row["id"] for row in json.loads(site.get(f"models.json?{query}").body)]

    assert ids("")[:2] == ["claude-opus-5", "claude-sonnet-5"]
    assert ids("sort=id") == sorted(ids(""))
    assert ids("sort=created_at") == ids("")[::-1]
    assert ids("sort=retires_at")[0] == RETIRING
    assert ids("sort=-retires_at")[0] == RETIRING
    heads = [attrs for tag, attrs in page(site, "models.html").tags if tag == "th" and "aria-sort" in attrs]
    assert [attrs["aria-sort"] for attrs in heads] == ["descending"]


def test_changes_come_in_blocks_and_a_wave_is_one_line(site: Visitor) -> None:
    found = page(site, "changes.html")
    assert "2026-10-07 09:00 10 changed lifecycle appeared on 10 of 10 models 10 models" in found.text
    assert "2026-08-06 10:00 1 gone" in found.text
    assert "after 2026-07-25 09:00, and by 2026-08-06 09:00" in found.text
    filtered = page(site, "changes.html?events=added&since=2026-07-01&models=*opus*").text
    assert "claude-opus-5 newly listed" in filtered
    assert "sonnet" not in filtered.replace("claude-*", "")
    assert "No change fits" in page(site, "changes.html?models=nope").text


def test_pages_of_the_stream_hold_every_entry_once(site: Visitor) -> None:
    def entries(address: str) -> tuple[list[str], str | None]:
        html = site.get(address).text
        found = re.findall(
            r'<li class="(?:added|removed|returned|changed|retiring|wave|many)"><a href="([^"]+)">(.*?)</a>',
            html,
            re.DOTALL,
        )
        link = re.search(r'<a rel="next" href="([^"]+)"', html)
        return [f"{href} {words}" for href, words in found], link and link[1].replace("&amp;", "&")

    whole, _ = entries("changes.html?events=added,removed,changed,retiring&limit=1000")
    found: list[str] = []
    address: str | None = "changes.html?events=added,removed,changed,retiring&limit=4"
    while address:
        some, address = entries(address)
        found += some
    assert len(whole) > 30
    assert found == whole


def test_retirements_are_those_ahead_and_those_not_long_past(site: Visitor) -> None:
    text = page(site, "retirements.html").text
    assert f"Ahead Date Id Lifecycle Days left 2026-11-30 {RETIRING} deprecated 54" in text
    assert "No date that passed fits." in text
    assert "No date ahead fits." in page(site, "retirements.html?days=7").text


def test_two_moments_stand_side_by_side(site: Visitor) -> None:
    text = page(site, "diff.html?from=2026-06-01&to=2026-10-08").text
    assert "From 2026-06-01 23:59 (the list then) to 2026-10-08 23:59 (the list then)." in text
    assert "Came 3 claude-fable-5 claude-opus-5 claude-sonnet-5" in text
    assert text.index(RETIRING) < text.index("claude-haiku-4-5-20251001"), "deprecations first"
    assert "Nothing differs between these two moments." in page(site, "diff.html?from=1h").text


def test_runs_are_told_with_their_counts_and_marks(site: Visitor) -> None:
    text = page(site, "status.html").text
    assert text.count("●") == 31
    assert "2026-08-06 10:00 complete 10 1" in text
    assert "No run fits." in page(site, "runs.html?status=failed").text


# Faults.


@pytest.mark.parametrize(
    ("path", "faults"),
    [
        ("models.html?foo=1&state=x&limit=0", ["there is no parameter", "state: ", "limit: "]),
        ("models.json?since=2025", ["there is no parameter"]),
        ("changes.html?events=nope&since=soon", ["events: ", "since: "]),
        ("diff.html?from=2026-01-01&to=2025-01-01", ["from must be earlier than to"]),
        ("diff.csv?from=1h&to=2h", ["from must be earlier than to"]),
        ("status.html?q=1", ["there is no parameter"]),
        ("index.html?utm=1", ["there is no parameter"]),
        ("?utm=1", ["there is no parameter"]),
        (f"model/demo/{FINE}.html?days=x", ["days: "]),
        ("models.html?source=<b>", ["source: "]),
    ],
)
def test_an_address_that_asks_for_what_cannot_be_is_refused_with_all_its_faults(
    site: Visitor, path: str, faults: list[str]
) -> None:
    reply = site.get(path)
    assert reply.status == 400
    for fault in faults:
        assert fault in reply.text
    assert "<b>" not in reply.text


def add(file: Path, *ids: str) -> None:
    """Add models that are like another one in all but the id."""
    with closing(sqlite3.connect(file)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(catalog_model)")]
        rest = ", ".join(name for name in columns if name not in {"model_key", "id"})
        statement = f"INSERT INTO catalog_model (id, {rest}) SELECT ?, {rest} FROM catalog_model WHERE id = ?"
        connection.executemany(statement, [(id, FINE) for id in ids])
        connection.commit()


def test_a_list_too_long_to_sort_comes_by_id_and_says_so(demo_copy: Path) -> None:
    add(demo_copy, *(f"z-{number:04}" for number in range(1000)))
    with served(f"sqlite:///{demo_copy}") as site:
        text = page(site, "models.html").text
        assert "This list is too long to be sorted: it comes by id." in text
        refused = site.get("models.html?sort=created_at")
        assert (refused.status, "leave sort out" in refused.text) == (400, True)
        assert site.get("models.html?sort=id").status == 200


def test_names_of_models_are_found_again_however_long(demo_copy: Path) -> None:
    long = ["x" * 256, "x" * 255 + "y", "é" * 100, "é" * 100 + "x", "[x]*?" * 51]
    add(demo_copy, *long, *(f"{'x' * 200}{number:04}" for number in range(1200)))
    with served(f"sqlite:///{demo_copy}") as site:
        for id in long:
            reply = site.get(names.model_path("demo", id, "json"))
            assert [row["id"] for row in json.loads(reply.body)] == [id]
        assert site.get(names.model_path("demo", "x" * 254 + "zz")).status == 404


@pytest.mark.parametrize(
    ("bad", "fine", "shown", "told"),
    [
        (0, 4, 4, None),
        (1, 3, 4, None),
        (0, 5, 0, "5 sources, all read in time"),
        (1, 19, 1, "19 more sources"),
        (4, 16, 4, "16 more sources"),
        (5, 0, 3, "2 more sources, 2 problems"),
        (20, 3, 3, "20 more sources, 17 problems"),
    ],
)
def test_many_sources_leave_room_and_their_problems_are_counted(
    bad: int, fine: int, shown: int, told: str | None
) -> None:
    found = [pages.Strip(name=f"s{number}", word="stale", tone="bad") for number in range(bad)]
    found += [pages.Strip(name=f"t{number}", word="ok", tone="ok") for number in range(fine)]
    frame = frame_of("404 Not Found", strips=found)
    section = frame.split('<section class="strips"')[1].split("</section>")[0]
    assert section.count('<p class="strip ') == bad + fine
    assert section.split("<details>")[0].count('<p class="strip ') == shown
    assert ("<summary>" in section) == bool(told)
    assert told is None or told in Page(section).text


def frame_of(title: str, **values: object) -> str:
    """Make the page of an error, with other values in its frame."""
    usual = {"title": title, "formats": (), "words": (), "hint": "", "root": "", "nav": (), "feeds": ()}
    return markup.page("error.html", {**usual, "published": False, **values}).decode()
