//! Nothing but `countersign-net` opens a connection or resolves a name: the source says so.
//!
//! A reader of text can be fooled by someone who wants to; it is here for those who forget. What can't be fooled is
//! that no other crate has a client library ([`super::rules::CONFINED`]).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Complaint;
use super::rules::{DIALLERS, DIALLING_FOLDERS};
use super::workspace::Workspace;

/// Complains about every source file of ours that dials.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Complaint>> {
    let root = workspace.root();
    let mut complaints = Vec::new();
    for package in workspace.members() {
        let Some(folder) = package.manifest_path.parent() else {
            continue;
        };
        visit(&folder.as_std_path().join("src"), &root, &mut complaints)?;
    }
    Ok(complaints)
}

fn visit(folder: &Path, root: &Path, complaints: &mut Vec<Complaint>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))?;
    for entry in entries {
        let path = entry
            .with_context(|| format!("{} can't be read", folder.display()))?
            .path();
        if path.is_dir() {
            visit(&path, root, complaints)?;
            continue;
        }
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        if path.extension().is_none_or(|extension| extension != "rs") || may_dial(&name) {
            continue;
        }
        let source = fs::read_to_string(&path).with_context(|| format!("{name} can't be read"))?;
        complaints.extend(diallers(&source).into_iter().map(|(line, text)| {
            Complaint::new(
                format!("{name}:{line}"),
                format!("`{text}` can reach the network: dial through countersign-net, which checks the address, pins it and sets deadlines"),
            )
        }));
    }
    Ok(())
}

/// Whether a source file (a path below the workspace's folder) may dial: the owners of the network, and tests.
pub(super) fn may_dial(name: &str) -> bool {
    DIALLING_FOLDERS
        .iter()
        .any(|folder| name.starts_with(folder))
        || name.ends_with("/tests.rs")
        || name.contains("/tests/")
}

/// Lines (from 1) of the source that dial, and what on them does.
pub(super) fn diallers(source: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (index, line) in source.lines().enumerate() {
        let code: String = line
            .split("//")
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        found.extend(
            DIALLERS
                .iter()
                .filter(|text| code.contains(*text))
                .map(|text| (index + 1, *text)),
        );
    }
    found
}
