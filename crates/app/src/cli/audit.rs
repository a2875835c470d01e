//! `countersign audit`: the ledger, on line and off line.

mod export;
mod names;
mod verify;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::cx::Cx;
use super::shown::{self, Column, query};
use crate::failure::{Failure, Result};
use crate::prompt;

const COLUMNS: &[Column] = &[
    ("POSITION", &["/position"]),
    ("AT", &["/at"]),
    ("KIND", &["/kind"]),
    ("ACTOR", &["/actor"]),
    ("SUBJECT", &["/subject"]),
    ("VERDICT", &["/verdict"]),
    ("OUTCOME", &["/outcome"]),
];

const CHECKPOINTS: &[Column] = &[("SIZE", &["/size"]), ("AT", &["/at"])];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// List entries, newest first
    List(List),
    /// Verify the ledger: the gateway's, or an export without any gateway
    Verify(verify::Verify),
    /// Write the whole ledger as JSON Lines
    Export(export::Export),
    /// List the signed checkpoints, or make one now
    Checkpoints(Checkpoints),
    /// Take note that the ledger contradicts its checkpoints (after a restored backup), so that it takes entries again
    Acknowledge,
    /// Remove the oldest entries under a checkpoint, which keeps them verifiable
    Prune(Prune),
}

/// A filter.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only this kind, such as config.agent.created
    #[arg(long)]
    kind: Option<String>,
    /// Only by this actor, as kind:id
    #[arg(long)]
    actor: Option<String>,
    /// Only about this request
    #[arg(long)]
    request: Option<String>,
    /// Only from this time on: 2026-11-20T09:30:00Z
    #[arg(long)]
    since: Option<String>,
    /// Only before this time
    #[arg(long)]
    until: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Whether to make one.
#[derive(Debug, Args)]
pub(super) struct Checkpoints {
    /// Sign one now
    #[arg(long)]
    make: bool,
}

/// What to remove.
#[derive(Debug, Args)]
pub(super) struct Prune {
    /// The size of the checkpoint that stays as the start
    #[arg(long, value_name = "ENTRIES")]
    size: u64,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

impl Audit {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::List(list) => {
                let path = query(
                    "/api/v1/audit/entries",
                    &[
                        ("kind", list.kind),
                        ("actor", list.actor),
                        ("request", list.request),
                        ("since", list.since),
                        ("until", list.until),
                        ("limit", Some(list.limit.clamp(1, 200).to_string())),
                    ],
                );
                let api = cx.api()?;
                let mut entries = api.list(&path, list.limit).await?;
                if !cx.output.is_json() {
                    names::add(&api, &mut entries).await;
                }
                shown::list(cx.output, &entries, COLUMNS, "no entry fits");
                Ok(())
            }
            Self::Verify(verify) => verify.run(cx).await,
            Self::Export(export) => export.run(cx).await,
            Self::Checkpoints(Checkpoints { make }) => {
                let api = cx.api()?;
                if make {
                    shown::thing(
                        cx.output,
                        &api.post("/api/v1/audit/checkpoints", &json!({})).await?,
                    );
                } else {
                    shown::list(
                        cx.output,
                        &api.list("/api/v1/audit/checkpoints", usize::MAX).await?,
                        CHECKPOINTS,
                        "there is no checkpoint yet",
                    );
                }
                Ok(())
            }
            Self::Acknowledge => {
                let noted = cx
                    .api()?
                    .post("/api/v1/audit/acknowledge", &json!({}))
                    .await?;
                shown::thing(cx.output, &noted);
                Ok(())
            }
            Self::Prune(prune) => prune.run(cx).await,
        }
    }
}

impl Prune {
    async fn run(self, cx: &Cx) -> Result<()> {
        let question = format!(
            "remove the first {} entries with their evidence for good?",
            self.size
        );
        if !self.yes && !prompt::confirm(&question, "say --yes")? {
            return Err(Failure::refused("not_confirmed", "nothing was removed"));
        }
        let pruned: Value = cx
            .api()?
            .post("/api/v1/audit/prune", &json!({ "size": self.size }))
            .await?;
        cx.output.result(&pruned, |output| {
            output.line(format!("the ledger begins after entry {} now", self.size));
        });
        Ok(())
    }
}
