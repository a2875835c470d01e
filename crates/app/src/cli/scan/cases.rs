//! `countersign scan cases`: the findings that operators called wrong, as JSON Lines.
//!
//! INVARIANT: a line is printed whole, and with nothing in it that acts on a terminal: its text is an agent's or a target's.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_net::LocalStream;
use serde_json::{Value, json};

use super::super::cx::Cx;
use crate::failure::{Failure, Result};
use crate::output::Output;

/// Where to.
#[derive(Debug, Args)]
pub(in crate::cli) struct Cases {
    /// A new file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Cases {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let stream = cx
            .api()?
            .open("/api/v1/scan/cases", "application/jsonl")
            .await?;
        match self.out {
            None => print(stream, cx.output).await,
            Some(path) => write(stream, &path, cx.output).await,
        }
    }
}

fn cut(why: &str) -> Failure {
    Failure::unreachable("cut_off", format!("the cases were cut off: {why}"))
        .next("what was written is not all of them: run it again")
}

/// Why a new file can't be made, in words, and what to do.
pub(in crate::cli) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let name = path.display();
    match error.kind() {
        ErrorKind::AlreadyExists => Failure::usage(format!(
            "{name} can't be written: it is there already, and is not replaced"
        ))
        .next("name another file, or move that one away"),
        ErrorKind::NotFound => {
            Failure::usage(format!("{name} can't be written: its folder is missing"))
                .next("make the folder, or name a file in one that is there")
        }
        _ => Failure::usage(format!("{name} can't be written: {error}"))
            .next("name a file in a folder that you may write to"),
    }
}

async fn print(mut stream: LocalStream, output: Output) -> Result<()> {
    let mut rest = Vec::new();
    while let Some(chunk) = stream
        .next_chunk()
        .await
        .map_err(|error| cut(&error.to_string()))?
    {
        rest.extend_from_slice(&chunk);
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else {
            continue;
        };
        let behind = rest.split_off(end + 1);
        for line in rest[..end].split(|byte| *byte == b'\n') {
            let case: Value = serde_json::from_slice(line).map_err(|error| {
                Failure::unreachable("unexpected", format!("a case is not JSON: {error}"))
                    .next("check that the gateway is of the same version")
            })?;
            output.json_line(&case);
        }
        rest = behind;
    }
    if rest.is_empty() {
        return Ok(());
    }
    Err(cut("the last line has no end"))
}

async fn write(mut stream: LocalStream, path: &Path, output: Output) -> Result<()> {
    let failed = |error: io::Error| unwritable(path, &error);
    let mut file = BufWriter::new(
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?,
    );
    let mut cases = 0_usize;
    while let Some(chunk) = stream
        .next_chunk()
        .await
        .map_err(|error| cut(&error.to_string()))?
    {
        cases += chunk.split(|byte| *byte == b'\n').count() - 1;
        file.write_all(&chunk).map_err(failed)?;
    }
    file.into_inner()
        .map_err(|error| failed(error.into_error()))?
        .sync_all()
        .map_err(failed)?;
    output.result(&json!({ "file": path, "cases": cases }), |output| {
        let noun = if cases == 1 { "case is" } else { "cases are" };
        output.line(format!("{cases} {noun} in {}", path.display()));
    });
    Ok(())
}
