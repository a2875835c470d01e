//! Sessions of operators: hashes only.

use countersign_domain::{OperatorId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Result, StoreError},
    tx::Tx,
    value::{Arg, Row},
};

/// Where a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// In a browser's cookie.
    Browser,
    /// In a terminal: it reads; changing and deciding need a fresh proof.
    Terminal,
}

impl SessionKind {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Terminal => "terminal",
        }
    }
}

/// A signed-in browser or terminal, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The id.
    pub id: SessionId,
    /// Who signed in.
    pub operator: OperatorId,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// SHA-256 of the CSRF token.
    pub csrf_hash: [u8; 32],
    /// Where it lives.
    pub kind: SessionKind,
    /// What the client calls itself. Untrusted.
    pub label: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When the operator last typed a credential.
    pub proved_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
    /// The address that it was begun from; empty where it began before this was noted.
    pub source: String,
}

impl Session {
    /// Whether it works at this time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

fn session(row: Row<'_>) -> Result<Session> {
    let kind = match row.text(4)? {
        "browser" => SessionKind::Browser,
        "terminal" => SessionKind::Terminal,
        _ => {
            return Err(StoreError::Column {
                index: 4,
                expected: "a session's kind",
            });
        }
    };
    Ok(Session {
        id: SessionId::from_bytes(row.bytes(0)?),
        operator: OperatorId::from_bytes(row.bytes(1)?),
        hash: row.bytes(2)?,
        csrf_hash: row.bytes(3)?,
        kind,
        label: row.text(5)?.to_owned(),
        created_at: row.timestamp(6)?,
        proved_at: row.timestamp(7)?,
        expires_at: row.timestamp(8)?,
        ended_at: row.optional_timestamp(9)?,
        source: row.text(10)?.to_owned(),
    })
}

/// Begins a session.
pub fn insert(tx: &mut Tx<'_>, session: &Session) -> Result<()> {
    tx.execute(
        "INSERT INTO session (id, operator_id, hash, csrf_hash, kind, label, created_at, proved_at, expires_at, ended_at, source) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        &[
            (&session.id).into(),
            (&session.operator).into(),
            (&session.hash).into(),
            (&session.csrf_hash).into(),
            session.kind.as_str().into(),
            (&session.label).into(),
            session.created_at.into(),
            session.proved_at.into(),
            session.expires_at.into(),
            session.ended_at.into(),
            (&session.source).into(),
        ],
    )?;
    Ok(())
}

/// The session with this hash.
pub fn by_hash(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<Session>> {
    tx.query_optional(
        "SELECT id, operator_id, hash, csrf_hash, kind, label, created_at, proved_at, expires_at, ended_at, source FROM session \
         WHERE hash = ?1",
        &[hash.into()],
        session,
    )
}

/// One session.
pub fn by_id(tx: &mut Tx<'_>, id: SessionId) -> Result<Option<Session>> {
    tx.query_optional(
        "SELECT id, operator_id, hash, csrf_hash, kind, label, created_at, proved_at, expires_at, ended_at, source FROM session WHERE id = ?1",
        &[(&id).into()],
        session,
    )
}

/// The newest sessions that still work.
pub fn live(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<Session>> {
    tx.query(
        "SELECT id, operator_id, hash, csrf_hash, kind, label, created_at, proved_at, expires_at, ended_at, source FROM session \
         WHERE ended_at IS NULL AND expires_at > ?1 ORDER BY created_at DESC, id DESC LIMIT 1000",
        &[now.into()],
        session,
    )
}

/// Notes a fresh proof. False if the session has ended.
pub fn prove(tx: &mut Tx<'_>, id: SessionId, at: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE session SET proved_at = ?2 WHERE id = ?1 AND ended_at IS NULL",
        &[Arg::from(&id), at.into()],
    )
}

/// Ends a session. False if there is none, or it was ended before.
pub fn end(tx: &mut Tx<'_>, id: SessionId, at: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE session SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL",
        &[Arg::from(&id), at.into()],
    )
}

/// Ends every session of an operator but one; how many.
pub fn end_of(
    tx: &mut Tx<'_>,
    operator: OperatorId,
    except: Option<SessionId>,
    at: Timestamp,
) -> Result<u64> {
    match except {
        None => tx.execute(
            "UPDATE session SET ended_at = ?2 WHERE operator_id = ?1 AND ended_at IS NULL",
            &[Arg::from(&operator), at.into()],
        ),
        Some(except) => tx.execute(
            "UPDATE session SET ended_at = ?2 WHERE operator_id = ?1 AND ended_at IS NULL AND id <> ?3",
            &[Arg::from(&operator), at.into(), (&except).into()],
        ),
    }
}

/// Deletes sessions that were over before a time; how many.
pub fn delete_over(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(
        "DELETE FROM session WHERE expires_at < ?1",
        &[before.into()],
    )
}
