//! Comparing two documents: what has to be done so that one becomes the other.

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::{DEFAULT_PROFILE, Labels};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Change, ChangeAction, ConfigDocument, FieldChange, Label};

/// One thing of a document, in the form that is compared.
struct Item {
    name: String,
    labels: Labels,
    fields: Map<String, Value>,
}

fn item(name: String, labels: &Labels, value: &impl Serialize, without: &[&str]) -> Item {
    let mut fields = match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    for field in without {
        fields.remove(*field);
    }
    Item {
        name,
        labels: labels.clone(),
        fields,
    }
}

fn settings(document: &ConfigDocument) -> Vec<Item> {
    document
        .settings
        .iter()
        .map(|settings| item("settings".to_owned(), &Labels::new(), settings, &[]))
        .collect()
}

fn agents(document: &ConfigDocument) -> Vec<Item> {
    document
        .agents
        .iter()
        .map(|agent| item(agent.name.to_string(), &agent.labels, agent, &["name"]))
        .collect()
}

fn targets(document: &ConfigDocument) -> Vec<Item> {
    let named = |target: &super::TargetItem| {
        item(
            target.name.to_string(),
            &target.labels,
            target,
            &["name", "profiles"],
        )
    };
    document.targets.iter().map(named).collect()
}

fn profiles(document: &ConfigDocument) -> Vec<Item> {
    let mut items = Vec::new();
    for target in &document.targets {
        for profile in &target.profiles {
            let name = format!("{}/{}", target.name, profile.name);
            items.push(item(name, &target.labels, profile, &["name", "credential"]));
        }
    }
    items
}

fn credentials(document: &ConfigDocument) -> Vec<Item> {
    let mut items = Vec::new();
    for target in &document.targets {
        for profile in &target.profiles {
            if let Some(credential) = &profile.credential {
                let name = format!("{}/{}", target.name, profile.name);
                // What may be shown follows from the value, which a plan does not see.
                items.push(item(
                    name,
                    &target.labels,
                    credential,
                    &["fields", "shown_as"],
                ));
            }
        }
    }
    items
}

fn rules(document: &ConfigDocument) -> Vec<Item> {
    document
        .rules
        .iter()
        .map(|rule| item(rule.name.to_string(), &rule.labels, rule, &["name"]))
        .collect()
}

fn grants(document: &ConfigDocument) -> Vec<Item> {
    let without = ["agent", "target", "profile", "action", "verdict"];
    document
        .grants
        .iter()
        .map(|grant| item(grant.key(), &grant.labels, grant, &without))
        .collect()
}

/// A noun: how it is called, what a document has of it, whether it is pruned. Profiles and credentials go with their target.
type Noun = (&'static str, fn(&ConfigDocument) -> Vec<Item>, bool);

/// In an order in which things can be made; the reverse is one in which they can be removed.
const NOUNS: [Noun; 7] = [
    ("settings", settings, false),
    ("agent", agents, true),
    ("target", targets, true),
    ("profile", profiles, false),
    ("credential", credentials, false),
    ("rule", rules, true),
    ("grant", grants, true),
];

/// What has to be done so that `current` becomes `wanted`, in an order in which it can be done. What `wanted` does not name stays,
/// unless it has the label to prune by.
pub fn plan(
    current: &ConfigDocument,
    wanted: &ConfigDocument,
    prune_label: Option<&Label>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut removals = Vec::new();
    for (noun, items, prunes) in NOUNS {
        let label = prune_label.filter(|_| prunes);
        let (mut steps, gone) = compare(noun, items(current), items(wanted), label);
        changes.append(&mut steps);
        removals.push(gone);
    }
    // A new target has its default profile without further ado.
    let default = format!("/{DEFAULT_PROFILE}");
    changes.retain(|change: &Change| {
        change.noun != "profile"
            || change.action != ChangeAction::Create
            || !change.name.ends_with(&default)
    });
    changes.extend(removals.into_iter().rev().flatten());
    changes
}

/// What is made, changed and kept of one noun, and what is removed.
fn compare(
    noun: &str,
    current: Vec<Item>,
    wanted: Vec<Item>,
    prune_label: Option<&Label>,
) -> (Vec<Change>, Vec<Change>) {
    let mut there: BTreeMap<String, Item> = current
        .into_iter()
        .map(|item| (item.name.clone(), item))
        .collect();
    let change = |action, name, diff| Change {
        action,
        noun: noun.to_owned(),
        name,
        diff,
    };
    let mut steps = Vec::new();
    for item in wanted {
        let old = there.remove(&item.name);
        let is_new = old.is_none();
        let diff = diff(old.map(|old| old.fields).unwrap_or_default(), item.fields);
        let action = match (is_new, diff.is_empty()) {
            (true, _) => ChangeAction::Create,
            (false, true) => ChangeAction::Keep,
            (false, false) => ChangeAction::Update,
        };
        steps.push(change(action, item.name, diff));
    }
    let has_label =
        |item: &Item| prune_label.is_some_and(|(name, value)| item.labels.get(name) == Some(value));
    let gone = there
        .into_values()
        .filter(has_label)
        .map(|item| change(ChangeAction::Remove, item.name, Vec::new()))
        .collect();
    (steps, gone)
}

fn diff(mut before: Map<String, Value>, mut after: Map<String, Value>) -> Vec<FieldChange> {
    let fields: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    fields
        .into_iter()
        .filter_map(|field| {
            let before = before.remove(&field).unwrap_or_default();
            let after = after.remove(&field).unwrap_or_default();
            (before != after).then_some(FieldChange {
                field,
                before,
                after,
            })
        })
        .collect()
}
