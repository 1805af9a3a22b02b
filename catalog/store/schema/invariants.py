"""Rules that every history keeps, each with a query for the rows that break it."""

from dataclasses import dataclass

import sqlalchemy as sa

from catalog.store.engine.database import Database

RULES = {
    "a model's run references exist": """
        SELECT 1 FROM catalog_model m WHERE NOT EXISTS (SELECT 1 FROM catalog_run r WHERE r.run_id = m.first_seen_run)
        OR NOT EXISTS (SELECT 1 FROM catalog_run r WHERE r.run_id = m.valid_from_run)
        OR NOT EXISTS (SELECT 1 FROM catalog_run r WHERE r.run_id = m.seen_run)
        OR (m.removed_run IS NOT NULL AND NOT EXISTS (SELECT 1 FROM catalog_run r WHERE r.run_id = m.removed_run))
        OR (m.missing_run IS NOT NULL AND NOT EXISTS (SELECT 1 FROM catalog_run r WHERE r.run_id = m.missing_run))
        OR (m.silent_run IS NOT NULL AND NOT EXISTS (SELECT 1 FROM catalog_run r WHERE r.run_id = m.silent_run))
        OR (m.held_run IS NOT NULL AND NOT EXISTS (SELECT 1 FROM catalog_run r WHERE r.run_id = m.held_run))
        OR (m.lacked_run IS NOT NULL AND NOT EXISTS (SELECT 1 FROM catalog_run r WHERE r.run_id = m.lacked_run))""",
    "the runs that states, changes, sources, identities and deliveries name exist": """
        SELECT 1 FROM (SELECT valid_from_run AS run_id FROM catalog_state UNION SELECT valid_to_run FROM catalog_state
        UNION SELECT run_id FROM catalog_change UNION SELECT proof_run FROM catalog_change
        UNION SELECT observed_run FROM catalog_change UNION SELECT last_whole_run FROM catalog_source
        UNION SELECT absence_run FROM catalog_source UNION SELECT baseline_run FROM catalog_source
        UNION SELECT stranger_run FROM catalog_source UNION SELECT last_run FROM catalog_identity
        UNION SELECT whole_run FROM catalog_identity UNION SELECT run_id FROM catalog_delivery) named
        WHERE named.run_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM catalog_run r WHERE r.run_id = named.run_id)""",
    "each state begins with a change that its run recorded": """
        SELECT 1 FROM (SELECT model_key, valid_from_run FROM catalog_model
        UNION ALL SELECT model_key, valid_from_run FROM catalog_state) began WHERE NOT EXISTS (SELECT 1
        FROM catalog_change c WHERE c.model_key = began.model_key AND c.run_id = began.valid_from_run)""",
    "a model belongs to a source": """
        SELECT 1 FROM catalog_model m
        WHERE NOT EXISTS (SELECT 1 FROM catalog_source s WHERE s.source_key = m.source_key)""",
    "a state's shape exists": """
        SELECT 1 FROM (SELECT shape_key FROM catalog_model UNION SELECT shape_key FROM catalog_state) u
        WHERE u.shape_key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM catalog_shape s WHERE s.shape_key = u.shape_key)""",
    "a past state belongs to a model, and ends before the present one begins": """
        SELECT 1 FROM catalog_state p LEFT JOIN catalog_model m ON m.model_key = p.model_key
        WHERE m.model_key IS NULL OR p.valid_to_run > m.valid_from_run""",
    "states of a model do not overlap": """
        SELECT 1 FROM catalog_state a JOIN catalog_state b ON a.model_key = b.model_key
        AND a.valid_from_run < b.valid_from_run AND a.valid_to_run > b.valid_from_run""",
    "a change belongs to a model and to a merged run": """
        SELECT 1 FROM catalog_change c LEFT JOIN catalog_model m ON m.model_key = c.model_key
        LEFT JOIN catalog_run r ON r.run_id = c.run_id WHERE m.model_key IS NULL OR r.generation IS NULL""",
    "no change is recorded twice": """
        SELECT 1 FROM catalog_change GROUP BY run_id, model_key, kind, field HAVING count(*) > 1""",
    "every model was added once": """
        SELECT 1 FROM catalog_model m WHERE 1 <> (SELECT count(*) FROM catalog_change c
        WHERE c.model_key = m.model_key AND c.kind = 'added')""",
    "removals and returns balance": """
        SELECT 1 FROM catalog_model m WHERE (CASE WHEN m.removed_run IS NULL THEN 0 ELSE 1 END) <>
        (SELECT coalesce(sum(CASE c.kind WHEN 'removed' THEN 1 WHEN 'returned' THEN -1 ELSE 0 END), 0)
        FROM catalog_change c WHERE c.model_key = m.model_key)""",
    "a source's generation is that of its last merged run, and its first one is there": """
        SELECT 1 FROM catalog_source s WHERE s.generation <> coalesce(
        (SELECT max(r.generation) FROM catalog_run r WHERE r.source_key = s.source_key), 0)
        OR (s.generation > 0 AND NOT EXISTS (SELECT 1 FROM catalog_run r
        WHERE r.source_key = s.source_key AND r.generation = 1))""",
    "walks of a source end in the order of their merges": """
        SELECT 1 FROM (SELECT run_id, walked_at, lag(run_id) OVER mine AS run_before, lag(walked_at) OVER mine AS before
        FROM catalog_run WHERE generation IS NOT NULL WINDOW mine AS (PARTITION BY source_key ORDER BY generation)) r
        WHERE r.walked_at <= r.before OR r.run_id <= r.run_before""",
    "a source knows how many models it lists": """
        SELECT 1 FROM catalog_source s WHERE s.models_listed <>
        (SELECT count(*) FROM catalog_model m WHERE m.source_key = s.source_key AND m.removed_run IS NULL)""",
    "a run's counts are the changes it recorded": """
        SELECT 1 FROM catalog_run r WHERE r.generation IS NOT NULL AND r.added + r.returned + r.removed <>
        (SELECT count(*) FROM catalog_change c WHERE c.run_id = r.run_id AND c.kind <> 'changed')""",
    "absence is only ever inferred from whole walks": """
        SELECT 1 FROM catalog_model m JOIN catalog_run r ON r.run_id = coalesce(m.removed_run, m.missing_run)
        WHERE NOT r.whole""",
    "a removal was recorded by a later walk than the one it is dated to": """
        SELECT 1 FROM catalog_change c WHERE c.kind = 'removed'
        AND (c.observed_run IS NULL OR c.observed_run >= c.run_id)""",
}
SOUND = "the file is whole (integrity_check)"
REFERENCES = "rows refer to rows that are there (foreign_key_check)"


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokenRule:
    """A rule, and how many rows break it."""

    rule: str
    count: int


def broken(database: Database) -> list[BrokenRule]:
    """Check every rule in one consistent view; empty when the history is whole."""
    with database.read() as connection:
        return broken_in(connection)


def broken_in(connection: sa.Connection) -> list[BrokenRule]:
    """Check every rule, as the caller's transaction sees it."""
    counts = {
        rule: connection.scalar(sa.text(f"SELECT count(*) FROM ({query}) AS broken")) or 0  # noqa: S608 - our own rules
        for rule, query in RULES.items()
    }
    return [BrokenRule(rule=rule, count=count) for rule, count in counts.items() if count]


def rules(database: Database) -> list[str]:
    """Name every rule that is checked of this database."""
    return [*((SOUND, REFERENCES) if database.is_sqlite else ()), *RULES]


def unsound(database: Database) -> list[BrokenRule]:
    """Ask SQLite itself whether its file is damaged, and whether its references hold; Postgres sees to both."""
    if not database.is_sqlite:
        return []
    with database.read() as connection:
        return unsound_in(connection)


def unsound_in(connection: sa.Connection) -> list[BrokenRule]:
    """Ask the same of an SQLite file, as the caller's transaction sees it."""
    try:
        said = list(connection.exec_driver_sql("PRAGMA integrity_check").scalars())
    except MemoryError:  # a damaged length asks for more memory than there is
        said = ["a damaged length"]
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    found = {SOUND: 0 if said == ["ok"] else len(said), REFERENCES: len(lost)}
    return [BrokenRule(rule=rule, count=count) for rule, count in found.items() if count]
