"""Two of each on the pages: what is asked of one source shows no entry of another, and each page says what is wrong."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from catalog import config as configuration
from catalog.store.engine import database as databases
from catalog.wiring import sites
from tests.two_of_each import DAYS, FAILING, FORMER, SYNCED, UNREAD, House
from tests.web.conftest import Visitor
from tests.web.test_publish import contents

pytestmark = [pytest.mark.promise("P1", "P10"), pytest.mark.warns]

ALONE = (  # {0} is the source, {at} a moment before its second run
    "models.html?source={0}",
    "models.json?source={0}&state=all",
    "models.json?source={0}&state=removed",
    "models.csv?source={0}&sort=-retires_at&limit=2",
    "models.json?source={0}&as_of={at}",
    "models.html?line=line-x{0}x",
    "models.json?source={0}&q=SHARED",
    "models.json?source={0}&match=[gs]*",
    "model/{0}/shared.html",
    "model/{0}/shared.json",
    "model/{0}/shared.atom",
    "model/{0}/shared.ics",
    "watch.html?id={0}:shared",
    "watch.json?id={0}:shared",
    "retirements.html?sources={0}",
    "retirements.json?models={0}:*",
    "retirements.csv?lines=line-x{0}x",
    "retirements.ics?sources={0}",
    "timeline.html?source={0}",
    "timeline.svg?id={0}:shared",
    "changes.html?sources={0}&baseline=1",
    "changes.json?sources={0}&baseline=1&events=added,changed,removed",
    "changes.csv?lines=line-x{0}x&baseline=1&events=added,changed,removed",
    "changes.atom?models={0}:shared&events=changed:retires_at",
    "changes.feed.json?id={0}:shared&baseline=1&events=changed",
    "diff.html?source={0}&from={at}",
    "diff.json?source={0}&from={at}&match=shared",
    "runs.html?source={0}",
    "runs.json?source={0}&status=complete",
    "mirror/{0}/v1/models",
    "mirror/{0}/v1/models/shared",
    "mirror/{0}@{at}/v1/models/gone",
)
NOT_WATCHED = {f"watch.{form}?id={FORMER}:shared" for form in ("html", "json")}  # it is not configured
TOGETHER = {  # how many rows of each source
    "models.json": 5,
    "models.json?state=all": 6,
    "models.json?as_of={at}": 5,
    "models.json?match=shared": 1,
    "retirements.json": 1,
    "changes.json?events=added,changed,removed": 3,
    "changes.json?events=added,changed,removed&baseline=1": 8,
    "diff.json?from={at}": 3,
}
PAGES = ("index", "models", "watch", "retirements", "timeline", "changes", "diff", "runs", "status")


@contextmanager
def open_site(house: House) -> Iterator[Visitor]:
    config = configuration.load(house.folder / "catalog.toml")
    with (
        closing(databases.open_(house.url)) as database,
        sites.serving(config, database, ("127.0.0.1", 0)) as address,
    ):
        yield Visitor(address=address, url=house.url)


@pytest.fixture
def visitor(house: House) -> Iterator[Visitor]:
    house.configure()
    path = house.folder / "catalog.toml"
    path.write_text(f"{path.read_text()}\n[web]\nmirror_open = true\n")
    with open_site(house) as visitor:
        yield visitor


def marks(text: str) -> set[str]:
    """Name the sources of which entries are told."""
    found = {name for name in SYNCED if f"x{name}x" in text or f"{name}-only" in text or f"model/{name}/" in text}
    days = {name for name in SYNCED if DAYS[name] in text or DAYS[name].replace("-", "") in text}
    return found | days | ({*re.findall('"source": ?"(.*?)"', text)} - {UNREAD})


def test_what_is_asked_of_one_source_shows_no_entry_of_another(built: House, visitor: Visitor) -> None:
    wrong, at = dict[str, object](), built.between.isoformat().replace("+00:00", "Z")
    for path in (each.format(name, at=at) for each in ALONE for name in SYNCED):
        [name] = [each for each in SYNCED if each in path]
        reply = visitor.get(path)
        seen = marks(reply.text)
        expected = set() if path in NOT_WATCHED else {name}
        if reply.status != 200 or seen - {name} or (not seen and expected and "runs.html" not in path):
            wrong[path] = (reply.status, seen, reply.text[-300:])
    assert wrong == {}


@pytest.mark.parametrize("path", TOGETHER)
def test_what_is_asked_of_all_shows_as_much_of_each(built: House, visitor: Visitor, path: str) -> None:
    rows = json.loads(visitor.get(path.format(at=built.between.isoformat().replace("+00:00", "Z"))).body)
    assert Counter(row["source"] for row in rows) == dict.fromkeys(SYNCED, TOGETHER[path])


def test_each_page_says_what_is_wrong_with_each_and_nothing_of_those_that_are_well(visitor: Visitor) -> None:
    for name in PAGES:
        reply = visitor.get(f"{name}.html")
        assert reply.status == 200, name
        strips = [re.sub("<.*?>", "", each) for each in re.findall('<p class="strip.*?</p>', reply.text, re.DOTALL)]
        words = dict(strip.splitlines()[0].split(" ", 1) for strip in strips)
        assert {source for source, word in words.items() if word != "ok"} == {FAILING, UNREAD}, (name, strips)
        assert FORMER not in words


def test_the_mirror_has_each_list_and_says_so_of_one_that_was_never_read(visitor: Visitor) -> None:
    assert visitor.get(f"mirror/{UNREAD}/v1/models").status == 503
    assert visitor.get("mirror/nothing/v1/models").status == 404
    assert visitor.get("mirror/amber/v1/models/birch-only").status == 404
    assert visitor.get("mirror/amber/v1/models?after_id=birch-only").status == 400


def test_status_as_rows_is_what_the_command_prints(house: House, visitor: Visitor) -> None:
    def steady(rows: list[dict[str, object]]) -> list[object]:
        return [(row.get("source") or row.get("channel"), row["healthy"]) for row in rows]

    assert steady(json.loads(visitor.get("status.json").body)) == steady(house.rows("status"))


def test_a_list_that_was_first_read_later_is_said_to_be_unknown_before(own: House) -> None:
    """A page said where the whole catalog began, of whatever source it was asked."""
    assert own.run("sync", UNREAD)[0] == 0
    at = own.between.isoformat().replace("+00:00", "Z")
    path = own.folder / "catalog.toml"
    path.write_text(f"{path.read_text()}\n[web]\nmirror_open = true\n")
    with open_site(own) as site:
        for page in (f"models.html?as_of={at}", f"diff.html?from={at}"):
            texts = {name: re.sub("<.*?>", "", site.get(f"{page}&source={name}").text) for name in (UNREAD, "amber")}
            texts[""] = re.sub("<.*?>", "", site.get(page).text)
            assert "What this catalog knows of dune begins at 20" in texts[UNREAD], page
            assert "begins at" not in texts["amber"]
            assert "First read later, so that nothing is known of it then: dune." in texts[""]
            assert "First read later" not in texts["amber"]
        assert site.get(f"mirror/amber@{at}/v1/models").status == 200
        assert site.get(f"mirror/{UNREAD}@{at}/v1/models").status == 404


def test_published_pages_of_some_sources_tell_of_no_other(own: House) -> None:
    assert own.run("publish", "site")[0] == 0
    files = {name: body.decode() for name, body in contents(own.folder / "site").items()}
    wrong = dict[str, set[str]]()
    for name in SYNCED:
        mine = [path for path in files if path.startswith((f"model/{name}/", f"source/{name}/", f"line/line-x{name}x"))]
        assert len(mine) >= 10
        wrong |= {path: marks(files[path]) for path in mine if marks(files[path]) - {name}}
    assert wrong == {}
    path = own.folder / "catalog.toml"
    path.write_text(f'{path.read_text()}\n[publish]\nsources = ["birch", "cedar"]\n')
    assert own.run("publish", "narrow")[0] == 0
    narrow = contents(own.folder / "narrow")
    assert b"<h1>1 problem</h1>" in narrow["status.html"]
    for name, body in narrow.items():
        text = body.decode()
        assert marks(text) <= {"birch", FAILING}, name
        assert not [each for each in ("amber", UNREAD, FORMER) if re.search(rf"\b{each}\b", text)], name
