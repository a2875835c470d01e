//! `countersign grant`: who may do what.

use clap::{Args, Subcommand};
use serde_json::json;

use super::cx::Cx;
use super::parse::{labels, object, pair, seconds};
use super::shown::{self, Column, text};
use crate::client::encode;
use crate::failure::Result;

const COLUMNS: &[Column] = &[
    ("ID", &["/id"]),
    ("AGENT", &["/agent"]),
    ("TARGET", &["/target"]),
    ("ACTION", &["/action"]),
    ("VERDICT", &["/verdict"]),
    ("EXPIRES", &["/expires_at"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Grant {
    /// Let an agent do something on a target, or ask, or not
    Add(Add),
    /// List the grants
    List(List),
    /// Remove a grant
    Remove(Named),
}

/// One grant.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Its id
    grant: String,
}

/// A new grant.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Who
    #[arg(long)]
    agent: String,
    /// On what
    #[arg(long)]
    target: String,
    /// With which profile [default: default]
    #[arg(long)]
    profile: Option<String>,
    /// Which actions: 'GET /charges/*', where * is one segment and ** any number
    #[arg(long)]
    action: String,
    /// allow, ask, deny or `by_policy`
    #[arg(long)]
    verdict: String,
    /// When it ends by itself: 90s, 30m, 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    expires: Option<u64>,
    /// A label as name=value; may be repeated
    #[arg(long = "label", value_parser = pair)]
    labels: Vec<(String, String)>,
}

/// A filter.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only this agent's
    #[arg(long)]
    agent: Option<String>,
    /// Only on this target
    #[arg(long)]
    target: Option<String>,
}

impl Grant {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        match self {
            Self::Add(add) => {
                let body = object([
                    ("agent", json!(add.agent)),
                    ("target", json!(add.target)),
                    ("profile", json!(add.profile)),
                    ("action", json!(add.action)),
                    ("verdict", json!(add.verdict)),
                    ("expires_in_seconds", json!(add.expires)),
                    ("labels", labels(&add.labels)),
                ]);
                let made = api.post("/api/v1/grants", &body).await?;
                cx.output.result(&made, |output| {
                    output.line(format!(
                        "grant {}: {} may `{}` on {}: {}",
                        text(&made, "/id"),
                        add.agent,
                        add.action,
                        add.target,
                        add.verdict
                    ));
                });
            }
            Self::List(filter) => {
                let path = super::shown::query(
                    "/api/v1/grants",
                    &[("agent", filter.agent), ("target", filter.target)],
                );
                let mut grants = api.list(&path, usize::MAX).await?;
                if !cx.output.is_json() {
                    shown::name(
                        &api,
                        &mut grants,
                        &[("agent", "/api/v1/agents"), ("target", "/api/v1/targets")],
                    )
                    .await?;
                }
                shown::list(
                    cx.output,
                    &grants,
                    COLUMNS,
                    "there is no grant: without one, everything is denied",
                );
            }
            Self::Remove(Named { grant }) => {
                api.delete(&format!("/api/v1/grants/{}", encode(&grant)))
                    .await?;
                cx.output.result(&json!({ "removed": grant }), |output| {
                    output.line(format!("grant {grant} is removed"));
                });
            }
        }
        Ok(())
    }
}
