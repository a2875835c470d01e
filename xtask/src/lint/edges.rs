//! Which crate of ours may know which.

use std::collections::BTreeSet;

use cargo_metadata::DependencyKind;

use super::Complaint;
use super::rules::{DEV_ONLY, Edge};
use super::workspace::Workspace;

/// Every crate that a crate may know, directly or through others.
fn reach<'edges>(edges: &'edges [Edge], from: &str) -> BTreeSet<&'edges str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        let row = edges.iter().find(|(row, _)| *row == name);
        for next in row.map_or(&[][..], |(_, allowed)| allowed) {
            if reached.insert(*next) {
                open.push(next);
            }
        }
    }
    reached
}

/// Complains about every edge between our crates that the table does not list, and about rows and crates without a twin.
pub(super) fn check(workspace: &Workspace, edges: &[Edge]) -> Vec<Complaint> {
    let members = workspace.members();
    let ours: BTreeSet<&str> = members
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut complaints = Vec::new();
    for (name, _) in edges {
        if !ours.contains(name) {
            complaints.push(Complaint::new(
                *name,
                "is in the table of allowed edges but not in the workspace: remove the row",
            ));
        }
    }
    for package in &members {
        let Some((_, allowed)) = edges
            .iter()
            .find(|(name, _)| package.name.as_str() == *name)
        else {
            complaints.push(Complaint::new(
                package.name.as_str(),
                "is not in the table of allowed edges: add a row to xtask/src/lint/rules.rs and the same to ARCHITECTURE.md",
            ));
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| ours.contains(dependency.name.as_str()))
        {
            // Tests use the real thing: they may also name what the crate reaches through the crates that it may know.
            let is_for_tests = dependency.kind == DependencyKind::Development;
            let is_reached =
                || reach(edges, package.name.as_str()).contains(dependency.name.as_str());
            if allowed.contains(&dependency.name.as_str())
                || (is_for_tests && (dependency.name == DEV_ONLY || is_reached()))
            {
                continue;
            }
            let advice = if dependency.name == DEV_ONLY {
                "it is for tests only: move it to [dev-dependencies]"
            } else {
                "arrows point inward: move the shared type inward, or pass it in from countersign-app"
            };
            complaints.push(Complaint::new(
                package.name.as_str(),
                format!("must not depend on {}: {advice}", dependency.name),
            ));
        }
    }
    complaints
}
