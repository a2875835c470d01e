//! Opening: connections, migrations, the ledger's head, threads.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use countersign_domain::Timestamp;
use countersign_vault::{Vault, audit::CheckpointSigner};
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{Inner, Store};
use crate::{
    error::{Result, StoreError},
    ledger::{LedgerState, LedgerWriter, Notes, Rebuilt, rebuild},
    migrate::{self, MIGRATIONS, MigrationError, MigrationStatus, Target},
    options::{EngineOptions, Options, PostgresOptions, SqliteOptions},
    postgres::{
        Connector, SealerBell, SealerSettings, WorkerSettings, insert_head, run_sealer, run_worker,
        stored_head,
    },
    queue::{Access, Pace, Queue, Taken},
    shared::Shared,
    sqlite::{self, Connected, Connecting, Writer, WriterSettings, run_reader},
    tx::{Engine, Tx},
    unit::{finish_caught, panic_message},
};

pub(super) fn open(options: &Options) -> Result<Store> {
    match &options.engine {
        EngineOptions::Sqlite(engine) => open_sqlite(options, engine),
        EngineOptions::Postgres(engine) => open_postgres(options, engine),
    }
}

fn with_target<T>(
    options: &Options,
    work: impl FnOnce(&mut Target<'_, '_>) -> Result<T>,
) -> Result<T> {
    match &options.engine {
        EngineOptions::Sqlite(engine) => {
            let connection = sqlite::open(engine, &options.vault.store_key(), Connecting::Writer)?;
            work(&mut Target::Sqlite(&mut Connected::new(&connection)))
        }
        EngineOptions::Postgres(engine) => work(&mut Target::Postgres(
            &mut Connector::new(engine)?.connect()?,
        )),
    }
}

pub(super) fn migration_status(options: &Options) -> Result<Vec<MigrationStatus>> {
    with_target(options, |target| {
        migrate::status(target, &options.vault, MIGRATIONS)
    })
}

pub(super) fn migrate(options: &Options) -> Result<usize> {
    with_target(options, |target| {
        migrate::apply(target, &options.vault, MIGRATIONS, (options.clock)())
    })
}

pub(super) fn before_unlock<T>(
    engine: &PostgresOptions,
    now: Timestamp,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T>,
) -> Result<T> {
    // Stands in for the keys that are not there yet; nothing that it makes is kept.
    let stand_in = Vault::ephemeral();
    let mut session = Connector::new(engine)?.connect()?;
    let mut target = Target::Postgres(&mut session);
    migrate::apply(&mut target, &stand_in, MIGRATIONS, now)?;
    target.transaction(Access::Write, stand_in.audit_mac(), |target, mac| {
        target.with_tx(Access::Write, mac, work)
    })
}

/// What both engines need before their threads start.
struct Prepared {
    signer: CheckpointSigner,
    rebuilt: Rebuilt,
    notes: Option<Notes>,
    epoch: u64,
}

fn prepare(options: &Options, target: &mut Target<'_, '_>) -> Result<Prepared> {
    let pending = migrate::status(target, &options.vault, MIGRATIONS)?
        .iter()
        .filter(|status| status.applied_at.is_none())
        .count();
    if pending > 0 {
        if !options.migrate {
            return Err(MigrationError::Pending { count: pending }.into());
        }
        migrate::apply(target, &options.vault, MIGRATIONS, (options.clock)())?;
    }
    let signer = options
        .vault
        .checkpoint_signer(&options.ledger.origin)
        .map_err(|error| StoreError::Configuration(error.to_string().into()))?;
    let mac = options.vault.audit_mac();
    let shared_database = matches!(target, Target::Postgres(_));
    if shared_database {
        target.transaction(Access::Write, mac, |target, mac| {
            target.with_tx(Access::Write, mac, insert_head)
        })?;
    }
    let notes = options
        .ledger
        .notes_path
        .as_deref()
        .map(Notes::open)
        .transpose()?;
    let (mut rebuilt, epoch, head) = target.transaction(Access::Read, mac, |target, mac| {
        target.with_tx(Access::Read, mac, |tx| {
            let rebuilt = rebuild(tx, signer.key(), notes.as_ref())?;
            let head = if shared_database {
                Some(stored_head(tx)?)
            } else {
                None
            };
            Ok((rebuilt, tx.epoch()?, head))
        })
    })?;
    if let Some((next, chain)) = head
        && rebuilt.state == LedgerState::Healthy
        && (next != rebuilt.sealer.next_position() || chain != rebuilt.sealer.chain())
    {
        rebuilt.state = LedgerState::Edited {
            position: next.min(rebuilt.sealer.next_position()),
        };
    }
    if rebuilt.state != LedgerState::Healthy {
        tracing::error!(state = %rebuilt.state, "the ledger needs an operator's attention");
    }
    Ok(Prepared {
        signer,
        rebuilt,
        notes,
        epoch,
    })
}

/// Places for those that can't wait, beside the queue itself.
const RESERVE: usize = 4_096;

fn queue(options: &Options) -> Arc<Queue> {
    Arc::new(Queue::new(
        options.queue_units,
        RESERVE,
        options.queue_patience,
    ))
}

fn open_sqlite(options: &Options, engine: &SqliteOptions) -> Result<Store> {
    let key = options.vault.store_key();
    let connection = sqlite::open(engine, &key, Connecting::Writer)?;
    let Prepared {
        signer,
        rebuilt,
        notes,
        epoch,
    } = prepare(
        options,
        &mut Target::Sqlite(&mut Connected::new(&connection)),
    )?;
    let mac = options.vault.audit_mac().clone();
    let shared = Arc::new(Shared::new(mac, epoch, rebuilt.state, notes));
    let ledger = LedgerWriter::new(
        rebuilt.sealer,
        rebuilt.checkpointed,
        signer,
        Arc::clone(&options.clock),
        options.ledger.clone(),
    );
    let writes = queue(options);
    let reads = queue(options);
    let mut threads = Vec::with_capacity(engine.readers + 1);
    let readers = engine.readers.max(2);
    for number in 0..readers {
        let connection = sqlite::open(engine, &key, Connecting::Reader)?;
        threads.push(reader(number, connection, &reads, &shared)?);
    }
    let settings = WriterSettings {
        batch_units: engine.batch_units.clamp(1, 4_096),
        wal_pages: i64::from(engine.wal_pages),
    };
    threads.push(spawn("store-writer", &shared, &writes, {
        let (shared, writes) = (Arc::clone(&shared), Arc::clone(&writes));
        move || {
            Writer::new(Connected::new(&connection), epoch, ledger, shared, settings).run(&writes);
        }
    })?);
    Ok(Store {
        inner: Arc::new(Inner {
            engine: Engine::Sqlite,
            shared,
            writes,
            reads,
            long_reads: Arc::new(Semaphore::new(readers - 1)),
            patience: options.queue_patience,
            bell: None,
            threads: Mutex::new(threads),
            sealer: Mutex::new(None),
            clock: Arc::clone(&options.clock),
        }),
    })
}

fn reader(
    number: usize,
    connection: Connection,
    reads: &Arc<Queue>,
    shared: &Arc<Shared>,
) -> Result<JoinHandle<()>> {
    let (queue, mac) = (Arc::clone(reads), shared.mac.clone());
    spawn(
        &format!("store-reader-{number}"),
        shared,
        reads,
        move || run_reader(connection, &queue, &mac),
    )
}

fn open_postgres(options: &Options, engine: &PostgresOptions) -> Result<Store> {
    let connector = Connector::new(engine)?;
    let mut session = connector.connect()?;
    let Prepared {
        signer,
        rebuilt,
        notes,
        epoch,
    } = prepare(options, &mut Target::Postgres(&mut session))?;
    let mac = options.vault.audit_mac().clone();
    let shared = Arc::new(Shared::new(mac, epoch, rebuilt.state, notes));
    shared.note_unsealed((options.clock)().as_micros(), None);
    let ledger = LedgerWriter::new(
        rebuilt.sealer,
        rebuilt.checkpointed,
        signer,
        Arc::clone(&options.clock),
        options.ledger.clone(),
    );
    let queue = queue(options);
    let bell = Arc::new(SealerBell::default());
    let settings = WorkerSettings {
        attempts: engine.attempts.max(1),
        patience: engine.patience,
    };
    let mut threads = Vec::with_capacity(engine.connections);
    let connections = engine.connections.max(2);
    for number in 0..connections {
        // Workers connect when their first unit comes: a start does not wait for connections that nobody needs yet.
        let (connector, queue, bell, shared) = (
            connector.clone(),
            Arc::clone(&queue),
            Arc::clone(&bell),
            Arc::clone(&shared),
        );
        threads.push(spawn(
            &format!("store-worker-{number}"),
            &Arc::clone(&shared),
            &Arc::clone(&queue),
            move || {
                run_worker(&connector, &queue, &bell, &shared, settings);
            },
        )?);
    }
    let settings = SealerSettings {
        instance: engine.instance,
        clock: Arc::clone(&options.clock),
    };
    let sealer = spawn("store-sealer", &shared, &queue, {
        let (bell, shared) = (Arc::clone(&bell), Arc::clone(&shared));
        move || run_sealer(&connector, session, ledger, &bell, &shared, settings)
    })?;
    Ok(Store {
        inner: Arc::new(Inner {
            engine: Engine::Postgres,
            shared,
            writes: Arc::clone(&queue),
            reads: queue,
            long_reads: Arc::new(Semaphore::new((connections / 4).max(1))),
            patience: options.queue_patience,
            bell: Some(bell),
            threads: Mutex::new(threads),
            sealer: Mutex::new(Some(sealer)),
            clock: Arc::clone(&options.clock),
        }),
    })
}

/// Starts a thread whose panic stops the store instead of leaving callers waiting.
fn spawn(
    name: &str,
    shared: &Arc<Shared>,
    queue: &Arc<Queue>,
    body: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>> {
    let (shared, queue) = (Arc::clone(shared), Arc::clone(queue));
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(body)) {
                let reason: Arc<str> =
                    format!("a thread of the store panicked: {}", panic_message(&*panic)).into();
                tracing::error!(%reason, "the store stops");
                shared.fail(&reason);
                queue.close();
                // Those who wait get an answer; other threads of the queue may take some of them first, which is fine too.
                let mut left = Vec::new();
                while let Taken::Units = queue.take(&mut left, usize::MAX, None, Pace::Now) {
                    for queued in left.drain(..) {
                        finish_caught(
                            queued.unit,
                            Some(StoreError::Poisoned {
                                reason: Arc::clone(&reason),
                            }),
                        );
                    }
                }
            }
        })
        .map_err(|error| StoreError::file("a thread can't be started", &error))
}
