//! The outbox: what leaves the process because something happened.
//!
//! A row is written in the transaction of what it tells of, under an id that never changes: a gateway that dies between the two, or
//! between sending and noting it, sends it again under the same id. Whoever takes a row holds a lease on it; a lease that has ended is
//! anybody's. The rows are the log of deliveries, too, until they are swept.

use countersign_domain::{
    DeliveryId, DeliveryState, InstanceId, RequestId, Timestamp, WebhookEvent,
};
use uuid::Uuid;

use crate::{columns, error::Result, tx::Tx, value::Row};

/// The channel of webhooks.
pub const WEBHOOK: &str = "webhook";

/// One notice to one receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    /// Its id, the same in every attempt.
    pub id: DeliveryId,
    /// Through what.
    pub channel: String,
    /// To whom, in the channel's own terms.
    pub receiver: Uuid,
    /// Of what.
    pub event: WebhookEvent,
    /// About which request.
    pub request: Option<RequestId>,
    /// How things stood, as JSON.
    pub facts: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// When it was last tried.
    pub attempted_at: Option<Timestamp>,
    /// What the receiver answered last.
    pub response_code: Option<u32>,
    /// The beginning of the answer's body, or why there was none.
    pub response_text: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// Where the delivery stands now.
    pub state: DeliveryState,
    /// When it is tried next; of no meaning unless it is pending.
    pub due_at: Timestamp,
    /// What the receiver answered.
    pub response_code: Option<u32>,
    /// The beginning of the answer's body, or why there was none.
    pub response_text: String,
}

macro_rules! columns {
    () => {
        "id, channel, receiver_id, event, request_id, facts, state, attempts, created_at, due_at, attempted_at, response_code, \
         response_text"
    };
}

fn read(row: Row<'_>) -> Result<OutboxRow> {
    Ok(OutboxRow {
        id: DeliveryId::from_bytes(row.bytes(0)?),
        channel: row.text(1)?.to_owned(),
        receiver: row.uuid(2)?,
        event: columns::parsed(row, 3, "an event")?,
        request: row.optional_bytes(4)?.map(RequestId::from_bytes),
        facts: row.text(5)?.to_owned(),
        state: columns::parsed(row, 6, "a delivery's state")?,
        attempts: row.u32(7)?,
        created_at: row.timestamp(8)?,
        due_at: row.timestamp(9)?,
        attempted_at: row.optional_timestamp(10)?,
        response_code: row
            .optional_u64(11)?
            .map(|code| u32::try_from(code).unwrap_or(u32::MAX)),
        response_text: row.optional_text(12)?.map(str::to_owned),
    })
}

/// Writes a notice, in the transaction of what it tells of.
pub fn enqueue(tx: &mut Tx<'_>, row: &OutboxRow) -> Result<()> {
    tx.execute(
        concat!(
            "INSERT INTO outbox (",
            columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        ),
        &[
            (&row.id).into(),
            (&row.channel).into(),
            (&row.receiver).into(),
            row.event.as_str().into(),
            row.request.as_ref().into(),
            (&row.facts).into(),
            row.state.as_str().into(),
            row.attempts.into(),
            row.created_at.into(),
            row.due_at.into(),
            row.attempted_at.into(),
            row.response_code.into(),
            row.response_text.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// Whether anything is due for a receiver that nobody sends.
pub fn has_due(tx: &mut Tx<'_>, receiver: &Uuid, now: Timestamp) -> Result<bool> {
    Ok(tx
        .query_optional(
            "SELECT id FROM outbox WHERE state = 'pending' AND receiver_id = ?1 AND due_at <= ?2 AND (lease_until IS NULL OR \
             lease_until <= ?2) LIMIT 1",
            &[receiver.into(), now.into()],
            |_| Ok(()),
        )?
        .is_some())
}

/// Takes a lease on what is due for a receiver, oldest first. No two instances get the same row while its lease lasts.
pub fn take_due(
    tx: &mut Tx<'_>,
    receiver: &Uuid,
    by: InstanceId,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<OutboxRow>> {
    let sql = tx.dialect(
        concat!(
            "UPDATE outbox SET leased_by = ?3, lease_until = ?4 WHERE id IN (SELECT id FROM outbox WHERE state = 'pending' AND \
             receiver_id = ?1 AND due_at <= ?2 AND (lease_until IS NULL OR lease_until <= ?2) ORDER BY due_at, id LIMIT ?5) RETURNING ",
            columns!()
        ),
        concat!(
            "UPDATE outbox SET leased_by = ?3, lease_until = ?4 WHERE id IN (SELECT id FROM outbox WHERE state = 'pending' AND \
             receiver_id = ?1 AND due_at <= ?2 AND (lease_until IS NULL OR lease_until <= ?2) ORDER BY due_at, id LIMIT ?5 \
             FOR UPDATE SKIP LOCKED) RETURNING ",
            columns!()
        ),
    );
    let mut rows = tx.query(
        sql,
        &[
            receiver.into(),
            now.into(),
            (&by).into(),
            until.into(),
            limit.into(),
        ],
        read,
    )?;
    rows.sort_unstable_by_key(|row| (row.due_at, row.id));
    Ok(rows)
}

/// Takes a lease on one row, if it is pending and nobody has one.
pub fn take(
    tx: &mut Tx<'_>,
    id: DeliveryId,
    by: InstanceId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool> {
    tx.execute_one(
        "UPDATE outbox SET leased_by = ?2, lease_until = ?4 WHERE id = ?1 AND state = 'pending' AND (lease_until IS NULL OR \
         lease_until <= ?3)",
        &[(&id).into(), (&by).into(), now.into(), until.into()],
    )
}

/// Notes how an attempt ended and gives the lease up. False if another instance has taken the row over: then its attempt counts.
pub fn finish(tx: &mut Tx<'_>, id: DeliveryId, by: InstanceId, attempt: &Attempt) -> Result<bool> {
    tx.execute_one(
        "UPDATE outbox SET state = ?3, attempts = attempts + 1, due_at = ?4, attempted_at = ?5, response_code = ?6, \
         response_text = ?7, leased_by = NULL, lease_until = NULL WHERE id = ?1 AND leased_by = ?2 AND state = 'pending'",
        &[
            (&id).into(),
            (&by).into(),
            attempt.state.as_str().into(),
            attempt.due_at.into(),
            attempt.at.into(),
            attempt.response_code.into(),
            (&attempt.response_text).into(),
        ],
    )
}

/// Gives up every lease of an instance that ends, or, on SQLite, of all that ended before this one.
pub fn release(tx: &mut Tx<'_>, of: Option<InstanceId>) -> Result<u64> {
    match of {
        Some(instance) => tx.execute(
            "UPDATE outbox SET leased_by = NULL, lease_until = NULL WHERE state = 'pending' AND leased_by = ?1",
            &[(&instance).into()],
        ),
        None => tx.execute(
            "UPDATE outbox SET leased_by = NULL, lease_until = NULL WHERE state = 'pending' AND leased_by IS NOT NULL",
            &[],
        ),
    }
}

/// Sends a given-up delivery again, with all its attempts before it, under its id. False if it is not given up.
pub fn replay(tx: &mut Tx<'_>, id: DeliveryId, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE outbox SET state = 'pending', attempts = 0, due_at = ?2, leased_by = NULL, lease_until = NULL WHERE id = ?1 AND \
         state = 'failed'",
        &[(&id).into(), now.into()],
    )
}

/// One row.
pub fn find(tx: &mut Tx<'_>, id: DeliveryId) -> Result<Option<OutboxRow>> {
    tx.query_optional(
        concat!("SELECT ", columns!(), " FROM outbox WHERE id = ?1"),
        &[(&id).into()],
        read,
    )
}

/// A receiver's deliveries, newest first, before one of them.
pub fn page(
    tx: &mut Tx<'_>,
    receiver: &Uuid,
    state: Option<DeliveryState>,
    before: Option<DeliveryId>,
    limit: u32,
) -> Result<Vec<OutboxRow>> {
    let before = before.unwrap_or(DeliveryId::from_bytes([0xff; 16]));
    let state = state.map(DeliveryState::as_str);
    match state {
        None => tx.query(
            concat!(
                "SELECT ",
                columns!(),
                " FROM outbox WHERE receiver_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
            ),
            &[receiver.into(), (&before).into(), limit.into()],
            read,
        ),
        Some(state) => tx.query(
            concat!(
                "SELECT ",
                columns!(),
                " FROM outbox WHERE receiver_id = ?1 AND id < ?2 AND state = ?4 ORDER BY id DESC LIMIT ?3"
            ),
            &[
                receiver.into(),
                (&before).into(),
                limit.into(),
                state.into(),
            ],
            read,
        ),
    }
}

/// How many deliveries of a receiver stand where; of those still pending, how many were tried before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Taken by the receiver.
    pub success: u64,
    /// Given up.
    pub failed: u64,
    /// Still to be sent.
    pub pending: u64,
    /// Still to be sent, after an attempt that failed.
    pub retrying: u64,
}

/// The counts of every receiver of a channel.
pub fn counts(tx: &mut Tx<'_>, channel: &str) -> Result<Vec<(Uuid, Counts)>> {
    tx.query(
        "SELECT receiver_id, SUM(CASE WHEN state = 'success' THEN 1 ELSE 0 END), SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), \
         SUM(CASE WHEN state = 'pending' THEN 1 ELSE 0 END), SUM(CASE WHEN state = 'pending' AND attempts > 0 THEN 1 ELSE 0 END) \
         FROM outbox WHERE channel = ?1 GROUP BY receiver_id",
        &[channel.into()],
        |row| {
            let counts = Counts {
                success: row.u64(1)?,
                failed: row.u64(2)?,
                pending: row.u64(3)?,
                retrying: row.u64(4)?,
            };
            Ok((row.uuid(0)?, counts))
        },
    )
}

/// Deletes what goes to a receiver that is removed.
pub fn remove_of(tx: &mut Tx<'_>, receiver: &Uuid) -> Result<u64> {
    tx.execute(
        "DELETE FROM outbox WHERE receiver_id = ?1",
        &[receiver.into()],
    )
}

/// Deletes finished deliveries of long ago, a few at a time; how many.
pub fn sweep(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64> {
    tx.execute(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state <> 'pending' AND attempted_at < ?1 LIMIT ?2)",
        &[before.into(), limit.into()],
    )
}
