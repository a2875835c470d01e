//! The pipeline's promises, one by one.

use std::time::Duration;

use bytes::Bytes;
use countersign_domain::{GrantVerdict, RequestId, RequestState, VoteKind};
use countersign_gate::{
    KillTarget, ReplyBody, RequestFilter, RuleDraft, SettingsChange, Submission, TargetChange,
};
use futures::{StreamExt, future::join_all};
use serde_json::json;

use crate::{
    fake::Act,
    stage::{SECRET, Stage, draft, grant, replied, set_credential, whole},
};

fn kill_target(scope: &str, name: Option<&str>) -> KillTarget {
    serde_json::from_value(json!({ "scope": scope, "name": name, "reason": "test" })).unwrap()
}

#[tokio::test]
async fn an_allowed_read_has_one_entry_and_its_answer() {
    let stage = Stage::new().await;
    let reply = replied(stage.submit("GET /charges/1").await.unwrap());
    let id = reply.request;
    assert_eq!(
        (reply.status, whole(reply.body).await.unwrap()),
        (200, Bytes::from_static(b"ok"))
    );
    assert_eq!(stage.story(id).await, ["action.executed"]);
    assert_eq!(stage.state(id).await, "succeeded");
    assert_eq!(stage.fake.seen()[0].0, "GET /charges/1");
}

/// Invariant 5: a write has its intent before and its outcome after.
#[tokio::test]
async fn an_allowed_write_has_intent_and_outcome() {
    let stage = Stage::new().await;
    stage
        .fake
        .then(Act::Reply(422, vec![Bytes::from_static(b"no")]));
    let reply = replied(stage.submit("PUT /charges/1").await.unwrap());
    assert_eq!(reply.status, 422);
    assert_eq!(
        stage.story(reply.request).await,
        ["action.intent", "action.outcome"]
    );
    let detail = stage.detail(reply.request).await;
    assert_eq!(detail.view.request.state, RequestState::Failed);
    assert_eq!(detail.view.request.outcome.as_deref(), Some("http_422"));
    assert_eq!(
        detail.payload.unwrap().body,
        Bytes::from_static(br#"{"amount":500}"#)
    );
}

/// Invariant 2: deny by default, recorded, nothing executed.
#[tokio::test]
async fn what_is_denied_is_recorded_and_never_runs() {
    let stage = Stage::new().await;
    for action in ["DELETE /charges/1", "PATCH /charges/1"] {
        let Submission::Denied(view) = stage.submit(action).await.unwrap() else {
            panic!("{action} was not denied")
        };
        assert_eq!(stage.story(view.request.id).await, ["action.denied"]);
        assert_eq!(stage.state(view.request.id).await, "denied");
    }
    assert_eq!(stage.fake.calls(), 0);
}

#[tokio::test]
async fn an_ask_runs_once_after_a_human_said_so() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    assert_eq!(
        stage
            .gate
            .execute(&stage.agent(), id)
            .await
            .unwrap_err()
            .code,
        "not_approved"
    );
    assert_eq!(stage.fake.calls(), 0);
    stage.approve(id).await.unwrap();
    let reply = stage.gate.execute(&stage.agent(), id).await.unwrap();
    assert_eq!(whole(reply.body).await.unwrap(), Bytes::from_static(b"ok"));
    assert_eq!(
        stage.fake.seen(),
        [(
            "POST /charges".to_owned(),
            Bytes::from_static(br#"{"amount":500}"#)
        )]
    );
    let again = stage.gate.execute(&stage.agent(), id).await.unwrap_err();
    assert_eq!((again.code, again.request), ("not_approved", Some(id)));
    assert_eq!(
        stage.story(id).await,
        [
            "action.asked",
            "approval.decided",
            "action.intent",
            "action.outcome"
        ]
    );
    assert_eq!(
        stage.detail(id).await.result.unwrap().body,
        Bytes::from_static(b"ok")
    );
}

/// Requirement 28 and AgentGate's hole: an agent decides nothing, whatever its key says; another's request is not there for it.
#[tokio::test]
async fn an_agent_never_decides_and_never_sees_anothers_request() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let decided = stage
        .gate
        .decide(&stage.agent(), id, VoteKind::Approve, String::new())
        .await;
    assert_eq!(decided.unwrap_err().code, "forbidden");
    let other = serde_json::from_value(json!({ "name": "other" })).unwrap();
    let (_, key) = stage.gate.add_agent(&stage.owner(), other).await.unwrap();
    let principal = stage.gate.identify_key(key.secret.expose()).unwrap();
    let other = countersign_gate::OpCx {
        principal,
        ..stage.agent()
    };
    assert_eq!(
        stage.gate.request(&other, id).await.unwrap_err().code,
        "not_found"
    );
    assert_eq!(
        stage.gate.execute(&other, id).await.unwrap_err().code,
        "not_found"
    );
    assert!(
        stage
            .gate
            .requests(&other, RequestFilter::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    // A target that it has no grant on is not there for it either.
    assert_eq!(
        stage
            .gate
            .submit(&other, draft("GET /charges/1"))
            .await
            .unwrap_err()
            .code,
        "no_target"
    );
    assert_eq!(stage.state(id).await, "pending");
}

/// Requirement 26.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_parallel_executes_reach_the_target_once() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.approve(id).await.unwrap();
    stage.fake.then(Act::Slow(Duration::from_millis(50)));
    let agent = stage.agent();
    let results = join_all((0..100).map(|_| stage.gate.execute(&agent, id))).await;
    let won = results.iter().filter(|result| result.is_ok()).count();
    let refused = results
        .iter()
        .filter(|result| matches!(result, Err(error) if error.code == "not_approved"))
        .count();
    assert_eq!((won, refused, stage.fake.calls()), (1, 99, 1));
}

/// Requirement 26: decided once.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_decide_at_once_one_wins() {
    for _ in 0..20 {
        let stage = Stage::new().await;
        let id = stage.ask().await;
        let owner = stage.owner();
        let (yes, no) = tokio::join!(
            stage
                .gate
                .decide(&owner, id, VoteKind::Approve, String::new()),
            stage.gate.decide(&owner, id, VoteKind::Deny, String::new()),
        );
        assert!(yes.is_ok() != no.is_ok(), "{yes:?} {no:?}");
        let lost = yes.err().or_else(|| no.err()).unwrap();
        assert_eq!(lost.code, "already_decided");
        assert!(lost.to_string().starts_with("Request already "), "{lost}");
    }
}

/// AgentGate's hole: an expired request could still be approved. Row W9: what is approved and not executed expires.
#[tokio::test]
async fn deadlines_end_what_waits() {
    let stage = Stage::new().await;
    let (asked, approved) = (stage.ask().await, stage.ask().await);
    stage.approve(approved).await.unwrap();
    stage.clock.advance(Duration::from_secs(3_601));
    let late = stage
        .gate
        .execute(&stage.agent(), approved)
        .await
        .unwrap_err();
    assert_eq!(late.code, "expired");
    stage.clock.advance(Duration::from_hours(24));
    assert_eq!(stage.approve(asked).await.unwrap_err().code, "expired");
    assert_eq!(stage.state(asked).await, "expired");
    assert_eq!(stage.state(approved).await, "expired");
    assert_eq!(stage.fake.calls(), 0);
}

#[tokio::test]
async fn deadlines_pass_by_themselves() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.clock.advance(Duration::from_hours(25));
    // The list does not expire anything by being looked at.
    for _ in 0..300 {
        let page = stage
            .gate
            .requests(&stage.owner(), RequestFilter::default())
            .await
            .unwrap();
        if page.items[0].request.state == RequestState::Expired {
            assert_eq!(stage.story(id).await, ["action.asked", "action.expired"]);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the deadline passed and nothing happened");
}

/// Requirement 25: whatever the approver saw and that changes makes the approval stale, before and after it was given.
#[tokio::test]
async fn drift_makes_an_approval_stale() {
    for change in ["config", "network", "credential", "agent_removed"] {
        for approve_first in [false, true] {
            let stage = Stage::new().await;
            let id = stage.ask().await;
            if approve_first {
                stage.approve(id).await.unwrap();
            }
            let owner = stage.owner();
            let update =
                |change: TargetChange| stage.gate.update_target(&owner, "payments", change);
            match change {
                "config" => drop(
                    update(
                        serde_json::from_value(json!({ "config": { "base_url": "fake://evil" } }))
                            .unwrap(),
                    )
                    .await
                    .unwrap(),
                ),
                "network" => drop(
                    update(
                        serde_json::from_value(json!({ "allow_private_network": true })).unwrap(),
                    )
                    .await
                    .unwrap(),
                ),
                "credential" => set_credential(&stage.gate, &owner, "another-secret").await,
                _ => stage.gate.remove_agent(&owner, "demo").await.unwrap(),
            }
            let refused = if approve_first {
                stage.gate.execute(&owner, id).await.map(drop)
            } else {
                stage.approve(id).await.map(drop)
            }
            .unwrap_err();
            let expected: &[&str] = if change == "agent_removed" {
                &["already_decided", "not_approved", "stale"]
            } else {
                &["stale"]
            };
            assert!(
                expected.contains(&refused.code),
                "{change}, approved: {approve_first}: {refused:?}"
            );
            assert!(
                matches!(stage.state(id).await, "stale" | "cancelled" | "revoked"),
                "{change}"
            );
            assert_eq!(stage.fake.calls(), 0, "{change}");
        }
    }
}

/// A credential that is set again to the same value is still another one: the operator replaced it.
#[tokio::test]
async fn what_does_not_concern_the_request_leaves_it_alone() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.approve(id).await.unwrap();
    grant(
        &stage.gate,
        &stage.owner(),
        "GET /elsewhere",
        GrantVerdict::Allow,
    )
    .await;
    let change = serde_json::from_value(json!({ "labels": { "team": "billing" } })).unwrap();
    stage
        .gate
        .update_target(&stage.owner(), "payments", change)
        .await
        .unwrap();
    assert_eq!(
        stage.gate.execute(&stage.agent(), id).await.unwrap().status,
        200
    );
}

/// Revalidation (b): a deny that came after the approval revokes it; a grant that now allows does not.
#[tokio::test]
async fn a_later_deny_revokes_an_approval() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.approve(id).await.unwrap();
    let rule: RuleDraft = serde_json::from_value(json!({
        "name": "no-charges", "kind": "guard", "match": { "action": ["POST /charges"] }, "verdict": "deny", "reason": "frozen"
    }))
    .unwrap();
    stage.gate.add_rule(&stage.owner(), rule).await.unwrap();
    let refused = stage.gate.execute(&stage.agent(), id).await.unwrap_err();
    assert_eq!(refused.code, "revoked");
    assert!(refused.to_string().contains("frozen"), "{refused}");
    assert_eq!(
        stage.story(id).await,
        ["action.asked", "approval.decided", "action.revoked"]
    );
    assert_eq!(stage.fake.calls(), 0);
}

#[tokio::test]
async fn by_policy_asks_for_writes_unless_a_rule_allows() {
    let stage = Stage::new().await;
    assert!(matches!(
        stage.submit("POST /rules/a").await.unwrap(),
        Submission::Pending(_)
    ));
    let rule: RuleDraft = serde_json::from_value(json!({
        "name": "small", "match": { "input": { "body.amount": { "lte": 500 } } }, "verdict": "allow"
    }))
    .unwrap();
    stage.gate.add_rule(&stage.owner(), rule).await.unwrap();
    assert!(matches!(
        stage.submit("POST /rules/a").await.unwrap(),
        Submission::Replied(_)
    ));
}

/// Row W8 and GaiterGuard's holes: the first outcome again, a mismatch refused, one approval per key.
#[tokio::test]
async fn an_idempotency_key_gives_the_first_outcome_again() {
    let stage = Stage::new().await;
    let keyed = |action: &str, key: &str| countersign_gate::ActionDraft {
        idempotency_key: Some(key.into()),
        ..draft(action)
    };
    let submit = |action: &'static str, key: &'static str| {
        stage.gate.submit(&stage.agent, keyed(action, key))
    };
    for action in ["GET /charges/1", "PUT /charges/1"] {
        let key = if action.starts_with("GET") {
            "read"
        } else {
            "write"
        };
        let before = stage.fake.calls();
        stage
            .fake
            .then(Act::Reply(201, vec![Bytes::from_static(b"first")]));
        let first = replied(submit(action, key).await.unwrap());
        let again = replied(submit(action, key).await.unwrap());
        assert_eq!(
            (again.request, again.status, again.is_replay),
            (first.request, 201, true)
        );
        assert_eq!(
            whole(again.body).await.unwrap(),
            Bytes::from_static(b"first")
        );
        assert_eq!(stage.fake.calls() - before, 1, "{action}");
    }
    let mut other = keyed("PUT /charges/1", "write");
    other.body = Bytes::from_static(b"{}");
    assert_eq!(
        stage
            .gate
            .submit(&stage.agent, other)
            .await
            .unwrap_err()
            .code,
        "idempotency_mismatch"
    );
    let (Submission::Pending(one), Submission::Pending(two)) = (
        submit("POST /charges", "ask").await.unwrap(),
        submit("POST /charges", "ask").await.unwrap(),
    ) else {
        panic!("both should wait")
    };
    assert_eq!(one.request.id, two.request.id);
}

#[tokio::test]
async fn a_key_in_flight_conflicts_and_says_when_to_come_back() {
    let stage = Stage::new().await;
    stage.fake.then(Act::Slow(Duration::from_millis(300)));
    let keyed = countersign_gate::ActionDraft {
        idempotency_key: Some("k".into()),
        ..draft("PUT /charges/1")
    };
    let (first, second) = tokio::join!(stage.gate.submit(&stage.agent, keyed.clone()), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stage.gate.submit(&stage.agent, keyed.clone()).await
    });
    assert!(first.is_ok());
    let second = second.unwrap_err();
    assert_eq!(second.code, "in_flight");
    assert!(second.retry_after.is_some());
    assert_eq!(stage.fake.calls(), 1);
}

#[tokio::test]
async fn a_result_that_is_too_long_to_keep_is_never_run_again_for_its_answer() {
    let stage = Stage::new().await;
    stage.fake.then(Act::Reply(
        200,
        vec![Bytes::from(vec![b'x'; 1 << 20]), Bytes::from_static(b"x")],
    ));
    let keyed = countersign_gate::ActionDraft {
        idempotency_key: Some("k".into()),
        ..draft("PUT /charges/1")
    };
    let first = replied(
        stage
            .gate
            .submit(&stage.agent, keyed.clone())
            .await
            .unwrap(),
    );
    let id = first.request;
    assert_eq!(whole(first.body).await.unwrap().len(), (1 << 20) + 1);
    let again = stage.gate.submit(&stage.agent, keyed).await.unwrap_err();
    assert_eq!(
        (again.code, again.request, stage.fake.calls()),
        ("result_not_kept", Some(id), 1)
    );
}

/// Requirement 31: what runs stops within a second, what waits ends, what comes is refused.
#[tokio::test(flavor = "multi_thread")]
async fn the_kill_switch_stops_what_runs_and_what_waits() {
    for (scope, name) in [
        ("agent", Some("demo")),
        ("target", Some("payments")),
        ("all", None),
    ] {
        let stage = Stage::new().await;
        let (pending, approved) = (stage.ask().await, stage.ask().await);
        stage.approve(approved).await.unwrap();
        for act in [Act::HangUnsent, Act::HangSent] {
            stage.fake.then(act);
        }
        let (gate, cx) = (stage.gate.clone(), stage.agent());
        let hanging = tokio::spawn(async move {
            let one = gate.submit(&cx, draft("PUT /unsent"));
            let two = async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                gate.submit(&cx, draft("PUT /sent")).await
            };
            tokio::join!(one, two)
        });
        while stage.fake.calls() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stage
            .gate
            .kill(&stage.owner(), kill_target(scope, name))
            .await
            .unwrap();
        let (unsent, sent) = tokio::time::timeout(Duration::from_secs(1), hanging)
            .await
            .expect("stopped within a second")
            .unwrap();
        for (result, state) in [(unsent, "revoked"), (sent, "unknown")] {
            let error = result.unwrap_err();
            assert_eq!(error.code, "killed", "{scope}");
            assert_eq!(stage.state(error.request.unwrap()).await, state, "{scope}");
        }
        assert_eq!(stage.state(pending).await, "cancelled", "{scope}");
        assert_eq!(stage.state(approved).await, "revoked", "{scope}");
        let calls = stage.fake.calls();
        assert_eq!(
            stage.submit("GET /charges/1").await.unwrap_err().code,
            "killed"
        );
        assert_eq!(stage.fake.calls(), calls);
        stage
            .gate
            .release(&stage.owner(), kill_target(scope, name))
            .await
            .unwrap();
        assert!(stage.submit("GET /charges/1").await.is_ok());
    }
}

/// Invariant 11: a revoked key's running call ends too.
#[tokio::test(flavor = "multi_thread")]
async fn revoking_a_key_stops_what_it_runs() {
    let stage = Stage::new().await;
    stage.fake.then(Act::HangSent);
    let (gate, cx) = (stage.gate.clone(), stage.agent());
    let hanging = tokio::spawn(async move { gate.submit(&cx, draft("PUT /charges/1")).await });
    while stage.fake.calls() < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let key = stage.agent.principal.key().unwrap().id.to_string();
    stage.gate.revoke_key(&stage.owner(), &key).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(1), hanging)
        .await
        .expect("stopped within a second")
        .unwrap();
    assert_eq!(ended.unwrap_err().code, "killed");
}

/// Invariant 4 and "client disconnects at every stage": the outcome is recorded, whoever has gone.
#[tokio::test]
async fn a_client_that_goes_away_leaves_an_outcome() {
    let body = Bytes::from(vec![b'x'; 100 << 10]);
    for (act, action, state, outcome) in [
        (Act::HangSent, "PUT /charges/1", "unknown", "client_gone"),
        (Act::HangUnsent, "PUT /charges/1", "failed", "client_gone"),
        (Act::HangSent, "GET /charges/1", "failed", "client_gone"),
        (
            Act::HangInBody(200, body.clone()),
            "PUT /charges/1",
            "succeeded",
            "reply_abandoned",
        ),
        (
            Act::HangInBody(500, body),
            "GET /charges/1",
            "failed",
            "reply_abandoned",
        ),
    ] {
        let stage = Stage::new().await;
        stage.fake.then(act.clone());
        let submission =
            tokio::time::timeout(Duration::from_millis(200), stage.submit(action)).await;
        // A stream is dropped after its first piece, a call that hangs is dropped by the timeout.
        if let Ok(Ok(Submission::Replied(reply))) = submission {
            assert!(matches!(reply.body, ReplyBody::Stream(_)), "{act:?}");
        }
        let id = stage.newest_within_a_second().await;
        let detail = stage.reaches(id, state).await;
        assert_eq!(
            detail.view.request.outcome.as_deref(),
            Some(outcome),
            "{action} {act:?}"
        );
    }
}

impl Stage {
    async fn newest_within_a_second(&self) -> RequestId {
        for _ in 0..100 {
            if let Some(view) = self
                .gate
                .requests(&self.owner(), RequestFilter::default())
                .await
                .unwrap()
                .items
                .first()
            {
                return view.request.id;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no request was recorded");
    }
}

#[tokio::test]
async fn a_target_that_breaks_leaves_failed_or_unknown() {
    for (act, action, code, state) in [
        (Act::FailUnsent, "PUT /x", "connect_failed", "failed"),
        (Act::FailSent, "PUT /x", "connection_lost", "unknown"),
        (Act::FailSent, "GET /x", "connection_lost", "failed"),
        (
            Act::BreakInBody(200, Bytes::from_static(b"half")),
            "PUT /x",
            "connection_lost",
            "succeeded",
        ),
        (
            Act::BreakInBody(200, Bytes::from_static(b"half")),
            "GET /x",
            "connection_lost",
            "failed",
        ),
    ] {
        let stage = Stage::new().await;
        stage.fake.then(act.clone());
        let error = stage.submit(action).await.unwrap_err();
        assert_eq!(error.code, code, "{act:?}");
        assert_eq!(
            stage.state(error.request.unwrap()).await,
            state,
            "{action} {act:?}"
        );
    }
}

/// Invariant 4: after a crash an execution is unknown, a human settles it, and it is never run again.
#[tokio::test]
async fn after_a_crash_an_execution_is_unknown_until_a_human_settles_it() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.approve(id).await.unwrap();
    stage.fake.then(Act::HangSent);
    let (gate, cx) = (stage.gate.clone(), stage.agent());
    let hanging = tokio::spawn(async move { gate.execute(&cx, id).await.map(drop) });
    stage.reaches(id, "executing").await;
    // The store is closed under the execution: nothing of what follows reaches it, as after a crash.
    let stage = stage.crash_and_restart().await;
    hanging.abort();
    assert_eq!(stage.state(id).await, "unknown");
    assert_eq!(
        stage
            .gate
            .execute(&stage.agent(), id)
            .await
            .unwrap_err()
            .code,
        "not_approved"
    );
    assert_eq!(
        stage
            .gate
            .settle(&stage.agent(), id, true, String::new())
            .await
            .unwrap_err()
            .code,
        "forbidden"
    );
    stage
        .gate
        .settle(&stage.owner(), id, true, "the charge is there".into())
        .await
        .unwrap();
    assert_eq!(stage.state(id).await, "succeeded");
    assert_eq!(stage.fake.calls(), 1);
}

/// Invariant 1 and requirement 21: the credential never comes back, whatever the pieces.
#[tokio::test]
async fn an_echoed_credential_is_masked_in_body_header_and_evidence() {
    let stage = Stage::new().await;
    for size in [1, 2, 3, 7, 16, 1_000] {
        stage.fake.then(Act::EchoCredential(size));
        let reply = replied(stage.submit("GET /echo").await.unwrap());
        let (id, headers) = (reply.request, format!("{:?}", reply.headers));
        let body = whole(reply.body).await.unwrap();
        assert_eq!(
            body,
            Bytes::from_static(b"you sent: [masked:credential] | "),
            "pieces of {size}"
        );
        assert!(
            headers.contains("[masked:credential]") && !headers.contains(SECRET),
            "{headers}"
        );
        let detail = format!("{:?}", stage.detail(id).await);
        assert!(!detail.contains(SECRET), "{detail}");
    }
}

#[tokio::test]
async fn a_long_body_streams_and_its_end_waits_for_the_record() {
    let stage = Stage::new().await;
    let pieces: Vec<_> = (0..40).map(|_| Bytes::from(vec![b'#'; 10_000])).collect();
    for action in ["GET /long", "PUT /long"] {
        stage.fake.then(Act::Reply(200, pieces.clone()));
        let reply = replied(stage.submit(action).await.unwrap());
        let id = reply.request;
        let ReplyBody::Stream(mut stream) = reply.body else {
            panic!("{action}: a long body should stream")
        };
        assert_eq!(stage.state(id).await, "executing");
        let mut received = 0;
        while received < 40 {
            let piece = stream.next().await.unwrap().unwrap();
            assert_eq!(piece.len(), 10_000);
            received += 1;
            // Four pieces may wait for the reader and one is held back: here the body can't have ended yet.
            if received == 34 {
                assert_eq!(
                    stage.state(id).await,
                    "executing",
                    "the outcome is written when the body has ended"
                );
            }
        }
        // The last piece is out, so the outcome is on disk.
        assert_eq!(stage.state(id).await, "succeeded");
        assert!(stream.next().await.is_none());
        assert_eq!(stage.story(id).await, ["action.intent", "action.outcome"]);
    }
}

#[tokio::test]
async fn a_long_body_that_breaks_ends_in_an_error() {
    let stage = Stage::new().await;
    stage
        .fake
        .then(Act::BreakInBody(200, Bytes::from(vec![b'x'; 100 << 10])));
    let reply = replied(stage.submit("PUT /long").await.unwrap());
    let id = reply.request;
    let error = whole(reply.body).await.unwrap_err();
    assert_eq!((error.code, error.request), ("connection_lost", Some(id)));
    assert_eq!(
        stage.detail(id).await.view.request.outcome.as_deref(),
        Some("connection_lost")
    );
}

/// Invariant 6: when it can't be recorded, it does not happen.
#[tokio::test]
async fn what_cannot_be_recorded_does_not_happen() {
    let stage = Stage::new().await;
    stage.gate.workspace().store.close().await;
    assert!(stage.submit("PUT /charges/1").await.is_err());
    assert_eq!(stage.fake.calls(), 0, "a write needs its intent first");
    // A read may be executed, but its answer does not leave.
    assert!(stage.submit("GET /charges/1").await.is_err());
    // Housekeeping finds out by itself.
    for _ in 0..100 {
        if !stage.gate.health().is_ready() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the store takes no writes and the gate says that it is ready");
}

#[tokio::test]
async fn an_answer_too_long_to_keep_is_an_error_that_names_the_limit() {
    let stage = Stage::new().await;
    let change =
        serde_json::from_value(json!({ "limits": { "kept_response_bytes": 10 } })).unwrap();
    stage
        .gate
        .update_target(&stage.owner(), "payments", change)
        .await
        .unwrap();
    let id = stage.ask().await;
    stage.approve(id).await.unwrap();
    stage.fake.then(Act::Reply(
        200,
        vec![Bytes::from_static(b"more than ten bytes")],
    ));
    let error = stage.gate.execute(&stage.agent(), id).await.unwrap_err();
    assert_eq!(
        (error.code, error.limit),
        ("response_too_large", Some("kept_response_bytes"))
    );
    assert_eq!(stage.state(id).await, "succeeded", "the target did say yes");
}

#[tokio::test]
async fn a_body_over_the_targets_limit_is_refused_before_anything_else() {
    let stage = Stage::new().await;
    let mut long = draft("PUT /charges/1");
    long.body = Bytes::from(vec![b'x'; (10 << 20) + 1]);
    let error = stage.gate.submit(&stage.agent(), long).await.unwrap_err();
    assert_eq!(
        (error.code, error.limit),
        ("request_too_large", Some("request_bytes"))
    );
}

/// Separation of duties: who asked may not approve under `strict`; otherwise it is recorded.
#[tokio::test]
async fn who_asked_may_decide_unless_duties_are_separate() {
    let stage = Stage::new().await;
    let ask = || countersign_gate::ActionDraft {
        agent: Some("demo".into()),
        ..draft("POST /charges")
    };
    let Submission::Pending(one) = stage.gate.submit(&stage.owner(), ask()).await.unwrap() else {
        panic!("it should ask")
    };
    let decided = stage.approve(one.request.id).await.unwrap();
    assert!(decided.votes[0].is_self_approved);
    let strict: SettingsChange =
        serde_json::from_value(json!({ "separation_of_duties": "strict" })).unwrap();
    stage
        .gate
        .update_settings(&stage.owner(), strict)
        .await
        .unwrap();
    let Submission::Pending(two) = stage.gate.submit(&stage.owner(), ask()).await.unwrap() else {
        panic!("it should ask")
    };
    assert_eq!(
        stage.approve(two.request.id).await.unwrap_err().code,
        "forbidden"
    );
}

/// Changes of the configuration while actions are submitted: every action is decided on a configuration that was in force.
#[tokio::test(flavor = "multi_thread")]
async fn actions_go_through_while_the_configuration_changes() {
    let stage = Stage::new().await;
    let owner = stage.owner();
    let changing = async {
        for index in 0..20 {
            grant(
                &stage.gate,
                &owner,
                &format!("GET /other/{index}"),
                GrantVerdict::Allow,
            )
            .await;
        }
    };
    let acting = join_all((0..60).map(|_| stage.submit("PUT /charges/1")));
    let ((), results) = tokio::join!(changing, acting);
    for result in results {
        assert!(matches!(result, Ok(Submission::Replied(_))), "{result:?}");
    }
    assert_eq!(stage.fake.calls(), 60);
}

#[tokio::test]
async fn labels_and_intents_are_bounded() {
    let stage = Stage::new().await;
    let mut long = draft("GET /charges/1");
    long.intent = "x".repeat(501);
    assert_eq!(
        stage
            .gate
            .submit(&stage.agent(), long)
            .await
            .unwrap_err()
            .field
            .as_deref(),
        Some("intent")
    );
    for key in ["", "a b", &"k".repeat(256), "ü"] {
        let keyed = countersign_gate::ActionDraft {
            idempotency_key: Some(key.to_owned()),
            ..draft("GET /charges/1")
        };
        let error = stage.gate.submit(&stage.agent(), keyed).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some("idempotency_key"), "{key:?}");
    }
}

/// A client that goes away while its intent is being written leaves no execution behind that never ends.
#[tokio::test(flavor = "multi_thread")]
async fn an_intent_that_is_abandoned_is_ended() {
    let stage = Stage::new().await;
    for round in 0..200_u64 {
        let attempt = stage.submit("PUT /charges/1");
        let _ = tokio::time::timeout(Duration::from_micros(20 * round), attempt).await;
    }
    for _ in 0..200 {
        let filter = RequestFilter {
            states: vec![RequestState::Executing],
            ..Default::default()
        };
        let page = stage.gate.requests(&stage.owner(), filter).await.unwrap();
        if page.items.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("requests are still executing although nobody executes them");
}

/// Requirement 25: the key that asked was part of what was approved.
#[tokio::test]
async fn a_revoked_key_takes_what_it_asked_for_with_it() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.approve(id).await.unwrap();
    let key = stage.agent.principal.key().unwrap().id.to_string();
    stage.gate.revoke_key(&stage.owner(), &key).await.unwrap();
    let draft = serde_json::from_value(
        json!({ "name": "second", "owner": { "agent": "demo" }, "scopes": ["request:create", "request:read"] }),
    )
    .unwrap();
    let second = stage.gate.add_key(&stage.owner(), draft).await.unwrap();
    let principal = stage.gate.identify_key(second.secret.expose()).unwrap();
    let agent = countersign_gate::OpCx {
        principal,
        ..stage.agent()
    };
    assert_eq!(
        stage.gate.execute(&agent, id).await.unwrap_err().code,
        "revoked"
    );
    assert_eq!(stage.state(id).await, "revoked");
    assert_eq!(stage.fake.calls(), 0);
}

/// Requirement 41: a database that was put back starts, takes nothing, says so, and goes on once an operator has taken note.
#[tokio::test]
async fn a_rolled_back_database_takes_nothing_until_it_is_acknowledged() {
    let stage = Stage::new().await;
    stage.gate.make_checkpoint(&stage.owner()).await.unwrap();
    let stage = stage.crash_and_restart().await;
    stage.gate.workspace().store.close().await;
    let file = stage.folder.path().join("store.db");
    let older = std::fs::read(&file).unwrap();
    let stage = stage.crash_and_restart().await;
    assert!(stage.submit("PUT /charges/1").await.is_ok());
    stage.gate.make_checkpoint(&stage.owner()).await.unwrap();
    stage.gate.shutdown().await;
    stage.gate.workspace().store.close().await;
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(stage.folder.path().join(format!("store.db{suffix}")));
    }
    std::fs::write(&file, older).unwrap();
    let stage = stage.crash_and_restart().await;
    let problems = stage.gate.health().problems;
    assert!(
        problems
            .iter()
            .any(|problem| problem.code == "ledger_contradicts_checkpoints"),
        "{problems:?}"
    );
    let before = stage.fake.calls();
    assert!(stage.submit("PUT /charges/1").await.is_err());
    assert_eq!(stage.fake.calls(), before);
    assert_eq!(
        stage
            .gate
            .acknowledge_ledger(&stage.agent())
            .await
            .unwrap_err()
            .code,
        "forbidden"
    );
    let noted = stage.gate.acknowledge_ledger(&stage.owner()).await.unwrap();
    assert!(noted.contains("rolled back"), "{noted}");
    assert!(stage.submit("PUT /charges/1").await.is_ok());
    assert_eq!(
        stage
            .gate
            .acknowledge_ledger(&stage.owner())
            .await
            .unwrap_err()
            .code,
        "ledger_sound"
    );
    assert!(stage.gate.verify_audit(&stage.owner()).await.unwrap().valid);
}

/// Requirement 31: a reader that stalls does not keep an execution from being stopped, and what was killed is not told as succeeded.
#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_reader_does_not_outlive_the_kill_switch() {
    let stage = Stage::new().await;
    let pieces: Vec<_> = (0..200).map(|_| Bytes::from(vec![b'#'; 10_000])).collect();
    stage.fake.then(Act::Reply(200, pieces));
    let reply = replied(stage.submit("PUT /long").await.unwrap());
    let id = reply.request;
    // The body is there and nobody reads it.
    stage.reaches(id, "executing").await;
    stage
        .gate
        .kill(&stage.owner(), kill_target("all", None))
        .await
        .unwrap();
    let detail = stage.reaches(id, "unknown").await;
    assert_eq!(detail.view.request.outcome.as_deref(), Some("killed"));
    assert_eq!(whole(reply.body).await.unwrap_err().code, "killed");
}

/// The whole time of a call also counts while nobody reads.
#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_reader_does_not_outlive_the_time_limit() {
    let stage = Stage::new().await;
    let change = serde_json::from_value(json!({ "limits": { "total_millis": 300 } })).unwrap();
    stage
        .gate
        .update_target(&stage.owner(), "payments", change)
        .await
        .unwrap();
    let pieces: Vec<_> = (0..200).map(|_| Bytes::from(vec![b'#'; 10_000])).collect();
    stage.fake.then(Act::Reply(200, pieces));
    let reply = replied(stage.submit("GET /long").await.unwrap());
    let detail = stage.reaches(reply.request, "failed").await;
    assert_eq!(
        detail.view.request.outcome.as_deref(),
        Some("total_timeout")
    );
    assert_eq!(whole(reply.body).await.unwrap_err().code, "total_timeout");
}

/// A key belongs to one action on one target: the same bytes elsewhere are something else.
#[tokio::test]
async fn an_idempotency_key_does_not_travel_between_targets() {
    let stage = Stage::new().await;
    let target: countersign_gate::NewTarget = serde_json::from_value(json!({
        "name": "other", "connector": "fake", "config": { "base_url": "fake://other" }
    }))
    .unwrap();
    stage.gate.add_target(&stage.owner(), target).await.unwrap();
    let grant: countersign_gate::GrantDraft = serde_json::from_value(json!({
        "agent": "demo", "target": "other", "action": "PUT /**", "verdict": "allow"
    }))
    .unwrap();
    stage.gate.add_grant(&stage.owner(), grant).await.unwrap();
    let keyed = |target: &str| countersign_gate::ActionDraft {
        idempotency_key: Some("k".into()),
        route: countersign_gate::Route::Named {
            target: target.into(),
            profile: None,
            action: "PUT /x".into(),
        },
        ..draft("PUT /x")
    };
    replied(
        stage
            .gate
            .submit(&stage.agent(), keyed("payments"))
            .await
            .unwrap(),
    );
    let elsewhere = stage
        .gate
        .submit(&stage.agent(), keyed("other"))
        .await
        .unwrap_err();
    assert_eq!(elsewhere.code, "idempotency_mismatch");
    assert_eq!(stage.fake.calls(), 1);
}

/// An outcome that could not be committed leaves no request that executes for ever.
#[tokio::test]
async fn an_execution_that_nobody_knows_of_becomes_unknown() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.approve(id).await.unwrap();
    let instance = stage.gate.workspace().instance;
    // As a failed commit of the outcome leaves it.
    stage
        .gate
        .workspace()
        .store
        .write::<_, countersign_store::StoreError, _>(move |tx| {
            tx.execute(
                "UPDATE request SET state = 'executing', instance_id = ?2 WHERE id = ?1",
                &[(&id).into(), (&instance).into()],
            )
        })
        .await
        .unwrap();
    stage.clock.advance(Duration::from_secs(11));
    let detail = stage.reaches(id, "unknown").await;
    assert_eq!(detail.view.request.outcome.as_deref(), Some("outcome_lost"));
}

/// An agent can't hide why it asks behind a long body: lists, live views and the search read the intent all the same.
#[tokio::test]
async fn an_intent_before_a_long_body_is_listed_and_found() {
    let stage = Stage::new().await;
    for (bytes, word) in [
        (30 << 10, "shortbody"),
        (100 << 10, "longbody"),
        (1 << 20, "hugebody"),
    ] {
        let asked = countersign_gate::ActionDraft {
            body: Bytes::from(format!("{{\"pad\":\"{}\"}}", "x".repeat(bytes))),
            intent: format!("charge {word}"),
            ..draft("POST /charges")
        };
        stage.gate.submit(&stage.agent(), asked).await.unwrap();
        let page = stage
            .gate
            .requests(&stage.owner(), RequestFilter::default())
            .await
            .unwrap();
        let first = page.items[0].clone();
        assert_eq!(first.intent, format!("charge {word}"), "{bytes} bytes");
        assert!(!first.risk_reasons.is_empty(), "{bytes} bytes");
        let entries = stage.entries().await;
        let told = stage
            .gate
            .brief(&stage.owner(), entries.last().unwrap())
            .await
            .unwrap();
        assert_eq!(told.unwrap().view.intent, format!("charge {word}"));
        let mut found = 0;
        for _ in 0..100 {
            let filter = RequestFilter {
                text: Some(word.to_owned()),
                ..Default::default()
            };
            let page = stage.gate.requests(&stage.owner(), filter).await.unwrap();
            found = page.items.len();
            if found == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(found, 1, "{word}");
    }
}

/// Where the scanner warns can't lie above where it blocks, shipped thresholds included: it would be shown and not count.
#[tokio::test]
async fn a_warning_above_the_block_is_refused_naming_both() {
    let stage = Stage::new().await;
    let change = |scan: serde_json::Value| -> SettingsChange {
        serde_json::from_value(json!({ "scan": scan })).unwrap()
    };
    for scan in [
        json!({ "input": { "warn": 0.9999 } }),
        json!({ "input": { "warn": 0.8, "block": 0.7 } }),
    ] {
        let error = stage
            .gate
            .update_settings(&stage.owner(), change(scan))
            .await
            .unwrap_err();
        assert_eq!(error.field.as_deref(), Some("scan.input.warn"));
        for word in ["scan.input.warn", "scan.input.block"] {
            assert!(error.message.contains(word), "{error}");
        }
    }
    let fits = change(json!({ "input": { "warn": 0.9, "block": 0.95 } }));
    stage
        .gate
        .update_settings(&stage.owner(), fits)
        .await
        .unwrap();
}
