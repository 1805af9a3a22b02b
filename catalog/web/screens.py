"""What each resource asks the catalog for, as rows for programs and as values for its template."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from catalog.errors import UnknownModelError
from catalog.health import Level
from catalog.store.queries import history
from catalog.store.queries.history import Story
from catalog.tabular import record
from catalog.web import names, pages
from catalog.web.visit import Listing, Visit

_AHEAD = 60  # days in which a retirement is near


def models(visit: Visit) -> Mapping[str, Any]:
    """Show the list."""
    found = list(islice(history.models(visit.connection), 100))
    return {"models": found, "several": len({each.source for each in found}) > 1}


def model_rows(visit: Visit) -> Listing:
    """List the models."""
    found = islice(history.models(visit.connection), 100)
    return Listing(columns=history.MODEL_COLUMNS, rows=[record(each, history.MODEL_COLUMNS) for each in found])


def model(visit: Visit) -> Mapping[str, Any]:
    """Show one model: how it fares, its story, its states and its fields."""
    found = _story(visit)
    return {
        "title": found.model.display_name or found.model.id,
        "model": found.model,
        "verdict": pages.verdict(found.model, found.changes, visit.now, _AHEAD),
        "events": pages.story(found.changes),
        "states": pages.with_previous(found.states),
        "fields": history.fields(found.model),
    }


def story_rows(visit: Visit) -> Listing:
    """Give what `catalog show --json` prints."""
    found = _story(visit)
    states = [record(each, history.STATE_COLUMNS) for each in found.states]
    changes = [record(each, history.CHANGE_COLUMNS) for each in found.changes]
    row = {**record(found.model, history.MODEL_COLUMNS), "history": states, "changes": changes}
    return Listing(columns=(), rows=[row])


def _story(visit: Visit) -> Story:
    source, sought = names.id_or_prefix(visit.path["source"]), names.id_or_prefix(visit.path["name"])
    found = []
    if source and source.is_whole and sought and sought.is_whole:
        found = history.stories(visit.connection, sought.text, source=source.text)
    if not found:
        raise UnknownModelError("no model of that address was ever seen", hint="search for it on the page of models")
    return found[0]


def status(visit: Visit) -> Mapping[str, Any]:
    """Show what works and what does not."""
    health = visit.health(names=True)
    problems = [each for each in health.findings if each.level is Level.PROBLEM]
    return {
        "health": health,
        "problems": problems,
        "notes": [each for each in health.findings if each.level is Level.NOTE],
        "runs": list(history.runs(visit.connection, limit=20)),
    }


def status_rows(visit: Visit) -> Listing:
    """Give what `catalog status --json` prints."""
    health = visit.health(names=True)
    return Listing(columns=(), rows=health.objects())
