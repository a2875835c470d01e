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
/// What a crash can leave of one record.
const TORN_BYTES: usize = 16 * 1024;
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
        Err(source) => Err(NotesError {
            path: path.into(),
            source,
        }),
    }
}

/// Cuts the first note off a text of records; `None` if there is no complete one.
fn first(text: &str) -> Option<(&str, &str)> {
    let from = text.find(SIGNATURE)? + SIGNATURE.len();
    let end = from + text.get(from..)?.find(RECORD_END)?;
    Some((text.get(..=end)?, text.get(end + RECORD_END.len()..)?))
}

/// Every complete note of a text of records.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (note, behind) = first(rest)?;
        rest = behind;
        Some(note)
    })
}

/// The last complete note, and what is behind it.
fn ends(text: &str) -> (Option<&str>, &str) {
    let (mut last, mut rest) = (None, text);
    while let Some((note, behind)) = first(rest) {
        (last, rest) = (Some(note), behind);
    }
    (last, rest)
}

#[derive(Debug)]
pub(crate) struct Notes {
    path: PathBuf,
    file: File,
    last: Option<String>,
}

impl Notes {
    /// Every note, oldest first.
    pub(crate) fn all(&self) -> Result<Vec<String>> {
        read_notes(&self.path).map_err(|error| {
            StoreError::file("the file of checkpoints can't be read", &error.source)
        })
    }

    /// Opens or makes the file and reads its last note.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let understand = |error: std::io::Error| {
            StoreError::file("the file of checkpoints can't be opened", &error)
        };
        let mut file = open_for_append(path).map_err(understand)?;
        let length = file.metadata().map_err(understand)?.len();
        let start = length.saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(start)).map_err(understand)?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).map_err(understand)?;
        let tail = String::from_utf8_lossy(&tail).into_owned();
        // In the middle of the file, begin behind the end of a record.
        let whole = if start == 0 {
            tail.as_str()
        } else {
            tail.split_once(RECORD_END).map_or("", |(_, rest)| rest)
        };
        let (last, torn) = ends(whole);
        let (last, torn) = (last.map(str::to_owned), torn.len());
        if torn > 0 && torn <= TORN_BYTES {
            file.set_len(length - torn as u64).map_err(understand)?;
        }
        // More than a record's worth of something else was not left by a crash: it counts as a note, which will not verify.
        let last = if torn > TORN_BYTES {
            Some(String::new())
        } else {
            last
        };
        Ok(Self {
            path: path.into(),
            file,
            last,
        })
    }

    pub(crate) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Appends a note and waits for the disk.
    pub(crate) fn append(&mut self, note: &str) -> Result<()> {
        let record = format!("{note}\n");
        self.file
            .write_all(record.as_bytes())
            .and_then(|()| self.file.sync_data())
            .map_err(|error| {
                StoreError::file(
                    "a checkpoint could not be written outside of the database",
                    &error,
                )
            })?;
        self.last = Some(note.to_owned());
        Ok(())
    }

    /// Puts the file aside under another name and begins a new one: what contradicts the database is evidence and is kept.
    pub(crate) fn rotate(&mut self, suffix: i64) -> Result<()> {
        let understand = |error: std::io::Error| {
            StoreError::file("the file of checkpoints can't be put aside", &error)
        };
        let kept = self.path.with_extension(format!("{suffix}.txt"));
        fs::rename(&self.path, kept).map_err(understand)?;
        self.file = open_for_append(&self.path).map_err(understand)?;
        self.last = None;
        Ok(())
    }
}

fn open_for_append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests;
