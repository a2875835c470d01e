//! `countersign token`: what operators sign in with at `/login`. A token is no API key.

use clap::{Args, Subcommand};
use countersign_gate::TokenDraft;
use serde_json::{Value, json};

use super::cx::Cx;
use super::parse::{object, seconds};
use super::shown::{self, Column, text};
use crate::client::encode;
use crate::failure::{Failure, Result};
use crate::{passphrase, wire};

const COLUMNS: &[Column] = &[
    ("NAME", &["/name"]),
    ("ID", &["/id"]),
    ("TOKEN", &["/prefix"]),
    ("OPERATOR", &["/operator_name", "/operator"]),
    ("EXPIRES", &["/expires_at"]),
    ("REVOKED", &["/revoked_at"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make a sign-in token for an operator and show it, once
    Create(Create),
    /// List the sign-in tokens
    List,
    /// Revoke a sign-in token at once
    Revoke(Named),
}

/// One token.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Its id
    token: String,
}

/// A new token.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// Its name
    name: String,
    /// Whose it is
    #[arg(long)]
    operator: String,
    /// When it stops working by itself: 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    expires: Option<u64>,
    /// Without a gateway, for an operator who has no other way in: asks for the vault's passphrase, and the ledger says so
    #[arg(long)]
    recover: bool,
}

/// Shows a new token, once.
fn show(cx: &Cx, made: &Value) -> Result<()> {
    let remedy = format!(
        "the token is gone for good: `countersign token revoke {}`, then create another",
        text(made, "/id")
    );
    cx.output.secret_result(made, &remedy, |output| {
        output.line(format!(
            "token {} ({})",
            text(made, "/name"),
            text(made, "/id")
        ));
        output.line(text(made, "/token"));
        output.note("the token is shown this once: store it now");
    })
}

impl Create {
    /// Makes it in the data directory, which nobody else may work on meanwhile.
    async fn recover(&self, cx: &Cx) -> Result<()> {
        let settings = cx.settings()?;
        let name = self
            .name
            .parse()
            .map_err(|error| Failure::usage(format!("NAME: {error}")))?;
        let workshop = wire::Workshop::open(&settings).await?;
        let passphrase = passphrase::configured_or_typed(&cx.env, &settings, cx.output)?;
        let draft = TokenDraft {
            operator: self.operator.clone(),
            name,
            expires_in_seconds: self.expires,
        };
        let made = workshop.recover(passphrase, draft).await?;
        let shown = json!({
            "id": made.view.id,
            "name": made.view.name,
            "operator": made.view.operator,
            "token": made.secret.expose(),
        });
        show(cx, &shown)
    }
}

impl Token {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        if let Self::Create(create) = &self
            && create.recover
        {
            return create.recover(cx).await;
        }
        let api = cx.api()?;
        match self {
            Self::Create(create) => {
                let body = object([
                    ("name", json!(create.name)),
                    ("operator", json!(create.operator)),
                    ("expires_in_seconds", json!(create.expires)),
                ]);
                let made = api.post("/api/v1/tokens", &body).await?;
                show(cx, &made)?;
            }
            Self::List => shown::list(
                cx.output,
                &api.list("/api/v1/tokens", usize::MAX).await?,
                COLUMNS,
                "there is no sign-in token",
            ),
            Self::Revoke(Named { token }) => {
                api.delete(&format!("/api/v1/tokens/{}", encode(&token)))
                    .await?;
                cx.output.result(&json!({ "revoked": token }), |output| {
                    output.line(format!("token {token} is revoked"));
                });
            }
        }
        Ok(())
    }
}
