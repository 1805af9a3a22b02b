-- Which listed models can think?
--
-- Every field without a column of its own is in `attributes`, just as it was received.
-- On SQLite:
SELECT source, id
FROM models
WHERE removed_at IS NULL
  AND json_extract(attributes, '$.capabilities.thinking.supported')
ORDER BY source, id;
-- On Postgres:
SELECT source, id
FROM models
WHERE removed_at IS NULL
  AND (attributes #>> '{capabilities,thinking,supported}')::boolean
ORDER BY source, id;
