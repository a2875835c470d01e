-- Decision links: what a token is derived from when it is sent. The token itself is nowhere. One row is a pair: to approve and to deny.
CREATE TABLE decision_link (
    nonce {BLOB} PRIMARY KEY,
    request_id {BLOB} NOT NULL,
    approver {BLOB} NOT NULL,
    key_id {BLOB},
    payload_hash {BLOB} NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX decision_link_of ON decision_link (request_id);
CREATE INDEX decision_link_end ON decision_link (expires_at);
