-- Which alerts were not taken yet?
--
-- `pending` ones are tried again, `dead` ones were given up; `catalog alerts retry` requeues them.
SELECT delivery_id, channel, source, type, status, attempts, next_attempt_at, last_error
FROM deliveries
WHERE status IN ('pending', 'dead')
ORDER BY delivery_id;
