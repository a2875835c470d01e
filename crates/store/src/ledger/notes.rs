//! `checkpoints.txt`: signed checkpoints outside of the database, so that putting back an old copy of it does not go unnoticed.
//!
//! A record is a C2SP signed note with an empty line behind it. The file only grows; a record that a crash cut short is removed at
//! the next start. Copy it to another machine from time to time: only then does it also help against somebody who owns this one.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Take, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use countersign_vault::audit::Checkpoint;

use crate::error::{Result, StoreError};

/// More than the longest note and its neighbour's end.
const TAIL_BYTES: u64 = 64 * 1024;
/// What a crash can leave of one record.
const TORN_BYTES: usize = 16 * 1024;
const RECORD_END: &[u8] = b"\n\n";
const SIGNATURE: &[u8] = "\n\n— ".as_bytes();

/// A file of notes that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("the file of checkpoints {} can't be read: {source}", path.display())]
pub struct NotesError {
    path: PathBuf,
    source: std::io::Error,
}

impl From<NotesError> for StoreError {
    fn from(error: NotesError) -> Self {
        Self::file("the file of checkpoints can't be read", &error.source)
    }
}

/// Every note of the file, oldest first. A file that isn't there has none.
pub fn read_notes(path: &Path) -> std::result::Result<Vec<String>, NotesError> {
    NotesFile::at(path)?.notes()?.collect()
}

/// The file of notes as long as it was at one moment: what is appended later is not read. Costs no memory; clones read it again.
#[derive(Debug, Clone)]
pub struct NotesFile {
    path: PathBuf,
    bytes: u64,
}

impl NotesFile {
    /// The file as it is now. One that isn't there has no notes.
    ///
    /// # Errors
    /// It is there and can't be looked at.
    pub fn at(path: impl Into<PathBuf>) -> std::result::Result<Self, NotesError> {
        let path = path.into();
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Self {
                bytes: metadata.len(),
                path,
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::none()),
            Err(source) => Err(NotesError { path, source }),
        }
    }

    /// A store that keeps no notes.
    pub(crate) fn none() -> Self {
        Self {
            path: PathBuf::new(),
            bytes: 0,
        }
    }

    /// The notes, oldest first, one at a time.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn notes(&self) -> std::result::Result<NoteReader, NotesError> {
        let lines = if self.bytes == 0 {
            None
        } else {
            let file = File::open(&self.path).map_err(|source| NotesError {
                path: self.path.clone(),
                source,
            })?;
            Some(BufReader::with_capacity(64 * 1024, file.take(self.bytes)))
        };
        Ok(NoteReader {
            path: self.path.clone(),
            lines,
            next_line: None,
            held: None,
        })
    }
}

/// Reads notes one by one.
///
/// A record ends at an empty line behind its signatures, or where the next one begins. What a write that failed left in front of a
/// whole note is left out; anything else that is no note comes as it is, so that nobody takes the file for a good one.
#[derive(Debug)]
pub struct NoteReader {
    path: PathBuf,
    lines: Option<BufReader<Take<File>>>,
    /// The first line of the next record, where nothing stood between the two.
    next_line: Option<String>,
    /// A record that is no note; whether it counts depends on what follows.
    held: Option<String>,
}

impl NoteReader {
    fn line(&mut self) -> std::io::Result<Option<String>> {
        if let Some(line) = self.next_line.take() {
            return Ok(Some(line));
        }
        let Some(lines) = &mut self.lines else {
            return Ok(None);
        };
        let mut line = Vec::new();
        let most = TORN_BYTES as u64;
        let count = lines.by_ref().take(most).read_until(b'\n', &mut line)?;
        Ok((count > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
    }

    fn record(&mut self) -> std::io::Result<Option<String>> {
        let mut record = String::new();
        let (mut is_behind_body, mut is_signed) = (false, false);
        while let Some(line) = self.line()? {
            let is_signature = line.starts_with("— ");
            if line == "\n" {
                if is_signed {
                    return Ok(Some(record));
                }
                is_behind_body = !record.is_empty();
                continue;
            }
            if is_signed && !is_signature {
                self.next_line = Some(line);
                return Ok(Some(record));
            }
            if is_behind_body && !is_signed {
                if is_signature {
                    record.push('\n');
                    is_signed = true;
                } else {
                    // A body without signatures.
                    record.clear();
                    is_behind_body = false;
                }
            }
            // No note is that long, and what is cut here is none either.
            if record.len() < TORN_BYTES {
                record.push_str(&line);
            }
        }
        // A note by itself may lack its last line's end.
        if is_signed && !record.ends_with('\n') {
            record.push('\n');
            return Ok(Checkpoint::is_whole_note(&record).then_some(record));
        }
        Ok(is_signed.then_some(record))
    }
}

impl Iterator for NoteReader {
    type Item = std::result::Result<String, NotesError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.record() {
                Ok(Some(record)) if Checkpoint::is_whole_note(&record) => {
                    self.held = None;
                    return Some(Ok(record));
                }
                Ok(Some(record)) => {
                    if let Some(held) = self.held.replace(record) {
                        return Some(Ok(held));
                    }
                }
                Ok(None) => return self.held.take().map(Ok),
                Err(source) => {
                    self.lines = None;
                    return Some(Err(NotesError {
                        path: self.path.clone(),
                        source,
                    }));
                }
            }
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

/// Cuts the first note off a text of records, without what a failed write left in front of it; `None` if there is no complete one.
fn first(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let border = find(text, SIGNATURE)?;
    let from = border + SIGNATURE.len();
    let end = from + find(text.get(from..)?, RECORD_END)?;
    let before = text.get(..border)?;
    let begin = before
        .windows(RECORD_END.len())
        .rposition(|window| window == RECORD_END)
        .map_or(0, |at| at + RECORD_END.len());
    Some((
        text.get(begin..=end)?.trim_ascii_start(),
        text.get(end + RECORD_END.len()..)?,
    ))
}

/// The last complete note, and what is behind it.
fn ends(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let (mut last, mut rest) = (None, text);
    while let Some((note, behind)) = first(rest) {
        (last, rest) = (Some(note), behind);
    }
    (last, rest)
}

/// What is done to the file, so that a test can let it fail.
trait RecordFile {
    fn length(&self) -> std::io::Result<u64>;
    fn append(&mut self, record: &[u8]) -> std::io::Result<()>;
    fn cut(&mut self, length: u64) -> std::io::Result<()>;
}

impl RecordFile for File {
    fn length(&self) -> std::io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }

    fn append(&mut self, record: &[u8]) -> std::io::Result<()> {
        self.write_all(record).and_then(|()| self.sync_data())
    }

    fn cut(&mut self, length: u64) -> std::io::Result<()> {
        self.set_len(length)
    }
}

/// Appends a note. What a failed write left is cut off again; where even that fails, `is_torn` has the next record begin on its own.
fn append_record(
    file: &mut impl RecordFile,
    is_torn: &mut bool,
    note: &str,
) -> std::io::Result<()> {
    let before = file.length()?;
    let border = if *is_torn { "\n\n" } else { "" };
    let appended = file.append(format!("{border}{note}\n").as_bytes());
    match &appended {
        Ok(()) => *is_torn = false,
        Err(_) => *is_torn |= file.cut(before).is_err(),
    }
    appended
}

#[derive(Debug)]
pub(crate) struct Notes {
    path: PathBuf,
    file: File,
    last: Option<String>,
    /// Whether a failed write left something at the end that could not be cut off.
    is_torn: bool,
}

impl Notes {
    /// The file as it is now.
    pub(crate) fn file(&self) -> Result<NotesFile> {
        Ok(NotesFile::at(&self.path)?)
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
        // In the middle of the file, begin behind the end of a record.
        let whole = if start == 0 {
            tail.as_slice()
        } else {
            find(&tail, RECORD_END)
                .and_then(|at| tail.get(at + RECORD_END.len()..))
                .unwrap_or_default()
        };
        let (last, torn) = ends(whole);
        let last = last.map(|note| String::from_utf8_lossy(note).into_owned());
        let torn = torn.len();
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
            is_torn: false,
        })
    }

    pub(crate) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Appends a note and waits for the disk.
    pub(crate) fn append(&mut self, note: &str) -> Result<()> {
        append_record(&mut self.file, &mut self.is_torn, note).map_err(|error| {
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
        self.is_torn = false;
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
