//! `countersign key`: what agents and integrations call in with.

use clap::{Args, Subcommand};
use serde_json::json;

use super::cx::Cx;
use super::parse::{object, seconds};
use super::shown::{self, Column, text};
use crate::client::encode;
use crate::failure::Result;

const COLUMNS: &[Column] = &[
    ("NAME", &["/name"]),
    ("ID", &["/id"]),
    ("KEY", &["/prefix"]),
    ("AGENT", &["/agent"]),
    ("OPERATOR", &["/operator"]),
    ("SCOPES", &["/scopes"]),
    ("EXPIRES", &["/expires_at"]),
    ("REVOKED", &["/revoked_at"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Add a key for an agent or an operator and show it, once
    Add(Add),
    /// List the keys
    List,
    /// Show a key
    Show(Named),
    /// Revoke a key at once
    Revoke(Named),
}

/// One key.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Its id
    key: String,
}

/// A new key.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Its name
    name: String,
    /// The agent that it acts as
    #[arg(
        long,
        required_unless_present = "operator",
        conflicts_with = "operator"
    )]
    agent: Option<String>,
    /// The operator that it acts as
    #[arg(long)]
    operator: Option<String>,
    /// What it may do: admin, request:create, request:read, request:decide, audit:read, key:manage, metrics:read, webhook:manage; may be repeated
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// Requests a minute
    #[arg(long, value_name = "NUMBER")]
    rate_limit: Option<u32>,
    /// When it stops working by itself: 90s, 30m, 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    expires: Option<u64>,
}

impl Key {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        match self {
            Self::Add(add) => {
                let scopes = if add.scopes.is_empty() {
                    serde_json::Value::Null
                } else {
                    json!(add.scopes)
                };
                let body = object([
                    ("name", json!(add.name)),
                    ("agent", json!(add.agent)),
                    ("operator", json!(add.operator)),
                    ("scopes", scopes),
                    ("rate_limit_per_minute", json!(add.rate_limit)),
                    ("expires_in_seconds", json!(add.expires)),
                ]);
                let made = api.post("/api/v1/keys", &body).await?;
                let remedy = format!(
                    "the key is gone for good: `countersign key revoke {}`, then add another",
                    text(&made, "/id")
                );
                cx.output.secret_result(&made, &remedy, |output| {
                    output.line(format!(
                        "key {} ({})",
                        text(&made, "/name"),
                        text(&made, "/id")
                    ));
                    output.line(text(&made, "/key"));
                    output.note("the key is shown this once: store it now");
                })?;
            }
            Self::List => {
                let mut keys = api.list("/api/v1/keys", usize::MAX).await?;
                if !cx.output.is_json() {
                    shown::name(
                        &api,
                        &mut keys,
                        &[
                            ("agent", "/api/v1/agents"),
                            ("operator", "/api/v1/operators"),
                        ],
                    )
                    .await?;
                }
                shown::list(cx.output, &keys, COLUMNS, "there is no key");
            }
            Self::Show(Named { key }) => shown::thing(
                cx.output,
                &api.get(&format!("/api/v1/keys/{}", encode(&key))).await?,
            ),
            Self::Revoke(Named { key }) => {
                api.delete(&format!("/api/v1/keys/{}", encode(&key)))
                    .await?;
                cx.output.result(&json!({ "revoked": key }), |output| {
                    output.line(format!("key {key} is revoked"));
                });
            }
        }
        Ok(())
    }
}
