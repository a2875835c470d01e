//! Requests: what agents asked for, and where each stands.

use countersign_domain::{
    Actor, AgentId, AskTerms, Digest, DurabilityClass, Effect, EntryId, ExecutorKind, InstanceId,
    KeyId, ProfileId, Request, RequestId, RequestState, RiskScore, TargetId, Timestamp, Urgency,
    Verdict,
};

use crate::{
    columns,
    error::{Result, StoreError},
    tx::Tx,
    value::Row,
};

/// A request with what only the gate needs of it.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestRow {
    /// What lists show.
    pub request: Request,
    /// The entry whose evidence holds the payload and the facts.
    pub evidence_entry: EntryId,
    /// How many operators have to say yes.
    pub quorum: u32,
    /// Under which terms they were asked.
    pub terms: AskTerms,
}

/// What a transition changes besides the state.
#[derive(Debug, Clone, Default)]
pub struct Transition {
    /// When.
    pub at: Timestamp,
    /// The new deadline; `None` where the new state has none.
    pub deadline: Option<Timestamp>,
    /// The instance that carries it out from now on.
    pub instance: Option<InstanceId>,
    /// How it ended.
    pub outcome: Option<String>,
}

macro_rules! columns {
    () => {
        "id, agent_id, asked_by_kind, asked_by_id, key_id, target_id, profile_id, action, effect, durability, executor, urgency, state, \
         verdict, rule, reason, policy_version, risk_millionths, payload_hash, context_hash, evidence_entry, quorum, created_at, deadline, \
         changed_at, instance_id, outcome, terms"
    };
}

/// The very words of the index `request_live`: SQLite uses a partial index only where the query says its condition again.
macro_rules! live {
    () => {
        "state IN ('pending', 'approved', 'executing')"
    };
}

mod list;

pub use list::{RequestOrder, RequestQuery, count, failures_since, list, pending_by_urgency};

/// Writes a new request.
pub fn insert(tx: &mut Tx<'_>, row: &RequestRow) -> Result<()> {
    let request = &row.request;
    let asked_by = request.asked_by.uuid();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a score lies between 0 and 1"
    )]
    let risk = (request.risk.get() * 1e6).round() as i64;
    // Most requests ask nobody: they write no terms.
    let terms = (!row.terms.is_empty())
        .then(|| columns::to_json(&row.terms, "terms"))
        .transpose()?;
    tx.execute(
        concat!(
            "INSERT INTO request (",
            columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, \
             ?25, ?26, ?27, ?28)"
        ),
        &[
            (&request.id).into(),
            (&request.agent).into(),
            request.asked_by.kind().into(),
            asked_by.as_ref().into(),
            request.key.as_ref().into(),
            (&request.target).into(),
            (&request.profile).into(),
            (&request.action).into(),
            request.effect.as_str().into(),
            request.durability.as_str().into(),
            executor_word(request.executor).into(),
            request.urgency.as_str().into(),
            request.state.as_str().into(),
            request.verdict.as_str().into(),
            (&request.rule).into(),
            (&request.reason).into(),
            request.policy_version.into(),
            risk.into(),
            (&request.payload_hash.0).into(),
            (&request.context_hash.0).into(),
            (&row.evidence_entry).into(),
            row.quorum.into(),
            request.created_at.into(),
            request.deadline.into(),
            request.changed_at.into(),
            request.instance.as_ref().into(),
            request.outcome.as_ref().into(),
            terms.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// One request.
pub fn find(tx: &mut Tx<'_>, id: RequestId) -> Result<Option<RequestRow>> {
    tx.query_optional(
        concat!("SELECT ", columns!(), " FROM request WHERE id = ?1"),
        &[(&id).into()],
        read,
    )
}

/// Moves a request, if it still stands where the caller believes: the compare-and-set that lets exactly one win.
pub fn transition(
    tx: &mut Tx<'_>,
    id: RequestId,
    from: RequestState,
    to: RequestState,
    change: &Transition,
) -> Result<bool> {
    tx.execute_one(
        "UPDATE request SET state = ?3, changed_at = ?4, deadline = ?5, instance_id = ?6, outcome = ?7 WHERE id = ?1 AND state = ?2",
        &[
            (&id).into(),
            from.as_str().into(),
            to.as_str().into(),
            change.at.into(),
            change.deadline.into(),
            change.instance.as_ref().into(),
            change.outcome.as_ref().into(),
        ],
    )
}

/// Requests that the gate would carry out and whose deadline has passed.
pub fn overdue(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<Vec<RequestRow>> {
    tx.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM request WHERE ",
            live!(),
            " AND state IN ('pending', 'approved') AND deadline <= ?1 AND (state = 'pending' OR executor = 'gate') LIMIT ?2"
        ),
        &[now.into(), limit.into()],
        read,
    )
}

/// Requests that wait for a human or for their execution: what a kill switch sweeps. After `after`, oldest first.
pub fn waiting(tx: &mut Tx<'_>, after: Option<RequestId>, limit: u32) -> Result<Vec<RequestRow>> {
    let after = after.unwrap_or(RequestId::from_bytes([0; 16]));
    tx.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM request WHERE ",
            live!(),
            " AND state IN ('pending', 'approved') AND (state = 'pending' OR executor = 'gate') AND id > ?1 ORDER BY id LIMIT ?2"
        ),
        &[(&after).into(), limit.into()],
        read,
    )
}

/// Requests that an instance carries out since before a point in time: those of them that it knows nothing of any more are lost.
pub fn executing_since(
    tx: &mut Tx<'_>,
    instance: InstanceId,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<RequestRow>> {
    tx.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM request WHERE ",
            live!(),
            " AND state = 'executing' AND instance_id = ?1 AND changed_at < ?2 ORDER BY id LIMIT ?3"
        ),
        &[(&instance).into(), before.into(), limit.into()],
        read,
    )
}

/// How many requests of an agent wait for a human, counted to `most` at the most.
pub fn count_pending_of(tx: &mut Tx<'_>, agent: AgentId, most: u32) -> Result<u32> {
    tx.query_one(
        "SELECT COUNT(*) FROM (SELECT 1 FROM request WHERE state = 'pending' AND agent_id = ?1 LIMIT ?2) AS pending",
        &[(&agent).into(), most.into()],
        |row| row.u32(0),
    )
}

/// Requests that were being carried out by another instance whose lease has ended, or that no longer exists. An instance never
/// disowns itself, however late its own sign of life is.
pub fn orphaned(
    tx: &mut Tx<'_>,
    own: InstanceId,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<RequestRow>> {
    tx.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM request WHERE ",
            live!(),
            " AND state = 'executing' AND NOT EXISTS (SELECT 1 FROM instance WHERE instance.id = request.instance_id AND \
             instance.lease_until > ?1) AND (instance_id IS NULL OR instance_id <> ?3) LIMIT ?2"
        ),
        &[now.into(), limit.into(), (&own).into()],
        read,
    )
}

/// How many requests stand in each state that still moves.
pub fn count_live(tx: &mut Tx<'_>) -> Result<Vec<(RequestState, u64)>> {
    tx.query(
        "SELECT state, COUNT(*) FROM request WHERE state IN ('pending', 'approved', 'executing') GROUP BY state",
        &[],
        |row| Ok((word(row, 0, "a state")?, row.u64(1)?)),
    )
}

const fn executor_word(kind: ExecutorKind) -> &'static str {
    match kind {
        ExecutorKind::Gate => "gate",
        ExecutorKind::Caller => "caller",
    }
}

fn word<T: std::str::FromStr>(row: Row<'_>, index: usize, expected: &'static str) -> Result<T> {
    row.text(index)?
        .parse()
        .map_err(|_| StoreError::Column { index, expected })
}

fn read(row: Row<'_>) -> Result<RequestRow> {
    let asked_by =
        Actor::from_parts(row.text(2)?, row.optional_uuid(3)?).ok_or(StoreError::Column {
            index: 2,
            expected: "an actor",
        })?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "millionths of a score between 0 and 1"
    )]
    let risk = RiskScore::new(row.i64(17)? as f64 / 1e6);
    Ok(RequestRow {
        request: Request {
            id: RequestId::from_bytes(row.bytes(0)?),
            agent: AgentId::from_bytes(row.bytes(1)?),
            asked_by,
            key: row.optional_bytes(4)?.map(KeyId::from_bytes),
            target: TargetId::from_bytes(row.bytes(5)?),
            profile: ProfileId::from_bytes(row.bytes(6)?),
            action: row.text(7)?.to_owned(),
            effect: word::<Effect>(row, 8, "an effect")?,
            durability: word::<DurabilityClass>(row, 9, "a durability class")?,
            executor: if row.text(10)? == "caller" {
                ExecutorKind::Caller
            } else {
                ExecutorKind::Gate
            },
            urgency: word::<Urgency>(row, 11, "an urgency")?,
            state: word(row, 12, "a state")?,
            verdict: word::<Verdict>(row, 13, "a verdict")?,
            rule: row.text(14)?.to_owned(),
            reason: row.text(15)?.to_owned(),
            policy_version: row.u64(16)?,
            risk,
            payload_hash: Digest(row.bytes(18)?),
            context_hash: Digest(row.bytes(19)?),
            created_at: row.timestamp(22)?,
            deadline: row.optional_timestamp(23)?,
            changed_at: row.timestamp(24)?,
            instance: row.optional_bytes(25)?.map(InstanceId::from_bytes),
            outcome: row.optional_text(26)?.map(str::to_owned),
        },
        evidence_entry: EntryId::from_bytes(row.bytes(20)?),
        quorum: row.u32(21)?,
        terms: columns::optional_json(row, 27, "an ask's terms")?.unwrap_or_default(),
    })
}
