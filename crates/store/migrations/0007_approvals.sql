-- What a standing approval is bound to besides its action, and how it began.
ALTER TABLE standing_approval ADD COLUMN payload_hash {BLOB};
ALTER TABLE standing_approval ADD COLUMN bound_hash {BLOB};
ALTER TABLE standing_approval ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE standing_approval ADD COLUMN uses BIGINT NOT NULL DEFAULT 0;
-- Whose seat a vote was cast from, where it is another's.
ALTER TABLE vote ADD COLUMN on_behalf_of {BLOB};
CREATE TABLE delegation (
    id {BLOB} PRIMARY KEY,
    from_operator {BLOB} NOT NULL,
    to_operator {BLOB} NOT NULL,
    note TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX delegation_to ON delegation (to_operator);
CREATE TABLE request_comment (
    id {BLOB} PRIMARY KEY,
    request_id {BLOB} NOT NULL,
    operator_id {BLOB} NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX request_comment_of ON request_comment (request_id, at);
-- Requests that go to others when nobody has decided by then.
CREATE TABLE escalation_due (
    request_id {BLOB} PRIMARY KEY,
    due_at BIGINT NOT NULL
);
CREATE INDEX escalation_due_at ON escalation_due (due_at);
-- How many of an agent's requests wait.
CREATE INDEX request_pending_of_agent ON request (agent_id) WHERE state = 'pending';
