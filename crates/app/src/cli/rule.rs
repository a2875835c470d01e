//! `countersign rule`: what is said beyond grants.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::cx::Cx;
use super::parse::{json as json_value, labels, object, pair};
use super::shown::{self, Column, text};
use crate::client::encode;
use crate::failure::{Failure, Result};

const COLUMNS: &[Column] = &[
    ("NAME", &["/name"]),
    ("KIND", &["/kind"]),
    ("PRIORITY", &["/priority"]),
    ("MATCH", &["/match"]),
    ("VERDICT", &["/verdict"]),
    ("REASON", &["/reason"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Rule {
    /// Add a rule
    Add(Add),
    /// List the rules
    List,
    /// Show a rule
    Show(Named),
    /// Change a rule
    Update(Update),
    /// Remove a rule
    Remove(Named),
}

/// One rule.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Its name or id
    rule: String,
}

/// What a rule is about. Without any of these it is about everything.
#[derive(Debug, Args)]
struct Match {
    /// Only these agents; may be repeated
    #[arg(long = "agent")]
    agents: Vec<String>,
    /// Only these targets; may be repeated
    #[arg(long = "target")]
    targets: Vec<String>,
    /// Only these actions, as patterns; may be repeated
    #[arg(long = "action")]
    actions: Vec<String>,
    /// Only these effects: read, write, destructive, egress; may be repeated
    #[arg(long = "effect")]
    effects: Vec<String>,
    /// A condition on the input, such as body.amount={"gt":100}; may be repeated
    #[arg(long = "input", value_name = "PATH=JSON", value_parser = pair)]
    inputs: Vec<(String, String)>,
}

/// A new rule.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Its name
    name: String,
    /// guard (every one that matches speaks, deny wins) or rule (the first that matches speaks)
    #[arg(long, default_value = "rule")]
    kind: String,
    /// Lower speaks first
    #[arg(long, default_value_t = 100, allow_hyphen_values = true)]
    priority: i64,
    /// allow, ask or deny
    #[arg(long)]
    verdict: String,
    /// Why, for whoever reads a decision
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    matcher: Match,
    /// A label as name=value; may be repeated
    #[arg(long = "label", value_parser = pair)]
    labels: Vec<(String, String)>,
}

/// A change.
#[derive(Debug, Args)]
pub(super) struct Update {
    /// Its name or id
    rule: String,
    /// Lower speaks first
    #[arg(long, allow_hyphen_values = true)]
    priority: Option<i64>,
    /// allow, ask or deny
    #[arg(long)]
    verdict: Option<String>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// What it is about, as JSON; replaces the present match
    #[arg(long = "match", value_name = "JSON", value_parser = json_value)]
    matcher: Option<Value>,
}

impl Rule {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        match self {
            Self::Add(add) => {
                let body = object([
                    ("name", json!(add.name)),
                    ("kind", json!(add.kind)),
                    ("priority", json!(add.priority)),
                    ("match", add.matcher.json()?),
                    ("verdict", json!(add.verdict)),
                    ("reason", json!(add.reason)),
                    ("labels", labels(&add.labels)),
                ]);
                let made = api.post("/api/v1/rules", &body).await?;
                super::policy::warn(cx.output, &made);
                cx.output.result(&made, |output| {
                    output.line(format!(
                        "rule {} ({}): {}",
                        text(&made, "/name"),
                        text(&made, "/id"),
                        text(&made, "/verdict")
                    ));
                });
            }
            Self::List => shown::list(
                cx.output,
                &api.list("/api/v1/rules", usize::MAX).await?,
                COLUMNS,
                "there is no rule",
            ),
            Self::Show(Named { rule }) => shown::thing(
                cx.output,
                &api.get(&format!("/api/v1/rules/{}", encode(&rule))).await?,
            ),
            Self::Update(update) => {
                let body = object([
                    ("priority", json!(update.priority)),
                    ("verdict", json!(update.verdict)),
                    ("reason", json!(update.reason)),
                    ("match", json!(update.matcher)),
                ]);
                let path = format!("/api/v1/rules/{}", encode(&update.rule));
                let mut changed = api.patch(&path, &body).await?;
                super::policy::warn(cx.output, &changed);
                if let Some(fields) = changed.as_object_mut() {
                    fields.remove("warnings");
                }
                shown::thing(cx.output, &changed);
            }
            Self::Remove(Named { rule }) => {
                api.delete(&format!("/api/v1/rules/{}", encode(&rule)))
                    .await?;
                cx.output.result(&json!({ "removed": rule }), |output| {
                    output.line(format!("rule {rule} is removed"));
                });
            }
        }
        Ok(())
    }
}

impl Match {
    fn json(&self) -> Result<Value> {
        let list = |list: &[String]| {
            if list.is_empty() {
                Value::Null
            } else {
                json!(list)
            }
        };
        let inputs: Map<String, Value> = self
            .inputs
            .iter()
            .map(|(path, condition)| {
                let condition = json_value(condition).map_err(|why| {
                    Failure::usage(format!("--input {path}: {why}"))
                        .next("write a condition such as {\"gt\":100}")
                })?;
                Ok((path.clone(), condition))
            })
            .collect::<Result<_>>()?;
        let inputs = if inputs.is_empty() {
            Value::Null
        } else {
            inputs.into()
        };
        Ok(object([
            ("agent", list(&self.agents)),
            ("target", list(&self.targets)),
            ("action", list(&self.actions)),
            ("effect", list(&self.effects)),
            ("input", inputs),
        ]))
    }
}
