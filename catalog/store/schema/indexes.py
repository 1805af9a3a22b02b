"""The indexes, and the query that each one serves.

They stand apart from the tables because only those who compare schemas need them: describing a partial index makes
SQLAlchemy import all it knows of Postgres, a tenth of the cost of a cron run on SQLite.
"""

import sqlalchemy as sa

from catalog.store.schema import identity_tables as _askers  # noqa: F401 - its tables join those of schema
from catalog.store.schema import outbox_tables, tables


def _partial(name: str, condition: str, *columns: sa.Column[object]) -> sa.Index:
    where = sa.text(condition)
    return sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


INDEXES = (
    # `changes` since a moment: the few runs of that time come first, their changes by run.
    sa.Index("catalog_run_finished_at_idx", tables.run.c.finished_at),
    # The last runs of one source, for every command; and whether one took a slot of the schedule.
    sa.Index("catalog_run_source_key_idx", tables.run.c.source_key, tables.run.c.run_id),
    sa.Index("catalog_run_started_at_idx", tables.run.c.source_key, tables.run.c.started_at),
    # `runs` of all sources, newest first: backfilled ones have high numbers and lie far back.
    sa.Index("catalog_run_began_idx", tables.run.c.started_at, tables.run.c.run_id),
    # `changes`, newest first: the few runs that recorded any.
    _partial(
        "catalog_run_recorded_idx",
        "added + returned + changed + removed > 0",
        tables.run.c.finished_at,
        tables.run.c.run_id,
    ),
    # Notes that a catalog was restored, before changes get their numbers.
    _partial(
        "catalog_run_restored_idx",
        """status = 'skipped' AND replace(scope, '"restored_run"', '') <> scope""",
        tables.run.c.run_id,
    ),
    # Runs that died, at each start.
    _partial("catalog_run_running_idx", "status = 'running'", tables.run.c.source_key),
    # Models that are missing, at each merge.
    _partial("catalog_model_missing_idx", "missing_run IS NOT NULL", tables.model.c.source_key),
    # Retirements that come near, at each look at the clock.
    _partial(
        "catalog_model_retires_at_idx", "retires_at IS NOT NULL AND removed_run IS NULL", tables.model.c.retires_at
    ),
    # Retirements of models that are gone, for pages and the calendar.
    _partial(
        "catalog_model_retired_idx", "retires_at IS NOT NULL AND removed_run IS NOT NULL", tables.model.c.retires_at
    ),
    # Which runs changed a lifecycle or a date, for the stream and feeds; and which dates moved.
    _partial(
        "catalog_change_lifecycle_idx",
        "field IN ('lifecycle', 'retires_at')",
        tables.change.c.run_id,
        tables.change.c.model_key,
    ),
    # Which runs changed a limit, which may have become lower.
    _partial("catalog_change_limits_idx", "field IN ('max_input_tokens', 'max_tokens')", tables.change.c.run_id),
    # One model's story.
    sa.Index("catalog_change_model_key_idx", tables.change.c.model_key),
    # The changes of a run in the order of the log, and through it those since a moment.
    sa.Index("catalog_change_run_id_idx", tables.change.c.run_id, tables.change.c.change_id),
    # What was not delivered, among all that was.
    _partial("catalog_delivery_open_idx", "status <> 'delivered'", outbox_tables.delivery.c.channel),
    # The oldest that is due, channel by channel.
    _partial(
        "catalog_delivery_pending_idx",
        "status = 'pending'",
        outbox_tables.delivery.c.channel,
        outbox_tables.delivery.c.delivery_id,
    ),
    # Whether a row names a run, when runs are dropped. The run of a model's first sight, of a state and of a removal is
    # named by a change as well.
    _partial("catalog_change_proof_idx", "proof_run IS NOT NULL", tables.change.c.proof_run),
    _partial("catalog_change_observed_idx", "observed_run IS NOT NULL", tables.change.c.observed_run),
    _partial("catalog_model_seen_idx", "seen_run <> first_seen_run", tables.model.c.seen_run),
    _partial("catalog_model_silent_idx", "silent_run IS NOT NULL", tables.model.c.silent_run),
    _partial("catalog_model_missing_run_idx", "missing_run IS NOT NULL", tables.model.c.missing_run),
    _partial("catalog_model_held_idx", "held_run IS NOT NULL", tables.model.c.held_run),
    _partial("catalog_model_lacked_idx", "lacked_run IS NOT NULL", tables.model.c.lacked_run),
    _partial("catalog_delivery_run_idx", "run_id IS NOT NULL", outbox_tables.delivery.c.run_id),
)

metadata = tables.metadata  # now with every table and every index
