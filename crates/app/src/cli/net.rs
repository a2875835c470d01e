//! `countersign net`: what the gateway would dial, without dialling.

use std::net::IpAddr;

use clap::{Args, Subcommand};
use countersign_net::{
    EgressPolicy, FixedAnswers, OwnListeners, Resolver, check_urls, parse_resolve_option,
};
use serde_json::json;

use super::cx::Cx;
use crate::failure::{Failure, Result};
use crate::output::Table;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Net {
    /// Show whether URLs may be dialled, and why; connects to none
    Check(Check),
}

/// What to check.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The URLs
    #[arg(required = true)]
    urls: Vec<String>,
    /// Fix the answer for a name; may be repeated
    #[arg(long, value_name = "NAME=ADDR[,ADDR]", value_parser = resolve)]
    resolve: Vec<(String, Vec<IpAddr>)>,
    /// Judge as for a target that its owner marked so
    #[arg(long)]
    allow_private_network: bool,
}

fn resolve(text: &str) -> Result<(String, Vec<IpAddr>), String> {
    parse_resolve_option(text).map_err(|error| error.to_string())
}

impl Net {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let Self::Check(Check {
            urls,
            resolve,
            allow_private_network,
        }) = self;
        let settings = cx.settings()?;
        let policy = EgressPolicy::public_only(OwnListeners::default())
            .with_private_networks(allow_private_network)
            .with_open_ranges(settings.allow_private_networks);
        let answers = resolve
            .iter()
            .fold(FixedAnswers::default(), |answers, (name, addresses)| {
                answers.with(name, addresses)
            });
        let verdicts = check_urls(&urls, &policy, &Resolver::system_with(answers)).await;
        let is_refused = verdicts.iter().any(|verdict| !verdict.allowed);
        if cx.output.is_json() {
            for verdict in &verdicts {
                cx.output.json_line(&json!(verdict));
            }
        } else {
            let mut table = Table::new(&["URL", "VERDICT", "REASON"]);
            for verdict in &verdicts {
                table.row([
                    verdict.url.as_str(),
                    if verdict.allowed {
                        "allowed"
                    } else {
                        "refused"
                    },
                    &verdict.reason,
                ]);
            }
            cx.output.table(&table);
        }
        if is_refused {
            Err(Failure::refused_silently())
        } else {
            Ok(())
        }
    }
}
