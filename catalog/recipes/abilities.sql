-- Which abilities did models gain or lose?
SELECT observed_at, source, model_id, field, old_value, new_value
FROM changes
WHERE kind = 'changed' AND substr(field, 1, 13) = 'capabilities.'
ORDER BY change_id DESC
LIMIT 50;
