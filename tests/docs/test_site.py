"""The documentation becomes a site in which all links hold, with search, and nothing is loaded from elsewhere."""

import re
from pathlib import Path

import pytest

from docs.generate import pages, site

# Of what MyST-Parser still calls.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

# What a browser loads by itself; a link that a person may follow is none of it.
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|audio|video|embed|object)\b[^>]*?\b(?:src|srcset|data)\s*=\s*["']?\s*((?:https?:)?//[^"'>\s]+)"""
    r"""|<link\b[^>]*?\bhref\s*=\s*["']?\s*((?:https?:)?//[^"'>\s]+)"""
    r"""|(?:@import|url\()\s*["']?\s*((?:https?:)?//[^"')\s]+)"""
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    assert site.build(pages.ROOT, folder) == 0, "a link is dead, or a page is in no list: see above"
    return folder


def test_every_page_is_there_and_the_entrance_leads_to_the_index(built: Path) -> None:
    sources = [path.relative_to(pages.ROOT) for path in pages.ROOT.glob("docs/**/*.md")]
    assert [str(path) for path in sources if not (built / path.with_suffix(".html")).exists()] == []
    assert len(sources) > 25
    assert "url=docs/index.html" in (built / "index.html").read_text("utf-8")


def test_a_browser_loads_nothing_from_elsewhere(built: Path) -> None:
    files = [path for path in built.rglob("*") if path.suffix in {".html", ".css", ".js", ".svg"}]
    found = {
        (str(path.relative_to(built)), "".join(address))
        for path in files
        for address in LOADED.findall(path.read_text("utf-8"))
    }
    assert found == set()
    assert len(files) > 30


def test_it_can_be_searched(built: Path) -> None:
    assert "baselin" in (built / "searchindex.js").read_text("utf-8")
    assert 'src="_static/searchtools.js' in (built / "search.html").read_text("utf-8")


def test_a_dead_link_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tree" / "docs").mkdir(parents=True)
    (tmp_path / "tree" / "docs" / "index.md").write_text("# A page\n\n## Part\n\n[nowhere](nowhere.md)\n")
    assert site.build(tmp_path / "tree", tmp_path / "site") != 0
    assert "nowhere" in capfd.readouterr().err
