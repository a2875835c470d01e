//! `countersign scan wrong`: says that a finding is wrong, which keeps its text as a labelled case. It can't be undone.

use clap::Args;
use serde_json::{Value, json};

use super::super::cx::Cx;
use super::super::shown::text;
use crate::client::{Api, encode};
use crate::failure::{Failure, Result};
use crate::prompt;

/// Which finding.
#[derive(Debug, Args)]
pub(in crate::cli) struct Wrong {
    /// The request's id
    id: String,
    /// The finding's number, as `show ID` tells it
    #[arg(value_parser = number)]
    index: u32,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

fn number(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| "give the finding's number, as `countersign show ID` tells it".to_owned())
}

impl Wrong {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let Self { id, index, yes } = self;
        let api = cx.api()?;
        // A program knows what it does; a person is asked, because nothing takes the mark back.
        if !yes && prompt::is_possible() {
            let question = format!(
                "mark finding {index} of request {id} as wrong, for good? Its text is kept as a benign case"
            );
            if !prompt::confirm(&question, "say --yes")? {
                return Err(Failure::refused("not_confirmed", "nothing was marked"));
            }
        }
        let path = format!("/api/v1/actions/{}/findings/{index}/wrong", encode(&id));
        if let Err(failure) = api.post(&path, &json!({})).await {
            return Err(if failure.message.contains("no such finding") {
                numbers(&api, &id, index, failure).await
            } else {
                failure
            });
        }
        let marked = json!({ "request": id, "index": index, "marked_wrong": true });
        cx.output.result(&marked, |output| {
            output.line(format!(
                "finding {index} of request {id} is marked as wrong: its text is kept, sealed, as a case (`countersign scan cases`)"
            ));
            output.note("this can't be undone; it changes no decision and lifts no taint");
        });
        Ok(())
    }
}

/// The failure with the numbers that there are.
async fn numbers(api: &Api, id: &str, index: u32, failure: Failure) -> Failure {
    let failure = Failure {
        message: format!("request {id} has no finding {index}"),
        ..failure
    };
    let Ok(request) = api.get(&format!("/api/v1/actions/{}", encode(id))).await else {
        return failure;
    };
    let findings = request.get("findings").and_then(Value::as_array);
    let known: Vec<String> = findings
        .into_iter()
        .flatten()
        .map(|finding| {
            let number = finding.get("index").cloned().unwrap_or_default();
            format!(
                "{number} ({})",
                text(finding, "/category").replace('_', " ")
            )
        })
        .collect();
    if known.is_empty() {
        failure.next("the scan found nothing in this request")
    } else {
        failure.next(format!("its findings are: {}", known.join(", ")))
    }
}
