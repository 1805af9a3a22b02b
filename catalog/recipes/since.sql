-- What happened since I looked last?
--
-- Remember the latest `recorded_at` you have seen, with all its digits. Whatever enters the log later has a later one, a removal
-- that was confirmed late included, also when the catalog came back from a copy in between. (Where a copy makes up for a
-- catalog that was lost, a `change_id` may come twice.)
--
-- :since: moment, such as 2026-03-01T09:00:00.123456Z
SELECT change_id, recorded_at, source, model_id, kind, field, old_value, new_value
FROM changes
WHERE recorded_at > :since
ORDER BY change_id;
