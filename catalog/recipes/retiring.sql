-- Which listed models retire next?
SELECT source, id, lifecycle, deprecated_at, retires_at
FROM models
WHERE removed_at IS NULL AND retires_at IS NOT NULL
ORDER BY retires_at, source, id;
