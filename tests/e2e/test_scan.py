"""`catalog watch scan`: which files are read, what is said of the names in them, and with which code it ends."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalog import dates
from catalog.cli.building import tree
from tests.e2e.ground import Ground
from tests.server import KEY, ModelsServer, model

SOON = dates.short(datetime.now(UTC) + timedelta(days=30))
GONE, RETIRING = "claude-gone", "claude-soon"


@pytest.fixture
def code(
    server: ModelsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Ground:
    """Have a catalog in which claude-gone went after the first walk, and a folder `src` beside it."""
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    code = Ground(server, tmp_path, capsys)
    code.configure(base_url=server.url, confirm_after="0s")
    stay = [model("claude-fine"), model("claude-old", lifecycle="deprecated"), model(RETIRING, retires_at=SOON)]
    server.models = [*stay, model(GONE), model("o3")]
    assert code.run("sync")[0] == 0
    server.models = stay
    assert code.run("-q", "sync", "--accept-removals")[0] == 0
    assert code.run("-q", "sync", "--accept-removals")[0] == 0
    return code


def write(code: Ground, name: str, text: str | bytes = f'"{GONE}"\n') -> Path:
    path = code.folder / "src" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def git(code: Ground, *arguments: str) -> None:
    base = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(code.folder / "src")]
    subprocess.run([*base, *arguments], check=True, capture_output=True)


def scanned(code: Ground, *arguments: str) -> list[str]:
    """Give the files in which something was found."""
    _, out, _ = code.run("watch", "scan", "--json", *(arguments or ["src"]))
    return [one["file"] for one in json.loads(out)]


@pytest.mark.parametrize(
    ("text", "exit_code"),
    [
        ("", 0),
        ('"claude-fine"', 0),
        ('"claude-old"', 0),
        ("claude-soon", 10),
        ("claude-gone", 10),
        ("# anthropic/claude-gone", 10),
        ('"o3"', 10),
        ("o3", 0),
        ('"claude-fnie"', 11),
        ("claude-fnie", 0),
        ('"claude-fnie" claude-gone', 11),
        ('"claude-fnie"  # catalog: ignore\n"claude-gone"  # catalog: ignore', 0),
    ],
)
def test_the_code_is_that_of_a_check(code: Ground, text: str, exit_code: int) -> None:
    write(code, "a.py", text)
    assert code.run("watch", "scan", "src")[0] == exit_code


def test_each_place_has_a_line(code: Ground) -> None:
    write(code, "a.py", 'OLD = "anthropic/claude-gone"\r\nNEW = "claude-fnie"  # was claude-soon\r\n')
    write(code, "b/c.lock", "model: claude-fine\nmodel: claude-soon")
    exit_code, out, err = code.run("watch", "scan", "src")
    lines = out.splitlines()
    assert exit_code == 11
    assert lines[0].startswith("src/a.py:1:18: claude-gone gone at anthropic: not listed since 20")
    assert lines[1] == "src/a.py:2:8: claude-fnie misspelt: it is in no list; did you mean claude-fine?"
    assert lines[2].startswith("src/a.py:2:28: claude-soon retiring at anthropic: retires 20")
    assert lines[3].startswith("src/b/c.lock:2:8: claude-soon retiring")
    assert (len(lines), err) == (4, "4 findings in 2 of 2 files: 1 gone, 1 misspelt, 2 retiring\n")
    assert code.run("-q", "watch", "scan", "src")[1:] == (out, "")
    assert code.run("watch", "scan", "src", "--days", "10")[1].count("retiring") == 0


def test_json_and_annotations_say_the_same(code: Ground) -> None:
    write(code, "a.py", '\n  "claude-gone" "claude-fnie"\n')
    exit_code, out, err = code.run("watch", "scan", "src", "--format", "json")
    gone, slip = json.loads(out)
    assert (exit_code, err) == (11, "")
    assert list(gone) == [
        *("file", "line", "column", "id", "verdict", "source", "text", "retires_at", "removed_at", "did_you_mean")
    ]
    assert [gone[name] for name in ("file", "line", "column", "id", "verdict", "source")] == [
        *("src/a.py", 2, 4, "claude-gone", "gone", "anthropic")
    ]
    assert [slip[name] for name in ("line", "column", "id", "verdict", "source", "did_you_mean")] == [
        *(2, 18, "claude-fnie", "misspelt", None, ["claude-fine"])
    ]
    first, second = code.run("watch", "scan", "src", "--format", "github")[1].splitlines()
    assert first.startswith("::error file=src/a.py,line=2,col=4,title=model gone::claude-gone at anthropic: gone: not")
    assert second.startswith("::error file=src/a.py,line=2,col=18,title=model misspelt::claude-fnie: misspelt: it is")


def test_a_source_that_is_named_before_an_id_is_the_one_that_is_meant(
    code: Ground, server: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", KEY)
    path = code.folder / "catalog.toml"
    path.write_text(f'{path.read_text()}[sources.other]\nbase_url = "{server.url}"\napi_key_env = "OTHER_KEY"\n')
    server.models = [model(GONE), model("claude-fine")]
    assert code.run("sync", "other")[0] == 0
    write(code, "a.py", "anthropic/claude-gone\nother:claude-gone\nclaude-gone\n")
    found = json.loads(code.run("watch", "scan", "--json", "src")[1])
    assert [(one["line"], one["source"]) for one in found] == [(1, "anthropic"), (3, "anthropic")]
    assert code.run("watch", "scan", "--source", "other", "src")[0] == 0


@pytest.mark.parametrize("where", [[], ["--catalog", "site"]])
def test_an_id_of_a_source_that_is_not_configured_any_more_is_no_misspelling(
    code: Ground, server: ModelsServer, monkeypatch: pytest.MonkeyPatch, where: list[str]
) -> None:
    monkeypatch.setenv("OTHER_KEY", KEY)
    path = code.folder / "catalog.toml"
    before = path.read_text()
    path.write_text(f'{before}[sources.other]\nbase_url = "{server.url}"\napi_key_env = "OTHER_KEY"\n')
    server.models = [model("claude-find"), model("claude-fine")]
    assert code.run("sync", "other")[0] == 0
    path.write_text(before)
    assert code.run("publish", "site")[0] == 0
    write(code, "a.py", '"claude-find" "claude-fime"\n')
    _, out, _ = code.run("watch", "scan", "--json", "src", *where)
    assert [one["id"] for one in json.loads(out)] == ["claude-fime"]


# Which files


def test_in_git_only_what_it_tracks_is_read(code: Ground) -> None:
    git(code, "init", "-q")
    for name in ("tracked.py", "deep/tracked.py", "untracked.py", "ignored.log", "deleted.py", "-odd name\n.py"):
        write(code, name)
    write(code, ".gitignore", "*.log\n")
    git(code, "add", "--", "tracked.py", "deep", "deleted.py", ".gitignore", "-odd name\n.py")
    (code.folder / "src" / "deleted.py").unlink()
    assert scanned(code) == ["src/-odd name\n.py", "src/deep/tracked.py", "src/tracked.py"]
    assert scanned(code, "src/deep") == ["src/deep/tracked.py"]
    assert scanned(code, "src/deep", "src") == ["src/deep/tracked.py", "src/-odd name\n.py", "src/tracked.py"]
    assert scanned(code, "src/untracked.py") == ["src/untracked.py"]  # named by itself
    assert scanned(code, ".") == ["src/-odd name\n.py", "src/deep/tracked.py", "src/tracked.py"]  # in a folder without
    git(code, "commit", "-qm", "one")
    assert scanned(code, "src/deep") == ["src/deep/tracked.py"]


def test_a_hook_of_git_speaks_of_no_other_repository(code: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    git(code, "init", "-q")
    write(code, "a.py")
    git(code, "add", ".")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "nothing")
    assert scanned(code) == ["src/a.py"]


@pytest.mark.warns
def test_no_program_that_a_repository_names_is_started(code: Ground) -> None:
    git(code, "init", "-q")
    hook = write(code, "hook.sh", "#!/bin/sh\ntouch started\n")
    hook.chmod(0o755)
    git(code, "add", ".")
    git(code, "config", "core.fsmonitor", str(hook))
    assert code.run("watch", "scan", "src")[0] == 0
    assert not list(code.folder.rglob("started"))


@pytest.mark.warns
def test_where_git_is_not_there_all_is_read_and_that_is_said(code: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    git(code, "init", "-q")
    write(code, "untracked.py")
    monkeypatch.setenv("PATH", "/nowhere")
    exit_code, out, err = code.run("watch", "scan", "src")
    assert (exit_code, out.count("\n"), "git is not there" in err) == (10, 1, True)


@pytest.mark.warns
def test_where_git_refuses_nothing_is_claimed(code: Ground) -> None:
    git(code, "init", "-q")
    (code.folder / "src" / ".git" / "HEAD").write_text("broken")
    write(code, "a.py")
    exit_code, out, err = code.run("watch", "scan", "src")
    assert (exit_code, out, "git does not tell which files of src it tracks" in err) == (2, "", True)


@pytest.mark.warns
@pytest.mark.parametrize(
    ("name", "text", "is_read"),
    [
        ("a.py", f'"{GONE}"', True),
        ("a", f"{GONE}", True),
        (".env", f"MODEL={GONE}", True),
        (".github/workflows/a.yml", f"model: {GONE}", True),
        ("package-lock.json", f'{{"{GONE}": 1}}', True),
        ("bom.txt", b"\xef\xbb\xbf" + GONE.encode(), True),
        ("crlf.txt", f"a\r\n{GONE}\r\n", True),
        ("latin.txt", b"\xe4\xf6\xfc " + GONE.encode() + b" \xff", True),
        ("long.js", b"x;" * 2_000_000 + b'"' + GONE.encode() + b'";' + b"y" * 100, True),
        ("longer.js", b"x" * 3_000_000 + b" " + GONE.encode(), True),
        ("binary", b"\x7fELF\0 " + GONE.encode(), False),
        ("utf16.txt", GONE.encode("utf-16"), False),
        (".git/config", GONE, False),
        ("deep/.git/config", GONE, False),
        ("empty", b"", False),
    ],
)
def test_text_is_read_and_nothing_else(code: Ground, name: str, text: str | bytes, is_read: bool) -> None:
    write(code, name, text)
    if ".git/" in name:
        write(code, name.replace("config", "HEAD"), "ref: refs/heads/main\n")
        write(code, name.replace("config", "objects/a"), "")
        write(code, name.replace("config", "refs/a"), "")
        (code.folder / "src" / name).write_text("[core]\n# " + GONE)
    assert scanned(code) == ([f"src/{name}"] if is_read else [])


def test_no_name_is_lost_where_a_long_line_is_cut(code: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_BLOCK", 64)
    monkeypatch.setattr(tree, "_CUT", 40)
    line = " ".join(["x" * number + f' "{GONE}"' for number in range(1, 40)])
    write(code, "a.js", f"{line}\n  {GONE}")
    found = json.loads(code.run("watch", "scan", "--json", "src")[1])
    whole = [(1, at + 1) for at in range(len(line)) if line.startswith(GONE, at)]
    assert [(one["line"], one["column"]) for one in found] == [*whole, (2, 3)]


@pytest.mark.warns
def test_no_file_at_all_is_said(code: Ground) -> None:
    exit_code, out, err = code.run("watch", "scan", "src")
    assert (exit_code, out, "there is no file to read" in err) == (0, "", True)
    write(code, "untracked.py")
    git(code, "init", "-q")
    exit_code, out, err = code.run("watch", "scan", "src")
    assert (exit_code, out, "there is no file to read" in err) == (0, "", True)


def test_links_are_not_followed_and_odd_files_do_not_hang(code: Ground, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text(GONE)
    (code.folder / "src" / "link.py").symlink_to(outside / "a.py")
    (code.folder / "src" / "folder").symlink_to(outside)
    (code.folder / "src" / "dangling").symlink_to("nowhere")
    os.mkfifo(code.folder / "src" / "pipe")
    assert code.run("watch", "scan", "src") == (0, "", "nothing found in 1 file\n")
    assert scanned(code, "src/link.py") == [str(outside / "a.py")]  # named by itself
    git(code, "init", "-q")
    write(code, "real/a.py")
    git(code, "add", ".")
    (code.folder / "src" / "real" / "a.py").unlink()
    (code.folder / "src" / "real").rmdir()
    (code.folder / "src" / "real").symlink_to(outside)
    assert scanned(code) == []


def test_a_file_that_vanishes_or_may_not_be_read_is_passed_over(code: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    write(code, "a.py")
    write(code, "b.py")
    real: Callable[[Path], object] = tree.blocks

    def blocks(path: Path) -> object:
        (code.folder / "src" / "a.py").unlink(missing_ok=True)
        return real(path)

    monkeypatch.setattr(tree, "blocks", blocks)
    assert scanned(code) == ["src/b.py"]


def test_a_folder_that_may_not_be_searched_is_passed_over() -> None:
    """It was "unexpected: PermissionError", when git was looked for in it."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)
        (folder / "a.py").touch()
        (folder / "closed").mkdir(mode=0o600)
        user = os.geteuid()
        os.seteuid(user or 65534)  # root may search all folders
        try:
            assert list(tree.files(folder, print)) == [folder / "a.py"]
        finally:
            os.seteuid(user)


def test_names_of_files_can_do_no_harm(code: Ground) -> None:
    write(code, "a\n::error::b\x1b[31m,%.py")
    out = code.run("watch", "scan", "src")[1]
    assert out.startswith("src/a\\n::error::b\\x1b[31m,%.py:1:2: claude-gone gone")
    out = code.run("watch", "scan", "--format", "github", "src")[1]
    assert out.startswith("::error file=src/a%0A%3A%3Aerror%3A%3Ab\\x1b[31m%2C%25.py,line=1,col=2,")
    assert (out.count("\n"), len(scanned(code))) == (1, 1)
    (code.folder / "src" / "a\n::error::b\x1b[31m,%.py").unlink()
    path = os.fsencode(code.folder / "src") + b"/\xff.py"
    with open(path, "wb") as file:  # noqa: PTH123 - a name that is no UTF-8
        file.write(GONE.encode())
    assert "src/\\udcff.py:1:1: claude-gone" in code.run("watch", "scan", "src")[1]
    assert scanned(code) == ["src/\udcff.py"]


def test_a_terminal_sees_colour_unless_it_wants_none(code: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    write(code, "a.py", f"{GONE} {RETIRING}")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    out = code.run("watch", "scan", "src")[1]
    assert ("\x1b[31mgone\x1b[0m" in out, "\x1b[33mretiring\x1b[0m" in out) == (True, True)
    for name, value, usual in (("TERM", "dumb", "xterm"), ("NO_COLOR", "1", "")):
        monkeypatch.setenv(name, value)
        assert "\x1b" not in code.run("watch", "scan", "src")[1]
        monkeypatch.setenv(name, usual)


# Whom it asks


@pytest.mark.warns
def test_it_needs_no_database(code: Ground) -> None:
    write(code, "a.py", '"claude-fnie" claude-soon claude-gone')
    assert code.run("publish", "site")[0] == 0
    (code.folder / "catalog.db").unlink()
    before = sorted(code.folder.rglob("*"))
    live, published = (
        [one["verdict"] for one in json.loads(code.run("watch", "scan", "--json", "src", *where)[1])]
        for where in (["--live"], ["--catalog", "site"])
    )
    assert (live, published) == (["misspelt", "retiring"], ["misspelt", "retiring", "gone"])
    assert sorted(code.folder.rglob("*")) == before
    exit_code, out, err = code.run("watch", "scan", "src")
    assert (exit_code, out, "there is no catalog" in err) == (12, "", True)


@pytest.mark.warns
def test_a_list_that_was_never_read_counts_only_where_a_verdict_hangs_on_it(code: Ground) -> None:
    path = code.folder / "catalog.toml"
    path.write_text(f'{path.read_text()}[sources.other]\nbase_url = "http://127.0.0.1:9"\n')
    write(code, "a.py", "claude-fine")
    assert code.run("watch", "scan", "src")[0] == 0
    write(code, "a.py", "claude-gone")
    assert code.run("watch", "scan", "src")[0] == 10
    write(code, "a.py", '"claude-fnie"')
    exit_code, _, err = code.run("watch", "scan", "src")
    assert (exit_code, "other: was never read whole" in err) == (12, True)
    write(code, "a.py", "nothing")
    assert code.run("watch", "scan", "--source", "other", "src")[0] == 12


@pytest.mark.warns
@pytest.mark.parametrize("arguments", [[], ["nowhere"], ["src", "--source", "nope"]])
def test_what_cannot_be_scanned_is_a_mistake(code: Ground, arguments: list[str]) -> None:
    exit_code, out, _ = code.run("watch", "scan", *arguments)
    assert (exit_code, out) == (2, "")
