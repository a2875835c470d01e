//! The sealer thread: gives positions to rows that units of any replica have inserted.
//!
//! Every replica runs one, and any of them may seal: whoever does so holds the row lock on the one row of `sealer_lease` and updates
//! the head in it. The lock is the fence: a replica that hangs, or whose connection was cut, can't commit beside another one. Others
//! skip the locked row and come again.
//!
//! INVARIANT: the stored head says only how far others are, never what the ledger is. Whoever can write the database can write it too,
//! so each replica goes on from its own head, through the entries that others sealed, and has to arrive at the stored one. If it
//! doesn't, this replica takes nothing more and signs nothing more.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use countersign_domain::{InstanceId, Timestamp};
use countersign_vault::{
    audit::{CheckpointKey, Frontier, Sealer},
    constant_time_equal,
};

use super::{connection::Connector, session::PostgresSession};
use crate::{
    audit, checkpoints,
    error::{Result, StoreError},
    ledger::{LedgerState, LedgerWriter, Pending, is_genuine, unsealed_of},
    options::Clock,
    queue::Access,
    shared::Shared,
    tx::{Scope, Session, Tx},
    value::Arg,
};

/// How the sealer works.
pub(crate) struct SealerSettings {
    pub(crate) instance: InstanceId,
    pub(crate) clock: Clock,
}

/// How long entries are gathered after a unit announced some.
const GATHER: Duration = Duration::from_millis(10);
/// How often the sealer looks without being told: for what other replicas left behind.
const LOOK: Duration = Duration::from_millis(250);
/// Rows in one transaction.
const BATCH_ROWS: u32 = 2_000;
/// Entries of others that are followed at a time.
const FOLLOW_ROWS: u32 = 2_000;
/// The most of them that are followed while others wait for the lock.
const FOLLOW_LOCKED: u64 = 20_000;
/// How long a replica is named as the holder after it sealed.
const LEASE: Duration = Duration::from_secs(2);

/// Wakes the sealer.
#[derive(Default)]
pub(crate) struct SealerBell {
    rung: Mutex<Bell>,
    ready: Condvar,
}

#[derive(Default)]
struct Bell {
    rung: bool,
    closed: bool,
}

impl SealerBell {
    /// There are new rows.
    pub(crate) fn ring(&self) {
        let mut bell = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        if !bell.rung {
            bell.rung = true;
            drop(bell);
            self.ready.notify_one();
        }
    }

    /// The units have ended: seal what is there and come to an end.
    pub(crate) fn close(&self) {
        self.rung
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
        self.ready.notify_one();
    }

    /// Waits for a ring, the end or the timeout; whether it is the end.
    fn wait(&self, timeout: Duration) -> bool {
        let bell = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut bell, _) = self
            .ready
            .wait_timeout_while(bell, timeout, |bell| !bell.rung && !bell.closed)
            .unwrap_or_else(PoisonError::into_inner);
        bell.rung = false;
        bell.closed
    }
}

/// Whether the head can be gone on from.
enum Head {
    /// Locked, and it is this replica's own.
    Taken,
    /// Another replica is sealing.
    Locked,
    /// So far behind the stored head that the lock is not held meanwhile.
    Behind(u64),
}

/// What one pass did.
enum Pass {
    /// Sealed this many rows.
    Sealed(usize),
    /// Another replica is sealing.
    Locked,
}

struct SealerThread<'a> {
    connector: &'a Connector,
    session: Option<PostgresSession>,
    ledger: LedgerWriter,
    shared: &'a Shared,
    settings: SealerSettings,
    scope: Scope,
    /// The position behind the last entry that live views of this replica were told of.
    published: u64,
}

/// Seals until the bell is closed and nothing is left.
pub(crate) fn run_sealer(
    connector: &Connector,
    session: PostgresSession,
    ledger: LedgerWriter,
    bell: &Arc<SealerBell>,
    shared: &Arc<Shared>,
    settings: SealerSettings,
) {
    let published = ledger.sealer().next_position();
    let mut sealer = SealerThread {
        connector,
        session: Some(session),
        ledger,
        shared,
        settings,
        scope: Scope::default(),
        published,
    };
    loop {
        let timeout = sealer
            .ledger
            .until_checkpoint()
            .map_or(LOOK, |left| left.min(LOOK));
        let closing = bell.wait(timeout.max(GATHER));
        if !closing {
            thread::sleep(GATHER);
        }
        let emptied = sealer.work(closing);
        if closing {
            if !emptied {
                tracing::warn!(
                    "entries were left without a position; another replica or the next start seals them"
                );
            }
            return;
        }
    }
}

impl SealerThread<'_> {
    /// Seals everything that is there; whether that worked.
    fn work(&mut self, closing: bool) -> bool {
        let mut tries = 0;
        loop {
            if self.shared.refuses_writes().is_some() {
                return false;
            }
            match self.pass(closing || self.shared.wants_checkpoint()) {
                Ok(Pass::Sealed(count)) => {
                    let next = self.ledger.staged().map_or_else(
                        || self.ledger.sealer().next_position(),
                        |(_, sealer)| sealer.next_position(),
                    );
                    self.follow(next - count as u64);
                    self.ledger.committed(self.shared);
                    self.published = next;
                    if count < BATCH_ROWS as usize {
                        return true;
                    }
                }
                Ok(Pass::Locked) => {
                    tries += 1;
                    if tries > 20 {
                        return false;
                    }
                    thread::sleep(GATHER);
                }
                Err(error) => {
                    self.ledger.rolled_back();
                    if let StoreError::Ledger(state) = error {
                        // Outside of the database, so that the next start knows what this process knew.
                        if let Some(note) = self.ledger.sign_head() {
                            self.shared.append_note(&note);
                        }
                        tracing::error!(%state, "the ledger was changed under the gateway: nothing is written any more");
                        self.shared.contradicted(state);
                    } else {
                        tracing::warn!(%error, "sealing failed; it is tried again");
                    }
                    // Whatever state the transaction is in ends with its connection.
                    self.session = None;
                    return false;
                }
            }
        }
    }

    fn pass(&mut self, closing: bool) -> Result<Pass> {
        if self.session.as_ref().is_none_or(PostgresSession::is_closed) {
            self.session = Some(self.connector.connect()?);
        }
        let Self {
            session: Some(session),
            ledger,
            shared,
            settings,
            scope,
            ..
        } = self
        else {
            return Err(StoreError::Closed);
        };
        session.begin("BEGIN")?;
        let now = (settings.clock)();
        let mut tx = Tx::new(
            Session::Postgres(session),
            scope,
            Access::Write,
            &shared.mac,
        );
        match lock_head(&mut tx, ledger)? {
            Head::Taken => {}
            Head::Locked => {
                session.control("ROLLBACK")?;
                return Ok(Pass::Locked);
            }
            Head::Behind(size) => {
                session.control("ROLLBACK")?;
                session.begin("BEGIN READ ONLY")?;
                let mut tx = Tx::new(Session::Postgres(session), scope, Access::Read, &shared.mac);
                follow_to(&mut tx, ledger, size)?;
                session.control("ROLLBACK")?;
                return Ok(Pass::Locked);
            }
        }
        let rows = unsealed(&mut tx)?;
        let oldest = rows
            .iter()
            .map(|(_, pending)| pending.entry.at.as_micros())
            .min();
        // Said before sealing: if that keeps failing, the age grows.
        shared.note_unsealed(now.as_micros(), oldest);
        let count = rows.len();
        if count == 0 && !ledger.checkpoint_due(closing) {
            session.control("COMMIT")?;
            return Ok(Pass::Sealed(0));
        }
        let mut numbers = Vec::with_capacity(count);
        let mut entries = Vec::with_capacity(count);
        for (number, pending) in rows {
            check_mac(&pending, &shared.mac, &mut scope.canonical)?;
            numbers.push(number);
            entries.push(pending);
        }
        ledger.stage(entries.into_iter());
        place(session, ledger, &numbers)?;
        let mut tx = Tx::new(
            Session::Postgres(session),
            scope,
            Access::Write,
            &shared.mac,
        );
        ledger.checkpoint(&mut tx, closing)?;
        store_head(&mut tx, ledger, settings.instance, now)?;
        session.control("COMMIT")?;
        if count < BATCH_ROWS as usize {
            shared.note_unsealed(now.as_micros(), None);
        }
        Ok(Pass::Sealed(count))
    }

    /// Tells this replica's live views of entries that other replicas have sealed, up to a position.
    fn follow(&mut self, head: u64) {
        if !self.shared.live.is_watched() {
            return;
        }
        while self.published < head {
            let Some(session) = &mut self.session else {
                return;
            };
            let mut tx = Tx::new(
                Session::Postgres(session),
                &mut self.scope,
                Access::Read,
                &self.shared.mac,
            );
            let limit = u32::try_from(head - self.published)
                .unwrap_or(u32::MAX)
                .min(1_000);
            match audit::chunk(&mut tx, self.published, limit) {
                Ok(entries) if !entries.is_empty() => {
                    self.published = entries.last().map_or(head, |sealed| sealed.position + 1);
                    self.shared.live.publish(entries);
                }
                // Pruned in between, or the connection is gone: a view that needs them reads the database.
                _ => return,
            }
        }
    }
}

fn damaged(position: u64) -> StoreError {
    StoreError::Ledger(LedgerState::Edited { position })
}

/// Locks the row of the head and follows the ledger up to it.
fn lock_head(tx: &mut Tx<'_>, ledger: &mut LedgerWriter) -> Result<Head> {
    let head = tx.query_optional(
        "SELECT next_position, chain, frontier FROM sealer_lease WHERE id = 1 FOR UPDATE SKIP LOCKED",
        &[],
        |row| Ok((row.u64(0)?, row.bytes::<32>(1)?, row.blob(2)?.to_owned())),
    );
    let (size, chain, frontier) = match head {
        Ok(Some(head)) => head,
        Ok(None) => return Ok(Head::Locked),
        // No gateway wrote that.
        Err(StoreError::Column { .. }) => return Err(damaged(ledger.sealer().next_position())),
        Err(error) => return Err(error),
    };
    let own = ledger.sealer().next_position();
    if size < own {
        // The head never goes back. Somebody put back an old copy under a running replica.
        return Err(damaged(size));
    }
    if size - own > FOLLOW_LOCKED {
        return Ok(Head::Behind(size));
    }
    if size > own {
        follow_to(tx, ledger, size)?;
    }
    let sealer = ledger.sealer();
    if sealer.next_position() != size
        || sealer.chain() != chain
        || sealer.frontier().to_bytes() != frontier
    {
        return Err(damaged(own));
    }
    Ok(Head::Taken)
}

/// Goes on from this replica's own head through the entries that others sealed. Each has to follow from the one before and to be by a
/// process with the key. Where others pruned, a checkpoint that is signed by the vault stands for what is gone.
fn follow_to(tx: &mut Tx<'_>, ledger: &mut LedgerWriter, size: u64) -> Result<()> {
    let mac = tx.mac();
    let mut canonical = Vec::new();
    let mut sealer = ledger.sealer().clone();
    while sealer.next_position() < size {
        let before = sealer.next_position();
        let limit = u32::try_from(size - before)
            .unwrap_or(FOLLOW_ROWS)
            .min(FOLLOW_ROWS);
        // Where an entry stands that doesn't follow.
        let mut other = None;
        let read = audit::visit(tx, before, limit, |sealed| {
            let follows =
                is_genuine(mac, &sealed, &mut canonical) && sealer.absorb(&sealed).is_ok();
            if !follows {
                other = Some(sealed.position);
            }
            follows
        });
        match read {
            Ok(_) => {}
            // A row that can't be read was not written like that.
            Err(StoreError::Column { .. } | StoreError::Sealing(_)) => {
                return Err(damaged(sealer.next_position()));
            }
            Err(error) => return Err(error),
        }
        let reached = sealer.next_position();
        if other == Some(reached) {
            return Err(damaged(reached));
        }
        if other.is_some() || reached == before {
            // A gap: pruned since, or deleted.
            sealer = resume_at(tx, ledger.key(), other.unwrap_or(size).min(size))?
                .filter(|sealer| sealer.next_position() > reached)
                .ok_or_else(|| damaged(reached))?;
        }
    }
    let checkpointed = match checkpoints::last(tx)? {
        None => 0,
        Some(stored) if stored.size == ledger.checkpointed() => stored.size,
        Some(stored) => {
            let is_signed = ledger
                .key()
                .verify(&stored.note)
                .is_ok_and(|checkpoint| checkpoint.size == stored.size);
            // Without the lock, others may be further by now.
            if !is_signed {
                return Err(StoreError::Ledger(LedgerState::CheckpointInvalid {
                    size: stored.size,
                }));
            }
            stored.size.min(sealer.next_position())
        }
    };
    ledger.resume(sealer, checkpointed);
    Ok(())
}

/// A sealer that goes on after a stored checkpoint, if the vault signed it.
fn resume_at(tx: &mut Tx<'_>, key: &CheckpointKey, size: u64) -> Result<Option<Sealer>> {
    let Some(stored) = checkpoints::at(tx, size)? else {
        return Ok(None);
    };
    let Ok(checkpoint) = key.verify(&stored.note) else {
        return Ok(None);
    };
    Ok(Frontier::from_bytes(&stored.frontier)
        .ok()
        .and_then(|frontier| Sealer::resume(&checkpoint, frontier).ok())
        .filter(|sealer| sealer.next_position() == size))
}

fn unsealed(tx: &mut Tx<'_>) -> Result<Vec<(i64, Pending)>> {
    tx.query(
        "SELECT row_number, id, at, kind, actor_kind, actor_id, request_id, subject, verdict, rule, policy_version, outcome, input, \
         output, facts, mac FROM audit_entry WHERE position IS NULL ORDER BY row_number LIMIT ?1",
        &[BATCH_ROWS.into()],
        unsealed_of,
    )
}

/// An entry that no process with the key has written gets no place: sealing stops, and `/readyz` says so.
fn check_mac(
    pending: &Pending,
    key: &countersign_vault::audit::AuditMacKey,
    canonical: &mut Vec<u8>,
) -> Result<()> {
    canonical.clear();
    pending.entry.canonical(canonical);
    if constant_time_equal(&key.mac_canonical(canonical), &pending.mac) {
        return Ok(());
    }
    Err(StoreError::Sealing(
        format!(
            "the unsealed entry {} was changed or was not written by this gateway",
            pending.entry.id
        )
        .into(),
    ))
}

fn place(session: &mut PostgresSession, ledger: &LedgerWriter, numbers: &[i64]) -> Result<()> {
    let Some((sealed, _)) = ledger.staged() else {
        return Ok(());
    };
    if sealed.is_empty() {
        return Ok(());
    }
    let positions: Vec<i64> = sealed
        .iter()
        .map(|sealed| i64::try_from(sealed.position).unwrap_or(i64::MAX))
        .collect();
    let chains: Vec<&[u8]> = sealed
        .iter()
        .map(|sealed| sealed.chain.as_slice())
        .collect();
    let placed = session.execute_with(
        "UPDATE audit_entry SET position = given.position, chain = given.chain \
         FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS given (row_number, position, chain) \
         WHERE audit_entry.row_number = given.row_number AND audit_entry.position IS NULL",
        &[&numbers, &positions, &chains],
    )?;
    if placed != sealed.len() as u64 {
        return Err(StoreError::Sealing(
            format!("{placed} of {} entries could be placed", sealed.len()).into(),
        ));
    }
    Ok(())
}

fn store_head(
    tx: &mut Tx<'_>,
    ledger: &LedgerWriter,
    holder: InstanceId,
    now: Timestamp,
) -> Result<()> {
    let Some((_, sealer)) = ledger.staged() else {
        return Ok(());
    };
    let frontier = sealer.frontier().to_bytes();
    tx.execute(
        "UPDATE sealer_lease SET holder = ?1, expires_at = ?2, next_position = ?3, chain = ?4, frontier = ?5 WHERE id = 1",
        &[
            (&holder).into(),
            now.saturating_add(LEASE).into(),
            sealer.next_position().into(),
            (&sealer.chain()).into(),
            Arg::Blob(&frontier),
        ],
    )
    .map(drop)
}

/// Makes the head's row if it isn't there: the ledger is empty then.
pub(crate) fn insert_head(tx: &mut Tx<'_>) -> Result<()> {
    let sealer = Sealer::genesis();
    let frontier = sealer.frontier().to_bytes();
    tx.execute(
        "INSERT INTO sealer_lease (id, holder, expires_at, next_position, chain, frontier) VALUES (1, NULL, 0, 0, ?1, ?2) \
         ON CONFLICT (id) DO NOTHING",
        &[(&sealer.chain()).into(), Arg::Blob(&frontier)],
    )
    .map(drop)
}

/// The stored head: the next position and the chain's value.
pub(crate) fn stored_head(tx: &mut Tx<'_>) -> Result<(u64, [u8; 32])> {
    tx.query_one(
        "SELECT next_position, chain FROM sealer_lease WHERE id = 1",
        &[],
        |row| Ok((row.u64(0)?, row.bytes(1)?)),
    )
}
