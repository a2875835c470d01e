//! Which source a value is taken from.

use super::env::Env;
use super::settings::Origin;
use super::variable::Variable;
use crate::failure::{Failure, Result};

/// Takes each value from the strongest source that has it, and remembers which that was.
pub(super) struct Sources<'a> {
    env: &'a Env,
    origins: Vec<(&'static str, Origin)>,
}

impl<'a> Sources<'a> {
    /// No value was taken yet.
    pub(super) fn new(env: &'a Env) -> Self {
        Self {
            env,
            origins: Vec::new(),
        }
    }

    /// The environment.
    pub(super) fn env(&self) -> &'a Env {
        self.env
    }

    /// Remembers where a value came from that was taken otherwise.
    pub(super) fn note(&mut self, key: &'static str, origin: Origin) {
        self.origins.push((key, origin));
    }

    /// Where each value came from.
    pub(super) fn into_origins(self) -> Vec<(&'static str, Origin)> {
        self.origins
    }

    /// The value of the strongest source that has one.
    pub(super) fn pick<T>(
        &mut self,
        key: &'static str,
        flag: Option<T>,
        variable: &Variable,
        read: impl FnOnce(&str) -> Result<T, String>,
        file: Option<T>,
    ) -> Result<Option<T>> {
        let (value, origin) = if flag.is_some() {
            (flag, Origin::Flag)
        } else if let Some(text) = variable.text(self.env)? {
            let value =
                read(&text).map_err(|why| Failure::usage(format!("{}: {why}", variable.name)))?;
            (Some(value), Origin::Environment)
        } else if file.is_some() {
            (file, Origin::File)
        } else {
            (None, Origin::Default)
        };
        self.origins.push((key, origin));
        Ok(value)
    }
}
