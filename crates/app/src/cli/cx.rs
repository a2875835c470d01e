//! What every command gets.

use std::path::PathBuf;

use crate::client::Api;
use crate::config::{DataDir, Env, Flags, Settings, load};
use crate::failure::Result;
use crate::output::Output;

/// The environment, the flags that every command has, and where to print.
#[derive(Debug)]
pub(crate) struct Cx {
    /// The environment.
    pub(crate) env: Env,
    /// `--data-dir`.
    pub(crate) data_dir: Option<PathBuf>,
    /// `--config`.
    pub(crate) config: Option<PathBuf>,
    /// Where to print.
    pub(crate) output: Output,
}

impl Cx {
    /// The data directory by flag, environment, or as every start finds it: a client needs no valid configuration for the first two.
    pub(crate) fn data_dir(&self) -> Result<DataDir> {
        if let Some(path) = &self.data_dir {
            return Ok(DataDir::new(path));
        }
        match DataDir::from_env(&self.env)? {
            Some(data_dir) => Ok(data_dir),
            None => Ok(self.settings()?.data_dir),
        }
    }

    /// The start-up values.
    pub(crate) fn settings(&self) -> Result<Settings> {
        self.settings_with(Flags::default())
    }

    /// The start-up values under a command's own flags.
    pub(crate) fn settings_with(&self, flags: Flags) -> Result<Settings> {
        load(
            &self.env,
            &Flags {
                data_dir: self.data_dir.clone(),
                config: self.config.clone(),
                ..flags
            },
        )
    }

    /// A signed-in client of the gateway.
    pub(crate) fn api(&self) -> Result<Api> {
        Api::connect(&self.env, &self.data_dir()?, self.output)
    }
}
