//! The full-text index over requests, behind the ledger.
//!
//! An indexer asks for the requests of the entries behind a cursor ([`gather`]), makes their documents and writes them ([`put`]) in
//! the transaction that moves the cursor ([`advance`]). Whatever changes a request leaves an entry, so a change is found the same way.
//!
//! INVARIANT: on PostgreSQL nothing of what lies sealed in evidence is indexed, because the index is not encrypted there: an agent's
//! intent can be searched on SQLCipher only. There the deletion of evidence removes what was indexed of it.

use std::{collections::BTreeSet, fmt::Write as _};

use countersign_domain::{EntryId, RequestId, Timestamp, Verdict, Vote};
use uuid::Uuid;

use crate::{
    error::{Result, StoreError},
    evidence::{self, Listed},
    requests::{self, RequestQuery, RequestRow},
    tx::{Engine, Tx},
    value::Arg,
    votes,
};

/// The longest word that is told apart from others with the same beginning, in characters.
const WORD_CHARACTERS: usize = 40;

/// The most different words of each part of one document: whoever fills the index decides how long others look through it.
const DOCUMENT_WORDS: usize = 200;

/// The most words of one search.
const SEARCH_WORDS: usize = 12;

/// Of evidence that is longer the brief is opened to be indexed.
const EVIDENCE_BYTES: u32 = 64 << 10;

/// What a document is tagged with, beside its words.
const AGENT: char = 'a';
const TARGET: char = 't';
const VERDICT: char = 'v';
const EFFECT: char = 'e';
const URGENCY: char = 'u';
const STATE: char = 's';

/// The words of a search: all must be there, the last as the beginning of one.
///
/// INVARIANT: a word is made of letters and digits only, so that none is read as an operator by either engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    words: Vec<String>,
    is_last_whole: bool,
}

impl Words {
    /// The words of a text; `None` if there are none.
    pub fn of(text: &str) -> Option<Self> {
        let words: Vec<String> = split(text).take(SEARCH_WORDS).collect();
        (!words.is_empty()).then_some(Self {
            words,
            is_last_whole: false,
        })
    }

    /// The same words, the last as a whole one if it has fewer characters: so short a beginning is one of almost everything.
    #[must_use]
    pub fn with_beginnings_from(mut self, characters: usize) -> Self {
        self.is_last_whole = self
            .words
            .last()
            .is_some_and(|word| word.chars().count() < characters);
        self
    }
}

/// A text in words: runs of letters and digits, in lower case.
fn split(text: &str) -> impl Iterator<Item = String> {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.chars()
                .take(WORD_CHARACTERS)
                .flat_map(char::to_lowercase)
                // The lower case of some letters has a combining mark.
                .filter(|character| character.is_alphanumeric())
                .collect()
        })
}

/// The first [`DOCUMENT_WORDS`] different words, in a row.
fn joined<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut words = BTreeSet::new();
    for word in texts.into_iter().flat_map(split) {
        if words.len() == DOCUMENT_WORDS {
            break;
        }
        words.insert(word);
    }
    words.into_iter().collect::<Vec<_>>().join(" ")
}

fn tagged(kind: char, id: &Uuid) -> String {
    format!("{kind}{}", id.simple())
}

/// The tags that a query asks for, each group one of its own.
fn asked(query: &RequestQuery) -> Vec<Vec<String>> {
    let word = |kind: char, word: &str| format!("{kind}{word}");
    let groups = [
        query
            .agent
            .iter()
            .map(|id| tagged(AGENT, &id.uuid()))
            .collect::<Vec<_>>(),
        query
            .target
            .iter()
            .map(|id| tagged(TARGET, &id.uuid()))
            .collect(),
        query
            .verdicts
            .iter()
            .map(|it| word(VERDICT, it.as_str()))
            .collect(),
        query
            .effects
            .iter()
            .map(|it| word(EFFECT, it.as_str()))
            .collect(),
        query
            .urgencies
            .iter()
            .map(|it| word(URGENCY, it.as_str()))
            .collect(),
        query
            .states
            .iter()
            .map(|it| word(STATE, it.as_str()))
            .collect(),
    ];
    groups
        .into_iter()
        .filter(|group| !group.is_empty())
        .collect()
}

/// The search in FTS5's language: every word in quotes.
pub(crate) fn fts5_query(words: &Words, query: &RequestQuery) -> String {
    let mut text = String::from("{body intent} : (");
    for (index, word) in words.words.iter().enumerate() {
        let before = if index == 0 { "" } else { " AND " };
        let _infallible = write!(text, "{before}\"{word}\"");
    }
    text.push_str(if words.is_last_whole { ")" } else { " *)" });
    for group in asked(query) {
        let any: Vec<String> = group.iter().map(|tag| format!("\"{tag}\"")).collect();
        let _infallible = write!(text, " AND tags : ({})", any.join(" OR "));
    }
    text
}

/// The search as a `tsquery`: every word in quotes. A tag has a colon, which no word has.
pub(crate) fn tsquery(words: &Words, query: &RequestQuery) -> String {
    let mut text = String::new();
    for (index, word) in words.words.iter().enumerate() {
        let before = if index == 0 { "" } else { " & " };
        let _infallible = write!(text, "{before}'{word}'");
    }
    if !words.is_last_whole {
        text.push_str(":*");
    }
    for group in asked(query) {
        let any: Vec<String> = group.iter().map(|tag| format!("':{tag}'")).collect();
        let _infallible = write!(text, " & ({})", any.join(" | "));
    }
    text
}

/// What the indexer makes a document of.
#[derive(Debug, Clone)]
pub struct Gathered {
    /// The request as it is now.
    pub row: RequestRow,
    /// What operators have said.
    pub votes: Vec<Vote>,
    /// The agent's name, removed or not.
    pub agent_name: String,
    /// The target's name, removed or not.
    pub target_name: String,
    /// The sealed evidence, where it may be indexed and is there; of a long one its brief.
    pub evidence: Option<Listed>,
}

/// The requests of a stretch of the ledger.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// The position that it begins at.
    pub from: u64,
    /// The position behind it; equal to `from` when there is nothing to do.
    pub until: u64,
    /// Each request of it once.
    pub requests: Vec<Gathered>,
}

/// What the next `limit` entries behind the cursor are about.
pub fn gather(tx: &mut Tx<'_>, limit: u32) -> Result<Stretch> {
    let from = tx.query_one(
        "SELECT next_position FROM search_cursor WHERE id = 1",
        &[],
        |row| row.u64(0),
    )?;
    let entries = tx.query(
        "SELECT position, request_id FROM audit_entry WHERE position >= ?1 ORDER BY position LIMIT ?2",
        &[from.into(), limit.into()],
        |row| Ok((row.u64(0)?, row.optional_bytes(1)?.map(RequestId::from_bytes))),
    )?;
    let until = entries.last().map_or(from, |(position, _)| position + 1);
    let mut ids: Vec<RequestId> = entries.into_iter().filter_map(|(_, id)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    let is_evidence_indexed = tx.engine() == Engine::Sqlite;
    let mut requests = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(row) = requests::find(tx, id)? else {
            continue;
        };
        let evidence = if is_evidence_indexed {
            let listed = evidence::listed(tx, &[row.evidence_entry], EVIDENCE_BYTES)?;
            listed.into_iter().next().map(|(_, listed)| listed)
        } else {
            None
        };
        requests.push(Gathered {
            votes: votes::of_request(tx, id)?,
            agent_name: name_of(
                tx,
                "SELECT name FROM agent WHERE id = ?1",
                (&row.request.agent).into(),
            )?,
            target_name: name_of(
                tx,
                "SELECT name FROM target WHERE id = ?1",
                (&row.request.target).into(),
            )?,
            evidence,
            row,
        });
    }
    Ok(Stretch {
        from,
        until,
        requests,
    })
}

fn name_of(tx: &mut Tx<'_>, sql: &'static str, id: Arg<'_>) -> Result<String> {
    let name = tx.query_optional(sql, &[id], |row| row.text(0).map(str::to_owned))?;
    Ok(name.unwrap_or_default())
}

/// Moves the cursor, if nobody else has.
pub fn advance(tx: &mut Tx<'_>, from: u64, until: u64) -> Result<bool> {
    tx.execute_one(
        "UPDATE search_cursor SET next_position = ?2 WHERE id = 1 AND next_position = ?1",
        &[from.into(), until.into()],
    )
}

/// What is indexed of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    request: RequestId,
    evidence_entry: EntryId,
    created_at: Timestamp,
    verdict: Verdict,
    body: String,
    intent: String,
    tags: [String; 6],
}

impl Document {
    /// The document of a request. `intent` is ignored on PostgreSQL.
    pub fn new(gathered: &Gathered, intent: &str) -> Self {
        let request = &gathered.row.request;
        let notes = gathered.votes.iter().map(|vote| vote.note.as_str());
        let fixed = [
            gathered.agent_name.as_str(),
            &gathered.target_name,
            &request.action,
            &request.rule,
            &request.reason,
            request.outcome.as_deref().unwrap_or_default(),
        ];
        Self {
            request: request.id,
            evidence_entry: gathered.row.evidence_entry,
            created_at: request.created_at,
            verdict: request.verdict,
            body: joined(fixed.into_iter().chain(notes)),
            intent: joined([intent]),
            tags: [
                tagged(AGENT, &request.agent.uuid()),
                tagged(TARGET, &request.target.uuid()),
                format!("{VERDICT}{}", request.verdict.as_str()),
                format!("{EFFECT}{}", request.effect.as_str()),
                format!("{URGENCY}{}", request.urgency.as_str()),
                format!("{STATE}{}", request.state.as_str()),
            ],
        }
    }
}

/// A request's place among all: its time in milliseconds, then the first of the bits behind it.
pub(crate) fn place_of(id: RequestId) -> i64 {
    let bytes = id.uuid().into_bytes();
    let mut time = [0; 8];
    time[2..].copy_from_slice(&bytes[..6]);
    let fraction = i64::from(u16::from_be_bytes([bytes[6] & 0x0f, bytes[7]]));
    let rest = i64::from((bytes[8] >> 3) & 0x07);
    // Times from the year 6429 on share their places with earlier ones: a place only has to be free.
    (i64::from_be_bytes(time) << 15) & i64::MAX | fraction << 3 | rest
}

/// Requests of the same microsecond look for a place behind the first. As many can't be.
const PLACES_TRIED: u32 = 100_000;

/// Indexes a request, or indexes it again.
pub fn put(tx: &mut Tx<'_>, document: &Document) -> Result<()> {
    let found = tx.query_optional(
        "SELECT place FROM request_text WHERE request_id = ?1",
        &[(&document.request).into()],
        |row| row.i64(0),
    )?;
    if found.is_none() {
        count_hour(tx, document)?;
    }
    match tx.engine() {
        Engine::Sqlite => put_sqlite(tx, document, found),
        Engine::Postgres => put_postgres(tx, document, found),
    }
}

fn put_sqlite(tx: &mut Tx<'_>, document: &Document, found: Option<i64>) -> Result<()> {
    // The evidence may have been deleted since it was read.
    let is_there = tx
        .query_optional(
            "SELECT 1 FROM evidence WHERE entry_id = ?1",
            &[(&document.evidence_entry).into()],
            |_| Ok(()),
        )?
        .is_some();
    let (entry, intent) = if is_there && !document.intent.is_empty() {
        (Some(&document.evidence_entry), document.intent.as_str())
    } else {
        (None, "")
    };
    let tags = document.tags.join(" ");
    if let Some(place) = found {
        tx.execute(
            "UPDATE request_words SET body = ?2, intent = ?3, tags = ?4 WHERE rowid = ?1",
            &[
                place.into(),
                (&document.body).into(),
                intent.into(),
                (&tags).into(),
            ],
        )?;
        tx.execute(
            "UPDATE request_text SET entry_id = ?2 WHERE place = ?1",
            &[place.into(), entry.into()],
        )?;
        return Ok(());
    }
    let place = take_place(document, |place| {
        tx.execute_one(
            "INSERT INTO request_text (place, request_id, entry_id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            &[place.into(), (&document.request).into(), entry.into()],
        )
    })?;
    tx.execute(
        "INSERT INTO request_words (rowid, body, intent, tags) VALUES (?1, ?2, ?3, ?4)",
        &[
            place.into(),
            (&document.body).into(),
            intent.into(),
            (&tags).into(),
        ],
    )?;
    Ok(())
}

fn put_postgres(tx: &mut Tx<'_>, document: &Document, found: Option<i64>) -> Result<()> {
    let mut lexemes = document.body.clone();
    for tag in &document.tags {
        let _infallible = write!(lexemes, " :{tag}");
    }
    let lexemes = lexemes.trim_start();
    if let Some(place) = found {
        tx.execute(
            "UPDATE request_text SET words = array_to_tsvector(string_to_array(CAST(?2 AS TEXT), ' ')) WHERE place = ?1",
            &[place.into(), lexemes.into()],
        )?;
        return Ok(());
    }
    take_place(document, |place| {
        tx.execute_one(
            "INSERT INTO request_text (place, request_id, words) VALUES (?1, ?2, array_to_tsvector(string_to_array(CAST(?3 AS TEXT), ' '))) \
             ON CONFLICT DO NOTHING",
            &[place.into(), (&document.request).into(), lexemes.into()],
        )
    })
    .map(drop)
}

fn take_place(document: &Document, mut take: impl FnMut(i64) -> Result<bool>) -> Result<i64> {
    let first = place_of(document.request);
    for step in 0..PLACES_TRIED {
        let place = first.saturating_add(i64::from(step));
        if take(place)? {
            return Ok(place);
        }
    }
    Err(StoreError::Conflict {
        attempts: PLACES_TRIED,
    })
}

/// One hour in microseconds.
const HOUR_MICROS: i64 = 3_600_000_000;

fn count_hour(tx: &mut Tx<'_>, document: &Document) -> Result<()> {
    tx.execute(
        "INSERT INTO activity_hour (hour, verdict, requests) VALUES (?1, ?2, 1) \
         ON CONFLICT (hour, verdict) DO UPDATE SET requests = activity_hour.requests + 1",
        &[
            document
                .created_at
                .as_micros()
                .div_euclid(HOUR_MICROS)
                .into(),
            document.verdict.as_str().into(),
        ],
    )
    .map(drop)
}

/// How many requests came in one hour with one verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourCount {
    /// When the hour began.
    pub begins_at: Timestamp,
    /// The verdict.
    pub verdict: Verdict,
    /// How many.
    pub requests: u64,
}

/// The counts of the hours from the one of a point in time on, oldest first.
pub fn hours_since(tx: &mut Tx<'_>, since: Timestamp) -> Result<Vec<HourCount>> {
    tx.query(
        "SELECT hour, verdict, requests FROM activity_hour WHERE hour >= ?1 ORDER BY hour, verdict LIMIT 1000",
        &[since.as_micros().div_euclid(HOUR_MICROS).into()],
        |row| {
            Ok(HourCount {
                begins_at: Timestamp::from_micros(row.i64(0)?.saturating_mul(HOUR_MICROS)),
                verdict: row.text(1)?.parse().map_err(|_| StoreError::Column {
                    index: 1,
                    expected: "a verdict",
                })?,
                requests: row.u64(2)?,
            })
        },
    )
}

#[cfg(test)]
mod tests;
