//! `countersign link`: decision links.

use clap::Args;
use serde_json::{Value, json};

use super::cx::Cx;
use super::parse::{object, seconds};
use super::shown::text;
use crate::failure::Result;

/// Make decision links for a waiting request
#[derive(Debug, Args)]
pub(super) struct Link {
    /// The request
    id: String,
    /// How long they can be used: 30m, 12h, 7d; as set for all without it
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    expires_in: Option<u64>,
}

impl Link {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let body = object([
            ("request", json!(self.id)),
            ("expires_in_seconds", json!(self.expires_in)),
        ]);
        let made = cx.api()?.post("/api/v1/links", &body).await?;
        let remedy = format!(
            "the links are gone for good: `countersign link {}` makes others",
            self.id
        );
        cx.output.secret_result(&made, &remedy, |output| {
            output.line(format!("approve  {}", text(&made, "/approve")));
            output.line(format!("deny     {}", text(&made, "/deny")));
            output.note(format!(
                "whoever has one of them decides as you, once, until {}: store them nowhere",
                text(&made, "/expires_at")
            ));
            if made.get("needs_sign_in") == Some(&Value::Bool(true)) {
                output.note("this request wants a sign-in: the links only lead to it");
            }
        })
    }
}
