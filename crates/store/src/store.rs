//! The store as everybody else sees it.

mod open;

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use countersign_domain::Timestamp;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::{
    error::{Result, StoreError},
    ledger::{LedgerState, LiveEntries, NotesFile},
    migrate::MigrationStatus,
    options::{Clock, Options, PostgresOptions},
    postgres::SealerBell,
    queue::{Access, Queue},
    shared::Shared,
    stats::StoreStats,
    tx::{Engine, Tx},
    unit::{ClosureUnit, WriteHandle},
};

/// One open database. Clones are handles to the same one; dropping the last one closes it like [`Store::close`], and blocks for
/// as long as that takes.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    shared: Arc<Shared>,
    /// On PostgreSQL reads and writes share one queue.
    writes: Arc<Queue>,
    reads: Arc<Queue>,
    /// Long reads that may run at once: fewer than there are readers, so that they never have all of them.
    long_reads: Arc<Semaphore>,
    /// How long a long read waits for its turn.
    patience: Duration,
    bell: Option<Arc<SealerBell>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Joined after the others.
    sealer: Mutex<Option<JoinHandle<()>>>,
    clock: Clock,
}

impl Inner {
    /// Lets the threads finish what was submitted and waits for them. A second caller waits for the first.
    fn close(&self) {
        self.reads.close();
        self.writes.close();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            join(thread);
        }
        if let Some(bell) = &self.bell {
            bell.close();
        }
        let mut sealer = self.sealer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sealer) = sealer.take() {
            join(sealer);
        }
    }
}

/// Waits for a thread; not for the one it is called on, which holds the last handle then and ends soon.
fn join(thread: JoinHandle<()>) {
    if thread.thread().id() != thread::current().id() && thread.join().is_err() {
        tracing::error!("a thread of the store panicked");
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Not left to run on: at the end of the process the C library would tear the cipher down under the writer.
        self.close();
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Store")
            .field("engine", &self.inner.engine)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database, runs or checks its migrations, and rebuilds the ledger's head. Blocks: it reads and may write.
    ///
    /// A ledger that contradicts its checkpoints is no error here: the store opens, refuses writes and says why
    /// ([`Store::ledger_state`]).
    pub fn open(options: &Options) -> Result<Self> {
        open::open(options)
    }

    /// The migrations of the database that the options name, without running any. Blocks.
    pub fn migration_status(options: &Options) -> Result<Vec<MigrationStatus>> {
        open::migration_status(options)
    }

    /// Runs pending migrations and does nothing else; how many there were. Blocks.
    pub fn migrate(options: &Options) -> Result<usize> {
        open::migrate(options)
    }

    /// One transaction on PostgreSQL before there is a vault, for the vault's own header: runs pending migrations, then the work.
    /// Entries can't be appended in it. Blocks.
    pub fn before_unlock<T>(
        engine: &PostgresOptions,
        now: Timestamp,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        open::before_unlock(engine, now, work)
    }

    /// The engine.
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// Runs the unit in a transaction and answers when it is on disk, or with why it is not.
    ///
    /// Once the unit is in the queue it runs, even if this future is dropped. It may run more than once, each time after everything
    /// that it did was rolled back. An error that it returns rolls it back.
    pub async fn write<T, E, F>(&self, unit: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        if let Some(error) = self.inner.shared.refuses_writes() {
            return Err(error.into());
        }
        let (unit, handle) = ClosureUnit::boxed(unit);
        self.inner.writes.push(unit, Access::Write).await?;
        handle.wait().await
    }

    /// [`Store::write`] for threads that may block: offline tools.
    pub fn write_blocking<T, E, F>(&self, unit: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.submit_write(unit).wait_blocking()
    }

    /// Puts the unit into the queue at once, from its reserve if it is full: for guards that record an outcome when they are dropped.
    /// The answer may be waited for or not; if the reserve is full too, it is [`StoreError::Busy`].
    pub fn submit_write<T, E, F>(&self, unit: F) -> WriteHandle<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (unit, handle) = ClosureUnit::boxed(unit);
        match self.inner.writes.push_now(unit, Access::Write) {
            Ok(()) => handle,
            Err(error) => WriteHandle::refused(error),
        }
    }

    /// Runs the closure on a snapshot.
    pub async fn read<T, E, F>(&self, read: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (unit, handle) = ClosureUnit::boxed(read);
        self.inner.reads.push(unit, Access::Read).await?;
        handle.wait().await
    }

    /// [`Store::read`] for what may take long, such as a search: it is stopped after the limit ([`StoreError::TooSlow`]), waits for
    /// others like it, and never takes the last reader from those that are short. One that nobody waits for any more is not begun.
    pub async fn read_within<T, E, F>(&self, limit: Duration, mut read: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let Inner {
            reads,
            long_reads,
            patience,
            ..
        } = &*self.inner;
        let turn = tokio::time::timeout(*patience, Arc::clone(long_reads).acquire_owned()).await;
        let turn = match turn {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) => return Err(StoreError::Closed.into()),
            Err(_) => {
                let waited_millis = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
                return Err(StoreError::Busy { waited_millis }.into());
            }
        };
        let (unit, handle) = ClosureUnit::boxed(move |tx: &mut Tx<'_>| {
            // Goes with the closure, when it has run: not when its caller has gone.
            let _turn = &turn;
            read(tx)
        });
        reads.push_within(unit, Access::Read, Some(limit)).await?;
        handle.wait().await
    }

    /// [`Store::read`] for threads that may block.
    pub fn read_blocking<T, E, F>(&self, read: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (unit, handle) = ClosureUnit::boxed(read);
        match self.inner.reads.push_now(unit, Access::Read) {
            Ok(()) => handle.wait_blocking(),
            Err(error) => Err(error.into()),
        }
    }

    /// Sealed entries from now on, after their commit; the last ones before may come too. To miss none: subscribe, then read the
    /// database, then skip what was read.
    pub fn subscribe(&self) -> LiveEntries {
        self.inner.shared.live.subscribe()
    }

    /// Resolves when the store can't write any more, with the reason: the process has to end then. Never resolves otherwise.
    pub async fn failed(&self) -> Arc<str> {
        let mut watch = self.inner.shared.watch_failure();
        loop {
            if let Some(reason) = watch.borrow_and_update().clone() {
                return reason;
            }
            if watch.changed().await.is_err() {
                return "the store is gone".into();
            }
        }
    }

    /// The reason why the store can't write any more, if there is one.
    pub fn failure(&self) -> Option<Arc<str>> {
        self.inner.shared.failure()
    }

    /// The configuration epoch after each commit of this process. On PostgreSQL other replicas raise it too: ask the database.
    pub fn watch_epoch(&self) -> watch::Receiver<u64> {
        self.inner.shared.watch_epoch()
    }

    /// Whether the ledger fits its checkpoints.
    pub fn ledger_state(&self) -> LedgerState {
        self.inner.shared.ledger_state()
    }

    /// Goes on writing after an operator took note of what [`Store::ledger_state`] says; what it was. The contradicting notes are
    /// put aside, not deleted. The caller records the acknowledgement as an entry. Blocks on a file.
    pub fn acknowledge_ledger(&self) -> Result<LedgerState> {
        self.inner
            .shared
            .acknowledge((self.inner.clock)().as_micros())
    }

    /// The checkpoints that this gateway wrote outside of the database, as they are now; none if it keeps no such file. For
    /// [`compare_notes`](crate::compare_notes).
    pub fn notes(&self) -> Result<NotesFile> {
        self.inner.shared.notes_file()
    }

    /// Asks for a checkpoint now instead of at its time. The next commit makes it on SQLite, the sealer's next pass on PostgreSQL; with
    /// nothing new since the last one there is none.
    pub fn want_checkpoint(&self) {
        self.inner.shared.want_checkpoint();
        if let Some(bell) = &self.inner.bell {
            bell.ring();
        }
    }

    /// Why the last checkpoint could not be written outside of the database, if it could not.
    pub fn notes_error(&self) -> Option<StoreError> {
        self.inner.shared.notes_error()
    }

    /// How long the oldest entry has waited for its position. Always zero on SQLite; over a second means that the store isn't ready.
    pub fn oldest_unsealed_age(&self) -> Duration {
        match self.inner.engine {
            Engine::Sqlite => Duration::ZERO,
            Engine::Postgres => Duration::from_micros(
                self.inner
                    .shared
                    .oldest_unsealed_micros((self.inner.clock)().as_micros()),
            ),
        }
    }

    /// Counters.
    pub fn stats(&self) -> StoreStats {
        self.inner.shared.stats.snapshot(self.inner.writes.depth())
    }

    /// Refuses new units, finishes those that were submitted, writes the last checkpoint and closes the files.
    pub async fn close(&self) {
        let (done, wait) = oneshot::channel();
        let store = self.clone();
        // A thread of its own: joining blocks, and the runtime may have no blocking threads left at its end.
        let spawned = thread::Builder::new()
            .name("store-close".into())
            .spawn(move || {
                store.close_blocking();
                let _nobody_waits = done.send(());
            });
        if spawned.is_ok() {
            drop(wait.await);
        } else {
            self.close_blocking();
        }
    }

    /// [`Store::close`] for threads that may block.
    pub fn close_blocking(&self) {
        self.inner.close();
    }
}
