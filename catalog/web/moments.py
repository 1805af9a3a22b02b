"""Puts two moments side by side: what came, what went, and what changed in between."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby
from typing import Any, NamedTuple

from catalog import dates, tabular
from catalog.domain import Kind, Place
from catalog.store.queries import differences
from catalog.store.queries.differences import MomentDifference
from catalog.web import asked, pages
from catalog.web.asked import Moment, QuestionError
from catalog.web.server.visit import Listing, Visit, listed

_WEEK = timedelta(days=7)
_FIRST = datetime.min.replace(tzinfo=UTC)


class ModelDifference(NamedTuple):
    """What differs for one model."""

    source: str
    id: str
    kind: Kind
    fields: tuple[pages.ShownField, ...]


def page(visit: Visit) -> Mapping[str, Any]:
    """Show two moments side by side."""
    start, end = _moments(visit)
    groups, more = _differences(visit)
    found = [_difference(each) for each in groups]
    changed = [each for each in found if each.kind is Kind.CHANGED]
    return {
        "start": start,
        "end": end,
        "came": [each for each in found if each.kind is Kind.ADDED],
        "went": [each for each in found if each.kind is Kind.REMOVED],
        "changed": sorted(changed, key=lambda each: not any(map(_is_grave, each.fields))),
        "then": [asked.write(asked.ModelsQuestion(as_of=each)) for each in (start, end)],
        "on": more and asked.write(visit.question, after=more),
    }


def _is_grave(change: pages.ShownField) -> bool:
    """Tell whether a change says that a model nears its end."""
    return change.path in {"deprecated_at", "retires_at"} or (
        change.path == "lifecycle" and change.new not in {"active", "absent"}
    )


def rows(visit: Visit) -> Listing:
    """Give what `catalog diff` prints."""
    groups, more = _differences(visit)
    found = chain.from_iterable(groups)
    return listed(visit, differences.DIFFERENCE_COLUMNS, found, next=more and {"after": more})


def _moments(visit: Visit) -> tuple[Moment, Moment]:
    """Give the two moments; the week that ends now where none is named."""
    end = visit.question.end or Moment(dates.to_text(visit.now), visit.now)
    before = max(end.at, _FIRST + _WEEK) - _WEEK
    start = visit.question.start or Moment(dates.to_text(before), before)
    if start.at >= end.at:
        raise QuestionError(["from must be earlier than to; exchange them"])
    return start, end


def _differences(visit: Visit) -> tuple[list[list[MomentDifference]], Place | None]:
    """Give the differences of a page of models, and the place after which there are more."""
    question, (start, end) = visit.question, _moments(visit)
    stream = differences.between(visit.connection, start.at, end.at, source=question.source, match=question.match)
    found: list[list[MomentDifference]] = []
    for place, group in groupby(stream, key=lambda each: Place(each.source, each.model_id)):
        if visit.shows(*place) and (question.after is None or place > question.after):
            if len(found) == question.limit:
                stream.close()
                return found, Place(found[-1][0].source, found[-1][0].model_id)
            found.append(list(group))
    return found, None


def _difference(group: Sequence[MomentDifference]) -> ModelDifference:
    one = group[0]
    told = [
        pages.ShownField(path=each.field or "", old=tabular.told(each.old_value), new=tabular.told(each.new_value))
        for each in group
        if each.kind is Kind.CHANGED
    ]
    return ModelDifference(one.source, one.model_id, one.kind, tuple(told))
