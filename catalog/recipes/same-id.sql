-- Which sources list the same id?
SELECT id, source, lifecycle, retires_at
FROM models
WHERE removed_at IS NULL
AND id IN (SELECT id FROM models WHERE removed_at IS NULL GROUP BY id HAVING count(*) > 1)
ORDER BY id, source;
