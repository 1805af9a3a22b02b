"""Annotations of GitHub Actions: what stands in them can begin no other command, and names the right file."""

from pathlib import Path

import pytest

from catalog.cli.building.annotations import annotation


@pytest.mark.parametrize(
    ("message", "spelled"),
    [
        ("plain: a, b", "plain: a, b"),
        ("100%", "100%25"),
        ("%0A", "%250A"),
        ("a\nb\r\nc", "a%0Ab%0D%0Ac"),
        ("a\n::error::b", "a%0A::error::b"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\udc80b", "a\\udc80b"),
        ("ä::b", "ä::b"),
    ],
)
def test_a_message_stays_on_its_line(message: str, spelled: str) -> None:
    assert annotation("error", message, title="t") == f"::error title=t::{spelled}"


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("src/a.py", "src/a.py"),
        ("./src/../src/a.py", "src/a.py"),
        ("a,line=9::b.py", "a%2Cline=9%3A%3Ab.py"),
        ("50%.py", "50%25.py"),
        ("a\nb.py", "a%0Ab.py"),
        ("a\r.py", "a%0D.py"),
    ],
)
def test_the_name_of_a_file_stays_one_property(
    name: str, spelled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    told = f"::warning file={spelled},line=3,col=7,title=x%3A y::m"
    assert annotation("warning", "m", title="x: y", path=Path(name), line=3, column=7) == told
    assert annotation("warning", "m", title="x: y", path=tmp_path / name, line=3, column=7) == told


def test_a_file_is_named_from_the_root_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "part").mkdir()
    monkeypatch.chdir(tmp_path / "part")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert annotation("error", "m", title="t", path=Path("a.py")) == "::error file=part/a.py,title=t::m"
    assert annotation("error", "m", title="t", path=Path("/x/a.py")) == "::error file=/x/a.py,title=t::m"
