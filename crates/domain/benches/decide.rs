//! How long a decision takes over many rules: `cargo bench -p countersign-domain`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark"
)]

use std::{hint::black_box, time::Instant};

use countersign_domain::{
    ActionFacts, AgentFacts, AgentId, AskTerms, Effect, Facts, Grant, GrantId, GrantVerdict,
    Labels, Permissions, PolicySet, ProfileId, Risk, RiskScore, Rule, RuleId, RuleKind, RuleMode,
    ScanFacts, TargetFacts, TargetId, Timestamp, Urgency, Verdict, decide,
};
use serde_json::{Value, json};
use uuid::Uuid;

const POLICIES: u64 = 1_000;
const RULES_PER_POLICY: u64 = 5;
const ROUNDS: usize = 20_000;

fn matcher(policy: u64, number: u64) -> Value {
    match number {
        0 => json!({ "action": [format!("tool_{policy}")] }),
        1 => json!({ "action": ["send_*"], "agent": [format!("agent-{policy}")] }),
        2 => json!({ "input": { "amount": { "gt": policy + 1_000 } } }),
        3 => json!({ "input": { "to": { "regex": format!("@evil-{policy}\\.example$") } } }),
        _ => {
            json!({ "input": { "account": { "eq": format!("acct-{policy}") } }, "context": { "team": { "eq": "ops" } } })
        }
    }
}

fn rules() -> Vec<Rule> {
    (0..POLICIES)
        .flat_map(|policy| (0..RULES_PER_POLICY).map(move |number| (policy, number)))
        .map(|(policy, number)| Rule {
            id: RuleId::new(Uuid::from_u128(u128::from(policy * 10 + number))),
            name: format!("rule-{policy}-{number}").parse().unwrap(),
            kind: RuleKind::Rule,
            priority: i64::try_from(policy).unwrap(),
            matcher: serde_json::from_value(matcher(policy, number)).unwrap(),
            verdict: Verdict::Ask,
            ask: AskTerms::default(),
            mode: RuleMode::Enforce,
            reason: String::new(),
            labels: Labels::default(),
            created_at: Timestamp::from_micros(0),
        })
        .collect()
}

fn facts() -> Facts {
    Facts {
        agent: AgentFacts {
            id: AgentId::new(Uuid::from_u128(1)),
            name: "demo".parse().unwrap(),
        },
        action: ActionFacts {
            connector: "caller".into(),
            name: "send_email".into(),
            effect: Effect::Egress,
        },
        target: TargetFacts {
            id: TargetId::new(Uuid::from_u128(2)),
            name: "caller".parse().unwrap(),
            profile: ProfileId::new(Uuid::from_u128(3)),
            risk_threshold: None,
        },
        input: json!({ "to": "ann@example.com", "amount": 12, "account": "acct-none", "body": "x".repeat(500) }),
        context: json!({ "team": "ops" }),
        urgency: Urgency::Normal,
        intent: String::new(),
        scan: ScanFacts::default(),
        risk: Risk::floor(RiskScore::new(0.3), "POST"),
        tainted: false,
        findings: vec![],
        budget: None,
        at: Timestamp::from_micros(1_000_000),
        permissions: Permissions::ALL,
    }
}

fn main() {
    let grant = Grant {
        id: GrantId::new(Uuid::from_u128(4)),
        agent: AgentId::new(Uuid::from_u128(1)),
        target: TargetId::new(Uuid::from_u128(2)),
        profile: ProfileId::new(Uuid::from_u128(3)),
        action: "**".parse().unwrap(),
        verdict: GrantVerdict::ByPolicy,
        expires_at: None,
        labels: Labels::default(),
        created_at: Timestamp::from_micros(0),
    };
    let set = PolicySet::new(1, vec![grant], rules(), vec![]);
    let facts = facts();
    // Nothing matches: every rule is looked at.
    assert_eq!(decide(&set, &facts).rule_label(), "default");
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            black_box(decide(black_box(&set), black_box(&facts)));
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "decide over {POLICIES} policies x {RULES_PER_POLICY} rules, none matches: p50 {:?}, p99 {:?} (asked: p99 <= 50us)",
        times[ROUNDS / 2],
        times[ROUNDS * 99 / 100]
    );
}
