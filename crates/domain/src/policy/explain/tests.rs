use serde_json::json;

use super::*;
use crate::{
    agent::Labels,
    id::{AgentId, GrantId, ProfileId, RuleId, TargetId},
    policy::tests::facts,
    rule::RuleKind,
    time::Timestamp,
};

pub(in crate::policy) fn rule(
    name: &str,
    priority: i64,
    matcher: serde_json::Value,
    verdict: Verdict,
) -> Rule {
    Rule {
        id: RuleId::new(Uuid::from_u128(
            name.bytes()
                .fold(7, |sum, byte| sum * 31 + u128::from(byte)),
        )),
        name: name.parse().unwrap(),
        kind: RuleKind::Rule,
        priority,
        matcher: serde_json::from_value(matcher).unwrap(),
        verdict,
        ask: crate::rule::AskTerms::default(),
        mode: RuleMode::Enforce,
        reason: String::new(),
        labels: Labels::new(),
        created_at: Timestamp::from_micros(0),
    }
}

pub(in crate::policy) fn by_policy() -> Grant {
    Grant {
        id: GrantId::new(Uuid::from_u128(4)),
        agent: AgentId::new(Uuid::from_u128(1)),
        target: TargetId::new(Uuid::from_u128(2)),
        profile: ProfileId::new(Uuid::from_u128(3)),
        action: "* /**".parse().unwrap(),
        verdict: GrantVerdict::ByPolicy,
        expires_at: None,
        labels: Labels::new(),
        created_at: Timestamp::from_micros(0),
    }
}

fn told<'a>(explanation: &'a Explanation, name: &str) -> &'a Considered {
    explanation
        .considered
        .iter()
        .find(|one| one.name.as_deref() == Some(name))
        .unwrap()
}

#[test]
fn each_rule_says_what_kept_it_and_none_behind_the_speaker_is_asked() {
    let rules = vec![
        rule(
            "other-agent",
            1,
            json!({ "agent": ["nobody"] }),
            Verdict::Deny,
        ),
        rule(
            "small",
            2,
            json!({ "input": { "body.amount": { "lt": 100 } } }),
            Verdict::Allow,
        ),
        rule(
            "text",
            3,
            json!({ "input": { "body.note": { "regex": "x" } } }),
            Verdict::Allow,
        ),
        rule(
            "large",
            4,
            json!({ "input": { "body.amount": { "gte": 100 } } }),
            Verdict::Deny,
        ),
        rule("last", 5, json!({}), Verdict::Allow),
    ];
    let mut facts = facts();
    facts.input = json!({ "body": { "amount": 500, "note": 5 } });
    let explanation = explain(&PolicySet::new(1, vec![by_policy()], rules, vec![]), &facts);
    assert_eq!(explanation.decision.verdict, Verdict::Deny);
    let part = |name| told(&explanation, name).part.as_deref();
    assert_eq!(part("other-agent"), Some("match.agent"));
    assert_eq!(part("small"), Some("match.input.body.amount"));
    let text = told(&explanation, "text");
    assert_eq!(text.outcome, Outcome::Silent);
    assert!(text.why.contains("could not be read"), "{}", text.why);
    assert_eq!(told(&explanation, "large").outcome, Outcome::Spoke);
    assert_eq!(told(&explanation, "last").outcome, Outcome::NotReached);
    assert!(told(&explanation, "last").why.contains("large"));
}

#[test]
fn every_voice_is_among_what_was_looked_at() {
    let mut shadow = rule("watching", 1, json!({}), Verdict::Deny);
    shadow.mode = RuleMode::Shadow;
    let mut guard = rule("guard", 1, json!({}), Verdict::Ask);
    guard.kind = RuleKind::Guard;
    let mut facts = facts();
    facts.tainted = true;
    facts.target.risk_threshold = Some(0.1);
    let set = PolicySet::new(1, vec![by_policy()], vec![shadow, guard], vec![]);
    let explanation = explain(&set, &facts);
    for voice in &explanation.decision.voices {
        let kind = voice.speaker.as_str();
        let spoke = |one: &&Considered| one.kind == kind && one.outcome == Outcome::Spoke;
        assert!(
            explanation.considered.iter().any(|one| spoke(&one)),
            "{kind}"
        );
    }
    let spoken = explanation
        .considered
        .iter()
        .filter(|one| one.outcome == Outcome::Spoke)
        .count();
    assert_eq!(spoken, explanation.decision.voices.len());
    assert_eq!(told(&explanation, "watching").outcome, Outcome::Shadow);
}

#[test]
fn a_grant_says_why_it_does_not_cover() {
    let mut other = by_policy();
    other.action = "GET /**".parse().unwrap();
    let mut ended = by_policy();
    ended.action = "POST /**".parse().unwrap();
    ended.expires_at = Some(Timestamp::from_micros(1));
    let explanation = explain(
        &PolicySet::new(1, vec![other, ended], vec![], vec![]),
        &facts(),
    );
    assert!(
        told(&explanation, "GET /**")
            .why
            .contains("does not cover POST /charges")
    );
    assert!(told(&explanation, "POST /**").why.contains("ended"));
    assert!(
        explanation
            .considered
            .iter()
            .any(|one| one.kind == "no_grant")
    );
}
