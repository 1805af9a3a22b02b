"""How Sphinx makes a site of the documentation: `./dev docs --site`. Its source is the whole tree, so links hold."""

import re
from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "Model catalog"
html_title = project
root_doc = "docs/index"
extensions = ["myst_parser"]
include_patterns = ["docs/*.md", "docs/*/*.md", "*.md", "deploy/*.md", "bench/*.md"]
exclude_patterns = [".*", "site", "tests", "catalog", "migrations", "requirements"]
html_theme = "furo"
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 4
nitpicky = True

_BESIDE = ("README", "deploy/README", "CHANGELOG", "CONTRIBUTING", "bench/README")


def setup(app: "Sphinx") -> None:
    """Let the index lead to all pages, for the sidebar; the file itself stays plain Markdown."""
    app.connect("source-read", _add_contents)
    app.add_lexer("cron", TextLexer)  # a language of ours: a test runs what stands in it


def _add_contents(app: "Sphinx", name: str, source: list[str]) -> None:
    if name == root_doc:
        parts = re.split(r"^## (.+)\n", source[0], flags=re.MULTILINE)[1:]
        trees = [
            _tree(title, re.findall(r"\]\(((?!\.\.)[^)]+)\.md\)", body))
            for title, body in zip(parts[::2], parts[1::2], strict=True)
        ]
        trees.append(_tree("Beside", [f"/{page}" for page in _BESIDE if (app.srcdir / f"{page}.md").exists()]))
        source[0] += "\n".join(trees)


def _tree(title: str, pages: list[str]) -> str:
    return "\n".join(["", "```{toctree}", ":hidden:", f":caption: {title}", "", *pages, "```", ""])
