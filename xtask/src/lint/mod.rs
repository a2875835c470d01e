//! Rules of the workspace that the compiler can't check. Each complaint names the crate or file and what to do.
//!
//! The rules themselves are the constants in [`rules`]; everything else here is a pure function from the workspace's
//! description to complaints, so that a test can feed it a workspace that breaks them.

mod bans;
mod dial;
mod edges;
mod layout;
mod licences;
mod rules;
mod sources;
mod workspace;

#[cfg(test)]
mod tests;

use anyhow::Result;

use crate::output;
use workspace::Workspace;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Complaint {
    /// The crate or file that breaks the rule.
    place: String,
    /// What is wrong, why it matters and what to do.
    text: String,
}

impl Complaint {
    fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            text: text.into(),
        }
    }
}

type Check = (&'static str, fn(&Workspace) -> Result<Vec<Complaint>>);

const CHECKS: &[Check] = &[
    ("crate edges", |workspace| {
        Ok(edges::check(workspace, rules::EDGES))
    }),
    ("confined crates", |workspace| {
        Ok(bans::check_confined(workspace, rules::CONFINED))
    }),
    ("banned crates", |workspace| {
        Ok(bans::check_banned(workspace, rules::BANNED))
    }),
    ("licences", |workspace| {
        Ok(licences::check(workspace, rules::LICENCES))
    }),
    ("sources", |workspace| Ok(sources::check(workspace))),
    ("lints and test layout", layout::check),
    ("diallers", dial::check),
];

/// Checks the workspace and prints every complaint. True if there is none.
pub(crate) fn run() -> Result<bool> {
    let workspace = Workspace::load()?;
    let mut is_clean = true;
    for (name, check) in CHECKS {
        let complaints = check(&workspace)?;
        if complaints.is_empty() {
            output::say(&format!("lint: {name}: ok"));
            continue;
        }
        is_clean = false;
        output::say(&format!("lint: {name}: {} broken", complaints.len()));
        for complaint in complaints {
            output::say(&format!("  {}: {}", complaint.place, complaint.text));
        }
    }
    Ok(is_clean)
}
