-- Which models came back after they were gone?
SELECT source, model_id, count(*) AS times, max(observed_at) AS latest
FROM changes
WHERE kind = 'returned'
GROUP BY source, model_id
ORDER BY latest DESC, source, model_id;
