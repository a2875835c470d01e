//! `countersign export`: the configuration as a document that `apply` takes. It holds no secret: credentials are named, not told.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::cx::Cx;
use super::scan::unwritable;
use crate::failure::Result;

/// Where to.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// A new file [default: standard output]
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let document = cx.api()?.get("/api/v1/configuration").await?;
        let Some(path) = self.output else {
            cx.output.result(&document, |output| {
                for line in serde_json::to_string_pretty(&document)
                    .unwrap_or_default()
                    .lines()
                {
                    output.line(line);
                }
            });
            return Ok(());
        };
        let failed = |error: std::io::Error| unwritable(&path, &error);
        let mut text = serde_json::to_vec_pretty(&document).unwrap_or_default();
        text.push(b'\n');
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        file.write_all(&text).map_err(failed)?;
        cx.output.result(&json!({ "file": path }), |output| {
            output.line(format!("the configuration is in {}", path.display()));
        });
        Ok(())
    }
}
