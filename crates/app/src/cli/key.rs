//! `countersign key`: what agents and integrations call in with.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::cx::Cx;
use super::parse::{object, seconds};
use super::shown::{self, Column, text};
use crate::client::{Api, encode};
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
    /// Change a key: what is given
    Edit(Edit),
    /// Give a key another secret and show it, once
    Rotate(Rotate),
    /// Show how often a key was used
    Usage(Named),
    /// Revoke a key at once
    Revoke(Named),
}

/// A change of a key. Whom it acts as stays.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line"
)]
#[group(id = "change", required = true, multiple = true)]
struct KeyChange {
    /// Its new name
    #[arg(long)]
    name: Option<String>,
    /// What it may do, all of it; may be repeated
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// Requests a minute
    #[arg(long, value_name = "NUMBER", conflicts_with = "no_rate_limit")]
    rate_limit: Option<u32>,
    /// Any number of requests a minute
    #[arg(long)]
    no_rate_limit: bool,
    /// When it stops working by itself, from now on: 90s, 30m, 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = seconds, conflicts_with = "no_expiry")]
    expires: Option<u64>,
    /// Working until it is revoked
    #[arg(long)]
    no_expiry: bool,
    /// The agent whose requests alone it is for; of an operator's key
    #[arg(long, value_name = "AGENT", conflicts_with = "no_bound_agent")]
    bound_agent: Option<String>,
    /// For the requests of every agent
    #[arg(long)]
    no_bound_agent: bool,
    /// The targets whose requests alone it is for, all of them; may be repeated
    #[arg(
        long = "target",
        value_name = "TARGET",
        conflicts_with = "every_target"
    )]
    targets: Vec<String>,
    /// For requests on every target
    #[arg(long)]
    every_target: bool,
}

/// A key to change.
#[derive(Debug, Args)]
pub(super) struct Edit {
    /// Its id
    key: String,
    #[command(flatten)]
    change: KeyChange,
}

/// A key to rotate.
#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// Its id
    key: String,
    /// For how long the old secret works beside the new one: 90s, 30m, 12h, 7d; without it the old one is dead at once
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    overlap: Option<u64>,
}

impl KeyChange {
    /// The body of the change; what is left out stays as it is.
    fn body(&self) -> Value {
        let mut body = serde_json::Map::new();
        let mut put = |field: &str, is_given: bool, value: Value| {
            if is_given {
                body.insert(field.to_owned(), value);
            }
        };
        put("name", self.name.is_some(), json!(self.name));
        put("scopes", !self.scopes.is_empty(), json!(self.scopes));
        let limited = self.rate_limit.is_some() || self.no_rate_limit;
        put("rate_limit_per_minute", limited, json!(self.rate_limit));
        let ends = self.expires.is_some() || self.no_expiry;
        put("expires_in_seconds", ends, json!(self.expires));
        let is_bound = self.bound_agent.is_some() || self.no_bound_agent;
        put("bound_agent", is_bound, json!(self.bound_agent));
        let has_targets = !self.targets.is_empty() || self.every_target;
        put("targets", has_targets, json!(self.targets));
        Value::Object(body)
    }
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
    /// What it may do: admin, request:create, request:read, request:decide, audit:read, key:manage, metrics:read, webhook:manage, policy:read,
    /// policy:write, override:manage; may be repeated
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// Requests a minute
    #[arg(long, value_name = "NUMBER")]
    rate_limit: Option<u32>,
    /// When it stops working by itself: 90s, 30m, 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    expires: Option<u64>,
    /// The agent whose requests alone an operator's key is for
    #[arg(long, value_name = "AGENT")]
    bound_agent: Option<String>,
    /// A target whose requests alone it is for; may be repeated
    #[arg(long = "target", value_name = "TARGET")]
    targets: Vec<String>,
}

impl Add {
    async fn run(self, cx: &Cx, api: &Api) -> Result<()> {
        let scopes = if self.scopes.is_empty() {
            serde_json::Value::Null
        } else {
            json!(self.scopes)
        };
        let body = object([
            ("name", json!(self.name)),
            ("agent", json!(self.agent)),
            ("operator", json!(self.operator)),
            ("scopes", scopes),
            ("rate_limit_per_minute", json!(self.rate_limit)),
            ("expires_in_seconds", json!(self.expires)),
            ("bound_agent", json!(self.bound_agent)),
            (
                "targets",
                if self.targets.is_empty() {
                    Value::Null
                } else {
                    json!(self.targets)
                },
            ),
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
        Ok(())
    }
}

impl Key {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        match self {
            Self::Add(add) => add.run(cx, &api).await?,
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
            Self::Edit(Edit { key, change }) => {
                let path = format!("/api/v1/keys/{}", encode(&key));
                shown::thing(cx.output, &api.patch(&path, &change.body()).await?);
            }
            Self::Rotate(Rotate { key, overlap }) => {
                let path = format!("/api/v1/keys/{}/rotate", encode(&key));
                let body = json!({ "overlap_seconds": overlap.unwrap_or_default() });
                let made = api.post(&path, &body).await?;
                let remedy = format!(
                    "the new secret is gone for good, and the old one ends: `countersign key rotate {}` again",
                    text(&made, "/id")
                );
                cx.output.secret_result(&made, &remedy, |output| {
                    output.line(format!(
                        "key {} ({})",
                        text(&made, "/name"),
                        text(&made, "/id")
                    ));
                    output.line(text(&made, "/key"));
                    output.note("the new secret is shown this once: store it now");
                    if made.pointer("/retiring").is_some() {
                        output.note(format!(
                            "the old one ({}...) works until {}",
                            text(&made, "/retiring/prefix"),
                            text(&made, "/retiring/until")
                        ));
                    } else {
                        output.note("the old one is dead");
                    }
                })?;
            }
            Self::Usage(Named { key }) => {
                let path = format!("/api/v1/keys/{}/usage", encode(&key));
                shown::thing(cx.output, &api.get(&path).await?);
            }
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
