//! `countersign target`: what can be touched.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::cx::Cx;
use super::parse::{json as json_value, labels, object, pair};
use super::shown::{self, Column, only, text};
use crate::client::encode;
use crate::failure::{Failure, Result};

mod profile;

const COLUMNS: &[Column] = &[
    ("NAME", &["/name"]),
    ("ID", &["/id"]),
    ("CONNECTOR", &["/connector"]),
    ("WHERE", &["/config/base_url", "/config"]),
    ("PRIVATE NETWORK", &["/allow_private_network"]),
    ("CREATED", &["/created_at"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Target {
    /// Add a target
    Add(Add),
    /// List the targets
    List,
    /// Show a target
    Show(Named),
    /// Change a target; pending requests on it go stale where an approver saw something else
    Update(Update),
    /// Remove a target with its credentials and grants
    Remove(Named),
    /// Try to reach a target, without an action
    Test(Named),
    /// A target's profiles
    #[command(subcommand)]
    Profile(profile::Profile),
}

/// One target.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Its name or id
    target: String,
}

/// What a target is.
#[derive(Debug, Args)]
struct Shape {
    /// The base URL, for http
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The connector's configuration as JSON, instead of --base-url
    #[arg(long, value_name = "JSON", value_parser = json_value, conflicts_with = "base_url")]
    settings: Option<Value>,
    #[arg(long, value_name = "JSON", value_parser = json_value, help = "Limits as JSON, such as {\"response_bytes\":1048576}")]
    limits: Option<Value>,
    /// Ask a human from this risk on, 0 to 1
    #[arg(long, value_name = "SCORE")]
    risk_threshold: Option<f64>,
    /// A label as name=value; may be repeated
    #[arg(long = "label", value_parser = pair)]
    labels: Vec<(String, String)>,
}

/// A new target.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Its name
    name: String,
    /// The connector that speaks its protocol
    #[arg(long)]
    connector: String,
    #[command(flatten)]
    shape: Shape,
    /// Let it lie in a private network or on this machine; owners only
    #[arg(long)]
    allow_private_network: bool,
}

/// A change.
#[derive(Debug, Args)]
pub(super) struct Update {
    /// Its name or id
    target: String,
    #[command(flatten)]
    shape: Shape,
    /// Whether it may lie in a private network; owners only
    #[arg(long, value_name = "true|false")]
    allow_private_network: Option<bool>,
}

impl Target {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        match self {
            Self::Add(add) => {
                let body = object([
                    ("name", json!(add.name)),
                    ("connector", json!(add.connector)),
                    ("base_url", json!(add.shape.base_url)),
                    ("config", json!(add.shape.settings)),
                    ("limits", json!(add.shape.limits)),
                    ("risk_threshold", json!(add.shape.risk_threshold)),
                    ("labels", labels(&add.shape.labels)),
                    ("allow_private_network", json!(add.allow_private_network)),
                ]);
                let made = api.post("/api/v1/targets", &body).await?;
                cx.output.result(&only(&made, &["id"]), |output| {
                    output.line(format!(
                        "target {} ({})",
                        text(&made, "/name"),
                        text(&made, "/id")
                    ));
                });
            }
            Self::List => {
                shown::list(
                    cx.output,
                    &api.list("/api/v1/targets", usize::MAX).await?,
                    COLUMNS,
                    "there is no target: add one with `countersign target add`",
                );
            }
            Self::Show(Named { target }) => shown::thing(
                cx.output,
                &api.get(&format!("/api/v1/targets/{}", encode(&target)))
                    .await?,
            ),
            Self::Update(update) => {
                let body = object([
                    ("base_url", json!(update.shape.base_url)),
                    ("config", json!(update.shape.settings)),
                    ("limits", json!(update.shape.limits)),
                    ("risk_threshold", json!(update.shape.risk_threshold)),
                    (
                        "labels",
                        if update.shape.labels.is_empty() {
                            Value::Null
                        } else {
                            labels(&update.shape.labels)
                        },
                    ),
                    ("allow_private_network", json!(update.allow_private_network)),
                ]);
                shown::thing(
                    cx.output,
                    &api.patch(
                        &format!("/api/v1/targets/{}", encode(&update.target)),
                        &body,
                    )
                    .await?,
                );
            }
            Self::Remove(Named { target }) => {
                api.delete(&format!("/api/v1/targets/{}", encode(&target)))
                    .await?;
                cx.output.result(&json!({ "removed": target }), |output| {
                    output.line(format!("target {target} is removed"));
                });
            }
            Self::Profile(profile) => profile.run(cx).await?,
            Self::Test(Named { target }) => {
                let answer = api
                    .post(
                        &format!("/api/v1/targets/{}/test", encode(&target)),
                        &json!({}),
                    )
                    .await?;
                shown::thing(cx.output, &answer);
                if answer.get("ok") != Some(&Value::Bool(true)) {
                    return Err(Failure::refused_silently());
                }
            }
        }
        Ok(())
    }
}
