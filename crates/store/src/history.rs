//! What happened to the requests of one target, as a list of plain events, and how many there were: read from the ledger and the requests,
//! kept nowhere.
//!
//! A request that nobody was asked about has one entry, and two events: that it was made, and how it was decided.

use std::fmt::Write as _;

use countersign_domain::{
    AgentId, EntryId, RequestId, RequestState, TargetId, Timestamp, Urgency, Verdict,
};

use crate::{columns, error::Result, tx::Tx, value::Arg};

/// Which events a list shows. All that are given must fit.
#[derive(Debug, Clone, Default)]
pub struct HistoryFilter {
    /// Of requests on this target.
    pub target: Option<TargetId>,
    /// Of this request.
    pub request: Option<RequestId>,
    /// Of this agent's requests.
    pub agent: Option<AgentId>,
    /// Of requests for this action.
    pub action: Option<String>,
    /// Of requests in one of these states now.
    pub states: Vec<RequestState>,
    /// Of this kind: `created`, `approved`, `denied`, `expired`.
    pub event: Option<String>,
    /// By this actor, as it is shown.
    pub actor: Option<String>,
    /// Decided by this kind of decider.
    pub decider: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Oldest first.
    pub is_oldest_first: bool,
    /// So many are passed over.
    pub offset: u32,
    /// At most so many.
    pub limit: u32,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    /// The entry that it was read from; two events can have the same.
    pub entry: EntryId,
    /// Whether it is the first of two events of one entry.
    pub is_first_of_two: bool,
    /// Of which request.
    pub request: RequestId,
    /// When.
    pub at: Timestamp,
    /// `created`, `approved`, `denied`, `expired`.
    pub event: String,
    /// Who, as a client said it, or as the gateway knows it where none did. Unverified.
    pub actor: String,
    /// `policy`, `override`, `budget_limiter`, `human`, `escalation_fallback`; empty for what is no decision.
    pub decider: String,
    /// What was said.
    pub note: Option<String>,
    /// The request's action.
    pub action: String,
    /// Where the request stands now.
    pub state: RequestState,
    /// How soon it was wanted.
    pub urgency: Urgency,
    /// Who asked.
    pub agent: AgentId,
    /// Why the request was decided or asked about.
    pub reason: String,
}

const FROM: &str = " FROM audit_entry e JOIN request r ON r.id = e.request_id LEFT JOIN agent a ON a.id = r.agent_id \
    LEFT JOIN vote v ON v.request_id = e.request_id AND v.operator_id = e.actor_id LEFT JOIN operator o ON o.id = e.actor_id \
    WHERE e.position IS NOT NULL";

const EVENTS: &str = "SELECT e.id AS id, e.position AS position, 1 AS part, e.request_id AS request_id, e.at AS at, \
    CASE WHEN e.kind = 'action.asked' THEN 'created' WHEN e.kind = 'action.allowed' THEN 'approved' \
      WHEN e.kind = 'action.expired' THEN 'expired' \
      WHEN e.kind = 'approval.decided' AND substr(e.outcome, 1, 8) = 'approved' THEN 'approved' ELSE 'denied' END AS event, \
    CASE WHEN e.kind = 'action.asked' THEN 'api:' || COALESCE(a.name, 'unknown') \
      WHEN e.actor_kind = 'system' THEN 'system' \
      WHEN e.kind IN ('action.allowed', 'action.denied') AND substr(r.rule, 1, 9) = 'override:' THEN 'override' \
      WHEN e.kind IN ('action.allowed', 'action.denied') AND r.rule = 'budget' THEN 'budget' \
      WHEN e.kind IN ('action.allowed', 'action.denied') THEN 'policy' \
      ELSE COALESCE(v.label, o.name, a.name, 'system') END AS actor, \
    CASE WHEN e.kind IN ('action.asked', 'action.expired') THEN '' \
      WHEN e.actor_kind = 'system' THEN 'escalation_fallback' \
      WHEN e.kind IN ('action.allowed', 'action.denied') AND substr(r.rule, 1, 9) = 'override:' THEN 'override' \
      WHEN e.kind IN ('action.allowed', 'action.denied') AND r.rule = 'budget' THEN 'budget_limiter' \
      WHEN e.kind IN ('action.allowed', 'action.denied') THEN 'policy' \
      WHEN e.actor_kind = 'agent' THEN 'agent' ELSE 'human' END AS decider, \
    v.note AS note, r.action AS action, r.state AS state, r.urgency AS urgency, r.agent_id AS agent_id, r.reason AS reason, \
    r.target_id AS target_id";

const KINDS: &str = " AND e.kind IN ('action.asked', 'action.allowed', 'action.denied', 'action.expired', 'action.stale', \
    'action.revoked', 'action.cancelled', 'approval.decided')";

const FIRST_OF_TWO: &str = "SELECT e.id AS id, e.position AS position, 0 AS part, e.request_id AS request_id, e.at AS at, \
    'created' AS event, 'api:' || COALESCE(a.name, 'unknown') AS actor, '' AS decider, v.note AS note, r.action AS action, \
    r.state AS state, r.urgency AS urgency, r.agent_id AS agent_id, r.reason AS reason, r.target_id AS target_id";

const TWO: &str = " AND e.kind IN ('action.allowed', 'action.denied') AND e.actor_kind <> 'system'";

struct Statement<'a> {
    sql: String,
    args: Vec<Arg<'a>>,
}

impl<'a> Statement<'a> {
    /// With a page, no branch gives more than its end: else both would be sorted whole for each page.
    fn of(columns: &str, filter: &'a HistoryFilter, page: Option<(&str, u32)>) -> Self {
        let mut statement = Self {
            sql: format!("SELECT {columns} FROM ("),
            args: Vec::with_capacity(24),
        };
        for (select, kinds, name) in [
            (EVENTS, KINDS, "events"),
            (FIRST_OF_TWO, TWO, "first_of_two"),
        ] {
            if name != "events" {
                statement.sql.push_str(" UNION ALL ");
            }
            statement.sql.push_str("SELECT * FROM (SELECT * FROM (");
            statement.branch(select, kinds, filter);
            statement.fitting(filter);
            if let Some((order, end)) = page {
                let _infallible = write!(statement.sql, " ORDER BY position {order}");
                statement.args.push(end.into());
                let _infallible = write!(statement.sql, " LIMIT ?{}", statement.args.len());
            }
            let _infallible = write!(statement.sql, ") AS {name}");
        }
        statement.sql.push_str(") AS history");
        statement
    }

    /// What is said of the tables themselves, where there are indexes.
    fn branch(&mut self, select: &str, kinds: &str, filter: &'a HistoryFilter) {
        for part in [select, FROM, kinds] {
            self.sql.push_str(part);
        }
        if let Some(request) = &filter.request {
            self.and("e.request_id = ", request.into());
        }
        if let Some(target) = &filter.target {
            self.and("r.target_id = ", target.into());
        }
        if let Some(since) = filter.since {
            self.and("e.at >= ", since.into());
        }
        if let Some(until) = filter.until {
            self.and("e.at < ", until.into());
        }
    }

    /// What is said of the events as they are shown.
    fn fitting(&mut self, filter: &'a HistoryFilter) {
        self.sql.push_str(") AS shown WHERE 1 = 1");
        if let Some(agent) = &filter.agent {
            self.and("agent_id = ", agent.into());
        }
        let texts = [
            ("action = ", &filter.action),
            ("event = ", &filter.event),
            ("actor = ", &filter.actor),
            ("decider = ", &filter.decider),
        ];
        for (before, text) in texts {
            if let Some(text) = text {
                self.and(before, text.into());
            }
        }
        if !filter.states.is_empty() {
            // Words of an enumeration: the program's own.
            let words: Vec<_> = filter
                .states
                .iter()
                .map(|state| format!("'{state}'"))
                .collect();
            // Writing to a String never fails.
            let _infallible = write!(self.sql, " AND state IN ({})", words.join(", "));
        }
    }

    fn and(&mut self, before: &'static str, arg: Arg<'a>) {
        self.args.push(arg);
        let _infallible = write!(self.sql, " AND {before}?{}", self.args.len());
    }
}

/// The events that fit.
pub fn list(tx: &mut Tx<'_>, filter: &HistoryFilter) -> Result<Vec<HistoryEvent>> {
    let order = if filter.is_oldest_first {
        "ASC"
    } else {
        "DESC"
    };
    let mut statement = Statement::of(
        "id, part, request_id, at, event, actor, decider, note, action, state, urgency, agent_id, reason",
        filter,
        Some((order, filter.limit.saturating_add(filter.offset))),
    );
    statement.args.push(filter.limit.into());
    statement.args.push(filter.offset.into());
    let count = statement.args.len();
    let _infallible = write!(
        statement.sql,
        " ORDER BY position {order}, part {order} LIMIT ?{} OFFSET ?{count}",
        count - 1
    );
    tx.query_built(&statement.sql, &statement.args, |row| {
        Ok(HistoryEvent {
            entry: EntryId::from_bytes(row.bytes(0)?),
            is_first_of_two: row.i64(1)? == 0,
            request: RequestId::from_bytes(row.bytes(2)?),
            at: row.timestamp(3)?,
            event: row.text(4)?.to_owned(),
            actor: row.text(5)?.to_owned(),
            decider: row.text(6)?.to_owned(),
            note: row.optional_text(7)?.map(str::to_owned),
            action: row.text(8)?.to_owned(),
            state: columns::parsed(row, 9, "a state")?,
            urgency: columns::parsed(row, 10, "an urgency")?,
            agent: AgentId::from_bytes(row.bytes(11)?),
            reason: row.text(12)?.to_owned(),
        })
    })
}

/// How many fit, wherever a page begins.
pub fn count(tx: &mut Tx<'_>, filter: &HistoryFilter) -> Result<u64> {
    let statement = Statement::of("COUNT(*)", filter, None);
    let counted = tx.query_built(&statement.sql, &statement.args, |row| row.u64(0))?;
    Ok(counted.first().copied().unwrap_or_default())
}

/// The different actors of what fits, in alphabetical order; at most `limit`.
pub fn actors(tx: &mut Tx<'_>, filter: &HistoryFilter) -> Result<Vec<String>> {
    let mut statement = Statement::of("DISTINCT actor", filter, None);
    statement.args.push(filter.limit.into());
    let _infallible = write!(
        statement.sql,
        " ORDER BY actor LIMIT ?{}",
        statement.args.len()
    );
    tx.query_built(&statement.sql, &statement.args, |row| {
        row.text(0).map(str::to_owned)
    })
}

/// The different actions that were asked for on a target, in alphabetical order; at most `limit`.
pub fn actions(tx: &mut Tx<'_>, target: TargetId, limit: u32) -> Result<Vec<String>> {
    tx.query(
        "SELECT DISTINCT action FROM request WHERE target_id = ?1 ORDER BY action LIMIT ?2",
        &[(&target).into(), limit.into()],
        |row| row.text(0).map(str::to_owned),
    )
}

/// How many requests of one kind there were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestCount {
    /// The beginning of the time in which they came; 0 where time was not asked for.
    pub bucket: i64,
    /// Where they stand.
    pub state: RequestState,
    /// What was decided when they came.
    pub verdict: Verdict,
    /// How many.
    pub count: u64,
    /// How long they took together until they came to where they stand, in microseconds.
    pub waited_micros: i64,
}

/// Counts requests on a target that came in a time, by state, verdict and, where `bucket_micros` is not 0, spans of time.
pub fn counts(
    tx: &mut Tx<'_>,
    target: TargetId,
    since: Timestamp,
    until: Timestamp,
    bucket_micros: i64,
) -> Result<Vec<RequestCount>> {
    let bucket_micros = if bucket_micros <= 0 {
        i64::MAX
    } else {
        bucket_micros
    };
    tx.query(
        "SELECT bucket, state, verdict, COUNT(*), CAST(SUM(waited) AS BIGINT) FROM \
         (SELECT (created_at / ?4) * ?4 AS bucket, state, verdict, changed_at - created_at AS waited FROM request \
          WHERE target_id = ?1 AND created_at >= ?2 AND created_at < ?3) AS counted GROUP BY bucket, state, verdict ORDER BY bucket",
        &[
            (&target).into(),
            since.into(),
            until.into(),
            bucket_micros.into(),
        ],
        |row| {
            Ok(RequestCount {
                bucket: row.i64(0)?,
                state: columns::parsed(row, 1, "a state")?,
                verdict: columns::parsed(row, 2, "a verdict")?,
                count: row.u64(3)?,
                waited_micros: row.i64(4)?,
            })
        },
    )
}

/// An action that humans approved for one agent every time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlwaysApproved {
    /// For whom.
    pub agent: AgentId,
    /// What.
    pub action: String,
    /// How often.
    pub approvals: u64,
    /// The last time.
    pub last_at: Timestamp,
}

/// What humans approved at least so often since a point in time and never denied; the most often first, at most `limit`.
pub fn always_approved(
    tx: &mut Tx<'_>,
    target: TargetId,
    since: Timestamp,
    at_least: u32,
    limit: u32,
) -> Result<Vec<AlwaysApproved>> {
    tx.query(
        "SELECT agent_id, action, COUNT(*) AS approvals, MAX(changed_at) FROM request \
         WHERE target_id = ?1 AND created_at >= ?2 AND verdict = 'ask' AND state IN ('approved', 'denied') GROUP BY agent_id, action \
         HAVING COUNT(*) >= ?3 AND MIN(CASE WHEN state = 'denied' THEN 0 ELSE 1 END) = 1 ORDER BY approvals DESC, action LIMIT ?4",
        &[
            (&target).into(),
            since.into(),
            at_least.into(),
            limit.into(),
        ],
        |row| {
            Ok(AlwaysApproved {
                agent: AgentId::from_bytes(row.bytes(0)?),
                action: row.text(1)?.to_owned(),
                approvals: row.u64(2)?,
                last_at: row.timestamp(3)?,
            })
        },
    )
}

#[cfg(test)]
mod tests;
