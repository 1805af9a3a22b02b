-- What is missing, but not yet believed to be gone?
--
-- The last whole walks lacked it. Another one will confirm the removal, or show the model again.
SELECT source, id, last_seen_at, missing_since
FROM models
WHERE missing_since IS NOT NULL
ORDER BY missing_since, source, id;
