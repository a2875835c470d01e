//! What concerns PostgreSQL alone: several gateways on one database, a server that goes away.

use std::time::Duration;

use countersign_store::{
    Engine, EngineOptions, LedgerState, LiveSignal, PostgresOptions, Result, Store, StoreError, Tx,
    audit, checkpoints, read_notes,
};
use countersign_testkit::{Availability, Postgres, Service, available, wait_until};
use countersign_vault::audit::{Frontier, Sealer};

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

/// What the owner of the database can do without any key: leave entries out, give the others new places and chain values with the
/// keyed hashes that they have, and store the head that results.
fn replace_history(tx: &mut Tx<'_>, kept: impl Fn(u64) -> bool) -> Result<()> {
    let entries = audit::chunk(tx, 0, 1_000)?;
    tx.execute("DELETE FROM audit_entry WHERE position IS NOT NULL", &[])?;
    let mut sealer = Sealer::genesis();
    for sealed in entries.iter().filter(|sealed| kept(sealed.position)) {
        let sealed = sealer.seal(sealed.entry.clone(), sealed.mac);
        tx.execute(
            "INSERT INTO audit_entry (id, at, kind, actor_kind, mac, position, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            &[
                (&sealed.entry.id).into(),
                sealed.entry.at.into(),
                (&sealed.entry.kind).into(),
                sealed.entry.actor.kind().into(),
                (&sealed.mac).into(),
                sealed.position.into(),
                (&sealed.chain).into(),
            ],
        )?;
    }
    store_head(tx, &sealer)
}

fn store_head(tx: &mut Tx<'_>, sealer: &Sealer) -> Result<()> {
    let frontier = sealer.frontier().to_bytes();
    tx.execute(
        "UPDATE sealer_lease SET next_position = ?1, chain = ?2, frontier = ?3",
        &[
            sealer.next_position().into(),
            (&sealer.chain()).into(),
            (&frontier).into(),
        ],
    )
    .map(drop)
}

/// The store takes nothing more, signs nothing more, and the next start knows about it too.
fn assert_refuses(bed: &Bed, store: &Store, notes_before: usize) {
    wait_until("the damage is found", Duration::from_secs(10), || {
        matches!(store.ledger_state(), LedgerState::Edited { .. })
    })
    .unwrap();
    let refused = write_setting(store, "refused");
    assert!(matches!(refused, Err(StoreError::Ledger(_))), "{refused:?}");
    let size = store
        .read_blocking::<_, StoreError, _>(checkpoints::last)
        .unwrap()
        .map_or(0, |stored| stored.size);
    store.want_checkpoint();
    store.close_blocking();
    let store = bed.open();
    assert!(store.ledger_state().refuses_writes());
    let later = store
        .read_blocking::<_, StoreError, _>(checkpoints::last)
        .unwrap()
        .map_or(0, |stored| stored.size);
    assert_eq!(size, later, "nothing was signed over it");
    // The head that this gateway knew is kept outside, so that it is not forgotten with the process.
    assert!(read_notes(&bed.path("checkpoints.txt")).unwrap().len() > notes_before);
}

/// A store whose ledger has a checkpoint at 5 entries and 5 more behind it.
fn with_tail(bed: &Bed) -> (Store, usize) {
    let store = bed.open();
    for number in 0..5 {
        append(&store, &format!("entry.{number}"));
    }
    store.close_blocking();
    let notes = read_notes(&bed.path("checkpoints.txt")).unwrap().len();
    let store = bed.open();
    for number in 5..10 {
        append(&store, &format!("entry.{number}"));
    }
    sealed(&store, 10);
    (store, notes)
}

/// Requirement 41: a head that was stored by somebody without keys is not gone on from.
#[test]
fn requirement_41_a_replaced_head_is_never_signed() {
    // More entries than the gateway knows, behind a history that lacks one.
    let Some(bed) = Bed::postgres() else { return };
    let (store, notes) = with_tail(&bed);
    store
        .write_blocking::<_, StoreError, _>(|tx| {
            // Copies of sealed entries, with ids of their own: their keyed hashes are wrong.
            replace_history(tx, |position| position != 6)?;
            let mut sealer = Sealer::genesis();
            for sealed in audit::chunk(tx, 0, 100)? {
                sealer.absorb(&sealed).map_err(|error| StoreError::Sealing(error.to_string().into()))?;
            }
            let last = audit::get(tx, 8)?.unwrap();
            for number in 0..3_u8 {
                let mut copy = last.entry.clone();
                copy.id = countersign_domain::EntryId::from_bytes([number; 16]);
                let sealed = sealer.seal(copy, last.mac);
                tx.execute(
                    "INSERT INTO audit_entry (id, at, kind, actor_kind, mac, position, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    &[
                        (&sealed.entry.id).into(),
                        sealed.entry.at.into(),
                        (&sealed.entry.kind).into(),
                        sealed.entry.actor.kind().into(),
                        (&sealed.mac).into(),
                        sealed.position.into(),
                        (&sealed.chain).into(),
                    ],
                )?;
            }
            store_head(tx, &sealer)
        })
        .unwrap();
    assert_refuses(&bed, &store, notes);
}

/// Requirement 41: the same with a head that is behind, or says something else of the same size.
#[test]
fn requirement_41_a_head_that_goes_back_is_never_signed() {
    let Some(bed) = Bed::postgres() else { return };
    let (store, notes) = with_tail(&bed);
    store
        .write_blocking::<_, StoreError, _>(|tx| replace_history(tx, |position| position != 6))
        .unwrap();
    assert_refuses(&bed, &store, notes);

    let Some(bed) = Bed::postgres() else { return };
    let (store, notes) = with_tail(&bed);
    store
        .write_blocking::<_, StoreError, _>(|tx| {
            tx.execute(
                "UPDATE sealer_lease SET frontier = ?1",
                &[(&Frontier::new().to_bytes()).into()],
            )
        })
        .unwrap();
    wait_until("the damage is found", Duration::from_secs(10), || {
        matches!(store.ledger_state(), LedgerState::Edited { .. })
    })
    .unwrap();
    store.close_blocking();
    assert_eq!(
        read_notes(&bed.path("checkpoints.txt")).unwrap().len(),
        notes + 1
    );
}

/// Requirement 41: a head beyond the entries that are there, or entries that nobody with the key wrote.
#[test]
fn requirement_41_a_head_without_its_entries_is_never_signed() {
    let Some(bed) = Bed::postgres() else { return };
    let (store, notes) = with_tail(&bed);
    store
        .write_blocking::<_, StoreError, _>(|tx| {
            let mut sealer = Sealer::genesis();
            for sealed in audit::chunk(tx, 0, 100)? {
                sealer.seal(sealed.entry, sealed.mac);
            }
            sealer.seal(entry("never stored"), [1; 32]);
            store_head(tx, &sealer)
        })
        .unwrap();
    assert_refuses(&bed, &store, notes);
}

/// A replica that was asleep while others sealed, made a checkpoint and pruned goes on from that checkpoint.
#[test]
fn a_replica_follows_what_others_sealed_and_pruned() {
    let Some(bed) = Bed::postgres() else { return };
    let second_folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        bed.path("vault.json"),
        second_folder.path().join("vault.json"),
    )
    .unwrap();
    let first = bed.open();
    let second = Store::open(&options_in(second_folder.path(), bed.url.as_deref())).unwrap();
    for _ in 0..20 {
        append(&first, "by the first");
    }
    sealed(&first, 20);
    first.close_blocking();
    let first = bed.open();
    first
        .write_blocking::<_, StoreError, _>(|tx| {
            let size = checkpoints::last(tx)?.unwrap().size;
            audit::prune(tx, size, 100)
        })
        .unwrap();
    append(&second, "by the second");
    for _ in 0..20 {
        append(&first, "by the first");
    }
    wait_until("all is sealed", Duration::from_secs(10), || {
        first
            .read_blocking::<_, StoreError, _>(audit::extent)
            .unwrap()
            .next
            == 41
    })
    .unwrap();
    for store in [first, second] {
        assert_eq!(store.ledger_state(), LedgerState::Healthy);
        store.close_blocking();
    }
    assert_eq!(bed.open().ledger_state(), LedgerState::Healthy);
}
