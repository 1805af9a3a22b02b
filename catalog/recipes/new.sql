-- Which models are new?
--
-- New means an id never seen before; what a baseline found was there already.
--
-- :since: moment, default 7d, such as 2026-03-01
SELECT recorded_at, source, model_id
FROM changes
WHERE kind = 'added' AND NOT baseline AND recorded_at >= :since
ORDER BY recorded_at DESC, source, model_id;
