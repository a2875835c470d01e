//! Approval-only actions: `approved` is final, and nothing is executed.

use std::time::Duration;

use bytes::Bytes;
use countersign_domain::{GrantVerdict, Urgency, VoteKind};
use countersign_gate::{ActionDraft, CALLER, GrantDraft, Route, Submission};
use serde_json::{Value, json};

use crate::stage::Stage;

/// Lets the agent ask for an action of the caller's.
pub(crate) async fn grant(stage: &Stage, action: &str, verdict: GrantVerdict) {
    let draft = GrantDraft {
        agent: "demo".into(),
        target: CALLER.into(),
        profile: None,
        action: action.parse().unwrap(),
        verdict,
        expires_in_seconds: None,
        labels: std::collections::BTreeMap::new(),
    };
    stage.gate.add_grant(&stage.owner(), draft).await.unwrap();
}

pub(crate) fn draft(action: &str, input: Value) -> ActionDraft {
    ActionDraft {
        agent: None,
        route: Route::Named {
            target: CALLER.into(),
            profile: None,
            action: action.into(),
        },
        input,
        body: Bytes::new(),
        intent: "test".into(),
        urgency: Urgency::Normal,
        idempotency_key: None,
    }
}

pub(crate) async fn submit(stage: &Stage, action: &str, input: Value) -> Submission {
    stage
        .gate
        .submit(&stage.agent(), draft(action, input))
        .await
        .unwrap()
}

/// The target is there once a grant names it; what is allowed is approved at once, and is not carried out.
#[tokio::test]
async fn what_is_allowed_is_approved_and_nothing_runs() {
    let stage = Stage::new().await;
    grant(&stage, "list_things", GrantVerdict::Allow).await;
    let Submission::Approved(view) = submit(&stage, "list_things", json!({})).await else {
        panic!("it was allowed");
    };
    let id = view.request.id;
    assert_eq!(view.request.deadline, None);
    assert_eq!(stage.story(id).await, ["action.allowed"]);
    let refused = stage.gate.execute(&stage.agent(), id).await.unwrap_err();
    assert_eq!(refused.code, "approval_only");
    assert_eq!(stage.fake.calls(), 0);
    assert_eq!(stage.state(id).await, "approved");
    let cancelled = stage.gate.cancel(&stage.owner(), id, String::new()).await;
    assert_eq!(cancelled.unwrap_err().code, "already_decided");
}

#[tokio::test]
async fn what_asks_waits_and_what_is_denied_is_denied() {
    let stage = Stage::new().await;
    grant(&stage, "send_*", GrantVerdict::ByPolicy).await;
    grant(&stage, "wipe", GrantVerdict::Deny).await;
    let Submission::Pending(view) = submit(&stage, "send_email", json!({ "to": "ada" })).await
    else {
        panic!("nothing allows it");
    };
    assert!(matches!(
        submit(&stage, "wipe", json!({})).await,
        Submission::Denied(_)
    ));
    assert!(matches!(
        submit(&stage, "unknown", json!({})).await,
        Submission::Denied(_)
    ));
    let id = view.request.id;
    stage.approve(id).await.unwrap();
    // Neither the execute TTL nor a kill switch touches what is decided for good.
    stage.clock.advance(Duration::from_hours(48));
    assert_eq!(stage.state(id).await, "approved");
    let kill = serde_json::from_value(json!({ "scope": "all", "reason": "drill" })).unwrap();
    stage.gate.kill(&stage.owner(), kill).await.unwrap();
    assert_eq!(stage.state(id).await, "approved");
}

/// An idempotency key gives the approved request again.
#[tokio::test]
async fn a_repetition_gets_the_same_approval() {
    let stage = Stage::new().await;
    grant(&stage, "go", GrantVerdict::Allow).await;
    let keyed = || ActionDraft {
        idempotency_key: Some("one".into()),
        ..draft("go", json!({}))
    };
    let mut ids = Vec::new();
    for _ in 0..2 {
        match stage.gate.submit(&stage.agent(), keyed()).await.unwrap() {
            Submission::Approved(view) => ids.push(view.request.id),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ids[0], ids[1]);
}

/// Approving is the last word here, so what would stop an execution stops the approval.
#[tokio::test]
async fn a_policy_that_denies_meanwhile_stops_the_approval() {
    let stage = Stage::new().await;
    grant(&stage, "send", GrantVerdict::ByPolicy).await;
    let Submission::Pending(view) = submit(&stage, "send", json!({})).await else {
        panic!("it asks");
    };
    let rule = json!({ "name": "freeze", "kind": "guard", "match": { "action": ["send"] }, "verdict": "deny" });
    let rule = serde_json::from_value(rule).unwrap();
    stage.gate.add_rule(&stage.owner(), rule).await.unwrap();
    let error = stage.approve(view.request.id).await.unwrap_err();
    assert_eq!(error.code, "revoked", "{error}");
    assert_eq!(stage.state(view.request.id).await, "denied");
}

/// Requirement 25: the key that asked must still be trusted when its request is approved for good.
#[tokio::test]
async fn a_revoked_key_gets_no_approval() {
    let stage = Stage::new().await;
    grant(&stage, "send", GrantVerdict::ByPolicy).await;
    let Submission::Pending(view) = submit(&stage, "send", json!({})).await else {
        panic!("it asks");
    };
    let key = stage.agent.principal.key().unwrap().id.to_string();
    stage.gate.revoke_key(&stage.owner(), &key).await.unwrap();
    let error = stage.approve(view.request.id).await.unwrap_err();
    assert_eq!(error.code, "revoked", "{error}");
    assert_eq!(stage.state(view.request.id).await, "cancelled");
}

/// An agent's key with the right to decide does not decide, least of all on its own request.
#[tokio::test]
async fn an_agent_never_decides() {
    let stage = Stage::new().await;
    grant(&stage, "send", GrantVerdict::Ask).await;
    let Submission::Pending(view) = submit(&stage, "send", json!({})).await else {
        panic!("it asks");
    };
    let decided = stage
        .gate
        .decide(
            &stage.agent(),
            view.request.id,
            VoteKind::Approve,
            String::new(),
        )
        .await;
    assert_eq!(decided.unwrap_err().code, "forbidden");
    assert_eq!(stage.state(view.request.id).await, "pending");
}
