-- What is gone, and since when?
SELECT source, id, display_name, first_seen_at, removed_at
FROM models
WHERE removed_at IS NOT NULL
ORDER BY removed_at DESC, source, id;
