//! Finds out whether documentation holds code, so that rustdoc is not run for nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Whether any source below the folder has a code fence in a doc comment.
pub(super) fn are_in(folder: &Path) -> Result<bool> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))?;
    for entry in entries {
        let path = entry
            .with_context(|| format!("{} can't be read", folder.display()))?
            .path();
        let is_found = if path.is_dir() {
            are_in(&path)?
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            has_code(
                &fs::read_to_string(&path)
                    .with_context(|| format!("{} can't be read", path.display()))?,
            )
        } else {
            false
        };
        if is_found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a doc comment of the source opens a fence that rustdoc compiles: one without a language, or Rust.
pub(super) fn has_code(source: &str) -> bool {
    let mut is_open = false;
    for line in source.lines().map(str::trim_start) {
        let Some(text) = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"))
        else {
            is_open = false;
            continue;
        };
        let Some(language) = text.trim_start().strip_prefix("```") else {
            continue;
        };
        is_open = !is_open;
        if is_open
            && language
                .split(',')
                .all(|word| COMPILED.contains(&word.trim()))
        {
            return true;
        }
    }
    false
}

/// Words after a fence that leave it Rust.
const COMPILED: &[&str] = &[
    "",
    "rust",
    "no_run",
    "should_panic",
    "compile_fail",
    "edition2024",
];
