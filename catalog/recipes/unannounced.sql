-- Which models were removed without ever being announced as deprecated?
SELECT source, id, removed_at
FROM models
WHERE removed_at IS NOT NULL AND deprecated_at IS NULL
ORDER BY removed_at DESC, source, id;
