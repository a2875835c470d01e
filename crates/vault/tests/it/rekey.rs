use std::{
    process::{Command, Stdio},
    time::Duration,
};

use countersign_vault::{HeaderFile, KdfParameters, VaultHeader};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use crate::header::passphrase;

const FOLDER: &str = "COUNTERSIGN_TEST_REKEY_FOLDER";

/// The victim: replaces the header as fast as it can, until it is killed. Does nothing when run as an ordinary test.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the parent test names the folder"
)]
fn child_that_rekeys_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let file = HeaderFile::new(folder);
    let header = |name: &str| {
        VaultHeader::parse(&std::fs::read(file.path().with_file_name(name)).unwrap()).unwrap()
    };
    let (one, two) = (header("one"), header("two"));
    // Bounded, so that it ends by itself should its parent be killed.
    for _ in 0..20_000 {
        file.replace(&two).unwrap();
        std::fs::write(file.path().with_file_name("ready"), "").unwrap();
        file.replace(&one).unwrap();
    }
}

/// Requirement 23: kill -9 at 50 points of a change of the passphrase; the old or the new header is always there.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "starts itself as the process to kill"
)]
fn requirement_23_kill_9_leaves_the_old_or_the_new_header() {
    let folder = tempfile::tempdir().unwrap();
    let file = HeaderFile::new(folder.path());
    let (old, new) = (
        passphrase("the old passphrase"),
        passphrase("the new passphrase"),
    );
    let (one, vault) = VaultHeader::create(&old, KdfParameters::MINIMUM).unwrap();
    let two = one.rewrap(&old, &new, KdfParameters::MINIMUM).unwrap();
    std::fs::write(folder.path().join("one"), one.to_json()).unwrap();
    std::fs::write(folder.path().join("two"), two.to_json()).unwrap();
    file.create(&one).unwrap();
    let mut runner = TestRunner::deterministic();
    let mut seen = [0; 2];
    for round in 0..50 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "rekey::child_that_rekeys_until_killed"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let ready = folder.path().join("ready");
        while !ready.exists() {
            assert!(
                child.try_wait().unwrap().is_none(),
                "round {round}: the child ended by itself"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        let micros = (0_u64..5_000).new_tree(&mut runner).unwrap().current();
        std::thread::sleep(Duration::from_micros(micros));
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::remove_file(&ready).unwrap();
        let found = file
            .read()
            .unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert!(found == one || found == two, "round {round}");
        seen[usize::from(found == two)] += 1;
    }
    assert!(
        seen.iter().all(|count| *count > 0),
        "the kills came while it was writing: {seen:?}"
    );
    for (header, passphrase) in [(one, old), (two, new)] {
        assert!(
            header
                .unlock(&passphrase)
                .unwrap()
                .store_key()
                .equals(vault.store_key().expose())
        );
    }
}
