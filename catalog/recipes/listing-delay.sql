-- How late was an id listed after the date it claims?
-- On SQLite:
SELECT source, id, created_at, first_seen_at,
       round(julianday(first_seen_at) - julianday(created_at), 1) AS days
FROM models
WHERE created_at IS NOT NULL
ORDER BY first_seen_at DESC, source, id
LIMIT 20;
-- On Postgres:
SELECT source, id, created_at, first_seen_at,
       round(extract(epoch FROM first_seen_at - created_at) / 86400, 1) AS days
FROM models
WHERE created_at IS NOT NULL
ORDER BY first_seen_at DESC, source, id
LIMIT 20;
