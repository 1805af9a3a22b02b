-- What was one model on a day?
--
-- :model_id: text, such as claude-3-haiku-20240307
-- :day: moment, such as 2025-03-01T12:00:00.000000Z
SELECT source, display_name, lifecycle, max_input_tokens, max_tokens, attributes
FROM model_history
WHERE id = :model_id AND valid_from <= :day AND (valid_to IS NULL OR valid_to > :day)
ORDER BY source;
