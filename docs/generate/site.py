"""The documentation as a site, made by Sphinx: with search, strict about links, and nothing loaded from elsewhere."""

from pathlib import Path

_SETTINGS = Path(__file__).with_name("sphinx")
_ENTRANCE = """\
<!doctype html>
<meta charset="utf-8">
<title>Model catalog</title>
<meta http-equiv="refresh" content="0; url=docs/index.html">
<a href="docs/index.html">Model catalog: the documentation</a>
"""


def build(root: Path, folder: Path) -> int:
    """Write the site into a folder; gives 1 where a link is dead or a page cannot be read, which Sphinx says."""
    from sphinx.cmd.build import main

    options = ["-q", "-W", "--keep-going", "-b", "html", "-c", str(_SETTINGS), "-d", str(folder / ".doctrees")]
    code = main([*options, str(root), str(folder)])
    (folder / "index.html").write_text(_ENTRANCE, "utf-8")
    return int(code)
