//! Decision links: whom they serve, for what, how often and how long.

use std::{sync::Arc, time::Duration};

use countersign_domain::{GrantVerdict, RequestId, Role, VoteKind};
use countersign_gate::{LinkDraft, LinkPair, OpCx, Result};
use countersign_store::StoreError;
use serde_json::json;

use crate::{
    stage::{Stage, grant},
    terms::{operator, rule},
};

const HERE: &str = "192.0.2.7";

async fn pair(stage: &Stage, cx: &OpCx, request: RequestId) -> LinkPair {
    let cx = OpCx {
        now: stage.gate.now(),
        ..cx.clone()
    };
    let draft = LinkDraft {
        request,
        expires_in_seconds: None,
    };
    stage.gate.make_links(&cx, draft).await.unwrap()
}

async fn press(stage: &Stage, token: &str, note: &str) -> Result<VoteKind> {
    let source: Arc<str> = HERE.into();
    let pressed = stage.gate.decide_by_link(&source, token, note, None).await;
    pressed.map(|(kind, _)| kind)
}

async fn refused(stage: &Stage, token: &str) -> &'static str {
    press(stage, token, "").await.unwrap_err().code
}

#[tokio::test]
async fn a_link_decides_once_as_its_approver_and_its_twin_dies_with_it() {
    let stage = Stage::new().await;
    let ann = operator(&stage, "ann", Role::Approver).await;
    let id = stage.ask().await;
    let (own, other) = (
        pair(&stage, &ann, id).await,
        pair(&stage, &stage.owner(), id).await,
    );
    assert_eq!(own.approve.expose().len(), 43);
    assert_eq!(own.lasts_seconds, 86_400);
    let view = stage
        .gate
        .look_at_link(HERE, own.approve.expose())
        .await
        .unwrap();
    assert_eq!(
        (view.kind, view.approver_name.as_str()),
        (VoteKind::Approve, "ann")
    );
    assert!(!view.needs_sign_in);
    assert_eq!(
        press(&stage, own.approve.expose(), "").await.unwrap(),
        VoteKind::Approve
    );
    let detail = stage.detail(id).await;
    assert_eq!(detail.view.request.state.as_str(), "approved");
    assert_eq!(detail.view.votes.len(), 1);
    assert_eq!(
        Some(detail.view.votes[0].operator),
        ann.principal
            .actor()
            .uuid()
            .map(countersign_domain::OperatorId::new)
    );
    assert_eq!(
        detail.view.votes[0].note,
        "Decision made via one-click approve link"
    );
    for token in [&own.approve, &own.deny] {
        assert_eq!(refused(&stage, token.expose()).await, "link_used");
    }
    for token in [&other.approve, &other.deny] {
        assert_eq!(refused(&stage, token.expose()).await, "already_decided");
    }
    let story = stage.story(id).await;
    assert!(
        story.contains(&"link.made".to_owned()) && story.contains(&"link.used".to_owned()),
        "{story:?}"
    );
}

#[tokio::test]
async fn a_link_denies() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let pair = pair(&stage, &stage.owner(), id).await;
    assert_eq!(
        press(&stage, pair.deny.expose(), "not today")
            .await
            .unwrap(),
        VoteKind::Deny
    );
    assert_eq!(stage.state(id).await, "denied");
    assert_eq!(stage.detail(id).await.view.votes[0].note, "not today");
}

/// AgentGate 7: looking is not deciding, however often.
#[tokio::test]
async fn looking_changes_nothing() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let pair = pair(&stage, &stage.owner(), id).await;
    let entries = stage.entries().await.len();
    for _ in 0..200 {
        stage
            .gate
            .look_at_link(HERE, pair.approve.expose())
            .await
            .unwrap();
        stage
            .gate
            .look_at_link(HERE, pair.deny.expose())
            .await
            .unwrap();
    }
    assert_eq!(stage.state(id).await, "pending");
    assert_eq!(stage.entries().await.len(), entries);
    press(&stage, pair.approve.expose(), "").await.unwrap();
}

#[tokio::test]
async fn an_agent_and_who_may_not_decide_make_none() {
    let stage = Stage::new().await;
    let viewer = operator(&stage, "vic", Role::Approver).await;
    let id = stage.ask().await;
    let draft = LinkDraft {
        request: id,
        expires_in_seconds: None,
    };
    let by_agent = stage.gate.make_links(&stage.agent(), draft).await;
    assert_eq!(by_agent.unwrap_err().code, "forbidden");
    for seconds in [0, 59, 30 * 86_400 + 1, u64::MAX] {
        let draft = LinkDraft {
            expires_in_seconds: Some(seconds),
            ..draft
        };
        let wrong = stage.gate.make_links(&viewer, draft).await.unwrap_err();
        assert_eq!(wrong.field.as_deref(), Some("expires_in_seconds"));
    }
    stage.approve(id).await.unwrap();
    let late = stage
        .gate
        .make_links(&stage.owner(), draft)
        .await
        .unwrap_err();
    assert_eq!(
        (late.code, &*late.message),
        (
            "not_pending",
            "Request is not pending (current status: approved)"
        )
    );
}

#[tokio::test]
async fn a_link_ends_when_it_says() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let draft = LinkDraft {
        request: id,
        expires_in_seconds: Some(600),
    };
    let pair = stage.gate.make_links(&stage.owner(), draft).await.unwrap();
    stage.clock.advance(Duration::from_secs(590));
    stage
        .gate
        .look_at_link(HERE, pair.deny.expose())
        .await
        .unwrap();
    stage.clock.advance(Duration::from_secs(11));
    let looked = stage.gate.look_at_link(HERE, pair.deny.expose()).await;
    assert_eq!(looked.unwrap_err().code, "link_expired");
    assert_eq!(refused(&stage, pair.approve.expose()).await, "link_expired");
    assert_eq!(stage.state(id).await, "pending");
}

/// Another vault's token, a row that was changed, a twin's half, and what is none.
#[tokio::test]
async fn only_the_very_token_is_known() {
    let (stage, elsewhere) = (Stage::new().await, Stage::new().await);
    let (id, foreign) = (stage.ask().await, elsewhere.ask().await);
    let own = pair(&stage, &stage.owner(), id).await;
    let other = pair(&elsewhere, &elsewhere.owner(), foreign).await;
    let mixed = format!(
        "{}{}",
        &own.approve.expose()[..22],
        &other.approve.expose()[22..]
    );
    let longer = format!("{}A", own.approve.expose());
    for token in [
        other.approve.expose(),
        &mixed,
        &longer,
        "",
        "x",
        &"A".repeat(43),
        &"é".repeat(22),
    ] {
        assert_eq!(refused(&stage, token).await, "no_link", "{token}");
    }
    // The row alone makes no token: whoever moves it to another request has none for that.
    let second = stage.ask().await;
    let bytes = second.as_bytes().to_vec();
    let store = stage.gate.workspace().store.clone();
    store
        .write::<_, StoreError, _>(move |tx| {
            tx.execute(
                "UPDATE decision_link SET request_id = ?1",
                &[(&bytes).into()],
            )
        })
        .await
        .unwrap();
    assert_eq!(refused(&stage, own.approve.expose()).await, "no_link");
    assert_eq!(stage.state(id).await, "pending");
    assert_eq!(stage.state(second).await, "pending");
}

#[tokio::test]
async fn another_payload_is_not_decided_on() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let pair = pair(&stage, &stage.owner(), id).await;
    let store = stage.gate.workspace().store.clone();
    let other = vec![7_u8; 32];
    store
        .write::<_, StoreError, _>(move |tx| {
            tx.execute("UPDATE request SET payload_hash = ?1", &[(&other).into()])
        })
        .await
        .unwrap();
    assert_eq!(refused(&stage, pair.approve.expose()).await, "stale");
    assert_eq!(stage.state(id).await, "pending");
}

#[tokio::test]
async fn a_changed_target_makes_what_a_link_approves_stale() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let pair = pair(&stage, &stage.owner(), id).await;
    let change =
        serde_json::from_value(json!({ "config": { "base_url": "fake://elsewhere" } })).unwrap();
    stage
        .gate
        .update_target(&stage.owner(), "payments", change)
        .await
        .unwrap();
    assert!(press(&stage, pair.approve.expose(), "").await.is_err());
    assert_eq!(stage.state(id).await, "stale");
}

#[tokio::test]
async fn a_link_dies_with_its_approver_and_with_its_key() {
    let stage = Stage::new().await;
    let ann = operator(&stage, "ann", Role::Approver).await;
    let id = stage.ask().await;
    let first = pair(&stage, &ann, id).await;
    let key = ann.principal.key().unwrap().id.to_string();
    stage.gate.revoke_key(&stage.owner(), &key).await.unwrap();
    assert_eq!(
        refused(&stage, first.approve.expose()).await,
        "link_revoked"
    );
    let bob = operator(&stage, "bob", Role::Approver).await;
    let second = pair(&stage, &bob, id).await;
    stage
        .gate
        .disable_operator(&stage.owner(), "bob")
        .await
        .unwrap();
    assert_eq!(
        refused(&stage, second.approve.expose()).await,
        "link_revoked"
    );
    assert_eq!(stage.state(id).await, "pending");
}

#[tokio::test]
async fn a_link_is_under_the_rule_s_terms() {
    let stage = Stage::new().await;
    rule(
        &stage,
        json!({ "approvers": [{ "operator": "ann" }], "reason_required": true }),
    )
    .await;
    let ann = operator(&stage, "ann", Role::Approver).await;
    let id = stage.ask().await;
    let (owner, own) = (
        pair(&stage, &stage.owner(), id).await,
        pair(&stage, &ann, id).await,
    );
    assert_eq!(
        press(&stage, owner.approve.expose(), "why")
            .await
            .unwrap_err()
            .code,
        "forbidden"
    );
    assert_eq!(refused(&stage, own.approve.expose()).await, "invalid_input");
    // What failed used nothing up.
    press(&stage, own.approve.expose(), "because")
        .await
        .unwrap();
    assert_eq!(stage.state(id).await, "approved");
}

#[tokio::test]
async fn a_quorum_and_what_is_destructive_want_a_sign_in() {
    let stage = Stage::new().await;
    rule(&stage, json!({ "quorum": 2 })).await;
    let id = stage.ask().await;
    let made = pair(&stage, &stage.owner(), id).await;
    assert!(made.needs_sign_in);
    assert!(
        stage
            .gate
            .look_at_link(HERE, made.deny.expose())
            .await
            .unwrap()
            .needs_sign_in
    );
    for token in [&made.approve, &made.deny] {
        assert_eq!(refused(&stage, token.expose()).await, "sign_in_needed");
    }
    let grants = stage
        .gate
        .grants(&stage.owner(), &countersign_gate::GrantFilter::default())
        .unwrap();
    let deny = grants
        .iter()
        .find(|grant| grant.action.to_string().starts_with("DELETE"))
        .unwrap();
    stage
        .gate
        .remove_grant(&stage.owner(), &deny.id.to_string())
        .await
        .unwrap();
    grant(&stage.gate, &stage.owner(), "DELETE /**", GrantVerdict::Ask).await;
    let asked = stage.submit("DELETE /charges/1").await.unwrap();
    let countersign_gate::Submission::Pending(view) = asked else {
        panic!("expected it to ask: {asked:?}");
    };
    let made = pair(&stage, &stage.owner(), view.request.id).await;
    assert_eq!(
        refused(&stage, made.approve.expose()).await,
        "sign_in_needed"
    );
    assert_eq!(stage.state(view.request.id).await, "pending");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_decides() {
    let stage = Arc::new(Stage::new().await);
    let ann = operator(&stage, "ann", Role::Approver).await;
    let id = stage.ask().await;
    let (own, other) = (
        pair(&stage, &ann, id).await,
        pair(&stage, &stage.owner(), id).await,
    );
    let mut pressed = tokio::task::JoinSet::new();
    for round in 0..24 {
        let token = match round % 4 {
            0 => &own.approve,
            1 => &own.deny,
            2 => &other.approve,
            _ => &other.deny,
        };
        let (stage, token) = (Arc::clone(&stage), token.expose().to_owned());
        pressed.spawn(async move { press(&stage, &token, "").await.map_err(|error| error.code) });
    }
    let outcomes = pressed.join_all().await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
    assert_eq!(stage.detail(id).await.view.votes.len(), 1);
    let story = stage.story(id).await;
    assert_eq!(
        story.iter().filter(|kind| *kind == "link.used").count(),
        1,
        "{story:?}"
    );
}

#[tokio::test]
async fn guesses_are_counted_by_source() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let pair = pair(&stage, &stage.owner(), id).await;
    for _ in 0..60 {
        assert_eq!(refused(&stage, &"A".repeat(43)).await, "no_link");
    }
    let limited = press(&stage, &"A".repeat(43), "").await.unwrap_err();
    assert_eq!(limited.code, "rate_limited");
    assert!(limited.retry_after.unwrap() <= Duration::from_mins(1));
    stage.clock.advance(Duration::from_secs(61));
    assert_eq!(refused(&stage, &"A".repeat(43)).await, "no_link");
    // Requirement 7: what strangers send from the same address keeps nobody from deciding.
    for _ in 0..70 {
        refused(&stage, &"A".repeat(43)).await;
    }
    assert_eq!(refused(&stage, &"A".repeat(43)).await, "rate_limited");
    press(&stage, pair.approve.expose(), "").await.unwrap();
}

/// One IPv6 host has 2^64 addresses: they are one source, and don't crowd out the others.
#[tokio::test]
async fn a_network_s_addresses_are_one_source() {
    let stage = Stage::new().await;
    let guess = |source: String| {
        let gate = stage.gate.clone();
        async move {
            let looked = gate.look_at_link(&source, &"A".repeat(43)).await;
            looked.unwrap_err().code
        }
    };
    for host in 0..60 {
        assert_eq!(guess(format!("2001:db8:0:1::{host:x}")).await, "no_link");
    }
    assert_eq!(
        guess("2001:db8:0:1:ffff::1".to_owned()).await,
        "rate_limited"
    );
    assert_eq!(guess("2001:db8:0:2::1".to_owned()).await, "no_link");
}

/// What the store holds is no token, and what is printed is none.
#[tokio::test]
async fn a_token_stands_nowhere() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let pair = pair(&stage, &stage.owner(), id).await;
    let shown = format!("{pair:?}");
    assert!(
        shown.contains("[link]") && !shown.contains(pair.approve.expose()),
        "{shown}"
    );
    let entries = format!("{:?}", stage.entries().await);
    for token in [&pair.approve, &pair.deny] {
        assert!(!entries.contains(token.expose()));
    }
}

#[tokio::test]
async fn where_links_lead_is_an_address_that_an_owner_gives() {
    let stage = Stage::new().await;
    let change =
        |links: serde_json::Value| serde_json::from_value(json!({ "links": links })).unwrap();
    let approver = operator(&stage, "ada", Role::Approver).await;
    for links in [
        json!({ "base_url": "https://evil.example" }),
        json!({ "decide_on_get": true }),
    ] {
        let refused = stage.gate.update_settings(&approver, change(links)).await;
        assert_eq!(refused.unwrap_err().code, "forbidden");
    }
    for wrong in [
        "",
        "gate.example",
        "ftp://gate.example",
        "https://a@gate.example",
        "https://gate.example/x",
        "https://gate.example/",
    ] {
        let refused = stage
            .gate
            .update_settings(&stage.owner(), change(json!({ "base_url": wrong })))
            .await;
        assert_eq!(
            refused.unwrap_err().field.as_deref(),
            Some("links.base_url"),
            "{wrong}"
        );
    }
    let set = change(json!({ "base_url": "https://gate.example" }));
    stage
        .gate
        .update_settings(&stage.owner(), set)
        .await
        .unwrap();
    assert_eq!(
        stage.gate.link_base(Some("http://localhost:1".to_owned())),
        "https://gate.example"
    );
}
