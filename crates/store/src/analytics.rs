//! Numbers over requests and what operators said about them, of a span of time and never of more than so many requests.
//!
//! Requests are found by their ids, which begin with their time: no index of its own, and nothing is kept here.

use countersign_domain::{AgentId, OperatorId, RequestId, TargetId, Timestamp, Verdict, VoteKind};

use crate::{
    columns,
    error::{Result, StoreError},
    tx::Tx,
};

/// Of what requests numbers are made: the newest `most` of those that came in a span of time.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Not before.
    pub since: Timestamp,
    /// Before.
    pub until: Timestamp,
    /// The most requests that are looked at.
    pub most: u32,
}

/// What humans said about a request in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Said {
    /// Nothing, or not enough.
    Nothing,
    /// Yes.
    Approved,
    /// No.
    Denied,
}

/// How many requests of one kind there were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The beginning of the time in which they came, in microseconds; 0 where time was not asked for.
    pub bucket: i64,
    /// Who made the verdict; empty where that was not asked for.
    pub rule: String,
    /// What was decided when they came.
    pub verdict: Verdict,
    /// What humans said.
    pub said: Said,
    /// How many.
    pub count: u64,
    /// How long humans took for them together, in microseconds.
    pub waited_micros: i64,
}

/// The span's requests as `r`, and what was said about each as `v`. Ids are ranges of time.
macro_rules! from_span {
    () => {
        " FROM (SELECT id, agent_id, target_id, action, rule, verdict, quorum, created_at FROM request WHERE id >= ?1 AND id < ?2 \
         ORDER BY id DESC LIMIT ?3) AS r LEFT JOIN (SELECT request_id, MAX(at) AS at, SUM(CASE WHEN kind = 'approve' THEN 1 ELSE 0 END) \
         AS yes, SUM(CASE WHEN kind = 'deny' THEN 1 ELSE 0 END) AS noes FROM vote WHERE request_id >= ?1 AND request_id < ?2 \
         GROUP BY request_id) AS v ON v.request_id = r.id"
    };
}

macro_rules! said {
    () => {
        "CASE WHEN v.request_id IS NULL THEN 'nothing' WHEN v.noes > 0 THEN 'denied' WHEN v.yes >= r.quorum THEN 'approved' \
         ELSE 'nothing' END"
    };
}

/// Counts a span's requests, by verdict and what humans said; where `bucket_micros` is over 0, also by spans of time.
pub fn counts(tx: &mut Tx<'_>, span: Span, bucket_micros: i64) -> Result<Vec<Counted>> {
    let (from, until) = ids(span);
    let bucket_micros = if bucket_micros <= 0 {
        i64::MAX
    } else {
        bucket_micros
    };
    tx.query(
        concat!(
            "SELECT bucket, '', verdict, said, COUNT(*), CAST(COALESCE(SUM(waited), 0) AS BIGINT) FROM (SELECT (r.created_at / ?4) * ?4 \
             AS bucket, r.verdict AS verdict, ",
            said!(),
            " AS said, v.at - r.created_at AS waited",
            from_span!(),
            ") AS counted GROUP BY bucket, verdict, said ORDER BY bucket, verdict, said"
        ),
        &[
            (&from).into(),
            (&until).into(),
            span.most.into(),
            bucket_micros.into(),
        ],
        counted,
    )
}

/// Counts a span's requests by who made the verdict and what humans said; those that made the most first, at most `limit` rows.
pub fn by_rule(tx: &mut Tx<'_>, span: Span, limit: u32) -> Result<Vec<Counted>> {
    let (from, until) = ids(span);
    tx.query(
        concat!(
            "SELECT CAST(0 AS BIGINT), rule, verdict, said, COUNT(*) AS number, CAST(COALESCE(SUM(waited), 0) AS BIGINT) FROM (SELECT \
             r.rule AS rule, r.verdict AS verdict, ",
            said!(),
            " AS said, v.at - r.created_at AS waited",
            from_span!(),
            ") AS counted GROUP BY rule, verdict, said ORDER BY number DESC, rule, verdict, said LIMIT ?4"
        ),
        &[
            (&from).into(),
            (&until).into(),
            span.most.into(),
            limit.into(),
        ],
        counted,
    )
}

fn counted(row: crate::value::Row<'_>) -> Result<Counted> {
    Ok(Counted {
        bucket: row.i64(0)?,
        rule: row.text(1)?.to_owned(),
        verdict: columns::parsed(row, 2, "a verdict")?,
        said: match row.text(3)? {
            "approved" => Said::Approved,
            "denied" => Said::Denied,
            _ => Said::Nothing,
        },
        count: row.u64(4)?,
        waited_micros: row.i64(5)?,
    })
}

fn ids(span: Span) -> (RequestId, RequestId) {
    (
        RequestId::earliest_at(span.since),
        RequestId::earliest_at(span.until),
    )
}

/// What an operator said about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken {
    /// Who.
    pub operator: OperatorId,
    /// What.
    pub kind: VoteKind,
    /// When.
    pub at: Timestamp,
    /// When the request came.
    pub asked_at: Timestamp,
}

/// What operators said about a span's requests, the newest `limit` requests' first.
pub fn spoken(tx: &mut Tx<'_>, span: Span, limit: u32) -> Result<Vec<Spoken>> {
    let (from, until) = ids(span);
    tx.query(
        "SELECT v.operator_id, v.kind, v.at, r.created_at FROM (SELECT request_id, operator_id, kind, at FROM vote WHERE request_id >= ?1 \
         AND request_id < ?2 ORDER BY request_id DESC LIMIT ?3) AS v JOIN request r ON r.id = v.request_id",
        &[(&from).into(), (&until).into(), limit.into()],
        |row| {
            Ok(Spoken {
                operator: OperatorId::from_bytes(row.bytes(0)?),
                kind: match row.text(1)? {
                    "approve" => VoteKind::Approve,
                    "deny" => VoteKind::Deny,
                    _ => {
                        return Err(StoreError::Column {
                            index: 1,
                            expected: "a vote",
                        });
                    }
                },
                at: row.timestamp(2)?,
                asked_at: row.timestamp(3)?,
            })
        },
    )
}

/// An action that humans allowed one agent on one target every time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlwaysAllowed {
    /// For whom.
    pub agent: AgentId,
    /// On what.
    pub target: TargetId,
    /// What.
    pub action: String,
    /// How often.
    pub approvals: u64,
    /// Who wanted them asked about: the rule's label, the last in the alphabet where there were several.
    pub rule: String,
    /// When the last of them came.
    pub last_at: Timestamp,
}

/// What humans approved at least so often in a span and never denied; the most often first, at most `limit`.
pub fn always_allowed(
    tx: &mut Tx<'_>,
    span: Span,
    at_least: u32,
    limit: u32,
) -> Result<Vec<AlwaysAllowed>> {
    let (from, until) = ids(span);
    tx.query(
        concat!(
            "SELECT agent_id, target_id, action, SUM(CASE WHEN said = 'approved' THEN 1 ELSE 0 END) AS approvals, MAX(rule), \
             MAX(created_at) FROM (SELECT r.agent_id AS agent_id, r.target_id AS target_id, r.action AS action, r.rule AS rule, \
             r.created_at AS created_at, ",
            said!(),
            " AS said",
            from_span!(),
            " WHERE r.verdict = 'ask') AS asked GROUP BY agent_id, target_id, action HAVING \
             SUM(CASE WHEN said = 'approved' THEN 1 ELSE 0 END) >= ?4 AND SUM(CASE WHEN said = 'denied' THEN 1 ELSE 0 END) = 0 \
             ORDER BY approvals DESC, action LIMIT ?5"
        ),
        &[
            (&from).into(),
            (&until).into(),
            span.most.into(),
            at_least.into(),
            limit.into(),
        ],
        |row| {
            Ok(AlwaysAllowed {
                agent: AgentId::from_bytes(row.bytes(0)?),
                target: TargetId::from_bytes(row.bytes(1)?),
                action: row.text(2)?.to_owned(),
                approvals: row.u64(3)?,
                rule: row.text(4)?.to_owned(),
                last_at: row.timestamp(5)?,
            })
        },
    )
}
