use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    agent::Labels,
    facts::{ActionFacts, AgentFacts, BudgetFacts, Finding, TargetFacts, Urgency},
    id::{OperatorId, ProfileId, RequestId, TargetId},
    risk::{Risk, RiskScore},
    rule::{Condition, RuleMatch},
    scope::Permissions,
    time::Timestamp,
};

const NOW: Timestamp = Timestamp::from_micros(1_000_000);

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(crate) fn facts() -> Facts {
    Facts {
        agent: AgentFacts {
            id: AgentId::new(uuid(1)),
            name: "demo".parse().unwrap(),
        },
        action: ActionFacts {
            connector: "http".into(),
            name: "POST /charges".into(),
            effect: Effect::Write,
        },
        target: TargetFacts {
            id: TargetId::new(uuid(2)),
            name: "payments".parse().unwrap(),
            profile: ProfileId::new(uuid(3)),
            risk_threshold: None,
        },
        input: json!({}),
        context: serde_json::Value::Null,
        urgency: Urgency::Normal,
        intent: String::new(),
        risk: Risk::floor(RiskScore::new(0.3), "POST"),
        tainted: false,
        findings: vec![],
        scan: crate::facts::ScanFacts::default(),
        budget: None,
        at: NOW,
        permissions: Permissions::ALL,
    }
}

fn grant(verdict: GrantVerdict) -> Grant {
    Grant {
        id: GrantId::new(uuid(4)),
        agent: AgentId::new(uuid(1)),
        target: TargetId::new(uuid(2)),
        profile: ProfileId::new(uuid(3)),
        action: "* /**".parse().unwrap(),
        verdict,
        expires_at: None,
        labels: Labels::default(),
        created_at: NOW,
    }
}

fn rule(kind: RuleKind, verdict: Verdict, priority: i64, name: &str) -> Rule {
    Rule {
        id: RuleId::new(uuid(u128::from(priority.unsigned_abs()) + 100)),
        name: name.parse().unwrap(),
        kind,
        priority,
        matcher: RuleMatch::default(),
        verdict,
        ask: AskTerms::default(),
        mode: RuleMode::Enforce,
        reason: String::new(),
        labels: Labels::default(),
        created_at: NOW,
    }
}

fn standing() -> StandingApproval {
    StandingApproval {
        id: StandingApprovalId::new(uuid(9)),
        from: RequestId::new(uuid(10)),
        by: OperatorId::new(uuid(11)),
        agent: AgentId::new(uuid(1)),
        profile: ProfileId::new(uuid(3)),
        action: "POST /charges".into(),
        constraint: RuleMatch::default(),
        payload: None,
        bound: crate::Digest([0; 32]),
        created_at: NOW,
        uses: 1,
        expires_at: NOW.saturating_add(std::time::Duration::from_mins(1)),
        uses_left: 1,
    }
}

/// One way for each speaker to say each verdict that it can say.
fn speak(
    speaker: &str,
    verdict: Verdict,
    grants: &mut Vec<Grant>,
    rules: &mut Vec<Rule>,
    facts: &mut Facts,
) -> bool {
    match (speaker, verdict) {
        ("key_scope", Verdict::Deny) => facts.permissions = Permissions::NONE,
        ("grant", verdict) => grants.push(grant(verdict.into())),
        ("guard", verdict) => rules.push(rule(RuleKind::Guard, verdict, 1, "guard")),
        ("threat", verdict) => facts.findings.push(Finding {
            category: "prompt_injection".into(),
            place: "body".into(),
            verdict,
            reason: "found".into(),
        }),
        ("risk", Verdict::Ask) => facts.target.risk_threshold = Some(0.3),
        ("budget", Verdict::Deny) => {
            facts.budget = Some(BudgetFacts {
                exhausted: true,
                reason: "cap".into(),
            });
        }
        ("taint", Verdict::Ask) => facts.tainted = true,
        ("rule", verdict) => rules.push(rule(RuleKind::Rule, verdict, 2, "rule")),
        _ => return false,
    }
    true
}

const SPEAKERS: [&str; 8] = [
    "key_scope",
    "grant",
    "guard",
    "threat",
    "risk",
    "budget",
    "taint",
    "rule",
];
const VERDICTS: [Verdict; 3] = [Verdict::Allow, Verdict::Ask, Verdict::Deny];

#[test]
fn every_pair_of_speakers_gives_the_stricter_verdict() {
    let mut pairs = 0;
    for (index, first) in SPEAKERS.iter().enumerate() {
        for second in &SPEAKERS[index + 1..] {
            for one in VERDICTS {
                for other in VERDICTS {
                    let (mut grants, mut rules, mut facts) = (vec![], vec![], facts());
                    if !speak(first, one, &mut grants, &mut rules, &mut facts) {
                        continue;
                    }
                    if !speak(second, other, &mut grants, &mut rules, &mut facts) {
                        continue;
                    }
                    if grants.is_empty() {
                        grants.push(grant(GrantVerdict::Allow));
                    }
                    let decision = decide(&PolicySet::new(7, grants, rules, vec![]), &facts);
                    assert_eq!(
                        decision.verdict,
                        one.max(other),
                        "{first} says {one}, {second} says {other}"
                    );
                    assert_eq!(decision.made_by().verdict, one.max(other));
                    assert_eq!(decision.policy_version, 7);
                    pairs += 1;
                }
            }
        }
    }
    assert!(pairs > 90, "only {pairs} pairs were tried");
}

/// Invariant 2.
#[test]
fn no_grant_means_deny_whatever_else_allows() {
    let rules = vec![
        rule(RuleKind::Rule, Verdict::Allow, 1, "all"),
        rule(RuleKind::Guard, Verdict::Allow, 2, "guard"),
    ];
    let decision = decide(
        &PolicySet::new(1, vec![], rules, vec![standing()]),
        &facts(),
    );
    assert_eq!(decision.verdict, Verdict::Deny);
    assert_eq!(decision.made_by().speaker, Speaker::NoGrant);
}

#[test]
fn a_grant_of_another_agent_profile_or_time_does_not_cover() {
    let mut other_agent = grant(GrantVerdict::Allow);
    other_agent.agent = AgentId::new(uuid(99));
    let mut other_profile = grant(GrantVerdict::Allow);
    other_profile.profile = ProfileId::new(uuid(99));
    let mut expired = grant(GrantVerdict::Allow);
    expired.expires_at = Some(NOW);
    for grant in [other_agent, other_profile, expired] {
        let decision = decide(&PolicySet::new(1, vec![grant], vec![], vec![]), &facts());
        assert_eq!(decision.verdict, Verdict::Deny);
    }
}

#[test]
fn by_policy_leaves_it_to_the_first_matching_rule_and_else_to_the_effect() {
    let by_policy = || vec![grant(GrantVerdict::ByPolicy)];
    let with = |rules| decide(&PolicySet::new(1, by_policy(), rules, vec![]), &facts()).verdict;
    assert_eq!(with(vec![]), Verdict::Ask);
    assert_eq!(
        with(vec![rule(RuleKind::Rule, Verdict::Allow, 1, "a")]),
        Verdict::Allow
    );
    let first_deny = vec![
        rule(RuleKind::Rule, Verdict::Allow, 2, "b"),
        rule(RuleKind::Rule, Verdict::Deny, 1, "a"),
    ];
    assert_eq!(with(first_deny), Verdict::Deny);
    let mut read = facts();
    read.action.effect = Effect::Read;
    assert_eq!(
        decide(&PolicySet::new(1, by_policy(), vec![], vec![]), &read).verdict,
        Verdict::Allow
    );
}

#[test]
fn a_standing_approval_answers_an_ask_and_never_a_deny() {
    let set = |verdict, standing| PolicySet::new(1, vec![grant(verdict)], vec![], vec![standing]);
    let satisfied = decide(&set(GrantVerdict::Ask, standing()), &facts());
    assert_eq!(satisfied.verdict, Verdict::Allow);
    assert_eq!(satisfied.satisfied_by, Some(standing().id));
    assert_eq!(
        satisfied.made_by().verdict,
        Verdict::Ask,
        "the trace still says that it was asked"
    );
    assert_eq!(
        decide(&set(GrantVerdict::Deny, standing()), &facts()).verdict,
        Verdict::Deny
    );
    let spent = StandingApproval {
        uses_left: 0,
        ..standing()
    };
    let ended = StandingApproval {
        expires_at: NOW,
        ..standing()
    };
    let wider = StandingApproval {
        action: "POST /charges/1".into(),
        ..standing()
    };
    for useless in [spent, ended, wider] {
        assert_eq!(
            decide(&set(GrantVerdict::Ask, useless), &facts()).verdict,
            Verdict::Ask
        );
    }
}

proptest! {
    /// Requirement 10: adding anything that speaks never makes a decision laxer, unless it is the grant that was missing.
    #[test]
    fn another_voice_never_loosens_a_decision(chosen in prop::collection::vec((0..SPEAKERS.len(), 0..3_usize), 0..6), extra in 0..SPEAKERS.len(), says in 0..3_usize) {
        let (mut grants, mut rules, mut facts) = (vec![grant(GrantVerdict::Allow)], vec![], facts());
        // Rules speak by their first match, so a second rule may be laxer and must not count: only the first of them is kept.
        let mut has_rule = false;
        for (speaker, verdict) in chosen {
            if SPEAKERS[speaker] == "rule" && std::mem::replace(&mut has_rule, true) {
                continue;
            }
            speak(SPEAKERS[speaker], VERDICTS[verdict], &mut grants, &mut rules, &mut facts);
        }
        let before = decide(&PolicySet::new(1, grants.clone(), rules.clone(), vec![]), &facts).verdict;
        prop_assume!(!(SPEAKERS[extra] == "rule" && has_rule));
        speak(SPEAKERS[extra], VERDICTS[says], &mut grants, &mut rules, &mut facts);
        let after = decide(&PolicySet::new(1, grants, rules, vec![]), &facts).verdict;
        prop_assert!(after >= before);
    }
}

fn set_of(rules: Vec<Rule>) -> PolicySet {
    PolicySet::new(7, vec![grant(GrantVerdict::ByPolicy)], rules, vec![])
}

#[test]
fn a_rule_in_shadow_mode_is_heard_and_changes_nothing() {
    let mut shadow = rule(RuleKind::Guard, Verdict::Deny, 0, "trial");
    shadow.mode = RuleMode::Shadow;
    let mut first = rule(RuleKind::Rule, Verdict::Deny, 1, "trial-first");
    first.mode = RuleMode::Shadow;
    let enforced = rule(RuleKind::Rule, Verdict::Allow, 2, "enforced");
    let decision = decide(&set_of(vec![shadow, first, enforced]), &facts());
    assert_eq!(decision.verdict, Verdict::Allow);
    assert_eq!(decision.shadow.len(), 2);
    assert!(
        decision
            .shadow
            .iter()
            .all(|voice| voice.verdict == Verdict::Deny)
    );
}

#[test]
fn the_terms_of_all_that_ask_come_together() {
    let mut guard = rule(RuleKind::Guard, Verdict::Ask, 0, "two-of-us");
    guard.ask.quorum = Some(2);
    let mut ordered = rule(RuleKind::Rule, Verdict::Ask, 1, "quickly");
    ordered.ask.deadline_seconds = Some(60);
    let mut denies = rule(RuleKind::Rule, Verdict::Allow, 2, "never-reached");
    denies.ask.quorum = Some(9);
    let decision = decide(&set_of(vec![guard, ordered, denies]), &facts());
    assert_eq!(decision.verdict, Verdict::Ask);
    assert_eq!(decision.terms.quorum, Some(2));
    assert_eq!(decision.terms.deadline_seconds, Some(60));
}

proptest::proptest! {
    /// The index leaves out only rules that could not match: a decision over all rules is the same.
    #[test]
    fn the_index_changes_no_decision(
        words in proptest::collection::vec((0_u8..4, 0_u8..3, -2_i64..3), 0..24),
        asked in 0_u8..4,
    ) {
        let name = |number: u8| ["send_email", "wipe", "read_file", "send_sms"][number as usize].to_owned();
        let rules: Vec<Rule> = words.iter().enumerate().map(|(number, (word, verdict, priority))| {
            let verdict = [Verdict::Allow, Verdict::Ask, Verdict::Deny][*verdict as usize];
            let kind = if number % 5 == 0 { RuleKind::Guard } else { RuleKind::Rule };
            let mut rule = rule(kind, verdict, *priority, &format!("rule-{number}"));
            rule.id = RuleId::new(uuid::Uuid::from_u128(number as u128 + 100));
            rule.matcher = match number % 3 {
                0 => RuleMatch { action: Some(vec![name(*word).parse().unwrap()]), ..RuleMatch::default() },
                1 => RuleMatch { action: Some(vec!["send_*".parse().unwrap()]), ..RuleMatch::default() },
                _ => serde_json::from_value(serde_json::json!({ "action_name": { "eq": name(*word) } })).unwrap(),
            };
            rule
        }).collect();
        let mut facts = facts();
        facts.action.name = name(asked);
        facts.action.connector = "caller".into();
        let indexed = set_of(rules.clone());
        // The same rules, written so that the index can't tell.
        let plain = set_of(rules.into_iter().map(|mut rule| {
            if let Some(patterns) = &mut rule.matcher.action {
                patterns.push("nothing_else_*".parse().unwrap());
            } else if let Some(condition) = rule.matcher.action_name.take() {
                rule.matcher.action_name = Some(Condition { one_of: condition.eq.map(|value| vec![value]), ..Condition::default() });
            }
            rule
        }).collect());
        proptest::prop_assert_eq!(decide(&indexed, &facts), decide(&plain, &facts));
    }
}
