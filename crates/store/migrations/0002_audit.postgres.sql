-- The ledger. Rows are inserted without a position by any transaction of any replica; the sealer gives positions in its own.
CREATE TABLE audit_entry (
    row_number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position BIGINT UNIQUE,
    id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BYTEA,
    request_id BYTEA,
    subject TEXT,
    verdict TEXT,
    rule TEXT,
    policy_version BIGINT,
    outcome TEXT,
    input BYTEA,
    output BYTEA,
    facts BYTEA,
    mac BYTEA NOT NULL,
    chain BYTEA,
    CHECK ((position IS NULL) = (chain IS NULL))
);
CREATE INDEX audit_entry_unsealed ON audit_entry (row_number) WHERE position IS NULL;
CREATE INDEX audit_entry_by_request ON audit_entry (request_id) WHERE request_id IS NOT NULL;

-- The bodies behind entries, sealed; deletable.
CREATE TABLE evidence (
    entry_id BYTEA PRIMARY KEY,
    at BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
-- Ciphertext does not compress.
ALTER TABLE evidence ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- Signed tree heads; the frontier lets the chain go on, and lets what is before be pruned.
CREATE TABLE checkpoint (
    size BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    note TEXT NOT NULL,
    frontier BYTEA NOT NULL
);

CREATE TABLE config_epoch (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL
);
INSERT INTO config_epoch (id, epoch) VALUES (1, 0);

-- One row, locked by whoever seals: two replicas can't seal at once, and each goes on from what the last one left here.
CREATE TABLE sealer_lease (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    holder BYTEA,
    expires_at BIGINT NOT NULL,
    next_position BIGINT NOT NULL,
    chain BYTEA NOT NULL,
    frontier BYTEA NOT NULL
);
