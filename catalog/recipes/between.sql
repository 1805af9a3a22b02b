-- What changed in one month?
--
-- Or in any other time: from the first moment, up to the second.
--
-- :since: moment, such as 2026-03-01
-- :until: moment, such as 2026-04-01
SELECT recorded_at, source, model_id, kind, field, old_value, new_value
FROM changes
WHERE recorded_at >= :since AND recorded_at < :until
ORDER BY change_id;
