//! The terms of an ask: who has to say yes, how many of them, until when, with what words.

use std::time::Duration;

use countersign_domain::{Role, Scope, VoteKind};
use countersign_gate::{OpCx, RequestView, Result};
use serde_json::{Value, json};

use crate::{
    stage::Stage,
    support::{key_draft, name},
};

/// What a rule adds to every charge.
pub(crate) async fn rule(stage: &Stage, terms: Value) {
    let draft = json!({ "name": "terms", "kind": "guard", "match": { "action": ["POST /charges"] }, "verdict": "ask", "ask": terms });
    let draft = serde_json::from_value(draft).unwrap();
    stage.gate.add_rule(&stage.owner(), draft).await.unwrap();
}

/// Another operator, by a key that may decide.
pub(crate) async fn operator(stage: &Stage, operator: &str, role: Role) -> OpCx {
    let draft = countersign_gate::OperatorDraft {
        name: name(operator),
        role,
        password: None,
    };
    stage
        .gate
        .add_operator(&stage.owner(), draft)
        .await
        .unwrap();
    let draft = key_draft(
        &format!("{operator}-key"),
        None,
        Some(operator),
        &[Scope::RequestDecide],
    );
    let key = stage.gate.add_key(&stage.owner(), draft).await.unwrap();
    let principal = stage.gate.identify_key(key.secret.expose()).unwrap();
    OpCx {
        principal,
        ..stage.owner()
    }
}

pub(crate) async fn vote(
    stage: &Stage,
    cx: &OpCx,
    id: countersign_domain::RequestId,
    kind: VoteKind,
    note: &str,
) -> Result<RequestView> {
    let cx = OpCx {
        now: stage.gate.now(),
        ..cx.clone()
    };
    stage.gate.decide(&cx, id, kind, note.to_owned()).await
}

#[tokio::test]
async fn a_quorum_wants_different_operators() {
    let stage = Stage::new().await;
    rule(&stage, json!({ "quorum": 2 })).await;
    let ann = operator(&stage, "ann", Role::Approver).await;
    let id = stage.ask().await;
    assert_eq!(stage.detail(id).await.view.quorum, 2);
    vote(&stage, &ann, id, VoteKind::Approve, "").await.unwrap();
    assert_eq!(stage.state(id).await, "pending");
    let again = vote(&stage, &ann, id, VoteKind::Approve, "").await;
    assert_eq!(again.unwrap_err().code, "already_voted");
    stage.approve(id).await.unwrap();
    assert_eq!(stage.state(id).await, "approved");
    stage.gate.execute(&stage.agent(), id).await.unwrap();
    assert_eq!(stage.fake.calls(), 1);
}

#[tokio::test]
async fn one_no_ends_a_quorum() {
    let stage = Stage::new().await;
    rule(&stage, json!({ "quorum": 3 })).await;
    let ann = operator(&stage, "ann", Role::Approver).await;
    let id = stage.ask().await;
    stage.approve(id).await.unwrap();
    vote(&stage, &ann, id, VoteKind::Deny, "no").await.unwrap();
    assert_eq!(stage.state(id).await, "denied");
}

#[tokio::test]
async fn only_who_is_named_approves_and_everybody_may_deny() {
    let stage = Stage::new().await;
    rule(&stage, json!({ "approvers": [{ "operator": "ann" }] })).await;
    let ann = operator(&stage, "ann", Role::Approver).await;
    let id = stage.ask().await;
    let owner = stage.approve(id).await.unwrap_err();
    assert_eq!(owner.code, "forbidden");
    vote(&stage, &ann, id, VoteKind::Approve, "").await.unwrap();
    assert_eq!(stage.state(id).await, "approved");
    let other = stage.ask().await;
    vote(&stage, &stage.owner(), other, VoteKind::Deny, "")
        .await
        .unwrap();
    assert_eq!(stage.state(other).await, "denied");
}

#[tokio::test]
async fn an_escalation_lets_others_approve_after_its_delay() {
    let stage = Stage::new().await;
    let escalation = json!({ "after_seconds": 600, "approvers": [{ "role": "owner" }] });
    rule(
        &stage,
        json!({ "approvers": [{ "operator": "ann" }], "escalation": escalation }),
    )
    .await;
    let id = stage.ask().await;
    stage.clock.advance(Duration::from_secs(590));
    assert_eq!(stage.approve(id).await.unwrap_err().code, "forbidden");
    stage.clock.advance(Duration::from_secs(20));
    stage.approve(id).await.unwrap();
    stage.gate.execute(&stage.agent(), id).await.unwrap();
}

#[tokio::test]
async fn an_escalation_to_a_denial_denies_and_never_allows() {
    let stage = Stage::new().await;
    rule(
        &stage,
        json!({ "escalation": { "after_seconds": 60, "deny": true } }),
    )
    .await;
    let id = stage.ask().await;
    stage.clock.advance(Duration::from_secs(61));
    assert_eq!(stage.state(id).await, "denied");
    let outcome = stage.detail(id).await.view.request.outcome;
    assert_eq!(outcome.as_deref(), Some("denied: nobody decided in time"));
    assert_eq!(stage.approve(id).await.unwrap_err().code, "already_decided");
}

#[tokio::test]
async fn a_deadline_of_the_rule_is_the_requests_deadline() {
    let stage = Stage::new().await;
    rule(&stage, json!({ "deadline_seconds": 30 })).await;
    let id = stage.ask().await;
    stage.clock.advance(Duration::from_secs(31));
    assert_eq!(stage.approve(id).await.unwrap_err().code, "expired");
    assert_eq!(stage.state(id).await, "expired");
}

#[tokio::test]
async fn a_rule_that_wants_a_reason_gets_one() {
    let stage = Stage::new().await;
    rule(&stage, json!({ "reason_required": true })).await;
    let id = stage.ask().await;
    let silent = vote(&stage, &stage.owner(), id, VoteKind::Approve, " ").await;
    assert_eq!(silent.unwrap_err().code, "invalid_input");
    vote(&stage, &stage.owner(), id, VoteKind::Approve, "checked")
        .await
        .unwrap();
    assert_eq!(stage.state(id).await, "approved");
}

/// A policy that changes between vote and execution: stricter terms are asked for again, laxer ones change nothing.
#[tokio::test]
async fn stricter_terms_after_the_vote_revoke_it() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.approve(id).await.unwrap();
    rule(&stage, json!({ "quorum": 2 })).await;
    let refused = stage.gate.execute(&stage.agent(), id).await.unwrap_err();
    assert_eq!(refused.code, "revoked");
    assert!(refused.to_string().contains("2 approvals"), "{refused}");
    assert_eq!(stage.fake.calls(), 0);
}

#[tokio::test]
async fn an_operator_who_is_no_longer_named_does_not_count() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.approve(id).await.unwrap();
    rule(&stage, json!({ "approvers": [{ "operator": "ann" }] })).await;
    let refused = stage.gate.execute(&stage.agent(), id).await.unwrap_err();
    assert_eq!(refused.code, "revoked");
    assert_eq!(stage.fake.calls(), 0);
}

/// A faulty policy is refused whole, with its place, and the old one stays.
#[tokio::test]
async fn a_faulty_rule_is_refused_and_the_old_set_stays() {
    let stage = Stage::new().await;
    rule(&stage, json!({ "quorum": 2 })).await;
    let faulty = json!({ "name": "faulty", "match": { "context": { "a": { "not": {} } } }, "verdict": "deny" });
    let error = stage
        .gate
        .add_rule(&stage.owner(), serde_json::from_value(faulty).unwrap())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("match.context.a.not"), "{error}");
    let change = serde_json::from_value(json!({ "ask": { "quorum": 99 } })).unwrap();
    let error = stage
        .gate
        .update_rule(&stage.owner(), "terms", change)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("ask.quorum"), "{error}");
    let id = stage.ask().await;
    assert_eq!(stage.detail(id).await.view.quorum, 2);
}

#[tokio::test]
async fn a_rule_in_shadow_mode_is_kept_with_the_facts_and_stops_nothing() {
    let stage = Stage::new().await;
    let draft = json!({ "name": "trial", "kind": "guard", "match": {}, "verdict": "deny", "mode": "shadow" });
    stage
        .gate
        .add_rule(&stage.owner(), serde_json::from_value(draft).unwrap())
        .await
        .unwrap();
    let id = stage.ask().await;
    let judged = stage.detail(id).await.judged.unwrap();
    assert_eq!(
        judged["decision"]["shadow"][0]["verdict"], "deny",
        "{judged}"
    );
}
