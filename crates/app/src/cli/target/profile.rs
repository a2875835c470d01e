//! `countersign target profile`: a target's profiles, each with a credential and limits of its own.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::super::cx::Cx;
use super::super::parse::{json as json_value, object};
use super::super::shown::{self, Column, text};
use crate::client::encode;
use crate::failure::Result;

const COLUMNS: &[Column] = &[
    ("NAME", &["/name"]),
    ("ID", &["/id"]),
    ("LIMITS", &["/limits"]),
    ("REVISION", &["/revision"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Profile {
    /// List a target's profiles
    List(Of),
    /// Add a profile to a target
    Add(Add),
    /// Remove a profile with its credential and grants; the default one stays
    Remove(Named),
}

/// One target.
#[derive(Debug, Args)]
pub(in crate::cli) struct Of {
    /// The target's name or id
    target: String,
}

/// One profile.
#[derive(Debug, Args)]
pub(in crate::cli) struct Named {
    /// The target's name or id
    target: String,
    /// The profile's name
    profile: String,
}

/// A new profile.
#[derive(Debug, Args)]
pub(in crate::cli) struct Add {
    /// The target's name or id
    target: String,
    /// The profile's name
    profile: String,
    /// Bounds as JSON, by the connector's schema; they can't be changed afterwards
    #[arg(long, value_name = "JSON", value_parser = json_value)]
    limits: Option<Value>,
}

impl Profile {
    pub(in crate::cli) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        let path = |target: &str| format!("/api/v1/targets/{}/profiles", encode(target));
        match self {
            Self::List(Of { target }) => shown::list(
                cx.output,
                &api.list(&path(&target), usize::MAX).await?,
                COLUMNS,
                "there is no profile",
            ),
            Self::Add(Add {
                target,
                profile,
                limits,
            }) => {
                let body = object([("name", json!(profile)), ("limits", json!(limits))]);
                let made = api.post(&path(&target), &body).await?;
                cx.output.result(&made, |output| {
                    output.line(format!(
                        "profile {profile} of {target} ({})",
                        text(&made, "/id")
                    ));
                });
            }
            Self::Remove(Named { target, profile }) => {
                api.delete(&format!("{}/{}", path(&target), encode(&profile)))
                    .await?;
                cx.output.result(&json!({ "removed": profile }), |output| {
                    output.line(format!("profile {profile} of {target} is removed"));
                });
            }
        }
        Ok(())
    }
}
