-- Which retirement dates moved?
--
-- Values in the log are JSON text: `"2026-11-30T00:00:00Z"`, with its quotes. NULL means that there was none.
SELECT observed_at, source, model_id, old_value AS before, new_value AS after
FROM changes
WHERE kind = 'changed' AND field = 'retires_at' AND old_value IS NOT NULL
ORDER BY change_id DESC;
