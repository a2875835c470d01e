//! The schema's checks, on both engines.

use countersign_store::{EngineOptions, Options, Store, StoreError, migrate::MigrationError};

use crate::bed::Bed;

crate::on_both_engines!(
    an_old_start_is_refused_and_run_is_repeatable,
    a_changed_migration_is_refused,
    a_newer_database_is_refused,
    replicas_can_start_together,
);

fn an_old_start_is_refused_and_run_is_repeatable(bed: &Bed) {
    let options = Options {
        migrate: false,
        ..bed.options.clone()
    };
    let pending = Store::migration_status(&options).unwrap();
    assert!(
        pending
            .iter()
            .all(|migration| migration.applied_at.is_none())
    );
    let refused = Store::open(&options);
    assert!(
        matches!(refused, Err(StoreError::Migration(MigrationError::Pending { count })) if count == pending.len())
    );
    assert_eq!(Store::migrate(&options).unwrap(), pending.len());
    assert_eq!(Store::migrate(&options).unwrap(), 0);
    assert!(
        Store::migration_status(&options)
            .unwrap()
            .iter()
            .all(|migration| migration.applied_at.is_some())
    );
    Store::open(&options).unwrap();
}

fn tamper(bed: &Bed, sql: &'static str) {
    let store = bed.open();
    store
        .write_blocking::<_, StoreError, _>(move |tx| tx.execute(sql, &[]))
        .unwrap();
    store.close_blocking();
}

fn a_changed_migration_is_refused(bed: &Bed) {
    let sql = match bed.options.engine {
        EngineOptions::Sqlite(_) => {
            "UPDATE schema_migration SET sha256 = zeroblob(32) WHERE version = 2"
        }
        EngineOptions::Postgres(_) => {
            "UPDATE schema_migration SET sha256 = decode(repeat('00', 32), 'hex') WHERE version = 2"
        }
    };
    tamper(bed, sql);
    let refused = Store::open(&bed.options);
    assert!(
        matches!(
            refused,
            Err(StoreError::Migration(MigrationError::Changed {
                version: 2,
                ..
            }))
        ),
        "{refused:?}"
    );
    assert!(Store::migrate(&bed.options).is_err());
}

fn a_newer_database_is_refused(bed: &Bed) {
    tamper(
        bed,
        "INSERT INTO schema_migration (version, name, sha256, applied_at) SELECT 4000, 'future', sha256, 0 FROM schema_migration WHERE version = 1",
    );
    let refused = Store::open(&bed.options);
    assert!(
        matches!(
            refused,
            Err(StoreError::Migration(MigrationError::Newer {
                version: 4000,
                ..
            }))
        ),
        "{refused:?}"
    );
}

fn replicas_can_start_together(bed: &Bed) {
    if bed.url.is_none() {
        return;
    }
    let stores: Vec<Store> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    Store::open(&Options {
                        ledger: unnoted(bed),
                        ..bed.options.clone()
                    })
                })
            })
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap().unwrap())
            .collect()
    });
    assert_eq!(stores.len(), 4);
}

fn unnoted(bed: &Bed) -> countersign_store::LedgerOptions {
    countersign_store::LedgerOptions {
        notes_path: None,
        ..bed.options.ledger.clone()
    }
}
