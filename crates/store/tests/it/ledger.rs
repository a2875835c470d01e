//! The ledger in the store: order, checkpoints, what the start finds. Requirement 41.

use std::time::Duration;

use countersign_domain::{Actor, AgentId, EntryId, RequestId, SealedEntry, Timestamp};
use countersign_store::{
    EngineOptions, LedgerState, LiveSignal, Store, StoreError, audit,
    audit::{Cursor, Filter},
    checkpoints, evidence, read_notes,
};
use countersign_vault::audit::{Frontier, Verifier};
use uuid::Uuid;

use crate::bed::{Bed, ORIGIN, append, entry, options_in, sealed, verify, write_setting};

crate::on_both_engines!(
    positions_go_on_after_a_restart,
    checkpoints_come_by_count_and_go_into_the_file,
    a_checkpoint_comes_by_time,
    a_rollback_is_found_and_can_be_acknowledged,
    an_edited_tail_is_found,
    a_fork_is_found,
    a_changed_notes_file_is_found,
    every_note_is_compared,
    pages_go_both_ways_with_filters,
    a_pruned_ledger_still_verifies_and_goes_on,
    evidence_is_kept_and_deleted_by_age,
    live_views_get_what_is_sealed_in_order,
);

fn count(store: &Store) -> usize {
    store
        .read_blocking::<_, StoreError, _>(|tx| audit::chunk(tx, 0, 1_000_000))
        .unwrap()
        .len()
}

fn append_many(store: &Store, entries: usize) {
    for number in 0..entries {
        append(store, &format!("entry.{number}"));
    }
}

fn positions_go_on_after_a_restart(bed: &Bed) {
    let mut expected = 0;
    for round in 0..4 {
        let store = bed.open();
        assert_eq!(store.ledger_state(), LedgerState::Healthy);
        append_many(&store, 7 + round);
        expected += 7 + round;
        let entries = sealed(&store, expected);
        assert_eq!(entries.len(), expected);
        verify(&store, &bed.options.vault, &entries);
        if round % 2 == 0 {
            store.close_blocking();
        } else {
            drop(store);
        }
    }
}

fn checkpoints_come_by_count_and_go_into_the_file(bed: &Bed) {
    let store = bed.open();
    append_many(&store, 200);
    let entries = sealed(&store, 200);
    store.close_blocking();
    let notes = read_notes(&bed.path("checkpoints.txt")).unwrap();
    assert!(
        notes.len() >= 2,
        "every 64 entries or soon after, and at the end: {}",
        notes.len()
    );
    let key = bed
        .options
        .vault
        .checkpoint_signer(ORIGIN)
        .unwrap()
        .key()
        .clone();
    let sizes: Vec<u64> = notes
        .iter()
        .map(|note| key.verify(note).unwrap().size)
        .collect();
    assert!(sizes.is_sorted());
    assert_eq!(sizes.last(), Some(&200));
    let mut verifier = Verifier::new().with_key(key);
    for note in &notes {
        verifier = verifier.with_checkpoint(note);
    }
    for sealed in &entries {
        verifier.push(sealed);
    }
    assert!(verifier.finish().valid);
    let store = bed.open();
    let stored = store
        .read_blocking::<_, StoreError, _>(|tx| checkpoints::after(tx, 0, 100))
        .unwrap();
    assert_eq!(
        stored
            .iter()
            .map(|checkpoint| checkpoint.size)
            .collect::<Vec<_>>(),
        sizes
    );
}

fn a_checkpoint_comes_by_time(bed: &Bed) {
    let mut options = bed.options.clone();
    options.ledger.checkpoint_interval = Duration::from_millis(100);
    let store = Store::open(&options).unwrap();
    append_many(&store, 3);
    countersign_testkit::wait_until("a checkpoint by time", Duration::from_secs(10), || {
        !read_notes(&bed.path("checkpoints.txt")).unwrap().is_empty()
    })
    .unwrap();
    std::thread::sleep(Duration::from_millis(400));
    let notes = read_notes(&bed.path("checkpoints.txt")).unwrap();
    assert!(
        notes.len() <= 3,
        "nothing new, no checkpoint: {}",
        notes.len()
    );
}

/// Removes what came after the first `keep` entries, as putting back an old copy would.
fn cut(bed: &Bed, keep: i64) {
    let store = bed.open();
    store
        .write_blocking::<_, StoreError, _>(move |tx| {
            tx.execute(
                "DELETE FROM audit_entry WHERE position >= ?1",
                &[keep.into()],
            )?;
            tx.execute("DELETE FROM checkpoint WHERE size > ?1", &[keep.into()])
        })
        .unwrap();
    if bed.url.is_some() {
        store
            .write_blocking::<_, StoreError, _>(move |tx| {
                let stored = checkpoints::last(tx)?.unwrap();
                let chain = audit::get(tx, stored.size - 1)?.unwrap().chain;
                tx.execute(
                    "UPDATE sealer_lease SET next_position = ?1, chain = ?2, frontier = ?3",
                    &[
                        stored.size.into(),
                        (&chain).into(),
                        (&stored.frontier).into(),
                    ],
                )
            })
            .unwrap();
    }
    // Ends without writing a checkpoint: there is nothing new to sign.
    std::mem::forget(store);
}

fn with_checkpoint(bed: &Bed, entries: usize) -> u64 {
    let store = bed.open();
    append_many(&store, entries);
    store.close_blocking();
    let store = bed.open();
    let size = store
        .read_blocking::<_, StoreError, _>(checkpoints::last)
        .unwrap()
        .unwrap()
        .size;
    store.close_blocking();
    size
}

fn a_rollback_is_found_and_can_be_acknowledged(bed: &Bed) {
    let size = with_checkpoint(bed, 10);
    assert_eq!(with_checkpoint(bed, 10), 20);
    cut(bed, i64::try_from(size).unwrap());
    let store = bed.open();
    assert_eq!(
        store.ledger_state(),
        LedgerState::RolledBack {
            noted_entries: 20,
            stored_entries: 10
        }
    );
    let refused = write_setting(&store, "x");
    assert!(
        matches!(
            refused,
            Err(StoreError::Ledger(LedgerState::RolledBack { .. }))
        ),
        "{refused:?}"
    );
    let before = read_notes(&bed.path("checkpoints.txt")).unwrap();
    store.close_blocking();
    assert_eq!(
        read_notes(&bed.path("checkpoints.txt")).unwrap(),
        before,
        "nothing is overwritten silently"
    );
    // It is found again at each start, until somebody takes note of it.
    let store = bed.open();
    assert!(matches!(
        store.ledger_state(),
        LedgerState::RolledBack { .. }
    ));
    assert!(matches!(
        store.acknowledge_ledger().unwrap(),
        LedgerState::RolledBack { .. }
    ));
    append_many(&store, 5);
    let entries = sealed(&store, 15);
    verify(&store, &bed.options.vault, &entries);
    store.close_blocking();
    let kept = std::fs::read_dir(bed.folder.path())
        .unwrap()
        .filter(|file| {
            let name = file.as_ref().unwrap().file_name().into_string().unwrap();
            name.starts_with("checkpoints.") && name != "checkpoints.txt"
        })
        .count();
    assert_eq!(kept, 1, "the contradicting notes are kept");
    assert_eq!(bed.open().ledger_state(), LedgerState::Healthy);
}

fn an_edited_tail_is_found(bed: &Bed) {
    with_checkpoint(bed, 10);
    let store = bed.open();
    append_many(&store, 10);
    sealed(&store, 20);
    store
        .write_blocking::<_, StoreError, _>(|tx| {
            tx.execute(
                "UPDATE audit_entry SET kind = 'harmless' WHERE position = 13",
                &[],
            )
        })
        .unwrap();
    // As after a crash: no last checkpoint that would sign what is there.
    std::mem::forget(store);
    let store = bed.open();
    assert_eq!(store.ledger_state(), LedgerState::Edited { position: 13 });
    assert!(write_setting(&store, "x").is_err());
    assert!(
        store.acknowledge_ledger().is_err(),
        "there is no sound chain to go on from"
    );
}

fn a_fork_is_found(bed: &Bed) {
    with_checkpoint(bed, 10);
    let notes = bed.path("checkpoints.txt");
    let note = std::fs::read_to_string(&notes).unwrap();
    // Another history of the same vault, a little longer.
    let other = match &bed.url {
        None => Bed::sqlite(),
        Some(_) => Bed::postgres().unwrap(),
    };
    std::fs::copy(bed.path("vault.json"), other.path("vault.json")).unwrap();
    let options = options_in(other.folder.path(), other.url.as_deref());
    let store = Store::open(&options).unwrap();
    append_many(&store, 30);
    sealed(&store, 30);
    store.close_blocking();
    std::fs::write(other.path("checkpoints.txt"), &note).unwrap();
    let store = Store::open(&options).unwrap();
    assert_eq!(
        store.ledger_state(),
        LedgerState::Forked {
            entries: 10,
            agreed: 0
        }
    );
    assert!(write_setting(&store, "x").is_err());
}

fn a_changed_notes_file_is_found(bed: &Bed) {
    with_checkpoint(bed, 10);
    let notes = bed.path("checkpoints.txt");
    let note = std::fs::read_to_string(&notes).unwrap();
    std::fs::write(&notes, note.replacen("\n10\n", "\n99\n", 1)).unwrap();
    assert_eq!(bed.open().ledger_state(), LedgerState::NotesInvalid);
    std::fs::remove_file(&notes).unwrap();
    let store = bed.open();
    match bed.options.engine {
        EngineOptions::Sqlite(_) => assert_eq!(
            store.ledger_state(),
            LedgerState::NotesMissing { stored_entries: 10 }
        ),
        EngineOptions::Postgres(_) => assert_eq!(
            store.ledger_state(),
            LedgerState::Healthy,
            "a new replica has no notes"
        ),
    }
    write_setting(&store, "goes on").unwrap();
}

/// The last note agrees, an earlier one tells of another history.
fn every_note_is_compared(bed: &Bed) {
    let other = match &bed.url {
        None => Bed::sqlite(),
        Some(_) => Bed::postgres().unwrap(),
    };
    std::fs::copy(bed.path("vault.json"), other.path("vault.json")).unwrap();
    let other_options = options_in(other.folder.path(), other.url.as_deref());
    for options in [&bed.options, &other_options] {
        for _ in 0..3 {
            let store = Store::open(options).unwrap();
            append_many(&store, 10);
            store.close_blocking();
        }
    }
    let own = read_notes(&bed.path("checkpoints.txt")).unwrap();
    let theirs = read_notes(&other.path("checkpoints.txt")).unwrap();
    assert_eq!((own.len(), theirs.len()), (3, 3));
    let write = |notes: [&String; 3]| {
        let text = notes.map(|note| format!("{note}\n")).concat();
        std::fs::write(bed.path("checkpoints.txt"), text).unwrap();
    };
    write([&own[0], &theirs[1], &own[2]]);
    let store = bed.open();
    assert_eq!(
        store.ledger_state(),
        LedgerState::Forked {
            entries: 20,
            agreed: 10
        }
    );
    assert!(write_setting(&store, "x").is_err());
    store.close_blocking();
    let foreign = own[1].replacen("\n20\n", "\n19\n", 1);
    write([&own[0], &foreign, &own[2]]);
    assert_eq!(bed.open().ledger_state(), LedgerState::NotesInvalid);
    write([&own[0], &own[1], &own[2]]);
    assert_eq!(bed.open().ledger_state(), LedgerState::Healthy);
    // What a write that failed left behind, and the next note after it.
    for cut in 1..own[1].len() {
        let Some(fragment) = own[1].get(..cut) else {
            continue;
        };
        let text = format!("{}\n{fragment}\n\n{}\n", own[0], own[2]);
        std::fs::write(bed.path("checkpoints.txt"), text).unwrap();
        if cut % 40 == 0 || cut + 3 > own[1].len() {
            assert_eq!(
                bed.open().ledger_state(),
                LedgerState::Healthy,
                "cut at {cut}"
            );
        }
        let read = read_notes(&bed.path("checkpoints.txt")).unwrap();
        assert!(
            read == [own[0].clone(), own[2].clone()] || read == own,
            "cut at {cut}: {read:?}"
        );
    }
}

fn pages_go_both_ways_with_filters(bed: &Bed) {
    let store = bed.open();
    let agent = AgentId::new(Uuid::now_v7());
    let request = RequestId::new(Uuid::now_v7());
    store
        .write_blocking::<_, StoreError, _>(move |tx| {
            for number in 0..40_i64 {
                let mut entry = entry(if number % 2 == 0 {
                    "action.intent"
                } else {
                    "config.agent.created"
                });
                entry.at = Timestamp::from_micros(1_000 + number);
                if number % 4 == 0 {
                    entry.actor = Actor::Agent(agent);
                }
                if number % 10 == 0 {
                    entry.request = Some(request);
                }
                tx.append_entry(entry)?;
            }
            Ok(())
        })
        .unwrap();
    sealed(&store, 40);
    let page = move |filter: Filter, cursor: Cursor, limit: u32| -> Vec<u64> {
        let entries: Vec<SealedEntry> = store
            .read_blocking::<_, StoreError, _>(move |tx| audit::page(tx, &filter, cursor, limit))
            .unwrap();
        entries.iter().map(|sealed| sealed.position).collect()
    };
    assert_eq!(page(Filter::default(), Cursor::Newest, 3), [39, 38, 37]);
    assert_eq!(page(Filter::default(), Cursor::Before(37), 3), [36, 35, 34]);
    assert_eq!(page(Filter::default(), Cursor::Oldest, 3), [0, 1, 2]);
    assert_eq!(page(Filter::default(), Cursor::After(2), 3), [3, 4, 5]);
    let by_kind = Filter {
        kind_prefix: Some("config.".into()),
        ..Filter::default()
    };
    assert_eq!(page(by_kind, Cursor::Oldest, 3), [1, 3, 5]);
    let wild = Filter {
        kind_prefix: Some("%".into()),
        ..Filter::default()
    };
    assert!(
        page(wild, Cursor::Oldest, 3).is_empty(),
        "a prefix is no pattern"
    );
    let by_actor = Filter {
        actor: Some(Actor::Agent(agent)),
        ..Filter::default()
    };
    assert_eq!(page(by_actor.clone(), Cursor::After(8), 2), [12, 16]);
    let combined = Filter {
        request: Some(request),
        from: Some(Timestamp::from_micros(1_010)),
        until: Some(Timestamp::from_micros(1_030)),
        ..by_actor
    };
    assert_eq!(page(combined, Cursor::Newest, 10), [20]);
}

fn a_pruned_ledger_still_verifies_and_goes_on(bed: &Bed) {
    with_checkpoint(bed, 30);
    let store = bed.open();
    append_many(&store, 20);
    sealed(&store, 50);
    let refused = store.write_blocking::<_, StoreError, _>(|tx| audit::prune(tx, 29, 100));
    assert!(refused.is_err(), "only under a checkpoint");
    let mut deleted = 0;
    loop {
        let chunk = store
            .write_blocking::<_, StoreError, _>(|tx| audit::prune(tx, 30, 7))
            .unwrap();
        deleted += chunk;
        if chunk == 0 {
            break;
        }
    }
    assert_eq!(deleted, 30);
    assert_eq!(
        store
            .read_blocking::<_, StoreError, _>(audit::extent)
            .unwrap(),
        audit::Extent {
            first: 30,
            next: 50
        }
    );
    store.close_blocking();
    let store = bed.open();
    assert_eq!(store.ledger_state(), LedgerState::Healthy);
    append_many(&store, 1);
    let (start, entries) = {
        sealed(&store, 21);
        store
            .read_blocking::<_, StoreError, _>(|tx| {
                Ok((
                    checkpoints::at(tx, 30)?.unwrap(),
                    audit::chunk(tx, 0, 1_000)?,
                ))
            })
            .unwrap()
    };
    let mut verifier = Verifier::new().with_key(
        bed.options
            .vault
            .checkpoint_signer(ORIGIN)
            .unwrap()
            .key()
            .clone(),
    );
    verifier.start_after(&start.note, Frontier::from_bytes(&start.frontier).unwrap());
    for sealed in &entries {
        verifier.push(sealed);
    }
    let report = verifier.finish();
    assert!(report.valid, "{report:?}");
    assert_eq!((report.pruned, report.entries), (30, 51));
    assert_eq!(count(&store), 21);
}

fn evidence_is_kept_and_deleted_by_age(bed: &Bed) {
    let store = bed.open();
    // Made a second apart: an id begins with the time that it was made at.
    let at = |number: i64| Timestamp::from_micros(1_000_000 * (number + 1));
    let ids: Vec<_> = (0..10)
        .map(|number| EntryId::earliest_at(at(number)))
        .collect();
    let given = ids.clone();
    store
        .write_blocking::<_, StoreError, _>(move |tx| {
            for (number, id) in given.iter().enumerate() {
                evidence::insert(tx, *id, at(number as i64), &[number as u8; 3_000])?;
            }
            Ok(())
        })
        .unwrap();
    let (first, last) = (ids[0], ids[9]);
    let body = store
        .read_blocking::<_, StoreError, _>(move |tx| evidence::get(tx, last))
        .unwrap();
    assert_eq!(body, Some(vec![9; 3_000]));
    let old = at(7);
    assert_eq!(
        store
            .write_blocking::<_, StoreError, _>(move |tx| evidence::delete_before(tx, old, 5))
            .unwrap(),
        5
    );
    assert_eq!(
        store
            .write_blocking::<_, StoreError, _>(move |tx| evidence::delete_before(tx, old, 5))
            .unwrap(),
        2
    );
    assert_eq!(
        store
            .write_blocking::<_, StoreError, _>(move |tx| evidence::delete_before(tx, old, 5))
            .unwrap(),
        0
    );
    assert_eq!(
        store
            .read_blocking::<_, StoreError, _>(move |tx| evidence::get(tx, first))
            .unwrap(),
        None
    );
    assert!(
        store
            .write_blocking::<_, StoreError, _>(move |tx| evidence::delete(tx, last))
            .unwrap()
    );
}

fn live_views_get_what_is_sealed_in_order(bed: &Bed) {
    let store = bed.open();
    append_many(&store, 3);
    sealed(&store, 3);
    let mut live = store.subscribe();
    append_many(&store, 20);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut seen = Vec::new();
    runtime.block_on(async {
        while seen.len() < 20 {
            match tokio::time::timeout(Duration::from_secs(10), live.next())
                .await
                .unwrap()
            {
                LiveSignal::Entries(entries) => {
                    // What was committed just before the subscription may still come.
                    let positions = entries.iter().map(|sealed| sealed.position);
                    seen.extend(positions.filter(|position| *position >= 3));
                }
                LiveSignal::Lagged => panic!("twenty entries are not too many"),
                LiveSignal::Closed => panic!("nobody closed it"),
            }
        }
    });
    assert_eq!(seen, (3..23).collect::<Vec<u64>>());
    store.close_blocking();
    drop(store);
    runtime.block_on(async {
        assert!(matches!(live.next().await, LiveSignal::Closed));
    });
}
