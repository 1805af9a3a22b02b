"""The rules: what was recorded cannot be edited or taken back, by anybody."""

from alembic import op

revision = "0003"
down_revision = "0002"

FIELDS = (
    "display_name",
    "created_at",
    "type",
    "lifecycle",
    "deprecated_at",
    "retires_at",
    "line",
    "max_input_tokens",
    "max_tokens",
    "own",
    "shape_key",
)

# Each rule: the table, the event, when it is broken ({differs} compares two values, NULL included), and what it says.
EDITED = " OR ".join(f"{{differs:OLD.{name}:NEW.{name}}}" for name in FIELDS)
RULES = (
    ("catalog_change", "UPDATE", "", "the change log is append-only"),
    ("catalog_change", "DELETE", "", "the change log is append-only"),
    ("catalog_state", "UPDATE", "", "a state that is over is never edited"),
    ("catalog_state", "DELETE", "", "history is never deleted"),
    (
        "catalog_state",
        "INSERT",
        """NOT EXISTS (SELECT 1 FROM catalog_model WHERE model_key = NEW.model_key
            AND valid_from_run = NEW.valid_from_run AND (removed_run IS NULL OR removed_run = NEW.valid_to_run))""",
        "only the present state of a model can end",
    ),
    ("catalog_model", "DELETE", "", "models are never forgotten"),
    (
        "catalog_model",
        "UPDATE",
        """{differs:OLD.model_key:NEW.model_key} OR {differs:OLD.source_key:NEW.source_key}
            OR {differs:OLD.id:NEW.id} OR {differs:OLD.first_seen_run:NEW.first_seen_run}""",
        "who a model is, and when it was first seen, never changes",
    ),
    (
        "catalog_model",
        "UPDATE",
        f"OLD.valid_from_run = NEW.valid_from_run AND ({EDITED})",
        "a state is never edited in place",
    ),
    (
        "catalog_model",
        "UPDATE",
        """{differs:OLD.valid_from_run:NEW.valid_from_run} AND NOT EXISTS (SELECT 1 FROM catalog_state
            WHERE model_key = OLD.model_key AND valid_from_run = OLD.valid_from_run
            AND valid_to_run <= NEW.valid_from_run)""",
        "a state that ends is kept, and the next begins after it",
    ),
    (
        "catalog_model",
        "UPDATE",
        """OLD.removed_run IS NOT NULL AND OLD.valid_from_run = NEW.valid_from_run
            AND {differs:OLD.removed_run:NEW.removed_run}""",
        "a removal is not taken back; a return begins a new state",
    ),
    ("catalog_run", "DELETE", "", "runs are never deleted"),
    (
        "catalog_run",
        "UPDATE",
        "OLD.status <> 'running' AND NOT (OLD.status = 'abandoned' AND NEW.status = 'superseded')",
        "a finished run is never edited",
    ),
    ("catalog_run", "INSERT", "NEW.generation IS NOT NULL", "a run begins before it merges"),
    (
        "catalog_run",
        "UPDATE",
        """NEW.generation IS NOT NULL AND NEW.generation <> 1 + coalesce(
            (SELECT max(generation) FROM catalog_run WHERE source_key = NEW.source_key), 0)""",
        "each merge adds one to the generation",
    ),
    (
        "catalog_run",
        "UPDATE",
        """EXISTS (SELECT 1 FROM catalog_run WHERE source_key = NEW.source_key AND generation = NEW.generation - 1
            AND (run_id >= NEW.run_id OR walked_at >= NEW.walked_at))""",
        "history goes only forward",
    ),
    ("catalog_shape", "UPDATE", "", "attributes that states share are never edited"),
    ("catalog_shape", "DELETE", "", "history is never deleted"),
    ("catalog_source", "DELETE", "", "sources are never forgotten"),
    (
        "catalog_source",
        "UPDATE",
        "NEW.generation < OLD.generation OR {differs:OLD.source:NEW.source}",
        "history goes only forward",
    ),
)
EVENTS = ("INSERT", "UPDATE", "DELETE")


def upgrade() -> None:
    """Make a trigger per rule on SQLite, and per table on Postgres."""
    if op.get_context().dialect.name == "sqlite":
        for number, (table, event, broken, says) in enumerate(RULES):
            op.execute(_sqlite_trigger(f"{table}_rule_{number:02}", table, event, broken, says))
    else:
        for table in dict.fromkeys(rule[0] for rule in RULES):
            for statement in _postgres_triggers(table):
                op.execute(statement)


def _compare(text: str, operator: str) -> str:
    while "{differs:" in text:
        before, _, rest = text.partition("{differs:")
        pair, _, after = rest.partition("}")
        old, _, new = pair.partition(":")
        text = f"{before}{old} {operator} {new}{after}"
    return text


def _sqlite_trigger(name: str, table: str, event: str, broken: str, says: str) -> str:
    when = f"WHEN {_compare(broken, 'IS NOT')}" if broken else ""
    return f"CREATE TRIGGER {name} BEFORE {event} ON {table} {when} BEGIN SELECT RAISE(ABORT, '{says}'); END"


def _postgres_triggers(table: str) -> list[str]:
    name = f"{table}_rules"
    body = "\n".join(_postgres_event(table, event) for event in EVENTS)
    return [
        f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION 'history is never deleted' USING ERRCODE = 'check_violation'; END IF;
{body}
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
END $rules$""",
        f"CREATE TRIGGER {name} BEFORE {_row_events(table)} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
        f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]


def _row_events(table: str) -> str:
    return " OR ".join(event for event in EVENTS if any(rule[:2] == (table, event) for rule in RULES))


def _postgres_event(table: str, event: str) -> str:
    checks = [
        f"IF {_compare(broken, 'IS DISTINCT FROM') or 'true'} THEN RAISE EXCEPTION '{says}'"
        " USING ERRCODE = 'check_violation'; END IF;"
        for rule_table, rule_event, broken, says in RULES
        if (rule_table, rule_event) == (table, event)
    ]
    return f"IF TG_OP = '{event}' THEN\n" + "\n".join(checks) + "\nEND IF;" if checks else ""
