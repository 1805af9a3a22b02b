-- What was listed on a day?
--
-- At that moment, whatever became of it later.
--
-- :day: moment, such as 2026-01-01T12:00:00.000000Z
SELECT source, id, display_name
FROM model_history
WHERE valid_from <= :day AND (valid_to IS NULL OR valid_to > :day)
ORDER BY source, id;
