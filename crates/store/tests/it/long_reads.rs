//! Reads that may take long: each ends at its limit, together they leave a reader to others, and one that nobody waits for is not begun.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use countersign_store::{Store, StoreError, Tx};

use crate::bed::{Bed, settings, write_setting};

crate::on_both_engines!(
    a_long_read_ends_at_its_limit,
    long_reads_leave_a_reader_to_others,
    a_read_that_nobody_waits_for_is_not_begun,
);

/// One statement that would take hours.
fn count_for_hours(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.query_one(
        "WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 100000000000) SELECT COUNT(*) FROM number",
        &[],
        |row| row.u64(0),
    )
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Requirement 20: what one asks for does not take the store from others.
fn a_long_read_ends_at_its_limit(bed: &Bed) {
    let store = bed.open();
    write_setting(&store, "there").unwrap();
    let limit = Duration::from_millis(100);
    runtime().block_on(async {
        for _ in 0..3 {
            let read = store.read_within::<_, StoreError, _>(limit, count_for_hours);
            let stopped = tokio::time::timeout(Duration::from_mins(1), read).await;
            assert!(
                matches!(stopped, Ok(Err(StoreError::TooSlow))),
                "{stopped:?}"
            );
        }
        // The limit is that read's own, and many short statements add up to it.
        let many = |tx: &mut Tx<'_>| -> Result<(), StoreError> {
            loop {
                tx.query_one("SELECT 1", &[], |row| row.u64(0))?;
                std::thread::sleep(Duration::from_millis(1));
                if tx.engine() == countersign_store::Engine::Sqlite {
                    count_for_hours(tx)?;
                }
            }
        };
        let stopped = store.read_within::<(), StoreError, _>(limit, many).await;
        assert!(matches!(stopped, Err(StoreError::TooSlow)), "{stopped:?}");
    });
    assert_eq!(settings(&store), ["there"]);
}

fn long_reads_leave_a_reader_to_others(bed: &Bed) {
    let store = bed.open();
    write_setting(&store, "there").unwrap();
    runtime().block_on(async {
        let mut searches = tokio::task::JoinSet::new();
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let (end, ends) = mpsc::channel::<()>();
        let ends = Arc::new(std::sync::Mutex::new(ends));
        for _ in 0..8 {
            let (store, begun, ends) = (store.clone(), begun.clone(), Arc::clone(&ends));
            searches.spawn(async move {
                store
                    .read_within::<_, StoreError, _>(Duration::from_mins(1), move |_| {
                        let _nobody_counts = begun.send(());
                        let _over = ends.lock().unwrap().recv();
                        Ok(())
                    })
                    .await
            });
        }
        begins.recv().await.unwrap();
        // None of the searches ends before this read did.
        let read = store.read::<_, StoreError, _>(|tx| {
            let epoch = tx.epoch()?;
            Ok(epoch)
        });
        tokio::time::timeout(Duration::from_secs(20), read)
            .await
            .unwrap()
            .unwrap();
        for _ in 0..8 {
            let _all_ended = end.send(());
        }
        while let Some(search) = searches.join_next().await {
            search.unwrap().unwrap();
        }
    });
}

/// Holds every reader up until the sender goes; how many there are is found out by how many begin.
fn hold_all(store: &Store, runtime: &tokio::runtime::Runtime) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(held));
    let (begun, begins) = mpsc::channel();
    for _ in 0..16 {
        let (store, held, begun) = (store.clone(), Arc::clone(&held), begun.clone());
        runtime.spawn(async move {
            store
                .read::<_, StoreError, _>(move |_| {
                    let _nobody_counts = begun.send(());
                    let _over = held.lock().unwrap().recv();
                    Ok(())
                })
                .await
        });
    }
    while begins.recv_timeout(Duration::from_secs(1)).is_ok() {}
    release
}

fn a_read_that_nobody_waits_for_is_not_begun(bed: &Bed) {
    let store = bed.open();
    let runtime = runtime();
    let release = hold_all(&store, &runtime);
    let runs = Arc::new(AtomicU32::new(0));
    runtime.block_on(async {
        let counted = Arc::clone(&runs);
        let read = store.read::<_, StoreError, _>(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        let gone = tokio::time::timeout(Duration::from_millis(50), read).await;
        assert!(gone.is_err(), "every reader is held up");
    });
    drop(release);
    store.close_blocking();
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}
