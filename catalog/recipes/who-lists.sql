-- Who lists a model, however its id is spelled?
--
-- Each provider spells an id as it likes: with a maker before it, in capitals, with a version behind it. `gpt-oss-120b` finds
-- `openai/gpt-oss-120b`, `OpenAI/GPT-OSS-120B` and `openai.gpt-oss-120b-1:0`, and what is made of it, such as `gpt-oss-120b:free`.
-- It looks at every id.
--
-- :name: text, such as gpt-oss-120b
SELECT source, id, max_input_tokens, first_seen_at
FROM models
WHERE removed_at IS NULL AND lower(id) LIKE '%' || lower(:name) || '%'
ORDER BY source, id;
