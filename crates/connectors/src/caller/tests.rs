//! What a caller may ask for, and what it can't say of itself.

use bytes::Bytes;
use countersign_domain::{Effect, RiskScore};
use countersign_gate::{Connector, RawAction, ResolvedAction, Result};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CallerConnector, resolve::resolve};

fn asked(action: &str, input: &Value) -> Result<ResolvedAction> {
    resolve(RawAction {
        action,
        input,
        body: &Bytes::new(),
    })
}

#[test]
fn any_name_is_taken_and_params_become_the_input_of_rules() {
    let input = json!({ "params": { "to": "ada" }, "context": { "ticket": 7 } });
    let resolved = asked("send email: weekly/report", &input).unwrap();
    assert_eq!(resolved.facts, json!({ "to": "ada" }));
    assert_eq!(resolved.context, json!({ "ticket": 7 }));
    assert_eq!(resolved.effect, Effect::Egress);
    for bad in ["", " x", "x\n", "a\u{0}b", &"x".repeat(513)] {
        assert_eq!(asked(bad, &json!({})).unwrap_err().code, "invalid_input");
    }
}

/// Requirement: deny by default. A caller's own word never makes an action pass by itself.
#[test]
fn a_caller_can_say_worse_and_never_that_it_only_reads() {
    let said = |effect: Value| asked("wipe", &json!({ "effect": effect }));
    assert_eq!(
        said(json!("destructive")).unwrap().effect,
        Effect::Destructive
    );
    assert_eq!(said(json!("write")).unwrap().effect, Effect::Write);
    for bad in [json!("read"), json!("nice"), json!(1), json!({})] {
        let error = said(bad.clone()).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("input.effect"), "{bad}");
    }
    let silent = asked("wipe", &json!({})).unwrap().risk.score;
    assert!(silent >= RiskScore::new(0.5));
}

#[test]
fn unknown_fields_bodies_and_settings_are_refused() {
    for (input, field) in [
        (json!({ "to": 1 }), "input.to"),
        (json!({ "params": [] }), "input.params"),
        (json!({ "context": "x" }), "input.context"),
        (json!([]), "input"),
    ] {
        let error = asked("x", &input).unwrap_err();
        assert_eq!(error.field.as_deref(), Some(field));
    }
    let body = Bytes::from_static(b"x");
    let raw = RawAction {
        action: "x",
        input: &Value::Null,
        body: &body,
    };
    assert_eq!(resolve(raw).unwrap_err().field.as_deref(), Some("body"));
    let connector = CallerConnector::default();
    assert!(
        connector
            .check_target(&json!({ "url": "x" }), false)
            .is_err()
    );
    assert_eq!(
        connector.check_target(&Value::Null, false).unwrap(),
        json!({})
    );
}

proptest! {
    /// What was approved is resolved again for its hash: it must come out as it went in.
    #[test]
    fn a_stored_input_resolves_to_itself(key in "[a-z]{1,8}", value in any::<i64>(), effect in prop::option::of(prop::sample::select(vec!["write", "destructive", "egress"]))) {
        let mut input = json!({ "params": { key: value }, "context": { "method": value, "path": "x" } });
        if let Some(effect) = effect {
            input["effect"] = effect.into();
        }
        let first = asked("x", &input).unwrap();
        let again = asked("x", &first.input).unwrap();
        prop_assert_eq!(first.input, again.input);
        prop_assert_eq!(first.facts, again.facts);
    }
}
