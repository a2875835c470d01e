-- The ledger. Positions are given by the writer in the commit that inserts the row, so they are the row's own number.
CREATE TABLE audit_entry (
    position INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BLOB,
    request_id BLOB,
    subject TEXT,
    verdict TEXT,
    rule TEXT,
    policy_version INTEGER,
    outcome TEXT,
    input BLOB,
    output BLOB,
    facts BLOB,
    mac BLOB NOT NULL,
    chain BLOB NOT NULL
) STRICT;
CREATE INDEX audit_entry_by_request ON audit_entry (request_id) WHERE request_id IS NOT NULL;

-- The bodies behind entries, sealed; deletable. A table with row numbers: one clustered by the id would put every body of over a
-- kilobyte on a page of its own.
CREATE TABLE evidence (
    entry_id BLOB NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

-- Signed tree heads; the frontier lets the chain go on, and lets what is before be pruned.
CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    note TEXT NOT NULL,
    frontier BLOB NOT NULL
) STRICT;

CREATE TABLE config_epoch (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL
) STRICT;
INSERT INTO config_epoch (id, epoch) VALUES (1, 0);
