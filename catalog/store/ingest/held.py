"""Tells which sources are held, and why, from their tables alone."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from catalog.health import Cause, Wait
from catalog.store.schema.tables import model, run, source


def causes(connection: sa.Connection) -> Mapping[str, tuple[Cause, ...]]:
    """Give the causes of each source that is held, by its name.

    A source is held while a model has a `held_run`, or while the last merged walk answered for an organization or
    workspace that was not accepted. As long as the same thing is held, the cause stays the same.
    """
    found: dict[str, list[Cause]] = defaultdict(list)
    for row in connection.execute(_held_models()):
        cause = Cause(wait=Wait.REMOVALS, since_run=row.since, models=row.models, listed=row.listed)
        found[row.source].append(cause)
    other = sa.select(source.c.source, source.c.models_listed, source.c.stranger_run)
    for row in connection.execute(other.where(source.c.stranger.is_not(None))):
        cause = Cause(wait=Wait.SCOPE, since_run=row.stranger_run, models=0, listed=row.models_listed)
        found[row.source].append(cause)
    return {name: tuple(mine) for name, mine in found.items()}


def _held_models() -> sa.Select[Any]:
    """Select for each source how many models are held, and the first run that held one; and how many were listed.

    Listed before the last whole walk, as its run says: what came and went since then is taken back.
    """
    mine = (model.c.source_key == source.c.source_key) & model.c.missing_run.is_not(None)
    held = (
        sa.select(
            source.c.source,
            source.c.source_key,
            source.c.models_listed,
            sa.func.count().label("models"),
            sa.func.min(model.c.held_run).label("since"),
            source.c.last_whole_run,
        )
        .join(model, mine & model.c.held_run.is_not(None))
        .group_by(source.c.source, source.c.source_key, source.c.models_listed, source.c.last_whole_run)
        .subquery()
    )
    moved = sa.select(sa.func.coalesce(sa.func.sum(run.c.added + run.c.returned - run.c.removed), 0)).where(
        run.c.source_key == held.c.source_key, run.c.generation.is_not(None), run.c.run_id >= held.c.last_whole_run
    )
    listed = (held.c.models_listed - moved.scalar_subquery()).label("listed")
    return sa.select(held.c.source, held.c.models, held.c.since, listed)
