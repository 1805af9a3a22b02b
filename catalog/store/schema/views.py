"""The views: what users query, with a comment for each column. Migrations make them."""

from typing import Any

import sqlalchemy as sa

from catalog.store.schema.tables import ORIGIN, Id, Json, UtcTime, fields

surface = sa.MetaData()
internal = sa.MetaData()  # views that only the program and the triggers read


def _view(name: str, comment: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(name, surface, *columns, comment=comment)


def _fields() -> list[sa.Column[Any]]:
    words = "Every other field by name; created_at and unreadable columns as they were received."
    return [*fields(), sa.Column("attributes", Json, comment=words)]


sources = _view(
    "sources",
    "Lists that were synced at least once.",
    sa.Column("source", sa.Text, comment="Name in the configuration."),
    sa.Column("base_url", sa.Text, comment="Where its list was asked for last."),
    sa.Column("scope", sa.Text, comment="Who asks, and how, as JSON text; NULL before the first baseline."),
    sa.Column("configured", sa.Boolean, comment="The configuration of the last run still named it."),
    sa.Column("last_whole_at", UtcTime, comment="End of the last whole walk; NULL: none yet."),
    sa.Column("last_status", sa.Text, comment="Status of the latest run."),
    sa.Column("models_listed", sa.Integer, comment="Models that are not removed."),
)

models = _view(
    "models",
    "Every model ever seen, one row per source and id, with its present or last state.",
    sa.Column("source", sa.Text, comment="The list it belongs to."),
    sa.Column("id", Id, comment="Id in the list."),
    *_fields(),
    sa.Column("first_seen_at", UtcTime, comment="End of the walk that listed it first."),
    sa.Column(
        "last_seen_at",
        UtcTime,
        comment="End of the last whole walk that listed it, or its first sight or return where later.",
    ),
    sa.Column(
        "missing_since", UtcTime, comment="End of the first whole walk in a row that lacked it; NULL: not missing."
    ),
    sa.Column("removed_at", UtcTime, comment="End of the first walk that lacked it, once confirmed; NULL: listed."),
)

model_history = _view(
    "model_history",
    "Every state of every model while it was listed, with its interval.",
    sa.Column("source", sa.Text, comment="The list it belongs to."),
    sa.Column("id", Id, comment="Id in the list."),
    sa.Column("valid_from", UtcTime, comment="End of the walk that showed this state first."),
    sa.Column(
        "valid_to", UtcTime, comment="End of the walk that showed the next state or the absence; NULL: still so."
    ),
    *_fields(),
)

changes = _view(
    "changes",
    "The change log, append-only: what runs found different.",
    sa.Column("change_id", sa.Integer, comment="Number of the change, in the order of the log."),
    sa.Column("run_id", sa.Integer, comment="The run that recorded it."),
    sa.Column("source", sa.Text, comment="The list it belongs to."),
    sa.Column("model_id", Id, comment="The model's id in the list."),
    sa.Column("kind", sa.Text, comment="added, removed, returned or changed."),
    sa.Column("field", sa.Text, comment="Dotted path of the field that changed; NULL unless kind is changed."),
    sa.Column("old_value", sa.Text, comment="Before, as JSON text; NULL: absent."),
    sa.Column("new_value", sa.Text, comment="After, as JSON text; NULL: absent."),
    sa.Column(
        "not_before",
        UtcTime,
        comment="It happened after this: start of the last walk that proves the old state; NULL: unproven.",
    ),
    sa.Column("observed_at", UtcTime, comment="It had happened by this: end of the walk that showed the new state."),
    sa.Column("recorded_at", UtcTime, comment="When it entered the log; later than observed_at for a removal."),
    sa.Column(
        "baseline", sa.Boolean, comment="A difference of view, not news: found by a baseline, or by a better reading."
    ),
    sa.Column("uid", sa.Text, comment="Stable name derived from what changed."),
)

sync_runs = _view(
    "sync_runs",
    "Every run: one sync of one source.",
    sa.Column("run_id", sa.Integer, comment="Number of the run, in order of start."),
    sa.Column("source", sa.Text, comment="The list it read."),
    sa.Column("status", sa.Text, comment="running, complete, partial, held, failed, superseded, abandoned or skipped."),
    sa.Column("origin", sa.Text, comment=ORIGIN),
    sa.Column("started_at", UtcTime, comment="Before the first request."),
    sa.Column("finished_at", UtcTime, comment="When its findings entered the log; NULL while it runs."),
    sa.Column("scope", sa.Text, comment="Who asked, and how, as JSON text."),
    sa.Column("pages", sa.Integer, comment="Pages read."),
    sa.Column("models_seen", sa.Integer, comment="Models listed."),
    sa.Column("added", sa.Integer, comment="Models never seen before."),
    sa.Column("returned", sa.Integer, comment="Models that came back."),
    sa.Column("changed", sa.Integer, comment="Models of which a field changed."),
    sa.Column("missing", sa.Integer, comment="Models it lacked that are not believed to be gone."),
    sa.Column("removed", sa.Integer, comment="Models whose removal it confirmed."),
    sa.Column("error", sa.Text, comment="Why it failed, or what was odd, in words."),
)

prunable_run = sa.Table(
    "catalog_prunable_run",
    internal,
    sa.Column("run_id", sa.Integer, comment="Number of the run."),
    sa.Column("source_key", sa.Integer, comment="Its source."),
    sa.Column("finished_at", UtcTime, comment="When it ended."),
    comment="Runs that recorded nothing and that nothing refers to: once old enough, they may be dropped.",
)
