-- What an ask asks for, and whether a rule counts.
ALTER TABLE policy_rule ADD COLUMN ask {JSON} NOT NULL DEFAULT '{}';
ALTER TABLE policy_rule ADD COLUMN mode TEXT NOT NULL DEFAULT 'enforce' CHECK (mode IN ('enforce', 'shadow'));
-- The terms that a waiting request was asked under; nothing where nobody was asked.
ALTER TABLE request ADD COLUMN terms {JSON};
