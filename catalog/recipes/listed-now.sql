-- What is listed now?
SELECT source, id, display_name, created_at, max_input_tokens
FROM models
WHERE removed_at IS NULL
ORDER BY source, created_at DESC, id;
