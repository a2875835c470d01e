//! Code comes from this workspace or from crates.io, nowhere else.

use super::Complaint;
use super::rules::REGISTRY;
use super::workspace::Workspace;

/// Complains about packages from git, other registries, or folders outside the workspace.
pub(super) fn check(workspace: &Workspace) -> Vec<Complaint> {
    let root = workspace.root();
    workspace
        .built()
        .filter_map(|package| {
            let place = format!("{} {}", package.name, package.version);
            match &package.source {
                Some(source) if source.repr == REGISTRY => None,
                Some(source) => Some(Complaint::new(
                    place,
                    format!("comes from {}: only crates.io is allowed", source.repr),
                )),
                None if package.manifest_path.as_std_path().starts_with(&root) => None,
                None => Some(Complaint::new(
                    place,
                    format!(
                        "comes from {}, outside the workspace: use crates.io",
                        package.manifest_path
                    ),
                )),
            }
        })
        .collect()
}
