//! Units of work: isolation, order, errors, values.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use countersign_store::{Arg, Engine, Store, StoreError};

use crate::bed::{Bed, append, entry, epoch, put, sealed, settings, verify, write_setting};

crate::on_both_engines!(
    a_failing_unit_takes_nobody_with_it,
    a_panic_stays_in_its_unit,
    a_unit_whose_statement_failed_never_commits,
    the_own_error_of_a_unit_comes_back,
    values_come_back_as_they_went_in,
    reads_cannot_write,
    the_epoch_rises_with_its_unit,
    many_callers_are_all_answered,
    a_closed_store_refuses_and_keeps_everything,
    a_unit_that_was_submitted_runs_without_anybody_waiting,
    two_writers_of_one_row_lose_no_update,
    a_full_queue_refuses_in_time,
);

#[derive(Debug, PartialEq)]
enum Own {
    Refused,
    Store(String),
}

impl From<StoreError> for Own {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Runs the closures so that on SQLite they share a batch: the writer is held up until all are in the queue.
fn together(
    store: &Store,
    units: usize,
    unit: impl Fn(&mut countersign_store::Tx<'_>, usize) -> Result<(), Own> + Send + Clone + 'static,
) -> Vec<Result<(), Own>> {
    let gate = Arc::new(std::sync::Barrier::new(2));
    let waiting = Arc::clone(&gate);
    let mut held = false;
    let blocker = store.submit_write::<(), StoreError, _>(move |_| {
        if !held {
            held = true;
            waiting.wait();
        }
        Ok(())
    });
    let handles: Vec<_> = (0..units)
        .map(|number| {
            let unit = unit.clone();
            store.submit_write::<(), Own, _>(move |tx| unit(tx, number))
        })
        .collect();
    gate.wait();
    blocker.wait_blocking().unwrap();
    handles
        .into_iter()
        .map(countersign_store::WriteHandle::wait_blocking)
        .collect()
}

fn a_failing_unit_takes_nobody_with_it(bed: &Bed) {
    let store = bed.open();
    let before = store.stats();
    let results = together(&store, 20, |tx, number| {
        put(tx, &format!("{number:02}"))?;
        tx.append_entry(entry(&format!("unit.{number}")))?;
        if number % 5 == 3 {
            Err(Own::Refused)
        } else {
            Ok(())
        }
    });
    for (number, result) in results.iter().enumerate() {
        assert_eq!(
            *result,
            if number % 5 == 3 {
                Err(Own::Refused)
            } else {
                Ok(())
            }
        );
    }
    let expected: Vec<String> = (0..20)
        .filter(|number| number % 5 != 3)
        .map(|number| format!("{number:02}"))
        .collect();
    assert_eq!(settings(&store), expected);
    let entries = sealed(&store, 16);
    assert_eq!(
        entries.len(),
        16,
        "the entry of a refused unit is not in the ledger"
    );
    verify(&store, &bed.options.vault, &entries);
    if store.engine() == Engine::Sqlite {
        let after = store.stats();
        assert_eq!(after.reruns, 1, "one batch was run again");
        assert!(
            after.batches - before.batches <= 3,
            "they shared a commit: {after:?}"
        );
        let kinds: Vec<_> = entries
            .iter()
            .map(|sealed| sealed.entry.kind.clone())
            .collect();
        let expected: Vec<_> = (0..20)
            .filter(|number| number % 5 != 3)
            .map(|number| format!("unit.{number}"))
            .collect();
        assert_eq!(kinds, expected, "positions follow the order of the units");
    }
    store.close_blocking();
}

fn a_panic_stays_in_its_unit(bed: &Bed) {
    let store = bed.open();
    let results = together(&store, 6, |tx, number| {
        put(tx, &format!("{number}"))?;
        assert!(number != 2, "number two");
        Ok(())
    });
    for (number, result) in results.iter().enumerate() {
        match result {
            Ok(()) => assert_ne!(number, 2),
            Err(Own::Store(text)) => assert!(number == 2 && text.contains("number two"), "{text}"),
            Err(Own::Refused) => panic!("nobody refused"),
        }
    }
    assert_eq!(settings(&store), ["0", "1", "3", "4", "5"]);
    write_setting(&store, "later").unwrap();
    assert!(store.failure().is_none());
}

fn a_unit_whose_statement_failed_never_commits(bed: &Bed) {
    let store = bed.open();
    write_setting(&store, "there").unwrap();
    let error = store
        .write_blocking::<(), StoreError, _>(|tx| {
            put(tx, "before")?;
            // The closure goes on as if nothing had happened.
            let duplicate = put(tx, "there");
            assert!(
                matches!(duplicate, Err(StoreError::Duplicate { .. })),
                "{duplicate:?}"
            );
            Ok(())
        })
        .unwrap_err();
    assert!(
        matches!(&error, StoreError::Aborted { first } if matches!(**first, StoreError::Duplicate { .. })),
        "{error}"
    );
    assert_eq!(settings(&store), ["there"]);
    let error = store
        .write_blocking::<(), StoreError, _>(|tx| {
            tx.execute("INSERT INTO setting (name) VALUES (?1)", &["x".into()])
                .map(drop)
        })
        .unwrap_err();
    assert!(matches!(error, StoreError::Constraint { .. }), "{error}");
    let error = store
        .write_blocking::<(), StoreError, _>(|tx| {
            tx.execute("NONSENSE ?1", &["canary".into()]).map(drop)
        })
        .unwrap_err();
    assert!(
        error.to_string().contains("NONSENSE") && !error.to_string().contains("canary"),
        "{error}"
    );
}

fn the_own_error_of_a_unit_comes_back(bed: &Bed) {
    let store = bed.open();
    write_setting(&store, "there").unwrap();
    let result = store.write_blocking::<(), Own, _>(|tx| match put(tx, "there") {
        Err(StoreError::Duplicate { .. }) => Err(Own::Refused),
        other => Ok(other?),
    });
    assert_eq!(result, Err(Own::Refused));
    let missing = store.read_blocking::<i64, StoreError, _>(|tx| {
        tx.query_one(
            "SELECT 1 FROM setting WHERE name = ?1",
            &["no".into()],
            |row| row.i64(0),
        )
    });
    assert!(matches!(missing, Err(StoreError::NoRow { .. })));
    // That a row is absent does not spoil the unit.
    store
        .write_blocking::<(), StoreError, _>(|tx| {
            let missing = tx.query_one(
                "SELECT 1 FROM setting WHERE name = ?1",
                &["no".into()],
                |_| Ok(()),
            );
            assert!(missing.is_err());
            put(tx, "no")
        })
        .unwrap();
    assert_eq!(settings(&store), ["no", "there"]);
}

fn values_come_back_as_they_went_in(bed: &Bed) {
    let store = bed.open();
    let blob: Vec<u8> = (0..=255).collect();
    let expected = blob.clone();
    store
        .write_blocking::<(), StoreError, _>(move |tx| {
            tx.execute(
                "INSERT INTO setting (name, value) VALUES (?1, ?2)",
                &["ä'?1\"".into(), r#"{"a": [1, null]}"#.into()],
            )?;
            tx.execute(
                "INSERT INTO evidence (entry_id, at, sealed) VALUES (?1, ?2, ?3)",
                &[Arg::Blob(&[7; 16]), i64::MIN.into(), (&blob).into()],
            )?;
            Ok(())
        })
        .unwrap();
    store
        .read_blocking::<(), StoreError, _>(move |tx| {
            let name = tx.query_one("SELECT name, value FROM setting", &[], |row| {
                assert!(row.text(1)?.contains("null"));
                assert!(
                    matches!(row.i64(0), Err(StoreError::Column { index: 0, .. })),
                    "a text is no number"
                );
                assert!(matches!(row.blob(0), Err(StoreError::Column { .. })));
                row.text(0).map(str::to_owned)
            })?;
            assert_eq!(name, "ä'?1\"");
            tx.query_one(
                "SELECT entry_id, at, sealed, NULL, at + 1 FROM evidence WHERE at < ?1",
                &[0_i64.into()],
                |row| {
                    assert_eq!(row.bytes::<16>(0)?, [7; 16]);
                    assert!(matches!(row.bytes::<15>(0), Err(StoreError::Column { .. })));
                    assert_eq!(row.i64(1)?, i64::MIN);
                    assert!(
                        matches!(row.u64(1), Err(StoreError::Column { .. })),
                        "not negative"
                    );
                    assert_eq!(row.blob(2)?, expected);
                    assert!(row.i64(9).is_err(), "no such column");
                    Ok(())
                },
            )
        })
        .unwrap();
    let wrong = store.write_blocking::<(), StoreError, _>(|tx| {
        tx.execute(
            "INSERT INTO setting (name, value) VALUES (?1, ?2)",
            &["one".into()],
        )
        .map(drop)
    });
    assert!(wrong.is_err(), "too few parameters are refused");
}

fn reads_cannot_write(bed: &Bed) {
    let store = bed.open();
    let refused = store.read_blocking::<(), StoreError, _>(|tx| put(tx, "x"));
    assert!(matches!(refused, Err(StoreError::WriteInRead)));
    let refused = store.read_blocking::<(), StoreError, _>(|tx| tx.append_entry(entry("x")));
    assert!(matches!(refused, Err(StoreError::WriteInRead)));
    // The engine refuses it too.
    let refused = store.read_blocking::<_, StoreError, _>(|tx| {
        tx.query(
            "INSERT INTO setting (name, value) VALUES ('x', '1') RETURNING name",
            &[],
            |_| Ok(()),
        )
    });
    assert!(refused.is_err());
    assert!(settings(&store).is_empty());
}

fn the_epoch_rises_with_its_unit(bed: &Bed) {
    let store = bed.open();
    let start = store.read_blocking::<_, StoreError, _>(epoch).unwrap();
    let results = together(&store, 6, move |tx, number| {
        let before = tx.epoch()?;
        put(tx, &format!("{number}"))?;
        let after = tx.bump_epoch()?;
        assert!(after > before);
        assert_eq!(tx.epoch()?, after);
        if number % 2 == 0 {
            Err(Own::Refused)
        } else {
            Ok(())
        }
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    assert_eq!(
        store.read_blocking::<_, StoreError, _>(epoch).unwrap(),
        start + 3
    );
    assert_eq!(
        store.write_blocking::<_, StoreError, _>(epoch).unwrap(),
        start + 3
    );
    if store.engine() == Engine::Sqlite {
        assert_eq!(*store.watch_epoch().borrow(), start + 3);
    }
    store.close_blocking();
    assert_eq!(
        bed.open().read_blocking::<_, StoreError, _>(epoch).unwrap(),
        start + 3
    );
}

fn many_callers_are_all_answered(bed: &Bed) {
    let store = bed.open();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..50 {
            let store = store.clone();
            tasks.spawn(async move {
                for number in 0..10 {
                    let name = format!("{task}-{number}");
                    store
                        .write::<_, StoreError, _>(move |tx| {
                            put(tx, &name)?;
                            tx.append_entry(entry("many"))
                        })
                        .await
                        .unwrap();
                }
            });
        }
        while let Some(result) = tasks.join_next().await {
            result.unwrap();
        }
    });
    assert_eq!(settings(&store).len(), 500);
    let entries = sealed(&store, 500);
    assert_eq!(entries.len(), 500);
    verify(&store, &bed.options.vault, &entries);
    if store.engine() == Engine::Sqlite {
        let stats = store.stats();
        assert!(
            stats.batches < stats.units,
            "units share commits: {stats:?}"
        );
    }
    runtime.block_on(store.close());
}

fn a_closed_store_refuses_and_keeps_everything(bed: &Bed) {
    let store = bed.open();
    for number in 0..10 {
        append(&store, &format!("kept.{number}"));
    }
    store.close_blocking();
    assert!(matches!(
        write_setting(&store, "late"),
        Err(StoreError::Closed)
    ));
    assert!(matches!(
        store.read_blocking::<_, StoreError, _>(epoch),
        Err(StoreError::Closed)
    ));
    let store = bed.open();
    let entries = sealed(&store, 10);
    verify(&store, &bed.options.vault, &entries);
    let last = store
        .read_blocking::<_, StoreError, _>(countersign_store::checkpoints::last)
        .unwrap()
        .unwrap();
    assert_eq!(last.size, 10, "a clean end leaves a checkpoint");
}

fn a_unit_that_was_submitted_runs_without_anybody_waiting(bed: &Bed) {
    let store = bed.open();
    drop(store.submit_write::<(), StoreError, _>(|tx| put(tx, "guard")));
    store.close_blocking();
    assert_eq!(settings(&bed.open()), ["guard"]);
}

fn two_writers_of_one_row_lose_no_update(bed: &Bed) {
    let store = bed.open();
    store
        .write_blocking::<_, StoreError, _>(|tx| {
            tx.execute(
                "INSERT INTO evidence (entry_id, at, sealed) VALUES (?1, 0, ?1)",
                &[Arg::Blob(&[1; 16])],
            )
        })
        .unwrap();
    let winners = Arc::new(AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let (store, winners) = (&store, Arc::clone(&winners));
            scope.spawn(move || {
                for from in 0..20_i64 {
                    let won = store
                        .write_blocking::<_, StoreError, _>(move |tx| {
                            tx.execute_one(
                                "UPDATE evidence SET at = at + 1 WHERE at = ?1",
                                &[from.into()],
                            )
                        })
                        .unwrap();
                    winners.fetch_add(u32::from(won), Ordering::Relaxed);
                }
            });
        }
    });
    let at = store
        .read_blocking::<_, StoreError, _>(|tx| {
            tx.query_one("SELECT at FROM evidence", &[], |row| row.u32(0))
        })
        .unwrap();
    assert_eq!(
        at,
        winners.load(Ordering::Relaxed),
        "each compare-and-set is won once"
    );
}

fn a_full_queue_refuses_in_time(bed: &Bed) {
    let mut options = bed.options.clone();
    options.queue_units = 4;
    options.queue_patience = std::time::Duration::from_millis(50);
    let store = Store::open(&options).unwrap();
    let gate = Arc::new(std::sync::Barrier::new(5));
    // As many as there are workers, so that nothing is taken out of the queue.
    let workers = if store.engine() == Engine::Sqlite {
        1
    } else {
        4
    };
    let gate = if workers == 1 {
        Arc::new(std::sync::Barrier::new(2))
    } else {
        gate
    };
    let blockers: Vec<_> = (0..workers)
        .map(|_| {
            let gate = Arc::clone(&gate);
            let (started, begun) = std::sync::mpsc::channel();
            let handle = store.submit_write::<(), StoreError, _>(move |_| {
                let _nobody_waits = started.send(());
                gate.wait();
                Ok(())
            });
            begun.recv().unwrap();
            handle
        })
        .collect();
    let waiting: Vec<_> = (0..4)
        .map(|number| {
            store.submit_write::<(), StoreError, _>(move |tx| put(tx, &format!("{number}")))
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let refused = runtime.block_on(store.write::<(), StoreError, _>(|tx| put(tx, "no place")));
    assert!(
        matches!(refused, Err(StoreError::Busy { .. })),
        "{refused:?}"
    );
    let guard = store.submit_write::<(), StoreError, _>(|tx| put(tx, "reserve"));
    gate.wait();
    for handle in blockers.into_iter().chain(waiting) {
        handle.wait_blocking().unwrap();
    }
    guard.wait_blocking().unwrap();
    assert_eq!(settings(&store), ["0", "1", "2", "3", "reserve"]);
}
