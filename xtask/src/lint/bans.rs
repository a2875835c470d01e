//! Third-party crates that nobody may build, or only some of our crates may use.

use super::Complaint;
use super::rules::{Banned, Confined};
use super::workspace::Workspace;

/// Complains where one of our crates depends directly on a crate that is another's business.
pub(super) fn check_confined(workspace: &Workspace, confined: &[Confined]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for package in workspace.members() {
        for name in Workspace::shipped_dependencies(package) {
            let Some(rule) = confined.iter().find(|rule| rule.name == name) else {
                continue;
            };
            if !rule.owners.contains(&package.name.as_str()) {
                complaints.push(Complaint::new(
                    package.name.as_str(),
                    format!("must not depend on {name}: {}", rule.reason),
                ));
            }
        }
    }
    complaints
}

/// Complains about every banned crate that is built and does not come in through its wrapper alone.
pub(super) fn check_banned(workspace: &Workspace, banned: &[Banned]) -> Vec<Complaint> {
    let dependents = workspace.dependents();
    let mut complaints = Vec::new();
    for package in workspace.built() {
        let Some(rule) = banned
            .iter()
            .find(|rule| rule.name == package.name.as_str())
        else {
            continue;
        };
        let parents = dependents.get(&package.id).cloned().unwrap_or_default();
        let strangers: Vec<&str> = parents
            .into_iter()
            .filter(|parent| !rule.wrappers.contains(parent))
            .collect();
        if rule.wrappers.is_empty() || !strangers.is_empty() {
            complaints.push(Complaint::new(
                format!("{} {}", package.name, package.version),
                format!(
                    "is banned and comes from {}: {}",
                    strangers.join(", "),
                    rule.reason
                ),
            ));
        }
    }
    complaints
}
