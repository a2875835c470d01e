//! Policies to begin with.

use serde_json::{Value, json};

/// All of them, in our own words.
pub(super) fn all() -> Vec<Value> {
    let of = |id: &str, name: &str, description: &str, category: &str, regex: &str| {
        json!({"id": id, "name": name, "description": description, "category": category, "decision": "route_to_human", "priority": 50,
            "rules": [{"match": {"action": {"$regex": regex}}, "decision": "route_to_human"}]})
    };
    vec![
        of(
            "outbound-email",
            "Outbound e-mail",
            "A human looks at every message that leaves the house",
            "communication",
            "^(send_|email)",
        ),
        of(
            "file-mutation",
            "Changes to files",
            "A human looks before files are written, moved or deleted",
            "filesystem",
            "^(write|delete|move|rename)_?file",
        ),
        of(
            "deployment",
            "Deployments",
            "A human releases everything that goes into production",
            "operations",
            "^(deploy|release|rollback)",
        ),
        of(
            "external-api-write",
            "Writes to other services",
            "A human looks at calls that change something elsewhere",
            "integration",
            "^(api|http)_?(post|put|patch|delete)",
        ),
        of(
            "data-export",
            "Data exports",
            "A human looks before data are taken out in bulk",
            "data",
            "^(export|dump|download)_?",
        ),
    ]
}
