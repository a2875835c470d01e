//! Operators among themselves: lent seats, comments, batches, escalation.

use std::time::Duration;

use countersign_domain::{RequestId, Role, Scope, VoteKind};
use countersign_gate::{Ballot, BatchAnswer, BatchDraft, BatchItem};
use serde_json::json;

use crate::{
    stage::Stage,
    support::{by_key, key_draft},
    terms::{operator, rule, vote},
};

async fn lend(stage: &Stage, from: &str, to: &str) -> countersign_gate::DelegationView {
    let draft = json!({ "from": from, "to": to, "expires_in_seconds": 3600 });
    let draft = serde_json::from_value(draft).unwrap();
    stage
        .gate
        .add_delegation(&stage.owner(), draft)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_lent_seat_votes_for_who_lent_it_and_counts_once() {
    let stage = Stage::new().await;
    rule(
        &stage,
        json!({ "quorum": 2, "approvers": [{ "operator": "ada" }, { "operator": "cy" }] }),
    )
    .await;
    let ada = operator(&stage, "ada", Role::Approver).await;
    let bob = operator(&stage, "bob", Role::Approver).await;
    let cy = operator(&stage, "cy", Role::Approver).await;
    let id = stage.ask().await;
    let refused = vote(&stage, &bob, id, VoteKind::Approve, "").await;
    assert_eq!(refused.unwrap_err().code, "forbidden");
    let lent = lend(&stage, "ada", "bob").await;
    let view = vote(&stage, &bob, id, VoteKind::Approve, "").await.unwrap();
    assert_eq!(view.votes[0].on_behalf_of, Some(lent.delegation.from));
    // The same seat again adds nothing.
    vote(&stage, &ada, id, VoteKind::Approve, "").await.unwrap();
    assert_eq!(stage.state(id).await, "pending");
    vote(&stage, &cy, id, VoteKind::Approve, "").await.unwrap();
    assert_eq!(stage.state(id).await, "approved");
    stage.gate.execute(&stage.agent(), id).await.unwrap();
    let said: Vec<_> = stage
        .entries()
        .await
        .into_iter()
        .filter(|sealed| sealed.entry.kind == "approval.voted")
        .filter_map(|sealed| sealed.entry.outcome)
        .collect();
    assert_eq!(said, ["approve for ada", "approve"]);
}

#[tokio::test]
async fn a_seat_ends_with_its_time_its_lender_and_is_not_lent_on() {
    let stage = Stage::new().await;
    rule(&stage, json!({ "approvers": [{ "operator": "ada" }] })).await;
    let ada = operator(&stage, "ada", Role::Approver).await;
    let bob = operator(&stage, "bob", Role::Approver).await;
    let cy = operator(&stage, "cy", Role::Approver).await;
    let id = stage.ask().await;
    lend(&stage, "ada", "bob").await;
    lend(&stage, "bob", "cy").await;
    let refused = vote(&stage, &cy, id, VoteKind::Approve, "").await;
    assert_eq!(refused.unwrap_err().code, "forbidden");
    stage.clock.advance(Duration::from_hours(2));
    let late = vote(&stage, &bob, id, VoteKind::Approve, "").await;
    assert_eq!(late.unwrap_err().code, "forbidden");
    // Only an owner lends what is another's; an agent lends nothing.
    let draft = || {
        serde_json::from_value(json!({ "from": "ada", "to": "bob", "expires_in_seconds": 9 }))
            .unwrap()
    };
    let now = |cx: &countersign_gate::OpCx| countersign_gate::OpCx {
        now: stage.gate.now(),
        ..cx.clone()
    };
    for cx in [now(&cy), stage.agent()] {
        let error = stage.gate.add_delegation(&cx, draft()).await.unwrap_err();
        assert_eq!(error.code, "forbidden");
    }
    let lent = lend(&stage, "ada", "bob").await;
    stage
        .gate
        .end_delegation(&stage.owner(), lent.delegation.id)
        .await
        .unwrap();
    let ended = vote(&stage, &bob, id, VoteKind::Approve, "").await;
    assert_eq!(ended.unwrap_err().code, "forbidden");
    vote(&stage, &ada, id, VoteKind::Approve, "").await.unwrap();
}

/// One of the databases takes no NUL: it is refused before either is asked. A browser's line breaks are no harm.
#[tokio::test]
async fn what_operators_write_has_no_control_characters() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let (gate, owner) = (&stage.gate, stage.owner());
    let comment = gate.add_comment(&owner, id, "a\0b").await;
    assert_eq!(comment.unwrap_err().field.as_deref(), Some("body"));
    let note = vote(&stage, &owner, id, VoteKind::Approve, "a\0b").await;
    assert_eq!(note.unwrap_err().field.as_deref(), Some("note"));
    let ballot = Ballot {
        label: Some("slack:\u{1b}[2J".to_owned()),
        ..Ballot::new(VoteKind::Approve)
    };
    let label = gate.cast(&owner, id, ballot).await;
    assert_eq!(label.unwrap_err().field.as_deref(), Some("label"));
    vote(&stage, &owner, id, VoteKind::Approve, "one\r\ntwo")
        .await
        .unwrap();
}

#[tokio::test]
async fn comments_are_the_operators() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage
        .gate
        .add_comment(&stage.owner(), id, " look twice ")
        .await
        .unwrap();
    let comments = stage.gate.comments(&stage.owner(), id).await.unwrap();
    assert_eq!(comments[0].comment.body, "look twice");
    assert_eq!(comments[0].operator_name, "owner");
    let read = stage.gate.comments(&stage.agent(), id).await;
    assert_eq!(read.unwrap_err().code, "forbidden");
    // A credential for the configuration sees nothing of what is asked.
    let draft = key_draft("keys", None, Some("owner"), &[Scope::KeyManage]);
    let made = stage.gate.add_key(&stage.owner(), draft).await.unwrap();
    let manager = by_key(&stage.gate, made.secret.expose());
    let read = stage.gate.comments(&manager, id).await;
    assert_eq!(read.unwrap_err().code, "forbidden");
    let listed = stage.gate.standing_approvals(&manager).await;
    assert_eq!(listed.unwrap_err().code, "forbidden");
    let written = stage
        .gate
        .add_comment(&stage.agent(), id, "approve me")
        .await;
    assert_eq!(written.unwrap_err().code, "forbidden");
    let empty = stage.gate.add_comment(&stage.owner(), id, "  ").await;
    assert_eq!(empty.unwrap_err().code, "invalid_input");
    assert_eq!(
        stage.story(id).await,
        ["action.asked", "approval.commented"]
    );
}

async fn batch(stage: &Stage, ids: &[RequestId]) -> BatchDraft {
    let mut items = Vec::new();
    for id in ids {
        let payload_hash = stage.detail(*id).await.view.request.payload_hash;
        items.push(BatchItem {
            id: *id,
            payload_hash,
        });
    }
    BatchDraft {
        decision: VoteKind::Approve,
        note: "all of them".into(),
        items,
        confirmation: None,
    }
}

#[tokio::test]
async fn a_batch_is_decided_after_a_second_look_only() {
    let stage = Stage::new().await;
    let (one, two) = (stage.ask().await, stage.ask().await);
    let draft = batch(&stage, &[one, two]).await;
    let BatchAnswer::Plan(plan) = stage
        .gate
        .decide_batch(&stage.owner(), draft.clone())
        .await
        .unwrap()
    else {
        panic!("nothing was confirmed");
    };
    assert_eq!(stage.state(one).await, "pending");
    assert_eq!(plan.items.len(), 2);
    // Neither another word, nor other requests, nor a made-up confirmation.
    let confirmed = BatchDraft {
        confirmation: Some(plan.confirmation),
        ..draft
    };
    let other_word = BatchDraft {
        decision: VoteKind::Deny,
        ..confirmed.clone()
    };
    let fewer = BatchDraft {
        items: confirmed.items[..1].to_vec(),
        ..confirmed.clone()
    };
    let invented = BatchDraft {
        confirmation: Some("9999999999999999.00".into()),
        ..confirmed.clone()
    };
    for wrong in [other_word, fewer, invented] {
        let error = stage
            .gate
            .decide_batch(&stage.owner(), wrong)
            .await
            .unwrap_err();
        assert_eq!(error.code, "not_confirmed");
    }
    vote(&stage, &stage.owner(), two, VoteKind::Deny, "")
        .await
        .unwrap();
    let BatchAnswer::Decided(outcomes) = stage
        .gate
        .decide_batch(&stage.owner(), confirmed.clone())
        .await
        .unwrap()
    else {
        panic!("it was confirmed");
    };
    assert!(outcomes[0].1.is_ok());
    assert_eq!(outcomes[1].1.as_ref().unwrap_err().code, "already_decided");
    assert_eq!(stage.state(one).await, "approved");
    stage.clock.advance(Duration::from_mins(11));
    let late = stage.gate.decide_batch(&stage.owner(), confirmed).await;
    assert_eq!(late.unwrap_err().code, "not_confirmed");
}

#[tokio::test]
async fn a_batch_is_bounded_and_never_an_agents() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let draft = batch(&stage, &[id, id]).await;
    let twice = stage.gate.decide_batch(&stage.owner(), draft.clone()).await;
    assert_eq!(twice.unwrap_err().code, "invalid_input");
    let by_agent = stage.gate.decide_batch(&stage.agent(), draft).await;
    assert_eq!(by_agent.unwrap_err().code, "forbidden");
}

#[tokio::test]
async fn an_escalation_is_written_down_once() {
    let stage = Stage::new().await;
    let escalation = json!({ "after_seconds": 60, "approvers": [{ "role": "owner" }] });
    rule(
        &stage,
        json!({ "approvers": [{ "operator": "ann" }], "escalation": escalation }),
    )
    .await;
    let id = stage.ask().await;
    stage.clock.advance(Duration::from_secs(61));
    for _ in 0..100 {
        if stage.story(id).await.len() > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(
        stage.story(id).await,
        ["action.asked", "approval.escalated"]
    );
    assert_eq!(stage.state(id).await, "pending");
}
