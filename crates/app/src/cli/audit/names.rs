//! Names beside the ids of ledger entries, for people.
//!
//! An entry holds ids: what they name may be renamed or gone, and a name proves nothing. So both are shown.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::shown::text;
use crate::client::Api;

/// What entries are about, and where its names are.
const LISTS: [(&str, &str); 4] = [
    ("agent", "/api/v1/agents"),
    ("operator", "/api/v1/operators"),
    ("target", "/api/v1/targets"),
    ("key", "/api/v1/keys"),
];

/// Adds the names that whoever asks may read; the rest stays ids.
pub(super) async fn add(api: &Api, entries: &mut [Value]) {
    let mut names: HashMap<String, String> = HashMap::new();
    for (kind, list) in LISTS {
        let mark = format!("{kind}:");
        let is_named = entries.iter().any(|entry| {
            text(entry, "/actor").starts_with(&mark) || text(entry, "/subject").starts_with(&mark)
        });
        if !is_named {
            continue;
        }
        let Ok(items) = api.list(list, usize::MAX).await else {
            continue;
        };
        names.extend(items.iter().map(|item| {
            let id = format!("{mark}{}", text(item, "/id"));
            (id, text(item, "/name").to_owned())
        }));
    }
    for entry in entries {
        let actor_name = text(entry, "/actor_name").to_owned();
        for field in ["actor", "subject"] {
            let Some(id) = entry.get(field).and_then(Value::as_str) else {
                continue;
            };
            // What is said of a change has its names in its text already.
            let name = match field {
                "actor" if !actor_name.is_empty() => Some(&actor_name),
                _ => names.get(id),
            };
            if let Some(name) = name {
                let shown = format!("{name} ({id})");
                entry[field] = json!(shown);
            }
        }
    }
}
