-- What is one model's story?
--
-- After `not_before` it was not so yet, by `observed_at` it was.
--
-- :model_id: text, such as claude-3-haiku-20240307
SELECT source, not_before, observed_at, kind, field, old_value, new_value
FROM changes
WHERE model_id = :model_id
ORDER BY source, change_id;
