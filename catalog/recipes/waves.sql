-- Which field changed on many models at once?
SELECT run_id, source, field, count(*) AS models, min(observed_at) AS observed_at
FROM changes
WHERE kind = 'changed'
GROUP BY run_id, source, field
HAVING count(*) >= 3
ORDER BY run_id DESC, field;
