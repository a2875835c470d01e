//! `countersign scan wrong`: says that a finding is wrong, which keeps its text as a labelled case.

use clap::Args;
use serde_json::json;

use super::super::cx::Cx;
use crate::client::encode;
use crate::failure::Result;

/// Which finding.
#[derive(Debug, Args)]
pub(in crate::cli) struct Wrong {
    /// The request's id
    id: String,
    /// The finding's number, as `show ID` tells it
    index: u32,
}

impl Wrong {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let Self { id, index } = self;
        let path = format!("/api/v1/actions/{}/findings/{index}/wrong", encode(&id));
        cx.api()?.post(&path, &json!({})).await?;
        let marked = json!({ "request": id, "index": index, "marked_wrong": true });
        cx.output.result(&marked, |output| {
            output.line(format!(
                "finding {index} of request {id} is marked as wrong: its text is kept, sealed, as a case (`countersign scan cases`)"
            ));
        });
        Ok(())
    }
}
