//! Standing approvals: an `ask` answered in advance, and nothing wider than that.

use std::time::Duration;

use countersign_domain::{GrantVerdict, RequestId, VoteKind};
use countersign_gate::{Ballot, StandingDraft, Submission};
use serde_json::{Value, json};

use crate::{
    caller::{grant, submit},
    stage::Stage,
};

async fn pending(stage: &Stage, input: Value) -> RequestId {
    match submit(stage, "send", input).await {
        Submission::Pending(view) => view.request.id,
        other => panic!("it should ask: {other:?}"),
    }
}

async fn is_allowed(stage: &Stage, input: Value) -> bool {
    match submit(stage, "send", input).await {
        Submission::Approved(_) => true,
        Submission::Pending(_) => false,
        other => panic!("{other:?}"),
    }
}

fn standing(draft: Value) -> Ballot {
    Ballot {
        standing: Some(serde_json::from_value(draft).unwrap()),
        ..Ballot::new(VoteKind::Approve)
    }
}

async fn stage() -> Stage {
    let stage = Stage::new().await;
    grant(&stage, "send", GrantVerdict::Ask).await;
    stage
}

async fn allow(stage: &Stage, input: Value, draft: Value) {
    let id = pending(stage, input).await;
    stage
        .gate
        .cast(&stage.owner(), id, standing(draft))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_same_payload_passes_until_the_uses_are_gone() {
    let stage = stage().await;
    allow(&stage, json!({ "to": "ada" }), json!({ "uses": 2 })).await;
    assert!(!is_allowed(&stage, json!({ "to": "bob" })).await);
    assert!(is_allowed(&stage, json!({ "to": "ada" })).await);
    let listed = stage.gate.standing_approvals(&stage.owner()).await.unwrap();
    assert_eq!(listed[0].standing.uses_left, 1);
    assert_eq!(listed[0].agent_name, "demo");
    assert!(is_allowed(&stage, json!({ "to": "ada" })).await);
    assert!(!is_allowed(&stage, json!({ "to": "ada" })).await);
    // The last use moved the epoch, and the gate goes on.
    assert!(!is_allowed(&stage, json!({ "to": "eve" })).await);
    assert!(
        stage
            .gate
            .standing_approvals(&stage.owner())
            .await
            .unwrap()
            .is_empty()
    );
}

/// Uses are taken in the unit that lets the action run: no race gets more than there are.
#[tokio::test]
async fn a_race_for_the_last_uses_gets_no_more_than_there_are() {
    let stage = stage().await;
    allow(&stage, json!({}), json!({ "uses": 5 })).await;
    let mut asked = Vec::new();
    for _ in 0..40 {
        let (gate, agent) = (stage.gate.clone(), stage.agent());
        asked.push(tokio::spawn(async move {
            let draft = crate::caller::draft("send", json!({}));
            matches!(
                gate.submit(&agent, draft).await,
                Ok(Submission::Approved(_))
            )
        }));
    }
    let mut passed = 0;
    for one in asked {
        passed += usize::from(one.await.unwrap());
    }
    assert_eq!(passed, 5);
}

#[tokio::test]
async fn named_fields_must_be_equal_and_time_ends_it() {
    let stage = stage().await;
    let draft = json!({ "minutes": 30, "same": ["input.to"] });
    allow(&stage, json!({ "to": "ada", "text": 1 }), draft).await;
    assert!(is_allowed(&stage, json!({ "to": "ada", "text": 2 })).await);
    assert!(!is_allowed(&stage, json!({ "to": "bob", "text": 1 })).await);
    assert!(!is_allowed(&stage, json!({ "text": 1 })).await);
    stage.clock.advance(Duration::from_mins(31));
    assert!(!is_allowed(&stage, json!({ "to": "ada", "text": 2 })).await);
}

/// It satisfies an `ask`, never a `deny`, and never a quorum above one.
#[tokio::test]
async fn it_answers_no_deny_and_no_quorum() {
    let stage = stage().await;
    allow(&stage, json!({}), json!({ "uses": 9 })).await;
    let rule = |name: &str, verdict: &str, ask: Value| {
        let mut rule = json!({ "name": name, "kind": "guard", "match": { "action": ["send"] }, "verdict": verdict });
        if !ask.is_null() {
            rule["ask"] = ask;
        }
        serde_json::from_value(rule).unwrap()
    };
    let quorum = rule("two", "ask", json!({ "quorum": 2 }));
    stage.gate.add_rule(&stage.owner(), quorum).await.unwrap();
    assert!(!is_allowed(&stage, json!({})).await);
    stage.gate.remove_rule(&stage.owner(), "two").await.unwrap();
    let named = rule(
        "named",
        "ask",
        json!({ "approvers": [{ "operator": "ann" }] }),
    );
    stage.gate.add_rule(&stage.owner(), named).await.unwrap();
    assert!(!is_allowed(&stage, json!({})).await);
    stage
        .gate
        .remove_rule(&stage.owner(), "named")
        .await
        .unwrap();
    assert!(is_allowed(&stage, json!({})).await);
    let deny = rule("no", "deny", Value::Null);
    stage.gate.add_rule(&stage.owner(), deny).await.unwrap();
    let denied = submit(&stage, "send", json!({})).await;
    assert!(matches!(denied, Submission::Denied(_)));
}

#[tokio::test]
async fn it_comes_with_an_approval_that_is_enough_and_within_bounds() {
    let stage = stage().await;
    let id = pending(&stage, json!({ "to": "ada" })).await;
    for (draft, field) in [
        (json!({}), "standing"),
        (json!({ "uses": 0 }), "standing.uses"),
        (json!({ "minutes": 999_999 }), "standing.minutes"),
        (json!({ "uses": 1, "same": [] }), "standing.same"),
        (
            json!({ "uses": 1, "same": ["input.absent"] }),
            "standing.same",
        ),
        (json!({ "uses": 1, "same": ["to"] }), "standing.same"),
    ] {
        let error = stage.gate.cast(&stage.owner(), id, standing(draft)).await;
        assert_eq!(error.unwrap_err().field.as_deref(), Some(field));
    }
    let denied = Ballot {
        kind: VoteKind::Deny,
        ..standing(json!({ "uses": 1 }))
    };
    let error = stage.gate.cast(&stage.owner(), id, denied).await;
    assert_eq!(error.unwrap_err().code, "invalid_input");
    let by_agent = stage
        .gate
        .cast(&stage.agent(), id, standing(json!({ "uses": 1 })))
        .await;
    assert_eq!(by_agent.unwrap_err().code, "forbidden");
    assert_eq!(stage.state(id).await, "pending");
}

/// What an approver saw besides the payload binds it, too: a target that leads elsewhere is another target.
#[tokio::test]
async fn another_connection_or_maker_without_rights_ends_it() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let ballot = standing(
        serde_json::to_value(StandingDraft {
            uses: Some(9),
            ..StandingDraft::default()
        })
        .unwrap(),
    );
    stage.gate.cast(&stage.owner(), id, ballot).await.unwrap();
    assert!(matches!(
        stage.submit("POST /charges").await.unwrap(),
        Submission::Replied(_)
    ));
    let change =
        serde_json::from_value(json!({ "config": { "base_url": "fake://elsewhere" } })).unwrap();
    stage
        .gate
        .update_target(&stage.owner(), "payments", change)
        .await
        .unwrap();
    assert!(matches!(
        stage.submit("POST /charges").await.unwrap(),
        Submission::Pending(_)
    ));
}

#[tokio::test]
async fn it_can_be_taken_back_and_the_ledger_tells_of_it() {
    let stage = stage().await;
    let id = pending(&stage, json!({})).await;
    stage
        .gate
        .cast(&stage.owner(), id, standing(json!({ "uses": 9 })))
        .await
        .unwrap();
    let listed = stage.gate.standing_approvals(&stage.owner()).await.unwrap();
    let agents = stage.gate.standing_approvals(&stage.agent()).await;
    assert_eq!(agents.unwrap_err().code, "forbidden");
    let revoked = stage
        .gate
        .revoke_standing(&stage.agent(), listed[0].standing.id)
        .await;
    assert_eq!(revoked.unwrap_err().code, "forbidden");
    stage
        .gate
        .revoke_standing(&stage.owner(), listed[0].standing.id)
        .await
        .unwrap();
    assert!(!is_allowed(&stage, json!({})).await);
    assert_eq!(
        stage.story(id).await,
        [
            "action.asked",
            "approval.decided",
            "standing.created",
            "standing.revoked"
        ]
    );
}

/// A restart keeps it, with the uses that are left.
#[tokio::test]
async fn a_crash_keeps_what_is_left() {
    let stage = stage().await;
    allow(&stage, json!({}), json!({ "uses": 2 })).await;
    assert!(is_allowed(&stage, json!({})).await);
    let stage = stage.crash_and_restart().await;
    assert!(is_allowed(&stage, json!({})).await);
    assert!(!is_allowed(&stage, json!({})).await);
}
