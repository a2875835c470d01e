//! `countersign vault rekey`: a new passphrase for the same data key.
//!
//! Nothing that was sealed is touched: only the header changes, and it changes in one step (a renamed file, or one row), so that a death
//! at any point leaves the old passphrase or the new one valid, never neither.

use std::path::PathBuf;

use clap::Args;
use countersign_vault::SecretString;
use serde_json::json;

use super::super::cx::Cx;
use crate::failure::Result;
use crate::{passphrase, prompt, wire};

/// The present passphrase comes from where every start takes it; the new one from a prompt, standard input or a file.
#[derive(Debug, Args)]
pub(in crate::cli) struct Rekey {
    /// Read the new passphrase from standard input
    #[arg(long, conflicts_with = "new_file")]
    stdin: bool,
    /// Read the new passphrase from a file
    #[arg(long, value_name = "PATH")]
    new_file: Option<PathBuf>,
}

impl Rekey {
    pub(in crate::cli) async fn run(self, cx: &Cx) -> Result<()> {
        let settings = cx.settings()?;
        match wire::Workshop::open(&settings).await {
            Ok(workshop) => {
                let present = passphrase::configured_or_typed(&cx.env, &settings, cx.output)?;
                workshop
                    .rekey(present, passphrase::accept(self.new_passphrase(cx)?)?)
                    .await?;
            }
            // A gateway runs on it: it changes its header itself.
            Err(failure) if failure.code == "in_use" => {
                let present = passphrase::text(&cx.env, &settings, cx.output)?;
                let body = json!({ "current": present.expose(), "new": self.new_passphrase(cx)?.expose() });
                cx.api()?.post("/api/v1/vault/rekey", &body).await?;
            }
            Err(failure) => return Err(failure),
        }
        cx.output.result(&json!({ "rekeyed": true }), |output| {
            output.line("the vault has its new passphrase");
            output.note("give it to the next start (COUNTERSIGN_MASTER_KEY, its file, or the prompt); older backups keep the old one");
        });
        Ok(())
    }

    fn new_passphrase(&self, cx: &Cx) -> Result<SecretString> {
        match &self.new_file {
            Some(path) => prompt::secret_from_file(path, cx.output),
            None if self.stdin => prompt::secret_from_stdin(),
            None => prompt::new_secret(
                "new passphrase of the vault (14 characters at least)",
                "give it with --stdin or --new-file",
            ),
        }
    }
}
