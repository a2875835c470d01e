//! Each crate inherits the workspace's lints and has one integration-test binary at most.
//!
//! Every further test binary links the whole gateway once more, which costs minutes on two cores.

use std::fs;

use anyhow::{Context, Result};

use super::Complaint;
use super::workspace::Workspace;

/// Complains about crates without the workspace's lints, without its licence, or with a test binary beside `tests/it`.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Complaint>> {
    let mut complaints = Vec::new();
    for package in workspace.members() {
        let manifest = fs::read_to_string(&package.manifest_path)
            .with_context(|| format!("{} can't be read", package.manifest_path))?;
        if !inherits_lints(&manifest) {
            complaints.push(Complaint::new(
                package.name.as_str(),
                "does not inherit the workspace's lints: add `[lints]` with `workspace = true` to its Cargo.toml",
            ));
        }
        if package
            .publish
            .as_ref()
            .is_none_or(|registries| !registries.is_empty())
        {
            complaints.push(Complaint::new(
                package.name.as_str(),
                "could be published by mistake: add `publish.workspace = true` to its Cargo.toml",
            ));
        }
        let stray: Vec<&str> = package
            .targets
            .iter()
            .filter(|target| target.is_test() && target.name != "it")
            .map(|target| target.name.as_str())
            .collect();
        if !stray.is_empty() {
            complaints.push(Complaint::new(
                package.name.as_str(),
                format!(
                    "has the test binaries {}: make them modules of tests/it/main.rs",
                    stray.join(", ")
                ),
            ));
        }
    }
    Ok(complaints)
}

/// Whether a manifest says `lints.workspace = true`, in either form.
pub(super) fn inherits_lints(manifest: &str) -> bool {
    let mut section = String::new();
    manifest.lines().any(|line| {
        let line: String = line
            .split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        if line.starts_with('[') {
            section.clone_from(&line);
        }
        (section == "[lints]" && line == "workspace=true")
            || (section.is_empty() && line == "lints.workspace=true")
    })
}
