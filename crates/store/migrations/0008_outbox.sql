-- Who is told of what happens to requests.
CREATE TABLE webhook (
    id {BLOB} PRIMARY KEY,
    url TEXT NOT NULL,
    events {JSON} NOT NULL,
    signature_style TEXT NOT NULL,
    links_for {BLOB},
    is_enabled BIGINT NOT NULL,
    description TEXT NOT NULL,
    sealed_secret {BLOB} NOT NULL,
    -- The secret before the last rotation, while it still signs.
    sealed_previous {BLOB},
    previous_until BIGINT,
    created_at BIGINT NOT NULL,
    created_by_kind TEXT NOT NULL,
    created_by_id {BLOB}
);

-- What leaves the process because something happened: written in the same transaction, sent later, by its id as often as needed.
CREATE TABLE outbox (
    id {BLOB} PRIMARY KEY,
    -- Through what: `webhook`.
    channel TEXT NOT NULL,
    -- To whom, in the channel's own terms.
    receiver_id {BLOB} NOT NULL,
    event TEXT NOT NULL,
    request_id {BLOB},
    -- What can't be looked up later: how things stood at that moment. No payload, no secret.
    facts {JSON} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'success', 'failed')),
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    -- Whoever holds the lease sends; when it has ended, somebody else may.
    leased_by {BLOB},
    lease_until BIGINT,
    attempted_at BIGINT,
    response_code BIGINT,
    -- The beginning of the answer, or why there was none.
    response_text TEXT
);
CREATE INDEX outbox_due ON outbox (receiver_id, due_at) WHERE state = 'pending';
CREATE INDEX outbox_log ON outbox (receiver_id, id);
CREATE INDEX outbox_done ON outbox (attempted_at) WHERE state <> 'pending';
