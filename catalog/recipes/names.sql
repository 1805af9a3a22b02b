-- Which names has each model had?
SELECT source, id, display_name, min(valid_from) AS since
FROM model_history AS history
WHERE EXISTS (
    SELECT 1 FROM changes
    WHERE changes.source = history.source AND model_id = history.id AND field = 'display_name'
)
GROUP BY source, id, display_name
ORDER BY source, id, since;
