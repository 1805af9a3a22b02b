"""Turns what a channel or a reader filters by into conditions on a source, an id, and the fields of a state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import sqlalchemy as sa

from catalog.domain import ModelName
from catalog.events import Rule
from catalog.store.queries import globs


@dataclass(frozen=True, kw_only=True, slots=True)
class StateFilter:
    """What fields a state must have to be listed."""

    lifecycle: str | None = None
    line: str | None = None
    retires_by: datetime | None = None

    def conditions(self, view: sa.Table) -> list[sa.ColumnElement[bool]]:
        """Say so in SQL."""
        texts = [(view.c[name], getattr(self, name)) for name in ("lifecycle", "line")]
        equal = [(column == text) & globs.storable(text) for column, text in texts if text is not None]
        return equal if self.retires_by is None else [*equal, view.c.retires_at <= self.retires_by]


EVERY_STATE = StateFilter()


def of_models(
    rule: Rule, source: sa.ColumnElement[str], id: sa.ColumnElement[str], *, dialect: str
) -> list[sa.ColumnElement[bool]]:
    """Say in SQL which models a rule admits by their names; its lines and lifecycles are another question."""
    found = list[sa.ColumnElement[bool]]()
    if rule.sources:
        found.append(source.in_(rule.sources))
    if rule.models:
        found.append(_fits(rule.models, source, id, dialect))
    if rule.watched is not None:
        found.append(_is_among(rule.watched, source, id))
    return found


def _fits(
    patterns: Sequence[ModelName], source: sa.ColumnElement[str], id: sa.ColumnElement[str], dialect: str
) -> sa.ColumnElement[bool]:
    """Say so of patterns; those that fit one id alone are a list, since a database allows no thousands of terms."""
    exact = frozenset(each for each in patterns if globs.is_exact(each if isinstance(each, str) else each[1]))
    return sa.or_(
        _is_among(exact, source, id),
        *(
            globs.matches(id, each, dialect=dialect)
            if isinstance(each, str)
            else (source == each[0]) & globs.matches(id, each[1], dialect=dialect)
            for each in patterns
            if each not in exact
        ),
    )


def _is_among(
    names: frozenset[ModelName], source: sa.ColumnElement[str], id: sa.ColumnElement[str]
) -> sa.ColumnElement[bool]:
    ids = sorted(name for name in names if isinstance(name, str) and globs.storable(name))
    pairs = sorted(name for name in names if not isinstance(name, str) and all(map(globs.storable, name)))
    of_sources = groupby(pairs, key=lambda pair: pair[0])
    return sa.or_(id.in_(ids), *((source == name) & id.in_([each[1] for each in found]) for name, found in of_sources))
