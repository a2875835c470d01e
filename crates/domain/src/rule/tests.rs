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
        Err(InvalidRule::EmptyCondition("input.a".into()))
    );
    assert_eq!(
        matcher(json!({ "input": { "a..b": { "eq": 1 } } })).check(),
        Err(InvalidRule::Path("input.a..b".into()))
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

/// What a guard and then an ordered rule say, under a grant that allows, with this verdict and this condition.
fn said(
    condition: &serde_json::Value,
    verdict: Verdict,
    input: &serde_json::Value,
) -> [Vec<crate::policy::Voice>; 2] {
    [RuleKind::Guard, RuleKind::Rule].map(|kind| {
        let mut facts = facts();
        facts.input = input.clone();
        let rule = Rule {
            id: RuleId::new(uuid::Uuid::from_u128(5)),
            name: "large".parse().unwrap(),
            kind,
            priority: 0,
            matcher: matcher(json!({ "input": condition })),
            verdict,
            ask: AskTerms::default(),
            mode: RuleMode::Enforce,
            reason: "too much".into(),
            labels: Labels::default(),
            created_at: Timestamp::from_micros(0),
        };
        let set = crate::policy::PolicySet::new(1, vec![], vec![rule], vec![]);
        let mut voices = crate::policy::decide(&set, &facts).voices;
        voices.remove(0);
        voices
    })
}

/// A body that was not read matches what denies or asks because of it, and nothing that allows.
#[test]
fn what_cannot_be_read_fails_closed() {
    let input = json!({ "body": null, "method": "POST", "unreadable": ["body", "query.tag"] });
    for path in ["body.amount", "body", "query.tag", "query.tag.0", "query"] {
        for condition in [
            json!({ "gt": 100 }),
            json!({ "eq": "x" }),
            json!({ "in": [1] }),
            json!({ "exists": true }),
            json!({ "exists": false }),
        ] {
            let condition = json!({ path: condition });
            for verdict in [Verdict::Ask, Verdict::Deny] {
                for voices in said(&condition, verdict, &input) {
                    assert_eq!(voices.len(), 1, "{condition}");
                    assert_eq!(voices[0].verdict, verdict);
                    let reason = &voices[0].reason;
                    assert!(
                        reason.starts_with("too much") && reason.contains("could not be read"),
                        "{reason}"
                    );
                }
            }
            for voices in said(&condition, Verdict::Allow, &input) {
                assert!(voices.is_empty(), "{condition}: {voices:?}");
            }
            assert!(!matcher(json!({ "input": condition })).matches(&{
                let mut facts = facts();
                facts.input = input.clone();
                facts
            }));
        }
    }
    // What was read is judged as it is, and decides where it does not hold.
    for condition in [
        json!({ "method": { "eq": "PUT" }, "body.amount": { "gt": 1 } }),
        json!({ "body_kind": { "eq": "json" } }),
        json!({ "query.tags": { "eq": 1 } }),
    ] {
        for voices in said(&condition, Verdict::Deny, &input) {
            assert!(voices.is_empty(), "{condition}");
        }
    }
    for voices in said(
        &json!({ "method": { "eq": "POST" } }),
        Verdict::Deny,
        &input,
    ) {
        assert_eq!(voices[0].reason, "too much");
    }
}

/// An agent that hides its body gets no verdict laxer than any that the body could have had.
#[test]
fn an_unread_ask_does_not_stand_in_front_of_a_deny() {
    let rule = |number, verdict, condition: serde_json::Value| Rule {
        id: RuleId::new(uuid::Uuid::from_u128(number)),
        name: format!("rule-{number}").parse().unwrap(),
        kind: RuleKind::Rule,
        priority: i64::try_from(number).unwrap(),
        matcher: matcher(condition),
        verdict,
        ask: AskTerms::default(),
        mode: RuleMode::Enforce,
        reason: String::new(),
        labels: Labels::default(),
        created_at: Timestamp::from_micros(0),
    };
    let rules = vec![
        rule(
            1,
            Verdict::Allow,
            json!({ "input": { "body.a": { "eq": 1 } } }),
        ),
        rule(
            2,
            Verdict::Ask,
            json!({ "input": { "body.a": { "gt": 1 } } }),
        ),
        rule(3, Verdict::Deny, json!({})),
        rule(4, Verdict::Ask, json!({})),
    ];
    let set = crate::policy::PolicySet::new(1, vec![], rules, vec![]);
    let mut facts = facts();
    facts.input = json!({ "body": null, "unreadable": ["body"] });
    let voices = crate::policy::decide(&set, &facts).voices;
    let verdicts: Vec<_> = voices[1..].iter().map(|voice| voice.verdict).collect();
    assert_eq!(verdicts, [Verdict::Ask, Verdict::Deny]);
}

/// Numbers in text are compared as numbers where a rule asks for less or more; `eq` and `in` are strict.
#[test]
fn a_number_in_text_is_no_way_around_a_bound() {
    let over = json!({ "body.amount": { "gt": 100 } });
    let under = json!({ "body.amount": { "lte": 100 } });
    for (amount, is_over) in [
        (json!("500"), true),
        (json!("100.01"), true),
        (json!("50"), false),
        (json!("-500"), false),
        (json!("0"), false),
    ] {
        let input = json!({ "body": { "amount": amount } });
        for voices in said(&over, Verdict::Deny, &input) {
            assert_eq!(voices.len(), usize::from(is_over), "{amount}");
        }
        for voices in said(&under, Verdict::Allow, &input) {
            assert_eq!(voices.len(), usize::from(!is_over), "{amount}");
        }
    }
    // What servers take for different numbers, or for none, is judged by neither.
    let long = "9".repeat(400);
    for amount in [
        json!("5e2"),
        json!("5e-1"),
        json!("0x1f4"),
        json!("0500"),
        json!(" 50"),
        json!("50 "),
        json!("+50"),
        json!("50."),
        json!(".5"),
        json!("-"),
        json!(""),
        json!("5_0"),
        json!("5,0"),
        json!("inf"),
        json!("NaN"),
        json!("٥٠"),
        json!(long),
        json!("50 eur"),
        json!([50]),
        json!({ "value": 50 }),
        json!(true),
    ] {
        let input = json!({ "body": { "amount": amount } });
        for condition in [&over, &under] {
            for voices in said(condition, Verdict::Deny, &input) {
                assert_eq!(voices.len(), 1, "{amount}");
                assert!(
                    voices[0].reason.contains("could not be read"),
                    "{}",
                    voices[0].reason
                );
            }
            for voices in said(condition, Verdict::Allow, &input) {
                assert!(voices.is_empty(), "{amount}");
            }
        }
    }
    // What is not there has no number.
    for input in [json!({ "body": {} }), json!({ "body": { "amount": null } })] {
        for voices in said(&over, Verdict::Deny, &input) {
            assert!(voices.is_empty(), "{input}");
        }
    }
    let strict = matcher(json!({ "input": { "body.amount": { "eq": 500 } } }));
    let mut facts = facts();
    facts.input = json!({ "body": { "amount": "500" } });
    assert!(!strict.matches(&facts));
}

fn condition(value: serde_json::Value) -> Condition {
    serde_json::from_value(value).unwrap()
}

/// What a condition says about a value: yes, no, or that it can't be said.
#[test]
fn operators_on_text_and_lists_answer_yes_no_or_not_to_be_said() {
    let cases = [
        (
            json!({ "glob": "*@example.com" }),
            json!("ann@example.com"),
            Some(true),
        ),
        (
            json!({ "glob": "*@example.com" }),
            json!("ann@example.com.evil.org"),
            Some(false),
        ),
        (json!({ "glob": "a?c" }), json!("a\nc"), Some(true)),
        (json!({ "glob": "a.c" }), json!("abc"), Some(false)),
        (json!({ "glob": "*" }), json!(["ann"]), None),
        (
            json!({ "regex": "^DROP\\b" }),
            json!("DROP TABLE"),
            Some(true),
        ),
        (
            json!({ "regex": "^DROP\\b" }),
            json!("no DROP"),
            Some(false),
        ),
        (json!({ "regex": "1" }), json!(1), None),
        (json!({ "regex": "x" }), json!(null), Some(false)),
        (json!({ "not": { "eq": 1 } }), json!(2), Some(true)),
        (json!({ "not": { "gt": 1 } }), json!("many"), None),
        (
            json!({ "any": { "glob": "*.exe" } }),
            json!(["a.txt", "b.exe"]),
            Some(true),
        ),
        (
            json!({ "any": { "glob": "*.exe" } }),
            json!(["a.txt"]),
            Some(false),
        ),
        (json!({ "any": { "glob": "*.exe" } }), json!([1, "a"]), None),
        (json!({ "any": { "glob": "*.exe" } }), json!("b.exe"), None),
        (json!({ "all": { "lte": 5 } }), json!([1, 5]), Some(true)),
        (
            json!({ "all": { "lte": 5 } }),
            json!([1, 6, "x"]),
            Some(false),
        ),
        (json!({ "all": { "lte": 5 } }), json!([]), Some(true)),
        (json!({ "gt": 1, "regex": "x" }), json!(0), Some(false)),
    ];
    for (written, value, expected) in cases {
        assert_eq!(
            condition(written.clone()).holds(Some(&value)),
            expected,
            "{written} on {value}"
        );
    }
    assert_eq!(
        condition(json!({ "not": { "eq": 1 } })).holds(None),
        Some(true)
    );
    assert_eq!(condition(json!({ "glob": "*" })).holds(None), Some(false));
}

/// `AgentGate`'s hole: a pattern that backtracks froze the server for a minute on 220 characters.
#[test]
fn patterns_are_linear_and_bounded() {
    let bomb = condition(json!({ "regex": r"^\s*a*a*a*a*a*a*b$" }));
    let text = json!("a".repeat(100_000));
    assert_eq!(bomb.holds(Some(&text)), Some(false));
    for bad in [
        json!({ "regex": "(?=x)" }),
        json!({ "regex": "(a)\\1" }),
        json!({ "regex": "(" }),
        json!({ "regex": "" }),
        json!({ "regex": "a{1000}{1000}{1000}" }),
        json!({ "glob": "x".repeat(PATTERN_LIMIT_BYTES + 1) }),
    ] {
        assert!(
            serde_json::from_value::<Condition>(bad.clone()).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn faults_are_named_by_their_place() {
    let fault = |value| matcher(value).check().unwrap_err().to_string();
    assert!(
        fault(json!({ "context": { "user.role": { "not": {} } } }))
            .starts_with("match.context.user.role.not has no operator")
    );
    let deep = json!({ "not": { "not": { "not": { "not": { "not": { "eq": 1 } } } } } });
    assert!(
        fault(json!({ "input": { "a": deep } }))
            .starts_with("match.input.a.not.not.not.not.not is nested too deep")
    );
    assert_eq!(
        matcher(json!({ "time": {} })).check(),
        Err(InvalidRule::EmptyWindow)
    );
    assert!(serde_json::from_value::<RuleMatch>(json!({ "time": { "from": "24:00" } })).is_err());
    assert!(
        serde_json::from_value::<RuleMatch>(
            json!({ "time": { "days": ["mon"], "zone": "Mars/Olympus" } })
        )
        .is_err()
    );
}

#[test]
fn windows_follow_the_zone_its_daylight_saving_and_midnight() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let window = |value| serde_json::from_value::<TimeWindow>(value).unwrap();
    let office = window(
        json!({ "days": ["mon", "fri"], "from": "09:00", "until": "17:00", "zone": "Europe/Berlin" }),
    );
    // 2026-11-20 is a Friday; Berlin is one hour ahead in winter and two in summer.
    for (time, expected) in [
        ("2026-11-20T07:59:59Z", false),
        ("2026-11-20T08:00:00Z", true),
        ("2026-11-20T15:59:59Z", true),
        ("2026-11-20T16:00:00Z", false),
        ("2026-11-19T12:00:00Z", false),
        ("2026-07-03T07:00:00Z", true),
        ("2026-07-03T15:00:00Z", false),
    ] {
        assert_eq!(office.contains(at(time)), expected, "{time}");
    }
    let night = window(json!({ "days": ["fri"], "from": "22:00", "until": "06:00" }));
    for (time, expected) in [
        ("2026-11-20T21:59:00Z", false),
        ("2026-11-20T22:00:00Z", true),
        ("2026-11-21T05:59:00Z", true),
        ("2026-11-21T06:00:00Z", false),
        ("2026-11-20T05:00:00Z", false),
    ] {
        assert_eq!(night.contains(at(time)), expected, "{time}");
    }
}

#[test]
fn terms_are_checked_and_the_stricter_part_wins() {
    let terms = |value| serde_json::from_value::<AskTerms>(value).unwrap();
    for bad in [
        json!({ "quorum": 0 }),
        json!({ "quorum": 11 }),
        json!({ "quorum": 2, "approvers": [{ "operator": "ann" }] }),
        json!({ "approvers": [] }),
        json!({ "deadline_seconds": 0 }),
        json!({ "escalation": { "after_seconds": 60 } }),
        json!({ "escalation": { "after_seconds": 60, "deny": true, "channel": "ops" } }),
    ] {
        assert!(terms(bad.clone()).check().is_err(), "{bad}");
    }
    // Allowing by itself can't even be written.
    assert!(
        serde_json::from_value::<AskTerms>(
            json!({ "escalation": { "after_seconds": 60, "allow": true } })
        )
        .is_err()
    );
    let one = terms(json!({ "quorum": 2, "deadline_seconds": 600 }));
    let other = terms(
        json!({ "approvers": [{ "role": "owner" }], "deadline_seconds": 60, "reason_required": true }),
    );
    assert_eq!((one.check(), other.check()), (Ok(()), Ok(())));
    let both = one.with(&other);
    assert_eq!((both.quorum, both.deadline_seconds), (Some(2), Some(60)));
    assert!(both.reason_required);
    assert_eq!(
        both.approvers,
        Some(vec![Approver::Role(crate::Role::Owner)])
    );
}

#[test]
fn says_which_part_keeps_a_rule_from_matching() {
    let mut facts = facts();
    facts.action.name = "POST /charges".into();
    facts.input = json!({ "body": { "amount": 5 } });
    facts.context = json!({ "user": "ann" });
    let why = |value| matcher(value).why_not(&facts);
    assert_eq!(why(json!({})), None);
    assert_eq!(
        why(json!({ "action": ["GET /**"] })),
        Some("match.action".into())
    );
    assert_eq!(
        why(json!({ "input": { "body.amount": { "gt": 10 } } })),
        Some("match.input.body.amount".into())
    );
    assert_eq!(
        why(json!({ "context": { "user": { "eq": "bob" } } })),
        Some("match.context.user".into())
    );
    assert_eq!(
        why(json!({ "action_name": { "eq": "POST /charges" } })),
        None
    );
}
