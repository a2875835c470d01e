-- Findings that an operator has called wrong, with the text that was looked at, sealed: cases for later training. They outlive the
-- evidence that they were taken from.
CREATE TABLE scan_case (
    request_id {BLOB} NOT NULL,
    finding BIGINT NOT NULL,
    category TEXT NOT NULL,
    operator_id {BLOB} NOT NULL,
    at BIGINT NOT NULL,
    sealed {BLOB} NOT NULL,
    PRIMARY KEY (request_id, finding)
);
