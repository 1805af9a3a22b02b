-- Which runs failed, and why?
SELECT run_id, source, status, started_at, error
FROM sync_runs
WHERE status NOT IN ('running', 'complete')
ORDER BY run_id DESC
LIMIT 20;
