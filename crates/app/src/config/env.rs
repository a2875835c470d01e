//! The environment, read once and handed down, so that tests never touch the process's own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::failure::{Failure, Result};

/// A copy of the environment.
#[derive(Clone, Default)]
pub(crate) struct Env(BTreeMap<OsString, OsString>);

impl std::fmt::Debug for Env {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // SECURITY: values may be secrets.
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Env {
    /// The process's environment.
    pub(crate) fn process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// An environment of these variables only.
    #[cfg(test)]
    pub(crate) fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// The value of a variable; one that is empty counts as not set.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>> {
        match self.0.get(std::ffi::OsStr::new(name)) {
            None => Ok(None),
            Some(value) if value.is_empty() => Ok(None),
            Some(value) => {
                let not_text = || {
                    Failure::usage(format!("the environment variable {name} is not UTF-8 text"))
                        .next("set it again, or unset it")
                };
                value.to_str().map(Some).ok_or_else(not_text)
            }
        }
    }

    /// The value as a path, whatever its bytes.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.0
            .get(std::ffi::OsStr::new(name))
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    }

    /// The names of all variables that are text.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|name| name.to_str())
    }
}
