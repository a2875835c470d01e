//! A reader thread: one read-only connection, one snapshot per read.
//!
//! INVARIANT: a read that has a limit ends soon after it, whatever it does inside the engine; one that nobody waits for is not begun.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use countersign_vault::audit::AuditMacKey;
use rusqlite::Connection;

use super::session::{Connected, classify};
use crate::{
    error::StoreError,
    queue::{Access, Pace, Queue, Taken},
    tx::{Scope, Session, Tx},
    unit::{Ran, Unit, finish_caught, run_caught},
};

/// The clock is looked at every so many steps of the engine: a full-text search takes few steps per page that it reads.
const STEPS_PER_LOOK: i32 = 1_000;

/// When the present read has to end. The engine asks while it works.
struct Deadline {
    begin: Instant,
    /// In microseconds after `begin`; the largest number where there is none.
    ends_micros: Arc<AtomicU64>,
}

impl Deadline {
    fn on(connection: &mut Connection) -> Result<Self, StoreError> {
        let deadline = Self {
            begin: Instant::now(),
            ends_micros: Arc::new(AtomicU64::new(u64::MAX)),
        };
        let (begin, ends_micros) = (deadline.begin, Arc::clone(&deadline.ends_micros));
        let is_over = move || micros(begin.elapsed()) > ends_micros.load(Ordering::Relaxed);
        connection
            .progress_handler(STEPS_PER_LOOK, Some(is_over))
            .map_err(|error| classify("progress_handler", &error))?;
        Ok(deadline)
    }

    fn set(&self, limit: Option<Duration>) {
        let ends = limit.map_or(u64::MAX, |limit| {
            micros(self.begin.elapsed().saturating_add(limit))
        });
        self.ends_micros.store(ends, Ordering::Relaxed);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Serves reads until the queue is closed.
pub(crate) fn run_reader(mut connection: Connection, queue: &Arc<Queue>, mac: &AuditMacKey) {
    let deadline = Deadline::on(&mut connection);
    let mut connected = Connected::new(&connection);
    let mut scope = Scope::default();
    let mut taken = Vec::with_capacity(1);
    while let Taken::Units | Taken::Timeout = queue.take(&mut taken, 1, None, Pace::Now) {
        for queued in taken.drain(..) {
            let mut unit = queued.unit;
            if unit.is_abandoned() {
                finish_caught(unit, Some(StoreError::Closed));
                continue;
            }
            scope.failure = None;
            let failure = match (&deadline, connected.control("BEGIN")) {
                (Err(error), _) => Some(error.clone()),
                (_, Err(error)) => Some(error),
                (Ok(deadline), Ok(())) => {
                    deadline.set(queued.limit);
                    let ran = serve(&mut connected, &mut scope, &mut *unit, mac);
                    deadline.set(None);
                    // Nothing was written: how the transaction ends makes no difference to the caller.
                    drop(connected.control("COMMIT"));
                    failure_of(ran, &mut scope)
                }
            };
            finish_caught(unit, failure);
        }
    }
}

/// Runs the read inside the snapshot that was begun.
fn serve(
    connected: &mut Connected<'_>,
    scope: &mut Scope,
    unit: &mut dyn Unit,
    mac: &AuditMacKey,
) -> Ran {
    let mut tx = Tx::new(Session::Sqlite(connected), scope, Access::Read, mac);
    run_caught(unit, &mut tx)
}

fn failure_of(ran: Ran, scope: &mut Scope) -> Option<StoreError> {
    match ran {
        Ran::Ready => scope.failure.take(),
        Ran::Refused => None,
        Ran::Panicked(error) => Some(error),
    }
}
