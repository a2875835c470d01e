//! `countersign vault`: the passphrase and what it protects.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::cx::Cx;
use super::secret::SecretSource;
use super::shown;
use crate::client::{Api, read_reply};
use crate::config::MASTER_KEY;
use crate::failure::Result;
use crate::passphrase;

mod rekey;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Vault {
    /// Show whether the gateway is locked
    Status,
    /// Unlock a gateway that started without its passphrase
    Unlock(Unlock),
    /// Change the passphrase, with or without a gateway
    Rekey(rekey::Rekey),
}

/// Where the passphrase comes from: `COUNTERSIGN_MASTER_KEY`, its file, standard input, a file or a prompt.
#[derive(Debug, Args)]
pub(super) struct Unlock {
    #[command(flatten)]
    source: SecretSource,
}

impl Vault {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Status => status(cx).await,
            Self::Unlock(unlock) => unlock.run(cx).await,
            Self::Rekey(rekey) => rekey.run(cx).await,
        }
    }
}

/// Locked or not is everybody's to know; the rest is for those who signed in.
async fn status(cx: &Cx) -> Result<()> {
    let data_dir = cx.data_dir()?;
    let api = Api::connect_without_credential(&cx.env, &data_dir, cx.output)?;
    let ready = api.exchange(&Method::GET, "/readyz", None).await?;
    let readiness: Value = ready.json().unwrap_or(Value::Null);
    let is_locked = readiness.to_string().contains("\"locked\"");
    let mut shown = json!({ "locked": is_locked });
    if !is_locked
        && let Ok(Value::Object(details)) = Api::connect(&cx.env, &data_dir, cx.output)?
            .get("/api/v1/vault")
            .await
    {
        for (name, value) in details {
            shown[name] = value;
        }
    }
    shown::thing(cx.output, &shown);
    Ok(())
}

impl Unlock {
    async fn run(self, cx: &Cx) -> Result<()> {
        let api = Api::connect_without_credential(&cx.env, &cx.data_dir()?, cx.output)?;
        let configured = if self.source.stdin || self.source.file.is_some() {
            None
        } else {
            MASTER_KEY.find(&cx.env)?.map(|found| {
                found.warn(cx.output);
                found.text
            })
        };
        let text = match configured {
            Some(text) => text,
            None => self.source.read("passphrase of the vault", cx.output)?,
        };
        let body = json!({ "passphrase": text.expose() });
        drop(passphrase::accept(text)?);
        let response = api
            .exchange(&Method::POST, "/api/v1/vault/unlock", Some(&body))
            .await?;
        read_reply(&response)?;
        cx.output.result(&json!({ "locked": false }), |output| {
            output.line("the gateway is unlocked");
        });
        Ok(())
    }
}
