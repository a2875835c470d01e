use serde_json::json;

use super::*;
use crate::policy::tests::facts;

fn matcher(value: serde_json::Value) -> RuleMatch {
    serde_json::from_value(value).unwrap()
}

/// `AgentGate`'s hole: only the first operator of a condition counted, so `{gt: 10, lt: 100}` let 5 through.
#[test]
fn all_operators_of_a_condition_must_hold() {
    let between = matcher(json!({ "input": { "body.amount": { "gt": 10, "lt": 100 } } }));
    for (amount, expected) in [
        (5, false),
        (10, false),
        (11, true),
        (99, true),
        (100, false),
    ] {
        let mut facts = facts();
        facts.input = json!({ "body": { "amount": amount } });
        assert_eq!(between.matches(&facts), expected, "{amount}");
    }
}

/// `AgentGate`'s hole: a parameter named `action` stood in for the action itself.
#[test]
fn input_fields_cannot_shadow_what_the_gate_resolved() {
    let allow_reads = matcher(json!({ "action": ["GET /charges/*"], "agent": ["reader"] }));
    let mut facts = facts();
    facts.action.name = "DELETE /charges/1".into();
    facts.input = json!({ "action": "GET /charges/1", "agent": "reader", "body": { "action": "GET /charges/1" } });
    assert!(!allow_reads.matches(&facts));
}

#[test]
fn unknown_operators_and_keys_are_refused_when_a_rule_is_written() {
    for bad in [
        json!({ "input": { "body.amount": { "above": 5 } } }),
        json!({ "input": { "body.amount": 5 } }),
        json!({ "tool": ["x"] }),
        json!({ "action": ["get /x"] }),
    ] {
        assert!(
            serde_json::from_value::<RuleMatch>(bad.clone()).is_err(),
            "{bad}"
        );
    }
    assert_eq!(
        matcher(json!({ "agent": [] })).check(),
        Err(InvalidRule::EmptyList("agent"))
    );
    assert_eq!(
        matcher(json!({ "input": { "a": {} } })).check(),
        Err(InvalidRule::EmptyCondition("a".into()))
    );
    assert_eq!(
        matcher(json!({ "input": { "a..b": { "eq": 1 } } })).check(),
        Err(InvalidRule::Path("a..b".into()))
    );
}

#[test]
fn each_operator_holds_and_fails() {
    let cases = [
        (json!({ "eq": "eur" }), "body.currency", true),
        (json!({ "eq": "usd" }), "body.currency", false),
        (json!({ "in": ["usd", "eur"] }), "body.currency", true),
        (json!({ "in": ["usd"] }), "body.currency", false),
        (json!({ "lt": 6 }), "body.amount", true),
        (json!({ "lt": 5 }), "body.amount", false),
        (json!({ "lte": 5 }), "body.amount", true),
        (json!({ "gt": 4.5 }), "body.amount", true),
        (json!({ "gte": 6 }), "body.amount", false),
        (json!({ "gt": 1 }), "body.currency", false),
        (json!({ "exists": true }), "body.lines.1", true),
        (json!({ "exists": true }), "body.lines.2", false),
        (json!({ "exists": false }), "body.nothing", true),
        (json!({ "eq": null }), "body.nothing", false),
    ];
    let mut facts = facts();
    facts.input = json!({ "body": { "currency": "eur", "amount": 5, "lines": ["a", "b"] } });
    for (condition, path, expected) in cases {
        let matcher = matcher(json!({ "input": { path: condition } }));
        assert_eq!(matcher.matches(&facts), expected, "{condition} at {path}");
    }
}
