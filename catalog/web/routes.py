"""The table of routes: a resource is a path without suffix, a representation is its suffix."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.web import moments, screens, shapes, timeline
from catalog.web.server.visit import Listing, Visit, WebAnswer

_PART = re.compile("<([a-z]+)>")
HEALTH = "healthz"
STATIC = "static"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Route:
    """One resource: its page fills in the template of its name, its rows make JSON and CSV."""

    name: str
    title: str
    path: str = ""  # as werkzeug writes a rule, without suffix; empty: the name
    page: Callable[[Visit], Mapping[str, Any]] | None = None
    rows: Callable[[Visit], Listing] | None = None
    has_csv: bool = True
    others: Mapping[str, Callable[[Visit], WebAnswer]] = field(default_factory=dict)  # representations by suffix
    in_nav: bool = False

    @property
    def rule(self) -> str:
        """The path of its addresses, without suffix."""
        return f"/{self.path or self.name}"

    def address(self, path: Mapping[str, str]) -> str:
        """Fill in the parts of the path: where it is below the root of the site, without suffix."""
        return _PART.sub(lambda found: path[found[1]], self.rule).lstrip("/")

    @property
    def forms(self) -> tuple[str, ...]:
        """The suffixes of its representations."""
        rows = ("json", "csv") if self.has_csv else ("json",)
        return (*(["html"] if self.page else []), *(rows if self.rows else []), *self.others)


# Feeds, calendars, pictures and the mirror go into `others`, under their suffix.
ROUTES = (
    Route(name="index", title="Today", page=screens.index, in_nav=True),
    Route(name="models", title="Models", page=screens.models, rows=screens.model_rows, in_nav=True),
    Route(
        name="model",
        title="",
        path="model/<source>/<name>",
        page=screens.model,
        rows=screens.story_rows,
        has_csv=False,
        others={"atom": shapes.model_atom, "ics": shapes.model_ics, "svg": shapes.model_svg},
    ),
    Route(name="timeline", title="Timeline", page=timeline.page, others={"svg": timeline.file}, in_nav=True),
    Route(name="watch", title="Your models", page=screens.watch_page, rows=screens.watch_rows),
    Route(
        name="retirements",
        title="Retirements",
        page=screens.retirements,
        rows=screens.retirement_rows,
        others={"ics": shapes.retirements_ics},
    ),
    Route(
        name="changes",
        title="Changes",
        page=screens.changes,
        rows=screens.change_rows,
        others={"atom": shapes.changes_atom, "feed.json": shapes.changes_json},
        in_nav=True,
    ),
    Route(name="diff", title="Compare", page=moments.page, rows=moments.rows, in_nav=True),
    Route(name="runs", title="Runs", page=screens.runs, rows=screens.run_rows),
    Route(
        name="status",
        title="Status",
        page=screens.status,
        rows=screens.status_rows,
        has_csv=False,
        others={"svg": shapes.status_svg},
        in_nav=True,
    ),
)
