//! Requirement 26, invariant 4: decided once, executed once, whoever comes at the same moment.

use std::time::Duration;

use countersign_testkit::{Latch, Reply};
use serde_json::json;

use crate::support::{Scene, add_approver, mapped};

/// GaiterGuard 1: parallel executes called the upstream once each.
#[test]
fn one_hundred_parallel_executes_make_one_call() {
    let scene = Scene::new();
    let latch = Latch::new();
    scene
        .upstream
        .on("/ask/x", Reply::text("charged once").held_by(&latch));
    let id = scene.approved("/ask/x", "{}");
    let statuses = std::thread::scope(|scope| {
        let all = scope.spawn(|| mapped(100, |_| scene.agent.execute(&id)));
        scene.upstream.wait_for(1, Duration::from_secs(20)).unwrap();
        // The losers need not wait for the upstream; whoever is late finds it running or done.
        std::thread::sleep(Duration::from_millis(300));
        latch.open();
        all.join().unwrap()
    });
    let won: Vec<_> = statuses
        .iter()
        .filter(|reply| reply.status == 200)
        .collect();
    assert_eq!(won.len(), 1);
    assert_eq!(won[0].text(), "charged once");
    assert!(
        statuses
            .iter()
            .all(|reply| matches!(reply.status, 200 | 409)),
        "{:?}",
        statuses
            .iter()
            .map(|reply| reply.status)
            .collect::<Vec<_>>()
    );
    assert_eq!(scene.upstream.count("/ask/x"), 1);
    scene.agent.execute(&id).expect(409);
    assert_eq!(scene.agent.status(&id).at("/result/body"), "charged once");
    assert_eq!(scene.upstream.count("/ask/x"), 1);
    let intents = scene
        .story(&id)
        .into_iter()
        .filter(|(kind, _)| kind == "action.intent")
        .count();
    assert_eq!(intents, 1);
}

#[test]
fn of_two_humans_who_decide_at_once_one_wins() {
    let scene = Scene::new();
    let bob = add_approver(&scene.gateway, "bob");
    for round in 0..12 {
        let id = scene.ask(&format!("/ask/{round}"), "{}");
        let replies = mapped(2, |who| match who {
            0 => scene
                .admin
                .post(&format!("/api/v1/approvals/{id}/approve"), &json!({})),
            _ => bob.post(
                &format!("/api/v1/approvals/{id}/deny"),
                &json!({ "reason": "no" }),
            ),
        });
        let winners: Vec<usize> = (0..2).filter(|who| replies[*who].status == 200).collect();
        assert_eq!(winners.len(), 1, "round {round}: {replies:?}");
        let loser = &replies[1 - winners[0]];
        assert_eq!(
            (loser.status, loser.at("/code")),
            (409, json!("already_decided")),
            "{}",
            loser.text()
        );
        let expected = if winners[0] == 0 {
            "approved"
        } else {
            "denied"
        };
        assert_eq!(scene.state(&id), expected);
        assert_eq!(loser.at("/detail"), format!("Request already {expected}"));
        let decided = scene
            .story(&id)
            .into_iter()
            .filter(|(kind, _)| kind == "approval.decided")
            .count();
        assert_eq!(decided, 1);
    }
}

/// Approving, cancelling, executing and killing at once: the upstream never sees more than what was approved.
#[test]
fn whatever_happens_at_once_nothing_runs_twice() {
    let scene = Scene::new();
    for round in 0..8 {
        let path = format!("/ask/{round}");
        let id = scene.ask(&path, "{}");
        mapped(12, |who| match who % 4 {
            0 => drop(scene.approve(&id)),
            1 => drop(
                scene
                    .agent
                    .api
                    .post(&format!("/api/v1/actions/{id}/cancel"), &json!({})),
            ),
            _ => drop(scene.agent.execute(&id)),
        });
        drop(scene.agent.execute(&id));
        let state = scene.state(&id);
        let calls = scene.upstream.count(&path);
        let story = scene.story(&id);
        let count = |kind: &str| story.iter().filter(|(found, _)| found == kind).count();
        assert_eq!(calls, count("action.intent"), "{story:?}");
        assert!(calls <= count("approval.decided"), "{story:?}");
        assert_eq!(state == "succeeded", calls == 1, "{state}: {story:?}");
    }
}
