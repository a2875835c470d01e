//! What the binary asks a person, on a real pseudo-terminal.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use countersign_server::is_container;
use countersign_testkit::{Availability, ChildGuard, Postgres, Service, available};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::left_behind::Squatter;
use super::program::{Program, feed, run};
use crate::support::{PASSPHRASE, TestGateway};

const PATIENCE: Duration = Duration::from_secs(30);

/// A person at a terminal in front of one command.
struct Person {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
    read: usize,
    child: ChildGuard,
}

impl Person {
    fn at(mut command: Command) -> Self {
        let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = || {
            Stdio::from(
                OpenOptions::new()
                    .read(true)
                    .write(true)
                    .open(name.to_str().unwrap())
                    .unwrap(),
            )
        };
        command
            .env("TERM", "xterm")
            .stdin(slave())
            .stdout(slave())
            .stderr(slave());
        let child = ChildGuard::spawn(command).unwrap();
        let keyboard = File::from(master);
        let mut reader = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            // A closed terminal is an error on this side.
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                if sender.send(piece[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            keyboard,
            screen,
            seen: String::new(),
            read: 0,
            child,
        }
    }

    /// Waits for a text behind what was waited for before.
    #[track_caller]
    fn sees(&mut self, text: &str) {
        let started = Instant::now();
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                self.read += at + text.len();
                return;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{text:?} was not shown:\n{}",
                self.seen
            );
            if let Ok(piece) = self.screen.recv_timeout(Duration::from_millis(50)) {
                self.seen.push_str(&String::from_utf8_lossy(&piece));
            }
        }
    }

    fn types(&mut self, text: &str) {
        // The terminal is switched after the question is written: what comes in between would be echoed or dropped.
        thread::sleep(Duration::from_millis(200));
        self.keyboard
            .write_all(format!("{text}\r").as_bytes())
            .unwrap();
    }

    #[track_caller]
    fn leaves_with(&mut self, exit: i32) {
        let status = self.child.wait_within(PATIENCE).unwrap();
        while let Ok(piece) = self.screen.recv_timeout(Duration::from_millis(100)) {
            self.seen.push_str(&String::from_utf8_lossy(&piece));
        }
        assert_eq!(status.code(), Some(exit), "{}", self.seen);
    }
}

/// A program without a passphrase in its environment.
fn by_hand() -> Program {
    let mut program = Program::usual();
    program.set("COUNTERSIGN_MASTER_KEY", "");
    program
}

#[test]
fn onboarding_says_what_it_writes_and_asks_step_by_step() {
    let program = by_hand();
    let mut person = Person::at(program.command(&["onboard"]));
    person.sees("vault.json");
    person.sees("countersign.db");
    person.sees("go on?");
    person.types("y");
    person.sees("name of the first operator");
    person.types("ann");
    person.sees("approve and deny requests, too?");
    person.types("n");
    person.sees("new passphrase");
    person.types(PASSPHRASE);
    person.sees("once more");
    person.types(PASSPHRASE);
    person.sees("operator   ann");
    person.leaves_with(0);
    assert!(
        !person.seen.contains(PASSPHRASE),
        "the passphrase was shown"
    );
    let mut unlocked = program;
    unlocked.set("COUNTERSIGN_MASTER_KEY", PASSPHRASE);
    unlocked.run(&["migrate", "status"]).expect(0);
}

#[test]
fn whoever_says_no_has_nothing_written() {
    let program = by_hand();
    let mut person = Person::at(program.command(&["onboard"]));
    person.sees("go on?");
    person.types("n");
    person.leaves_with(1);
    assert!(!program.data_dir().exists());
}

#[test]
fn the_gateway_asks_for_its_passphrase() {
    let gateway = TestGateway::onboard(&[]);
    let mut command = gateway.command(&["gateway", "--listen", "127.0.0.1:0"]);
    command.env_remove("COUNTERSIGN_MASTER_KEY");
    let mut person = Person::at(command);
    person.sees("passphrase of the vault");
    person.types(PASSPHRASE);
    person.sees("listening on http://127.0.0.1:");
    assert!(
        !person.seen.contains(PASSPHRASE),
        "the passphrase was shown"
    );
    let status = run(gateway.command(&["vault", "status", "--json"]))
        .expect(0)
        .json();
    assert_eq!(status["locked"], false);
}

#[test]
fn a_passphrase_is_not_sent_where_the_gateway_died_while_it_was_typed() {
    let mut gateway = TestGateway::start();
    let mut command = gateway.command(&["vault", "unlock"]);
    command.env_remove("COUNTERSIGN_MASTER_KEY");
    let mut person = Person::at(command);
    person.sees("passphrase of the vault");
    gateway.kill();
    let squatter = Squatter::on(gateway.address());
    person.types(PASSPHRASE);
    person.sees("was killed");
    person.leaves_with(4);
    assert_eq!(squatter.heard(), "");
}

#[test]
fn a_change_from_a_session_needs_fresh_proof() {
    if available(Service::Postgres) == Availability::Missing {
        return;
    }
    let postgres = Postgres::shared().unwrap();
    let url = postgres.database().unwrap();
    let database = url.rsplit('/').next().unwrap();
    let mut gateway = TestGateway::start_with(&[("COUNTERSIGN_DATABASE_URL", &url)]);
    let token = gateway.token().to_owned();
    feed(
        gateway.command(&["login", "--stdin"]),
        &format!("{token}\n"),
    )
    .expect(0);
    // What was typed to sign in counts for five minutes: made older than that, where a database can be reached from outside.
    run(gateway.command(&["agent", "add", "fresh"])).expect(0);
    gateway.stop();
    postgres
        .execute(
            database,
            "UPDATE session SET proved_at = proved_at - 600000000",
        )
        .unwrap();
    gateway.restart();
    run(gateway.command(&["agent", "list"])).expect(0);
    let without_terminal = run(gateway.command(&["agent", "add", "ci"])).expect(2);
    assert!(
        without_terminal.stderr.contains("COUNTERSIGN_API_KEY"),
        "{}",
        without_terminal.stderr
    );

    let mut wrong = Person::at(gateway.command(&["agent", "add", "ci"]));
    wrong.sees("your sign-in token or password");
    wrong.types("cs_0000000000000000000000000000000000000000000");
    wrong.leaves_with(5);

    let mut person = Person::at(gateway.command(&["agent", "add", "ci"]));
    person.sees("prove who they are");
    person.sees("your sign-in token or password");
    person.types(&token);
    person.sees("agent ci");
    person.leaves_with(0);
    // Proved: the next change is not asked about.
    run(gateway.command(&["agent", "add", "next"])).expect(0);
    assert!(!person.seen.contains(&token), "the token was shown");
}

/// The one-time address goes to the terminal, and nowhere else; in a container, whose terminal is kept in its log, only into the file.
#[test]
fn a_gateway_that_was_never_set_up_tells_the_terminal_its_address() {
    for passphrase in ["", PASSPHRASE] {
        let mut program = Program::usual();
        program.set("COUNTERSIGN_MASTER_KEY", passphrase);
        let mut person = Person::at(program.command(&["gateway", "--listen", "127.0.0.1:0"]));
        person.sees("within 15 minutes");
        let file = program.data_dir().join("setup-address");
        let told = if is_container() {
            person.sees("listening on http://");
            assert!(!person.seen.contains("/setup#"), "{}", person.seen);
            std::fs::read_to_string(&file).unwrap()
        } else {
            person.sees("http://127.0.0.1:");
            person.sees("/setup#cs_");
            person.sees("listening on http://");
            assert!(!file.exists());
            person.seen.clone()
        };
        let address = person.seen.split("listening on http://").nth(1).unwrap();
        let address = address.split_whitespace().next().unwrap().to_owned();
        let token = told.split("/setup#").nth(1).unwrap();
        let token = token.split_whitespace().next().unwrap().to_owned();
        let api = crate::support::Api {
            address: address.parse().unwrap(),
            key: None,
        };
        let state = api.get("/api/v1/setup").expect(200);
        assert_eq!(state.at("/needs_passphrase"), passphrase.is_empty());
        let mut body = serde_json::json!({"token": token, "operator": "ada"});
        if passphrase.is_empty() {
            body["passphrase"] = PASSPHRASE.into();
        } else {
            // Two passphrases: nobody should believe in the one that does not count.
            body["passphrase"] = "another-horse-battery-staple".into();
            api.post("/api/v1/setup", &body)
                .expect_code(400, "invalid_input");
            body.as_object_mut().unwrap().remove("passphrase");
        }
        api.post("/api/v1/setup", &body).expect(201);
        api.get("/readyz").expect(200);
    }
}

/// Nothing takes the mark back: a person is asked first.
#[test]
fn a_person_is_asked_before_a_finding_is_marked_as_wrong() {
    let gateway = TestGateway::start();
    let id = "019d0000-0000-7000-8000-000000000000";
    let mut command = gateway.command(&["scan", "wrong", id, "0"]);
    command.env("COUNTERSIGN_API_KEY", gateway.admin_key());
    let mut person = Person::at(command);
    person.sees("for good?");
    person.types("n");
    person.sees("nothing was marked");
    person.leaves_with(1);
    let mut command = gateway.command(&["scan", "wrong", id, "0", "--yes"]);
    command.env("COUNTERSIGN_API_KEY", gateway.admin_key());
    let mut person = Person::at(command);
    person.sees("there is no such request");
    person.leaves_with(2);
    assert!(!person.seen.contains("for good?"), "{}", person.seen);
}
