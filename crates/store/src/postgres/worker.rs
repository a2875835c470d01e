//! A worker thread: one connection, one transaction per unit, retries where PostgreSQL asks for them.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{connection::Connector, error::Trouble, sealer::SealerBell, session::PostgresSession};
use crate::{
    error::{Result, StoreError},
    ledger::insert_unsealed,
    queue::{Access, Pace, Queue, Taken},
    shared::Shared,
    tx::{Scope, Session, Tx},
    unit::{Ran, Unit, finish_caught, run_caught},
};

/// How workers retry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkerSettings {
    /// The most tries of one unit after conflicts.
    pub(crate) attempts: u32,
    /// How long a unit may wait for a connection.
    pub(crate) patience: Duration,
}

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

struct Worker<'a> {
    connector: &'a Connector,
    session: Option<PostgresSession>,
    bell: &'a SealerBell,
    scope: Scope,
    shared: &'a Shared,
    settings: WorkerSettings,
}

/// Serves reads and writes until the queue is closed and empty.
pub(crate) fn run_worker(
    connector: &Connector,
    queue: &Arc<Queue>,
    bell: &Arc<SealerBell>,
    shared: &Arc<Shared>,
    settings: WorkerSettings,
) {
    let mut worker = Worker {
        connector,
        session: None,
        bell,
        scope: Scope::default(),
        shared,
        settings,
    };
    let mut taken = Vec::with_capacity(1);
    while let Taken::Units | Taken::Timeout = queue.take(&mut taken, 1, None, Pace::Now) {
        for queued in taken.drain(..) {
            let mut unit = queued.unit;
            let started = Instant::now();
            let refused = match queued.access {
                Access::Write => shared.refuses_writes(),
                // Nobody waits for what would be read.
                Access::Read => unit.is_abandoned().then_some(StoreError::Closed),
            };
            let failure = match refused {
                Some(error) => Some(error),
                None => worker.serve(&mut *unit, queued.access, queued.limit).err(),
            };
            finish_caught(unit, failure);
            shared.stats.count_batch(1, started.elapsed());
        }
    }
}

/// How one try ended.
enum Try {
    /// Committed, or refused by the closure itself.
    Done,
    /// Again after a pause.
    Again(Trouble, StoreError),
    /// Once more would end the same way.
    Failed(StoreError),
}

impl Worker<'_> {
    fn serve(
        &mut self,
        unit: &mut dyn Unit,
        access: Access,
        limit: Option<Duration>,
    ) -> Result<()> {
        let deadline = Instant::now() + self.settings.patience;
        let mut pause = FIRST_PAUSE;
        let mut conflicts = 0;
        loop {
            let error = match self.attempt(unit, access, limit) {
                Try::Done => return Ok(()),
                Try::Failed(error) => return Err(error),
                Try::Again(Trouble::Connection, error) => {
                    self.session = None;
                    error
                }
                Try::Again(..) => {
                    conflicts += 1;
                    self.shared.stats.count_rerun();
                    if conflicts >= self.settings.attempts {
                        return Err(StoreError::Conflict {
                            attempts: conflicts,
                        });
                    }
                    StoreError::Conflict {
                        attempts: conflicts,
                    }
                }
            };
            if Instant::now() + pause > deadline {
                return Err(error);
            }
            thread::sleep(if conflicts > 0 {
                Duration::from_millis(u64::from(conflicts) * 2)
            } else {
                pause
            });
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn attempt(&mut self, unit: &mut dyn Unit, access: Access, limit: Option<Duration>) -> Try {
        if self.session.as_ref().is_none_or(PostgresSession::is_closed) {
            match self.connector.connect() {
                Ok(session) => self.session = Some(session),
                Err(error) => return Try::Again(Trouble::Connection, error),
            }
        }
        let Some(session) = &mut self.session else {
            return Try::Failed(StoreError::Closed);
        };
        let begin = match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write => "BEGIN",
        };
        let begun = match limit {
            None => session.begin(begin),
            Some(limit) => session.begin_within(begin, limit),
        };
        if let Err(error) = begun {
            return Try::Again(Trouble::Connection, error);
        }
        self.scope.entries.clear();
        self.scope.failure = None;
        let started = Instant::now();
        let mut tx = Tx::new(
            Session::Postgres(session),
            &mut self.scope,
            access,
            &self.shared.mac,
        );
        let ran = run_caught(unit, &mut tx);
        self.shared.stats.note_unit(started.elapsed());
        let failure = self.scope.failure.take();
        let outcome = match (ran, failure) {
            (Ran::Ready, None) => return self.commit(),
            (Ran::Panicked(error), _) => Try::Failed(error),
            // The closure's error may only repeat what the server said: where that can be mended, the unit runs again.
            (_, Some(first)) => match session.trouble() {
                Some(trouble @ (Trouble::Conflict | Trouble::Connection)) => {
                    Try::Again(trouble, first)
                }
                _ => Try::Failed(StoreError::Aborted {
                    first: Box::new(first),
                }),
            },
            (Ran::Refused, None) => Try::Done,
        };
        // A rollback that fails means that the connection is gone, and the transaction with it.
        if session.control("ROLLBACK").is_err() {
            self.session = None;
        }
        outcome
    }

    fn commit(&mut self) -> Try {
        let Some(session) = &mut self.session else {
            return Try::Failed(StoreError::Closed);
        };
        let news = !self.scope.entries.is_empty();
        if let Err(error) = insert_unsealed(session, &mut self.scope.entries) {
            let trouble = session.trouble().unwrap_or(Trouble::Final);
            if session.control("ROLLBACK").is_err() {
                self.session = None;
            }
            return match trouble {
                Trouble::Final => Try::Failed(StoreError::NotDurable {
                    reason: error.to_string().into(),
                }),
                trouble => Try::Again(trouble, error),
            };
        }
        match session.control("COMMIT") {
            Ok(()) => {
                if news {
                    self.bell.ring();
                }
                Try::Done
            }
            Err(error) => match session.trouble() {
                Some(Trouble::Conflict) => Try::Again(Trouble::Conflict, error),
                Some(Trouble::Connection) | None => {
                    self.session = None;
                    Try::Failed(StoreError::CommitUnknown)
                }
                Some(Trouble::Final) => {
                    drop(session.control("ROLLBACK"));
                    Try::Failed(StoreError::NotDurable {
                        reason: error.to_string().into(),
                    })
                }
            },
        }
    }
}
