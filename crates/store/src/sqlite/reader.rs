//! A reader thread: one read-only connection, one snapshot per read.

use std::sync::Arc;

use countersign_vault::audit::AuditMacKey;
use rusqlite::Connection;

use super::session::Connected;
use crate::{
    error::StoreError,
    queue::{Access, Pace, Queue, Taken},
    tx::{Scope, Session, Tx},
    unit::{Ran, Unit, finish_caught, run_caught},
};

/// Serves reads until the queue is closed.
pub(crate) fn run_reader(connection: &Connection, queue: &Arc<Queue>, mac: &AuditMacKey) {
    let mut connected = Connected::new(connection);
    let mut scope = Scope::default();
    let mut taken = Vec::with_capacity(1);
    while let Taken::Units | Taken::Timeout = queue.take(&mut taken, 1, None, Pace::Now) {
        for queued in taken.drain(..) {
            let mut unit = queued.unit;
            scope.failure = None;
            let failure = match connected.control("BEGIN") {
                Err(error) => Some(error),
                Ok(()) => serve(&mut connected, &mut scope, &mut *unit, mac),
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
) -> Option<StoreError> {
    let mut tx = Tx::new(Session::Sqlite(connected), scope, Access::Read, mac);
    let ran = run_caught(unit, &mut tx);
    // Nothing was written: how the transaction ends makes no difference to the caller.
    drop(connected.control("COMMIT"));
    match ran {
        Ran::Ready => scope.failure.take(),
        Ran::Refused => None,
        Ran::Panicked(error) => Some(error),
    }
}
