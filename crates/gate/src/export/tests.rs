use serde_json::json;

use super::{Change, ChangeAction, ConfigDocument, plan};

fn document(value: serde_json::Value) -> ConfigDocument {
    serde_json::from_value(value).unwrap()
}

fn steps(changes: &[Change]) -> Vec<(ChangeAction, String)> {
    changes
        .iter()
        .map(|change| (change.action, format!("{} {}", change.noun, change.name)))
        .collect()
}

fn sample() -> ConfigDocument {
    document(json!({
        "agents": [{"name": "billing", "labels": {"by": "git"}}, {"name": "manual"}],
        "targets": [{
            "name": "payments", "connector": "http", "config": {"base_url": "https://api.example.com"}, "labels": {"by": "git"},
            "profiles": [{"name": "default", "credential": {"type": "bearer", "shown_as": ""}}]
        }],
        "grants": [{"agent": "billing", "target": "payments", "action": "GET /**", "verdict": "allow", "labels": {"by": "git"}}],
        "rules": [{"name": "no-deletes", "match": {"effect": ["destructive"]}, "verdict": "deny"}]
    }))
}

#[test]
fn a_document_applied_to_itself_keeps_everything() {
    let changes = plan(&sample(), &sample(), Some(&("by".into(), "git".into())));
    assert_eq!(changes.len(), 7);
    assert!(
        changes
            .iter()
            .all(|change| change.action == ChangeAction::Keep),
        "{changes:?}"
    );
}

#[test]
fn everything_is_created_in_an_order_in_which_it_can_be() {
    let changes = plan(&ConfigDocument::default(), &sample(), None);
    let expected = [
        "agent billing",
        "agent manual",
        "target payments",
        "credential payments/default",
        "rule no-deletes",
        "grant billing on payments/default: GET /** -> allow",
    ];
    assert_eq!(
        steps(&changes),
        expected.map(|name| (ChangeAction::Create, name.to_owned()))
    );
}

#[test]
fn pruning_takes_only_what_has_the_label_and_dependants_first() {
    let changes = plan(
        &sample(),
        &ConfigDocument::default(),
        Some(&("by".into(), "git".into())),
    );
    let expected = [
        "grant billing on payments/default: GET /** -> allow",
        "target payments",
        "agent billing",
    ];
    assert_eq!(
        steps(&changes),
        expected.map(|name| (ChangeAction::Remove, name.to_owned()))
    );
    assert!(plan(&sample(), &ConfigDocument::default(), None).is_empty());
}

#[test]
fn a_difference_is_named_by_its_field() {
    let mut wanted = sample();
    wanted.targets[0].risk_threshold = Some(0.5);
    let changes = plan(&sample(), &wanted, None);
    let updates: Vec<_> = changes
        .iter()
        .filter(|change| change.action != ChangeAction::Keep)
        .collect();
    assert_eq!(updates.len(), 1);
    assert_eq!(
        (updates[0].diff[0].field.as_str(), &updates[0].diff[0].after),
        ("risk_threshold", &json!(0.5))
    );
}

#[test]
fn an_unknown_field_is_refused() {
    assert!(serde_json::from_value::<ConfigDocument>(json!({"agent": []})).is_err());
    assert!(
        serde_json::from_value::<ConfigDocument>(json!({"agents": [{"name": "a", "role": "x"}]}))
            .is_err()
    );
}
