use serde_json::json;

use super::*;
use crate::policy::explain::tests::rule;

fn codes(rules: &[Rule]) -> Vec<(&'static str, String, String)> {
    lint(rules)
        .into_iter()
        .map(|warning| {
            (
                warning.code.as_str(),
                warning.rule.to_string(),
                warning.place,
            )
        })
        .collect()
}

#[test]
fn an_empty_match_that_allows_is_warned_of_and_one_that_denies_is_not() {
    assert_eq!(
        codes(&[rule("all", 1, json!({}), Verdict::Allow)]),
        [("allows_everything", "all".to_owned(), "match".to_owned())]
    );
    assert_eq!(codes(&[rule("none", 1, json!({}), Verdict::Deny)]), []);
}

#[test]
fn what_the_agent_chooses_proves_nothing() {
    for (matcher, verdict, is_warned) in [
        (json!({ "urgency": ["critical"] }), Verdict::Allow, true),
        (json!({ "urgency": ["low"] }), Verdict::Deny, true),
        (
            json!({ "context": { "env": { "eq": "test" } } }),
            Verdict::Allow,
            true,
        ),
        (
            json!({ "input": { "body.amount": { "lt": 5 } } }),
            Verdict::Allow,
            true,
        ),
        (
            json!({ "input": { "body.amount": { "gt": 5 } } }),
            Verdict::Deny,
            false,
        ),
        (
            json!({ "urgency": ["critical"], "target": ["payments"] }),
            Verdict::Allow,
            false,
        ),
    ] {
        let found = codes(&[rule("it", 1, matcher.clone(), verdict)]);
        assert_eq!(
            found.iter().any(|(code, ..)| *code == "agent_chooses"),
            is_warned,
            "{matcher}: {found:?}"
        );
    }
}

#[test]
fn a_rule_behind_one_that_contains_it_is_unreachable() {
    let wide = || rule("wide", 1, json!({ "target": ["payments"] }), Verdict::Ask);
    let narrow = rule(
        "narrow",
        2,
        json!({ "target": ["payments"], "effect": ["read"] }),
        Verdict::Allow,
    );
    let found = lint(&[narrow.clone(), wide()]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code, WarningCode::Unreachable);
    assert_eq!(found[0].rule, narrow.name);
    assert_eq!(found[0].other.as_ref().unwrap().as_str(), "wide");
    let mut watching = wide();
    watching.mode = RuleMode::Shadow;
    assert_eq!(lint(&[narrow.clone(), watching]), []);
    let mut later = wide();
    later.priority = 3;
    assert_eq!(lint(&[narrow, later]), []);
}

#[test]
fn broad_patterns_are_named_with_their_place() {
    let allowing = |condition: serde_json::Value| {
        let matcher = json!({ "target": ["payments"], "input": { "body.host": condition } });
        codes(&[rule("it", 1, matcher, Verdict::Allow)])
    };
    for broad in [".*", ".+", "^.*$", "a*", "(?s).{3,}"] {
        assert_eq!(
            allowing(json!({ "regex": broad }))[0].2,
            "match.input.body.host.regex",
            "{broad}"
        );
    }
    assert_eq!(
        allowing(json!({ "glob": "*" }))[0].2,
        "match.input.body.host.glob"
    );
    assert_eq!(
        allowing(json!({ "not": { "regex": ".*" } }))[0].2,
        "match.input.body.host.not.regex"
    );
    assert_eq!(allowing(json!({ "regex": "example\\.com" })).len(), 1);
    assert_eq!(allowing(json!({ "regex": "^[a-z]+\\.example\\.com$" })), []);
    let deny = rule(
        "it",
        1,
        json!({ "target": ["payments"], "input": { "q": { "regex": "drop table" } } }),
        Verdict::Deny,
    );
    assert_eq!(codes(&[deny]), []);
}

#[test]
fn a_guard_that_allows_says_nothing() {
    let mut guard = rule(
        "guard",
        1,
        json!({ "target": ["payments"] }),
        Verdict::Allow,
    );
    guard.kind = RuleKind::Guard;
    assert_eq!(codes(&[guard])[0].0, "says_nothing");
}
