-- The nouns that operators edit, and the requests of agents. Times are microseconds since 1970 UTC, ids sixteen bytes, scores
-- millionths. Secrets stand only as hashes or sealed under the vault's keys, on both engines.

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value {JSON} NOT NULL
);

-- The vault's header where no data directory is shared between replicas: the wrapped key and its derivation parameters.
CREATE TABLE vault_header (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    body TEXT NOT NULL
);

CREATE TABLE operator (
    id {BLOB} PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('owner', 'approver', 'viewer')),
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

-- What an operator signs in with in token mode. Not a key: it opens a session and nothing else.
CREATE TABLE operator_token (
    id {BLOB} PRIMARY KEY,
    operator_id {BLOB} NOT NULL REFERENCES operator (id),
    name TEXT NOT NULL,
    hash {BLOB} NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE session (
    id {BLOB} PRIMARY KEY,
    operator_id {BLOB} NOT NULL REFERENCES operator (id),
    hash {BLOB} NOT NULL UNIQUE,
    csrf_hash {BLOB} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('browser', 'terminal')),
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    proved_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);

-- Failed sign-ins, per account and per source: they survive a restart.
CREATE TABLE signin_failure (
    subject TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    locked_until BIGINT
);

CREATE TABLE agent (
    id {BLOB} PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    labels {JSON} NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE UNIQUE INDEX agent_by_name ON agent (name) WHERE removed_at IS NULL;

CREATE TABLE access_key (
    id {BLOB} PRIMARY KEY,
    name TEXT NOT NULL,
    owner_kind TEXT NOT NULL CHECK (owner_kind IN ('agent', 'operator')),
    owner_id {BLOB} NOT NULL,
    scopes {JSON} NOT NULL,
    hash {BLOB} NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    rate_limit_per_minute BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);

CREATE TABLE target (
    id {BLOB} PRIMARY KEY,
    name TEXT NOT NULL,
    connector TEXT NOT NULL,
    config {JSON} NOT NULL,
    allow_private_network BIGINT NOT NULL,
    limits {JSON} NOT NULL,
    risk_threshold_millionths BIGINT,
    labels {JSON} NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE UNIQUE INDEX target_by_name ON target (name) WHERE removed_at IS NULL;

CREATE TABLE profile (
    id {BLOB} PRIMARY KEY,
    target_id {BLOB} NOT NULL REFERENCES target (id),
    name TEXT NOT NULL,
    limits {JSON} NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (target_id, name)
);

CREATE TABLE credential (
    id {BLOB} PRIMARY KEY,
    profile_id {BLOB} NOT NULL UNIQUE REFERENCES profile (id),
    kind TEXT NOT NULL,
    shown_as TEXT NOT NULL,
    sealed {BLOB} NOT NULL,
    operator_revision BIGINT NOT NULL,
    set_at BIGINT NOT NULL
);

CREATE TABLE agent_grant (
    id {BLOB} PRIMARY KEY,
    agent_id {BLOB} NOT NULL REFERENCES agent (id),
    target_id {BLOB} NOT NULL REFERENCES target (id),
    profile_id {BLOB} NOT NULL REFERENCES profile (id),
    action TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('allow', 'ask', 'deny', 'by_policy')),
    expires_at BIGINT,
    labels {JSON} NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE policy_rule (
    id {BLOB} PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('guard', 'rule')),
    priority BIGINT NOT NULL,
    matcher {JSON} NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('allow', 'ask', 'deny')),
    reason TEXT NOT NULL,
    labels {JSON} NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE standing_approval (
    id {BLOB} PRIMARY KEY,
    request_id {BLOB} NOT NULL,
    operator_id {BLOB} NOT NULL,
    agent_id {BLOB} NOT NULL,
    profile_id {BLOB} NOT NULL,
    action TEXT NOT NULL,
    matcher {JSON} NOT NULL,
    expires_at BIGINT NOT NULL,
    uses_left BIGINT NOT NULL CHECK (uses_left >= 0)
);

CREATE TABLE kill_switch (
    scope TEXT PRIMARY KEY,
    by_kind TEXT NOT NULL,
    by_id {BLOB},
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- A running gateway. Requests that it was executing become unknown only when its lease has ended.
CREATE TABLE instance (
    id {BLOB} PRIMARY KEY,
    started_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL
);

CREATE TABLE request (
    id {BLOB} PRIMARY KEY,
    agent_id {BLOB} NOT NULL,
    asked_by_kind TEXT NOT NULL,
    asked_by_id {BLOB},
    key_id {BLOB},
    target_id {BLOB} NOT NULL,
    profile_id {BLOB} NOT NULL,
    action TEXT NOT NULL,
    effect TEXT NOT NULL,
    durability TEXT NOT NULL,
    executor TEXT NOT NULL,
    urgency TEXT NOT NULL,
    state TEXT NOT NULL,
    verdict TEXT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    risk_millionths BIGINT NOT NULL,
    payload_hash {BLOB} NOT NULL,
    context_hash {BLOB} NOT NULL,
    -- The entry whose evidence holds the payload and the facts.
    evidence_entry {BLOB} NOT NULL,
    quorum BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    deadline BIGINT,
    changed_at BIGINT NOT NULL,
    instance_id {BLOB},
    outcome TEXT
) {ROWLESS};
-- Only what still moves is indexed: a read that is over when it is first written costs no index.
CREATE INDEX request_live ON request (state, deadline) WHERE state IN ('pending', 'approved', 'executing');

CREATE TABLE vote (
    request_id {BLOB} NOT NULL,
    operator_id {BLOB} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('approve', 'deny')),
    note TEXT NOT NULL,
    is_self_approved BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (request_id, operator_id)
);

-- The first outcome under an idempotency key, scoped to the principal.
CREATE TABLE idempotency (
    principal {BLOB} NOT NULL,
    idempotency_key TEXT NOT NULL,
    identity {BLOB} NOT NULL,
    request_id {BLOB} NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (principal, idempotency_key)
) {ROWLESS};
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

-- What an execution answered, masked and sealed, for whoever fetches it later. Swept by the request's id, which begins with its time.
CREATE TABLE result (
    request_id {BLOB} PRIMARY KEY,
    sealed {BLOB} NOT NULL,
    expires_at BIGINT NOT NULL
);
