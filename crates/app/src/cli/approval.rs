//! `countersign approval`, and its aliases `request`, `list`, `show`, `approve` and `deny`: requests and the humans' answers.

mod ask;
mod card;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

pub(super) use ask::Ask;

use super::cx::Cx;
use super::parse::{object, seconds};
use super::shown::{self, Column, query, text};
use crate::client::encode;
use crate::failure::Result;

const COLUMNS: &[Column] = &[
    ("ID", &["/id"]),
    ("STATE", &["/state"]),
    ("AGENT", &["/agent"]),
    ("TARGET", &["/target"]),
    ("ACTION", &["/action"]),
    ("RISK", &["/risk_score"]),
    ("INTENT", &["/intent"]),
    ("CREATED", &["/created_at"]),
];

/// The most requests of one list.
const LISTED: u64 = 10_000;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Approval {
    /// Ask for an action
    Request(Ask),
    /// List requests, newest first
    List(List),
    /// Show a request: every byte that would run
    Show(Show),
    /// Approve a request
    Approve(Approve),
    /// Deny a request
    Deny(Deny),
    /// Take a request back
    Cancel(Noted),
    /// Carry an approved request out
    Execute(Show),
    /// Say what became of a request whose outcome is unknown
    Settle(Settle),
}

/// A filter.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only in this state: pending, approved, denied, executing, succeeded, failed, unknown, expired, stale, revoked, cancelled
    #[arg(long)]
    status: Option<String>,
    /// Only this agent's
    #[arg(long)]
    agent: Option<String>,
    /// Only on this target
    #[arg(long)]
    target: Option<String>,
    /// At most so many, 1 to 10000
    #[arg(long, default_value = "50", value_parser = RangedU64ValueParser::<usize>::new().range(1..=LISTED))]
    limit: usize,
}

/// One request.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Its id: the `action_id` of a 428, the `id` in lists
    id: String,
}

/// One request, approved.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// Its id
    id: String,
    /// Why, for the record
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    /// Allow the same again for so long: 30m, 12h, 7d
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    standing_for: Option<u64>,
    /// Allow the same again so often
    #[arg(long)]
    uses: Option<u32>,
    /// What "the same" is: a field that must be equal, as input.to; may be repeated [default: the whole payload]
    #[arg(long, value_name = "FIELD")]
    same: Vec<String>,
}

impl Approve {
    /// The standing approval that it makes, if it makes one.
    fn standing(&self) -> Option<Value> {
        if self.standing_for.is_none() && self.uses.is_none() && self.same.is_empty() {
            return None;
        }
        let same = (!self.same.is_empty()).then_some(&self.same);
        Some(object([
            (
                "minutes",
                json!(self.standing_for.map(|seconds| seconds.div_ceil(60))),
            ),
            ("uses", json!(self.uses)),
            ("same", json!(same)),
        ]))
    }
}

/// One request, denied.
#[derive(Debug, Args)]
pub(crate) struct Deny {
    /// Its id
    id: String,
    /// Why, for the record
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

/// One request with a note.
#[derive(Debug, Args)]
pub(super) struct Noted {
    /// Its id
    id: String,
    /// Why, for the record
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
}

/// A finding.
#[derive(Debug, Args)]
pub(super) struct Settle {
    /// Its id
    id: String,
    /// Whether it took effect: succeeded or failed
    #[arg(long, value_parser = ["succeeded", "failed"])]
    outcome: String,
    /// How that was found out
    #[arg(long)]
    note: String,
}

impl Approval {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Request(ask) => ask.run(cx).await,
            Self::List(list) => list.run(cx).await,
            Self::Show(show) => show.run(cx).await,
            Self::Approve(approve) => approve.run(cx).await,
            Self::Deny(deny) => deny.run(cx).await,
            Self::Cancel(Noted { id, note }) => {
                done(
                    cx,
                    &id,
                    "cancelled",
                    &format!("/api/v1/actions/{}/cancel", encode(&id)),
                    &json!({ "note": note }),
                )
                .await
            }
            Self::Execute(Show { id }) => ask::execute(cx, &id).await,
            Self::Settle(Settle { id, outcome, note }) => {
                let body = json!({ "succeeded": outcome == "succeeded", "note": note });
                done(
                    cx,
                    &id,
                    &format!("settled as {outcome}"),
                    &format!("/api/v1/actions/{}/settle", encode(&id)),
                    &body,
                )
                .await
            }
        }
    }
}

impl List {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let limit = Some(self.limit.clamp(1, 200).to_string());
        let path = query(
            "/api/v1/actions",
            &[
                ("state", self.status),
                ("agent", self.agent),
                ("target", self.target),
                ("limit", limit),
            ],
        );
        // One more than wanted tells whether there are more.
        let mut items = cx.api()?.list(&path, self.limit + 1).await?;
        if items.len() > self.limit {
            items.truncate(self.limit);
            cx.output.note(format!(
                "there are more: these are the newest {}, --limit shows up to {LISTED}",
                self.limit
            ));
        }
        shown::list(cx.output, &items, COLUMNS, "no request fits");
        Ok(())
    }
}

impl Show {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let request = cx
            .api()?
            .get(&format!("/api/v1/actions/{}", encode(&self.id)))
            .await?;
        cx.output
            .result(&request, |output| card::show(output, &request));
        Ok(())
    }
}

impl Approve {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        done(
            cx,
            &self.id,
            "approved",
            &format!("/api/v1/approvals/{}/approve", encode(&self.id)),
            &object([
                ("note", json!(self.note)),
                ("standing", json!(self.standing())),
            ]),
        )
        .await
    }
}

impl Deny {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        done(
            cx,
            &self.id,
            "denied",
            &format!("/api/v1/approvals/{}/deny", encode(&self.id)),
            &json!({ "note": self.reason }),
        )
        .await
    }
}

async fn done(cx: &Cx, id: &str, what: &str, path: &str, body: &Value) -> Result<()> {
    let request = cx.api()?.post(path, body).await?;
    let state = text(&request, "/state");
    cx.output.result(&request, |output| {
        output.line(format!(
            "request {id}: {}",
            if state.is_empty() { what } else { state }
        ));
    });
    Ok(())
}
