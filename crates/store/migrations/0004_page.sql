-- What the operators' page shows besides: where a session came from, who set a credential, and how often agents and targets changed.
ALTER TABLE session ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE credential ADD COLUMN set_by_kind TEXT;
ALTER TABLE credential ADD COLUMN set_by_id {BLOB};
ALTER TABLE agent ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE target ADD COLUMN changes BIGINT NOT NULL DEFAULT 1;
