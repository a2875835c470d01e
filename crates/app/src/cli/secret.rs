//! Where a command's secret comes from: a prompt, standard input or a file. There is no argument for its value, so that it stands in no
//! process list and no shell history.

use std::path::PathBuf;

use clap::Args;
use countersign_vault::SecretString;

use crate::failure::Result;
use crate::output::Output;
use crate::prompt;

/// The flags that name the source.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub(super) struct SecretSource {
    /// Read the secret from standard input
    #[arg(long)]
    pub(super) stdin: bool,
    /// Read the secret from a file
    #[arg(long, value_name = "PATH")]
    pub(super) file: Option<PathBuf>,
}

impl SecretSource {
    /// Reads the secret, or asks for it.
    pub(super) fn read(&self, question: &str, output: Output) -> Result<SecretString> {
        match &self.file {
            Some(path) => prompt::secret_from_file(path, output),
            None if self.stdin => prompt::secret_from_stdin(),
            None => prompt::secret(question, "give it with --stdin or --file"),
        }
    }

    /// Reads a new secret, or asks for it twice.
    pub(super) fn read_new(&self, question: &str, output: Output) -> Result<SecretString> {
        match &self.file {
            Some(path) => prompt::secret_from_file(path, output),
            None if self.stdin => prompt::secret_from_stdin(),
            None => prompt::new_secret(question, "give it with --stdin or --file"),
        }
    }
}
