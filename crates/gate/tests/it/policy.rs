//! The policy as a whole: why it decided, what other rules would do, all rules as one set, and numbers over it all.

use std::time::Duration;

use countersign_domain::{GrantVerdict, Outcome, Verdict, VoteKind};
use countersign_gate::{
    AnalyticsSpan, ChangeAction, FactsDraft, RuleSet, SimulationDraft, Submission,
};
use serde_json::{Value, json};

use crate::stage::{Stage, grant};

#[expect(
    clippy::needless_pass_by_value,
    reason = "a literal is written where it is used"
)]
fn set(rules: Value) -> RuleSet {
    serde_json::from_value(json!({ "rules": rules })).unwrap()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a literal is written where it is used"
)]
fn facts(action: &str, input: Value) -> FactsDraft {
    serde_json::from_value(
        json!({ "agent": "demo", "target": "payments", "action": action, "input": input }),
    )
    .unwrap()
}

fn simulation(rules: Value) -> SimulationDraft {
    SimulationDraft {
        set: set(rules),
        since: None,
        until: None,
        after: None,
        limit: 0,
    }
}

fn names(stage: &Stage) -> Vec<String> {
    let rules = stage.gate.rules(&stage.owner()).unwrap();
    rules.iter().map(|rule| rule.name.to_string()).collect()
}

#[tokio::test]
async fn a_request_is_explained_by_the_set_of_then_until_that_changes() {
    let stage = Stage::new().await;
    let rules = json!([
        { "name": "large", "match": { "input": { "body.amount": { "gt": 900 } } }, "verdict": "deny" },
        { "name": "charges", "kind": "guard", "match": { "action": ["POST /charges"] }, "verdict": "ask" },
    ]);
    stage
        .gate
        .apply_rules(&stage.owner(), &set(rules), None)
        .await
        .unwrap();
    let id = stage.ask().await;
    let told = stage
        .gate
        .explain_request(&stage.owner(), id)
        .await
        .unwrap();
    assert!(told.is_set_of_then && told.agrees());
    let find = |name: &str| {
        let considered = &told.explanation.considered;
        considered
            .iter()
            .find(|one| one.name.as_deref() == Some(name))
            .unwrap()
    };
    assert_eq!(
        find("large").part.as_deref(),
        Some("match.input.body.amount")
    );
    assert_eq!(find("charges").outcome, Outcome::Spoke);
    // What changes no decision does not make the set another.
    crate::stage::set_credential(&stage.gate, &stage.owner(), "another-secret-of-length").await;
    assert!(
        stage
            .gate
            .explain_request(&stage.owner(), id)
            .await
            .unwrap()
            .is_set_of_then
    );
    grant(
        &stage.gate,
        &stage.owner(),
        "POST /charges",
        GrantVerdict::Deny,
    )
    .await;
    let told = stage
        .gate
        .explain_request(&stage.owner(), id)
        .await
        .unwrap();
    assert!(!told.is_set_of_then && !told.agrees());
    assert_eq!(told.recorded.verdict, Verdict::Ask);
    assert_eq!(told.explanation.decision.verdict, Verdict::Deny);
}

#[tokio::test]
async fn an_agent_explains_tests_and_simulates_nothing() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let agent = stage.agent();
    let explained = stage.gate.explain_request(&agent, id).await.unwrap_err();
    assert_eq!(explained.code, "forbidden");
    let tested = stage
        .gate
        .test_policy(&agent, &facts("GET /a", json!({})), None);
    assert_eq!(tested.unwrap_err().code, "forbidden");
    let simulated = stage
        .gate
        .simulate_policy(&agent, simulation(json!([])))
        .await;
    assert_eq!(simulated.unwrap_err().code, "forbidden");
    assert_eq!(
        stage.gate.suggestions(&agent).await.unwrap_err().code,
        "forbidden"
    );
}

#[tokio::test]
async fn facts_given_by_hand_are_decided_on_and_recorded_nowhere() {
    let stage = Stage::new().await;
    let before = stage.entries().await.len();
    let draft = facts("POST /rules/x", json!({ "body": { "amount": 5 } }));
    let today = stage
        .gate
        .test_policy(&stage.owner(), &draft, None)
        .unwrap();
    assert_eq!(today.explanation.decision.verdict, Verdict::Ask);
    let proposed = set(
        json!([{ "name": "small", "match": { "input": { "body.amount": { "lt": 10 } } }, "verdict": "allow" }]),
    );
    let told = stage
        .gate
        .test_policy(&stage.owner(), &draft, Some(&proposed))
        .unwrap();
    assert_eq!(told.explanation.decision.verdict, Verdict::Allow);
    assert_eq!(
        told.warnings.len(),
        1,
        "it allows by what the agent chooses"
    );
    assert_eq!(names(&stage), Vec::<String>::new());
    assert_eq!(stage.entries().await.len(), before);
}

#[tokio::test]
async fn a_simulation_counts_what_would_change_page_by_page_and_what_is_gone() {
    let stage = Stage::new().await;
    for _ in 0..3 {
        let submitted = stage.submit("POST /rules/x").await.unwrap();
        assert!(matches!(submitted, Submission::Pending(_)));
    }
    stage.submit("GET /things").await.unwrap();
    let denying =
        json!([{ "name": "no", "match": { "action": ["POST /rules/**"] }, "verdict": "deny" }]);
    let told = stage
        .gate
        .simulate_policy(&stage.owner(), simulation(denying.clone()))
        .await
        .unwrap();
    assert_eq!(
        (told.replayed, told.not_replayable, told.total),
        (4, 0, Some(4))
    );
    assert_eq!(told.counts[&(Verdict::Ask, Verdict::Deny)], 3);
    assert_eq!(told.counts[&(Verdict::Allow, Verdict::Allow)], 1);
    assert_eq!(told.changed.len(), 3);
    assert_eq!(told.changed[0].made_by, "no");
    assert_eq!(told.changed[0].now, Verdict::Ask);
    let first = SimulationDraft {
        limit: 3,
        ..simulation(denying.clone())
    };
    let page = stage
        .gate
        .simulate_policy(&stage.owner(), first)
        .await
        .unwrap();
    assert_eq!(page.replayed, 3);
    let rest = SimulationDraft {
        after: page.next,
        ..simulation(denying.clone())
    };
    let page = stage
        .gate
        .simulate_policy(&stage.owner(), rest)
        .await
        .unwrap();
    assert_eq!((page.replayed, page.next), (1, None));
    // Evidence that was deleted can't be decided on again, and is not guessed.
    let all = countersign_domain::EntryId::new(uuid::Uuid::max());
    let deleted = stage
        .gate
        .workspace()
        .store
        .write::<_, countersign_store::StoreError, _>(move |tx| {
            tx.query_built(
                "DELETE FROM evidence WHERE entry_id <= ?1 RETURNING at",
                &[(&all).into()],
                |row| row.i64(0),
            )
        })
        .await
        .unwrap();
    assert!(deleted.len() >= 4);
    let told = stage
        .gate
        .simulate_policy(&stage.owner(), simulation(denying))
        .await
        .unwrap();
    assert_eq!((told.replayed, told.not_replayable), (0, 4));
}

#[tokio::test]
async fn a_set_with_a_fault_is_refused_whole_and_the_old_one_stays() {
    let stage = Stage::new().await;
    let first =
        set(json!([{ "name": "keep", "verdict": "deny", "match": { "target": ["payments"] } }]));
    stage
        .gate
        .apply_rules(&stage.owner(), &first, None)
        .await
        .unwrap();
    let faulty = set(json!([
        { "name": "fine", "verdict": "ask", "match": { "target": ["payments"] } },
        { "name": "broken", "verdict": "ask", "match": { "input": { "body.amount": {} } } },
    ]));
    let error = stage
        .gate
        .apply_rules(&stage.owner(), &faulty, None)
        .await
        .unwrap_err();
    assert_eq!(error.field.as_deref(), Some("rules[1].match"));
    assert!(
        error.message.contains("match.input.body.amount"),
        "{}",
        error.message
    );
    assert_eq!(names(&stage), ["keep"]);
    let twice = set(json!([{ "name": "a", "verdict": "ask" }, { "name": "a", "verdict": "deny" }]));
    let error = stage
        .gate
        .apply_rules(&stage.owner(), &twice, None)
        .await
        .unwrap_err();
    assert_eq!(error.field.as_deref(), Some("rules[1].name"));
}

#[tokio::test]
async fn a_set_is_put_in_place_in_one_change_that_says_what_it_did() {
    let stage = Stage::new().await;
    let first = set(json!([
        { "name": "gone", "verdict": "deny", "match": { "effect": ["egress"] } },
        { "name": "kept", "verdict": "deny", "match": { "effect": ["destructive"] } },
        { "name": "moved", "verdict": "ask", "match": { "effect": ["write"] }, "ask": { "quorum": 2 } },
    ]));
    stage
        .gate
        .apply_rules(&stage.owner(), &first, None)
        .await
        .unwrap();
    let (exported, version) = stage.gate.rule_set(&stage.owner()).unwrap();
    // What was exported changes nothing.
    let plan = stage.gate.plan_rules(&stage.owner(), &exported).unwrap();
    assert_eq!((plan.changes.len(), plan.kept), (0, 3));
    let second = set(json!([
        { "name": "kept", "verdict": "deny", "match": { "effect": ["destructive"] } },
        { "name": "moved", "verdict": "deny", "match": { "effect": ["write"] } },
        { "name": "new", "verdict": "ask", "match": { "effect": ["read"] } },
    ]));
    let epoch = stage.gate.epoch();
    let done = stage
        .gate
        .apply_rules(&stage.owner(), &second, Some(version.clone()))
        .await
        .unwrap();
    assert_eq!(stage.gate.epoch(), epoch + 1);
    let actions: Vec<_> = done
        .changes
        .iter()
        .map(|change| (change.name.as_str(), change.action))
        .collect();
    assert_eq!(
        actions,
        [
            ("gone", ChangeAction::Remove),
            ("moved", ChangeAction::Update),
            ("new", ChangeAction::Create)
        ]
    );
    assert_eq!(names(&stage), ["kept", "moved", "new"]);
    let kinds = stage
        .entries()
        .await
        .into_iter()
        .rev()
        .take(3)
        .map(|sealed| sealed.entry.kind);
    let kinds: Vec<String> = kinds.collect();
    assert!(
        kinds.iter().any(|kind| kind == "config.rule.removed"),
        "{kinds:?}"
    );
    // Somebody else was faster.
    let error = stage
        .gate
        .apply_rules(&stage.owner(), &first, Some(version))
        .await
        .unwrap_err();
    assert_eq!(error.code, "changed_meanwhile");
    assert_eq!(names(&stage), ["kept", "moved", "new"]);
}

#[tokio::test]
async fn numbers_suggestions_and_alarms_come_from_what_was_decided() {
    let stage = Stage::new().await;
    for _ in 0..20 {
        let id = stage.ask().await;
        stage.approve(id).await.unwrap();
    }
    let span = AnalyticsSpan::default();
    let overview = stage.gate.overview(&stage.owner(), span).await.unwrap();
    assert_eq!((overview.volume.asked, overview.volume.approved), (20, 20));
    assert_eq!(overview.volume.approval_rate(), Some(1.0));
    let suggestions = stage.gate.suggestions(&stage.owner()).await.unwrap();
    assert_eq!(suggestions.len(), 1);
    assert_eq!(suggestions[0].action, "POST /charges");
    assert_eq!(suggestions[0].approvals, 20);
    let alarms = stage.gate.alarms(&stage.owner(), span).await.unwrap();
    assert_eq!((alarms.len(), alarms[0].approvals), (1, 20));
    assert_eq!(alarms[0].name, "owner");
    let approvers = stage.gate.approvers(&stage.owner(), span).await.unwrap();
    assert_eq!((approvers[0].approvals, approvers[0].denials), (20, 0));
    let rules = stage.gate.rule_numbers(&stage.owner(), span).await.unwrap();
    assert!(rules[0].label.starts_with("grant:"), "{}", rules[0].label);
    let day = Duration::from_hours(24);
    let trends = stage.gate.trends(&stage.owner(), span, day).await.unwrap();
    assert_eq!(
        trends
            .iter()
            .map(|(_, volume)| volume.requests)
            .sum::<u64>(),
        20
    );
    // One refusal, and it is no suggestion any more.
    let id = stage.ask().await;
    let owner = stage.owner();
    stage
        .gate
        .decide(&owner, id, VoteKind::Deny, String::new())
        .await
        .unwrap();
    assert_eq!(
        stage.gate.suggestions(&stage.owner()).await.unwrap().len(),
        0
    );
    let overview = stage.gate.overview(&stage.owner(), span).await.unwrap();
    assert_eq!(overview.volume.refused, 1);
}

/// Long work on rules has one turn, and none of the threads that serve calls: with one thread and one piece of work that holds it up, another
/// waits and calls are served.
#[tokio::test]
async fn long_work_on_rules_holds_up_nothing_else() {
    let stage = Stage::new().await;
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (gate, other) = (stage.gate.clone(), stage.gate.clone());
    let first = tokio::spawn(async move { gate.aside(move |_| held.recv().is_ok()).await });
    tokio::task::yield_now().await;
    let mut second = tokio::spawn(async move { other.aside(|_| ()).await });
    stage.ask().await;
    let waits = tokio::time::timeout(std::time::Duration::from_millis(50), &mut second);
    assert!(waits.await.is_err());
    release.send(()).unwrap();
    assert!(first.await.unwrap().unwrap());
    second.await.unwrap().unwrap();
}
