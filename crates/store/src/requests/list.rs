//! Lists of requests: filters that combine, pages that stay where they are while new requests arrive.
//!
//! A page begins behind a request, never at a number of rows, so that nothing is shown twice or left out. Where a filter names words
//! that are rare by nature (a state, a verdict, an effect, an urgency), each is read along its own partial index and the results are
//! merged: a single condition over several words would make the engine sort everything that fits.

use std::fmt::Write as _;

use countersign_domain::{
    AgentId, Effect, RequestId, RequestState, TargetId, Timestamp, Urgency, Verdict,
};

use super::{RequestRow, read, word};
use crate::{
    error::{Result, StoreError},
    search::{self, Words},
    tx::{Engine, Tx},
    value::Arg,
};

/// How a list goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RequestOrder {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
    /// The most urgent first, of those the oldest.
    Urgency,
}

/// Which requests a list shows. Everything that is given must hold; of a list of words one.
#[derive(Debug, Clone, Default)]
pub struct RequestQuery {
    /// This one.
    pub id: Option<RequestId>,
    /// In one of these states.
    pub states: Vec<RequestState>,
    /// With one of these verdicts.
    pub verdicts: Vec<Verdict>,
    /// With one of these effects.
    pub effects: Vec<Effect>,
    /// With one of these urgencies.
    pub urgencies: Vec<Urgency>,
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// On this target.
    pub target: Option<TargetId>,
    /// On one of these targets; none is no condition.
    pub targets: Vec<TargetId>,
    /// The action's name as a pattern of `LIKE` with `\` before what stands for itself; upper and lower case are the same.
    pub action_like: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// With these words. What came in the last second may not be found yet.
    pub words: Option<Words>,
    /// The order.
    pub order: RequestOrder,
    /// Behind this one, in that order.
    pub after: Option<RequestId>,
    /// At most this many.
    pub limit: u32,
}

/// The most urgent first.
const URGENCIES: [Urgency; 4] = [
    Urgency::Critical,
    Urgency::High,
    Urgency::Normal,
    Urgency::Low,
];

/// A request's id is made a little after or before its time is taken: a range of ids is looked at that is wider by this.
const ID_SLACK: std::time::Duration = std::time::Duration::from_mins(10);

/// One reading of the table: conditions on single words in their own text, so that both engines see that a partial index fits.
#[derive(Debug, Clone, Default)]
struct Branch {
    state: Option<RequestState>,
    verdict: Option<Verdict>,
    effect: Option<Effect>,
    urgency: Option<Urgency>,
}

impl RequestQuery {
    /// The readings that together give the list. One column is split, the one that narrows most.
    fn branches(&self) -> Vec<Branch> {
        if !self.states.is_empty() {
            let mut states = self.states.clone();
            states.sort_unstable_by_key(|state| state.as_str());
            states.dedup();
            return states
                .into_iter()
                .map(|state| Branch {
                    state: Some(state),
                    ..Branch::default()
                })
                .collect();
        }
        if !self.verdicts.is_empty() && !self.verdicts.contains(&Verdict::Allow) {
            let mut verdicts = self.verdicts.clone();
            verdicts.sort_unstable();
            verdicts.dedup();
            return verdicts
                .into_iter()
                .map(|verdict| Branch {
                    verdict: Some(verdict),
                    ..Branch::default()
                })
                .collect();
        }
        if !self.effects.is_empty() && !self.effects.contains(&Effect::Read) {
            let mut effects = self.effects.clone();
            effects.sort_unstable_by_key(|effect| effect.as_str());
            effects.dedup();
            return effects
                .into_iter()
                .map(|effect| Branch {
                    effect: Some(effect),
                    ..Branch::default()
                })
                .collect();
        }
        if !self.urgencies.is_empty() && !self.urgencies.contains(&Urgency::Normal) {
            return self
                .ordered_urgencies()
                .map(|urgency| Branch {
                    urgency: Some(urgency),
                    ..Branch::default()
                })
                .collect();
        }
        vec![Branch::default()]
    }

    fn ordered_urgencies(&self) -> impl Iterator<Item = Urgency> {
        URGENCIES
            .into_iter()
            .filter(|urgency| self.urgencies.is_empty() || self.urgencies.contains(urgency))
    }
}

/// A statement under construction: fixed texts, numbered parameters.
struct Statement<'a> {
    sql: String,
    args: Vec<Arg<'a>>,
}

impl<'a> Statement<'a> {
    fn push(&mut self, before: &str, arg: Arg<'a>, after: &str) {
        self.args.push(arg);
        // Writing to a String never fails.
        let _infallible = write!(self.sql, "{before}?{}{after}", self.args.len());
    }

    /// Words of an enumeration stand in the text itself: they are the program's own.
    fn one_of(&mut self, column: &str, words: &mut dyn Iterator<Item = &'static str>) {
        let mut is_first = true;
        for word in words {
            let before = if is_first {
                format!(" AND {column} IN (")
            } else {
                ", ".to_owned()
            };
            let _infallible = write!(self.sql, "{before}'{word}'");
            is_first = false;
        }
        if !is_first {
            self.sql.push(')');
        }
    }

    /// The conditions on words: what a branch names stands there with the condition of its partial index.
    fn words(&mut self, query: &RequestQuery, branch: &Branch) {
        if let Some(state) = branch.state {
            self.exactly("state", state.as_str(), "succeeded");
        }
        match branch.verdict {
            Some(verdict) => self.exactly("verdict", verdict.as_str(), "allow"),
            None => self.one_of(
                "verdict",
                &mut query.verdicts.iter().map(|verdict| verdict.as_str()),
            ),
        }
        match branch.effect {
            Some(effect) => self.exactly("effect", effect.as_str(), "read"),
            None => self.one_of(
                "effect",
                &mut query.effects.iter().map(|effect| effect.as_str()),
            ),
        }
        match branch.urgency {
            Some(urgency) => self.exactly("urgency", urgency.as_str(), "normal"),
            None => self.one_of(
                "urgency",
                &mut query.urgencies.iter().map(|urgency| urgency.as_str()),
            ),
        }
    }

    fn exactly(&mut self, column: &str, word: &'static str, unindexed: &'static str) {
        let _infallible = write!(self.sql, " AND {column} = '{word}'");
        if word != unindexed {
            let _infallible = write!(self.sql, " AND {column} <> '{unindexed}'");
        }
    }
}

/// Parameters that a statement borrows from.
struct Bound {
    matching: Option<String>,
    since_id: Option<RequestId>,
    until_id: Option<RequestId>,
}

impl Bound {
    fn of(engine: Engine, query: &RequestQuery) -> Self {
        Self {
            matching: query.words.as_ref().map(|words| match engine {
                Engine::Sqlite => search::fts5_query(words, query),
                Engine::Postgres => search::tsquery(words, query),
            }),
            since_id: query
                .since
                .map(|since| RequestId::earliest_at(since.saturating_sub(ID_SLACK))),
            until_id: query
                .until
                .map(|until| RequestId::earliest_at(until.saturating_add(ID_SLACK))),
        }
    }
}

fn statement<'a>(
    engine: Engine,
    query: &'a RequestQuery,
    branch: &Branch,
    bound: &'a Bound,
    is_ascending: bool,
    after: Option<&'a RequestId>,
) -> Statement<'a> {
    let mut list = Statement {
        sql: String::with_capacity(1_024),
        args: Vec::with_capacity(12),
    };
    match (&bound.matching, engine) {
        (None, _) => list.sql.push_str(" FROM request WHERE 1 = 1"),
        (Some(matching), Engine::Sqlite) => list.push(
            " FROM request_words CROSS JOIN request_text ON request_text.place = request_words.rowid CROSS JOIN request ON \
             request.id = request_text.request_id WHERE request_words.request_words MATCH ",
            matching.into(),
            "",
        ),
        (Some(matching), Engine::Postgres) => list.push(
            " FROM request_text JOIN request ON request.id = request_text.request_id WHERE words @@ CAST(CAST(",
            matching.into(),
            " AS TEXT) AS tsquery)",
        ),
    }
    list.words(query, branch);
    if let Some(id) = &query.id {
        list.push(" AND request.id = ", id.into(), "");
    }
    if let Some(agent) = &query.agent {
        list.push(" AND agent_id = ", agent.into(), "");
    }
    if let Some(target) = &query.target {
        list.push(" AND target_id = ", target.into(), "");
    }
    for (index, target) in query.targets.iter().enumerate() {
        let before = if index == 0 {
            " AND target_id IN ("
        } else {
            ", "
        };
        list.push(before, target.into(), "");
    }
    if !query.targets.is_empty() {
        list.sql.push(')');
    }
    if let Some(pattern) = &query.action_like {
        let like = match engine {
            Engine::Sqlite => " AND action LIKE ",
            Engine::Postgres => " AND action ILIKE ",
        };
        list.push(like, pattern.into(), " ESCAPE '\\'");
    }
    let place = bound.matching.as_ref().map(|_| place_column(engine));
    if let (Some(since), Some(id)) = (query.since, &bound.since_id) {
        match place {
            Some(place) => list.push(
                &format!(" AND {place} >= "),
                search::place_of(*id).into(),
                "",
            ),
            None => list.push(" AND request.id >= ", id.into(), ""),
        }
        list.push(" AND created_at >= ", since.into(), "");
    }
    if let (Some(until), Some(id)) = (query.until, &bound.until_id) {
        match place {
            Some(place) => list.push(
                &format!(" AND {place} < "),
                search::place_of(*id).into(),
                "",
            ),
            None => list.push(" AND request.id < ", id.into(), ""),
        }
        list.push(" AND created_at < ", until.into(), "");
    }
    if let Some(after) = after {
        let comparison = if is_ascending { ">" } else { "<" };
        match place {
            Some(place) => list.push(
                &format!(
                    " AND {place} {comparison} (SELECT place FROM request_text WHERE request_id = "
                ),
                after.into(),
                ")",
            ),
            None => list.push(&format!(" AND request.id {comparison} "), after.into(), ""),
        }
    }
    list
}

/// The column that a search is in the order of.
const fn place_column(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "request_words.rowid",
        Engine::Postgres => "request_text.place",
    }
}

fn read_branch(
    tx: &mut Tx<'_>,
    query: &RequestQuery,
    branch: &Branch,
    is_ascending: bool,
    after: Option<&RequestId>,
    limit: u32,
) -> Result<Vec<RequestRow>> {
    let engine = tx.engine();
    let bound = Bound::of(engine, query);
    let Statement { sql, mut args } = statement(engine, query, branch, &bound, is_ascending, after);
    let by = match &bound.matching {
        None => "request.id",
        Some(_) => place_column(engine),
    };
    let direction = if is_ascending { "ASC" } else { "DESC" };
    args.push(limit.into());
    let sql = format!(
        concat!("SELECT ", columns!(), "{} ORDER BY {} {} LIMIT ?{}"),
        sql,
        by,
        direction,
        args.len()
    );
    tx.query_built(&sql, &args, read)
}

/// Requests in the order of the query.
pub fn list(tx: &mut Tx<'_>, query: &RequestQuery) -> Result<Vec<RequestRow>> {
    if query.order == RequestOrder::Urgency {
        return by_urgency(tx, query);
    }
    let is_ascending = query.order == RequestOrder::Oldest;
    let mut rows = Vec::new();
    let branches = query.branches();
    for branch in &branches {
        rows.extend(read_branch(
            tx,
            query,
            branch,
            is_ascending,
            query.after.as_ref(),
            query.limit,
        )?);
    }
    if branches.len() > 1 {
        rows.sort_unstable_by(|left, right| {
            let order = left.request.id.cmp(&right.request.id);
            if is_ascending { order } else { order.reverse() }
        });
        rows.truncate(query.limit as usize);
    }
    Ok(rows)
}

/// One urgency behind the other: each along its own part of the index.
fn by_urgency(tx: &mut Tx<'_>, query: &RequestQuery) -> Result<Vec<RequestRow>> {
    let begin = match query.after {
        None => None,
        Some(after) => Some((
            after,
            super::find(tx, after)?.map_or(Urgency::Low, |row| row.request.urgency),
        )),
    };
    let mut rows: Vec<RequestRow> = Vec::new();
    for urgency in query.ordered_urgencies() {
        // For a search the urgency is a tag like any other.
        let query = &RequestQuery {
            urgencies: vec![urgency],
            ..query.clone()
        };
        let after = match &begin {
            Some((_, reached)) if urgency > *reached => continue,
            Some((after, reached)) if urgency == *reached => Some(after),
            _ => None,
        };
        let mut found = Vec::new();
        let states: Vec<Option<RequestState>> = if query.states.is_empty() {
            vec![None]
        } else {
            query.states.iter().copied().map(Some).collect()
        };
        for state in states {
            let branch = Branch {
                state,
                urgency: Some(urgency),
                ..Branch::default()
            };
            let missing = query
                .limit
                .saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            found.extend(read_branch(tx, query, &branch, true, after, missing)?);
        }
        found.sort_unstable_by_key(|row| row.request.id);
        rows.extend(found);
        rows.truncate(query.limit as usize);
        if rows.len() >= query.limit as usize {
            break;
        }
    }
    Ok(rows)
}

/// How many requests fit, wherever a page begins; counting stops at `limit`.
pub fn count(tx: &mut Tx<'_>, query: &RequestQuery, limit: u32) -> Result<u64> {
    let engine = tx.engine();
    let bound = Bound::of(engine, query);
    let mut total = 0;
    for branch in query.branches() {
        let Statement { sql, mut args } = statement(engine, query, &branch, &bound, false, None);
        args.push(limit.into());
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1{sql} LIMIT ?{}) AS counted",
            args.len()
        );
        let counted = tx.query_built(&sql, &args, |row| row.u64(0))?;
        total += counted.first().copied().unwrap_or_default();
    }
    Ok(total.min(u64::from(limit)))
}

/// How many requests wait for a human with each urgency, and since when the oldest does; the most urgent first.
pub fn pending_by_urgency(tx: &mut Tx<'_>) -> Result<Vec<(Urgency, u64, Option<Timestamp>)>> {
    let counts = tx.query(
        "SELECT urgency, COUNT(*) FROM request WHERE state = 'pending' GROUP BY urgency",
        &[],
        |row| Ok((word::<Urgency>(row, 0, "an urgency")?, row.u64(1)?)),
    )?;
    let mut pending = Vec::with_capacity(URGENCIES.len());
    for urgency in URGENCIES {
        let count = counts
            .iter()
            .find(|(counted, _)| *counted == urgency)
            .map_or(0, |(_, count)| *count);
        let oldest = tx.query_optional(
            "SELECT created_at FROM request WHERE state = 'pending' AND urgency = ?1 ORDER BY id LIMIT 1",
            &[urgency.as_str().into()],
            |row| row.timestamp(0),
        )?;
        pending.push((urgency, count, oldest));
    }
    Ok(pending)
}

/// How many executions on each target failed or have an unknown outcome, of the newest `limit` requests since a point in time, and
/// when the last of them ended; the most first.
pub fn failures_since(
    tx: &mut Tx<'_>,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<(TargetId, RequestState, u64, Timestamp)>> {
    let from = RequestId::earliest_at(since);
    let mut failures = Vec::new();
    for state in [RequestState::Failed, RequestState::Unknown] {
        let sql = match state {
            RequestState::Failed => {
                "SELECT target_id, COUNT(*), MAX(changed_at) FROM (SELECT target_id, changed_at FROM request WHERE state = 'failed' AND \
                 state <> 'succeeded' AND id >= ?1 ORDER BY id DESC LIMIT ?2) AS failed GROUP BY target_id"
            }
            _ => {
                "SELECT target_id, COUNT(*), MAX(changed_at) FROM (SELECT target_id, changed_at FROM request WHERE state = 'unknown' AND \
                 state <> 'succeeded' AND id >= ?1 ORDER BY id DESC LIMIT ?2) AS failed GROUP BY target_id"
            }
        };
        failures.extend(tx.query(sql, &[(&from).into(), limit.into()], |row| {
            Ok::<_, StoreError>((
                TargetId::from_bytes(row.bytes(0)?),
                state,
                row.u64(1)?,
                row.timestamp(2)?,
            ))
        })?);
    }
    failures.sort_by(|left, right| right.2.cmp(&left.2).then(right.3.cmp(&left.3)));
    Ok(failures)
}
