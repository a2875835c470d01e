-- Which requests a key is for: those of one agent, those on some targets (a list of ids; null is all).
ALTER TABLE access_key ADD COLUMN bound_agent {BLOB};
ALTER TABLE access_key ADD COLUMN bound_targets {JSON};
-- The secret before the last rotation, and until when it works beside the new one.
ALTER TABLE access_key ADD COLUMN retiring_hash {BLOB};
ALTER TABLE access_key ADD COLUMN retiring_prefix TEXT;
ALTER TABLE access_key ADD COLUMN retiring_until BIGINT;
-- How often a key was used, by hours since 1970.
CREATE TABLE key_use (
    key_id {BLOB} NOT NULL,
    hour BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (key_id, hour)
) {ROWLESS};
CREATE INDEX key_use_hour ON key_use (hour);
