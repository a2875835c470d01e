//! The ledger's use cases.

use std::time::Duration;

use countersign_gate::AuditFilter;
use countersign_store::read_notes;
use countersign_vault::audit::{Checkpoint, Verifier, verify_export};
use futures::StreamExt;

use crate::support::{TestGate, new_agent};

async fn exported(test: &TestGate) -> Vec<u8> {
    let mut lines = test.gate.export_audit(&test.owner()).await.unwrap();
    let mut all = Vec::new();
    while let Some(piece) = lines.next().await {
        all.extend_from_slice(&piece.unwrap());
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_exported_verifies_anywhere() {
    let mut test = TestGate::sqlite().await;
    for index in 0..700 {
        test.gate
            .add_agent(&test.owner(), new_agent(&format!("agent-{index}")))
            .await
            .unwrap();
    }
    // Closing makes a checkpoint.
    test.restart().await;
    let verification = test.gate.verify_audit(&test.owner()).await.unwrap();
    assert!(verification.valid, "{verification:?}");
    assert_eq!(verification.entries, test.entries().await);
    assert!(verification.checkpoint.is_some());
    let file = exported(&test).await;
    let key = test.gate.audit_key(&test.owner()).await.unwrap().unwrap();
    let report = verify_export(file.as_slice(), Verifier::new().with_key(key.clone())).unwrap();
    assert!(report.valid, "{report:?}");
    assert_eq!(report.entries, verification.entries);
    let edited = String::from_utf8(file)
        .unwrap()
        .replacen("agent-300", "agent-999", 1);
    assert!(
        !verify_export(edited.as_bytes(), Verifier::new().with_key(key))
            .unwrap()
            .valid
    );

    // Pruned under a checkpoint, the rest still verifies.
    let size = test
        .gate
        .checkpoints(&test.owner())
        .await
        .unwrap()
        .first()
        .unwrap()
        .size;
    assert_eq!(
        test.gate.prune_audit(&test.owner(), size).await.unwrap(),
        size
    );
    assert_eq!(test.entries_of("audit.pruned").await, 1);
    let verification = test.gate.verify_audit(&test.owner()).await.unwrap();
    assert!(verification.valid, "{verification:?}");
    let report = verify_export(exported(&test).await.as_slice(), Verifier::new()).unwrap();
    assert!(report.valid, "{report:?}");
    assert_eq!(
        test.gate
            .prune_audit(&test.owner(), size + 1)
            .await
            .unwrap_err()
            .code,
        "no_checkpoint"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edited_entry_is_found_and_named() {
    let test = TestGate::sqlite().await;
    for index in 0..10 {
        test.gate
            .add_agent(&test.owner(), new_agent(&format!("agent-{index}")))
            .await
            .unwrap();
    }
    let edit = |tx: &mut countersign_store::Tx<'_>| {
        tx.execute(
            "UPDATE audit_entry SET subject = 'agent:other' WHERE position = 4",
            &[],
        )
        .map(drop)
    };
    test.gate
        .workspace()
        .store
        .write::<_, countersign_store::StoreError, _>(edit)
        .await
        .unwrap();
    let verification = test.gate.verify_audit(&test.owner()).await.unwrap();
    assert_eq!(
        (verification.valid, verification.first_bad),
        (false, Some(4))
    );
    assert!(verification.reason.unwrap().contains("position 4"));
}

/// Requirement 41: every checkpoint outside of the database counts, also one that the database has no counterpart of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requirement_41_every_note_outside_is_verified() {
    let test = TestGate::sqlite().await;
    let other = TestGate::with_vault(test.vault.clone()).await;
    for (test, name) in [(&test, "one"), (&other, "other")] {
        for index in 0..4 {
            let agent = new_agent(&format!("{name}-{index}"));
            test.gate.add_agent(&test.owner(), agent).await.unwrap();
            test.gate.make_checkpoint(&test.owner()).await.unwrap();
        }
    }
    let verify = async || test.gate.verify_audit(&test.owner()).await.unwrap();
    let path = test.folder.path().join("checkpoints.txt");
    let own = read_notes(&path).unwrap();
    let theirs = read_notes(&other.folder.path().join("checkpoints.txt")).unwrap();
    let clean = verify().await;
    assert!(clean.valid && own.len() >= 4, "{clean:?}");
    let size = Checkpoint::parse_unverified(&own[1]).unwrap().size;
    assert_eq!(Checkpoint::parse_unverified(&theirs[1]).unwrap().size, size);
    // Somebody took the counterpart away: what is held against the entries is the note.
    for takes_away in [false, true] {
        if takes_away {
            let take_away = move |tx: &mut countersign_store::Tx<'_>| {
                tx.execute("DELETE FROM checkpoint WHERE size = ?1", &[size.into()])
            };
            let store = &test.gate.workspace().store;
            store
                .write::<_, countersign_store::StoreError, _>(take_away)
                .await
                .unwrap();
        }
        for (second, is_valid) in [(&own[1], true), (&theirs[1], false), (&own[1], true)] {
            let notes = [&own[0], second, &own[2], &own[3]];
            let text = notes.map(|note| format!("{note}\n")).concat();
            std::fs::write(&path, text).unwrap();
            let found = verify().await;
            assert_eq!(found.valid, is_valid, "{takes_away}: {found:?}");
            if !is_valid {
                assert!(
                    found.first_bad.is_some_and(|first| first < size),
                    "{found:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_go_both_ways() {
    let test = TestGate::sqlite().await;
    for index in 0..5 {
        test.gate
            .add_agent(&test.owner(), new_agent(&format!("agent-{index}")))
            .await
            .unwrap();
    }
    let page = |filter: AuditFilter| async {
        test.gate
            .audit_entries(&test.owner(), filter)
            .await
            .unwrap()
    };
    let newest = page(AuditFilter {
        limit: Some(2),
        ..AuditFilter::default()
    })
    .await;
    assert_eq!(
        (newest.items[0].position, newest.next.as_deref()),
        (5, Some("4"))
    );
    let older = page(AuditFilter {
        before: Some(4),
        limit: Some(10),
        ..AuditFilter::default()
    })
    .await;
    assert_eq!((older.items.len(), older.next), (4, None));
    let after = page(AuditFilter {
        after: Some(3),
        ..AuditFilter::default()
    })
    .await;
    assert_eq!(
        after
            .items
            .iter()
            .map(|sealed| sealed.position)
            .collect::<Vec<_>>(),
        [4, 5]
    );
    let kinds = page(AuditFilter {
        kind: Some("config.agent.".into()),
        ..AuditFilter::default()
    })
    .await;
    assert_eq!(kinds.items.len(), 5);
}

async fn follows(test: TestGate) {
    let owner = test.owner();
    test.gate
        .add_agent(&owner, new_agent("before"))
        .await
        .unwrap();
    // On PostgreSQL positions come a little later.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut from_start = test.gate.subscribe(&owner, Some(0)).await.unwrap();
    let mut from_now = test.gate.subscribe(&owner, None).await.unwrap();
    for index in 0..30 {
        test.gate
            .add_agent(&owner, new_agent(&format!("agent-{index}")))
            .await
            .unwrap();
    }
    let patience = Duration::from_secs(10);
    for position in 1..=31 {
        let sealed = tokio::time::timeout(patience, from_start.next())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(sealed.position, position);
    }
    for position in 2..=31 {
        let sealed = tokio::time::timeout(patience, from_now.next())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(sealed.position, position);
    }
    test.gate.shutdown().await;
    test.gate.workspace().store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_misses_nothing_and_gets_nothing_twice() {
    follows(TestGate::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_misses_nothing_on_postgresql() {
    if let Some(test) = TestGate::postgres().await {
        follows(test).await;
    }
}

async fn makes_checkpoints(test: TestGate) {
    let key = test.agent("one").await;
    let refused = test.gate.make_checkpoint(&test.by_key(&key)).await;
    assert_eq!(refused.unwrap_err().code, "forbidden");
    for round in 1..=3 {
        let made = test.gate.make_checkpoint(&test.owner()).await.unwrap();
        assert_eq!(
            test.entries_of("audit.checkpoint_requested").await,
            round,
            "each has its entry"
        );
        assert!(made.size >= round);
        assert_eq!(
            test.gate.checkpoints(&test.owner()).await.unwrap().first(),
            Some(&made)
        );
    }
    assert!(test.gate.verify_audit(&test.owner()).await.unwrap().valid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_can_be_asked_for() {
    makes_checkpoints(TestGate::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_can_be_asked_for_on_postgresql() {
    if let Some(test) = TestGate::postgres().await {
        makes_checkpoints(test).await;
    }
}
