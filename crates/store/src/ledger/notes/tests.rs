use super::{Notes, read_notes};

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
