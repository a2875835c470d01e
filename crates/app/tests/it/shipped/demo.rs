//! The demo: the whole story, real, on data that is gone afterwards.

use std::fs::File;
use std::time::Duration;

use countersign_testkit::{ChildGuard, wait_until};
use rustix::process::Signal;

use super::program::Program;

#[test]
fn the_story_plays_unattended_and_leaves_nothing() {
    let mut program = Program::new();
    let folder = program.file("tmp");
    std::fs::create_dir(&folder).unwrap();
    program.set("TMPDIR", folder.to_str().unwrap());
    let story = program.run(&["demo", "--once"]).expect(0);
    for step in [
        "granted to shop-assistant on payments: GET /charges/*    allow",
        "4. the agent reads a charge: 200 (forwarded)",
        "5. the agent wants to charge 500 dollars: 428",
        "6. the agent wants to delete a charge: 403",
        "8. the agent has its charge carried out: 201 (executed-approved)",
        "9. the payments API holds 2 charges now",
        "10. the ledger verifies:",
    ] {
        assert!(
            story.stdout.contains(step),
            "{step:?} is missing:\n{}",
            story.stdout
        );
    }
    assert!(story.stderr.contains("is removed"), "{}", story.stderr);
    assert_eq!(
        std::fs::read_dir(&folder).unwrap().count(),
        0,
        "the demo left something"
    );
}

#[test]
fn the_story_is_one_line_to_a_program() {
    let story = Program::new().run(&["demo", "--once", "--json"]).expect(0);
    let document = story.json();
    assert_eq!(
        (&document["charge_status"], &document["charges"]),
        (&201.into(), &2.into()),
        "{document}"
    );
    assert_eq!(document["audit"]["valid"], true);
}

#[test]
fn the_demo_refuses_an_existing_data_directory() {
    let program = Program::usual();
    program.run(&["onboard", "--yes", "--json"]).expect(0);
    let refused = program.run(&["demo", "--once"]).expect(3);
    assert!(
        refused
            .stderr
            .contains("never uses an existing data directory"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.stdout, "");
}

#[test]
fn kept_data_can_be_used_afterwards() {
    let mut program = Program::new();
    let folder = program.file("tmp");
    std::fs::create_dir(&folder).unwrap();
    program.set("TMPDIR", folder.to_str().unwrap());
    let story = program.run(&["demo", "--once", "--keep"]).expect(0);
    assert!(
        story.stderr.contains("COUNTERSIGN_MASTER_KEY_FILE=") && story.stderr.contains(" gateway"),
        "{}",
        story.stderr
    );
    let kept = std::fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    assert!(kept.join("countersign.db").exists());
    // With what opens it.
    let passphrase = kept.join("master.key");
    assert_eq!(super::program::mode(&passphrase), 0o600);
    program.set("COUNTERSIGN_DATA_DIR", kept.to_str().unwrap());
    program.set("COUNTERSIGN_MASTER_KEY_FILE", passphrase.to_str().unwrap());
    program.run(&["migrate", "status"]).expect(0);
    let report = program.run(&["doctor", "--json"]).expect(0);
    assert!(report.stdout.contains("it opens"), "{}", report.stdout);
}

#[test]
fn whatever_ends_it_leaves_no_secret_behind() {
    // A closed terminal is a SIGHUP.
    for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
        let mut program = Program::new();
        let folder = program.file("tmp");
        std::fs::create_dir(&folder).unwrap();
        program.set("TMPDIR", folder.to_str().unwrap());
        let story = program.file("story");
        let mut command = program.command(&["demo"]);
        command
            .stdout(File::create(&story).unwrap())
            .stderr(std::process::Stdio::null());
        let mut demo = ChildGuard::spawn(command).unwrap();
        wait_until("the demo asks", Duration::from_mins(1), || {
            std::fs::read_to_string(&story).is_ok_and(|text| text.contains("now it is your turn"))
        })
        .unwrap();
        demo.signal(signal).unwrap();
        let status = demo.wait_within(Duration::from_secs(40)).unwrap();
        let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
        assert!(left.is_empty(), "{signal:?} left {left:?}");
        assert_eq!(status.code(), Some(0), "{signal:?}");
    }
}
