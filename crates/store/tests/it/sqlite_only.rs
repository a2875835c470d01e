//! What concerns the SQLCipher file alone: its key, its mode, a full disk, a disk that can't be written.

use std::{os::unix::fs::PermissionsExt as _, time::Duration};

use countersign_store::{EngineOptions, SqliteOptions, Store, StoreError};
use countersign_testkit::{ChildGuard, command};
use countersign_vault::Vault;

use crate::bed::{Bed, append, options_in, put, sealed, settings, verify, write_setting};

#[test]
fn a_wrong_key_is_refused_and_nothing_is_written() {
    let bed = Bed::sqlite();
    let store = bed.open();
    write_setting(&store, "there").unwrap();
    store.close_blocking();
    let before = std::fs::read(bed.path("store.db")).unwrap();
    let mut options = bed.options.clone();
    options.vault = Vault::ephemeral();
    let refused = Store::open(&options);
    assert!(matches!(refused, Err(StoreError::WrongKey)), "{refused:?}");
    assert_eq!(std::fs::read(bed.path("store.db")).unwrap(), before);
    std::fs::write(bed.path("store.db"), b"this is no database, but it has more than a hundred bytes so that somebody might believe that it was one, really").unwrap();
    assert!(matches!(
        Store::open(&bed.options),
        Err(StoreError::WrongKey | StoreError::Corrupt { .. })
    ));
}

/// Invariant 8: plaintext never reaches the disk, neither in the file nor in its log.
#[test]
fn nothing_is_plaintext_on_the_disk() {
    let bed = Bed::sqlite();
    let store = bed.open();
    for number in 0..200 {
        write_setting(&store, format!("plaintextcanary{number}")).unwrap();
        append(&store, "plaintextcanary.kind");
    }
    for name in [
        "store.db",
        "store.db-wal",
        "store.db-shm",
        "checkpoints.txt",
    ] {
        let bytes = std::fs::read(bed.path(name)).unwrap();
        assert!(!bytes.is_empty() || name == "checkpoints.txt");
        assert!(
            !bytes.windows(15).any(|window| window == b"plaintextcanary"),
            "{name}"
        );
        assert!(!bytes.starts_with(b"SQLite format 3"), "{name}");
        let mode = std::fs::metadata(bed.path(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    store.close_blocking();
    let bytes = std::fs::read(bed.path("store.db")).unwrap();
    assert!(!bytes.windows(15).any(|window| window == b"plaintextcanary"));
    assert!(
        !bed.path("store.db-wal").exists(),
        "a clean end leaves no log"
    );
}

/// Requirement 40: a full disk refuses, and the store goes on when there is space again.
#[test]
fn a_full_database_refuses_and_goes_on() {
    let bed = Bed::sqlite();
    bed.open().close_blocking();
    let mut options = bed.options.clone();
    if let EngineOptions::Sqlite(SqliteOptions { max_pages, .. }) = &mut options.engine {
        *max_pages = Some(
            u32::try_from(std::fs::metadata(bed.path("store.db")).unwrap().len() / 4_096).unwrap()
                + 40,
        );
    }
    let store = Store::open(&options).unwrap();
    let mut written = 0;
    let error = loop {
        match write_setting(&store, format!("{written:04}{}", "x".repeat(3_000))) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::DiskFull), "{error}");
    assert!(written > 10);
    assert_eq!(settings(&store).len(), written);
    assert!(store.failure().is_none());
    store
        .write_blocking::<_, StoreError, _>(|tx| {
            tx.execute("DELETE FROM setting WHERE name < '0005'", &[])
        })
        .unwrap();
    write_setting(&store, "again").unwrap();
    append(&store, "again");
    let entries = sealed(&store, 1);
    verify(&store, &options.vault, &entries);
}

/// A small file system of its own; only root can have one.
struct Mount(tempfile::TempDir);

impl Mount {
    fn new(size: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        run(&[
            "mount",
            "-t",
            "tmpfs",
            "-o",
            &format!("size={size},mode=700"),
            "tmpfs",
            &path,
        ])
        .then_some(Self(folder))
    }

    fn remount(&self, how: &str) -> bool {
        run(&[
            "mount",
            "-o",
            &format!("remount,{how}"),
            self.0.path().to_str().unwrap(),
        ])
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        run(&["umount", "-l", self.0.path().to_str().unwrap()]);
    }
}

fn run(words: &[&str]) -> bool {
    let mut command = command(words[0]);
    command.args(&words[1..]);
    let mut child = ChildGuard::spawn(command).unwrap();
    child
        .wait_within(Duration::from_secs(10))
        .unwrap()
        .success()
}

/// Requirement 40 on a real file system without space.
#[test]
fn a_full_disk_refuses_and_goes_on() {
    let Some(mount) = Mount::new("3m") else {
        return;
    };
    let options = options_in(mount.0.path(), None);
    let store = Store::open(&options).unwrap();
    let filler = mount.0.path().join("filler");
    let mut written = 0;
    // Leaves little, so that it is the log that finds the disk full.
    std::fs::write(&filler, vec![0; 1024 * 1024]).unwrap();
    let error = loop {
        let name = format!("{written:04}{}", "x".repeat(3_000));
        match store.write_blocking::<_, StoreError, _>(move |tx| {
            put(tx, &name)?;
            tx.append_entry(crate::bed::entry("full"))
        }) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 10_000);
    };
    assert!(matches!(error, StoreError::DiskFull), "{error}");
    assert!(store.failure().is_none());
    std::fs::remove_file(&filler).unwrap();
    write_setting(&store, "again").unwrap();
    append(&store, "again");
    assert_eq!(settings(&store).len(), written + 1);
    let entries = sealed(&store, written + 1);
    assert_eq!(entries.len(), written + 1, "what was refused left no entry");
    verify(&store, &options.vault, &entries);
    store.close_blocking();
}

#[test]
fn a_read_only_disk_is_refused_clearly() {
    let Some(mount) = Mount::new("8m") else {
        return;
    };
    let options = options_in(mount.0.path(), None);
    Store::open(&options).unwrap().close_blocking();
    assert!(mount.remount("ro"));
    let refused = Store::open(&options);
    assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
    assert!(mount.remount("rw"));
    Store::open(&options).unwrap().close_blocking();
}
