BEGIN TRANSACTION;
CREATE TABLE accounts (
	id VARCHAR(36) NOT NULL, 
	email VARCHAR(255) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	password_hash VARCHAR(255) NOT NULL, 
	admin BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (email)
);
INSERT INTO "accounts" VALUES('0a0a0a0a-0000-4000-8000-000000000003','ada@example.com','Ada','argon',1,'2026-01-02 03:04:05.678900','2026-01-02 03:04:05.678900');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE apps (
	id VARCHAR(36) NOT NULL, 
	name VARCHAR(30) NOT NULL, 
	owner_id VARCHAR(36) NOT NULL, 
	stack VARCHAR(60) NOT NULL, 
	region VARCHAR(60) NOT NULL, 
	maintenance BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	released_at DATETIME, 
	desired_generation INTEGER NOT NULL, 
	applied_generation INTEGER NOT NULL, 
	applied_modify_index BIGINT NOT NULL, 
	destroyed_at DATETIME, 
	restart_nonce INTEGER NOT NULL, 
	config_versions INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(owner_id) REFERENCES accounts (id)
);
INSERT INTO "apps" VALUES('0a0a0a0a-0000-4000-8000-000000000001','quiet-harbor','0a0a0a0a-0000-4000-8000-000000000003','nomapaas-13','us',0,'2026-01-02 03:04:05.678900','2026-01-02 03:04:05.678900','2026-01-02 03:04:05.678900',4,3,77,NULL,1,2);
INSERT INTO "apps" VALUES('0a0a0a0a-0000-4000-8000-000000000002','going-away','0a0a0a0a-0000-4000-8000-000000000003','nomapaas-13','us',0,'2026-01-02 03:04:05.678900','2026-01-02 03:04:05.678900','2026-01-02 03:04:05.678900',4,3,77,'2026-01-02 03:04:05.678900',1,2);
CREATE TABLE builds (
	id VARCHAR(36) NOT NULL, 
	app_id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(36) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	source_url TEXT NOT NULL, 
	source_checksum VARCHAR(80), 
	source_version TEXT, 
	stack VARCHAR(60) NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	buildpacks JSON NOT NULL, 
	started_at DATETIME, 
	slug_id VARCHAR(36), 
	release_id VARCHAR(36), 
	cancel_requested BOOLEAN NOT NULL, 
	failure_message TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(app_id) REFERENCES apps (id)
);
INSERT INTO "builds" VALUES('0a0a0a0a-0000-4000-8000-000000000004','0a0a0a0a-0000-4000-8000-000000000001','0a0a0a0a-0000-4000-8000-000000000003','succeeded','source:1',NULL,'v1','nomapaas-13','2026-01-02 03:04:05.678900','2026-01-02 03:04:05.678900','["heroku/python"]','2026-01-02 03:04:05.678900','0a0a0a0a-0000-4000-8000-000000000005','0a0a0a0a-0000-4000-8000-000000000006',0,NULL);
CREATE TABLE events (
	id VARCHAR(36) NOT NULL, 
	app_id VARCHAR(36), 
	actor_id VARCHAR(36), 
	action VARCHAR(60) NOT NULL, 
	detail TEXT NOT NULL, 
	remote VARCHAR(100), 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "events" VALUES('0a0a0a0a-0000-4000-8000-00000000000a','0a0a0a0a-0000-4000-8000-000000000001','0a0a0a0a-0000-4000-8000-000000000003','app.create','quiet-harbor','192.0.2.1','2026-01-02 03:04:05.678900');
CREATE TABLE formations (
	id VARCHAR(36) NOT NULL, 
	app_id VARCHAR(36) NOT NULL, 
	type VARCHAR(63) NOT NULL, 
	quantity INTEGER NOT NULL, 
	size VARCHAR(30) NOT NULL, 
	command TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	PRIMARY KEY (app_id, type), 
	FOREIGN KEY(app_id) REFERENCES apps (id), 
	UNIQUE (id)
);
INSERT INTO "formations" VALUES('0a0a0a0a-0000-4000-8000-000000000009','0a0a0a0a-0000-4000-8000-000000000001','web',2,'basic','python app.py','2026-01-02 03:04:05.678900','2026-01-02 03:04:05.678900');
CREATE TABLE outputs (
	owner_id VARCHAR(36) NOT NULL, 
	start INTEGER NOT NULL, 
	bytes BLOB NOT NULL, 
	PRIMARY KEY (owner_id, start)
);
INSERT INTO "outputs" VALUES('0a0a0a0a-0000-4000-8000-000000000004',0,X'2D2D2D2D2D3E20507974686F6E206170702064657465637465640A');
CREATE TABLE releases (
	id VARCHAR(36) NOT NULL, 
	app_id VARCHAR(36) NOT NULL, 
	version INTEGER NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	description TEXT NOT NULL, 
	user_id VARCHAR(36) NOT NULL, 
	slug_id VARCHAR(36), 
	config_version INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	failure_message TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(app_id) REFERENCES apps (id), 
	CONSTRAINT releases_version UNIQUE (app_id, version)
);
INSERT INTO "releases" VALUES('0a0a0a0a-0000-4000-8000-000000000006','0a0a0a0a-0000-4000-8000-000000000001',1,'succeeded','Deploy','0a0a0a0a-0000-4000-8000-000000000003','0a0a0a0a-0000-4000-8000-000000000005',0,'2026-01-02 03:04:05.678900','2026-01-02 03:04:05.678900',NULL);
INSERT INTO "releases" VALUES('0a0a0a0a-0000-4000-8000-000000000007','0a0a0a0a-0000-4000-8000-000000000001',2,'failed','Set A config vars','0a0a0a0a-0000-4000-8000-000000000003','0a0a0a0a-0000-4000-8000-000000000005',2,'2026-01-02 03:04:05.678900','2026-01-02 03:04:05.678900','It crashed.');
CREATE TABLE slugs (
	id VARCHAR(36) NOT NULL, 
	app_id VARCHAR(36) NOT NULL, 
	sha256 VARCHAR(64), 
	size INTEGER, 
	process_types JSON NOT NULL, 
	stack VARCHAR(60) NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	"commit" TEXT, 
	commit_description TEXT, 
	buildpack_provided_description TEXT, 
	build_key VARCHAR(128), 
	PRIMARY KEY (id), 
	FOREIGN KEY(app_id) REFERENCES apps (id)
);
INSERT INTO "slugs" VALUES('0a0a0a0a-0000-4000-8000-000000000005','0a0a0a0a-0000-4000-8000-000000000001','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',10,'{"web": "python app.py"}','nomapaas-13','2026-01-02 03:04:05.678900','2026-01-02 03:04:05.678900','abc',NULL,'Python','k');
CREATE TABLE tokens (
	id VARCHAR(36) NOT NULL, 
	account_id VARCHAR(36) NOT NULL, 
	description TEXT NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(account_id) REFERENCES accounts (id), 
	UNIQUE (digest)
);
INSERT INTO "tokens" VALUES('0a0a0a0a-0000-4000-8000-000000000008','0a0a0a0a-0000-4000-8000-000000000003','cli','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','2026-01-02 03:04:05.678900',NULL);
CREATE INDEX events_of_app ON events (app_id, created_at);
CREATE INDEX ix_events_created_at ON events (created_at);
CREATE INDEX apps_behind ON apps (desired_generation) WHERE applied_generation < desired_generation;
CREATE INDEX apps_destroyed ON apps (destroyed_at) WHERE destroyed_at IS NOT NULL;
CREATE UNIQUE INDEX apps_name ON apps (name) WHERE destroyed_at IS NULL;
CREATE INDEX ix_apps_owner_id ON apps (owner_id);
CREATE INDEX ix_tokens_account_id ON tokens (account_id);
CREATE INDEX builds_by_status ON builds (status, created_at);
CREATE INDEX builds_of_app ON builds (app_id, created_at);
CREATE INDEX releases_by_status ON releases (status, created_at);
CREATE INDEX releases_of_app_by_status ON releases (app_id, status, version);
CREATE INDEX slugs_by_build_key ON slugs (app_id, build_key);
COMMIT;
