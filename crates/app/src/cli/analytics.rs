//! `countersign analytics`: how much is asked, how it is decided, by whom and how fast.

use std::time::Duration;

use clap::{Args, Subcommand};
use countersign_gate::{Clock, SystemClock};

use super::cx::Cx;
use super::parse::seconds;
use super::shown::{self, Column, query};
use crate::failure::Result;

const TRENDS: &[Column] = &[
    ("FROM", &["/at"]),
    ("REQUESTS", &["/requests"]),
    ("ALLOWED", &["/allowed"]),
    ("ASKED", &["/asked"]),
    ("DENIED", &["/denied"]),
    ("APPROVED", &["/approved"]),
    ("REFUSED", &["/refused"]),
];

const APPROVERS: &[Column] = &[
    ("NAME", &["/name"]),
    ("APPROVALS", &["/approvals"]),
    ("DENIALS", &["/denials"]),
    ("MEDIAN SECONDS", &["/median_decision_seconds"]),
    ("LAST", &["/last_at"]),
];

const RULES: &[Column] = &[
    ("MADE BY", &["/name", "/label"]),
    ("REQUESTS", &["/requests"]),
    ("ALLOWED", &["/allowed"]),
    ("ASKED", &["/asked"]),
    ("DENIED", &["/denied"]),
    ("APPROVED", &["/approved"]),
    ("REFUSED", &["/refused"]),
];

const SUGGESTIONS: &[Column] = &[
    ("AGENT", &["/agent"]),
    ("TARGET", &["/target"]),
    ("ACTION", &["/action"]),
    ("APPROVALS", &["/approvals"]),
    ("LAST", &["/last_at"]),
    ("ASKED BY", &["/asked_by"]),
];

const ALARMS: &[Column] = &[
    ("NAME", &["/name"]),
    ("FROM", &["/from"]),
    ("UNTIL", &["/until"]),
    ("APPROVALS", &["/approvals"]),
    ("MEDIAN SECONDS", &["/median_look_seconds"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Analytics {
    /// Show how much was asked, and how it was decided
    Overview(Span),
    /// Show the same by days or hours
    Trends(Trends),
    /// Show what each operator decided
    Approvers(Span),
    /// Show what each rule, grant and threshold decided
    Rules(Span),
    /// Show what was approved every time, and could be allowed
    Suggestions,
    /// Show who approves faster than anybody can read
    Alarms(Span),
}

/// How far back.
#[derive(Debug, Args)]
pub(super) struct Span {
    /// How far back, as 12h or 7d
    #[arg(long, default_value = "30d", value_parser = seconds)]
    since: u64,
}

/// In which pieces.
#[derive(Debug, Args)]
pub(super) struct Trends {
    #[command(flatten)]
    span: Span,
    /// day or hour
    #[arg(long, default_value = "day", value_parser = ["day", "hour"])]
    by: String,
}

impl Span {
    fn path(&self, what: &str, by: Option<String>) -> String {
        let since = SystemClock
            .now()
            .saturating_sub(Duration::from_secs(self.since));
        query(
            &format!("/api/v1/analytics/{what}"),
            &[("since", Some(since.to_string())), ("by", by)],
        )
    }
}

impl Analytics {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        let (path, columns, empty) = match self {
            Self::Overview(span) => {
                let overview = api.get(&span.path("overview", None)).await?;
                shown::thing(cx.output, &overview);
                return Ok(());
            }
            Self::Trends(trends) => (
                trends.span.path("trends", Some(trends.by)),
                TRENDS,
                "nothing was asked for",
            ),
            Self::Approvers(span) => (span.path("approvers", None), APPROVERS, "nobody decided"),
            Self::Rules(span) => (span.path("rules", None), RULES, "nothing was asked for"),
            Self::Suggestions => (
                "/api/v1/analytics/suggestions".to_owned(),
                SUGGESTIONS,
                "there is nothing to suggest",
            ),
            Self::Alarms(span) => (
                span.path("alarms", None),
                ALARMS,
                "nobody approves too fast",
            ),
        };
        let items = api.list(&path, usize::MAX).await?;
        shown::list(cx.output, &items, columns, empty);
        Ok(())
    }
}
