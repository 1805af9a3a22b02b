-- {"now": "2026-01-06T11:34:00.000000Z", "lists": {"one": ["11111111-2222-4333-8444-555555555555", [{"type": "model", "id": "a", "display_name": "Renamed 'twice' \\ and \"quoted\"", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "b", "display_name": "Renamed 'twice' \\ and \"quoted\"", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "c", "display_name": "Renamed 'twice' \\ and \"quoted\"", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "soon", "display_name": "Soon", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": "2026-01-20T00:00:00Z", "line": null}, {"type": "model", "id": "late", "display_name": "Late", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": "2025-12-01T00:00:00Z", "line": null}, {"id": "d", "type": "model"}]], "two": ["11111111-2222-4333-8444-555555555555", [{"type": "model", "id": "model-0", "display_name": "Model 0", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "model-1", "display_name": "Model 1", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "model-2", "display_name": "Model 2", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}]], "pool": ["00000000-1111-4222-8333-444444444444", [{"type": "model", "id": "a", "display_name": "A", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "c", "display_name": "C", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}]], "three": ["11111111-2222-4333-8444-555555555555", [{"type": "model", "id": "x", "display_name": "X", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": "one"}, {"type": "model", "id": "x", "display_name": "X", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": "two"}, {"type": "model", "id": "a", "display_name": "A", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}, {"type": "model", "id": "b", "display_name": "B", "created_at": "2026-02-19T00:00:00Z", "capabilities": {"batch": {"supported": true}, "thinking": {"supported": true, "types": {"enabled": {"supported": true}}}}, "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "deprecated_at": null, "retires_at": null, "line": null}]]}}
BEGIN TRANSACTION;
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
INSERT INTO "catalog_change" VALUES(1,1,1,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(2,1,2,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(3,1,3,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(4,1,4,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(5,1,5,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(6,2,6,'added',NULL,NULL,NULL,1,NULL,NULL);
INSERT INTO "catalog_change" VALUES(7,2,4,'changed','created_at',NULL,'"2026-02-19T00:00:00Z"',1,NULL,NULL);
INSERT INTO "catalog_change" VALUES(8,2,4,'changed','lifecycle','"active"','"deprecated"',1,NULL,NULL);
INSERT INTO "catalog_change" VALUES(9,2,4,'changed','retires_at',NULL,'"2026-02-01T00:00:00Z"',1,NULL,NULL);
INSERT INTO "catalog_change" VALUES(10,2,5,'changed','created_at',NULL,'"2026-02-19T00:00:00Z"',1,NULL,NULL);
INSERT INTO "catalog_change" VALUES(11,2,5,'changed','lifecycle','"active"','"deprecated"',1,NULL,NULL);
INSERT INTO "catalog_change" VALUES(12,2,5,'changed','retires_at',NULL,'"2026-02-01T00:00:00Z"',1,NULL,NULL);
INSERT INTO "catalog_change" VALUES(13,3,4,'changed','lifecycle','"deprecated"','"active"',2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(14,3,4,'changed','max_tokens','64000','"lots"',2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(15,3,4,'changed','note.deep',NULL,'[1,2.5,null,"it''s"]',2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(16,3,4,'changed','retires_at','"2026-02-01T00:00:00Z"',NULL,2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(17,3,5,'changed','lifecycle','"deprecated"','"active"',2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(18,3,5,'changed','max_tokens','64000','"lots"',2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(19,3,5,'changed','note.deep',NULL,'[1,2.5,null,"it''s"]',2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(20,3,5,'changed','retires_at','"2026-02-01T00:00:00Z"',NULL,2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(21,3,6,'changed','lifecycle','"deprecated"','"active"',2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(22,3,6,'changed','max_tokens','64000','"lots"',2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(23,3,6,'changed','note.deep',NULL,'[1,2.5,null,"it''s"]',2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(24,3,6,'changed','retires_at','"2026-02-01T00:00:00Z"',NULL,2,NULL,NULL);
INSERT INTO "catalog_change" VALUES(25,4,7,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(26,4,8,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(27,4,9,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(28,4,10,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(29,4,11,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(30,4,12,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(31,4,13,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(32,4,14,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(33,4,15,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(34,4,16,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(41,9,1,'changed','capabilities.batch.supported',NULL,'true',3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(42,9,1,'changed','capabilities.thinking.supported',NULL,'true',3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(43,9,1,'changed','capabilities.thinking.types.enabled.supported',NULL,'true',3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(44,9,1,'changed','capabilities.vision.large','"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',NULL,3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(45,9,1,'changed','capabilities.vision.supported','true',NULL,3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(46,9,2,'changed','capabilities.batch.supported',NULL,'true',3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(47,9,2,'changed','capabilities.thinking.supported',NULL,'true',3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(48,9,2,'changed','capabilities.thinking.types.enabled.supported',NULL,'true',3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(49,9,2,'changed','capabilities.vision.large','"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',NULL,3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(50,9,2,'changed','capabilities.vision.supported','true',NULL,3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(51,9,4,'changed','max_tokens','"lots"','64000',3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(52,9,4,'changed','note.deep','[1,2.5,null,"it''s"]',NULL,3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(53,9,5,'changed','max_tokens','"lots"','64000',3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(54,9,5,'changed','note.deep','[1,2.5,null,"it''s"]',NULL,3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(55,9,6,'changed','max_tokens','"lots"','64000',3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(56,9,6,'changed','note.deep','[1,2.5,null,"it''s"]',NULL,3,NULL,NULL);
INSERT INTO "catalog_change" VALUES(57,11,17,'added',NULL,NULL,NULL,10,NULL,NULL);
INSERT INTO "catalog_change" VALUES(58,14,18,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(59,14,19,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(60,14,20,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(61,15,21,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(62,20,22,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(63,20,23,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(64,20,24,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(65,22,25,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(66,22,26,'added',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_change" VALUES(67,27,1,'changed','display_name','"A"','"Renamed ''twice'' \\ and \"quoted\""',9,NULL,NULL);
INSERT INTO "catalog_change" VALUES(68,27,2,'changed','display_name','"B"','"Renamed ''twice'' \\ and \"quoted\""',9,NULL,NULL);
INSERT INTO "catalog_change" VALUES(69,27,4,'changed','display_name','"C"','"Renamed ''twice'' \\ and \"quoted\""',9,NULL,NULL);
INSERT INTO "catalog_change" VALUES(70,27,3,'removed',NULL,NULL,NULL,3,9,NULL);
INSERT INTO "catalog_change" VALUES(71,29,5,'removed',NULL,NULL,NULL,27,28,NULL);
INSERT INTO "catalog_change" VALUES(72,30,5,'returned',NULL,NULL,NULL,29,NULL,NULL);
INSERT INTO "catalog_change" VALUES(73,32,6,'removed',NULL,NULL,NULL,30,31,NULL);
INSERT INTO "catalog_change" VALUES(74,34,27,'added',NULL,NULL,NULL,32,NULL,NULL);
INSERT INTO "catalog_change" VALUES(75,35,28,'added',NULL,NULL,NULL,32,NULL,NULL);
INSERT INTO "catalog_change" VALUES(76,35,29,'added',NULL,NULL,NULL,32,NULL,NULL);
INSERT INTO "catalog_change" VALUES(77,35,30,'added',NULL,NULL,NULL,32,NULL,NULL);
INSERT INTO "catalog_change" VALUES(78,36,5,'changed','capabilities.batch.supported','true',NULL,35,NULL,NULL);
INSERT INTO "catalog_change" VALUES(79,36,5,'changed','capabilities.thinking.supported','true',NULL,35,NULL,NULL);
INSERT INTO "catalog_change" VALUES(80,36,5,'changed','capabilities.thinking.types.enabled.supported','true',NULL,35,NULL,NULL);
INSERT INTO "catalog_change" VALUES(81,36,5,'changed','display_name','"D"',NULL,35,NULL,NULL);
INSERT INTO "catalog_change" VALUES(82,36,5,'changed','lifecycle','"active"',NULL,35,NULL,NULL);
INSERT INTO "catalog_change" VALUES(83,36,5,'changed','max_input_tokens','200000',NULL,35,NULL,NULL);
INSERT INTO "catalog_change" VALUES(84,36,5,'changed','max_tokens','64000',NULL,35,NULL,NULL);
INSERT INTO "catalog_change" VALUES(85,36,27,'removed',NULL,NULL,NULL,34,35,NULL);
CREATE TABLE catalog_channel (
    channel TEXT NOT NULL,
    created_at TEXT NOT NULL,
    suspect INTEGER,
    failing_since TEXT,
    rests_until TEXT,
    paused_until TEXT,
    looked_at TEXT,
    looked_change INTEGER,
    asks TEXT,
    watches TEXT,
    CONSTRAINT catalog_channel_pkey PRIMARY KEY (channel),
    CONSTRAINT catalog_channel_suspect_check CHECK (suspect IS NULL OR failing_since IS NULL),
    CONSTRAINT catalog_channel_rests_check CHECK (rests_until IS NULL OR failing_since IS NOT NULL)
);
INSERT INTO "catalog_channel" VALUES('gone','2026-01-01T01:51:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-06T11:12:00.000000Z',77,'6cf24b50f49c428eab07aebe3c143ba0',NULL);
INSERT INTO "catalog_channel" VALUES('pager','2026-01-01T01:51:00.000000Z',NULL,'2026-01-06T11:34:00.000000Z',NULL,'2026-01-06T12:04:00.000000Z','2026-01-06T11:12:00.000000Z',77,'581408a838295bd959e377ecca3afc30',NULL);
INSERT INTO "catalog_channel" VALUES('team','2026-01-01T01:51:00.000000Z',5,NULL,NULL,NULL,'2026-01-06T11:12:00.000000Z',77,'ac83e907377026f3ff1591aa6b08b7c9',NULL);
CREATE TABLE catalog_deferred_removal (
    channel TEXT NOT NULL,
    change_id INTEGER NOT NULL,
    due_at TEXT NOT NULL,
    CONSTRAINT catalog_deferred_removal_pkey PRIMARY KEY (channel, change_id)
);
INSERT INTO "catalog_deferred_removal" VALUES('pager',85,'2026-01-06T12:34:00.000000Z');
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
    next_attempt_at TEXT,
    give_up_at TEXT NOT NULL,
    lease TEXT,
    leased_until TEXT,
    delivered_at TEXT,
    last_error TEXT,
    created_at TEXT NOT NULL,
    CONSTRAINT catalog_delivery_pkey PRIMARY KEY (delivery_id),
    CONSTRAINT catalog_delivery_channel_uid_key UNIQUE (channel, uid),
    CONSTRAINT catalog_delivery_channel_fkey FOREIGN KEY (channel) REFERENCES catalog_channel (channel),
    CONSTRAINT catalog_delivery_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key),
    CONSTRAINT catalog_delivery_status_check CHECK (status IN ('pending', 'delivered', 'dead', 'dropped')),
    CONSTRAINT catalog_delivery_delivered_check CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CONSTRAINT catalog_delivery_pending_check CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT catalog_delivery_lease_check CHECK ((lease IS NULL) = (leased_until IS NULL))
);
INSERT INTO "catalog_delivery" VALUES(1,'team',1,2,'catalog.changes','msg_bb4d28371577357fb5bc5341643ced23','{"id":"msg_bb4d28371577357fb5bc5341643ced23","type":"catalog.changes","source":"one","run_id":2,"changes":[{"uid":"one:added:2026-01-01T00:44:00.000000Z:1:e","kind":"added","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:c:created_at","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"created_at","new_value":"2026-02-19T00:00:00Z","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:c:lifecycle","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"lifecycle","old_value":"active","new_value":"deprecated","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:c:retires_at","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"retires_at","new_value":"2026-02-01T00:00:00Z","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:d:created_at","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"created_at","new_value":"2026-02-19T00:00:00Z","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:d:lifecycle","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"lifecycle","old_value":"active","new_value":"deprecated","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"},{"uid":"one:changed:2026-01-01T00:44:00.000000Z:1:d:retires_at","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"retires_at","new_value":"2026-02-01T00:00:00Z","not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"}],"at":"2026-01-01T00:44:00Z","models_listed":6}','delivered',1,NULL,'2026-01-08T00:44:00.000000Z',NULL,NULL,'2026-01-01T01:30:00.000000Z',NULL,'2026-01-01T00:44:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(2,'pager',1,2,'catalog.changes','msg_f17d555b12ee6e392ad5169f04151885','{"id":"msg_f17d555b12ee6e392ad5169f04151885","type":"catalog.changes","source":"one","run_id":2,"changes":[{"uid":"one:added:2026-01-01T00:44:00.000000Z:1:e","kind":"added","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"}],"at":"2026-01-01T00:44:00Z","models_listed":6}','dead',0,NULL,'2026-01-08T00:44:00.000000Z',NULL,NULL,NULL,'restored from a copy of 2026-01-01T01:30:00Z: it may have been sent since; `catalog alerts retry` sends it all the same','2026-01-01T00:44:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(3,'gone',1,2,'catalog.changes','msg_04207634d14c6c81572f09d874aad4a3','{"id":"msg_04207634d14c6c81572f09d874aad4a3","type":"catalog.changes","source":"one","run_id":2,"changes":[{"uid":"one:added:2026-01-01T00:44:00.000000Z:1:e","kind":"added","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"deprecated","retires_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T00:20:00Z","observed_at":"2026-01-01T00:44:00Z"}],"at":"2026-01-01T00:44:00Z","models_listed":6}','dead',1,NULL,'2026-01-08T00:44:00.000000Z',NULL,NULL,NULL,'HTTP 410','2026-01-01T00:44:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(4,'team',1,3,'catalog.changes','msg_65becb75e1791d2b45ab28bb20bcfd0b','{"id":"msg_65becb75e1791d2b45ab28bb20bcfd0b","type":"catalog.changes","source":"one","run_id":3,"changes":[{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:c:lifecycle","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"lifecycle","old_value":"deprecated","new_value":"active","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:c:max_tokens","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"max_tokens","old_value":64000,"new_value":"lots","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:c:note.deep","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"note.deep","new_value":[1,2.5,null,"it''s"],"not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:c:retires_at","kind":"changed","model_id":"c","display_name":"C","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"retires_at","old_value":"2026-02-01T00:00:00Z","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:d:lifecycle","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"lifecycle","old_value":"deprecated","new_value":"active","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:d:max_tokens","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"max_tokens","old_value":64000,"new_value":"lots","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:d:note.deep","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"note.deep","new_value":[1,2.5,null,"it''s"],"not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:d:retires_at","kind":"changed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"retires_at","old_value":"2026-02-01T00:00:00Z","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:e:lifecycle","kind":"changed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"lifecycle","old_value":"deprecated","new_value":"active","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:e:max_tokens","kind":"changed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"max_tokens","old_value":64000,"new_value":"lots","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:e:note.deep","kind":"changed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"note.deep","new_value":[1,2.5,null,"it''s"],"not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"},{"uid":"one:changed:2026-01-01T01:06:00.000000Z:1:e:retires_at","kind":"changed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"retires_at","old_value":"2026-02-01T00:00:00Z","not_before":"2026-01-01T00:42:00Z","observed_at":"2026-01-01T01:06:00Z"}],"at":"2026-01-01T01:06:00Z","models_listed":6}','delivered',1,NULL,'2026-01-08T01:06:00.000000Z',NULL,NULL,'2026-01-01T01:30:00.000000Z',NULL,'2026-01-01T01:06:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(5,'team',2,11,'catalog.changes','msg_c59ad03823957164d0955dcf9cdd1af3','{"id":"msg_c59ad03823957164d0955dcf9cdd1af3","type":"catalog.changes","source":"two","run_id":11,"changes":[{"uid":"two:added:2026-01-01T03:01:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T02:33:00Z","observed_at":"2026-01-01T03:01:00Z"}],"at":"2026-01-01T03:01:00Z","models_listed":11}','pending',1,'2026-01-06T11:34:30.000000Z','2026-01-08T03:01:00.000000Z',NULL,NULL,NULL,'HTTP 503','2026-01-01T03:01:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(6,'pager',2,11,'catalog.changes','msg_bc390624c99df0316ca1b41d632cf0c3','{"id":"msg_bc390624c99df0316ca1b41d632cf0c3","type":"catalog.changes","source":"two","run_id":11,"changes":[{"uid":"two:added:2026-01-01T03:01:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T02:33:00Z","observed_at":"2026-01-01T03:01:00Z"}],"at":"2026-01-01T03:01:00Z","models_listed":11}','pending',1,'2026-01-06T12:04:00.000000Z','2026-01-08T03:01:00.000000Z',NULL,NULL,NULL,'HTTP 503','2026-01-01T03:01:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(7,'gone',2,11,'catalog.changes','msg_eda8ddc4b6616213c9c2316d51baa046','{"id":"msg_eda8ddc4b6616213c9c2316d51baa046","type":"catalog.changes","source":"two","run_id":11,"changes":[{"uid":"two:added:2026-01-01T03:01:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T02:33:00Z","observed_at":"2026-01-01T03:01:00Z"}],"at":"2026-01-01T03:01:00Z","models_listed":11}','pending',0,'2026-01-01T03:01:00.000000Z','2026-01-08T03:01:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T03:01:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(8,'team',2,12,'catalog.held','msg_cbe855817b06de206bf01b7fbc6ef864','{"id":"msg_cbe855817b06de206bf01b7fbc6ef864","type":"catalog.held","source":"two","run_id":12,"changes":[],"reason":"The run is held: 8 of 11 models that were listed before are gone at once: they wait for --accept-removals","hint":"catalog sync two --accept-removals"}','pending',0,'2026-01-01T03:22:00.000000Z','2026-01-08T03:22:00.000000Z','third','2026-01-06T11:35:00.000000Z',NULL,NULL,'2026-01-01T03:22:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(9,'team',3,15,'catalog.held','msg_0b40904750b02f6ea53858ee4e71621f','{"id":"msg_0b40904750b02f6ea53858ee4e71621f","type":"catalog.held","source":"pool","run_id":15,"changes":[],"reason":"The run is held: the answers name another organization or workspace than before: absences wait for --accept-scope","hint":"catalog sync pool --accept-scope"}','pending',0,'2026-01-01T04:25:00.000000Z','2026-01-08T04:25:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T04:25:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(10,'team',3,19,'catalog.held','msg_3819b36731db95803b9fba91e1cd5769','{"id":"msg_3819b36731db95803b9fba91e1cd5769","type":"catalog.held","source":"pool","run_id":19,"changes":[],"reason":"The run is held: the answers name another organization or workspace than before: absences wait for --accept-scope","hint":"catalog sync pool --accept-scope"}','pending',0,'2026-01-01T05:49:00.000000Z','2026-01-08T05:49:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T05:49:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(11,'team',6,26,'catalog.sync_failed','msg_29f19cc2129b9fabc81b5cbea4eaf81e','{"id":"msg_29f19cc2129b9fabc81b5cbea4eaf81e","type":"catalog.sync_failed","source":"never","run_id":26,"changes":[],"reason":"3 runs in a row failed since 1 January 2026, 07:35 UTC; the last one: the models list of api.example: HTTP 401 (authentication_error, request req_000037): the key is refused","hint":"catalog check"}','pending',0,'2026-01-01T07:55:00.000000Z','2026-01-08T07:55:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T07:55:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(12,'team',1,27,'catalog.changes','msg_708a1c0707d54bca1393a091da400fcb','{"id":"msg_708a1c0707d54bca1393a091da400fcb","type":"catalog.changes","source":"one","run_id":27,"changes":[{"uid":"one:changed:2026-01-01T08:17:00.000000Z:1:a:display_name","kind":"changed","model_id":"a","display_name":"Renamed ''twice'' \\ and \"quoted\"","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"display_name","old_value":"A","new_value":"Renamed ''twice'' \\ and \"quoted\"","not_before":"2026-01-01T02:11:00Z","observed_at":"2026-01-01T08:17:00Z"},{"uid":"one:changed:2026-01-01T08:17:00.000000Z:1:b:display_name","kind":"changed","model_id":"b","display_name":"Renamed ''twice'' \\ and \"quoted\"","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"display_name","old_value":"B","new_value":"Renamed ''twice'' \\ and \"quoted\"","not_before":"2026-01-01T02:11:00Z","observed_at":"2026-01-01T08:17:00Z"},{"uid":"one:changed:2026-01-01T08:17:00.000000Z:1:c:display_name","kind":"changed","model_id":"c","display_name":"Renamed ''twice'' \\ and \"quoted\"","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":"display_name","old_value":"C","new_value":"Renamed ''twice'' \\ and \"quoted\"","not_before":"2026-01-01T02:11:00Z","observed_at":"2026-01-01T08:17:00Z"}],"at":"2026-01-01T08:17:00Z","models_listed":5}','pending',0,'2026-01-01T08:17:00.000000Z','2026-01-08T08:17:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T08:17:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(13,'team',1,29,'catalog.changes','msg_4324460f8fb24f8e90f8958f9f143bcd','{"id":"msg_4324460f8fb24f8e90f8958f9f143bcd","type":"catalog.changes","source":"one","run_id":29,"changes":[{"uid":"one:removed:2026-01-01T08:39:00.000000Z:1:d","kind":"removed","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T08:15:00Z","observed_at":"2026-01-01T08:39:00Z"}],"at":"2026-01-01T09:01:00Z","models_listed":4}','pending',0,'2026-01-01T09:01:00.000000Z','2026-01-08T09:01:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T09:01:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(14,'team',1,30,'catalog.changes','msg_e2209c46c5e6bac066a7a82bef58bb83','{"id":"msg_e2209c46c5e6bac066a7a82bef58bb83","type":"catalog.changes","source":"one","run_id":30,"changes":[{"uid":"one:returned:2026-01-01T09:23:00.000000Z:1:d","kind":"returned","model_id":"d","display_name":"D","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T08:59:00Z","observed_at":"2026-01-01T09:23:00Z"}],"at":"2026-01-01T09:23:00Z","models_listed":5}','pending',0,'2026-01-01T09:23:00.000000Z','2026-01-08T09:23:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T09:23:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(15,'team',1,32,'catalog.changes','msg_463297d13eb24093cba8650081840c08','{"id":"msg_463297d13eb24093cba8650081840c08","type":"catalog.changes","source":"one","run_id":32,"changes":[{"uid":"one:removed:2026-01-01T09:45:00.000000Z:1:e","kind":"removed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T09:21:00Z","observed_at":"2026-01-01T09:45:00Z"}],"at":"2026-01-01T10:07:00Z","models_listed":4}','pending',0,'2026-01-01T10:07:00.000000Z','2026-01-08T10:07:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T10:07:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(16,'team',1,34,'catalog.changes','msg_b7d4575a6050afa6b20f333e6d82b920','{"id":"msg_b7d4575a6050afa6b20f333e6d82b920","type":"catalog.changes","source":"one","run_id":34,"changes":[{"uid":"one:added:2026-01-01T10:49:00.000000Z:1:f","kind":"added","model_id":"f","display_name":"F","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T10:49:00Z"}],"at":"2026-01-01T10:49:00Z","models_listed":5}','pending',0,'2026-01-01T10:49:00.000000Z','2026-01-08T10:49:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T10:49:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(17,'pager',1,34,'catalog.changes','msg_d540d0a776d13b14785b5b2472710eeb','{"id":"msg_d540d0a776d13b14785b5b2472710eeb","type":"catalog.changes","source":"one","run_id":34,"changes":[{"uid":"one:added:2026-01-01T10:49:00.000000Z:1:f","kind":"added","model_id":"f","display_name":"F","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T10:49:00Z"}],"at":"2026-01-01T10:49:00Z","models_listed":5}','pending',0,'2026-01-01T10:49:00.000000Z','2026-01-08T10:49:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T10:49:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(18,'gone',1,34,'catalog.changes','msg_ac68d330416af162b85526ba490f3f29','{"id":"msg_ac68d330416af162b85526ba490f3f29","type":"catalog.changes","source":"one","run_id":34,"changes":[{"uid":"one:added:2026-01-01T10:49:00.000000Z:1:f","kind":"added","model_id":"f","display_name":"F","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T10:49:00Z"}],"at":"2026-01-01T10:49:00Z","models_listed":5}','pending',0,'2026-01-01T10:49:00.000000Z','2026-01-08T10:49:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T10:49:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(19,'team',1,35,'catalog.changes','msg_427aa4a49e88a8ed530a709f5dce13c6','{"id":"msg_427aa4a49e88a8ed530a709f5dce13c6","type":"catalog.changes","source":"one","run_id":35,"changes":[{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:soon","kind":"added","model_id":"soon","display_name":"Soon","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2026-01-20T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2025-12-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:1:g","kind":"added","model_id":"g","display_name":"G","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"}],"at":"2026-01-01T11:12:00Z","models_listed":8}','pending',0,'2026-01-01T11:12:00.000000Z','2026-01-08T11:12:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T11:12:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(20,'pager',1,35,'catalog.changes','msg_bf040f19965e62f5ee1872e7e9997d6a','{"id":"msg_bf040f19965e62f5ee1872e7e9997d6a","type":"catalog.changes","source":"one","run_id":35,"changes":[{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:soon","kind":"added","model_id":"soon","display_name":"Soon","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2026-01-20T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2025-12-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:1:g","kind":"added","model_id":"g","display_name":"G","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"}],"at":"2026-01-01T11:12:00Z","models_listed":8}','pending',0,'2026-01-01T11:12:00.000000Z','2026-01-08T11:12:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T11:12:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(21,'gone',1,35,'catalog.changes','msg_9c1aecb7eaf4a70540558770f19d3c5c','{"id":"msg_9c1aecb7eaf4a70540558770f19d3c5c","type":"catalog.changes","source":"one","run_id":35,"changes":[{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:soon","kind":"added","model_id":"soon","display_name":"Soon","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2026-01-20T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:4:late","kind":"added","model_id":"late","display_name":"Late","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":"2025-12-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"},{"uid":"one:added:2026-01-01T11:12:00.000000Z:1:g","kind":"added","model_id":"g","display_name":"G","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:05:00Z","observed_at":"2026-01-01T11:12:00Z"}],"at":"2026-01-01T11:12:00Z","models_listed":8}','pending',0,'2026-01-01T11:12:00.000000Z','2026-01-08T11:12:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-01T11:12:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(22,'team',1,NULL,'catalog.retiring','msg_d2cc9056bb60c2739964a35c3184d7de','{"id":"msg_d2cc9056bb60c2739964a35c3184d7de","type":"catalog.retiring","source":"one","run_id":null,"changes":[],"model_id":"soon","display_name":"Soon","retires_at":"2026-01-20T00:00:00Z","known_since":"2026-01-01T11:12:00Z","watched":false,"days":14,"milestone":14}','pending',0,'2026-01-06T11:12:00.000000Z','2026-01-13T11:12:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-06T11:12:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(23,'pager',1,32,'catalog.changes','msg_64e42c2679266c5f84e4bb219b23f466','{"id":"msg_64e42c2679266c5f84e4bb219b23f466","type":"catalog.changes","source":"one","run_id":32,"changes":[{"uid":"one:removed:2026-01-01T09:45:00.000000Z:1:e","kind":"removed","model_id":"e","display_name":"E","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T09:21:00Z","observed_at":"2026-01-01T09:45:00Z"}],"at":"2026-01-06T11:12:00Z","models_listed":8}','pending',0,'2026-01-06T11:12:00.000000Z','2026-01-13T11:12:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-06T11:12:00.000000Z');
INSERT INTO "catalog_delivery" VALUES(24,'team',1,36,'catalog.changes','msg_e39901b536a8de91d9d684186619e63f','{"id":"msg_e39901b536a8de91d9d684186619e63f","type":"catalog.changes","source":"one","run_id":36,"changes":[{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:capabilities.batch.supported","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"capabilities.batch.supported","old_value":true,"not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:capabilities.thinking.supported","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"capabilities.thinking.supported","old_value":true,"not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:capabilities.thinking.types.enabled.supported","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"capabilities.thinking.types.enabled.supported","old_value":true,"not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:display_name","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"display_name","old_value":"D","not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:lifecycle","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"lifecycle","old_value":"active","not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:max_input_tokens","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"max_input_tokens","old_value":200000,"not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:changed:2026-01-06T11:34:00.000000Z:1:d:max_tokens","kind":"changed","model_id":"d","display_name":null,"created_at":"2026-02-19T00:00:00Z","lifecycle":null,"retires_at":null,"max_input_tokens":null,"max_tokens":null,"watched":false,"field":"max_tokens","old_value":64000,"not_before":"2026-01-01T11:09:00Z","observed_at":"2026-01-06T11:34:00Z"},{"uid":"one:removed:2026-01-01T11:12:00.000000Z:1:f","kind":"removed","model_id":"f","display_name":"F","created_at":"2026-02-19T00:00:00Z","lifecycle":"active","retires_at":null,"max_input_tokens":200000,"max_tokens":64000,"watched":false,"field":null,"not_before":"2026-01-01T10:47:00Z","observed_at":"2026-01-01T11:12:00Z"}],"at":"2026-01-06T11:34:00Z","models_listed":7}','pending',0,'2026-01-06T11:34:00.000000Z','2026-01-13T11:34:00.000000Z',NULL,NULL,NULL,NULL,'2026-01-06T11:34:00.000000Z');
CREATE TABLE catalog_dispute (
    source_key INTEGER NOT NULL,
    id TEXT NOT NULL,
    CONSTRAINT catalog_dispute_pkey PRIMARY KEY (source_key, id),
    CONSTRAINT catalog_dispute_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key)
);
INSERT INTO "catalog_dispute" VALUES(4,'x');
CREATE TABLE catalog_identity (
    source_key INTEGER NOT NULL,
    number INTEGER NOT NULL,
    organization TEXT,
    workspace TEXT,
    last_run INTEGER NOT NULL,
    whole_run INTEGER,
    seen BLOB,
    CONSTRAINT catalog_identity_pkey PRIMARY KEY (source_key, number),
    CONSTRAINT catalog_identity_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key)
);
INSERT INTO "catalog_identity" VALUES(1,1,'11111111-2222-4333-8444-555555555555',NULL,36,36,NULL);
INSERT INTO "catalog_identity" VALUES(2,1,'11111111-2222-4333-8444-555555555555',NULL,13,13,NULL);
INSERT INTO "catalog_identity" VALUES(3,1,'11111111-2222-4333-8444-555555555555',NULL,17,17,X'7801636040078C0C8C0C00001C0003');
INSERT INTO "catalog_identity" VALUES(3,2,'99999999-8888-4777-8666-555555555555',NULL,18,18,X'7801636040078C8C0C8C00001E0004');
INSERT INTO "catalog_identity" VALUES(4,1,'11111111-2222-4333-8444-555555555555',NULL,21,21,NULL);
INSERT INTO "catalog_identity" VALUES(5,1,'11111111-2222-4333-8444-555555555555',NULL,23,23,NULL);
CREATE TABLE catalog_model (
    model_key INTEGER NOT NULL,
    source_key INTEGER NOT NULL,
    id TEXT NOT NULL,
    display_name TEXT, created_at TEXT, type TEXT, lifecycle TEXT, deprecated_at TEXT, retires_at TEXT,
    line TEXT, max_input_tokens BIGINT, max_tokens BIGINT, own JSON NOT NULL, shape_key INTEGER,
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
INSERT INTO "catalog_model" VALUES(1,1,'a','Renamed ''twice'' \ and "quoted"','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.a1a5146cfaa92418aa94479d',27,1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(2,1,'b','Renamed ''twice'' \ and "quoted"','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.29f0e07eec0218f79ab9530e',27,1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(3,1,'Café/模型 😀','Café/模型 😀','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"created_at":"2026-02-19T00:00:00Z"}',1,'1.2cc61ff6c4a4b565a2245a02',1,1,3,NULL,NULL,NULL,9,NULL);
INSERT INTO "catalog_model" VALUES(4,1,'c','Renamed ''twice'' \ and "quoted"','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.2ba9d8c4ee2f7f167864af02',27,1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(5,1,'d',NULL,'2026-02-19T00:00:00.000000Z','model',NULL,NULL,NULL,NULL,NULL,NULL,'{"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.',36,1,30,35,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(6,1,'e','E','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.37ea7f5e0494734c402abc9e',9,2,30,NULL,NULL,NULL,31,NULL);
INSERT INTO "catalog_model" VALUES(7,2,'model-0','Model 0','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.81de10812fa757f3f998824f',4,4,4,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(8,2,'model-1','Model 1','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.c7ab637c2969dc4de16ade3d',4,4,4,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(9,2,'model-2','Model 2','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.7890a081f58cd6894658a719',4,4,4,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(10,2,'model-3','Model 3','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.70d86b5a46bb8d34e62ed945',4,4,11,NULL,12,12,NULL,NULL);
INSERT INTO "catalog_model" VALUES(11,2,'model-4','Model 4','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.0a46b41dfae0432a21d46be6',4,4,11,NULL,12,12,NULL,NULL);
INSERT INTO "catalog_model" VALUES(12,2,'model-5','Model 5','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.36f2fde3b6969483f0c77259',4,4,11,NULL,12,12,NULL,NULL);
INSERT INTO "catalog_model" VALUES(13,2,'model-6','Model 6','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.ca7e7ec2d3068b8b07a9a8de',4,4,11,NULL,12,12,NULL,NULL);
INSERT INTO "catalog_model" VALUES(14,2,'model-7','Model 7','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.ddf5c3b40d456a1e2e26f7a0',4,4,11,NULL,12,12,NULL,NULL);
INSERT INTO "catalog_model" VALUES(15,2,'model-8','Model 8','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.0f55c9249982151340b1c6a4',4,4,11,NULL,12,12,NULL,NULL);
INSERT INTO "catalog_model" VALUES(16,2,'model-9','Model 9','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.2da4ea990bec5ef7e69b00b0',4,4,11,NULL,12,12,NULL,NULL);
INSERT INTO "catalog_model" VALUES(17,2,'late','Late','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.f55dd8f971d80aa20bd34cdc',11,11,11,NULL,12,12,NULL,NULL);
INSERT INTO "catalog_model" VALUES(18,3,'a','A','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.bdf79fb747421190653cb2c5',14,14,14,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(19,3,'b','B','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.9d6406cfac38b0a6068e7480',14,14,16,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(20,3,'c','C','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.67e33013a2dd55276021f025',14,14,17,NULL,NULL,NULL,NULL,18);
INSERT INTO "catalog_model" VALUES(21,3,'d','D','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.24707cf8e5ab9fc0aa1b0ca9',15,15,16,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(22,4,'x','X','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.disputed',20,20,20,20,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(23,4,'a','A','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.bdf79fb747421190653cb2c5',20,20,20,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(24,4,'b','B','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.9d6406cfac38b0a6068e7480',20,20,20,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(25,5,'a','A',NULL,'model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-01-01T06:53:00.000000Z"}',NULL,'1.',22,22,22,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(26,5,'b','B',NULL,'model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-01-01T06:53:00.000000Z"}',NULL,'1.',22,22,22,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(27,1,'f','F','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.1354bf736749f6ce6edbe6d5',34,34,34,NULL,NULL,NULL,35,NULL);
INSERT INTO "catalog_model" VALUES(28,1,'soon','Soon','2026-02-19T00:00:00.000000Z','model','active',NULL,'2026-01-20T00:00:00.000000Z',NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.f981202a8cfc3996cf0f101f',35,35,35,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(29,1,'late','Late','2026-02-19T00:00:00.000000Z','model','active',NULL,'2025-12-01T00:00:00.000000Z',NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.5a4c9cc2822a20c8d14ab39a',35,35,35,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_model" VALUES(30,1,'g','G','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL,'1.b2afcce82692d666ffae322e',35,35,35,NULL,36,NULL,NULL,NULL);
CREATE TABLE catalog_page (
    source_key INTEGER NOT NULL,
    digest TEXT NOT NULL,
    model_keys BLOB NOT NULL,
    last_id TEXT NOT NULL,
    has_more BOOLEAN NOT NULL,
    CONSTRAINT catalog_page_pkey PRIMARY KEY (source_key, digest),
    CONSTRAINT catalog_page_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key)
) WITHOUT ROWID;
INSERT INTO "catalog_page" VALUES(1,'1.52e373885a15dacc99616e8d',X'1C0000001D00000005000000','d',0);
INSERT INTO "catalog_page" VALUES(1,'1.9c6f28a61ac26b69834f4b94',X'010000000200000004000000','c',1);
INSERT INTO "catalog_page" VALUES(2,'1.604c187a89f3728c49e965e8',X'070000000800000009000000','model-2',0);
INSERT INTO "catalog_page" VALUES(3,'1.4775d3f9638b7722f556f83e',X'1200000014000000','c',0);
INSERT INTO "catalog_page" VALUES(4,'1.e655e8d77c88e5e4b4b1a428',X'18000000','b',0);
CREATE TABLE catalog_run (
    run_id INTEGER NOT NULL,
    source_key INTEGER NOT NULL,
    status TEXT NOT NULL,
    generation INTEGER,
    baseline BOOLEAN NOT NULL,
    whole BOOLEAN NOT NULL,
    started_at TEXT NOT NULL,
    walked_at TEXT,
    finished_at TEXT,
    scope TEXT NOT NULL,
    pages INTEGER NOT NULL,
    models_seen INTEGER NOT NULL,
    added INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    error TEXT,
    failure TEXT, origin TEXT DEFAULT 'live' NOT NULL CONSTRAINT catalog_run_origin_check CHECK (origin IN ('live', 'backfill')),
    CONSTRAINT catalog_run_pkey PRIMARY KEY (run_id),
    CONSTRAINT catalog_run_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key),
    CONSTRAINT catalog_run_source_key_generation_key UNIQUE (source_key, generation),
    CONSTRAINT catalog_run_status_check CHECK (status IN ('running', 'complete', 'partial', 'held', 'failed', 'superseded', 'abandoned', 'skipped')),
    CONSTRAINT catalog_run_merged_check CHECK ((generation IS NOT NULL) = (status IN ('complete', 'partial', 'held'))),
    CONSTRAINT catalog_run_walked_check CHECK (generation IS NULL OR walked_at IS NOT NULL),
    CONSTRAINT catalog_run_finished_check CHECK ((finished_at IS NULL) = (status = 'running'))
);
INSERT INTO "catalog_run" VALUES(1,1,'complete',1,1,1,'2026-01-01T00:20:00.000000Z','2026-01-01T00:22:00.000000Z','2026-01-01T00:22:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,5,5,0,0,0,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(2,1,'complete',2,0,1,'2026-01-01T00:42:00.000000Z','2026-01-01T00:44:00.000000Z','2026-01-01T00:44:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,6,1,0,2,0,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(3,1,'complete',3,0,1,'2026-01-01T01:04:00.000000Z','2026-01-01T01:06:00.000000Z','2026-01-01T01:06:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,6,0,0,3,0,0,'3 fields could not be read (max_tokens of c and 2 more); the last good value stays, and what was received is kept beside it',NULL,'live');
INSERT INTO "catalog_run" VALUES(4,2,'complete',1,1,1,'2026-01-01T01:26:00.000000Z','2026-01-01T01:30:00.000000Z','2026-01-01T01:30:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',4,10,10,0,0,0,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(5,2,'superseded',NULL,0,0,'2026-01-01T01:30:00.000000Z',NULL,'2026-01-01T01:51:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}',0,0,0,0,0,0,0,'it had not ended when the copy was made',NULL,'live');
INSERT INTO "catalog_run" VALUES(7,1,'skipped',NULL,0,0,'2026-01-01T01:51:00.000000Z',NULL,'2026-01-01T01:51:00.000001Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"last_change":40,"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","restored_run":7,"workspace":""}',0,0,0,0,0,0,0,'restored from a copy of 2026-01-01T01:30:00Z; the next walk that shows the whole list is a baseline',NULL,'live');
INSERT INTO "catalog_run" VALUES(8,2,'skipped',NULL,0,0,'2026-01-01T01:51:00.000000Z',NULL,'2026-01-01T01:51:00.000002Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"last_change":40,"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","restored_run":8,"workspace":""}',0,0,0,0,0,0,0,'restored from a copy of 2026-01-01T01:30:00Z; the next walk that shows the whole list is a baseline',NULL,'live');
INSERT INTO "catalog_run" VALUES(9,1,'complete',4,1,1,'2026-01-01T02:11:00.000000Z','2026-01-01T02:13:00.000000Z','2026-01-01T02:13:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,5,0,0,5,1,0,'the catalog was restored from a copy: what differs since then is no news',NULL,'live');
INSERT INTO "catalog_run" VALUES(10,2,'complete',2,1,1,'2026-01-01T02:33:00.000000Z','2026-01-01T02:37:00.000000Z','2026-01-01T02:37:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',4,10,0,0,0,0,0,'the catalog was restored from a copy: what differs since then is no news',NULL,'live');
INSERT INTO "catalog_run" VALUES(11,2,'complete',3,0,1,'2026-01-01T02:57:00.000000Z','2026-01-01T03:01:00.000000Z','2026-01-01T03:01:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',4,11,1,0,0,0,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(12,2,'held',4,0,1,'2026-01-01T03:21:00.000000Z','2026-01-01T03:22:00.000000Z','2026-01-01T03:22:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',1,3,0,0,0,8,0,'8 of 11 models that were listed before are gone at once: they wait for --accept-removals',NULL,'live');
INSERT INTO "catalog_run" VALUES(13,2,'held',5,0,1,'2026-01-01T03:42:00.000000Z','2026-01-01T03:43:00.000000Z','2026-01-01T03:43:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',1,3,0,0,0,8,0,'8 of 11 models that were listed before are gone at once: they wait for --accept-removals',NULL,'live');
INSERT INTO "catalog_run" VALUES(14,3,'complete',1,1,1,'2026-01-01T04:03:00.000000Z','2026-01-01T04:04:00.000000Z','2026-01-01T04:04:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',1,3,3,0,0,0,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(15,3,'held',2,1,0,'2026-01-01T04:24:00.000000Z','2026-01-01T04:25:00.000000Z','2026-01-01T04:25:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"99999999-8888-4777-8666-555555555555","workspace":""}',1,3,1,0,0,0,0,'the answers name another organization or workspace than before: absences wait for --accept-scope',NULL,'live');
INSERT INTO "catalog_run" VALUES(16,3,'complete',3,1,1,'2026-01-01T04:45:00.000000Z','2026-01-01T04:46:00.000000Z','2026-01-01T04:46:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"99999999-8888-4777-8666-555555555555","workspace":""}',1,3,0,0,0,0,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(17,3,'complete',4,0,1,'2026-01-01T05:06:00.000000Z','2026-01-01T05:07:00.000000Z','2026-01-01T05:07:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',1,2,0,0,0,0,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(18,3,'complete',5,0,1,'2026-01-01T05:27:00.000000Z','2026-01-01T05:28:00.000000Z','2026-01-01T05:28:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"99999999-8888-4777-8666-555555555555","workspace":""}',1,3,0,0,0,0,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(19,3,'held',6,1,0,'2026-01-01T05:48:00.000000Z','2026-01-01T05:49:00.000000Z','2026-01-01T05:49:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"00000000-1111-4222-8333-444444444444","workspace":""}',1,2,0,0,0,0,0,'the answers name another organization or workspace than before: absences wait for --accept-scope',NULL,'live');
INSERT INTO "catalog_run" VALUES(20,4,'partial',1,1,0,'2026-01-01T06:09:00.000000Z','2026-01-01T06:11:00.000000Z','2026-01-01T06:11:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,3,3,0,0,0,0,'page 1: listed twice on one page with different content: x',NULL,'live');
INSERT INTO "catalog_run" VALUES(21,4,'complete',2,0,1,'2026-01-01T06:31:00.000000Z','2026-01-01T06:33:00.000000Z','2026-01-01T06:33:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,3,0,0,0,0,0,'page 1: listed twice on one page with different content: x',NULL,'live');
INSERT INTO "catalog_run" VALUES(22,5,'complete',1,1,1,'2026-01-01T06:53:00.000000Z','2026-01-01T06:54:00.000000Z','2026-01-01T06:54:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',1,2,2,0,0,0,0,'`created_at` is the same on all entries, and is the time of the request or moves with each walk: unknown',NULL,'live');
INSERT INTO "catalog_run" VALUES(23,5,'complete',2,0,1,'2026-01-01T07:14:00.000000Z','2026-01-01T07:15:00.000000Z','2026-01-01T07:15:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',1,2,0,0,0,0,0,'`created_at` is the same on all entries, and is the time of the request or moves with each walk: unknown',NULL,'live');
INSERT INTO "catalog_run" VALUES(24,6,'failed',NULL,0,0,'2026-01-01T07:35:00.000000Z',NULL,'2026-01-01T07:35:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}',0,0,0,0,0,0,0,'the models list of api.example: HTTP 500 (api_error, request req_000036); given up after 1 try','list','live');
INSERT INTO "catalog_run" VALUES(25,6,'abandoned',NULL,0,0,'2026-01-01T07:35:00.000000Z',NULL,'2026-01-01T07:55:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}',0,0,0,0,0,0,0,'it had not ended when the next run began',NULL,'live');
INSERT INTO "catalog_run" VALUES(26,6,'failed',NULL,0,0,'2026-01-01T07:55:00.000000Z',NULL,'2026-01-01T07:55:00.000001Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}',0,0,0,0,0,0,0,'the models list of api.example: HTTP 401 (authentication_error, request req_000037): the key is refused','key','live');
INSERT INTO "catalog_run" VALUES(27,1,'complete',5,0,1,'2026-01-01T08:15:00.000000Z','2026-01-01T08:17:00.000000Z','2026-01-01T08:17:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,5,0,0,3,0,1,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(28,1,'complete',6,0,1,'2026-01-01T08:37:00.000000Z','2026-01-01T08:39:00.000000Z','2026-01-01T08:39:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,4,0,0,0,1,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(29,1,'complete',7,0,1,'2026-01-01T08:59:00.000000Z','2026-01-01T09:01:00.000000Z','2026-01-01T09:01:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,4,0,0,0,0,1,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(30,1,'complete',8,0,1,'2026-01-01T09:21:00.000000Z','2026-01-01T09:23:00.000000Z','2026-01-01T09:23:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,5,0,1,0,0,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(31,1,'complete',9,0,1,'2026-01-01T09:43:00.000000Z','2026-01-01T09:45:00.000000Z','2026-01-01T09:45:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,4,0,0,0,1,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(32,1,'complete',10,0,1,'2026-01-01T10:05:00.000000Z','2026-01-01T10:07:00.000000Z','2026-01-01T10:07:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,4,0,0,0,0,1,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(33,1,'failed',NULL,0,0,'2026-01-01T10:27:00.000000Z',NULL,'2026-01-01T10:27:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}',0,0,0,0,0,0,0,'the models list of api.example: HTTP 500 (api_error, request req_000050); given up after 1 try','list','live');
INSERT INTO "catalog_run" VALUES(34,1,'partial',11,0,0,'2026-01-01T10:47:00.000000Z','2026-01-01T10:49:00.000000Z','2026-01-01T10:49:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,5,1,0,0,0,0,'page 2: 1 entry without a usable id: such models cannot be recorded',NULL,'live');
INSERT INTO "catalog_run" VALUES(35,1,'complete',12,0,1,'2026-01-01T11:09:00.000000Z','2026-01-01T11:12:00.000000Z','2026-01-01T11:12:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',3,7,3,0,0,1,0,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(36,1,'complete',13,0,1,'2026-01-06T11:32:00.000000Z','2026-01-06T11:34:00.000000Z','2026-01-06T11:34:00.000000Z','{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',2,6,0,0,1,1,1,NULL,NULL,'live');
INSERT INTO "catalog_run" VALUES(37,6,'running',NULL,0,0,'2026-01-06T11:34:00.000000Z',NULL,NULL,'{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":null,"workspace":""}',0,0,0,0,0,0,0,NULL,NULL,'live');
CREATE TABLE catalog_shape (
    shape_key INTEGER NOT NULL,
    digest TEXT NOT NULL,
    body JSON NOT NULL,
    CONSTRAINT catalog_shape_pkey PRIMARY KEY (shape_key),
    CONSTRAINT catalog_shape_digest_key UNIQUE (digest)
);
INSERT INTO "catalog_shape" VALUES(1,'0d4eeecb7720ad571a0989c9','{"capabilities":{"vision":{"large":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","supported":true}}}');
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
    stamps TEXT, pruned_at TEXT,
    CONSTRAINT catalog_source_pkey PRIMARY KEY (source_key),
    CONSTRAINT catalog_source_source_key UNIQUE (source),
    CONSTRAINT catalog_source_counts_check CHECK (generation >= 0 AND models_listed >= 0)
);
INSERT INTO "catalog_source" VALUES(1,'one','https://api.example',1,13,'{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',36,36,7,9,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_source" VALUES(2,'two','https://api.example',0,5,'{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',13,13,11,10,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_source" VALUES(3,'pool','https://api.example',0,6,'{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"99999999-8888-4777-8666-555555555555","workspace":""}',18,17,4,16,19,'organization 00000000-1111-4222-8333-444444444444',NULL,NULL);
INSERT INTO "catalog_source" VALUES(4,'three','https://api.example',0,2,'{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',21,21,3,20,NULL,NULL,NULL,NULL);
INSERT INTO "catalog_source" VALUES(5,'stamps','https://api.example',0,2,'{"answered_workspace":null,"base_url":"https://api.example","betas":[],"lifecycle":[],"organization":"11111111-2222-4333-8444-555555555555","workspace":""}',23,23,2,22,NULL,NULL,'["\"2026-01-01T07:14:00.000000Z\""]',NULL);
INSERT INTO "catalog_source" VALUES(6,'never','https://api.example',0,0,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE catalog_state (
    model_key INTEGER NOT NULL,
    valid_from_run INTEGER NOT NULL,
    valid_to_run INTEGER NOT NULL,
    display_name TEXT, created_at TEXT, type TEXT, lifecycle TEXT, deprecated_at TEXT, retires_at TEXT,
    line TEXT, max_input_tokens BIGINT, max_tokens BIGINT, own JSON NOT NULL, shape_key INTEGER,
    CONSTRAINT catalog_state_pkey PRIMARY KEY (model_key, valid_from_run),
    CONSTRAINT catalog_state_order_check CHECK (valid_from_run < valid_to_run)
) WITHOUT ROWID;
INSERT INTO "catalog_state" VALUES(1,1,9,'A','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"created_at":"2026-02-19T00:00:00Z"}',1);
INSERT INTO "catalog_state" VALUES(1,9,27,'A','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(2,1,9,'B','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"created_at":"2026-02-19T00:00:00Z"}',1);
INSERT INTO "catalog_state" VALUES(2,9,27,'B','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(4,1,2,'C',NULL,'model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"1970-01-01T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(4,2,3,'C','2026-02-19T00:00:00.000000Z','model','deprecated',NULL,'2026-02-01T00:00:00.000000Z',NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(4,3,9,'C','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"note":{"deep":[1,2.5,null,"it''s"]},"max_tokens":"lots","created_at":"2026-02-19T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(4,9,27,'C','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(5,1,2,'D',NULL,'model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"1970-01-01T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(5,2,3,'D','2026-02-19T00:00:00.000000Z','model','deprecated',NULL,'2026-02-01T00:00:00.000000Z',NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(5,3,9,'D','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"note":{"deep":[1,2.5,null,"it''s"]},"max_tokens":"lots","created_at":"2026-02-19T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(5,9,28,'D','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(5,30,36,'D','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(6,2,3,'E','2026-02-19T00:00:00.000000Z','model','deprecated',NULL,'2026-02-01T00:00:00.000000Z',NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"created_at":"2026-02-19T00:00:00Z"}',NULL);
INSERT INTO "catalog_state" VALUES(6,3,9,'E','2026-02-19T00:00:00.000000Z','model','active',NULL,NULL,NULL,200000,64000,'{"capabilities":{"batch":{"supported":true},"thinking":{"supported":true,"types":{"enabled":{"supported":true}}}},"note":{"deep":[1,2.5,null,"it''s"]},"max_tokens":"lots","created_at":"2026-02-19T00:00:00Z"}',NULL);
CREATE TABLE catalog_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT catalog_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "catalog_version" VALUES('0014');
ANALYZE "sqlite_master";
INSERT INTO "sqlite_stat1" VALUES('catalog_source',NULL,'2');
INSERT INTO "sqlite_stat1" VALUES('catalog_source','sqlite_autoindex_catalog_source_1','2 1');
INSERT INTO "sqlite_stat1" VALUES('catalog_run','catalog_run_finished_at_idx','20000 1');
INSERT INTO "sqlite_stat1" VALUES('catalog_run','catalog_run_running_idx','2 1');
INSERT INTO "sqlite_stat1" VALUES('catalog_run','sqlite_autoindex_catalog_run_1','20000 10000 1');
INSERT INTO "sqlite_stat1" VALUES('catalog_shape','sqlite_autoindex_catalog_shape_1','1000 1');
INSERT INTO "sqlite_stat1" VALUES('catalog_model','sqlite_autoindex_catalog_model_1','1000000 500000 1');
INSERT INTO "sqlite_stat1" VALUES('catalog_model','catalog_model_missing_idx','100 50');
INSERT INTO "sqlite_stat1" VALUES('catalog_state','catalog_state','4000000 4 1');
INSERT INTO "sqlite_stat1" VALUES('catalog_change','catalog_change_model_key_idx','5000000 5');
INSERT INTO "sqlite_stat1" VALUES('catalog_change','catalog_change_run_id_idx','5000000 250 1');
CREATE INDEX catalog_change_model_key_idx ON catalog_change (model_key);
CREATE INDEX catalog_change_run_id_idx ON catalog_change (run_id, change_id);
CREATE INDEX catalog_model_missing_idx ON catalog_model (source_key) WHERE missing_run IS NOT NULL;
CREATE INDEX catalog_run_finished_at_idx ON catalog_run (finished_at);
CREATE INDEX catalog_run_running_idx ON catalog_run (source_key) WHERE status = 'running';
CREATE INDEX catalog_model_retires_at_idx ON catalog_model (retires_at) WHERE retires_at IS NOT NULL AND removed_run IS NULL;
CREATE INDEX catalog_run_source_key_idx ON catalog_run (source_key, run_id);
CREATE INDEX catalog_run_started_at_idx ON catalog_run (source_key, started_at);
CREATE INDEX catalog_run_recorded_idx ON catalog_run (finished_at, run_id) WHERE added + returned + changed + removed > 0;
CREATE INDEX catalog_run_restored_idx ON catalog_run (run_id) WHERE status = 'skipped' AND replace(scope, '"restored_run"', '') <> scope
;
CREATE VIEW models AS
SELECT source.source, model.id, model.display_name, model.created_at, model.type, model.lifecycle, model.deprecated_at, model.retires_at, model.line,
       model.max_input_tokens, model.max_tokens, CASE WHEN shape.body IS NULL THEN model.own WHEN model.own = '{}' THEN shape.body
            ELSE substr(model.own, 1, length(model.own) - 1) || ',' || substr(shape.body, 2) END AS attributes,
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
LEFT JOIN catalog_run AS gone ON gone.run_id = model.removed_run;
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
       model.max_input_tokens, model.max_tokens, CASE WHEN shape.body IS NULL THEN model.own WHEN model.own = '{}' THEN shape.body
            ELSE substr(model.own, 1, length(model.own) - 1) || ',' || substr(shape.body, 2) END AS attributes
FROM catalog_model AS model
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS since ON since.run_id = model.valid_from_run
LEFT JOIN catalog_run AS until ON until.run_id = model.removed_run
LEFT JOIN catalog_shape AS shape ON shape.shape_key = model.shape_key
UNION ALL
SELECT source.source, model.id, since.walked_at, until.walked_at,
       past.display_name, past.created_at, past.type, past.lifecycle, past.deprecated_at, past.retires_at, past.line,
       past.max_input_tokens, past.max_tokens, CASE WHEN shape.body IS NULL THEN past.own WHEN past.own = '{}' THEN shape.body
            ELSE substr(past.own, 1, length(past.own) - 1) || ',' || substr(shape.body, 2) END
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
       source.source || ':' || change.kind || ':' || seen.walked_at || ':' || CAST(length(model.id) AS text) || ':'
       || model.id || coalesce(':' || change.field, '') AS uid
FROM catalog_change AS change
JOIN catalog_model AS model ON model.model_key = change.model_key
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS run ON run.run_id = change.run_id
JOIN catalog_run AS seen ON seen.run_id = coalesce(change.observed_run, change.run_id)
LEFT JOIN catalog_run AS proof ON proof.run_id = change.proof_run;
CREATE TRIGGER catalog_change_rule_00 BEFORE UPDATE ON catalog_change  BEGIN SELECT RAISE(ABORT, 'the change log is append-only'); END;
CREATE TRIGGER catalog_change_rule_01 BEFORE DELETE ON catalog_change  BEGIN SELECT RAISE(ABORT, 'the change log is append-only'); END;
CREATE TRIGGER catalog_state_rule_02 BEFORE UPDATE ON catalog_state  BEGIN SELECT RAISE(ABORT, 'a state that is over is never edited'); END;
CREATE TRIGGER catalog_state_rule_03 BEFORE DELETE ON catalog_state  BEGIN SELECT RAISE(ABORT, 'history is never deleted'); END;
CREATE TRIGGER catalog_state_rule_04 BEFORE INSERT ON catalog_state WHEN NOT EXISTS (SELECT 1 FROM catalog_model WHERE model_key = NEW.model_key
            AND valid_from_run = NEW.valid_from_run AND (removed_run IS NULL OR removed_run = NEW.valid_to_run)) BEGIN SELECT RAISE(ABORT, 'only the present state of a model can end'); END;
CREATE TRIGGER catalog_model_rule_05 BEFORE DELETE ON catalog_model  BEGIN SELECT RAISE(ABORT, 'models are never forgotten'); END;
CREATE TRIGGER catalog_model_rule_06 BEFORE UPDATE ON catalog_model WHEN OLD.model_key IS NOT NEW.model_key OR OLD.source_key IS NOT NEW.source_key
            OR OLD.id IS NOT NEW.id OR OLD.first_seen_run IS NOT NEW.first_seen_run BEGIN SELECT RAISE(ABORT, 'who a model is, and when it was first seen, never changes'); END;
CREATE TRIGGER catalog_model_rule_07 BEFORE UPDATE ON catalog_model WHEN OLD.valid_from_run = NEW.valid_from_run AND (OLD.display_name IS NOT NEW.display_name OR OLD.created_at IS NOT NEW.created_at OR OLD.type IS NOT NEW.type OR OLD.lifecycle IS NOT NEW.lifecycle OR OLD.deprecated_at IS NOT NEW.deprecated_at OR OLD.retires_at IS NOT NEW.retires_at OR OLD.line IS NOT NEW.line OR OLD.max_input_tokens IS NOT NEW.max_input_tokens OR OLD.max_tokens IS NOT NEW.max_tokens OR OLD.own IS NOT NEW.own OR OLD.shape_key IS NOT NEW.shape_key) BEGIN SELECT RAISE(ABORT, 'a state is never edited in place'); END;
CREATE TRIGGER catalog_model_rule_08 BEFORE UPDATE ON catalog_model WHEN OLD.valid_from_run IS NOT NEW.valid_from_run AND NOT EXISTS (SELECT 1 FROM catalog_state
            WHERE model_key = OLD.model_key AND valid_from_run = OLD.valid_from_run
            AND valid_to_run <= NEW.valid_from_run) BEGIN SELECT RAISE(ABORT, 'a state that ends is kept, and the next begins after it'); END;
CREATE TRIGGER catalog_model_rule_09 BEFORE UPDATE ON catalog_model WHEN OLD.removed_run IS NOT NULL AND OLD.valid_from_run = NEW.valid_from_run
            AND OLD.removed_run IS NOT NEW.removed_run BEGIN SELECT RAISE(ABORT, 'a removal is not taken back; a return begins a new state'); END;
CREATE TRIGGER catalog_run_rule_11 BEFORE UPDATE ON catalog_run WHEN OLD.status <> 'running' AND NOT (OLD.status = 'abandoned' AND NEW.status = 'superseded') BEGIN SELECT RAISE(ABORT, 'a finished run is never edited'); END;
CREATE TRIGGER catalog_run_rule_12 BEFORE INSERT ON catalog_run WHEN NEW.generation IS NOT NULL BEGIN SELECT RAISE(ABORT, 'a run begins before it merges'); END;
CREATE TRIGGER catalog_run_rule_13 BEFORE UPDATE ON catalog_run WHEN NEW.generation IS NOT NULL AND NEW.generation <> 1 + coalesce((SELECT generation FROM catalog_run WHERE source_key = NEW.source_key AND generation IS NOT NULL
            ORDER BY generation DESC LIMIT 1), 0) BEGIN SELECT RAISE(ABORT, 'each merge adds one to the generation'); END;
CREATE TRIGGER catalog_run_rule_14 BEFORE UPDATE ON catalog_run WHEN EXISTS (SELECT 1 FROM catalog_run WHERE source_key = NEW.source_key AND generation = NEW.generation - 1
            AND (run_id >= NEW.run_id OR walked_at >= NEW.walked_at)) BEGIN SELECT RAISE(ABORT, 'history goes only forward'); END;
CREATE TRIGGER catalog_shape_rule_15 BEFORE UPDATE ON catalog_shape  BEGIN SELECT RAISE(ABORT, 'attributes that states share are never edited'); END;
CREATE TRIGGER catalog_shape_rule_16 BEFORE DELETE ON catalog_shape  BEGIN SELECT RAISE(ABORT, 'history is never deleted'); END;
CREATE TRIGGER catalog_source_rule_17 BEFORE DELETE ON catalog_source  BEGIN SELECT RAISE(ABORT, 'sources are never forgotten'); END;
CREATE TRIGGER catalog_source_rule_18 BEFORE UPDATE ON catalog_source WHEN NEW.generation < OLD.generation OR OLD.source IS NOT NEW.source BEGIN SELECT RAISE(ABORT, 'history goes only forward'); END;
CREATE VIEW deliveries AS
SELECT delivery.delivery_id, delivery.channel, source.source, delivery.run_id, delivery.type, delivery.status,
       delivery.attempts,
       CASE WHEN delivery.status = 'pending' THEN
           max(delivery.next_attempt_at,
                      coalesce(channel.rests_until, delivery.next_attempt_at),
                      coalesce(channel.paused_until, delivery.next_attempt_at))
       END AS next_attempt_at,
       delivery.delivered_at, delivery.last_error, delivery.created_at
FROM catalog_delivery AS delivery
JOIN catalog_source AS source ON source.source_key = delivery.source_key
JOIN catalog_channel AS channel ON channel.channel = delivery.channel;
CREATE INDEX catalog_change_proof_idx ON catalog_change (proof_run) WHERE proof_run IS NOT NULL;
CREATE INDEX catalog_change_observed_idx ON catalog_change (observed_run) WHERE observed_run IS NOT NULL;
CREATE INDEX catalog_model_seen_idx ON catalog_model (seen_run) WHERE seen_run <> first_seen_run;
CREATE INDEX catalog_model_silent_idx ON catalog_model (silent_run) WHERE silent_run IS NOT NULL;
CREATE INDEX catalog_model_missing_run_idx ON catalog_model (missing_run) WHERE missing_run IS NOT NULL;
CREATE INDEX catalog_model_held_idx ON catalog_model (held_run) WHERE held_run IS NOT NULL;
CREATE INDEX catalog_model_lacked_idx ON catalog_model (lacked_run) WHERE lacked_run IS NOT NULL;
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
        json_extract(delivery.payload, '$.model_id') IS NOT NULL AND (CASE length(json_extract(delivery.payload, '$.retires_at'))
            WHEN 20 THEN replace(json_extract(delivery.payload, '$.retires_at'), 'Z', '.000000Z')
            ELSE json_extract(delivery.payload, '$.retires_at') END) IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM catalog_model AS model WHERE model.source_key = delivery.source_key
            AND model.id = json_extract(delivery.payload, '$.model_id') AND model.retires_at = (CASE length(json_extract(delivery.payload, '$.retires_at'))
            WHEN 20 THEN replace(json_extract(delivery.payload, '$.retires_at'), 'Z', '.000000Z')
            ELSE json_extract(delivery.payload, '$.retires_at') END))
    ELSE 1 = 1 END;
CREATE TRIGGER catalog_run_kept BEFORE DELETE ON catalog_run WHEN NOT EXISTS (SELECT 1 FROM catalog_prunable_run WHERE run_id = OLD.run_id) BEGIN SELECT RAISE(ABORT, 'only runs that recorded nothing, and that nothing refers to, are dropped'); END;
CREATE INDEX catalog_model_retired_idx ON catalog_model (retires_at) WHERE retires_at IS NOT NULL AND removed_run IS NOT NULL;
CREATE INDEX catalog_change_lifecycle_idx ON catalog_change (run_id, model_key) WHERE field IN ('lifecycle', 'retires_at');
CREATE VIEW sync_runs AS
SELECT run.run_id, source.source, run.status, run.origin, run.started_at, run.finished_at, run.scope, run.pages,
       run.models_seen, run.added, run.returned, run.changed, run.missing, run.removed, run.error
FROM catalog_run AS run
JOIN catalog_source AS source ON source.source_key = run.source_key;
CREATE INDEX catalog_run_began_idx ON catalog_run (started_at, run_id);
CREATE INDEX catalog_delivery_open_idx ON catalog_delivery (channel) WHERE status <> 'delivered';
CREATE INDEX catalog_delivery_pending_idx ON catalog_delivery (channel, delivery_id) WHERE status = 'pending';
CREATE INDEX catalog_delivery_run_idx ON catalog_delivery (run_id) WHERE run_id IS NOT NULL
;
CREATE TRIGGER catalog_delivery_delivered BEFORE UPDATE ON catalog_delivery WHEN OLD.status IN ('delivered', 'dropped') BEGIN SELECT RAISE(ABORT, 'what was delivered or dropped is never edited'); END;
CREATE TRIGGER catalog_delivery_frozen BEFORE UPDATE ON catalog_delivery WHEN OLD.delivery_id IS NOT NEW.delivery_id OR OLD.channel IS NOT NEW.channel OR OLD.source_key IS NOT NEW.source_key OR OLD.type IS NOT NEW.type OR OLD.uid IS NOT NEW.uid OR OLD.payload IS NOT NEW.payload OR OLD.created_at IS NOT NEW.created_at BEGIN SELECT RAISE(ABORT, 'a message is frozen'); END;
CREATE TRIGGER catalog_delivery_kept BEFORE DELETE ON catalog_delivery WHEN NOT EXISTS (SELECT 1 FROM catalog_prunable_delivery WHERE delivery_id = OLD.delivery_id) BEGIN SELECT RAISE(ABORT, 'only deliveries that were made, and that nothing refers to, are dropped'); END;
CREATE INDEX catalog_change_limits_idx ON catalog_change (run_id) WHERE field IN ('max_input_tokens', 'max_tokens');
COMMIT;
