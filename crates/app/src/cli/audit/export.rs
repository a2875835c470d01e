//! `countersign audit export`: the ledger as JSON Lines, as it comes.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::cx::Cx;
use super::super::scan::unwritable;
use crate::failure::{Failure, Result};

/// Where to.
#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// A new file [default: standard output]
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,
}

impl Export {
    pub(in crate::cli) async fn run(self, cx: &Cx) -> Result<()> {
        let mut stream = cx
            .api()?
            .open("/api/v1/audit/export", "application/jsonl")
            .await?;
        let cut = |error: countersign_net::NetError| {
            Failure::unreachable("cut_off", format!("the export was cut off: {error}"))
                .next("what was written is not the whole ledger: run it again")
        };
        let Some(path) = self.output else {
            while let Some(chunk) = stream.next_chunk().await.map_err(cut)? {
                if !cx.output.bytes(&chunk) {
                    break;
                }
            }
            return Ok(());
        };
        let failed = |error: io::Error| unwritable(&path, &error);
        let mut file = BufWriter::new(
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .map_err(failed)?,
        );
        let mut bytes = 0;
        while let Some(chunk) = stream.next_chunk().await.map_err(cut)? {
            bytes += chunk.len();
            file.write_all(&chunk).map_err(failed)?;
        }
        file.into_inner()
            .map_err(|error| failed(error.into_error()))?
            .sync_all()
            .map_err(failed)?;
        cx.output
            .result(&json!({ "file": path, "bytes": bytes }), |output| {
                output.line(format!("{bytes} bytes are in {}", path.display()));
            });
        Ok(())
    }
}
