//! Keys: what they are bound to, who may change them, two secrets for a while, counting.

use std::{sync::Arc, time::Duration};

use countersign_domain::{GrantVerdict, KeyId, RequestId, Scope, Timestamp, VoteKind};
use countersign_gate::{
    BoundsDraft, ErrorKind, Gate, KeyChange, KeyDraft, NewTarget, OpCx, RateLimit, RateLimiter,
    RequestFilter, Route, Submission, Take, Taken,
};
use serde_json::json;

use crate::{
    stage::{Stage, draft},
    support::{TestGate, by_key, key_draft},
};

fn change(value: serde_json::Value) -> KeyChange {
    serde_json::from_value(value).unwrap()
}

async fn admin_only(test: &TestGate) -> OpCx {
    test.by_key(&test.key(&[Scope::Admin]).await)
}

/// Requirement 8: nobody changes, prolongs or rotates a key that may do more than they may themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_not_changed_beyond_the_makers_own_permissions() {
    let test = TestGate::sqlite().await;
    let gate = &test.gate;
    let decider = test.key(&[Scope::RequestDecide]).await;
    let decider = test
        .by_key(&decider)
        .principal
        .key()
        .unwrap()
        .id
        .to_string();
    let reader = test.key(&[Scope::RequestRead]).await;
    let reader = test.by_key(&reader).principal.key().unwrap().id.to_string();
    let admin = admin_only(&test).await;
    for wanted in [
        json!({"expires_in_seconds": null}),
        json!({"rate_limit_per_minute": null}),
        json!({"name": "mine"}),
        json!({"scopes": ["request:read"]}),
    ] {
        let error = gate.update_key(&admin, &decider, change(wanted)).await;
        assert_eq!(error.unwrap_err().kind, ErrorKind::Forbidden);
    }
    let error = gate.rotate_key(&admin, &decider, 0).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    let wider = change(json!({"scopes": ["request:read", "request:decide"]}));
    let error = gate.update_key(&admin, &reader, wider.clone()).await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::Forbidden);
    // Who may decide may give it.
    let key = gate
        .update_key(&test.owner(), &reader, wider)
        .await
        .unwrap();
    assert_eq!(key.scopes, [Scope::RequestRead, Scope::RequestDecide]);
    // And an agent's key stays one.
    test.agent("one").await;
    let draft = key_draft("second", Some("one"), None, &[]);
    let agents = gate.add_key(&test.owner(), draft).await.unwrap().key;
    let error = gate
        .update_key(
            &test.owner(),
            &agents.id.to_string(),
            change(json!({"scopes": ["request:decide"]})),
        )
        .await
        .unwrap_err();
    assert_eq!(error.field.as_deref(), Some("scopes"));
    let manager = test.by_key(&test.key(&[Scope::KeyManage]).await);
    let renamed = change(json!({"name": "renamed", "rate_limit_per_minute": 7}));
    let key = gate
        .update_key(&manager, &agents.id.to_string(), renamed)
        .await
        .unwrap();
    assert_eq!(
        (key.name.as_str(), key.rate_limit_per_minute),
        ("renamed", Some(7))
    );
    let error = gate
        .update_key(&manager, &reader, change(json!({"name": "x"})))
        .await;
    assert_eq!(
        error.unwrap_err().kind,
        ErrorKind::Forbidden,
        "operators' keys are not theirs"
    );
    let error = gate
        .update_key(&test.owner(), &reader, KeyChange::default())
        .await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::InvalidInput);
    gate.revoke_key(&test.owner(), &reader).await.unwrap();
    let error = gate
        .update_key(&test.owner(), &reader, change(json!({"name": "x"})))
        .await;
    assert_eq!(error.unwrap_err().code, "key_ended");
    let error = gate.rotate_key(&test.owner(), &reader, 60).await;
    assert_eq!(error.unwrap_err().code, "key_ended");
}

/// What was opened with more rights than the key has now is not open any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn narrowed_rights_end_what_is_open() {
    let test = TestGate::sqlite().await;
    let cx = test.by_key(&test.key(&[Scope::RequestRead, Scope::AuditRead]).await);
    let id = cx.principal.key().unwrap().id.to_string();
    assert!(test.gate.is_live(&cx.principal).await);
    let narrower = change(json!({"scopes": ["request:read"]}));
    test.gate
        .update_key(&test.owner(), &id, narrower)
        .await
        .unwrap();
    assert!(!test.gate.is_live(&cx.principal).await);
    let now = test.gate.refresh(&cx).await.unwrap();
    assert!(test.gate.is_live(&now.principal).await);
    // Its end can be set, too, and comes on the microsecond.
    let ends = change(json!({"expires_in_seconds": 60}));
    test.gate
        .update_key(&test.owner(), &id, ends)
        .await
        .unwrap();
    test.clock.advance(Duration::from_micros(59_999_999));
    assert!(test.gate.is_live(&now.principal).await);
    test.clock.advance(Duration::from_micros(1));
    assert!(!test.gate.is_live(&now.principal).await);
}

async fn rotates(test: &TestGate) {
    let gate = &test.gate;
    let old = test.agent("one").await;
    let opened = test.by_key(&old);
    let id = opened.principal.key().unwrap().id;
    let rotated = gate
        .rotate_key(&test.owner(), &id.to_string(), 600)
        .await
        .unwrap();
    let new = rotated.secret.expose().to_owned();
    assert_eq!(
        rotated.key.id, id,
        "the same key: what it has asked for stays its own"
    );
    let retiring = rotated.key.retiring.clone().unwrap();
    assert_eq!(retiring.prefix, opened.principal.key().unwrap().prefix);
    assert!(new.starts_with(&rotated.key.prefix) && !old.starts_with(&rotated.key.prefix));
    let error = gate.rotate_key(&test.owner(), &id.to_string(), 1).await;
    assert_eq!(error.unwrap_err().code, "rotation_running");

    test.clock.advance(Duration::from_micros(599_999_999));
    let by_old = gate.identify_key(&old).unwrap();
    assert_eq!(by_old.key().unwrap().id, id);
    assert!(gate.is_live(&opened.principal).await);
    gate.identify_key(&new).unwrap();
    // The last moment of the old one, and the first without it.
    test.clock.advance(Duration::from_micros(1));
    let error = gate.identify_key(&old).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthenticated);
    assert!(
        !gate.is_live(&opened.principal).await,
        "what it has open ends"
    );
    assert!(!gate.is_live(&by_old).await);
    gate.identify_key(&new).unwrap();

    // Without an overlap everything before is dead at once, also during an overlap.
    gate.rotate_key(&test.owner(), &id.to_string(), 600)
        .await
        .unwrap();
    gate.identify_key(&new).unwrap();
    let last = gate
        .rotate_key(&test.owner(), &id.to_string(), 0)
        .await
        .unwrap();
    assert!(gate.identify_key(&new).is_err() && last.key.retiring.is_none());
    let last = last.secret.expose().to_owned();
    // Revoking ends both secrets.
    let both = gate
        .rotate_key(&test.owner(), &id.to_string(), 600)
        .await
        .unwrap();
    gate.identify_key(&last).unwrap();
    gate.revoke_key(&test.owner(), &id.to_string())
        .await
        .unwrap();
    assert!(gate.identify_key(&last).is_err());
    assert!(gate.identify_key(both.secret.expose()).is_err());
    assert_eq!(test.entries_of("config.key.rotated").await, 4);
    let error = gate
        .rotate_key(&test.owner(), &id.to_string(), u64::MAX)
        .await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::InvalidInput);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_secret_works_until_the_overlap_ends() {
    rotates(&TestGate::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_secret_works_until_the_overlap_ends_on_postgres() {
    if let Some(test) = TestGate::postgres().await {
        rotates(&test).await;
    }
}

/// A rotation survives a restart, with the end of the old secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_and_bounds_survive_a_restart() {
    let mut test = TestGate::sqlite().await;
    let old = test.agent("one").await;
    let id = test.by_key(&old).principal.key().unwrap().id;
    let rotated = test
        .gate
        .rotate_key(&test.owner(), &id.to_string(), 60)
        .await
        .unwrap();
    let bounded = change(json!({"bound_agent": "one"}));
    let key = test
        .gate
        .update_key(&test.owner(), &id.to_string(), bounded)
        .await
        .unwrap();
    test.restart().await;
    let again = test.by_key(rotated.secret.expose());
    assert_eq!(**again.principal.key().unwrap(), *key);
    test.gate.identify_key(&old).unwrap();
    test.clock.advance(Duration::from_mins(1));
    assert!(test.gate.identify_key(&old).is_err());
}

async fn bound_key(
    stage: &Stage,
    bounds: BoundsDraft,
    scopes: &[Scope],
) -> countersign_gate::Result<OpCx> {
    let draft = KeyDraft {
        bounds,
        ..key_draft("bound", None, Some("owner"), scopes)
    };
    let key = stage.gate.add_key(&stage.owner(), draft).await?;
    Ok(by_key(&stage.gate, key.secret.expose()))
}

async fn sees(gate: &Gate, cx: &OpCx, id: RequestId) -> bool {
    let listed = gate.requests(cx, RequestFilter::default()).await.unwrap();
    let listed = listed.items.iter().any(|view| view.request.id == id);
    let found = gate.request(cx, id).await.is_ok();
    assert_eq!(listed, found, "the list and the look-up agree");
    found
}

/// Requirement 9: what a key is not for is not there for it, by any way that there is to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bound_key_reaches_what_it_is_bound_to_and_nothing_else() {
    let stage = Stage::new().await;
    let other: NewTarget = serde_json::from_value(json!({
        "name": "mail", "connector": "fake", "config": { "base_url": "fake://mail" }
    }))
    .unwrap();
    stage.gate.add_target(&stage.owner(), other).await.unwrap();
    let grant: countersign_gate::GrantDraft = serde_json::from_value(json!({
        "agent": "demo", "target": "mail", "action": "**", "verdict": "ask"
    }))
    .unwrap();
    assert_eq!(grant.verdict, GrantVerdict::Ask);
    stage.gate.add_grant(&stage.owner(), grant).await.unwrap();
    let id = stage.ask().await;
    let scopes = [
        Scope::RequestCreate,
        Scope::RequestRead,
        Scope::RequestDecide,
    ];
    let on = |target: &str| BoundsDraft {
        agent: None,
        targets: vec![target.to_owned()],
    };
    let inside = bound_key(&stage, on("payments"), &scopes).await.unwrap();
    let outside = bound_key(&stage, on("mail"), &scopes).await.unwrap();
    let gate = &stage.gate;
    assert!(sees(gate, &inside, id).await);
    assert!(!sees(gate, &outside, id).await);
    assert!(!gate.may_read(&outside, id).await.unwrap());
    for error in [
        gate.decide(&outside, id, VoteKind::Approve, String::new())
            .await
            .unwrap_err(),
        gate.cancel(&outside, id, String::new()).await.unwrap_err(),
        gate.execute(&outside, id).await.unwrap_err(),
        gate.wait_for(&outside, id, Duration::from_secs(1))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::NotFound, "{error:?}");
    }
    let mut asked = draft("POST /charges");
    asked.agent = Some("demo".into());
    let error = gate.submit(&outside, asked.clone()).await.unwrap_err();
    assert_eq!(error.code, "no_target");
    assert!(matches!(
        gate.submit(&inside, asked.clone()).await,
        Ok(Submission::Pending(_))
    ));
    // By URL no less than by name.
    asked.route = Route::Url {
        method: "POST".into(),
        url: "fake://payments/charges".into(),
    };
    let error = gate.submit(&outside, asked).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    gate.standing_approvals(&outside).await.unwrap_err();
    gate.decide(&inside, id, VoteKind::Approve, String::new())
        .await
        .unwrap();
    // A target that is gone does not open the others.
    gate.remove_target(&stage.owner(), "mail").await.unwrap();
    assert!(!sees(gate, &outside, id).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_bound_to_an_agent_asks_for_it_and_has_scopes_of_requests_only() {
    let stage = Stage::new().await;
    let gate = &stage.gate;
    let other: countersign_gate::NewAgent =
        serde_json::from_value(json!({"name": "other"})).unwrap();
    gate.add_agent(&stage.owner(), other).await.unwrap();
    let id = stage.ask().await;
    let to = |agent: &str| BoundsDraft {
        agent: Some(agent.to_owned()),
        targets: Vec::new(),
    };
    let scopes = [Scope::RequestCreate, Scope::RequestRead];
    let demo = bound_key(&stage, to("demo"), &scopes).await.unwrap();
    let others = bound_key(&stage, to("other"), &scopes).await.unwrap();
    assert!(sees(gate, &demo, id).await);
    assert!(!sees(gate, &others, id).await);
    // It need not say for whom, and can't say another.
    assert!(matches!(
        gate.submit(&demo, draft("POST /charges")).await,
        Ok(Submission::Pending(_))
    ));
    let mut asked = draft("POST /charges");
    asked.agent = Some("demo".into());
    let error = gate.submit(&others, asked).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    for scope in Scope::EVERY {
        let made = bound_key(&stage, to("demo"), &[scope]).await;
        assert_eq!(
            made.is_ok(),
            scope.as_str().starts_with("request:"),
            "{scope}"
        );
    }
    let error = bound_key(&stage, to("nobody"), &scopes).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("bound_agent"));
    // Nor by a change: bounds first, then the scope, or the other way.
    let id = demo.principal.key().unwrap().id.to_string();
    let wider = change(json!({"scopes": ["admin"]}));
    let error = gate
        .update_key(&stage.owner(), &id, wider)
        .await
        .unwrap_err();
    assert_eq!(error.field.as_deref(), Some("scopes"));
    let free = change(json!({"scopes": ["audit:read"], "bound_agent": null}));
    let key = gate.update_key(&stage.owner(), &id, free).await.unwrap();
    assert!(key.bounds.is_unbounded());
    assert!(!gate.is_live(&demo.principal).await);
}

async fn limited(test: &TestGate, limit: u32) -> OpCx {
    test.agent("one").await;
    let draft = KeyDraft {
        rate_limit_per_minute: Some(limit),
        ..key_draft("slow", Some("one"), None, &[])
    };
    let key = test.gate.add_key(&test.owner(), draft).await.unwrap();
    test.by_key(key.secret.expose())
}

/// Requirement 36: however many ask at once, as many are admitted as the limit says, and both secrets of a key share it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_calls_share_one_budget() {
    let test = TestGate::sqlite().await;
    let cx = limited(&test, 20).await;
    let id = cx.principal.key().unwrap().id.to_string();
    let rotated = test.gate.rotate_key(&test.owner(), &id, 600).await.unwrap();
    let (old, new) = (
        cx.principal.clone(),
        test.by_key(rotated.secret.expose()).principal,
    );
    let calls = (0..60).map(|index| {
        let gate = test.gate.clone();
        let principal = if index % 2 == 0 {
            old.clone()
        } else {
            new.clone()
        };
        tokio::spawn(async move { gate.count_call(&principal).await.unwrap() })
    });
    let taken: Vec<Taken> = futures::future::join_all(calls)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let mut left: Vec<u32> = taken
        .iter()
        .filter(|taken| taken.is_admitted)
        .map(|taken| taken.standing.remaining)
        .collect();
    left.sort_unstable();
    assert_eq!(left, (0..20).collect::<Vec<_>>());
    let refused = taken.iter().find(|taken| !taken.is_admitted).unwrap();
    let error = refused.refusal();
    assert_eq!(
        (error.code, error.limit),
        ("rate_limited", Some("rate_limit_per_minute"))
    );
    // A refused call is no use of the key.
    assert_eq!(
        test.gate
            .key_usage(&test.owner(), &id)
            .await
            .unwrap()
            .last_day,
        20
    );
    test.clock.advance(error.retry_after.unwrap());
    assert!(test.gate.count_call(&new).await.unwrap().is_admitted);
    assert!(!test.gate.count_call(&old).await.unwrap().is_admitted);
}

/// A limiter that is somewhere else, and lets nobody in.
#[derive(Debug)]
struct Elsewhere;

impl RateLimiter for Elsewhere {
    fn take(&self, _: KeyId, limit: u32, _: Timestamp) -> Take<'_> {
        Take::Later(Box::pin(async move {
            tokio::task::yield_now().await;
            Taken {
                standing: RateLimit {
                    limit,
                    remaining: 0,
                    reset: Duration::from_mins(1),
                    retry_after: Duration::from_secs(3),
                },
                is_admitted: false,
            }
        }))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_can_be_counted_elsewhere() {
    let test = TestGate::sqlite().await;
    let cx = limited(&test, 20).await;
    assert!(
        test.gate
            .count_call(&cx.principal)
            .await
            .unwrap()
            .is_admitted
    );
    assert!(test.gate.limit_by(Arc::new(Elsewhere)));
    let taken = test.gate.count_call(&cx.principal).await.unwrap();
    assert_eq!(taken.refusal().retry_after, Some(Duration::from_secs(3)));
    assert!(!test.gate.limit_by(Arc::new(Elsewhere)), "once");
    // A key without a limit is not asked about.
    assert_eq!(test.gate.count_call(&test.owner().principal).await, None);
}

async fn counts(test: &mut TestGate) {
    let key = test.agent("one").await;
    let id = test.by_key(&key).principal.key().unwrap().id.to_string();
    let principal = test.by_key(&key).principal;
    for _ in 0..300 {
        assert_eq!(test.gate.count_call(&principal).await, None);
    }
    let usage = test.gate.key_usage(&test.owner(), &id).await.unwrap();
    assert_eq!(usage.last_day, 300, "before it is written, too");
    assert_eq!(
        test.count("SELECT COUNT(*) FROM key_use").await,
        0,
        "no call writes"
    );
    test.restart().await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM key_use").await,
        1,
        "one row for all of them"
    );
    let principal = test.by_key(&key).principal;
    test.gate.count_call(&principal).await;
    test.restart().await;
    let day = test.gate.key_usage(&test.owner(), &id).await.unwrap();
    assert_eq!((day.last_day, day.days.len()), (301, 1));
    assert_eq!(day.last_used_at, Some(test.gate.now()));
    test.clock.advance(Duration::from_hours(24));
    test.gate.count_call(&test.by_key(&key).principal).await;
    let next = test.gate.key_usage(&test.owner(), &id).await.unwrap();
    assert_eq!(next.last_day, 1);
    let days: Vec<u64> = next.days.iter().map(|(_, calls)| *calls).collect();
    assert_eq!(days, [301, 1]);
    assert_eq!(next.days[1].0, next.days[0].0 + 1);
    let all = test.gate.calls_of_last_day(&test.owner()).await.unwrap();
    assert_eq!(all.values().sum::<u64>(), 1);
    // What is older than is kept goes with the next writing.
    test.clock.advance(Duration::from_hours(24 * 91));
    test.gate.count_call(&test.by_key(&key).principal).await;
    test.restart().await;
    assert_eq!(test.count("SELECT COUNT(*) FROM key_use").await, 1);
    let agent = test.by_key(&key);
    let error = test.gate.key_usage(&agent, &id).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_counted_without_a_write_for_each() {
    counts(&mut TestGate::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_counted_without_a_write_for_each_on_postgres() {
    if let Some(mut test) = TestGate::postgres().await {
        counts(&mut test).await;
    }
}
