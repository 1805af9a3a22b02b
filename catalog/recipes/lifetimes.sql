-- How long do models stay listed?
-- On SQLite:
SELECT source, id, round(julianday(removed_at) - julianday(first_seen_at)) AS days
FROM models
WHERE removed_at IS NOT NULL
ORDER BY days DESC, source, id;
-- On Postgres:
SELECT source, id, round(extract(epoch FROM removed_at - first_seen_at) / 86400) AS days
FROM models
WHERE removed_at IS NOT NULL
ORDER BY days DESC, source, id;
