//! What concerns PostgreSQL alone: several gateways on one database, a server that goes away.

use std::time::Duration;

use countersign_store::{Engine, EngineOptions, LiveSignal, PostgresOptions, Store, StoreError};
use countersign_testkit::{Availability, Postgres, Service, available, wait_until};

use crate::bed::{
    Bed, append, entry, now, options_in, put, sealed, settings, verify, write_setting,
};

/// Two replicas seal one ledger: no position is given twice, none is left out.
#[test]
fn two_sealers_never_both_seal() {
    let Some(bed) = Bed::postgres() else { return };
    let second_folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        bed.path("vault.json"),
        second_folder.path().join("vault.json"),
    )
    .unwrap();
    let first = bed.open();
    let second = Store::open(&options_in(second_folder.path(), bed.url.as_deref())).unwrap();
    let mut live = second.subscribe();
    std::thread::scope(|scope| {
        for store in [&first, &second] {
            for _ in 0..3 {
                scope.spawn(move || {
                    for _ in 0..100 {
                        append(store, "both");
                    }
                });
            }
        }
    });
    let entries = sealed(&first, 600);
    assert_eq!(entries.len(), 600);
    verify(&first, &bed.options.vault, &entries);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut seen = Vec::new();
    runtime.block_on(async {
        while seen.len() < 600 {
            match tokio::time::timeout(Duration::from_secs(10), live.next())
                .await
                .unwrap()
            {
                LiveSignal::Entries(entries) => {
                    seen.extend(entries.iter().map(|sealed| sealed.position));
                }
                other => panic!("{other:?}"),
            }
        }
    });
    assert_eq!(
        seen,
        (0..600).collect::<Vec<u64>>(),
        "a replica's views see what the other sealed, in order"
    );
    first.close_blocking();
    append(&second, "after the first has gone");
    let entries = sealed(&second, 601);
    verify(&second, &bed.options.vault, &entries);
    second.close_blocking();
}

/// A row that nobody with the key has written gets no place, and readiness says so.
#[test]
fn a_forged_entry_is_not_sealed() {
    let Some(bed) = Bed::postgres() else { return };
    let store = bed.open();
    append(&store, "good");
    sealed(&store, 1);
    store
        .write_blocking::<_, StoreError, _>(|tx| {
            tx.append_entry(entry("forged"))?;
            Ok(())
        })
        .unwrap();
    sealed(&store, 2);
    store
        .write_blocking::<_, StoreError, _>(|tx| {
            tx.execute(
                "INSERT INTO audit_entry (id, at, kind, actor_kind, mac) SELECT id, at, 'forged more', actor_kind, mac FROM audit_entry WHERE position = 0",
                &[],
            )
        })
        .unwrap();
    wait_until(
        "the age of the unsealed row grows",
        Duration::from_secs(10),
        || store.oldest_unsealed_age() > Duration::from_secs(1),
    )
    .unwrap();
    assert_eq!(sealed(&store, 2).len(), 2);
}

#[test]
fn entries_are_sealed_soon_and_their_age_is_known() {
    let Some(bed) = Bed::postgres() else { return };
    let store = bed.open();
    for _ in 0..50 {
        append(&store, "soon");
    }
    sealed(&store, 50);
    wait_until("nothing is unsealed", Duration::from_secs(5), || {
        store.oldest_unsealed_age() == Duration::ZERO
    })
    .unwrap();
}

/// Units wait for a server that comes back, and are refused by one that doesn't.
#[test]
fn a_restart_of_the_server_is_survived() {
    if available(Service::Postgres) == Availability::Missing {
        return;
    }
    let mut server = Postgres::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = server.database().unwrap();
    let mut options = options_in(folder.path(), Some(&url));
    if let countersign_store::EngineOptions::Postgres(PostgresOptions {
        patience,
        connections,
        ..
    }) = &mut options.engine
    {
        *patience = Duration::from_secs(5);
        *connections = 2;
    }
    let store = Store::open(&options).unwrap();
    assert_eq!(store.engine(), Engine::Postgres);
    write_setting(&store, "before").unwrap();
    server.stop().unwrap();
    let during = store.submit_write::<(), StoreError, _>(|tx| {
        put(tx, "during")?;
        tx.append_entry(entry("during"))
    });
    std::thread::sleep(Duration::from_millis(300));
    assert!(store.failure().is_none());
    server.restart().unwrap();
    during.wait_blocking().unwrap();
    write_setting(&store, "after").unwrap();
    assert_eq!(settings(&store), ["after", "before", "during"]);
    let entries = sealed(&store, 1);
    verify(&store, &options.vault, &entries);
    server.stop().unwrap();
    wait_until(
        "the age grows while nobody can look",
        Duration::from_secs(10),
        || store.oldest_unsealed_age() > Duration::from_secs(1),
    )
    .unwrap();
    let refused = write_setting(&store, "never");
    assert!(
        matches!(
            refused,
            Err(StoreError::Unavailable { .. } | StoreError::CommitUnknown)
        ),
        "{refused:?}"
    );
}

#[test]
fn a_password_never_shows_in_errors_or_debug() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "postgres://u:canarypassword@127.0.0.1:1/x",
        "postgres://u:canarypassword@127.0.0.1:1/x?nonsense=1",
        "canarypassword",
    ] {
        let options = options_in(folder.path(), Some(url));
        let error = Store::open(&options).unwrap_err();
        assert!(
            !format!("{error} {error:?} {options:?}").contains("canary"),
            "{error}"
        );
    }
}

/// The vault's header lies in the database that the vault's keys are needed for.
#[test]
fn a_transaction_is_possible_before_the_vault_is_unlocked() {
    let Some(bed) = Bed::postgres() else { return };
    let EngineOptions::Postgres(engine) = &bed.options.engine else {
        panic!("not PostgreSQL")
    };
    Store::before_unlock(engine, now(), |tx| put(tx, "header")).unwrap();
    let refused = Store::before_unlock(engine, now(), |tx| {
        put(tx, "lost")?;
        tx.append_entry(entry("too early"))
    });
    assert!(
        matches!(refused, Err(StoreError::Sealing(_))),
        "{refused:?}"
    );
    assert_eq!(settings(&bed.open()), ["header"]);
}
