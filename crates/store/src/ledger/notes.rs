//! `checkpoints.txt`: signed checkpoints outside of the database, so that putting back an old copy of it does not go unnoticed.
//!
//! A record is a C2SP signed note with an empty line behind it. The file only grows; a record that a crash cut short is removed at
//! the next start. Copy it to another machine from time to time: only then does it also help against somebody who owns this one.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::error::{Result, StoreError};

/// More than the longest note and its neighbour's end.
const TAIL_BYTES: u64 = 64 * 1024;
const RECORD_END: &str = "\n\n";
const SIGNATURE: &str = "\n\n— ";

/// A file of notes that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("the file of checkpoints {} can't be read: {source}", path.display())]
pub struct NotesError {
    path: PathBuf,
    source: std::io::Error,
}

/// Every note of the file, oldest first. A file that isn't there has none.
pub fn read_notes(path: &Path) -> std::result::Result<Vec<String>, NotesError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(split(&text).map(str::to_owned).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(NotesError { path: path.into(), source }),
    }
}

/// Cuts a text of records into notes. A record that is not complete is left out.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let signature = rest.find(SIGNATURE)?;
        let from = signature + SIGNATURE.len();
        let end = from + rest.get(from..)?.find(RECORD_END)?;
        let note = rest.get(..=end)?;
        rest = rest.get(end + RECORD_END.len()..).unwrap_or("");
        Some(note)
    })
}

#[derive(Debug)]
pub(crate) struct Notes {
    path: PathBuf,
    file: File,
    last: Option<String>,
    was_missing: bool,
}

impl Notes {
    /// Opens or makes the file and reads its last note.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let understand = |error: std::io::Error| StoreError::file("the file of checkpoints can't be opened", &error);
        let was_missing = !path.exists();
        let mut file = open_for_append(path).map_err(understand)?;
        let length = file.metadata().map_err(understand)?.len();
        let start = length.saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(start)).map_err(understand)?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).map_err(understand)?;
        let tail = String::from_utf8_lossy(&tail).into_owned();
        // In the middle of the file, begin behind the end of a record.
        let whole = if start == 0 { tail.as_str() } else { tail.split_once(RECORD_END).map_or("", |(_, rest)| rest) };
        let complete = whole.rfind(RECORD_END).map_or("", |end| whole.get(..end + RECORD_END.len()).unwrap_or(""));
        let torn = whole.len() - complete.len();
        if torn > 0 && torn < 16 * 1024 {
            file.set_len(length - torn as u64).map_err(understand)?;
        }
        // Text that is no record at all still counts as a last note: it will not verify, and that is then said.
        let last = split(complete).last().map(str::to_owned).or_else(|| (!complete.trim().is_empty()).then(|| complete.to_owned()));
        Ok(Self { path: path.into(), file, last, was_missing })
    }

    pub(crate) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    pub(crate) fn was_missing(&self) -> bool {
        self.was_missing
    }

    /// Appends a note and waits for the disk.
    pub(crate) fn append(&mut self, note: &str) -> Result<()> {
        let record = format!("{note}\n");
        self.file
            .write_all(record.as_bytes())
            .and_then(|()| self.file.sync_data())
            .map_err(|error| StoreError::file("a checkpoint could not be written outside of the database", &error))?;
        self.last = Some(note.to_owned());
        Ok(())
    }

    /// Puts the file aside under another name and begins a new one: what contradicts the database is evidence and is kept.
    pub(crate) fn rotate(&mut self, suffix: i64) -> Result<()> {
        let understand = |error: std::io::Error| StoreError::file("the file of checkpoints can't be put aside", &error);
        let kept = self.path.with_extension(format!("{suffix}.txt"));
        fs::rename(&self.path, kept).map_err(understand)?;
        self.file = open_for_append(&self.path).map_err(understand)?;
        self.last = None;
        Ok(())
    }
}

fn open_for_append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests;
