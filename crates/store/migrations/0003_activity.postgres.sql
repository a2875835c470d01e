
-- The words of requests. A place is made of the request's id, so that places are in the order of time. Nothing of what lies sealed
-- in evidence is among the words: here they are not encrypted.
CREATE TABLE request_text (
    place BIGINT PRIMARY KEY,
    request_id BYTEA NOT NULL UNIQUE,
    words TSVECTOR NOT NULL
);
CREATE INDEX request_text_words ON request_text USING GIN (words);
