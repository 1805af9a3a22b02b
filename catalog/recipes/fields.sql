-- Which fields change most often?
SELECT source, field, count(*) AS changes, count(DISTINCT model_id) AS models, max(observed_at) AS latest
FROM changes
WHERE kind = 'changed'
GROUP BY source, field
ORDER BY changes DESC, source, field;
