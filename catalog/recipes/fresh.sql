-- How fresh is it?
--
-- `catalog status` says the same in words, and in its exit code.
SELECT source, last_whole_at, last_status, models_listed
FROM sources
ORDER BY source;
