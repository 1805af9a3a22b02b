-- {"now": "2026-01-06T11:34:00.000000Z", "lists": {"one": ["11111111-2222-4333-8444-555555555555", [{"type": "model", "id": "a", "display_name": "Renamed 'twice' \\ and \"quoted\"", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "b", "display_name": "Renamed 'twice' \\ and \"quoted\"", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "c", "display_name": "Renamed 'twice' \\ and \"quoted\"", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "soon", "display_name": "Soon", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": "2026-01-20T00:00:00Z", "line": null}, {"type": "model", "id": "late", "display_name": "Late", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": "2025-12-01T00:00:00Z", "line": null}, {"id": "d", "type": "model"}]], "two": ["11111111-2222-4333-8444-555555555555", [{"type": "model", "id": "model-0", "display_name": "Model 0", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "model-1", "display_name": "Model 1", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "model-2", "display_name": "Model 2", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}]], "pool": ["00000000-1111-4222-8333-444444444444", [{"type": "model", "id": "a", "display_name": "A", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "c", "display_name": "C", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}]], "three": ["11111111-2222-4333-8444-555555555555", [{"type": "model", "id": "x", "display_name": "X", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": "one"}, {"type": "model", "id": "x", "display_name": "X", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": "two"}, {"type": "model", "id": "a", "display_name": "A", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "b", "display_name": "B", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}]]}}
BEGIN;

CREATE TABLE catalog_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT catalog_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0009

CREATE TABLE catalog_source (
    source_key INTEGER NOT NULL,
    source TEXT NOT NULL,
    base_url TEXT NOT NULL,
    configured BOOLEAN NOT NULL,
    generation INTEGER NOT NULL,
    scope TEXT,
    last_whole_run INTEGER,
    absence_run INTEGER,
    models_listed INTEGER NOT NULL,
    baseline_run INTEGER,
    stranger_run INTEGER,
    stranger TEXT,
    stamps TEXT,
    CONSTRAINT catalog_source_pkey PRIMARY KEY (source_key),
    CONSTRAINT catalog_source_source_key UNIQUE (source),
    CONSTRAINT catalog_source_counts_check CHECK (generation >= 0 AND models_listed >= 0)
);

CREATE TABLE catalog_run (
    run_id INTEGER NOT NULL,
    source_key INTEGER NOT NULL,
    status TEXT NOT NULL,
    generation INTEGER,
    baseline BOOLEAN NOT NULL,
    whole BOOLEAN NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    walked_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    scope TEXT NOT NULL,
    pages INTEGER NOT NULL,
    models_seen INTEGER NOT NULL,
    added INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    error TEXT,
    failure TEXT,
    CONSTRAINT catalog_run_pkey PRIMARY KEY (run_id),
    CONSTRAINT catalog_run_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key),
    CONSTRAINT catalog_run_source_key_generation_key UNIQUE (source_key, generation),
    CONSTRAINT catalog_run_status_check CHECK (status IN ('running', 'complete', 'partial', 'held', 'failed', 'superseded', 'abandoned', 'skipped')),
    CONSTRAINT catalog_run_merged_check CHECK ((generation IS NOT NULL) = (status IN ('complete', 'partial', 'held'))),
    CONSTRAINT catalog_run_walked_check CHECK (generation IS NULL OR walked_at IS NOT NULL),
    CONSTRAINT catalog_run_finished_check CHECK ((finished_at IS NULL) = (status = 'running'))
);

CREATE TABLE catalog_shape (
    shape_key INTEGER NOT NULL,
    digest TEXT NOT NULL,
    body JSONB NOT NULL,
    CONSTRAINT catalog_shape_pkey PRIMARY KEY (shape_key),
    CONSTRAINT catalog_shape_digest_key UNIQUE (digest)
);

CREATE TABLE catalog_model (
    model_key INTEGER NOT NULL,
    source_key INTEGER NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    display_name TEXT, created_at TIMESTAMP WITH TIME ZONE, type TEXT, lifecycle TEXT, deprecated_at TIMESTAMP WITH TIME ZONE, retires_at TIMESTAMP WITH TIME ZONE,
    line TEXT, max_input_tokens BIGINT, max_tokens BIGINT, own JSONB NOT NULL, shape_key INTEGER,
    digest TEXT NOT NULL,
    valid_from_run INTEGER NOT NULL,
    first_seen_run INTEGER NOT NULL,
    seen_run INTEGER NOT NULL,
    silent_run INTEGER,
    missing_run INTEGER,
    held_run INTEGER,
    removed_run INTEGER,
    lacked_run INTEGER,
    CONSTRAINT catalog_model_pkey PRIMARY KEY (model_key),
    CONSTRAINT catalog_model_source_key_id_key UNIQUE (source_key, id),
    CONSTRAINT catalog_model_id_check CHECK (length(id) BETWEEN 1 AND 256),
    CONSTRAINT catalog_model_order_check CHECK (first_seen_run <= valid_from_run AND first_seen_run <= seen_run),
    CONSTRAINT catalog_model_removed_check CHECK (removed_run IS NULL OR (removed_run > valid_from_run AND removed_run > seen_run AND missing_run IS NULL)),
    CONSTRAINT catalog_model_missing_check CHECK (missing_run IS NULL OR missing_run > seen_run),
    CONSTRAINT catalog_model_held_check CHECK (held_run IS NULL OR missing_run IS NOT NULL),
    CONSTRAINT catalog_model_tokens_check CHECK (max_input_tokens > 0 AND max_tokens > 0)
);

CREATE TABLE catalog_state (
    model_key INTEGER NOT NULL,
    valid_from_run INTEGER NOT NULL,
    valid_to_run INTEGER NOT NULL,
    display_name TEXT, created_at TIMESTAMP WITH TIME ZONE, type TEXT, lifecycle TEXT, deprecated_at TIMESTAMP WITH TIME ZONE, retires_at TIMESTAMP WITH TIME ZONE,
    line TEXT, max_input_tokens BIGINT, max_tokens BIGINT, own JSONB NOT NULL, shape_key INTEGER,
    CONSTRAINT catalog_state_pkey PRIMARY KEY (model_key, valid_from_run),
    CONSTRAINT catalog_state_order_check CHECK (valid_from_run < valid_to_run)
);

CREATE TABLE catalog_change (
    change_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    model_key INTEGER NOT NULL,
    kind TEXT NOT NULL,
    field TEXT,
    old_value TEXT,
    new_value TEXT,
    proof_run INTEGER,
    observed_run INTEGER,
    baseline BOOLEAN,
    CONSTRAINT catalog_change_pkey PRIMARY KEY (change_id),
    CONSTRAINT catalog_change_kind_check CHECK (kind IN ('added', 'removed', 'returned', 'changed')),
    CONSTRAINT catalog_change_field_check CHECK ((kind = 'changed') = (field IS NOT NULL)),
    CONSTRAINT catalog_change_values_check CHECK (field IS NOT NULL OR (old_value IS NULL AND new_value IS NULL)),
    CONSTRAINT catalog_change_proof_check CHECK (proof_run < coalesce(observed_run, run_id)),
    CONSTRAINT catalog_change_observed_check CHECK (observed_run < run_id)
);

CREATE TABLE catalog_page (
    source_key INTEGER NOT NULL,
    digest TEXT NOT NULL,
    model_keys BYTEA NOT NULL,
    last_id TEXT NOT NULL,
    has_more BOOLEAN NOT NULL,
    CONSTRAINT catalog_page_pkey PRIMARY KEY (source_key, digest),
    CONSTRAINT catalog_page_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key)
);

CREATE TABLE catalog_identity (
    source_key INTEGER NOT NULL,
    number INTEGER NOT NULL,
    organization TEXT,
    workspace TEXT,
    last_run INTEGER NOT NULL,
    whole_run INTEGER,
    seen BYTEA,
    CONSTRAINT catalog_identity_pkey PRIMARY KEY (source_key, number),
    CONSTRAINT catalog_identity_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key)
);

CREATE TABLE catalog_dispute (
    source_key INTEGER NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    CONSTRAINT catalog_dispute_pkey PRIMARY KEY (source_key, id),
    CONSTRAINT catalog_dispute_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key)
);

CREATE TABLE catalog_channel (
    channel TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    suspect INTEGER,
    failing_since TIMESTAMP WITH TIME ZONE,
    rests_until TIMESTAMP WITH TIME ZONE,
    paused_until TIMESTAMP WITH TIME ZONE,
    looked_at TIMESTAMP WITH TIME ZONE,
    looked_change INTEGER,
    asks TEXT,
    watches TEXT,
    CONSTRAINT catalog_channel_pkey PRIMARY KEY (channel),
    CONSTRAINT catalog_channel_suspect_check CHECK (suspect IS NULL OR failing_since IS NULL),
    CONSTRAINT catalog_channel_rests_check CHECK (rests_until IS NULL OR failing_since IS NOT NULL)
);

CREATE TABLE catalog_delivery (
    delivery_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    source_key INTEGER NOT NULL,
    run_id INTEGER,
    type TEXT NOT NULL,
    uid TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE,
    give_up_at TIMESTAMP WITH TIME ZONE NOT NULL,
    lease TEXT,
    leased_until TIMESTAMP WITH TIME ZONE,
    delivered_at TIMESTAMP WITH TIME ZONE,
    last_error TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT catalog_delivery_pkey PRIMARY KEY (delivery_id),
    CONSTRAINT catalog_delivery_channel_uid_key UNIQUE (channel, uid),
    CONSTRAINT catalog_delivery_channel_fkey FOREIGN KEY (channel) REFERENCES catalog_channel (channel),
    CONSTRAINT catalog_delivery_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key),
    CONSTRAINT catalog_delivery_status_check CHECK (status IN ('owed', 'delivered', 'dead')),
    CONSTRAINT catalog_delivery_delivered_check CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CONSTRAINT catalog_delivery_owed_check CHECK ((status = 'owed') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT catalog_delivery_lease_check CHECK ((lease IS NULL) = (leased_until IS NULL))
);

CREATE TABLE catalog_waiting (
    channel TEXT NOT NULL,
    change_id INTEGER NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT catalog_waiting_pkey PRIMARY KEY (channel, change_id)
);

CREATE INDEX catalog_change_model_key_idx ON catalog_change (model_key);

CREATE INDEX catalog_change_run_id_idx ON catalog_change (run_id, change_id);

CREATE INDEX catalog_model_missing_idx ON catalog_model (source_key) WHERE missing_run IS NOT NULL;

CREATE INDEX catalog_run_finished_at_idx ON catalog_run (finished_at);

CREATE INDEX catalog_run_running_idx ON catalog_run (source_key) WHERE status = 'running';

CREATE INDEX catalog_model_retires_at_idx ON catalog_model (retires_at) WHERE retires_at IS NOT NULL AND removed_run IS NULL;

CREATE INDEX catalog_delivery_open_idx ON catalog_delivery (channel) WHERE status <> 'delivered';

CREATE INDEX catalog_delivery_owed_idx ON catalog_delivery (channel, delivery_id) WHERE status = 'owed';

CREATE INDEX catalog_run_source_key_idx ON catalog_run (source_key, run_id);

CREATE INDEX catalog_run_started_at_idx ON catalog_run (source_key, started_at);

CREATE INDEX catalog_run_recorded_idx ON catalog_run (finished_at, run_id) WHERE added + returned + changed + removed > 0;

CREATE INDEX catalog_run_restored_idx ON catalog_run (run_id) WHERE status = 'skipped' AND replace(scope, '"restored_run"', '') <> scope;

CREATE VIEW models AS
SELECT source.source, model.id, model.display_name, model.created_at, model.type, model.lifecycle, model.deprecated_at, model.retires_at, model.line,
       model.max_input_tokens, model.max_tokens, model.own || coalesce(shape.body, '{}'::jsonb) AS attributes,
       born.walked_at AS first_seen_at, seen.walked_at AS last_seen_at,
       missing.walked_at AS missing_since, CAST(NULL AS timestamptz) AS removed_at
FROM catalog_model AS model
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS born ON born.run_id = model.first_seen_run
JOIN catalog_run AS seen ON seen.run_id = CASE
    WHEN model.missing_run IS NULL AND model.removed_run IS NULL AND model.lacked_run IS NULL
    AND source.last_whole_run > model.seen_run
    THEN source.last_whole_run ELSE model.seen_run END
LEFT JOIN catalog_run AS missing ON missing.run_id = model.missing_run
LEFT JOIN catalog_shape AS shape ON shape.shape_key = model.shape_key
WHERE model.removed_run IS NULL
 UNION ALL
SELECT source.source, model.id, model.display_name, model.created_at, model.type, model.lifecycle, model.deprecated_at, model.retires_at, model.line,
       model.max_input_tokens, model.max_tokens, model.own || coalesce(shape.body, '{}'::jsonb) AS attributes,
       born.walked_at AS first_seen_at, seen.walked_at AS last_seen_at,
       missing.walked_at AS missing_since, gone.walked_at AS removed_at
FROM catalog_model AS model
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS born ON born.run_id = model.first_seen_run
JOIN catalog_run AS seen ON seen.run_id = CASE
    WHEN model.missing_run IS NULL AND model.removed_run IS NULL AND model.lacked_run IS NULL
    AND source.last_whole_run > model.seen_run
    THEN source.last_whole_run ELSE model.seen_run END
LEFT JOIN catalog_run AS missing ON missing.run_id = model.missing_run
LEFT JOIN catalog_shape AS shape ON shape.shape_key = model.shape_key
JOIN catalog_run AS gone ON gone.run_id = model.removed_run;

CREATE VIEW sources AS
SELECT source.source, source.base_url, source.scope, source.configured, whole.walked_at AS last_whole_at,
       (SELECT run.status FROM catalog_run AS run
        WHERE run.source_key BETWEEN source.source_key AND source.source_key
        ORDER BY run.source_key DESC, run.run_id DESC LIMIT 1) AS last_status,
       source.models_listed
FROM catalog_source AS source
LEFT JOIN catalog_run AS whole ON whole.run_id = source.last_whole_run;

CREATE VIEW model_history AS
SELECT source.source, model.id, since.walked_at AS valid_from, until.walked_at AS valid_to,
       model.display_name, model.created_at, model.type, model.lifecycle, model.deprecated_at, model.retires_at, model.line,
       model.max_input_tokens, model.max_tokens, model.own || coalesce(shape.body, '{}'::jsonb) AS attributes
FROM catalog_model AS model
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS since ON since.run_id = model.valid_from_run
LEFT JOIN catalog_run AS until ON until.run_id = model.removed_run
LEFT JOIN catalog_shape AS shape ON shape.shape_key = model.shape_key
UNION ALL
SELECT source.source, model.id, since.walked_at, until.walked_at,
       past.display_name, past.created_at, past.type, past.lifecycle, past.deprecated_at, past.retires_at, past.line,
       past.max_input_tokens, past.max_tokens, past.own || coalesce(shape.body, '{}'::jsonb)
FROM catalog_state AS past
JOIN catalog_model AS model ON model.model_key = past.model_key
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS since ON since.run_id = past.valid_from_run
JOIN catalog_run AS until ON until.run_id = past.valid_to_run
LEFT JOIN catalog_shape AS shape ON shape.shape_key = past.shape_key;

CREATE VIEW changes AS
SELECT change.change_id, change.run_id, source.source, model.id AS model_id, change.kind, change.field,
       change.old_value, change.new_value, proof.started_at AS not_before, seen.walked_at AS observed_at,
       run.finished_at AS recorded_at, (seen.baseline OR change.baseline IS NOT NULL) AS baseline,
       source.source || ':' || change.kind || ':' || to_char(seen.walked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || ':' || CAST(length(model.id) AS text) || ':'
       || model.id || coalesce(':' || change.field, '') AS uid
FROM catalog_change AS change
JOIN catalog_model AS model ON model.model_key = change.model_key
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS run ON run.run_id = change.run_id
JOIN catalog_run AS seen ON seen.run_id = coalesce(change.observed_run, change.run_id)
LEFT JOIN catalog_run AS proof ON proof.run_id = change.proof_run;

CREATE VIEW sync_runs AS
SELECT run.run_id, source.source, run.status, run.started_at, run.finished_at, run.scope, run.pages, run.models_seen,
       run.added, run.returned, run.changed, run.missing, run.removed, run.error
FROM catalog_run AS run
JOIN catalog_source AS source ON source.source_key = run.source_key;

CREATE VIEW deliveries AS
SELECT delivery.delivery_id, delivery.channel, source.source, delivery.run_id, delivery.type, delivery.status,
       delivery.attempts,
       CASE WHEN delivery.status = 'owed' THEN
           greatest(delivery.next_attempt_at,
                      coalesce(channel.rests_until, delivery.next_attempt_at),
                      coalesce(channel.paused_until, delivery.next_attempt_at))
       END AS next_attempt_at,
       delivery.delivered_at, delivery.last_error, delivery.created_at
FROM catalog_delivery AS delivery
JOIN catalog_source AS source ON source.source_key = delivery.source_key
JOIN catalog_channel AS channel ON channel.channel = delivery.channel;

CREATE FUNCTION catalog_change_rules() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION 'history is never deleted' USING ERRCODE = 'check_violation'; END IF;

IF TG_OP = 'UPDATE' THEN
IF true THEN RAISE EXCEPTION 'the change log is append-only' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN
IF true THEN RAISE EXCEPTION 'the change log is append-only' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
END $rules$;

CREATE TRIGGER catalog_change_rules BEFORE UPDATE OR DELETE ON catalog_change FOR EACH ROW EXECUTE FUNCTION catalog_change_rules();

CREATE TRIGGER catalog_change_kept BEFORE TRUNCATE ON catalog_change FOR EACH STATEMENT EXECUTE FUNCTION catalog_change_rules();

CREATE FUNCTION catalog_state_rules() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION 'history is never deleted' USING ERRCODE = 'check_violation'; END IF;
IF TG_OP = 'INSERT' THEN
IF NOT EXISTS (SELECT 1 FROM catalog_model WHERE model_key = NEW.model_key
            AND valid_from_run = NEW.valid_from_run AND (removed_run IS NULL OR removed_run = NEW.valid_to_run)) THEN RAISE EXCEPTION 'only the present state of a model can end' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'UPDATE' THEN
IF true THEN RAISE EXCEPTION 'a state that is over is never edited' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN
IF true THEN RAISE EXCEPTION 'history is never deleted' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
END $rules$;

CREATE TRIGGER catalog_state_rules BEFORE INSERT OR UPDATE OR DELETE ON catalog_state FOR EACH ROW EXECUTE FUNCTION catalog_state_rules();

CREATE TRIGGER catalog_state_kept BEFORE TRUNCATE ON catalog_state FOR EACH STATEMENT EXECUTE FUNCTION catalog_state_rules();

CREATE FUNCTION catalog_model_rules() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION 'history is never deleted' USING ERRCODE = 'check_violation'; END IF;

IF TG_OP = 'UPDATE' THEN
IF OLD.model_key IS DISTINCT FROM NEW.model_key OR OLD.source_key IS DISTINCT FROM NEW.source_key
            OR OLD.id IS DISTINCT FROM NEW.id OR OLD.first_seen_run IS DISTINCT FROM NEW.first_seen_run THEN RAISE EXCEPTION 'who a model is, and when it was first seen, never changes' USING ERRCODE = 'check_violation'; END IF;
IF OLD.valid_from_run = NEW.valid_from_run AND (OLD.display_name IS DISTINCT FROM NEW.display_name OR OLD.created_at IS DISTINCT FROM NEW.created_at OR OLD.type IS DISTINCT FROM NEW.type OR OLD.lifecycle IS DISTINCT FROM NEW.lifecycle OR OLD.deprecated_at IS DISTINCT FROM NEW.deprecated_at OR OLD.retires_at IS DISTINCT FROM NEW.retires_at OR OLD.line IS DISTINCT FROM NEW.line OR OLD.max_input_tokens IS DISTINCT FROM NEW.max_input_tokens OR OLD.max_tokens IS DISTINCT FROM NEW.max_tokens OR OLD.own IS DISTINCT FROM NEW.own OR OLD.shape_key IS DISTINCT FROM NEW.shape_key) THEN RAISE EXCEPTION 'a state is never edited in place' USING ERRCODE = 'check_violation'; END IF;
IF OLD.valid_from_run IS DISTINCT FROM NEW.valid_from_run AND NOT EXISTS (SELECT 1 FROM catalog_state
            WHERE model_key = OLD.model_key AND valid_from_run = OLD.valid_from_run
            AND valid_to_run <= NEW.valid_from_run) THEN RAISE EXCEPTION 'a state that ends is kept, and the next begins after it' USING ERRCODE = 'check_violation'; END IF;
IF OLD.removed_run IS NOT NULL AND OLD.valid_from_run = NEW.valid_from_run
            AND OLD.removed_run IS DISTINCT FROM NEW.removed_run THEN RAISE EXCEPTION 'a removal is not taken back; a return begins a new state' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN
IF true THEN RAISE EXCEPTION 'models are never forgotten' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
END $rules$;

CREATE TRIGGER catalog_model_rules BEFORE UPDATE OR DELETE ON catalog_model FOR EACH ROW EXECUTE FUNCTION catalog_model_rules();

CREATE TRIGGER catalog_model_kept BEFORE TRUNCATE ON catalog_model FOR EACH STATEMENT EXECUTE FUNCTION catalog_model_rules();

CREATE FUNCTION catalog_run_rules() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION 'history is never deleted' USING ERRCODE = 'check_violation'; END IF;
IF TG_OP = 'INSERT' THEN
IF NEW.generation IS NOT NULL THEN RAISE EXCEPTION 'a run begins before it merges' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'UPDATE' THEN
IF OLD.status <> 'running' AND NOT (OLD.status = 'abandoned' AND NEW.status = 'superseded') THEN RAISE EXCEPTION 'a finished run is never edited' USING ERRCODE = 'check_violation'; END IF;
IF NEW.generation IS NOT NULL AND NEW.generation <> 1 + coalesce((SELECT max(generation) FROM catalog_run WHERE source_key = NEW.source_key), 0) THEN RAISE EXCEPTION 'each merge adds one to the generation' USING ERRCODE = 'check_violation'; END IF;
IF EXISTS (SELECT 1 FROM catalog_run WHERE source_key = NEW.source_key AND generation = NEW.generation - 1
            AND (run_id >= NEW.run_id OR walked_at >= NEW.walked_at)) THEN RAISE EXCEPTION 'history goes only forward' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN
IF true THEN RAISE EXCEPTION 'runs are never deleted' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
END $rules$;

CREATE TRIGGER catalog_run_rules BEFORE INSERT OR UPDATE OR DELETE ON catalog_run FOR EACH ROW EXECUTE FUNCTION catalog_run_rules();

CREATE TRIGGER catalog_run_kept BEFORE TRUNCATE ON catalog_run FOR EACH STATEMENT EXECUTE FUNCTION catalog_run_rules();

CREATE FUNCTION catalog_shape_rules() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION 'history is never deleted' USING ERRCODE = 'check_violation'; END IF;

IF TG_OP = 'UPDATE' THEN
IF true THEN RAISE EXCEPTION 'attributes that states share are never edited' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN
IF true THEN RAISE EXCEPTION 'history is never deleted' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
END $rules$;

CREATE TRIGGER catalog_shape_rules BEFORE UPDATE OR DELETE ON catalog_shape FOR EACH ROW EXECUTE FUNCTION catalog_shape_rules();

CREATE TRIGGER catalog_shape_kept BEFORE TRUNCATE ON catalog_shape FOR EACH STATEMENT EXECUTE FUNCTION catalog_shape_rules();

CREATE FUNCTION catalog_source_rules() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION 'history is never deleted' USING ERRCODE = 'check_violation'; END IF;

IF TG_OP = 'UPDATE' THEN
IF NEW.generation < OLD.generation OR OLD.source IS DISTINCT FROM NEW.source THEN RAISE EXCEPTION 'history goes only forward' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN
IF true THEN RAISE EXCEPTION 'sources are never forgotten' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
END $rules$;

CREATE TRIGGER catalog_source_rules BEFORE UPDATE OR DELETE ON catalog_source FOR EACH ROW EXECUTE FUNCTION catalog_source_rules();

CREATE TRIGGER catalog_source_kept BEFORE TRUNCATE ON catalog_source FOR EACH STATEMENT EXECUTE FUNCTION catalog_source_rules();

CREATE FUNCTION catalog_delivery_rules() RETURNS trigger LANGUAGE plpgsql AS $rules$
BEGIN
IF TG_OP <> 'UPDATE' THEN RAISE EXCEPTION 'deliveries are never deleted' USING ERRCODE = 'check_violation'; END IF;
IF OLD.status = 'delivered' THEN RAISE EXCEPTION 'what was delivered is never edited' USING ERRCODE = 'check_violation'; END IF;
IF OLD.delivery_id IS DISTINCT FROM NEW.delivery_id OR OLD.channel IS DISTINCT FROM NEW.channel OR OLD.source_key IS DISTINCT FROM NEW.source_key OR OLD.type IS DISTINCT FROM NEW.type OR OLD.uid IS DISTINCT FROM NEW.uid OR OLD.payload IS DISTINCT FROM NEW.payload OR OLD.created_at IS DISTINCT FROM NEW.created_at THEN RAISE EXCEPTION 'what is owed is frozen' USING ERRCODE = 'check_violation'; END IF;
RETURN NEW;
END $rules$;

CREATE TRIGGER catalog_delivery_rules BEFORE UPDATE OR DELETE ON catalog_delivery FOR EACH ROW EXECUTE FUNCTION catalog_delivery_rules();

CREATE TRIGGER catalog_delivery_kept BEFORE TRUNCATE ON catalog_delivery FOR EACH STATEMENT EXECUTE FUNCTION catalog_delivery_rules();

INSERT INTO catalog_version (version_num) VALUES ('0009') RETURNING catalog_version.version_num;

-- Running upgrade 0009 -> 0010

ALTER TABLE catalog_source ADD COLUMN pruned_at TIMESTAMPTZ;

DROP VIEW deliveries;

DROP INDEX catalog_delivery_open_idx;

DROP INDEX catalog_delivery_owed_idx;

ALTER TABLE catalog_delivery DROP CONSTRAINT catalog_delivery_status_check,
    DROP CONSTRAINT catalog_delivery_owed_check;

UPDATE catalog_delivery SET status = 'pending' WHERE status = 'owed';

ALTER TABLE catalog_delivery
    ADD CONSTRAINT catalog_delivery_status_check CHECK (status IN ('pending', 'delivered', 'dead')),
    ADD CONSTRAINT catalog_delivery_pending_check CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL));

ALTER TABLE catalog_waiting RENAME TO catalog_deferred_removal;

ALTER TABLE catalog_deferred_removal RENAME CONSTRAINT catalog_waiting_pkey TO catalog_deferred_removal_pkey;

CREATE VIEW deliveries AS
SELECT delivery.delivery_id, delivery.channel, source.source, delivery.run_id, delivery.type, delivery.status,
       delivery.attempts,
       CASE WHEN delivery.status = 'pending' THEN
           greatest(delivery.next_attempt_at,
                      coalesce(channel.rests_until, delivery.next_attempt_at),
                      coalesce(channel.paused_until, delivery.next_attempt_at))
       END AS next_attempt_at,
       delivery.delivered_at, delivery.last_error, delivery.created_at
FROM catalog_delivery AS delivery
JOIN catalog_source AS source ON source.source_key = delivery.source_key
JOIN catalog_channel AS channel ON channel.channel = delivery.channel;

CREATE INDEX catalog_delivery_open_idx ON catalog_delivery (channel) WHERE status <> 'delivered';

CREATE INDEX catalog_delivery_pending_idx ON catalog_delivery (channel, delivery_id) WHERE status = 'pending';

CREATE INDEX catalog_change_proof_idx ON catalog_change (proof_run) WHERE proof_run IS NOT NULL;

CREATE INDEX catalog_change_observed_idx ON catalog_change (observed_run) WHERE observed_run IS NOT NULL;

CREATE INDEX catalog_model_seen_idx ON catalog_model (seen_run) WHERE seen_run <> first_seen_run;

CREATE INDEX catalog_model_silent_idx ON catalog_model (silent_run) WHERE silent_run IS NOT NULL;

CREATE INDEX catalog_model_missing_run_idx ON catalog_model (missing_run) WHERE missing_run IS NOT NULL;

CREATE INDEX catalog_model_held_idx ON catalog_model (held_run) WHERE held_run IS NOT NULL;

CREATE INDEX catalog_model_lacked_idx ON catalog_model (lacked_run) WHERE lacked_run IS NOT NULL;

CREATE INDEX catalog_delivery_run_idx ON catalog_delivery (run_id) WHERE run_id IS NOT NULL;

CREATE VIEW catalog_prunable_run AS
SELECT run.run_id, run.source_key, run.finished_at
FROM catalog_run AS run
JOIN catalog_source AS source ON source.source_key = run.source_key
WHERE run.finished_at IS NOT NULL
AND NOT (run.status = 'skipped' AND replace(run.scope, '"restored_run"', '') <> run.scope)
AND run.run_id < (SELECT merged.run_id FROM catalog_run AS merged
    WHERE merged.source_key = run.source_key AND merged.generation IS NOT NULL AND merged.run_id < coalesce(
        (SELECT min(going.run_id) FROM catalog_run AS going
         WHERE going.source_key = run.source_key AND going.status = 'running'), merged.run_id + 1)
    ORDER BY merged.generation DESC LIMIT 1)
AND (run.generation IS NULL OR (run.generation > 1 AND EXISTS (
    SELECT 1 FROM catalog_run AS alike WHERE alike.source_key = run.source_key AND alike.generation > run.generation
    AND alike.status = run.status AND alike.baseline = run.baseline AND alike.whole = run.whole)))
AND (run.generation IS NULL OR run.run_id <= coalesce((SELECT max(last_run) FROM catalog_identity WHERE source_key = run.source_key), run.run_id) OR EXISTS (
    SELECT 1 FROM catalog_run AS earlier WHERE earlier.source_key = run.source_key AND earlier.scope = run.scope
    AND earlier.generation < run.generation AND earlier.run_id > (SELECT max(last_run) FROM catalog_identity WHERE source_key = run.source_key)))
AND run.run_id NOT IN (coalesce(source.last_whole_run, 0), coalesce(source.absence_run, 0),
                       coalesce(source.baseline_run, 0), coalesce(source.stranger_run, 0))
AND NOT EXISTS (SELECT 1 FROM catalog_identity AS asker
                WHERE asker.source_key = run.source_key AND run.run_id IN (asker.last_run, asker.whole_run))
AND NOT EXISTS (SELECT 1 FROM catalog_change AS change WHERE change.run_id = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_change AS change WHERE change.proof_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_change AS change WHERE change.observed_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_model AS model
                WHERE model.seen_run = run.run_id AND model.seen_run <> model.first_seen_run)
AND NOT EXISTS (SELECT 1 FROM catalog_model AS model WHERE model.silent_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_model AS model WHERE model.missing_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_model AS model WHERE model.held_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_model AS model WHERE model.lacked_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_delivery AS delivery WHERE delivery.run_id = run.run_id);

CREATE VIEW catalog_prunable_delivery AS
SELECT delivery.delivery_id, delivery.source_key, delivery.delivered_at
FROM catalog_delivery AS delivery
WHERE delivery.status = 'delivered'
AND delivery.delivery_id < (SELECT max(latest.delivery_id) FROM catalog_delivery AS latest)
AND NOT EXISTS (SELECT 1 FROM catalog_channel AS channel WHERE channel.suspect = delivery.delivery_id)
AND (delivery.run_id IS NULL OR delivery.run_id < (SELECT merged.run_id FROM catalog_run AS merged
    WHERE merged.source_key = delivery.source_key AND merged.generation IS NOT NULL AND merged.run_id < coalesce(
        (SELECT min(going.run_id) FROM catalog_run AS going
         WHERE going.source_key = delivery.source_key AND going.status = 'running'), merged.run_id + 1)
    ORDER BY merged.generation DESC LIMIT 1))
AND CASE WHEN delivery.type IN ('catalog.retiring', 'catalog.overdue') THEN
        (CASE WHEN strpos(substring(delivery.payload FROM '"model_id":"((?:[^"\\]|\\.)*)"'), '\') = 0 THEN substring(delivery.payload FROM '"model_id":"((?:[^"\\]|\\.)*)"') WHEN getdatabaseencoding() = 'UTF8'
            THEN ('"' || substring(delivery.payload FROM '"model_id":"((?:[^"\\]|\\.)*)"') || '"')::json #>> '{}' END) IS NOT NULL AND CAST(substring(delivery.payload FROM '"retires_at":"([^"]*)"') AS timestamptz) IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM catalog_model AS model WHERE model.source_key = delivery.source_key
            AND model.id = (CASE WHEN strpos(substring(delivery.payload FROM '"model_id":"((?:[^"\\]|\\.)*)"'), '\') = 0 THEN substring(delivery.payload FROM '"model_id":"((?:[^"\\]|\\.)*)"') WHEN getdatabaseencoding() = 'UTF8'
            THEN ('"' || substring(delivery.payload FROM '"model_id":"((?:[^"\\]|\\.)*)"') || '"')::json #>> '{}' END) AND model.retires_at = CAST(substring(delivery.payload FROM '"retires_at":"([^"]*)"') AS timestamptz))
    ELSE 1 = 1 END;

CREATE OR REPLACE FUNCTION catalog_run_rules() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION 'history is never deleted' USING ERRCODE = 'check_violation'; END IF;
IF TG_OP = 'INSERT' THEN
IF NEW.generation IS NOT NULL THEN RAISE EXCEPTION 'a run begins before it merges' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'UPDATE' THEN
IF OLD.status <> 'running' AND NOT (OLD.status = 'abandoned' AND NEW.status = 'superseded')
THEN RAISE EXCEPTION 'a finished run is never edited' USING ERRCODE = 'check_violation'; END IF;
IF NEW.generation IS NOT NULL AND NEW.generation <> 1 + coalesce(
    (SELECT max(generation) FROM catalog_run WHERE source_key = NEW.source_key), 0)
THEN RAISE EXCEPTION 'each merge adds one to the generation' USING ERRCODE = 'check_violation'; END IF;
IF EXISTS (SELECT 1 FROM catalog_run WHERE source_key = NEW.source_key AND generation = NEW.generation - 1
           AND (run_id >= NEW.run_id OR walked_at >= NEW.walked_at))
THEN RAISE EXCEPTION 'history goes only forward' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN
IF NOT EXISTS (SELECT 1 FROM catalog_prunable_run WHERE run_id = OLD.run_id) THEN RAISE EXCEPTION 'only runs that recorded nothing, and that nothing refers to, are dropped' USING ERRCODE = 'check_violation'; END IF;
RETURN OLD;
END IF;
RETURN NEW;
END $rules$;

CREATE OR REPLACE FUNCTION catalog_delivery_rules() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION 'deliveries are not dropped at once' USING ERRCODE = 'check_violation'; END IF;
IF TG_OP = 'UPDATE' THEN
IF OLD.status = 'delivered' THEN RAISE EXCEPTION 'what was delivered is never edited' USING ERRCODE = 'check_violation'; END IF;
IF OLD.delivery_id IS DISTINCT FROM NEW.delivery_id OR OLD.channel IS DISTINCT FROM NEW.channel OR OLD.source_key IS DISTINCT FROM NEW.source_key OR OLD.type IS DISTINCT FROM NEW.type OR OLD.uid IS DISTINCT FROM NEW.uid OR OLD.payload IS DISTINCT FROM NEW.payload OR OLD.created_at IS DISTINCT FROM NEW.created_at THEN RAISE EXCEPTION 'a message is frozen' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN
IF NOT EXISTS (SELECT 1 FROM catalog_prunable_delivery WHERE delivery_id = OLD.delivery_id) THEN RAISE EXCEPTION 'only deliveries that were made, and that nothing refers to, are dropped' USING ERRCODE = 'check_violation'; END IF;
RETURN OLD;
END IF;
RETURN NEW;
END $rules$;

UPDATE catalog_version SET version_num='0010' WHERE catalog_version.version_num = '0009';

-- Running upgrade 0010 -> 0011

CREATE INDEX catalog_model_retired_idx ON catalog_model (retires_at) WHERE retires_at IS NOT NULL AND removed_run IS NOT NULL;

CREATE INDEX catalog_change_lifecycle_idx ON catalog_change (run_id, model_key) WHERE field IN ('lifecycle', 'retires_at');

UPDATE catalog_version SET version_num='0011' WHERE catalog_version.version_num = '0010';

-- Running upgrade 0011 -> 0012

ALTER TABLE catalog_run ADD COLUMN origin TEXT DEFAULT 'live' NOT NULL CONSTRAINT catalog_run_origin_check CHECK (origin IN ('live', 'backfill'));

DROP VIEW sync_runs;

CREATE VIEW sync_runs AS
SELECT run.run_id, source.source, run.status, run.origin, run.started_at, run.finished_at, run.scope, run.pages,
       run.models_seen, run.added, run.returned, run.changed, run.missing, run.removed, run.error
FROM catalog_run AS run
JOIN catalog_source AS source ON source.source_key = run.source_key;

CREATE INDEX catalog_run_began_idx ON catalog_run (started_at, run_id);

UPDATE catalog_version SET version_num='0012' WHERE catalog_version.version_num = '0011';

-- Running upgrade 0012 -> 0013

ALTER TABLE catalog_delivery DROP CONSTRAINT catalog_delivery_status_check;

ALTER TABLE catalog_delivery ADD CONSTRAINT catalog_delivery_status_check CHECK (status IN ('pending', 'delivered', 'dead', 'dropped'));

CREATE OR REPLACE FUNCTION catalog_delivery_rules() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION 'deliveries are not dropped at once' USING ERRCODE = 'check_violation'; END IF;
IF TG_OP = 'UPDATE' THEN
IF OLD.status IN ('delivered', 'dropped') THEN RAISE EXCEPTION 'what was delivered or dropped is never edited' USING ERRCODE = 'check_violation'; END IF;
IF OLD.delivery_id IS DISTINCT FROM NEW.delivery_id OR OLD.channel IS DISTINCT FROM NEW.channel OR OLD.source_key IS DISTINCT FROM NEW.source_key OR OLD.type IS DISTINCT FROM NEW.type OR OLD.uid IS DISTINCT FROM NEW.uid OR OLD.payload IS DISTINCT FROM NEW.payload OR OLD.created_at IS DISTINCT FROM NEW.created_at THEN RAISE EXCEPTION 'a message is frozen' USING ERRCODE = 'check_violation'; END IF;
END IF;
IF TG_OP = 'DELETE' THEN
IF NOT EXISTS (SELECT 1 FROM catalog_prunable_delivery WHERE delivery_id = OLD.delivery_id) THEN RAISE EXCEPTION 'only deliveries that were made, and that nothing refers to, are dropped' USING ERRCODE = 'check_violation'; END IF;
RETURN OLD;
END IF;
RETURN NEW;
END $rules$;

UPDATE catalog_version SET version_num='0013' WHERE catalog_version.version_num = '0012';

-- Running upgrade 0013 -> 0014

CREATE INDEX catalog_change_limits_idx ON catalog_change (run_id) WHERE field IN ('max_input_tokens', 'max_tokens');

UPDATE catalog_version SET version_num='0014' WHERE catalog_version.version_num = '0013';

COMMENT ON TABLE catalog_source IS 'A list that was synced at least once.';

COMMENT ON COLUMN catalog_source.source_key IS 'Number of the source.';

COMMENT ON COLUMN catalog_source.source IS 'Name in the configuration.';

COMMENT ON COLUMN catalog_source.base_url IS 'Where its list was asked for last.';

COMMENT ON COLUMN catalog_source.configured IS 'The last run''s configuration still named it.';

COMMENT ON COLUMN catalog_source.generation IS 'How many walks were merged; each merge adds one.';

COMMENT ON COLUMN catalog_source.scope IS 'Scope its history stands for, JSON text; NULL before the first baseline.';

COMMENT ON COLUMN catalog_source.last_whole_run IS 'The last merged run whose walk was whole.';

COMMENT ON COLUMN catalog_source.absence_run IS 'The last of those in the present scope: it proves absence.';

COMMENT ON COLUMN catalog_source.models_listed IS 'Models that are not removed.';

COMMENT ON COLUMN catalog_source.baseline_run IS 'The run that made the baseline of its scope; NULL: not noted.';

COMMENT ON COLUMN catalog_source.stamps IS 'Creation dates of the last walk that only said when; JSON text, NULL: none.';

COMMENT ON COLUMN catalog_source.stranger_run IS 'The first run that this one answered; NULL: none does.';

COMMENT ON COLUMN catalog_source.stranger IS 'Who answered the last merged walk, if it is not accepted; NULL: it is.';

COMMENT ON COLUMN catalog_source.pruned_at IS 'When its old runs and deliveries were last looked through; NULL: never.';

COMMENT ON TABLE catalog_run IS 'One sync of one source.';

COMMENT ON COLUMN catalog_run.run_id IS 'Number of the run, in order of start.';

COMMENT ON COLUMN catalog_run.source_key IS 'Its source.';

COMMENT ON COLUMN catalog_run.status IS 'running, complete, partial, held, failed, superseded, abandoned or skipped.';

COMMENT ON COLUMN catalog_run.generation IS 'Which merge of its source this run was; NULL: it merged nothing.';

COMMENT ON COLUMN catalog_run.baseline IS 'Its findings are not news.';

COMMENT ON COLUMN catalog_run.whole IS 'Its walk was whole: what it lacks counts as absent.';

COMMENT ON COLUMN catalog_run.started_at IS 'Before the first request.';

COMMENT ON COLUMN catalog_run.walked_at IS 'End of the walk: by then everything it showed was so.';

COMMENT ON COLUMN catalog_run.finished_at IS 'When its findings entered the log.';

COMMENT ON COLUMN catalog_run.scope IS 'Who asked, and how: JSON text.';

COMMENT ON COLUMN catalog_run.pages IS 'Pages read.';

COMMENT ON COLUMN catalog_run.models_seen IS 'Models listed.';

COMMENT ON COLUMN catalog_run.added IS 'Models never seen before.';

COMMENT ON COLUMN catalog_run.returned IS 'Models that came back.';

COMMENT ON COLUMN catalog_run.changed IS 'Models of which a field changed.';

COMMENT ON COLUMN catalog_run.missing IS 'Models it lacked that are not believed to be gone.';

COMMENT ON COLUMN catalog_run.removed IS 'Models whose removal it confirmed.';

COMMENT ON COLUMN catalog_run.error IS 'Why it failed, or what was odd, in words.';

COMMENT ON COLUMN catalog_run.failure IS 'Class of what made it fail: key, certificate, configuration, list, database, unexpected; NULL: nothing did.';

COMMENT ON COLUMN catalog_run.origin IS 'live: it read the list; backfill: it read an answer recorded earlier, and has the time of that.';

COMMENT ON TABLE catalog_shape IS 'Large attributes that many models share, stored once.';

COMMENT ON COLUMN catalog_shape.shape_key IS 'Number of the shape.';

COMMENT ON COLUMN catalog_shape.digest IS 'Digest of its canonical text.';

COMMENT ON COLUMN catalog_shape.body IS 'Attributes by name.';

COMMENT ON TABLE catalog_model IS 'Each model ever seen, with its present or last state.';

COMMENT ON COLUMN catalog_model.model_key IS 'Number of the model.';

COMMENT ON COLUMN catalog_model.source_key IS 'Its source.';

COMMENT ON COLUMN catalog_model.id IS 'Id in the list.';

COMMENT ON COLUMN catalog_model.display_name IS 'Name for people.';

COMMENT ON COLUMN catalog_model.created_at IS 'Creation time the list tells; NULL: unknown (the epoch is unknown).';

COMMENT ON COLUMN catalog_model.type IS 'Kind of object; `model` at the official API.';

COMMENT ON COLUMN catalog_model.lifecycle IS 'Such as active, deprecated, retired; NULL: not told.';

COMMENT ON COLUMN catalog_model.deprecated_at IS 'When it was or will be deprecated; NULL: not told.';

COMMENT ON COLUMN catalog_model.retires_at IS 'When it is planned to retire; this date moves; NULL: not told.';

COMMENT ON COLUMN catalog_model.line IS 'Product line, such as opus; NULL: not told.';

COMMENT ON COLUMN catalog_model.max_input_tokens IS 'Largest input in tokens; NULL: unknown.';

COMMENT ON COLUMN catalog_model.max_tokens IS 'Largest output in tokens; NULL: unknown.';

COMMENT ON COLUMN catalog_model.own IS 'Small attributes by name, and created_at as it was spelled.';

COMMENT ON COLUMN catalog_model.shape_key IS 'Large attributes, shared; NULL: none.';

COMMENT ON COLUMN catalog_model.digest IS 'Digest of the bytes that showed this state.';

COMMENT ON COLUMN catalog_model.valid_from_run IS 'The run that showed this state first.';

COMMENT ON COLUMN catalog_model.first_seen_run IS 'The run that showed the model first.';

COMMENT ON COLUMN catalog_model.seen_run IS 'The run of its first sight or return, or, while it lacks, the last that listed it.';

COMMENT ON COLUMN catalog_model.silent_run IS 'The last run that said every field, if later ones were silent on some; NULL: the last listing.';

COMMENT ON COLUMN catalog_model.missing_run IS 'The first whole walk in a row that lacked it; NULL: not missing.';

COMMENT ON COLUMN catalog_model.held_run IS 'The held run whose finding waits for a person; NULL: not held.';

COMMENT ON COLUMN catalog_model.removed_run IS 'The first walk that lacked it, once removal is confirmed; NULL: listed.';

COMMENT ON COLUMN catalog_model.lacked_run IS 'The whole walk since which they lack it, while another accepted identity lists it; NULL: none.';

COMMENT ON TABLE catalog_state IS 'States that are over; the present one stands with its model.';

COMMENT ON COLUMN catalog_state.model_key IS 'Its model.';

COMMENT ON COLUMN catalog_state.valid_from_run IS 'The run that showed it first.';

COMMENT ON COLUMN catalog_state.valid_to_run IS 'The run that showed the next state, or the first walk that lacked the model.';

COMMENT ON COLUMN catalog_state.display_name IS 'Name for people.';

COMMENT ON COLUMN catalog_state.created_at IS 'Creation time the list tells; NULL: unknown (the epoch is unknown).';

COMMENT ON COLUMN catalog_state.type IS 'Kind of object; `model` at the official API.';

COMMENT ON COLUMN catalog_state.lifecycle IS 'Such as active, deprecated, retired; NULL: not told.';

COMMENT ON COLUMN catalog_state.deprecated_at IS 'When it was or will be deprecated; NULL: not told.';

COMMENT ON COLUMN catalog_state.retires_at IS 'When it is planned to retire; this date moves; NULL: not told.';

COMMENT ON COLUMN catalog_state.line IS 'Product line, such as opus; NULL: not told.';

COMMENT ON COLUMN catalog_state.max_input_tokens IS 'Largest input in tokens; NULL: unknown.';

COMMENT ON COLUMN catalog_state.max_tokens IS 'Largest output in tokens; NULL: unknown.';

COMMENT ON COLUMN catalog_state.own IS 'Small attributes by name, and created_at as it was spelled.';

COMMENT ON COLUMN catalog_state.shape_key IS 'Large attributes, shared; NULL: none.';

COMMENT ON TABLE catalog_change IS 'The change log; append-only.';

COMMENT ON COLUMN catalog_change.change_id IS 'Number of the change, in the order of the log.';

COMMENT ON COLUMN catalog_change.run_id IS 'The run that recorded it.';

COMMENT ON COLUMN catalog_change.model_key IS 'Its model.';

COMMENT ON COLUMN catalog_change.kind IS 'added, removed, returned or changed.';

COMMENT ON COLUMN catalog_change.field IS 'Dotted path of the field that changed.';

COMMENT ON COLUMN catalog_change.old_value IS 'Before, as JSON text; NULL: absent.';

COMMENT ON COLUMN catalog_change.new_value IS 'After, as JSON text; NULL: absent.';

COMMENT ON COLUMN catalog_change.proof_run IS 'The last run that proves the old state; NULL: nothing does.';

COMMENT ON COLUMN catalog_change.observed_run IS 'The run that showed the new state, where it is not the one that recorded it.';

COMMENT ON COLUMN catalog_change.baseline IS 'True: no news, whatever its run is; NULL: as its run.';

COMMENT ON TABLE catalog_page IS 'The pages of the last merged walk: one that comes again byte for byte needs no decoding.';

COMMENT ON COLUMN catalog_page.source_key IS 'Its source.';

COMMENT ON COLUMN catalog_page.digest IS 'Digest of the page''s bytes.';

COMMENT ON COLUMN catalog_page.model_keys IS 'The models it lists, four bytes each.';

COMMENT ON COLUMN catalog_page.last_id IS 'Id of its last model: the next cursor.';

COMMENT ON COLUMN catalog_page.has_more IS 'Another page followed.';

COMMENT ON TABLE catalog_identity IS 'Who may answer for a source: identities that were accepted in its present scope.';

COMMENT ON COLUMN catalog_identity.source_key IS 'Its source.';

COMMENT ON COLUMN catalog_identity.number IS 'Its number among those of the source.';

COMMENT ON COLUMN catalog_identity.organization IS 'Organization that the answers name; NULL: none.';

COMMENT ON COLUMN catalog_identity.workspace IS 'Workspace that the answers name; NULL: none.';

COMMENT ON COLUMN catalog_identity.last_run IS 'The last merged run that it answered.';

COMMENT ON COLUMN catalog_identity.whole_run IS 'The last of those whose walk was whole; NULL: none.';

COMMENT ON COLUMN catalog_identity.seen IS 'What that walk listed, a byte for each model key, compressed; NULL: unknown, or the only one.';

COMMENT ON TABLE catalog_dispute IS 'Ids that the last merged walk of a source had in dispute.';

COMMENT ON COLUMN catalog_dispute.source_key IS 'Its source.';

COMMENT ON COLUMN catalog_dispute.id IS 'Id that is listed twice with different content.';

COMMENT ON TABLE catalog_channel IS 'Where alerts go.';

COMMENT ON COLUMN catalog_channel.channel IS 'Name in the configuration.';

COMMENT ON COLUMN catalog_channel.created_at IS 'When it was first seen; it is told nothing older.';

COMMENT ON COLUMN catalog_channel.suspect IS 'The delivery that failed; NULL: none since it took one, or several.';

COMMENT ON COLUMN catalog_channel.failing_since IS 'When a second delivery failed; NULL: not since it took one.';

COMMENT ON COLUMN catalog_channel.rests_until IS 'Not tried before this, because it fails; NULL: it does not rest.';

COMMENT ON COLUMN catalog_channel.paused_until IS 'Not tried before this, because its receiver asked for that.';

COMMENT ON COLUMN catalog_channel.looked_at IS 'When dates were last looked at for it; NULL: not since it is there.';

COMMENT ON COLUMN catalog_channel.looked_change IS 'The last change in the log that was looked at then.';

COMMENT ON COLUMN catalog_channel.asks IS 'Digest of what it asked for then.';

COMMENT ON COLUMN catalog_channel.watches IS 'Ids that were watched then, as JSON text; NULL: not noted.';

COMMENT ON TABLE catalog_delivery IS 'Alerts to a channel: pending until it has taken them.';

COMMENT ON COLUMN catalog_delivery.delivery_id IS 'Number of the delivery.';

COMMENT ON COLUMN catalog_delivery.channel IS 'Name of the channel.';

COMMENT ON COLUMN catalog_delivery.source_key IS 'The source it tells of.';

COMMENT ON COLUMN catalog_delivery.run_id IS 'The run whose findings it tells; NULL: a date came near.';

COMMENT ON COLUMN catalog_delivery.type IS 'What kind of message.';

COMMENT ON COLUMN catalog_delivery.uid IS 'Stable id of the message, derived from what it tells.';

COMMENT ON COLUMN catalog_delivery.payload IS 'Its content as JSON text, frozen.';

COMMENT ON COLUMN catalog_delivery.status IS 'pending, delivered, dead or dropped.';

COMMENT ON COLUMN catalog_delivery.attempts IS 'How often it was tried.';

COMMENT ON COLUMN catalog_delivery.next_attempt_at IS 'Not tried again before this; NULL: it will not be tried.';

COMMENT ON COLUMN catalog_delivery.give_up_at IS 'An attempt that fails after this makes it dead.';

COMMENT ON COLUMN catalog_delivery.lease IS 'The sender that leased it; NULL: it is not leased.';

COMMENT ON COLUMN catalog_delivery.leased_until IS 'When the lease ends; NULL: it is not leased.';

COMMENT ON COLUMN catalog_delivery.delivered_at IS 'When the channel took it.';

COMMENT ON COLUMN catalog_delivery.last_error IS 'Why the last attempt failed, in words.';

COMMENT ON COLUMN catalog_delivery.created_at IS 'When it was enqueued.';

COMMENT ON TABLE catalog_deferred_removal IS 'Removals that a channel is told of only once they have settled.';

COMMENT ON COLUMN catalog_deferred_removal.channel IS 'Name of the channel.';

COMMENT ON COLUMN catalog_deferred_removal.change_id IS 'The removal.';

COMMENT ON COLUMN catalog_deferred_removal.due_at IS 'It is told after this, unless the model came back.';

COMMENT ON VIEW sources IS 'Lists that were synced at least once.';

COMMENT ON COLUMN sources.source IS 'Name in the configuration.';

COMMENT ON COLUMN sources.base_url IS 'Where its list was asked for last.';

COMMENT ON COLUMN sources.scope IS 'Who asks, and how, as JSON text; NULL before the first baseline.';

COMMENT ON COLUMN sources.configured IS 'The configuration of the last run still named it.';

COMMENT ON COLUMN sources.last_whole_at IS 'End of the last whole walk; NULL: none yet.';

COMMENT ON COLUMN sources.last_status IS 'Status of the latest run.';

COMMENT ON COLUMN sources.models_listed IS 'Models that are not removed.';

COMMENT ON VIEW models IS 'Every model ever seen, one row per source and id, with its present or last state.';

COMMENT ON COLUMN models.source IS 'The list it belongs to.';

COMMENT ON COLUMN models.id IS 'Id in the list.';

COMMENT ON COLUMN models.display_name IS 'Name for people.';

COMMENT ON COLUMN models.created_at IS 'Creation time the list tells; NULL: unknown (the epoch is unknown).';

COMMENT ON COLUMN models.type IS 'Kind of object; `model` at the official API.';

COMMENT ON COLUMN models.lifecycle IS 'Such as active, deprecated, retired; NULL: not told.';

COMMENT ON COLUMN models.deprecated_at IS 'When it was or will be deprecated; NULL: not told.';

COMMENT ON COLUMN models.retires_at IS 'When it is planned to retire; this date moves; NULL: not told.';

COMMENT ON COLUMN models.line IS 'Product line, such as opus; NULL: not told.';

COMMENT ON COLUMN models.max_input_tokens IS 'Largest input in tokens; NULL: unknown.';

COMMENT ON COLUMN models.max_tokens IS 'Largest output in tokens; NULL: unknown.';

COMMENT ON COLUMN models.attributes IS 'Every other field by name; created_at and unreadable columns as they were received.';

COMMENT ON COLUMN models.first_seen_at IS 'End of the walk that listed it first.';

COMMENT ON COLUMN models.last_seen_at IS 'End of the last whole walk that listed it, or its first sight or return where later.';

COMMENT ON COLUMN models.missing_since IS 'End of the first whole walk in a row that lacked it; NULL: not missing.';

COMMENT ON COLUMN models.removed_at IS 'End of the first walk that lacked it, once confirmed; NULL: listed.';

COMMENT ON VIEW model_history IS 'Every state of every model while it was listed, with its interval.';

COMMENT ON COLUMN model_history.source IS 'The list it belongs to.';

COMMENT ON COLUMN model_history.id IS 'Id in the list.';

COMMENT ON COLUMN model_history.valid_from IS 'End of the walk that showed this state first.';

COMMENT ON COLUMN model_history.valid_to IS 'End of the walk that showed the next state or the absence; NULL: still so.';

COMMENT ON COLUMN model_history.display_name IS 'Name for people.';

COMMENT ON COLUMN model_history.created_at IS 'Creation time the list tells; NULL: unknown (the epoch is unknown).';

COMMENT ON COLUMN model_history.type IS 'Kind of object; `model` at the official API.';

COMMENT ON COLUMN model_history.lifecycle IS 'Such as active, deprecated, retired; NULL: not told.';

COMMENT ON COLUMN model_history.deprecated_at IS 'When it was or will be deprecated; NULL: not told.';

COMMENT ON COLUMN model_history.retires_at IS 'When it is planned to retire; this date moves; NULL: not told.';

COMMENT ON COLUMN model_history.line IS 'Product line, such as opus; NULL: not told.';

COMMENT ON COLUMN model_history.max_input_tokens IS 'Largest input in tokens; NULL: unknown.';

COMMENT ON COLUMN model_history.max_tokens IS 'Largest output in tokens; NULL: unknown.';

COMMENT ON COLUMN model_history.attributes IS 'Every other field by name; created_at and unreadable columns as they were received.';

COMMENT ON VIEW changes IS 'The change log, append-only: what runs found different.';

COMMENT ON COLUMN changes.change_id IS 'Number of the change, in the order of the log.';

COMMENT ON COLUMN changes.run_id IS 'The run that recorded it.';

COMMENT ON COLUMN changes.source IS 'The list it belongs to.';

COMMENT ON COLUMN changes.model_id IS 'The model''s id in the list.';

COMMENT ON COLUMN changes.kind IS 'added, removed, returned or changed.';

COMMENT ON COLUMN changes.field IS 'Dotted path of the field that changed; NULL unless kind is changed.';

COMMENT ON COLUMN changes.old_value IS 'Before, as JSON text; NULL: absent.';

COMMENT ON COLUMN changes.new_value IS 'After, as JSON text; NULL: absent.';

COMMENT ON COLUMN changes.not_before IS 'It happened after this: start of the last walk that proves the old state; NULL: unproven.';

COMMENT ON COLUMN changes.observed_at IS 'It had happened by this: end of the walk that showed the new state.';

COMMENT ON COLUMN changes.recorded_at IS 'When it entered the log; later than observed_at for a removal.';

COMMENT ON COLUMN changes.baseline IS 'A difference of view, not news: found by a baseline, or by a better reading.';

COMMENT ON COLUMN changes.uid IS 'Stable name derived from what changed.';

COMMENT ON VIEW sync_runs IS 'Every run: one sync of one source.';

COMMENT ON COLUMN sync_runs.run_id IS 'Number of the run, in order of start.';

COMMENT ON COLUMN sync_runs.source IS 'The list it read.';

COMMENT ON COLUMN sync_runs.status IS 'running, complete, partial, held, failed, superseded, abandoned or skipped.';

COMMENT ON COLUMN sync_runs.origin IS 'live: it read the list; backfill: it read an answer recorded earlier, and has the time of that.';

COMMENT ON COLUMN sync_runs.started_at IS 'Before the first request.';

COMMENT ON COLUMN sync_runs.finished_at IS 'When its findings entered the log; NULL while it runs.';

COMMENT ON COLUMN sync_runs.scope IS 'Who asked, and how, as JSON text.';

COMMENT ON COLUMN sync_runs.pages IS 'Pages read.';

COMMENT ON COLUMN sync_runs.models_seen IS 'Models listed.';

COMMENT ON COLUMN sync_runs.added IS 'Models never seen before.';

COMMENT ON COLUMN sync_runs.returned IS 'Models that came back.';

COMMENT ON COLUMN sync_runs.changed IS 'Models of which a field changed.';

COMMENT ON COLUMN sync_runs.missing IS 'Models it lacked that are not believed to be gone.';

COMMENT ON COLUMN sync_runs.removed IS 'Models whose removal it confirmed.';

COMMENT ON COLUMN sync_runs.error IS 'Why it failed, or what was odd, in words.';

COMMENT ON VIEW deliveries IS 'Alerts to a channel: pending, delivered, given up or dropped.';

COMMENT ON COLUMN deliveries.delivery_id IS 'Number of the delivery.';

COMMENT ON COLUMN deliveries.channel IS 'Name of the channel in the configuration.';

COMMENT ON COLUMN deliveries.source IS 'The list it tells of.';

COMMENT ON COLUMN deliveries.run_id IS 'The run whose findings it tells; NULL: a date came near.';

COMMENT ON COLUMN deliveries.type IS 'catalog.changes, catalog.retiring, catalog.held and so on.';

COMMENT ON COLUMN deliveries.status IS 'pending, delivered, dead or dropped.';

COMMENT ON COLUMN deliveries.attempts IS 'How often it was tried.';

COMMENT ON COLUMN deliveries.next_attempt_at IS 'Not tried before this, nor while its channel backs off; NULL: never';

COMMENT ON COLUMN deliveries.delivered_at IS 'When the channel took it; NULL: not yet.';

COMMENT ON COLUMN deliveries.last_error IS 'Why the last attempt failed, in words.';

COMMENT ON COLUMN deliveries.created_at IS 'When it was enqueued.';

COMMENT ON VIEW catalog_prunable_run IS 'Runs that recorded nothing and that nothing refers to: once old enough, they may be dropped.';

COMMENT ON COLUMN catalog_prunable_run.run_id IS 'Number of the run.';

COMMENT ON COLUMN catalog_prunable_run.source_key IS 'Its source.';

COMMENT ON COLUMN catalog_prunable_run.finished_at IS 'When it ended.';

COMMENT ON VIEW catalog_prunable_delivery IS 'Deliveries that were made and that nothing refers to: once old enough, they may be dropped.';

COMMENT ON COLUMN catalog_prunable_delivery.delivery_id IS 'Number of the delivery.';

COMMENT ON COLUMN catalog_prunable_delivery.source_key IS 'The source it tells of.';

COMMENT ON COLUMN catalog_prunable_delivery.delivered_at IS 'When the channel took it.';

COMMIT;


ALTER TABLE catalog_change DISABLE TRIGGER USER;
INSERT INTO catalog_change (change_id, run_id, model_key, kind, field, old_value, new_value, proof_run, observed_run, baseline) VALUES
('1', '1', '1', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('2', '1', '2', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('3', '1', '3', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('4', '1', '4', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('5', '1', '5', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('6', '2', '6', 'added', NULL, NULL, NULL, '1', NULL, NULL),
('7', '2', '4', 'changed', 'created_at', NULL, '"2026-02-19T00:00:00Z"', '1', NULL, NULL),
('8', '2', '4', 'changed', 'lifecycle', '"active"', '"deprecated"', '1', NULL, NULL),
('9', '2', '4', 'changed', 'retires_at', NULL, '"2026-02-01T00:00:00Z"', '1', NULL, NULL),
('10', '2', '5', 'changed', 'created_at', NULL, '"2026-02-19T00:00:00Z"', '1', NULL, NULL),
('11', '2', '5', 'changed', 'lifecycle', '"active"', '"deprecated"', '1', NULL, NULL),
('12', '2', '5', 'changed', 'retires_at', NULL, '"2026-02-01T00:00:00Z"', '1', NULL, NULL),
('13', '3', '4', 'changed', 'lifecycle', '"deprecated"', '"active"', '2', NULL, NULL),
('14', '3', '4', 'changed', 'max_tokens', '64000', '"lots"', '2', NULL, NULL),
('15', '3', '4', 'changed', 'note.deep', NULL, '[1,2.5,null,"it''s"]', '2', NULL, NULL),
('16', '3', '4', 'changed', 'retires_at', '"2026-02-01T00:00:00Z"', NULL, '2', NULL, NULL),
('17', '3', '5', 'changed', 'lifecycle', '"deprecated"', '"active"', '2', NULL, NULL),
('18', '3', '5', 'changed', 'max_tokens', '64000', '"lots"', '2', NULL, NULL),
('19', '3', '5', 'changed', 'note.deep', NULL, '[1,2.5,null,"it''s"]', '2', NULL, NULL),
('20', '3', '5', 'changed', 'retires_at', '"2026-02-01T00:00:00Z"', NULL, '2', NULL, NULL),
('21', '3', '6', 'changed', 'lifecycle', '"deprecated"', '"active"', '2', NULL, NULL),
('22', '3', '6', 'changed', 'max_tokens', '64000', '"lots"', '2', NULL, NULL),
('23', '3', '6', 'changed', 'note.deep', NULL, '[1,2.5,null,"it''s"]', '2', NULL, NULL),
('24', '3', '6', 'changed', 'retires_at', '"2026-02-01T00:00:00Z"', NULL, '2', NULL, NULL),
('25', '4', '7', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('26', '4', '8', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('27', '4', '9', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('28', '4', '10', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('29', '4', '11', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('30', '4', '12', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('31', '4', '13', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('32', '4', '14', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('33', '4', '15', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('34', '4', '16', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('41', '9', '1', 'changed', 'capabilities.batch.supported', NULL, 'true', '3', NULL, NULL),
('42', '9', '1', 'changed', 'capabilities.thinking.supported', NULL, 'true', '3', NULL, NULL),
('43', '9', '1', 'changed', 'capabilities.thinking.types.enabled.supported', NULL, 'true', '3', NULL, NULL),
('44', '9', '1', 'changed', 'capabilities.vision.large', '"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"', NULL, '3', NULL, NULL),
('45', '9', '1', 'changed', 'capabilities.vision.supported', 'true', NULL, '3', NULL, NULL),
('46', '9', '2', 'changed', 'capabilities.batch.supported', NULL, 'true', '3', NULL, NULL),
('47', '9', '2', 'changed', 'capabilities.thinking.supported', NULL, 'true', '3', NULL, NULL),
('48', '9', '2', 'changed', 'capabilities.thinking.types.enabled.supported', NULL, 'true', '3', NULL, NULL),
('49', '9', '2', 'changed', 'capabilities.vision.large', '"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"', NULL, '3', NULL, NULL),
('50', '9', '2', 'changed', 'capabilities.vision.supported', 'true', NULL, '3', NULL, NULL),
('51', '9', '4', 'changed', 'max_tokens', '"lots"', '64000', '3', NULL, NULL),
('52', '9', '4', 'changed', 'note.deep', '[1,2.5,null,"it''s"]', NULL, '3', NULL, NULL),
('53', '9', '5', 'changed', 'max_tokens', '"lots"', '64000', '3', NULL, NULL),
('54', '9', '5', 'changed', 'note.deep', '[1,2.5,null,"it''s"]', NULL, '3', NULL, NULL),
('55', '9', '6', 'changed', 'max_tokens', '"lots"', '64000', '3', NULL, NULL),
('56', '9', '6', 'changed', 'note.deep', '[1,2.5,null,"it''s"]', NULL, '3', NULL, NULL),
('57', '11', '17', 'added', NULL, NULL, NULL, '10', NULL, NULL),
('58', '14', '18', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('59', '14', '19', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('60', '14', '20', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('61', '15', '21', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('62', '20', '22', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('63', '20', '23', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('64', '20', '24', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('65', '22', '25', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('66', '22', '26', 'added', NULL, NULL, NULL, NULL, NULL, NULL),
('67', '27', '1', 'changed', 'display_name', '"A"', E'"Renamed ''twice'' \\\\ and \\"quoted\\""', '9', NULL, NULL),
('68', '27', '2', 'changed', 'display_name', '"B"', E'"Renamed ''twice'' \\\\ and \\"quoted\\""', '9', NULL, NULL),
('69', '27', '4', 'changed', 'display_name', '"C"', E'"Renamed ''twice'' \\\\ and \\"quoted\\""', '9', NULL, NULL),
('70', '27', '3', 'removed', NULL, NULL, NULL, '3', '9', NULL),
('71', '29', '5', 'removed', NULL, NULL, NULL, '27', '28', NULL),
('72', '30', '5', 'returned', NULL, NULL, NULL, '29', NULL, NULL),
('73', '32', '6', 'removed', NULL, NULL, NULL, '30', '31', NULL),
('74', '34', '27', 'added', NULL, NULL, NULL, '32', NULL, NULL),
('75', '35', '28', 'added', NULL, NULL, NULL, '32', NULL, NULL),
('76', '35', '29', 'added', NULL, NULL, NULL, '32', NULL, NULL),
('77', '35', '30', 'added', NULL, NULL, NULL, '32', NULL, NULL),
('78', '36', '5', 'changed', 'capabilities.batch.supported', 'true', NULL, '35', NULL, NULL),
('79', '36', '5', 'changed', 'capabilities.thinking.supported', 'true', NULL, '35', NULL, NULL),
('80', '36', '5', 'changed', 'capabilities.thinking.types.enabled.supported', 'true', NULL, '35', NULL, NULL),
('81', '36', '5', 'changed', 'display_name', '"D"', NULL, '35', NULL, NULL),
('82', '36', '5', 'changed', 'lifecycle', '"active"', NULL, '35', NULL, NULL),
('83', '36', '5', 'changed', 'max_input_tokens', '200000', NULL, '35', NULL, NULL),
('84', '36', '5', 'changed', 'max_tokens', '64000', NULL, '35', NULL, NULL),
('85', '36', '27', 'removed', NULL, NULL, NULL, '34', '35', NULL);
ALTER TABLE catalog_change ENABLE TRIGGER USER;
ALTER TABLE catalog_channel DISABLE TRIGGER USER;
INSERT INTO catalog_channel (channel, created_at, suspect, failing_since, rests_until, paused_until, looked_at, looked_change, asks, watches) VALUES
('gone', '2026-01-01 01:51:00+00', NULL, NULL, NULL, NULL, '2026-01-06 11:12:00+00', '77', '6cf24b50f49c428eab07aebe3c143ba0', NULL),
('pager', '2026-01-01 01:51:00+00', NULL, '2026-01-06 11:34:00+00', NULL, '2026-01-06 12:04:00+00', '2026-01-06 11:12:00+00', '77', '581408a838295bd959e377ecca3afc30', NULL),
('team', '2026-01-01 01:51:00+00', '5', NULL, NULL, NULL, '2026-01-06 11:12:00+00', '77', 'ac83e907377026f3ff1591aa6b08b7c9', NULL);
ALTER TABLE catalog_channel ENABLE TRIGGER USER;
ALTER TABLE catalog_deferred_removal DISABLE TRIGGER USER;
INSERT INTO catalog_deferred_removal (channel, change_id, due_at) VALUES
('pager', '85', '2026-01-06 12:34:00+00');
ALTER TABLE catalog_deferred_removal ENABLE TRIGGER USER;
ALTER TABLE catalog_model DISABLE TRIGGER USER;
INSERT INTO catalog_model (model_key, source_key, id, display_name, created_at, type, lifecycle, deprecated_at, retires_at, line, max_input_tokens, max_tokens, own, shape_key, digest, valid_from_run, first_seen_run, seen_run, silent_run, missing_run, held_run, removed_run, lacked_run) VALUES
('1', '1', 'a', E'Renamed ''twice'' \\ and "quoted"', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.a1a5146cfaa92418aa94479d', '27', '1', '1', NULL, NULL, NULL, NULL, NULL),
('2', '1', 'b', E'Renamed ''twice'' \\ and "quoted"', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.29f0e07eec0218f79ab9530e', '27', '1', '1', NULL, NULL, NULL, NULL, NULL),
('3', '1', 'Café/模型 😀', 'Café/模型 😀', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z"}', '1', '1.2cc61ff6c4a4b565a2245a02', '1', '1', '3', NULL, NULL, NULL, '9', NULL),
('4', '1', 'c', E'Renamed ''twice'' \\ and "quoted"', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.2ba9d8c4ee2f7f167864af02', '27', '1', '1', NULL, NULL, NULL, NULL, NULL),
('5', '1', 'd', NULL, '2026-02-19 00:00:00+00', 'model', NULL, NULL, NULL, NULL, NULL, NULL, '{"created_at": "2026-02-19T00:00:00Z"}', NULL, '1.', '36', '1', '30', '35', NULL, NULL, NULL, NULL),
('6', '1', 'e', 'E', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.37ea7f5e0494734c402abc9e', '9', '2', '30', NULL, NULL, NULL, '31', NULL),
('7', '2', 'model-0', 'Model 0', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.81de10812fa757f3f998824f', '4', '4', '4', NULL, NULL, NULL, NULL, NULL),
('8', '2', 'model-1', 'Model 1', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.c7ab637c2969dc4de16ade3d', '4', '4', '4', NULL, NULL, NULL, NULL, NULL),
('9', '2', 'model-2', 'Model 2', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.7890a081f58cd6894658a719', '4', '4', '4', NULL, NULL, NULL, NULL, NULL),
('10', '2', 'model-3', 'Model 3', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.70d86b5a46bb8d34e62ed945', '4', '4', '11', NULL, '12', '12', NULL, NULL),
('11', '2', 'model-4', 'Model 4', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.0a46b41dfae0432a21d46be6', '4', '4', '11', NULL, '12', '12', NULL, NULL),
('12', '2', 'model-5', 'Model 5', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.36f2fde3b6969483f0c77259', '4', '4', '11', NULL, '12', '12', NULL, NULL),
('13', '2', 'model-6', 'Model 6', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.ca7e7ec2d3068b8b07a9a8de', '4', '4', '11', NULL, '12', '12', NULL, NULL),
('14', '2', 'model-7', 'Model 7', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.ddf5c3b40d456a1e2e26f7a0', '4', '4', '11', NULL, '12', '12', NULL, NULL),
('15', '2', 'model-8', 'Model 8', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.0f55c9249982151340b1c6a4', '4', '4', '11', NULL, '12', '12', NULL, NULL),
('16', '2', 'model-9', 'Model 9', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.2da4ea990bec5ef7e69b00b0', '4', '4', '11', NULL, '12', '12', NULL, NULL),
('17', '2', 'late', 'Late', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.f55dd8f971d80aa20bd34cdc', '11', '11', '11', NULL, '12', '12', NULL, NULL),
('18', '3', 'a', 'A', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.bdf79fb747421190653cb2c5', '14', '14', '14', NULL, NULL, NULL, NULL, NULL),
('19', '3', 'b', 'B', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.9d6406cfac38b0a6068e7480', '14', '14', '16', NULL, NULL, NULL, NULL, NULL),
('20', '3', 'c', 'C', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.67e33013a2dd55276021f025', '14', '14', '17', NULL, NULL, NULL, NULL, '18'),
('21', '3', 'd', 'D', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.24707cf8e5ab9fc0aa1b0ca9', '15', '15', '16', NULL, NULL, NULL, NULL, NULL),
('22', '4', 'x', 'X', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.disputed', '20', '20', '20', '20', NULL, NULL, NULL, NULL),
('23', '4', 'a', 'A', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.bdf79fb747421190653cb2c5', '20', '20', '20', NULL, NULL, NULL, NULL, NULL),
('24', '4', 'b', 'B', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.9d6406cfac38b0a6068e7480', '20', '20', '20', NULL, NULL, NULL, NULL, NULL),
('25', '5', 'a', 'A', NULL, 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-01-01T06:53:00.000000Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.', '22', '22', '22', NULL, NULL, NULL, NULL, NULL),
('26', '5', 'b', 'B', NULL, 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-01-01T06:53:00.000000Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.', '22', '22', '22', NULL, NULL, NULL, NULL, NULL),
('27', '1', 'f', 'F', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.1354bf736749f6ce6edbe6d5', '34', '34', '34', NULL, NULL, NULL, '35', NULL),
('28', '1', 'soon', 'Soon', '2026-02-19 00:00:00+00', 'model', 'active', NULL, '2026-01-20 00:00:00+00', NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.f981202a8cfc3996cf0f101f', '35', '35', '35', NULL, NULL, NULL, NULL, NULL),
('29', '1', 'late', 'Late', '2026-02-19 00:00:00+00', 'model', 'active', NULL, '2025-12-01 00:00:00+00', NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.5a4c9cc2822a20c8d14ab39a', '35', '35', '35', NULL, NULL, NULL, NULL, NULL),
('30', '1', 'g', 'G', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL, '1.b2afcce82692d666ffae322e', '35', '35', '35', NULL, '36', NULL, NULL, NULL);
ALTER TABLE catalog_model ENABLE TRIGGER USER;
ALTER TABLE catalog_shape DISABLE TRIGGER USER;
INSERT INTO catalog_shape (shape_key, digest, body) VALUES
('1', '0d4eeecb7720ad571a0989c9', '{"capabilities": {"vision": {"large": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "supported": true}}}');
ALTER TABLE catalog_shape ENABLE TRIGGER USER;
ALTER TABLE catalog_source DISABLE TRIGGER USER;
INSERT INTO catalog_source (source_key, source, base_url, configured, generation, scope, last_whole_run, absence_run, models_listed, baseline_run, stamps, stranger_run, stranger, pruned_at) VALUES
('1', 'one', 'https://api.example', 'true', '13', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '36', '36', '7', '9', NULL, NULL, NULL, NULL),
('2', 'two', 'https://api.example', 'false', '5', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '13', '13', '11', '10', NULL, NULL, NULL, NULL),
('3', 'pool', 'https://api.example', 'false', '6', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"99999999-8888-4777-8666-555555555555","workspace":""}', '18', '17', '4', '16', NULL, '19', 'organization 00000000-1111-4222-8333-444444444444', NULL),
('4', 'three', 'https://api.example', 'false', '2', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '21', '21', '3', '20', NULL, NULL, NULL, NULL),
('5', 'stamps', 'https://api.example', 'false', '2', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '23', '23', '2', '22', E'["\\"2026-01-01T07:14:00.000000Z\\""]', NULL, NULL, NULL),
('6', 'never', 'https://api.example', 'false', '0', NULL, NULL, NULL, '0', NULL, NULL, NULL, NULL, NULL);
ALTER TABLE catalog_source ENABLE TRIGGER USER;
ALTER TABLE catalog_state DISABLE TRIGGER USER;
INSERT INTO catalog_state (model_key, valid_from_run, valid_to_run, display_name, created_at, type, lifecycle, deprecated_at, retires_at, line, max_input_tokens, max_tokens, own, shape_key) VALUES
('1', '1', '9', 'A', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z"}', '1'),
('1', '9', '27', 'A', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('2', '1', '9', 'B', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z"}', '1'),
('2', '9', '27', 'B', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('4', '1', '2', 'C', NULL, 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "1970-01-01T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('4', '2', '3', 'C', '2026-02-19 00:00:00+00', 'model', 'deprecated', NULL, '2026-02-01 00:00:00+00', NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('4', '3', '9', 'C', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"note": {"deep": [1, 2.5, null, "it''s"]}, "created_at": "2026-02-19T00:00:00Z", "max_tokens": "lots", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('4', '9', '27', 'C', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('5', '1', '2', 'D', NULL, 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "1970-01-01T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('5', '2', '3', 'D', '2026-02-19 00:00:00+00', 'model', 'deprecated', NULL, '2026-02-01 00:00:00+00', NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('5', '3', '9', 'D', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"note": {"deep": [1, 2.5, null, "it''s"]}, "created_at": "2026-02-19T00:00:00Z", "max_tokens": "lots", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('5', '9', '28', 'D', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('5', '30', '36', 'D', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('6', '2', '3', 'E', '2026-02-19 00:00:00+00', 'model', 'deprecated', NULL, '2026-02-01 00:00:00+00', NULL, '200000', '64000', '{"created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL),
('6', '3', '9', 'E', '2026-02-19 00:00:00+00', 'model', 'active', NULL, NULL, NULL, '200000', '64000', '{"note": {"deep": [1, 2.5, null, "it''s"]}, "created_at": "2026-02-19T00:00:00Z", "max_tokens": "lots", "capabilities": {"batch": {"supported": true}, "thinking": {"types": {"enabled": {"supported": true}}, "supported": true}}}', NULL);
ALTER TABLE catalog_state ENABLE TRIGGER USER;
ALTER TABLE catalog_delivery DISABLE TRIGGER USER;
INSERT INTO catalog_delivery (delivery_id, channel, source_key, run_id, type, uid, payload, status, attempts, next_attempt_at, give_up_at, lease, leased_until, delivered_at, last_error, created_at) VALUES
('1', 'team', '1', '2', 'catalog.changes', 'msg_bb4d28371577357fb5bc5341643ced23', '{"id":"msg_bb4d28371577357fb5bc5341643ced23","type":"catalog.changes","source":"one","run_id":2,"changes":[{"uid":"one:added:2026-01-01T00:44:00.000000Z:1:e","kind":"added","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:c:created_at","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"created_at","new_value":"2026-02-19T00:00:00Z","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:c:lifecycle","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"lifecycle","old_value":"active","new_value":"deprecated","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:c:retires_at","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"retires_at","new_value":"2026-02-01T00:00:00Z","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:d:created_at","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"created_at","new_value":"2026-02-19T00:00:00Z","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:d:lifecycle","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"lifecycle","old_value":"active","new_value":"deprecated","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:d:retires_at","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"retires_at","new_value":"2026-02-01T00:00:00Z","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"}],"at":"2026-01-01T00:44:00Z","models_listed":6}', 'delivered', '1', NULL, '2026-01-08 00:44:00+00', NULL, NULL, '2026-01-01 01:30:00+00', NULL, '2026-01-01 00:44:00+00'),
('2', 'pager', '1', '2', 'catalog.changes', 'msg_f17d555b12ee6e392ad5169f04151885', '{"id":"msg_f17d555b12ee6e392ad5169f04151885","type":"catalog.changes","source":"one","run_id":2,"changes":[{"uid":"one:added:2026-01-01T00:44:00.000000Z:1:e","kind":"added","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"}],"at":"2026-01-01T00:44:00Z","models_listed":6}', 'dead', '0', NULL, '2026-01-08 00:44:00+00', NULL, NULL, NULL, 'restored from a copy of 2026-01-01T01:30:00Z: it may have been sent since; `catalog alerts retry` sends it all the same', '2026-01-01 00:44:00+00'),
('3', 'gone', '1', '2', 'catalog.changes', 'msg_04207634d14c6c81572f09d874aad4a3', '{"id":"msg_04207634d14c6c81572f09d874aad4a3","type":"catalog.changes","source":"one","run_id":2,"changes":[{"uid":"one:added:2026-01-01T00:44:00.000000Z:1:e","kind":"added","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"}],"at":"2026-01-01T00:44:00Z","models_listed":6}', 'dead', '1', NULL, '2026-01-08 00:44:00+00', NULL, NULL, NULL, 'HTTP 410', '2026-01-01 00:44:00+00'),
('4', 'team', '1', '3', 'catalog.changes', 'msg_65becb75e1791d2b45ab28bb20bcfd0b', '{"id":"msg_65becb75e1791d2b45ab28bb20bcfd0b","type":"catalog.changes","source":"one","run_id":3,"changes":[{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:c:lifecycle","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"lifecycle","old_value":"deprecated","new_value":"active","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:c:max_tokens","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"max_tokens","old_value":64000,"new_value":"lots","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:c:note.deep","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"note.deep","new_value":[1,2.5,null,"it''s"],"not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:c:retires_at","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"retires_at","old_value":"2026-02-01T00:00:00Z","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:d:lifecycle","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"lifecycle","old_value":"deprecated","new_value":"active","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:d:max_tokens","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"max_tokens","old_value":64000,"new_value":"lots","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:d:note.deep","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"note.deep","new_value":[1,2.5,null,"it''s"],"not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:d:retires_at","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"retires_at","old_value":"2026-02-01T00:00:00Z","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:e:lifecycle","kind":"changed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"lifecycle","old_value":"deprecated","new_value":"active","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:e:max_tokens","kind":"changed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"max_tokens","old_value":64000,"new_value":"lots","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:e:note.deep","kind":"changed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"note.deep","new_value":[1,2.5,null,"it''s"],"not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:e:retires_at","kind":"changed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"retires_at","old_value":"2026-02-01T00:00:00Z","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"}],"at":"2026-01-01T01:06:00Z","models_listed":6}', 'delivered', '1', NULL, '2026-01-08 01:06:00+00', NULL, NULL, '2026-01-01 01:30:00+00', NULL, '2026-01-01 01:06:00+00'),
('5', 'team', '2', '11', 'catalog.changes', 'msg_c59ad03823957164d0955dcf9cdd1af3', '{"id":"msg_c59ad03823957164d0955dcf9cdd1af3","type":"catalog.changes","source":"two","run_id":11,"changes":[{"uid":"two:added:2026-01-01T03:01:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T02:33:00Z","observed_at":"2026-01-01T03:01:00Z"}],"at":"2026-01-01T03:01:00Z","models_listed":11}', 'pending', '1', '2026-01-06 11:34:30+00', '2026-01-08 03:01:00+00', NULL, NULL, NULL, 'HTTP 503', '2026-01-01 03:01:00+00'),
('6', 'pager', '2', '11', 'catalog.changes', 'msg_bc390624c99df0316ca1b41d632cf0c3', '{"id":"msg_bc390624c99df0316ca1b41d632cf0c3","type":"catalog.changes","source":"two","run_id":11,"changes":[{"uid":"two:added:2026-01-01T03:01:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T02:33:00Z","observed_at":"2026-01-01T03:01:00Z"}],"at":"2026-01-01T03:01:00Z","models_listed":11}', 'pending', '1', '2026-01-06 12:04:00+00', '2026-01-08 03:01:00+00', NULL, NULL, NULL, 'HTTP 503', '2026-01-01 03:01:00+00'),
('7', 'gone', '2', '11', 'catalog.changes', 'msg_eda8ddc4b6616213c9c2316d51baa046', '{"id":"msg_eda8ddc4b6616213c9c2316d51baa046","type":"catalog.changes","source":"two","run_id":11,"changes":[{"uid":"two:added:2026-01-01T03:01:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T02:33:00Z","observed_at":"2026-01-01T03:01:00Z"}],"at":"2026-01-01T03:01:00Z","models_listed":11}', 'pending', '0', '2026-01-01 03:01:00+00', '2026-01-08 03:01:00+00', NULL, NULL, NULL, NULL, '2026-01-01 03:01:00+00'),
('8', 'team', '2', '12', 'catalog.held', 'msg_cbe855817b06de206bf01b7fbc6ef864', '{"id":"msg_cbe855817b06de206bf01b7fbc6ef864","type":"catalog.held","source":"two","run_id":12,"changes":[],"reason":"The run is held: 8 of 11 models that were listed before are gone at once: they wait for --accept-removals","hint":"catalog sync two --accept-removals"}', 'pending', '0', '2026-01-01 03:22:00+00', '2026-01-08 03:22:00+00', 'third', '2026-01-06 11:35:00+00', NULL, NULL, '2026-01-01 03:22:00+00'),
('9', 'team', '3', '15', 'catalog.held', 'msg_0b40904750b02f6ea53858ee4e71621f', '{"id":"msg_0b40904750b02f6ea53858ee4e71621f","type":"catalog.held","source":"pool","run_id":15,"changes":[],"reason":"The run is held: the answers name another organization or workspace than before: absences wait for --accept-scope","hint":"catalog sync pool --accept-scope"}', 'pending', '0', '2026-01-01 04:25:00+00', '2026-01-08 04:25:00+00', NULL, NULL, NULL, NULL, '2026-01-01 04:25:00+00'),
('10', 'team', '3', '19', 'catalog.held', 'msg_3819b36731db95803b9fba91e1cd5769', '{"id":"msg_3819b36731db95803b9fba91e1cd5769","type":"catalog.held","source":"pool","run_id":19,"changes":[],"reason":"The run is held: the answers name another organization or workspace than before: absences wait for --accept-scope","hint":"catalog sync pool --accept-scope"}', 'pending', '0', '2026-01-01 05:49:00+00', '2026-01-08 05:49:00+00', NULL, NULL, NULL, NULL, '2026-01-01 05:49:00+00'),
('11', 'team', '6', '26', 'catalog.sync_failed', 'msg_29f19cc2129b9fabc81b5cbea4eaf81e', '{"id":"msg_29f19cc2129b9fabc81b5cbea4eaf81e","type":"catalog.sync_failed","source":"never","run_id":26,"changes":[],"reason":"3 runs in a row failed since 1 January 2026, 07:35 UTC; the last one: the models list of api.example: HTTP 401 (authentication_error, request req_000037): the key is refused","hint":"catalog check"}', 'pending', '0', '2026-01-01 07:55:00+00', '2026-01-08 07:55:00+00', NULL, NULL, NULL, NULL, '2026-01-01 07:55:00+00'),
('12', 'team', '1', '27', 'catalog.changes', 'msg_708a1c0707d54bca1393a091da400fcb', E'{"id":"msg_708a1c0707d54bca1393a091da400fcb","type":"catalog.changes","source":"one","run_id":27,"changes":[{"uid":"one:changed:2026-01-01T08:17:00.000000Z:1:a:display_name","kind":"changed","model_id":"a","display_name":"Renamed ''twice'' \\\\ and \\"quoted\\"","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"display_name","old_value":"A","new_value":"Renamed ''twice'' \\\\ and \\"quoted\\"","not_before":"2026-01-01T02:11:00Z","observed_at":"2026-01-01T08:17:00Z"},{"uid":"one:changed:2026-01-01T08:17:00.000000Z:1:b:display_name","kind":"changed","model_id":"b","display_name":"Renamed ''twice'' \\\\ and \\"quoted\\"","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"display_name","old_value":"B","new_value":"Renamed ''twice'' \\\\ and \\"quoted\\"","not_before":"2026-01-01T02:11:00Z","observed_at":"2026-01-01T08:17:00Z"},{"uid":"one:changed:2026-01-01T08:17:00.000000Z:1:c:display_name","kind":"changed","model_id":"c","display_name":"Renamed ''twice'' \\\\ and \\"quoted\\"","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"display_name","old_value":"C","new_value":"Renamed ''twice'' \\\\ and \\"quoted\\"","not_before":"2026-01-01T02:11:00Z","observed_at":"2026-01-01T08:17:00Z"}],"at":"2026-01-01T08:17:00Z","models_listed":5}', 'pending', '0', '2026-01-01 08:17:00+00', '2026-01-08 08:17:00+00', NULL, NULL, NULL, NULL, '2026-01-01 08:17:00+00'),
('13', 'team', '1', '29', 'catalog.changes', 'msg_4324460f8fb24f8e90f8958f9f143bcd', '{"id":"msg_4324460f8fb24f8e90f8958f9f143bcd","type":"catalog.changes","source":"one","run_id":29,"changes":[{"uid":"one:removed:2026-01-01T08:39:00.000000Z:1:d","kind":"removed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T08:15:00Z","observed_at":"2026-01-01T08:39:00Z"}],"at":"2026-01-01T09:01:00Z","models_listed":4}', 'pending', '0', '2026-01-01 09:01:00+00', '2026-01-08 09:01:00+00', NULL, NULL, NULL, NULL, '2026-01-01 09:01:00+00'),
('14', 'team', '1', '30', 'catalog.changes', 'msg_e2209c46c5e6bac066a7a82bef58bb83', '{"id":"msg_e2209c46c5e6bac066a7a82bef58bb83","type":"catalog.changes","source":"one","run_id":30,"changes":[{"uid":"one:returned:2026-01-01T09:23:00.000000Z:1:d","kind":"returned","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T08:59:00Z","observed_at":"2026-01-01T09:23:00Z"}],"at":"2026-01-01T09:23:00Z","models_listed":5}', 'pending', '0', '2026-01-01 09:23:00+00', '2026-01-08 09:23:00+00', NULL, NULL, NULL, NULL, '2026-01-01 09:23:00+00'),
('15', 'team', '1', '32', 'catalog.changes', 'msg_463297d13eb24093cba8650081840c08', '{"id":"msg_463297d13eb24093cba8650081840c08","type":"catalog.changes","source":"one","run_id":32,"changes":[{"uid":"one:removed:2026-01-01T09:45:00.000000Z:1:e","kind":"removed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T09:21:00Z","observed_at":"2026-01-01T09:45:00Z"}],"at":"2026-01-01T10:07:00Z","models_listed":4}', 'pending', '0', '2026-01-01 10:07:00+00', '2026-01-08 10:07:00+00', NULL, NULL, NULL, NULL, '2026-01-01 10:07:00+00'),
('16', 'team', '1', '34', 'catalog.changes', 'msg_b7d4575a6050afa6b20f333e6d82b920', '{"id":"msg_b7d4575a6050afa6b20f333e6d82b920","type":"catalog.changes","source":"one","run_id":34,"changes":[{"uid":"one:added:2026-01-01T10:49:00.000000Z:1:f","kind":"added","model_id":"f","display_name":"F","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T10:49:00Z"}],"at":"2026-01-01T10:49:00Z","models_listed":5}', 'pending', '0', '2026-01-01 10:49:00+00', '2026-01-08 10:49:00+00', NULL, NULL, NULL, NULL, '2026-01-01 10:49:00+00'),
('17', 'pager', '1', '34', 'catalog.changes', 'msg_d540d0a776d13b14785b5b2472710eeb', '{"id":"msg_d540d0a776d13b14785b5b2472710eeb","type":"catalog.changes","source":"one","run_id":34,"changes":[{"uid":"one:added:2026-01-01T10:49:00.000000Z:1:f","kind":"added","model_id":"f","display_name":"F","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T10:49:00Z"}],"at":"2026-01-01T10:49:00Z","models_listed":5}', 'pending', '0', '2026-01-01 10:49:00+00', '2026-01-08 10:49:00+00', NULL, NULL, NULL, NULL, '2026-01-01 10:49:00+00'),
('18', 'gone', '1', '34', 'catalog.changes', 'msg_ac68d330416af162b85526ba490f3f29', '{"id":"msg_ac68d330416af162b85526ba490f3f29","type":"catalog.changes","source":"one","run_id":34,"changes":[{"uid":"one:added:2026-01-01T10:49:00.000000Z:1:f","kind":"added","model_id":"f","display_name":"F","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T10:49:00Z"}],"at":"2026-01-01T10:49:00Z","models_listed":5}', 'pending', '0', '2026-01-01 10:49:00+00', '2026-01-08 10:49:00+00', NULL, NULL, NULL, NULL, '2026-01-01 10:49:00+00'),
('19', 'team', '1', '35', 'catalog.changes', 'msg_427aa4a49e88a8ed530a709f5dce13c6', '{"id":"msg_427aa4a49e88a8ed530a709f5dce13c6","type":"catalog.changes","source":"one","run_id":35,"changes":[{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:soon","kind":"added","model_id":"soon","display_name":"Soon","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2026-01-20T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2025-12-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:1:g","kind":"added","model_id":"g","display_name":"G","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"}],"at":"2026-01-01T11:12:00Z","models_listed":8}', 'pending', '0', '2026-01-01 11:12:00+00', '2026-01-08 11:12:00+00', NULL, NULL, NULL, NULL, '2026-01-01 11:12:00+00'),
('20', 'pager', '1', '35', 'catalog.changes', 'msg_bf040f19965e62f5ee1872e7e9997d6a', '{"id":"msg_bf040f19965e62f5ee1872e7e9997d6a","type":"catalog.changes","source":"one","run_id":35,"changes":[{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:soon","kind":"added","model_id":"soon","display_name":"Soon","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2026-01-20T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2025-12-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:1:g","kind":"added","model_id":"g","display_name":"G","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"}],"at":"2026-01-01T11:12:00Z","models_listed":8}', 'pending', '0', '2026-01-01 11:12:00+00', '2026-01-08 11:12:00+00', NULL, NULL, NULL, NULL, '2026-01-01 11:12:00+00'),
('21', 'gone', '1', '35', 'catalog.changes', 'msg_9c1aecb7eaf4a70540558770f19d3c5c', '{"id":"msg_9c1aecb7eaf4a70540558770f19d3c5c","type":"catalog.changes","source":"one","run_id":35,"changes":[{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:soon","kind":"added","model_id":"soon","display_name":"Soon","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2026-01-20T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2025-12-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:1:g","kind":"added","model_id":"g","display_name":"G","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"}],"at":"2026-01-01T11:12:00Z","models_listed":8}', 'pending', '0', '2026-01-01 11:12:00+00', '2026-01-08 11:12:00+00', NULL, NULL, NULL, NULL, '2026-01-01 11:12:00+00'),
('22', 'team', '1', NULL, 'catalog.retiring', 'msg_d2cc9056bb60c2739964a35c3184d7de', '{"id":"msg_d2cc9056bb60c2739964a35c3184d7de","type":"catalog.retiring","source":"one","run_id":null,"changes":[],"model_id":"soon","display_name":"Soon","retires_at":"2026-01-20T00:00:00Z","known_since":"2026-01-01T11:12:00Z","watched":false,"days":14,"milestone":14}', 'pending', '0', '2026-01-06 11:12:00+00', '2026-01-13 11:12:00+00', NULL, NULL, NULL, NULL, '2026-01-06 11:12:00+00'),
('23', 'pager', '1', '32', 'catalog.changes', 'msg_64e42c2679266c5f84e4bb219b23f466', '{"id":"msg_64e42c2679266c5f84e4bb219b23f466","type":"catalog.changes","source":"one","run_id":32,"changes":[{"uid":"one:removed:2026-01-01T09:45:00.000000Z:1:e","kind":"removed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T09:21:00Z","observed_at":"2026-01-01T09:45:00Z"}],"at":"2026-01-06T11:12:00Z","models_listed":8}', 'pending', '0', '2026-01-06 11:12:00+00', '2026-01-13 11:12:00+00', NULL, NULL, NULL, NULL, '2026-01-06 11:12:00+00'),
('24', 'team', '1', '36', 'catalog.changes', 'msg_e39901b536a8de91d9d684186619e63f', '{"id":"msg_e39901b536a8de91d9d684186619e63f","type":"catalog.changes","source":"one","run_id":36,"changes":[{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:capabilities.batch.supported","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"capabilities.batch.supported","old_value":true,"not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:capabilities.thinking.supported","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"capabilities.thinking.supported","old_value":true,"not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:capabilities.thinking.types.enabled.supported","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"capabilities.thinking.types.enabled.supported","old_value":true,"not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:display_name","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"display_name","old_value":"D","not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:lifecycle","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"lifecycle","old_value":"active","not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:max_input_tokens","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"max_input_tokens","old_value":200000,"not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:max_tokens","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"max_tokens","old_value":64000,"not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:removed:2026-01-01T11:12:00.000000Z:1:f","kind":"removed","model_id":"f","display_name":"F","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:47:00Z","observed_at":"2026-01-01T11:12:00Z"}],"at":"2026-01-06T11:34:00Z","models_listed":7}', 'pending', '0', '2026-01-06 11:34:00+00', '2026-01-13 11:34:00+00', NULL, NULL, NULL, NULL, '2026-01-06 11:34:00+00');
ALTER TABLE catalog_delivery ENABLE TRIGGER USER;
ALTER TABLE catalog_dispute DISABLE TRIGGER USER;
INSERT INTO catalog_dispute (source_key, id) VALUES
('4', 'x');
ALTER TABLE catalog_dispute ENABLE TRIGGER USER;
ALTER TABLE catalog_identity DISABLE TRIGGER USER;
INSERT INTO catalog_identity (source_key, number, organization, workspace, last_run, whole_run, seen) VALUES
('1', '1', '11111111-2222-4333-8444-555555555555', NULL, '36', '36', NULL),
('2', '1', '11111111-2222-4333-8444-555555555555', NULL, '13', '13', NULL),
('3', '1', '11111111-2222-4333-8444-555555555555', NULL, '17', '17', E'\\x7801636040078c0c8c0c00001c0003'),
('3', '2', '99999999-8888-4777-8666-555555555555', NULL, '18', '18', E'\\x7801636040078c8c0c8c00001e0004'),
('4', '1', '11111111-2222-4333-8444-555555555555', NULL, '21', '21', NULL),
('5', '1', '11111111-2222-4333-8444-555555555555', NULL, '23', '23', NULL);
ALTER TABLE catalog_identity ENABLE TRIGGER USER;
ALTER TABLE catalog_page DISABLE TRIGGER USER;
INSERT INTO catalog_page (source_key, digest, model_keys, last_id, has_more) VALUES
('1', '1.52e373885a15dacc99616e8d', E'\\x1c0000001d00000005000000', 'd', 'false'),
('1', '1.9c6f28a61ac26b69834f4b94', E'\\x010000000200000004000000', 'c', 'true'),
('2', '1.604c187a89f3728c49e965e8', E'\\x070000000800000009000000', 'model-2', 'false'),
('3', '1.4775d3f9638b7722f556f83e', E'\\x1200000014000000', 'c', 'false'),
('4', '1.e655e8d77c88e5e4b4b1a428', E'\\x18000000', 'b', 'false');
ALTER TABLE catalog_page ENABLE TRIGGER USER;
ALTER TABLE catalog_run DISABLE TRIGGER USER;
INSERT INTO catalog_run (run_id, source_key, status, generation, baseline, whole, started_at, walked_at, finished_at, scope, pages, models_seen, added, returned, changed, missing, removed, error, failure, origin) VALUES
('1', '1', 'complete', '1', 'true', 'true', '2026-01-01 00:20:00+00', '2026-01-01 00:22:00+00', '2026-01-01 00:22:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '5', '5', '0', '0', '0', '0', NULL, NULL, 'live'),
('2', '1', 'complete', '2', 'false', 'true', '2026-01-01 00:42:00+00', '2026-01-01 00:44:00+00', '2026-01-01 00:44:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '6', '1', '0', '2', '0', '0', NULL, NULL, 'live'),
('3', '1', 'complete', '3', 'false', 'true', '2026-01-01 01:04:00+00', '2026-01-01 01:06:00+00', '2026-01-01 01:06:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '6', '0', '0', '3', '0', '0', '3 fields could not be read (max_tokens of c and 2 more); the last good value stays, and what was received is kept beside it', NULL, 'live'),
('4', '2', 'complete', '1', 'true', 'true', '2026-01-01 01:26:00+00', '2026-01-01 01:30:00+00', '2026-01-01 01:30:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '4', '10', '10', '0', '0', '0', '0', NULL, NULL, 'live'),
('5', '2', 'superseded', NULL, 'false', 'false', '2026-01-01 01:30:00+00', NULL, '2026-01-01 01:51:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}', '0', '0', '0', '0', '0', '0', '0', 'it had not ended when the copy was made', NULL, 'live'),
('7', '1', 'skipped', NULL, 'false', 'false', '2026-01-01 01:51:00+00', NULL, '2026-01-01 01:51:00.000001+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"last_change":40,"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","restored_run":7,"workspace":""}', '0', '0', '0', '0', '0', '0', '0', 'restored from a copy of 2026-01-01T01:30:00Z; the next walk that shows the whole list is a baseline', NULL, 'live'),
('8', '2', 'skipped', NULL, 'false', 'false', '2026-01-01 01:51:00+00', NULL, '2026-01-01 01:51:00.000002+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"last_change":40,"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","restored_run":8,"workspace":""}', '0', '0', '0', '0', '0', '0', '0', 'restored from a copy of 2026-01-01T01:30:00Z; the next walk that shows the whole list is a baseline', NULL, 'live'),
('9', '1', 'complete', '4', 'true', 'true', '2026-01-01 02:11:00+00', '2026-01-01 02:13:00+00', '2026-01-01 02:13:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '5', '0', '0', '5', '1', '0', 'the catalog was restored from a copy: what differs since then is no news', NULL, 'live'),
('10', '2', 'complete', '2', 'true', 'true', '2026-01-01 02:33:00+00', '2026-01-01 02:37:00+00', '2026-01-01 02:37:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '4', '10', '0', '0', '0', '0', '0', 'the catalog was restored from a copy: what differs since then is no news', NULL, 'live'),
('11', '2', 'complete', '3', 'false', 'true', '2026-01-01 02:57:00+00', '2026-01-01 03:01:00+00', '2026-01-01 03:01:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '4', '11', '1', '0', '0', '0', '0', NULL, NULL, 'live'),
('12', '2', 'held', '4', 'false', 'true', '2026-01-01 03:21:00+00', '2026-01-01 03:22:00+00', '2026-01-01 03:22:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '1', '3', '0', '0', '0', '8', '0', '8 of 11 models that were listed before are gone at once: they wait for --accept-removals', NULL, 'live'),
('13', '2', 'held', '5', 'false', 'true', '2026-01-01 03:42:00+00', '2026-01-01 03:43:00+00', '2026-01-01 03:43:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '1', '3', '0', '0', '0', '8', '0', '8 of 11 models that were listed before are gone at once: they wait for --accept-removals', NULL, 'live'),
('14', '3', 'complete', '1', 'true', 'true', '2026-01-01 04:03:00+00', '2026-01-01 04:04:00+00', '2026-01-01 04:04:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '1', '3', '3', '0', '0', '0', '0', NULL, NULL, 'live'),
('15', '3', 'held', '2', 'true', 'false', '2026-01-01 04:24:00+00', '2026-01-01 04:25:00+00', '2026-01-01 04:25:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"99999999-8888-4777-8666-555555555555","workspace":""}', '1', '3', '1', '0', '0', '0', '0', 'the answers name another organization or workspace than before: absences wait for --accept-scope', NULL, 'live'),
('16', '3', 'complete', '3', 'true', 'true', '2026-01-01 04:45:00+00', '2026-01-01 04:46:00+00', '2026-01-01 04:46:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"99999999-8888-4777-8666-555555555555","workspace":""}', '1', '3', '0', '0', '0', '0', '0', NULL, NULL, 'live'),
('17', '3', 'complete', '4', 'false', 'true', '2026-01-01 05:06:00+00', '2026-01-01 05:07:00+00', '2026-01-01 05:07:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '1', '2', '0', '0', '0', '0', '0', NULL, NULL, 'live'),
('18', '3', 'complete', '5', 'false', 'true', '2026-01-01 05:27:00+00', '2026-01-01 05:28:00+00', '2026-01-01 05:28:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"99999999-8888-4777-8666-555555555555","workspace":""}', '1', '3', '0', '0', '0', '0', '0', NULL, NULL, 'live'),
('19', '3', 'held', '6', 'true', 'false', '2026-01-01 05:48:00+00', '2026-01-01 05:49:00+00', '2026-01-01 05:49:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"00000000-1111-4222-8333-444444444444","workspace":""}', '1', '2', '0', '0', '0', '0', '0', 'the answers name another organization or workspace than before: absences wait for --accept-scope', NULL, 'live'),
('20', '4', 'partial', '1', 'true', 'false', '2026-01-01 06:09:00+00', '2026-01-01 06:11:00+00', '2026-01-01 06:11:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '3', '3', '0', '0', '0', '0', 'page 1: listed twice on one page with different content: x', NULL, 'live'),
('21', '4', 'complete', '2', 'false', 'true', '2026-01-01 06:31:00+00', '2026-01-01 06:33:00+00', '2026-01-01 06:33:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '3', '0', '0', '0', '0', '0', 'page 1: listed twice on one page with different content: x', NULL, 'live'),
('22', '5', 'complete', '1', 'true', 'true', '2026-01-01 06:53:00+00', '2026-01-01 06:54:00+00', '2026-01-01 06:54:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '1', '2', '2', '0', '0', '0', '0', '`created_at` is the same on all entries, and is the time of the request or moves with each walk: unknown', NULL, 'live'),
('23', '5', 'complete', '2', 'false', 'true', '2026-01-01 07:14:00+00', '2026-01-01 07:15:00+00', '2026-01-01 07:15:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '1', '2', '0', '0', '0', '0', '0', '`created_at` is the same on all entries, and is the time of the request or moves with each walk: unknown', NULL, 'live'),
('24', '6', 'failed', NULL, 'false', 'false', '2026-01-01 07:35:00+00', NULL, '2026-01-01 07:35:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}', '0', '0', '0', '0', '0', '0', '0', 'the models list of api.example: HTTP 500 (api_error, request req_000036); given up after 1 try', 'list', 'live'),
('25', '6', 'abandoned', NULL, 'false', 'false', '2026-01-01 07:35:00+00', NULL, '2026-01-01 07:55:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}', '0', '0', '0', '0', '0', '0', '0', 'it had not ended when the next run began', NULL, 'live'),
('26', '6', 'failed', NULL, 'false', 'false', '2026-01-01 07:55:00+00', NULL, '2026-01-01 07:55:00.000001+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}', '0', '0', '0', '0', '0', '0', '0', 'the models list of api.example: HTTP 401 (authentication_error, request req_000037): the key is refused', 'key', 'live'),
('27', '1', 'complete', '5', 'false', 'true', '2026-01-01 08:15:00+00', '2026-01-01 08:17:00+00', '2026-01-01 08:17:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '5', '0', '0', '3', '0', '1', NULL, NULL, 'live'),
('28', '1', 'complete', '6', 'false', 'true', '2026-01-01 08:37:00+00', '2026-01-01 08:39:00+00', '2026-01-01 08:39:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '4', '0', '0', '0', '1', '0', NULL, NULL, 'live'),
('29', '1', 'complete', '7', 'false', 'true', '2026-01-01 08:59:00+00', '2026-01-01 09:01:00+00', '2026-01-01 09:01:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '4', '0', '0', '0', '0', '1', NULL, NULL, 'live'),
('30', '1', 'complete', '8', 'false', 'true', '2026-01-01 09:21:00+00', '2026-01-01 09:23:00+00', '2026-01-01 09:23:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '5', '0', '1', '0', '0', '0', NULL, NULL, 'live'),
('31', '1', 'complete', '9', 'false', 'true', '2026-01-01 09:43:00+00', '2026-01-01 09:45:00+00', '2026-01-01 09:45:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '4', '0', '0', '0', '1', '0', NULL, NULL, 'live'),
('32', '1', 'complete', '10', 'false', 'true', '2026-01-01 10:05:00+00', '2026-01-01 10:07:00+00', '2026-01-01 10:07:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '4', '0', '0', '0', '0', '1', NULL, NULL, 'live'),
('33', '1', 'failed', NULL, 'false', 'false', '2026-01-01 10:27:00+00', NULL, '2026-01-01 10:27:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}', '0', '0', '0', '0', '0', '0', '0', 'the models list of api.example: HTTP 500 (api_error, request req_000050); given up after 1 try', 'list', 'live'),
('34', '1', 'partial', '11', 'false', 'false', '2026-01-01 10:47:00+00', '2026-01-01 10:49:00+00', '2026-01-01 10:49:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '5', '1', '0', '0', '0', '0', 'page 2: 1 entry without a usable id: such models cannot be recorded', NULL, 'live'),
('35', '1', 'complete', '12', 'false', 'true', '2026-01-01 11:09:00+00', '2026-01-01 11:12:00+00', '2026-01-01 11:12:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '3', '7', '3', '0', '0', '1', '0', NULL, NULL, 'live'),
('36', '1', 'complete', '13', 'false', 'true', '2026-01-06 11:32:00+00', '2026-01-06 11:34:00+00', '2026-01-06 11:34:00+00', '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}', '2', '6', '0', '0', '1', '1', '1', NULL, NULL, 'live'),
('37', '6', 'running', NULL, 'false', 'false', '2026-01-06 11:34:00+00', NULL, NULL, '{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}', '0', '0', '0', '0', '0', '0', '0', NULL, NULL, 'live');
ALTER TABLE catalog_run ENABLE TRIGGER USER;
