-- Which sources list the same id?
SELECT id, count(*) AS sources, min(source) AS one, max(source) AS another
FROM models
WHERE removed_at IS NULL
GROUP BY id
HAVING count(*) > 1
ORDER BY id;
