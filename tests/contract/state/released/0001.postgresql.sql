CREATE TABLE public.accounts (
    id character varying(36) NOT NULL,
    email character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    password_hash character varying(255) NOT NULL,
    admin boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.apps (
    id character varying(36) NOT NULL,
    name character varying(30) NOT NULL,
    owner_id character varying(36) NOT NULL,
    stack character varying(60) NOT NULL,
    region character varying(60) NOT NULL,
    maintenance boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    released_at timestamp with time zone,
    desired_generation integer NOT NULL,
    applied_generation integer NOT NULL,
    applied_modify_index bigint NOT NULL,
    destroyed_at timestamp with time zone,
    restart_nonce integer NOT NULL,
    config_versions integer DEFAULT 0 NOT NULL
);
CREATE TABLE public.builds (
    id character varying(36) NOT NULL,
    app_id character varying(36) NOT NULL,
    user_id character varying(36) NOT NULL,
    status character varying(20) NOT NULL,
    source_url text NOT NULL,
    source_checksum character varying(80),
    source_version text,
    stack character varying(60) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    buildpacks json NOT NULL,
    started_at timestamp with time zone,
    slug_id character varying(36),
    release_id character varying(36),
    cancel_requested boolean NOT NULL,
    failure_message text
);
CREATE TABLE public.events (
    id character varying(36) NOT NULL,
    app_id character varying(36),
    actor_id character varying(36),
    action character varying(60) NOT NULL,
    detail text NOT NULL,
    remote character varying(100),
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.formations (
    id character varying(36) NOT NULL,
    app_id character varying(36) NOT NULL,
    type character varying(63) NOT NULL,
    quantity integer NOT NULL,
    size character varying(30) NOT NULL,
    command text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.outputs (
    owner_id character varying(36) NOT NULL,
    start integer NOT NULL,
    bytes bytea NOT NULL
);
CREATE TABLE public.releases (
    id character varying(36) NOT NULL,
    app_id character varying(36) NOT NULL,
    version integer NOT NULL,
    status character varying(20) NOT NULL,
    description text NOT NULL,
    user_id character varying(36) NOT NULL,
    slug_id character varying(36),
    config_version integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    failure_message text
);
CREATE TABLE public.slugs (
    id character varying(36) NOT NULL,
    app_id character varying(36) NOT NULL,
    sha256 character varying(64),
    size integer,
    process_types json NOT NULL,
    stack character varying(60) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    commit text,
    commit_description text,
    buildpack_provided_description text,
    build_key character varying(128)
);
CREATE TABLE public.tokens (
    id character varying(36) NOT NULL,
    account_id character varying(36) NOT NULL,
    description text NOT NULL,
    digest character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone
);
INSERT INTO public.accounts (id, email, name, password_hash, admin, created_at, updated_at) VALUES ('0a0a0a0a-0000-4000-8000-000000000003', 'ada@example.com', 'Ada', 'argon', true, '2026-01-02 03:04:05.6789+00', '2026-01-02 03:04:05.6789+00');
INSERT INTO public.alembic_version (version_num) VALUES ('0001');
INSERT INTO public.apps (id, name, owner_id, stack, region, maintenance, created_at, updated_at, released_at, desired_generation, applied_generation, applied_modify_index, destroyed_at, restart_nonce, config_versions) VALUES ('0a0a0a0a-0000-4000-8000-000000000001', 'quiet-harbor', '0a0a0a0a-0000-4000-8000-000000000003', 'nomapaas-13', 'us', false, '2026-01-02 03:04:05.6789+00', '2026-01-02 03:04:05.6789+00', '2026-01-02 03:04:05.6789+00', 4, 3, 77, NULL, 1, 2);
INSERT INTO public.apps (id, name, owner_id, stack, region, maintenance, created_at, updated_at, released_at, desired_generation, applied_generation, applied_modify_index, destroyed_at, restart_nonce, config_versions) VALUES ('0a0a0a0a-0000-4000-8000-000000000002', 'going-away', '0a0a0a0a-0000-4000-8000-000000000003', 'nomapaas-13', 'us', false, '2026-01-02 03:04:05.6789+00', '2026-01-02 03:04:05.6789+00', '2026-01-02 03:04:05.6789+00', 4, 3, 77, '2026-01-02 03:04:05.6789+00', 1, 2);
INSERT INTO public.builds (id, app_id, user_id, status, source_url, source_checksum, source_version, stack, created_at, updated_at, buildpacks, started_at, slug_id, release_id, cancel_requested, failure_message) VALUES ('0a0a0a0a-0000-4000-8000-000000000004', '0a0a0a0a-0000-4000-8000-000000000001', '0a0a0a0a-0000-4000-8000-000000000003', 'succeeded', 'source:1', NULL, 'v1', 'nomapaas-13', '2026-01-02 03:04:05.6789+00', '2026-01-02 03:04:05.6789+00', '["heroku/python"]', '2026-01-02 03:04:05.6789+00', '0a0a0a0a-0000-4000-8000-000000000005', '0a0a0a0a-0000-4000-8000-000000000006', false, NULL);
INSERT INTO public.events (id, app_id, actor_id, action, detail, remote, created_at) VALUES ('0a0a0a0a-0000-4000-8000-00000000000a', '0a0a0a0a-0000-4000-8000-000000000001', '0a0a0a0a-0000-4000-8000-000000000003', 'app.create', 'quiet-harbor', '192.0.2.1', '2026-01-02 03:04:05.6789+00');
INSERT INTO public.formations (id, app_id, type, quantity, size, command, created_at, updated_at) VALUES ('0a0a0a0a-0000-4000-8000-000000000009', '0a0a0a0a-0000-4000-8000-000000000001', 'web', 2, 'basic', 'python app.py', '2026-01-02 03:04:05.6789+00', '2026-01-02 03:04:05.6789+00');
INSERT INTO public.outputs (owner_id, start, bytes) VALUES ('0a0a0a0a-0000-4000-8000-000000000004', 0, '\x2d2d2d2d2d3e20507974686f6e206170702064657465637465640a');
INSERT INTO public.releases (id, app_id, version, status, description, user_id, slug_id, config_version, created_at, updated_at, failure_message) VALUES ('0a0a0a0a-0000-4000-8000-000000000006', '0a0a0a0a-0000-4000-8000-000000000001', 1, 'succeeded', 'Deploy', '0a0a0a0a-0000-4000-8000-000000000003', '0a0a0a0a-0000-4000-8000-000000000005', 0, '2026-01-02 03:04:05.6789+00', '2026-01-02 03:04:05.6789+00', NULL);
INSERT INTO public.releases (id, app_id, version, status, description, user_id, slug_id, config_version, created_at, updated_at, failure_message) VALUES ('0a0a0a0a-0000-4000-8000-000000000007', '0a0a0a0a-0000-4000-8000-000000000001', 2, 'failed', 'Set A config vars', '0a0a0a0a-0000-4000-8000-000000000003', '0a0a0a0a-0000-4000-8000-000000000005', 2, '2026-01-02 03:04:05.6789+00', '2026-01-02 03:04:05.6789+00', 'It crashed.');
INSERT INTO public.slugs (id, app_id, sha256, size, process_types, stack, created_at, updated_at, commit, commit_description, buildpack_provided_description, build_key) VALUES ('0a0a0a0a-0000-4000-8000-000000000005', '0a0a0a0a-0000-4000-8000-000000000001', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 10, '{"web": "python app.py"}', 'nomapaas-13', '2026-01-02 03:04:05.6789+00', '2026-01-02 03:04:05.6789+00', 'abc', NULL, 'Python', 'k');
INSERT INTO public.tokens (id, account_id, description, digest, created_at, expires_at) VALUES ('0a0a0a0a-0000-4000-8000-000000000008', '0a0a0a0a-0000-4000-8000-000000000003', 'cli', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', '2026-01-02 03:04:05.6789+00', NULL);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_email_key UNIQUE (email);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.apps
    ADD CONSTRAINT apps_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.builds
    ADD CONSTRAINT builds_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.formations
    ADD CONSTRAINT formations_id_key UNIQUE (id);
ALTER TABLE ONLY public.formations
    ADD CONSTRAINT formations_pkey PRIMARY KEY (app_id, type);
ALTER TABLE ONLY public.outputs
    ADD CONSTRAINT outputs_pkey PRIMARY KEY (owner_id, start);
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT releases_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT releases_version UNIQUE (app_id, version);
ALTER TABLE ONLY public.slugs
    ADD CONSTRAINT slugs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);
CREATE INDEX apps_behind ON public.apps USING btree (desired_generation) WHERE (applied_generation < desired_generation);
CREATE INDEX apps_destroyed ON public.apps USING btree (destroyed_at) WHERE (destroyed_at IS NOT NULL);
CREATE UNIQUE INDEX apps_name ON public.apps USING btree (name) WHERE (destroyed_at IS NULL);
CREATE INDEX builds_by_status ON public.builds USING btree (status, created_at);
CREATE INDEX builds_of_app ON public.builds USING btree (app_id, created_at);
CREATE INDEX events_of_app ON public.events USING btree (app_id, created_at);
CREATE INDEX ix_apps_owner_id ON public.apps USING btree (owner_id);
CREATE INDEX ix_events_created_at ON public.events USING btree (created_at);
CREATE INDEX ix_tokens_account_id ON public.tokens USING btree (account_id);
CREATE INDEX releases_by_status ON public.releases USING btree (status, created_at);
CREATE INDEX releases_of_app_by_status ON public.releases USING btree (app_id, status, version);
CREATE INDEX slugs_by_build_key ON public.slugs USING btree (app_id, build_key);
ALTER TABLE ONLY public.apps
    ADD CONSTRAINT apps_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.builds
    ADD CONSTRAINT builds_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);
ALTER TABLE ONLY public.formations
    ADD CONSTRAINT formations_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT releases_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);
ALTER TABLE ONLY public.slugs
    ADD CONSTRAINT slugs_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
