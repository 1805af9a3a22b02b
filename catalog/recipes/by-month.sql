-- How many models came, went, came back and changed, month by month?
--
-- Each column but `changed` counts changes: listed at the end = listed at the baseline + added + returned - removed. `changed`
-- counts models, however many of their fields changed.
SELECT source, substr(CAST(recorded_at AS text), 1, 7) AS month,
       count(CASE WHEN kind = 'added' THEN 1 END) AS added,
       count(CASE WHEN kind = 'removed' THEN 1 END) AS removed,
       count(CASE WHEN kind = 'returned' THEN 1 END) AS returned,
       count(DISTINCT CASE WHEN kind = 'changed' THEN model_id END) AS changed
FROM changes
WHERE NOT baseline
GROUP BY source, substr(CAST(recorded_at AS text), 1, 7)
ORDER BY month DESC, source;
