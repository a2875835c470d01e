-- What lists and the search read of evidence that is too long for them: why, and why it is as risky as it is, sealed. It goes with its
-- evidence.
CREATE TABLE evidence_brief (
    entry_id {BLOB} PRIMARY KEY REFERENCES evidence (entry_id) ON DELETE CASCADE,
    sealed {BLOB} NOT NULL
);
