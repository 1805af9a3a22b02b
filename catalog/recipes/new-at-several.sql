-- Which models did several providers add?
--
-- Ids are compared by what stands behind their last `/`, and without case.
--
-- :since: moment, default 7d, such as 2026-03-01
-- On SQLite:
WITH added AS (
    SELECT source, recorded_at, lower(substr(model_id, length(rtrim(model_id, replace(model_id, '/', ''))) + 1)) AS name
    FROM changes
    WHERE kind = 'added' AND NOT baseline AND recorded_at >= :since
)
SELECT name, count(DISTINCT source) AS providers, group_concat(DISTINCT source) AS sources, min(recorded_at) AS since
FROM added
GROUP BY name
HAVING count(DISTINCT source) > 1
ORDER BY providers DESC, name;
-- On Postgres:
WITH added AS (
    SELECT source, recorded_at, lower(substr(model_id, length(rtrim(model_id, replace(model_id, '/', ''))) + 1)) AS name
    FROM changes
    WHERE kind = 'added' AND NOT baseline AND recorded_at >= :since
)
SELECT name, count(DISTINCT source) AS providers, string_agg(DISTINCT source, ',') AS sources, min(recorded_at) AS since
FROM added
GROUP BY name
HAVING count(DISTINCT source) > 1
ORDER BY providers DESC, name;
