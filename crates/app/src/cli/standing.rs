//! `countersign standing`: what was answered in advance.

use clap::Subcommand;
use serde_json::json;

use super::cx::Cx;
use super::shown::{self, Column};
use crate::client::encode;
use crate::failure::Result;

const COLUMNS: &[Column] = &[
    ("ID", &["/id"]),
    ("AGENT", &["/agent"]),
    ("TARGET", &["/target"]),
    ("ACTION", &["/action"]),
    ("SAME", &["/payload_hash", "/same"]),
    ("USES LEFT", &["/uses_left"]),
    ("UNTIL", &["/expires_at"]),
    ("BY", &["/by"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Standing {
    /// List the standing approvals that have uses and time left
    List,
    /// Take a standing approval back
    Revoke {
        /// Its id
        id: String,
    },
}

impl Standing {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        match self {
            Self::List => {
                let items = api.list("/api/v1/standing-approvals", usize::MAX).await?;
                shown::list(
                    cx.output,
                    &items,
                    COLUMNS,
                    "there is no standing approval: `countersign approve ID --for 30m` makes one",
                );
            }
            Self::Revoke { id } => {
                api.delete(&format!("/api/v1/standing-approvals/{}", encode(&id)))
                    .await?;
                cx.output.result(&json!({ "revoked": id }), |output| {
                    output.line(format!("standing approval {id} is revoked"));
                });
            }
        }
        Ok(())
    }
}
