//! `countersign agent`: named principals that ask.

use clap::{Args, Subcommand};
use serde_json::json;

use super::cx::Cx;
use super::parse::{labels, object, pair};
use super::shown::{self, Column, only, text};
use crate::client::encode;
use crate::failure::Result;

const COLUMNS: &[Column] = &[
    ("NAME", &["/name"]),
    ("ID", &["/id"]),
    ("DESCRIPTION", &["/description"]),
    ("LABELS", &["/labels"]),
    ("CREATED", &["/created_at"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Agent {
    /// Add an agent and show its key, once
    Add(Add),
    /// List the agents
    List,
    /// Show an agent
    Show(Named),
    /// Change an agent's description or labels
    Update(Update),
    /// Remove an agent with its keys and grants, and cancel what it asked for
    Remove(Named),
}

/// One agent.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Its name or id
    agent: String,
}

/// A new agent.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Its name
    name: String,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// A label as name=value; may be repeated
    #[arg(long = "label", value_parser = pair)]
    labels: Vec<(String, String)>,
}

/// A change.
#[derive(Debug, Args)]
pub(super) struct Update {
    /// Its name or id
    agent: String,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// A label as name=value; may be repeated; together they replace the present ones
    #[arg(long = "label", value_parser = pair)]
    labels: Vec<(String, String)>,
}

impl Agent {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        match self {
            Self::Add(add) => {
                let body = object([
                    ("name", json!(add.name)),
                    ("description", json!(add.description)),
                    ("labels", labels(&add.labels)),
                ]);
                let made = api.post("/api/v1/agents", &body).await?;
                let remedy = format!(
                    "the agent is there and its key is gone for good: `countersign key revoke {}`, then `countersign key add NAME --agent {}`",
                    text(&made, "/key_id"),
                    add.name
                );
                cx.output.secret_result(
                    &only(&made, &["id", "name", "key"]),
                    &remedy,
                    |output| {
                        output.line(format!(
                            "agent {} ({})",
                            text(&made, "/name"),
                            text(&made, "/id")
                        ));
                        output.line(format!("key   {}", text(&made, "/key")));
                        output.note("the key is shown this once: give it to the agent now");
                    },
                )?;
            }
            Self::List => shown::list(
                cx.output,
                &api.list("/api/v1/agents", usize::MAX).await?,
                COLUMNS,
                "there is no agent: add one with `countersign agent add NAME`",
            ),
            Self::Show(Named { agent }) => shown::thing(
                cx.output,
                &api.get(&format!("/api/v1/agents/{}", encode(&agent)))
                    .await?,
            ),
            Self::Update(update) => {
                let new_labels = if update.labels.is_empty() {
                    serde_json::Value::Null
                } else {
                    labels(&update.labels)
                };
                let body = object([
                    ("description", json!(update.description)),
                    ("labels", new_labels),
                ]);
                shown::thing(
                    cx.output,
                    &api.patch(&format!("/api/v1/agents/{}", encode(&update.agent)), &body)
                        .await?,
                );
            }
            Self::Remove(Named { agent }) => {
                api.delete(&format!("/api/v1/agents/{}", encode(&agent)))
                    .await?;
                cx.output.result(&json!({ "removed": agent }), |output| {
                    output.line(format!("agent {agent} is removed"));
                });
            }
        }
        Ok(())
    }
}
