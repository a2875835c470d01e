use std::io::{Error, ErrorKind, Result};

use super::{Notes, RecordFile, append_record, ends, read_notes};

fn note(size: u64) -> String {
    format!("origin\n{size}\nroot\nchain c\ntime t\n\n— origin signature{size}\n")
}

#[test]
fn notes_come_back_in_order_and_a_torn_record_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoints.txt");
    let mut notes = Notes::open(&path).unwrap();
    assert_eq!(notes.last(), None);
    for size in 1..=3 {
        notes.append(&note(size)).unwrap();
    }
    drop(notes);
    let mut text = std::fs::read_to_string(&path).unwrap();
    for cut in 0..note(4).len() {
        let mut torn = text.clone();
        torn.push_str(note(4).get(..cut).unwrap_or(""));
        std::fs::write(&path, torn).unwrap();
        let notes = Notes::open(&path).unwrap();
        assert_eq!(notes.last(), Some(note(3).as_str()), "cut at {cut}");
    }
    let mut notes = Notes::open(&path).unwrap();
    notes.append(&note(4)).unwrap();
    text.push_str(&note(4));
    text.push('\n');
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(
        read_notes(&path).unwrap(),
        (1..=4).map(note).collect::<Vec<_>>()
    );
}

#[test]
fn only_the_end_of_a_long_file_is_read_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoints.txt");
    let text: String = (0..5_000).map(|size| note(size) + "\n").collect();
    std::fs::write(&path, text).unwrap();
    assert_eq!(
        Notes::open(&path).unwrap().last(),
        Some(note(4_999).as_str())
    );
}

#[test]
fn a_file_of_something_else_has_a_note_that_can_not_verify() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoints.txt");
    std::fs::write(&path, "something else\n".repeat(2_000)).unwrap();
    assert_eq!(Notes::open(&path).unwrap().last(), Some(""));
    std::fs::write(&path, "something else\n\n").unwrap();
    assert_eq!(
        Notes::open(&path).unwrap().last(),
        None,
        "as if the file were missing, which is said too"
    );
}

#[test]
fn a_rotated_file_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoints.txt");
    let mut notes = Notes::open(&path).unwrap();
    notes.append(&note(1)).unwrap();
    notes.rotate(7).unwrap();
    notes.append(&note(2)).unwrap();
    assert_eq!(read_notes(&path).unwrap(), [note(2)]);
    assert_eq!(
        read_notes(&folder.path().join("checkpoints.7.txt")).unwrap(),
        [note(1)]
    );
}

/// A disk that takes only so many bytes of the next record, and may refuse to give them back.
#[derive(Default)]
struct FullDisk {
    bytes: Vec<u8>,
    takes: Option<usize>,
    keeps: bool,
}

impl RecordFile for FullDisk {
    fn length(&self) -> Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn append(&mut self, record: &[u8]) -> Result<()> {
        let taken = self.takes.unwrap_or(record.len()).min(record.len());
        self.bytes.extend_from_slice(&record[..taken]);
        match self.takes {
            None => Ok(()),
            Some(_) => Err(Error::from(ErrorKind::StorageFull)),
        }
    }

    fn cut(&mut self, length: u64) -> Result<()> {
        if self.keeps {
            return Err(Error::from(ErrorKind::Other));
        }
        self.bytes.truncate(usize::try_from(length).unwrap());
        Ok(())
    }
}

#[test]
fn a_write_that_fails_does_not_spoil_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoints.txt");
    for keeps in [false, true] {
        for takes in 0..note(2).len() {
            let mut disk = FullDisk::default();
            let mut is_torn = false;
            append_record(&mut disk, &mut is_torn, &note(1)).unwrap();
            disk.takes = Some(takes);
            disk.keeps = keeps;
            for _ in 0..2 {
                assert!(append_record(&mut disk, &mut is_torn, &note(2)).is_err());
            }
            assert_eq!(is_torn, keeps);
            disk.takes = None;
            append_record(&mut disk, &mut is_torn, &note(3)).unwrap();
            append_record(&mut disk, &mut is_torn, &note(4)).unwrap();
            assert!(!is_torn);
            if !keeps {
                assert_eq!(
                    disk.bytes,
                    format!("{}\n{}\n{}\n", note(1), note(3), note(4)).into_bytes()
                );
            }
            assert_eq!(
                ends(&disk.bytes),
                (Some(note(4).as_bytes()), &b""[..]),
                "{takes} bytes"
            );
            std::fs::write(&path, &disk.bytes).unwrap();
            let read = read_notes(&path).unwrap();
            assert_eq!(read.first(), Some(&note(1)), "{takes} bytes");
            assert_eq!(read[read.len() - 2..], [note(3), note(4)], "{takes} bytes");
            assert_eq!(Notes::open(&path).unwrap().last(), Some(note(4).as_str()));
        }
    }
}

#[test]
fn notes_are_told_apart_with_and_without_lines_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes");
    let second = note(2) + "— witness signature\n";
    for between in ["", "\n", "\n\n"] {
        std::fs::write(&path, format!("{}{between}{second}", note(1))).unwrap();
        assert_eq!(
            read_notes(&path).unwrap(),
            [note(1), second.clone()],
            "{between:?}"
        );
    }
    for nothing in ["", "\n\n", "no note", "no\n\nnote\n\n"] {
        std::fs::write(&path, nothing).unwrap();
        assert!(read_notes(&path).unwrap().is_empty(), "{nothing:?}");
    }
}
