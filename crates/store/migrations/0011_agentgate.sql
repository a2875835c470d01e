-- Rules that somebody keeps together in their order; `source` is what was written, for the face that it was written through.
CREATE TABLE policy_list (
    id {BLOB} PRIMARY KEY,
    name TEXT NOT NULL,
    priority BIGINT NOT NULL,
    is_enabled BIGINT NOT NULL,
    rules {JSON} NOT NULL,
    source {JSON} NOT NULL,
    created_at BIGINT NOT NULL
);
-- What one agent may not do for a while. The agent is a name or an id and need not exist.
CREATE TABLE agent_override (
    id {BLOB} PRIMARY KEY,
    agent TEXT NOT NULL,
    action TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('ask', 'deny')),
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
-- What happens when nobody decides on what a policy list asked about: a channel is told, or the request is denied.
CREATE TABLE escalation_rule (
    id {BLOB} PRIMARY KEY,
    policy_list_id {BLOB},
    after_seconds BIGINT NOT NULL,
    channel TEXT,
    priority BIGINT NOT NULL,
    is_enabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
-- Whom a client said that it decides for. Unverified: the credential is in operator_id.
ALTER TABLE vote ADD COLUMN label TEXT;
-- Keys of integrations as their maker wrote them: a free name and the scopes as asked for.
CREATE TABLE integration_key (
    key_id {BLOB} PRIMARY KEY,
    name TEXT NOT NULL,
    scopes {JSON} NOT NULL
);
