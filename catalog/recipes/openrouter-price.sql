-- What was one model's price at OpenRouter, and since when?
--
-- In dollars for a token; a row for each time that one of its prices changed.
--
-- :model_id: text, such as openai/gpt-oss-120b
-- On SQLite:
SELECT valid_from, prompt, completion
FROM (
    SELECT valid_from,
           json_extract(attributes, '$.pricing.prompt') AS prompt,
           json_extract(attributes, '$.pricing.completion') AS completion,
           json_extract(attributes, '$.pricing') AS pricing,
           lag(json_extract(attributes, '$.pricing')) OVER (ORDER BY valid_from) AS before
    FROM model_history
    WHERE source = 'openrouter' AND id = :model_id
) AS states
WHERE before IS NULL OR before <> pricing
ORDER BY valid_from;
-- On Postgres:
SELECT valid_from, prompt, completion
FROM (
    SELECT valid_from,
           attributes #>> '{pricing,prompt}' AS prompt,
           attributes #>> '{pricing,completion}' AS completion,
           attributes -> 'pricing' AS pricing,
           lag(attributes -> 'pricing') OVER (ORDER BY valid_from) AS before
    FROM model_history
    WHERE source = 'openrouter' AND id = :model_id
) AS states
WHERE before IS NULL OR before <> pricing
ORDER BY valid_from;
