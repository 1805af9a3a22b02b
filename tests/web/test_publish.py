"""The published folder: the pages as files, each whole, and no more than may be seen."""

import fcntl
import json
import os
import resource
import shutil
import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from catalog import cli
from catalog.cli.running import demo
from catalog.config import Config
from catalog.errors import ConfigError
from catalog.settings import DatabaseSettings, PublishSettings, SourceSettings, WatchSettings
from catalog.store.engine import database as databases
from catalog.web.routes import Route
from catalog.web.server import frame
from catalog.web.server.visit import Visit, WebAnswer
from catalog.web.site import folder as folders
from catalog.web.site import publish
from catalog.web.site.folder import MANIFEST
from catalog.web.site.folder import digest as digest_of
from catalog.web.site.publish import Published
from catalog.wiring import after_run, sites
from tests import server as plays
from tests.store.test_backfill import answer, fill, look
from tests.store.world import World
from tests.web.conftest import NOW
from tests.web.hostile import TEXTS

pytestmark = pytest.mark.promise("P3", "P9")
HOUR = timedelta(hours=1)
ABSOLUTE = "https://models.example.org/catalog"


class Links(HTMLParser):
    """The links of a page, and the texts that its script fills in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.forms = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"href", "src"} and value]
        self.forms += tag == "form"


def write(
    url: str,
    folder: Path,
    *,
    now: object = NOW,
    source: str = demo.SOURCE,
    also: Sequence[str] = (),
    stop: int = 0,
    **settings: object,
) -> Published:
    """Publish a catalog as it is at a moment; `stop`: die when there are so many files."""
    config = Config(
        database=DatabaseSettings(url=url),
        sources=tuple(SourceSettings(name=name) for name in (source, *also)),
        watch=WatchSettings(models=demo.WATCHED),
        publish=PublishSettings(**settings),  # type: ignore[arg-type]
    )
    with closing(databases.open_(url)) as database:
        site = sites.site(config, database, ("", 0), clock=lambda: now)  # type: ignore[arg-type, return-value]

        def progress(number: int) -> None:
            if number == stop:
                os.kill(os.getpid(), signal.SIGKILL)

        return publish.publish(site, config.publish, folder, progress=progress)


def contents(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name != ".catalog-publish"}


def test_every_link_leads_to_a_file_of_the_folder(demo_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write(demo_url, folder, base_url=ABSOLUTE)
    pages = list(folder.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        links = Links(page.read_text("utf-8"))
        assert links.forms == 0
        for href in links.found:
            parts = urlsplit(href)
            if parts.scheme == "webcal":
                assert (folder / unquote(parts.path).removeprefix("/catalog/")).is_file(), (page, href)
            elif parts.path:
                assert not parts.scheme, (page, href)
                assert not parts.query, (page, href)
                assert (page.parent / unquote(parts.path)).resolve().is_file(), (page, href)


def test_the_manifest_names_every_file_with_its_digest(demo_url: str, tmp_path: Path) -> None:
    done = write(demo_url, tmp_path / "site", base_url=ABSOLUTE)
    manifest = json.loads((tmp_path / "site" / MANIFEST).read_text())
    written = contents(tmp_path / "site")
    assert {*manifest["files"], MANIFEST} == written.keys()
    assert all(digest_of(written[name]) == digest for name, digest in manifest["files"].items())
    assert done.written == len(manifest["files"])
    assert all((tmp_path / "site" / name).stat().st_mode & 0o777 == 0o644 for name in written)


def test_feeds_and_calendars_need_a_base_url(demo_url: str, tmp_path: Path) -> None:
    done = write(demo_url, tmp_path / "site")
    assert not done.has_feeds
    files = contents(tmp_path / "site")
    assert not [name for name in files if name.endswith((".atom", ".ics", ".feed.json"))]
    assert not [name for name, body in files.items() if b"webcal" in body or b".atom" in body]


def test_while_nothing_changes_only_what_tells_of_looks_is_written_anew(world: World, tmp_path: Path) -> None:
    world.lists("claude-a", "claude-b", retires_at="2026-09-01T00:00:00Z")
    world.sync()
    world.sync()
    write(world.url, tmp_path / "site", now=world.now, source="one", base_url=ABSOLUTE)
    before = contents(tmp_path / "site")
    world.sync()
    write(world.url, tmp_path / "site", now=world.now + HOUR, source="one", base_url=ABSOLUTE)
    after = contents(tmp_path / "site")
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert "index.html" in changed
    assert not {name for name in changed if not name.endswith((".json", "index.html", "status.html", ".csv"))}
    assert not {name for name in changed if name.startswith("model/")}


def test_a_change_makes_its_model_anew_and_what_is_gone_is_deleted(world: World, tmp_path: Path) -> None:
    world.lists("a", "b")
    world.sync()
    write(world.url, tmp_path / "site", now=world.now, source="one")
    before = contents(tmp_path / "site")
    world.server.models = [plays.model("a", display_name="Anew"), plays.model("b")]
    world.sync()
    write(world.url, tmp_path / "site", now=world.now, source="one")
    after = contents(tmp_path / "site")
    assert b"Anew" in after["model/one/a.html"]
    assert before["model/one/b.html"] == after["model/one/b.html"]
    done = write(world.url, tmp_path / "site", now=world.now, source="one", models=("a",))
    assert done.deleted > 0
    assert not [name for name in contents(tmp_path / "site") if name.startswith("model/one/b.")]


def test_looks_of_the_past_that_are_added_later_make_their_models_anew_and_no_others(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, make = list[str](), frame.answer

    def noted(visit: Visit, route: Route) -> WebAnswer:
        made.append(visit.address)
        return make(visit, route)

    monkeypatch.setattr(frame, "answer", noted)

    def models_made(day: int, name: str) -> set[str]:
        fill(world, look(day, answer("x", "y", fields={"display_name": name})), name="two")
        made.clear()
        write(world.url, tmp_path / "site", now=world.now, source="one", also=["two"])
        return {address for address in made if address.startswith("model/")}

    world.lists("a")
    world.sync()
    assert models_made(1, "First") == {"model/one/a", "model/two/x", "model/two/y"}
    assert models_made(2, "Second") == {"model/two/x", "model/two/y"}
    assert b"Second" in contents(tmp_path / "site")["model/two/x.html"]
    assert models_made(3, "Second") == set()


@pytest.mark.parametrize("stop", [1, 2, 7, 50, 140, 205])
def test_a_kill_at_any_file_leaves_whole_files_and_the_next_run_ends_it(
    demo_url: str, tmp_path: Path, stop: int
) -> None:
    folder, whole = tmp_path / "site", tmp_path / "whole"
    write(demo_url, whole, base_url=ABSOLUTE)
    child = os.fork()
    if child == 0:  # pragma: no cover - it is killed
        write(demo_url, folder, base_url=ABSOLUTE, stop=stop)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    left, wanted = contents(folder), contents(whole)
    assert left.items() <= wanted.items()
    assert len(left) == stop
    write(demo_url, folder, base_url=ABSOLUTE, models=("claude-opus-*",))
    narrow = tmp_path / "narrow"
    write(demo_url, narrow, base_url=ABSOLUTE, models=("claude-opus-*",))
    assert contents(folder) == contents(narrow)


def test_nothing_else_is_ever_touched(demo_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        write(demo_url, folder)
    assert contents(folder) == {"notes.txt": b"mine"}
    (folder / "notes.txt").unlink()
    write(demo_url, folder)
    (folder / "notes.txt").write_text("mine")
    (folder / "model" / "demo" / "own.html").write_text("mine")
    write(demo_url, folder, models=("claude-opus-*",))
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "model" / "demo" / "own.html").read_text() == "mine"


def test_a_file_of_somebody_else_is_not_written_over(world: World, tmp_path: Path) -> None:
    world.lists("a")
    world.sync()
    write(world.url, tmp_path / "site", now=world.now, source="one")
    (tmp_path / "site" / "model" / "one" / "b.html").write_text("mine")
    world.lists("a", "b")
    world.sync()
    with pytest.raises(ConfigError, match=r"b\.html"):
        write(world.url, tmp_path / "site", now=world.now, source="one")
    assert (tmp_path / "site" / "model" / "one" / "b.html").read_text() == "mine"


@pytest.mark.parametrize("is_one_file", [True, False])
def test_ids_that_differ_in_case_alone_are_named_where_a_disk_takes_them_for_one(
    world: World, tmp_path: Path, is_one_file: bool
) -> None:
    """On such a disk both names lead to one file, as a second link does here."""
    world.lists("Claude-X")
    world.sync()
    write(world.url, tmp_path / "site", now=world.now, source="one")
    models = tmp_path / "site" / "model" / "one"
    if is_one_file:
        (models / "claude-x.html").hardlink_to(models / "Claude-X.html")
    world.lists("Claude-X", "claude-x")
    world.sync()
    if not is_one_file:
        write(world.url, tmp_path / "site", now=world.now, source="one")
        assert {"Claude-X.html", "claude-x.html"} <= {path.name for path in models.iterdir()}
        return
    with pytest.raises(ConfigError, match="Claude-X and claude-x differ in case alone") as caught:
        write(world.url, tmp_path / "site", now=world.now, source="one")
    assert "publish.models" in (caught.value.hint or "")
    assert "<code>Claude-X</code>" in (models / "Claude-X.html").read_text()


def test_a_manifest_that_is_none_is_refused(demo_url: str, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / MANIFEST).write_text('{"models": []}')
    with pytest.raises(ConfigError, match="no manifest"):
        write(demo_url, tmp_path / "site")


@pytest.mark.warns
@pytest.mark.parametrize("obstacle", ["told to end", "no folder", "another process"])
def test_a_worker_publishes_again_where_it_did_not_come_to_its_end(world: World, tmp_path: Path, obstacle: str) -> None:
    folder, stop = tmp_path / "site", threading.Event()
    config = Config(database=DatabaseSettings(url=world.url), sources=(), publish=PublishSettings(folder=folder))
    [pages] = [each for each in after_run.chores(config, world.database, stop=stop) if each.name == "pages"]
    with ExitStack() as lasting:
        if obstacle == "told to end":
            stop.set()
            lasting.callback(stop.clear)
        elif obstacle == "no folder":
            folder.write_text("x")
            lasting.callback(folder.unlink)
        else:
            lasting.enter_context(folders.held(folder))
        pages.work()
        assert not folder.is_dir() or MANIFEST not in contents(folder)
    pages.work()
    assert MANIFEST in contents(folder)
    shutil.rmtree(folder)
    pages.work()
    assert not folder.exists()  # no run has ended since


@pytest.mark.parametrize(
    "told",
    [
        *(
            {"files": files}
            for files in (["index.html"], None, {"index.html": 5}, {"": "x"}, {".": "x"}, {"a\0b": "x"})
        ),
        *({"files": {name: "x"}} for name in ("../victim", "a/../../victim", "/etc/passwd", ".hidden", "model//x")),
        *({"as_of": as_of} for as_of in ("yesterday", "", 5, None)),
        *({"change_id": number} for number in ("1", None, 1.5, True)),
        *({name: 7} for name in ("missing", "uid", "version", "settings", "unheard_of")),
        {"missing": [7]},
    ],
    ids=str,
)
def test_a_manifest_that_no_run_wrote_leads_to_no_file(world: World, tmp_path: Path, told: dict[str, object]) -> None:
    folder, victim = tmp_path / "site", tmp_path / "victim"
    victim.write_text("not ours")
    write(world.url, folder)
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps({**json.loads(manifest.read_bytes()), **told}))
    before = contents(folder)
    with pytest.raises(ConfigError, match="is no manifest of a published catalog"):
        write(world.url, folder)
    assert contents(folder) == before
    assert victim.read_text() == "not ours"


def test_names_of_others_in_the_list_of_new_files_are_passed_over(world: World, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("not ours")
    (folder := tmp_path / "site").mkdir()
    (folder / ".catalog-publish").write_text(f"../victim\n{victim}\n\ncut-by-a-full-di\nindex.html\n")
    write(world.url, folder)
    assert victim.read_text() == "not ours"
    assert not (folder / "cut-by-a-full-di").exists()


@pytest.mark.parametrize("name", ["index.html", "source", "watched", MANIFEST, ".catalog-publish"])
@pytest.mark.parametrize("target", ["file", "folder", "nowhere"])
def test_nothing_is_written_behind_a_link_of_the_folder(world: World, tmp_path: Path, name: str, target: str) -> None:
    (victim := tmp_path / "file").write_text("not ours")
    (outside := tmp_path / "folder").mkdir()
    world.lists("a")
    world.sync()
    write(world.url, folder := tmp_path / "site", source="one")
    place = folder / name
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    place.symlink_to(tmp_path / target)
    with pytest.raises(ConfigError):
        write(world.url, folder, source="one")
    assert victim.read_text() == "not ours"
    assert not [*outside.iterdir()]
    assert not (tmp_path / "nowhere").exists()


def test_the_folder_itself_may_be_a_link(world: World, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "site").symlink_to(tmp_path / "there")
    first, again = (write(world.url, tmp_path / "site") for _ in range(2))
    assert (tmp_path / "there" / MANIFEST).is_file()
    assert (first.unchanged, again.deleted) == (0, 0)


@pytest.mark.parametrize("limit", [0, 100, 1_500, 6_000])
def test_a_full_disk_is_told_as_one_and_leaves_no_half_file(world: World, tmp_path: Path, limit: int) -> None:
    folder, usual = tmp_path / "site", resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(databases.open_(world.url)) as database, database.read():  # so that SQLite has its own files
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, usual[1]))
        try:
            with pytest.raises(ConfigError, match=r"the pages cannot be written to .*File too large"):
                write(world.url, folder)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert MANIFEST not in contents(folder)
    assert not [*folder.rglob("*.partial")]
    left = contents(folder)
    write(world.url, folder)
    assert left.items() <= contents(folder).items()


def test_of_two_at_once_the_second_says_so_and_leaves(
    demo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CATALOG_DATABASE_URL", demo_url)
    assert cli.run(["publish", str(tmp_path / "site")]) == 0
    told = capsys.readouterr().out
    assert "files written, 0 unchanged, 0 deleted" in told
    assert "publish.base_url" in told
    with (tmp_path / "site" / ".catalog-publish").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert cli.run(["publish", str(tmp_path / "site")]) == 0
    assert "another process is publishing" in capsys.readouterr().err


def test_only_what_may_be_seen_is_in_any_byte(world: World, tmp_path: Path) -> None:
    world.lists("shown-a", "shown-b", *(f"hidden-{number}" for number in range(9)))
    world.sync()
    world.server.models = [plays.model(model["id"], max_tokens=5) for model in world.server.models]  # a wave
    world.sync()
    world.cut()
    write(world.url, tmp_path / "site", now=world.now, source="one", base_url=ABSOLUTE, models=("shown-*",))
    written = contents(tmp_path / "site")
    assert [name for name, body in written.items() if b"hidden-" in body] == []
    together = b"".join(written.values())
    host = urlsplit(world.server.url).netloc.encode()
    for secret in (b"hidden-", host, plays.ORGANIZATION.encode(), plays.KEY.encode(), b"HTTP 500"):
        assert secret not in together
    assert b"shown-a" in together


def test_hostile_ids_have_files_that_lead_nowhere_else(world: World, tmp_path: Path) -> None:
    world.lists(*(text for text in TEXTS if text.isprintable()))
    world.sync()
    write(world.url, tmp_path / "site", now=world.now, source="one")
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith("catalog.db")} == {"site"}
    assert len(list((tmp_path / "site" / "model" / "one").glob("*.html"))) == len(world.server.models)


def test_after_a_restore_all_is_made_anew(world: World, tmp_path: Path) -> None:
    world.lists("a")
    world.sync()
    write(world.url, tmp_path / "site", now=world.now, source="one")
    manifest = tmp_path / "site" / MANIFEST
    told = json.loads(manifest.read_text())
    (tmp_path / "site" / "model" / "one" / "a.html").write_text("older")
    manifest.write_text(json.dumps(told | {"uid": "of another change"}))
    write(world.url, tmp_path / "site", now=world.now, source="one")
    assert (tmp_path / "site" / "model" / "one" / "a.html").read_text() != "older"
