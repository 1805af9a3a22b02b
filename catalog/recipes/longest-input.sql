-- Which listed models read the most text?
SELECT source, id, max_input_tokens, max_tokens
FROM models
WHERE removed_at IS NULL AND max_input_tokens IS NOT NULL
ORDER BY max_input_tokens DESC, source, id
LIMIT 10;
