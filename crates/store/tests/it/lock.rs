//! The data directory.

use std::{fs, os::unix::fs::PermissionsExt as _};

use countersign_store::{DataDirLock, LOCK_FILE_NAME, LockError};

fn private_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    folder
}

#[test]
fn the_second_is_refused_and_told_by_whom() {
    let folder = private_folder();
    let first = DataDirLock::acquire(folder.path()).unwrap();
    let second = DataDirLock::acquire(folder.path());
    assert!(
        matches!(second, Err(LockError::AlreadyLocked { pid: Some(pid), .. }) if pid == std::process::id()),
        "{second:?}"
    );
    drop(first);
    DataDirLock::acquire(folder.path()).unwrap();
    assert_eq!(
        fs::metadata(folder.path().join(LOCK_FILE_NAME))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
}

/// Requirement 43: file modes.
#[test]
fn a_folder_that_others_may_enter_is_refused() {
    let folder = private_folder();
    for mode in [0o755, 0o701, 0o720] {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let refused = DataDirLock::acquire(folder.path());
        assert!(
            matches!(refused, Err(LockError::OpenToOthers { mode: found, .. }) if found == mode),
            "{refused:?}"
        );
    }
}

#[test]
fn a_missing_folder_is_named() {
    let folder = private_folder();
    let path = folder.path().join("no");
    let refused = DataDirLock::acquire(&path).unwrap_err();
    assert!(
        matches!(refused, LockError::Missing { .. }) && refused.to_string().contains("onboard"),
        "{refused}"
    );
}
