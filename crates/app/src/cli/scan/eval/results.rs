//! The file with a result for each row. It is replaced as a whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use tempfile::NamedTempFile;

use super::corpus::{Corpus, Kind};
use super::measure::Measured;
use crate::failure::{Failure, Result};

/// A line.
#[derive(Debug, Serialize)]
struct Line<'row> {
    id: &'row Value,
    flagged: bool,
    score: f32,
    category: Option<&'row str>,
    ms: f64,
}

/// Whether the file can be written, before any work is done for it.
pub(super) fn check(path: &Path, corpus: &Path) -> Result<()> {
    let real = real(path);
    if let Ok(metadata) = fs::metadata(&real) {
        if !metadata.is_file() {
            return Err(Failure::usage(format!(
                "{} can't be replaced: it is not a regular file",
                path.display()
            )));
        }
        if fs::canonicalize(corpus).is_ok_and(|corpus| corpus == real) {
            return Err(Failure::usage(format!(
                "{} is the corpus itself: choose another file for the results",
                path.display()
            )));
        }
    }
    // Made and taken away again: nothing stays behind if the measurement is interrupted.
    beside(&real)
        .map(drop)
        .map_err(|error| failed(path, &error))
}

/// Writes the results.
pub(super) fn write(path: &Path, corpus: &Corpus, measured: &Measured) -> Result<()> {
    write_lines(&real(path), corpus, measured).map_err(|error| failed(path, &error))
}

fn write_lines(path: &Path, corpus: &Corpus, measured: &Measured) -> io::Result<()> {
    let mut file = BufWriter::new(beside(path)?);
    let mut threats = measured.threats.iter().zip(&measured.named);
    let mut secrets = measured.secrets.iter();
    for (id, kind) in &corpus.order {
        let line = match kind {
            Kind::Threat => threats.next().map(|(result, is_named)| Line {
                id,
                flagged: result.flagged,
                score: result.score,
                category: is_named.then(|| result.category.as_str()),
                ms: result.ms,
            }),
            Kind::Secret => secrets.next().map(|result| Line {
                id,
                flagged: result.rule.is_some(),
                score: if result.rule.is_some() { 1.0 } else { 0.0 },
                category: result.rule.as_deref(),
                ms: result.ms,
            }),
        };
        if let Some(line) = line {
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
        }
    }
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    if let Ok(existing) = fs::metadata(path) {
        file.as_file().set_permissions(existing.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file in the same folder, so that it can take the other's place.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path
        .parent()
        .filter(|folder| *folder != Path::new(""))
        .unwrap_or_else(|| Path::new("."));
    if path.file_name().is_none() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    NamedTempFile::new_in(folder)
}

/// What a link leads to: that is replaced, not the link.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    // What is tried first is a file beside it, with a name that says nothing to anybody.
    match error.kind() {
        io::ErrorKind::NotFound => Failure::usage(format!(
            "{} can't be written: its folder is missing",
            path.display()
        )),
        kind => Failure::usage(format!("{} can't be written: {kind}", path.display())),
    }
    .next("give `--out` a file in a folder that is there and that you may write to")
}
