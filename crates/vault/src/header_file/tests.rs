use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::{KdfParameters, Passphrase, SecretString};

fn header() -> VaultHeader {
    let passphrase =
        Passphrase::new(SecretString::new("correct-horse-battery".to_owned())).unwrap();
    VaultHeader::create(&passphrase, KdfParameters::MINIMUM)
        .unwrap()
        .0
}

const STEPS: [Step; 7] = [
    Step::LeftoverRemoved,
    Step::TemporaryCreated,
    Step::HalfWritten,
    Step::Written,
    Step::Synced,
    Step::Renamed,
    Step::DirectorySynced,
];

fn die_at(point: Step) -> impl FnMut(Step) -> ControlFlow<()> {
    move |step| {
        if step == point {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Requirement 23: at every point the old or the new header is there, whole, and the next write succeeds.
#[test]
fn requirement_23_a_death_at_any_step_leaves_the_old_or_the_new_header() {
    let (old, new, third) = (header(), header(), header());
    for point in STEPS {
        let directory = tempfile::tempdir().unwrap();
        let file = HeaderFile::new(directory.path());
        file.create(&old).unwrap();
        file.write(&new, Target::Present, &mut die_at(point))
            .unwrap();
        let is_new = matches!(point, Step::Renamed | Step::DirectorySynced);
        assert_eq!(
            file.read().unwrap(),
            if is_new { new.clone() } else { old.clone() },
            "{point:?}"
        );
        file.replace(&third).unwrap();
        assert_eq!(file.read().unwrap(), third, "{point:?}");
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            1,
            "{point:?}: nothing is left over"
        );
    }
}

#[test]
fn requirement_23_a_death_while_creating_leaves_nothing_or_the_header() {
    let header = header();
    for point in STEPS {
        let directory = tempfile::tempdir().unwrap();
        let file = HeaderFile::new(directory.path());
        file.write(&header, Target::Absent, &mut die_at(point))
            .unwrap();
        if matches!(point, Step::Renamed | Step::DirectorySynced) {
            assert_eq!(file.read().unwrap(), header);
        } else {
            assert!(
                matches!(file.read(), Err(HeaderFileError::Missing { .. })),
                "{point:?}"
            );
            file.create(&header).unwrap();
        }
    }
}

#[test]
fn create_refuses_an_existing_header_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = HeaderFile::new(directory.path());
    let (first, second) = (header(), header());
    assert!(matches!(
        file.replace(&first),
        Err(HeaderFileError::Missing { .. })
    ));
    file.create(&first).unwrap();
    assert!(matches!(
        file.create(&second),
        Err(HeaderFileError::Exists { .. })
    ));
    // The race: the file appears between the look and the rename.
    let raced = file.write(&second, Target::Absent, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(raced, Err(HeaderFileError::Exists { .. })));
    assert_eq!(file.read().unwrap(), first);
}

/// Requirement 43: files with secrets are 0600, and one that others can read is refused.
#[test]
fn requirement_43_the_header_is_private() {
    let directory = tempfile::tempdir().unwrap();
    let file = HeaderFile::new(directory.path());
    file.create(&header()).unwrap();
    assert_eq!(
        fs::metadata(file.path()).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        file.read(),
        Err(HeaderFileError::Permissions { mode: 0o640, .. })
    ));
}

#[test]
fn a_link_and_a_huge_file_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = HeaderFile::new(directory.path());
    let elsewhere = directory.path().join("elsewhere");
    fs::write(&elsewhere, header().to_json()).unwrap();
    std::os::unix::fs::symlink(&elsewhere, file.path()).unwrap();
    assert!(matches!(
        file.read(),
        Err(HeaderFileError::Io {
            operation: "open",
            ..
        })
    ));
    fs::remove_file(file.path()).unwrap();
    file.create(&header()).unwrap();
    fs::write(file.path(), vec![b' '; 70_000]).unwrap();
    assert!(matches!(file.read(), Err(HeaderFileError::TooLarge { .. })));
}
