//! `countersign kill`: stops an agent, a target or everything, within a second.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::cx::Cx;
use super::parse::object;
use super::shown::{self, Column};
use crate::failure::Result;

const COLUMNS: &[Column] = &[
    ("SCOPE", &["/scope"]),
    ("NAME", &["/name"]),
    ("REASON", &["/reason"]),
    ("SINCE", &["/at"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Kill {
    /// Stop at once: running actions too
    Pull(Pull),
    /// Let go on what was stopped
    Release(Scope),
    /// List what is stopped
    List,
}

/// What is stopped.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Scope {
    /// Everything
    #[arg(long)]
    all: bool,
    /// One agent
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// One target
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
}

/// A stop with its reason.
#[derive(Debug, Args)]
pub(super) struct Pull {
    #[command(flatten)]
    scope: Scope,
    /// Why
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

impl Scope {
    fn body(&self, reason: Value) -> Value {
        let (scope, name) = match (&self.agent, &self.target) {
            (Some(name), _) => ("agent", Some(name)),
            (_, Some(name)) => ("target", Some(name)),
            _ => ("all", None),
        };
        object([
            ("scope", json!(scope)),
            ("name", json!(name)),
            ("reason", reason),
        ])
    }

    fn flag(&self) -> String {
        match (&self.agent, &self.target) {
            (Some(name), _) => format!("--agent {name}"),
            (_, Some(name)) => format!("--target {name}"),
            _ => "--all".to_owned(),
        }
    }

    fn words(&self) -> String {
        match (&self.agent, &self.target) {
            (Some(name), _) => format!("agent {name}"),
            (_, Some(name)) => format!("target {name}"),
            _ => "everything".to_owned(),
        }
    }
}

impl Kill {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        match self {
            Self::Pull(Pull { scope, reason }) => {
                let done = api
                    .post("/api/v1/kills", &scope.body(json!(reason)))
                    .await?;
                cx.output.result(&done, |output| {
                    output.line(format!(
                        "{} is stopped; let it go on with `countersign kill release {}`",
                        scope.words(),
                        scope.flag()
                    ));
                });
            }
            Self::Release(scope) => {
                let body = scope.body(Value::Null);
                api.post("/api/v1/kills/release", &body).await?;
                cx.output.result(&json!({ "released": body }), |output| {
                    output.line(format!("{} may go on", scope.words()));
                });
            }
            Self::List => {
                let mut items = api.list("/api/v1/kills", usize::MAX).await?;
                for item in &mut items {
                    item["name"] = item.get("id").cloned().unwrap_or_default();
                }
                // An id is an agent's or a target's, never both.
                let lists = [("name", "/api/v1/agents"), ("name", "/api/v1/targets")];
                if items.iter().any(|item| item["name"].is_string()) {
                    shown::name(&api, &mut items, &lists).await?;
                }
                shown::list(cx.output, &items, COLUMNS, "nothing is stopped");
            }
        }
        Ok(())
    }
}
