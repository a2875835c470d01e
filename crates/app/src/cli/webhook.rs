//! `countersign webhook`: who is told of what happens to requests.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::cx::Cx;
use super::parse::{object, seconds};
use super::shown::{self, Column, text};
use crate::client::{Api, encode};
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::prompt;

const COLUMNS: &[Column] = &[
    ("ID", &["/id"]),
    ("URL", &["/url"]),
    ("EVENTS", &["/events"]),
    ("ENABLED", &["/enabled"]),
    ("LINKS", &["/links"]),
    ("DESCRIPTION", &["/description"]),
];

const DELIVERY_COLUMNS: &[Column] = &[
    ("ID", &["/id"]),
    ("EVENT", &["/event"]),
    ("REQUEST", &["/request"]),
    ("STATE", &["/state"]),
    ("ATTEMPTS", &["/attempts"]),
    ("ANSWER", &["/response_code"]),
    ("LAST", &["/last_attempt_at"]),
    ("NEXT", &["/next_attempt_at"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Webhook {
    /// Add a webhook and show its secret, once
    Add(Add),
    /// List the webhooks
    List,
    /// Show a webhook
    Show(Named),
    /// Change a webhook
    Update(Update),
    /// Replace a webhook's secret and show the new one, once
    Rotate(Rotate),
    /// Send a test at once and show what the receiver answers
    Test(Named),
    /// List a webhook's deliveries, newest first
    Deliveries(Deliveries),
    /// Send a delivery again that was given up, under its id
    Replay(Replay),
    /// Show how webhooks have fared
    Stats,
    /// Remove a webhook with its deliveries
    Remove(Named),
}

/// One webhook.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Its id
    webhook: String,
}

/// Where a secret of one's own comes from; without any of these one is made.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
struct OwnSecret {
    /// Read a secret of your own (32 characters or more) from standard input
    #[arg(long)]
    secret_stdin: bool,
    /// Read a secret of your own (32 characters or more) from a file
    #[arg(long, value_name = "PATH")]
    secret_file: Option<PathBuf>,
}

/// A new webhook.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Where to
    url: String,
    /// request.created, request.approved, request.denied, request.decided, request.expired, or * for all; may be repeated
    #[arg(long = "event", default_value = "*")]
    events: Vec<String>,
    /// What it is for
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
    /// Write X-AgentGate-Signature with `sha256=` before it
    #[arg(long)]
    prefixed: bool,
    /// Put your decision links into request.created
    #[arg(long)]
    links: bool,
    /// Send nothing yet
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    secret: OwnSecret,
}

/// A change.
#[derive(Debug, Args)]
pub(super) struct Update {
    /// Its id
    webhook: String,
    /// Where to
    #[arg(long)]
    url: Option<String>,
    /// All that it is told from now on; may be repeated
    #[arg(long = "event")]
    events: Vec<String>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// hex or prefixed
    #[arg(long, value_name = "STYLE")]
    signature: Option<String>,
    /// Whether request.created carries your decision links
    #[arg(long, value_name = "BOOL")]
    links: Option<bool>,
    /// Whether anything is sent
    #[arg(long, value_name = "BOOL")]
    enabled: Option<bool>,
}

/// A new secret.
#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// Its id
    webhook: String,
    /// For how long the present secret signs beside the new one: 0s, 30m, 12h, 7d (a day unless you say so)
    #[arg(long, value_name = "TIME", value_parser = overlap)]
    overlap: Option<u64>,
    #[command(flatten)]
    secret: OwnSecret,
}

/// Which deliveries.
#[derive(Debug, Args)]
pub(super) struct Deliveries {
    /// The webhook's id
    webhook: String,
    /// Only those that are pending, success or failed
    #[arg(long)]
    state: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

/// A delivery.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Its id
    delivery: String,
}

/// A time that may be none at all.
fn overlap(text: &str) -> std::result::Result<u64, String> {
    match text {
        "0" | "0s" => Ok(0),
        other => seconds(other),
    }
}

impl OwnSecret {
    fn read(&self, output: Output) -> Result<Value> {
        let secret = match &self.secret_file {
            Some(path) => prompt::secret_from_file(path, output)?,
            None if self.secret_stdin => prompt::secret_from_stdin()?,
            None => return Ok(Value::Null),
        };
        Ok(json!(secret.expose()))
    }
}

fn path(webhook: &str) -> String {
    format!("/api/v1/webhooks/{}", encode(webhook))
}

fn list(values: &[String]) -> Value {
    if values.is_empty() {
        Value::Null
    } else {
        json!(values)
    }
}

impl Webhook {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        match self {
            Self::Add(add) => add.run(cx, &api).await,
            Self::List => {
                let webhooks = api.list("/api/v1/webhooks", usize::MAX).await?;
                shown::list(cx.output, &webhooks, COLUMNS, "there is no webhook");
                Ok(())
            }
            Self::Show(Named { webhook }) => {
                shown::thing(cx.output, &api.get(&path(&webhook)).await?);
                Ok(())
            }
            Self::Update(update) => {
                let body = object([
                    ("url", json!(update.url)),
                    ("events", list(&update.events)),
                    ("description", json!(update.description)),
                    ("signature_style", json!(update.signature)),
                    ("links", json!(update.links)),
                    ("enabled", json!(update.enabled)),
                ]);
                let changed = api.patch(&path(&update.webhook), &body).await?;
                shown::thing(cx.output, &changed);
                Ok(())
            }
            Self::Rotate(rotate) => {
                let body = object([
                    ("secret", rotate.secret.read(cx.output)?),
                    ("overlap_seconds", json!(rotate.overlap)),
                ]);
                let made = api
                    .post(&format!("{}/rotate", path(&rotate.webhook)), &body)
                    .await?;
                show_secret(cx.output, &made)
            }
            Self::Test(Named { webhook }) => test(cx, &api, &webhook).await,
            Self::Deliveries(deliveries) => {
                let state = deliveries
                    .state
                    .map(|state| format!("?state={}", encode(&state)));
                let path = format!(
                    "{}/deliveries{}",
                    path(&deliveries.webhook),
                    state.unwrap_or_default()
                );
                let items = api.list(&path, deliveries.limit).await?;
                shown::list(cx.output, &items, DELIVERY_COLUMNS, "there is no delivery");
                Ok(())
            }
            Self::Replay(Replay { delivery }) => {
                let path = format!("/api/v1/webhooks/deliveries/{}/replay", encode(&delivery));
                let view = api.post(&path, &json!({})).await?;
                cx.output.result(&view, |output| {
                    output.line(format!("delivery {delivery} is sent again"));
                });
                Ok(())
            }
            Self::Stats => {
                let stats = api.get("/api/v1/webhooks/stats").await?;
                shown::thing(cx.output, &stats);
                Ok(())
            }
            Self::Remove(Named { webhook }) => {
                api.delete(&path(&webhook)).await?;
                cx.output.result(&json!({ "removed": webhook }), |output| {
                    output.line(format!("webhook {webhook} is removed"));
                });
                Ok(())
            }
        }
    }
}

impl Add {
    async fn run(self, cx: &Cx, api: &Api) -> Result<()> {
        let body = object([
            ("url", json!(self.url)),
            ("events", json!(self.events)),
            ("secret", self.secret.read(cx.output)?),
            ("description", json!(self.description)),
            (
                "signature_style",
                json!(if self.prefixed { "prefixed" } else { "hex" }),
            ),
            ("links", json!(self.links)),
            ("enabled", json!(!self.disabled)),
        ]);
        let made = api.post("/api/v1/webhooks", &body).await?;
        show_secret(cx.output, &made)
    }
}

fn show_secret(output: Output, made: &Value) -> Result<()> {
    let remedy = "make another one with `countersign webhook rotate`";
    output.secret_result(made, remedy, |output| {
        output.line(format!(
            "webhook {} to {}",
            text(made, "/id"),
            text(made, "/url")
        ));
        output.line(text(made, "/secret"));
        output.note("the secret is shown this once: store it where the receiver checks signatures");
    })
}

async fn test(cx: &Cx, api: &Api, webhook: &str) -> Result<()> {
    let answer = api
        .post(&format!("{}/test", path(webhook)), &json!({}))
        .await?;
    cx.output.result(&answer, |output| {
        output.table(&shown::fields(&answer));
    });
    if answer.pointer("/success") == Some(&Value::Bool(true)) {
        return Ok(());
    }
    Err(
        Failure::refused("not_delivered", "the receiver did not take the test")
            .next("look at its answer above; it has to answer 2xx within 10 s"),
    )
}
