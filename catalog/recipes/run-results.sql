-- How did the last runs go?
SELECT source, status, count(*) AS runs, max(finished_at) AS latest, max(models_seen) AS most_models
FROM sync_runs
GROUP BY source, status
ORDER BY source, status;
