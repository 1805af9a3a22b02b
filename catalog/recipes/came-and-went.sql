-- What came and went between two days?
--
-- The command for this is `catalog diff 2025-06-01 2026-06-01`; it compares the fields as well.
--
-- :earlier: moment, such as 2025-06-01
-- :later: moment, such as 2026-06-01
WITH before AS (
    SELECT source, id FROM model_history
    WHERE valid_from <= :earlier AND (valid_to IS NULL OR valid_to > :earlier)
), after AS (
    SELECT source, id FROM model_history
    WHERE valid_from <= :later AND (valid_to IS NULL OR valid_to > :later)
)
SELECT 'came' AS what, source, id FROM after
WHERE NOT EXISTS (SELECT 1 FROM before WHERE before.source = after.source AND before.id = after.id)
UNION ALL
SELECT 'went', source, id FROM before
WHERE NOT EXISTS (SELECT 1 FROM after WHERE after.source = before.source AND after.id = before.id)
ORDER BY what, source, id;
