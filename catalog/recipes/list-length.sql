-- How long was the list over time?
--
-- One line for each run that found a model come or go.
SELECT r.finished_at, r.source, count(*) AS models
FROM sync_runs AS r
JOIN model_history AS h
  ON h.source = r.source
 AND h.valid_from <= r.finished_at
 AND (h.valid_to IS NULL OR h.valid_to > r.finished_at)
WHERE r.added + r.returned + r.removed > 0
GROUP BY r.run_id, r.finished_at, r.source
ORDER BY r.run_id DESC;
