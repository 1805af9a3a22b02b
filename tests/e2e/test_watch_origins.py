"""`catalog watch check` where no database is: it asks the lists themselves, or a published folder."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from catalog import cli, dates
from tests.e2e.ground import Ground
from tests.server import KEY, ModelsServer, model

SOON = dates.short(datetime.now(UTC) + timedelta(days=30))
NOTHING = '[sources.other]\nbase_url = "http://127.0.0.1:9"\nauth = "none"\ndeadline = "1s"\ntimeout = "1s"\n'


@pytest.fixture
def build(
    server: ModelsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Ground:
    """Have a configuration and a key, and no database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CATALOG_DATABASE_URL", raising=False)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    build = Ground(server, tmp_path, capsys)
    build.configure(base_url=server.url, page_size=2)
    server.models = [model("claude-a"), model("claude-b"), model("claude-soon", retires_at=SOON), model("claude-c")]
    return build


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def add(build: Ground, text: str) -> None:
    path = build.folder / "catalog.toml"
    path.write_text(path.read_text() + text)


# --file


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("claude-a\n", ["claude-a"]),
        ("\n  # only a comment\nclaude-a  # the bot\n\n\tclaude-b\n", ["claude-a", "claude-b"]),
        ("\ufeffclaude-a\r\nclaude-b\r\n", ["claude-a", "claude-b"]),
        ("anthropic:claude-b\nclaude-a", ["claude-b", "claude-a"]),
        ("claude-a\nclaude-a\n", ["claude-a"]),
    ],
)
def test_a_file_names_models_as_the_configuration_does(build: Ground, text: str, ids: list[str]) -> None:
    (build.folder / "ids.txt").write_bytes(text.encode())
    code, out, err = build.run("watch", "check", "--live", "--json", "--file", "ids.txt")
    assert (code, [one["id"] for one in json.loads(out)], err) == (0, ids, "")


def test_files_and_ids_come_together_and_instead_of_what_is_watched(build: Ground) -> None:
    (build.folder / "one.txt").write_text("claude-b\n")
    (build.folder / "two.txt").write_text("claude-c\n")
    add(build, '[watch]\nmodels = ["claude-never"]\n')
    code, out, _ = build.run("watch", "check", "--live", "--json", "--file", "one.txt", "claude-a", "--file", "two.txt")
    assert (code, [one["id"] for one in json.loads(out)]) == (0, ["claude-a", "claude-b", "claude-c"])


@pytest.mark.warns
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "nope.txt is not there"),
        (b"\xff\n", "no text in UTF-8"),
        (b"a\x07b\n", "line 1"),
        (b"# none\n", "no models"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_mistake(build: Ground, data: bytes | None, words: str) -> None:
    if data is not None:
        (build.folder / "nope.txt").write_bytes(data)
    code, out, err = build.run("watch", "check", "--live", "--file", "nope.txt")
    assert (code, out, words in err) == (2, "", True)


def test_annotations_name_the_line_of_each_file(build: Ground) -> None:
    build.server.models += [model("claude-old", lifecycle="deprecated")]
    (build.folder / "ids.txt").write_text("claude-a\n# more\nclaude-aa\nclaude-old\nclaude-soon\n")
    add(build, '[watch]\nfiles = ["ids.txt"]\n')
    for arguments in (["--file", "ids.txt"], []):
        code, out, err = build.run("watch", "check", "--live", "--format", "github", *arguments)
        unknown, old, soon = out.splitlines()
        assert (code, err) == (11, "")
        assert unknown.startswith(
            "::error file=ids.txt,line=3,title=model unknown::claude-aa: unknown: no list has it now"
        )
        assert old == "::warning file=ids.txt,line=4,title=model deprecated::claude-old at anthropic: deprecated"
        assert soon.startswith("::error file=ids.txt,line=5,title=model retiring::claude-soon at anthropic: retiring")
    _, out, _ = build.run("-q", "watch", "check", "--live", "--format", "github")
    assert [line.partition(" ")[0] for line in out.splitlines()] == ["::error", "::error"]
    assert build.run("watch", "check", "--live", "--format", "github", "x%\n")[1].startswith(
        "::error title=model unknown::x%25%0A"
    )


# --live


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        (["claude-a", "claude-c"], 0),
        (["claude-a", "claude-soon"], 10),
        (["claude-soon", "--days", "29"], 0),
        (["claude-aa"], 11),
        (["claude-soon", "claude-aa"], 11),
        (["anthropic:claude-a"], 0),
    ],
)
def test_the_lists_themselves_are_read_and_nothing_is_written(build: Ground, ids: list[str], code: int) -> None:
    before = files(build.folder)
    assert build.run("watch", "check", "--live", *ids)[0] == code
    assert files(build.folder) == before
    assert len(build.server.requests) == 2  # four models, two a page


def test_a_catalog_that_is_there_is_not_asked(build: Ground) -> None:
    (build.folder / "catalog.db").write_bytes(b"this is no database")
    assert build.run("watch", "check", "--live", "claude-a")[0] == 0
    assert (build.folder / "catalog.db").read_bytes() == b"this is no database"


def test_without_any_configuration_a_key_is_enough(build: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    (build.folder / "catalog.toml").unlink()
    monkeypatch.setenv("ANTHROPIC_BASE_URL", build.server.url)
    assert build.run("watch", "check", "--live", "claude-a")[0] == 0
    assert files(build.folder) == {}


@pytest.mark.warns
def test_a_list_that_cannot_be_read_counts_only_where_a_verdict_hangs_on_it(build: Ground) -> None:
    add(build, NOTHING)
    assert build.run("watch", "check", "--live", "claude-a")[0::2] == (0, "")
    code, out, err = build.run("watch", "check", "--live", "claude-a", "claude-aa")
    assert (code, "no list that could be read has it now" in out, "other: " in err) == (3, True, True)
    assert build.run("watch", "check", "--live", "anthropic:claude-aa")[0] == 11
    assert build.run("watch", "check", "--live", "--source", "anthropic", "claude-aa")[0] == 11
    assert build.run("watch", "check", "--live", "other:claude-a")[0] == 3


@pytest.mark.warns
def test_no_key_is_a_mistake_and_an_empty_list_is_no_list(build: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    build.server.models = []
    code, _, err = build.run("watch", "check", "--live", "claude-a")
    assert (code, "the list is empty" in err) == (12, True)
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    code, _, err = build.run("watch", "check", "--live", "claude-a")
    assert (code, "ANTHROPIC_API_KEY is not set" in err) == (2, True)


# --catalog


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def published(build: Ground) -> Ground:
    """Publish a catalog: claude-gone went after the first walk."""
    build.configure(confirm_after="0s", lifecycle=[])
    build.server.models += [model("claude-gone")]
    assert build.run("sync")[0] == 0
    build.server.models.pop()
    assert build.run("sync")[0] == 0
    assert build.run("publish", "site")[0] == 0
    (build.folder / "catalog.db").unlink()
    (build.folder / "catalog.toml").unlink()
    return build


@pytest.fixture
def address(published: Ground) -> Iterator[str]:
    """Serve the folder."""
    handler = partial(Quiet, directory=str(published.folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


CASES = [
    (["claude-a"], 0),
    (["claude-soon"], 10),
    (["claude-gone"], 10),
    (["claude-aa"], 11),
    (["anthropic:claude-a"], 0),
    (["anthropic:claude-aa"], 11),
    (["--source", "anthropic", "claude-a"], 0),
    (["--source", "anthropc", "claude-a"], 2),
]


@pytest.mark.warns
@pytest.mark.parametrize(("arguments", "code"), CASES)
def test_a_published_folder_knows_what_the_catalog_knew(published: Ground, arguments: list[str], code: int) -> None:
    before, requests = files(published.folder), len(published.server.requests)
    assert published.run("watch", "check", "--catalog", "site", *arguments)[0] == code
    assert (files(published.folder), len(published.server.requests)) == (before, requests)


@pytest.mark.warns
def test_it_may_be_on_a_web_server(published: Ground, address: str) -> None:
    for arguments, code in CASES:
        for end in ("/site", "/site/", "/site/index.html"):
            assert published.run("watch", "check", "--catalog", address + end, *arguments)[0] == code, (arguments, end)
    unknown = published.run("watch", "check", "--catalog", f"{address}/site", "claude-aa")[1]
    assert "no list ever had it; did you mean claude-a" in unknown


@pytest.mark.warns
def test_nothing_published_is_as_good_as_no_catalog(published: Ground, address: str) -> None:
    for place in (f"{address}/elsewhere", str(published.folder), "nowhere", "site/index.html"):
        code, out, err = published.run("watch", "check", "--catalog", place, "claude-a")
        assert (code, out, "there is no published catalog at" in err) == (12, "", True), place


@pytest.mark.warns
def test_a_folder_that_was_published_long_ago_is_stale(published: Ground) -> None:
    manifest = published.folder / "site" / "catalog.json"
    told = json.loads(manifest.read_text())
    told["sources"]["anthropic"]["last_whole_at"] = "2025-01-01T00:00:00.000000Z"
    manifest.write_text(json.dumps(told))
    code, _, err = published.run("watch", "check", "--catalog", "site", "claude-a")
    assert (code, "anthropic: the last whole walk ended" in err, "publish again" in err) == (12, True, True)


@pytest.mark.warns
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("catalog.json", b"<!doctype html>"),
        ("catalog.json", b"[]"),
        ("catalog.json", b"{}"),
        ("catalog.json", b'{"sources": {"a": {}}}'),
        ("catalog.json", b'{"sources": {"a": {"last_whole_at": "today", "stale_after": 1}}}'),
        ("catalog.json", b'{"sources": {"a": {"last_whole_at": null, "stale_after": "1"}}}'),
        ("catalog.json", b'{"sources": [1]}'),
        ("catalog.json", b"[" * 100_000),
        ("models-all.json", b"{}[]"),
        ("models-all.json", b"[1]"),
        ("models-all.json", b"\xff"),
        ("catalog.json", b'{"sources": {"a": {"last_whole_at": null, "stale_after": 1e300}}}'),
        ("models-all.json", b'[{"id": "a"}]'),
    ],
)
def test_what_this_program_did_not_publish_is_no_catalog(published: Ground, name: str, data: bytes) -> None:
    (published.folder / "site" / name).write_bytes(data)
    code, out, err = published.run("watch", "check", "--catalog", "site", "claude-a")
    assert (code, out, "site holds no catalog that this program published" in err) == (3, "", True)


@pytest.mark.warns
@pytest.mark.parametrize(
    ("place", "code", "words"),
    [
        ("http://models.example.org/", 2, "must be an https:// URL"),
        ("https://user:secret@models.example.org/", 2, "must not hold a user or password"),
        ("https://models.example.org/?x=1", 2, "must not hold a query"),
        ("ftp://models.example.org/", 2, "must be a URL such as"),
        ("http://127.0.0.1:9/", 3, "http://127.0.0.1:9/catalog.json: "),
    ],
)
def test_an_address_is_https_or_on_this_machine(build: Ground, place: str, code: int, words: str) -> None:
    found, out, err = build.run("watch", "check", "--catalog", place, "claude-a")
    assert (found, out, words in err, "secret" in err) == (code, "", True, False)


@pytest.mark.warns
@pytest.mark.parametrize(
    "arguments", [["--live", "--catalog", "site"], ["--json", "--format", "github"], ["--format", "xml"]]
)
def test_options_that_contradict_each_other_are_a_mistake(build: Ground, arguments: list[str]) -> None:
    assert build.run("watch", "check", "claude-a", *arguments)[0] == 2
    assert cli.run(["watch", "check", "claude-a", *arguments]) == 2
