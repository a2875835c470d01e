//! `countersign demo`: the whole story on a temporary data directory.

use std::path::Path;

use clap::Args;

use super::cx::Cx;
use crate::config::DataDir;
use crate::demo;
use crate::failure::{Failure, Result};

/// How to play it.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Play it unattended: approve as the operator, then end
    #[arg(long)]
    once: bool,
    /// Leave the temporary data directory when it ends
    #[arg(long)]
    keep: bool,
    /// Where the demo's gateway listens; loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: String,
}

impl Demo {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        // Never on anything that somebody may need.
        let named = cx
            .data_dir
            .as_deref()
            .map(DataDir::new)
            .or(DataDir::from_env(&cx.env)?);
        if let Some(named) = named {
            let is_empty = |path: &Path| {
                std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
            };
            if named.path().exists() && !is_empty(named.path()) {
                return Err(Failure::state("existing_data_dir", format!("the demo never uses an existing data directory, and {} exists", named.path().display()))
                    .next("unset COUNTERSIGN_DATA_DIR (and leave out --data-dir): the demo makes a temporary one"));
            }
            cx.output.warn(format!(
                "{} is not used: the demo makes a temporary data directory",
                named.path().display()
            ));
        }
        demo::play(demo::Options {
            once: self.once,
            keep: self.keep,
            listen: self.listen,
            output: cx.output,
        })
        .await
    }
}
