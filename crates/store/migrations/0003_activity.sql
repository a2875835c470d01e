-- What lists, the search and the overview read. The two indexes that every request costs are appended to at few places; the others
-- are partial, so that an allowed read that succeeds costs nothing in them.
CREATE INDEX request_by_agent ON request (agent_id, id);
CREATE INDEX request_by_target ON request (target_id, id);
CREATE INDEX request_pending ON request (urgency, id) WHERE state = 'pending';
CREATE INDEX request_by_state ON request (state, id) WHERE state <> 'succeeded';
CREATE INDEX request_by_verdict ON request (verdict, id) WHERE verdict <> 'allow';
CREATE INDEX request_by_effect ON request (effect, id) WHERE effect <> 'read';
CREATE INDEX request_by_urgency ON request (urgency, id) WHERE urgency <> 'normal';

-- The position of the first entry whose request is not in the full-text index yet.
CREATE TABLE search_cursor (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    next_position BIGINT NOT NULL
);
INSERT INTO search_cursor (id, next_position) VALUES (1, 0);

-- How many requests came in each hour since 1970, by verdict: counted where they are indexed.
CREATE TABLE activity_hour (
    hour BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (hour, verdict)
);
