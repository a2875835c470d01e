//! What runs in a process of its own, to be killed: this test binary, started again with one ignored test.

use std::{io::Write as _, path::PathBuf, process::Stdio};

use countersign_store::{Store, StoreError, evidence};
use countersign_testkit::{ChildGuard, command};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::bed::{entry, options_in};

const FOLDER: &str = "STORE_TEST_FOLDER";
const URL: &str = "STORE_TEST_URL";

/// Starts this binary with one of the tests below.
pub(crate) fn start(test: &str, folder: &std::path::Path, url: Option<&str>) -> ChildGuard {
    // A write over the limit must be an error and not the end: SIGXFSZ is ignored, which a program inherits.
    let mut command = command("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    command.arg(std::env::current_exe().unwrap());
    command.args([
        "--ignored",
        "--exact",
        "--nocapture",
        "--test-threads=1",
        test,
    ]);
    command
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if let Some(url) = url {
        command.env(URL, url);
    }
    ChildGuard::spawn(command).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "how the parent test tells the child where to work"
)]
fn place() -> (PathBuf, Option<String>) {
    (
        std::env::var_os(FOLDER).unwrap().into(),
        std::env::var(URL).ok(),
    )
}

/// Writes with many threads and says each id as soon as it is acknowledged. Ends when it is killed.
#[test]
#[ignore = "started by the tests of faults"]
fn writes_until_it_is_killed() {
    let (folder, url) = place();
    let store = Store::open(&options_in(&folder, url.as_deref())).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let written = write_one(&store);
                    let line = format!("acknowledged {}\n", written.unwrap());
                    std::io::stdout().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
}

/// One unit: an entry and its evidence.
fn write_one(store: &Store) -> Result<countersign_domain::EntryId, StoreError> {
    let entry = entry("load");
    let id = entry.id;
    store.write_blocking(move |tx| {
        evidence::insert(tx, id, entry.at, &[1; 200])?;
        tx.append_entry(entry.clone())
    })?;
    Ok(id)
}

/// Writes until its files may not grow any more, and says what then happened.
#[test]
#[ignore = "started by the tests of faults"]
fn writes_until_the_disk_fails() {
    let (folder, _) = place();
    let store = Store::open(&options_in(&folder, None)).unwrap();
    let log = std::fs::metadata(folder.join("store.db-wal"))
        .unwrap()
        .len();
    setrlimit(
        Resource::Fsize,
        Rlimit {
            current: Some(log + 300_000),
            maximum: None,
        },
    )
    .unwrap();
    let mut written = 0;
    let error = loop {
        match write_one(&store) {
            Ok(id) => {
                written += 1;
                println!("acknowledged {id}");
            }
            Err(error) => break error,
        }
        assert!(written < 100_000, "the limit was never reached");
    };
    println!("first {error:?}");
    println!("then {:?}", write_one(&store).unwrap_err());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    println!("failed {}", runtime.block_on(store.failed()));
    println!("done");
}
