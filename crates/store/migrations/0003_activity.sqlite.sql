
-- The words of requests. A place is made of the request's id, so that places are in the order of time; `entry_id` is set while words
-- of that entry's evidence are among them.
CREATE TABLE request_text (
    place INTEGER PRIMARY KEY,
    request_id BLOB NOT NULL UNIQUE,
    entry_id BLOB
) STRICT;
CREATE INDEX request_text_by_entry ON request_text (entry_id) WHERE entry_id IS NOT NULL;
CREATE VIRTUAL TABLE request_words USING fts5 (body, intent, tags, tokenize = 'unicode61');
-- What is deleted leaves the index at once, not when its parts are merged.
INSERT INTO request_words (request_words, rank) VALUES ('secure-delete', 1);

-- Whatever deletes evidence takes with it what was indexed of it.
CREATE TRIGGER evidence_forgotten AFTER DELETE ON evidence
BEGIN
    UPDATE request_words SET intent = '' WHERE rowid = (SELECT place FROM request_text WHERE entry_id = OLD.entry_id);
    UPDATE request_text SET entry_id = NULL WHERE entry_id = OLD.entry_id;
END;
