"""Files that appear whole or not at all, whatever their name leads to."""

import errno
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from catalog import files

Write = Callable[..., AbstractContextManager[Path]]
Lay = Callable[[Path], tuple[Path, Path]]  # in a folder; gives the name to write, and the file it leads to


def plain(folder: Path) -> tuple[Path, Path]:
    return folder / "name", folder / "name"


def link(folder: Path) -> tuple[Path, Path]:
    (folder / "deep").mkdir()
    (folder / "name").symlink_to("deep/file")
    return folder / "name", folder / "deep" / "file"


def absolute_link(folder: Path) -> tuple[Path, Path]:
    (folder / "name").symlink_to(folder / "file")
    return folder / "name", folder / "file"


def link_to_link(folder: Path) -> tuple[Path, Path]:
    (folder / "name").symlink_to("second")
    (folder / "second").symlink_to("../" + folder.name + "/file")
    return folder / "name", folder / "file"


def linked_folder(folder: Path) -> tuple[Path, Path]:
    (folder / "real").mkdir()
    (folder / "linked").symlink_to("real")
    return folder / "linked" / "name", folder / "real" / "name"


def odd_name(folder: Path) -> tuple[Path, Path]:
    inner = folder / os.fsdecode(b"50%25 \xff\n?#")
    inner.mkdir()
    return inner / "x%s", inner / "x%s"


def long_name(folder: Path) -> tuple[Path, Path]:
    return folder / ("\u00e9" * 127), folder / ("\u00e9" * 127)


LAYS = [plain, link, absolute_link, link_to_link, linked_folder, odd_name, long_name]


def links(folder: Path) -> dict[str, str]:
    return {str(path): str(path.readlink()) for path in folder.rglob("*") if path.is_symlink()}


@pytest.mark.parametrize("lay", LAYS)
@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path, lay: Lay, there: bool) -> None:
    # What node_exporter read behind the link stayed as it was for ever.
    name, place = lay(tmp_path)
    if there:
        place.write_text("old")
    before = links(tmp_path)
    with files.replacing(name, mode=0o644) as unfinished:
        unfinished.write_text("new")
        assert name.exists() is there
        assert not there or name.read_text() == "old"
    assert (place.read_text(), place.stat().st_mode & 0o777) == ("new", 0o644)
    assert not place.is_symlink()
    assert links(tmp_path) == before
    assert sorted(path.name for path in place.parent.iterdir() if path.name.endswith(".partial")) == []


@pytest.mark.parametrize("lay", LAYS)
def test_a_new_file_takes_a_free_name_only_and_through_a_link_that_leads_nowhere_yet(tmp_path: Path, lay: Lay) -> None:
    name, place = lay(tmp_path)
    before = links(tmp_path)
    with files.appearing(name, mode=0o600) as unfinished:
        unfinished.write_text("new")
        assert not place.exists()
    with pytest.raises(FileExistsError), files.appearing(name, mode=0o600):
        pytest.fail("there is a file already")
    assert (place.read_text(), place.stat().st_mode & 0o777) == ("new", 0o600)
    assert links(tmp_path) == before


def test_a_name_that_is_taken_meanwhile_stays_as_it_is(tmp_path: Path) -> None:
    writing = files.appearing(tmp_path / "name", mode=0o600)
    writing.__enter__().write_text("mine")
    (tmp_path / "name").write_text("theirs")
    with pytest.raises(FileExistsError):
        writing.__exit__(None, None, None)
    assert (tmp_path / "name").read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [tmp_path / "name"]


@pytest.mark.parametrize("write", [files.replacing, files.appearing])
def test_what_is_not_finished_changes_nothing(tmp_path: Path, write: Write) -> None:
    name, place = link(tmp_path)
    if write is files.replacing:
        place.write_text("old")
    writing = write(name, mode=0o644)
    writing.__enter__().write_text("half")
    assert not writing.__exit__(KeyError, KeyError(), None)
    assert [path.read_text() for path in place.parent.iterdir()] == (["old"] if write is files.replacing else [])
    assert name.is_symlink()


@pytest.mark.parametrize("write", [files.replacing, files.appearing])
def test_links_in_a_circle_are_refused(tmp_path: Path, write: Write) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)), write(tmp_path / "a", mode=0o644):
        pytest.fail("it leads nowhere")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_where_there_are_no_hard_links_a_free_name_is_taken_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    for expected in ("new", "new"):
        try:
            with files.appearing(tmp_path / "name", mode=0o600) as unfinished:
                unfinished.write_text("new")
        except FileExistsError:
            pass
        assert (tmp_path / "name").read_text() == expected
    assert list(tmp_path.iterdir()) == [tmp_path / "name"]


@pytest.mark.parametrize(
    ("left", "is_ours"),
    [
        (".index.html.abcdefgh.partial", True),
        (f".{'x' * 40}.abc_1fgh.partial", True),  # as much of a long name as stands there
        *((f".{name}.abcdefgh.partial", False) for name in ("other.html", "x" * 39, "index.htm", "ndex.html")),
        *((name, False) for name in ("index.html", ".index.html.partial", "index.html.abcdefgh.partial", ".partial")),
        (".index.html.abcdefgh.part", False),
        (".index.html.toolongforit.partial", False),
    ],
)
def test_what_killed_writers_left_of_our_files_is_swept_away_and_nothing_else(
    tmp_path: Path, left: str, is_ours: bool
) -> None:
    (tmp_path / left).mkdir()
    (tmp_path / left / "file").write_text("half")
    files.sweep(tmp_path, ["index.html", "x" * 200])
    assert (tmp_path / left / "file").exists() != is_ours


def test_no_link_is_followed_to_sweep(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("not ours")
    (tmp_path / ".a.abcdefgh.partial").symlink_to(tmp_path / "there")
    files.sweep(tmp_path, ["a"])
    assert (tmp_path / "there" / "file").exists()
