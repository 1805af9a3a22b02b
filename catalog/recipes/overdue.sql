-- Which retirement dates have passed while the model is still listed?
--
-- Overdue, not retired: such dates move.
SELECT source, id, retires_at, last_seen_at
FROM models
WHERE removed_at IS NULL AND retires_at < CURRENT_DATE
ORDER BY retires_at, source, id;
