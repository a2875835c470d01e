//! Setting up in a browser: the one-time address of a gateway that was never onboarded. Requirement 4.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use countersign_testkit::ChildGuard;
use serde_json::{Value, json};

use super::program::{Program, mode};
use crate::support::{Api, PASSPHRASE, Response};

const PASSWORD: &str = "a long enough password 42";
const OWNER_ONLY: u32 = 0o600;

/// A gateway in a folder that was never onboarded, without a terminal and without a passphrase.
struct Fresh {
    program: Program,
    api: Api,
    child: ChildGuard,
    token: String,
}

fn program() -> Program {
    let mut program = Program::usual();
    program.set("COUNTERSIGN_MASTER_KEY", "");
    program
}

impl Fresh {
    fn start() -> Self {
        Self::of(program())
    }

    fn of(program: Program) -> Self {
        let (address, child) = start(&program);
        let file = program.data_dir().join("setup-address");
        assert_eq!(mode(&file), OWNER_ONLY);
        let text = std::fs::read_to_string(&file).unwrap();
        let prefix = format!("http://{address}/setup#");
        let token = text.trim_end().strip_prefix(&prefix).expect(&text);
        // 256 bits.
        assert!(token.len() >= 43, "{token}");
        Self {
            token: token.to_owned(),
            api: Api {
                address: address.parse().unwrap(),
                key: None,
            },
            program,
            child,
        }
    }

    fn draft(&self) -> Value {
        json!({"token": self.token, "operator": "ada", "password": PASSWORD, "passphrase": PASSPHRASE})
    }

    fn post(&self, body: &Value) -> Response {
        self.api.post("/api/v1/setup", body)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.program.file("gateway.log")).unwrap()
    }

    fn state(&self) -> Value {
        self.api.get("/api/v1/setup").expect(200).at("/state")
    }

    /// Whether nothing of an installation is there.
    #[track_caller]
    fn has_nothing(&self) {
        let names: Vec<String> = std::fs::read_dir(self.program.data_dir())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !["lock", "run.json", "setup-address"].contains(&name.as_str()))
            .collect();
        assert!(names.is_empty(), "{names:?}");
    }
}

/// Starts the gateway; its address.
fn start(program: &Program) -> (String, ChildGuard) {
    let mut command = program.command(&["gateway", "--listen", "127.0.0.1:0"]);
    command
        .env("COUNTERSIGN_LOG", "debug")
        .stdout(Stdio::piped())
        .stderr(File::create(program.file("gateway.log")).unwrap());
    let mut child = ChildGuard::spawn(command).unwrap();
    let mut line = String::new();
    BufReader::new(child.take_stdout().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.strip_prefix("listening on http://").expect(&line);
    (address.trim().to_owned(), child)
}

fn header_is_there(folder: &Path) -> bool {
    folder.join("vault.json").exists()
}

#[test]
fn the_address_sets_up_once_signs_in_and_the_gateway_goes_on() {
    let mut fresh = Fresh::start();
    assert_eq!(mode(&fresh.program.data_dir()), 0o700);
    let ready = fresh.api.get("/readyz").expect(503);
    assert_eq!(ready.at("/status"), "setup");
    fresh.api.get("/healthz").expect(200);
    let page = fresh.api.get("/setup").expect(200);
    assert!(page.text().contains("<html"), "{}", page.text());
    let state = fresh.api.get("/api/v1/setup").expect(200).json();
    assert_eq!(
        state,
        json!({"state": "open", "needs_passphrase": true, "store": "sqlcipher"})
    );
    fresh.api.get("/api/v1/agents").expect_code(423, "setup");
    fresh
        .api
        .post("/api/v1/vault/unlock", &json!({"passphrase": PASSPHRASE}))
        .expect_code(423, "setup");

    let done = fresh.post(&fresh.draft()).expect(201);
    assert_eq!(done.at("/operator"), "ada");
    assert_eq!(done.at("/role"), "owner");
    assert_eq!(done.at("/sign_in_token"), Value::Null);
    let csrf = done.at("/csrf_token").as_str().unwrap().to_owned();
    let cookie = done.header("set-cookie").unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap();

    // The same process, on the same address, signed in.
    fresh.api.get("/readyz").expect(200);
    let me = fresh.api.with_json(
        "POST",
        "/api/v1/agents",
        &[("cookie", cookie), ("x-csrf-token", &csrf)],
        &json!({"name": "first"}),
    );
    me.expect(201);
    assert_eq!(fresh.state(), "closed");
    fresh.post(&fresh.draft()).expect_code(410, "setup_closed");
    assert!(!fresh.program.data_dir().join("setup-address").exists());
    let log = fresh.log();
    assert!(log.contains("setup-address"), "{log}");
    for secret in [fresh.token.as_str(), PASSWORD, PASSPHRASE] {
        assert!(!log.contains(secret), "{log}");
    }
    let status = fresh.child.terminate_and_wait(Duration::from_secs(30));
    assert_eq!(status.unwrap().code(), Some(0));

    // What was made is what `onboard` makes: it starts with its passphrase, and the password signs in.
    let mut program = fresh.program;
    program.run(&["onboard", "--yes"]).expect(2);
    program.set("COUNTERSIGN_MASTER_KEY", PASSPHRASE);
    program.run(&["onboard", "--yes"]).expect(3);
    let (address, _child) = start(&program);
    let api = Api {
        address: address.parse().unwrap(),
        key: None,
    };
    let session = api.post(
        "/api/v1/sessions",
        &json!({"name": "ada", "password": PASSWORD, "kind": "terminal"}),
    );
    let session = session.expect(201).at("/session");
    let signed_in = Api {
        key: Some(session.as_str().unwrap().to_owned()),
        ..api
    };
    let verified = signed_in.get("/api/v1/audit/verify").expect(200);
    assert_eq!(verified.at("/valid"), true);
    let entries = signed_in.get("/api/v1/audit/entries").expect(200).text();
    assert!(entries.contains("gateway.onboarded"), "{entries}");
    let names = |name: &str| program.data_dir().join(name).exists();
    assert!(!names("onboarding") && !names("onboarding.new"));
}

#[test]
fn without_a_password_the_answer_has_a_token_that_signs_in() {
    let fresh = Fresh::start();
    let mut draft = fresh.draft();
    draft.as_object_mut().unwrap().remove("password");
    let done = fresh.post(&draft).expect(201);
    let token = done.at("/sign_in_token");
    assert!(token.is_string() && done.at("/csrf_token").is_string());
    let session = fresh.api.post(
        "/api/v1/sessions",
        &json!({"token": token, "kind": "terminal"}),
    );
    session.expect(201);
}

/// A draft that is refused writes nothing and uses nothing up.
#[test]
fn a_bad_draft_writes_nothing_and_can_be_mended() {
    let fresh = Fresh::start();
    for (field, value) in [
        ("passphrase", json!("thirteen-char")),
        ("passphrase", Value::Null),
        ("password", json!("too short")),
        ("operator", json!("")),
        ("operator", json!("no\u{7}bell")),
        ("operator", json!("0198c5a0-5d5e-7000-8000-000000000000")),
        ("store", json!("postgresql")),
    ] {
        let mut draft = fresh.draft();
        draft[field] = value.clone();
        let refused = fresh.post(&draft).expect_code(400, "invalid_input");
        assert_eq!(refused.at("/field"), field, "{value}");
        fresh.has_nothing();
        assert_eq!(fresh.state(), "open");
    }
    let mut draft = fresh.draft();
    draft["store"] = json!("sqlcipher");
    fresh.post(&draft).expect(201);
}

#[test]
fn five_wrong_tokens_kill_the_address() {
    let fresh = Fresh::start();
    for left in (0..5).rev() {
        let mut draft = fresh.draft();
        draft["token"] = json!(format!("cs_{}", "A".repeat(43)));
        let refused = fresh.post(&draft).expect_code(401, "setup_token_invalid");
        assert_eq!(refused.at("/tries_left"), left);
    }
    fresh.post(&fresh.draft()).expect_code(410, "setup_closed");
    assert_eq!(fresh.state(), "closed");
    fresh.has_nothing();
    assert!(!fresh.program.data_dir().join("setup-address").exists());
    assert!(
        fresh.log().contains("restart the gateway"),
        "{}",
        fresh.log()
    );
    // Still nothing is open.
    fresh.api.get("/api/v1/agents").expect_code(423, "setup");
}

#[test]
fn of_two_at_once_one_wins() {
    let fresh = Fresh::start();
    let (api, mut other) = (fresh.api.clone(), fresh.draft());
    other["operator"] = json!("bob");
    let second = std::thread::spawn(move || api.post("/api/v1/setup", &other));
    let first = fresh.post(&fresh.draft());
    let second = second.join().unwrap();
    let (won, lost, name) = if first.status == 201 {
        (first, second, "ada")
    } else {
        (second, first, "bob")
    };
    assert_eq!(won.expect(201).at("/operator"), name);
    lost.expect_code(410, "setup_closed");
}

/// A page of another origin, or another name for this machine, gets nowhere and costs no try.
#[test]
fn other_pages_cannot_set_up_or_use_up_the_tries() {
    let fresh = Fresh::start();
    let body = fresh.draft();
    for headers in [
        [("origin", "https://evil.example")],
        [("host", "evil.example")],
    ] {
        for _ in 0..6 {
            fresh
                .api
                .with_json("POST", "/api/v1/setup", &headers, &body)
                .expect(403);
        }
    }
    assert_eq!(fresh.state(), "open");
}

#[test]
fn a_killed_set_up_leaves_nothing_or_everything() {
    let mut kinds = [0, 0];
    let mut program = program();
    for round in 0_u64..14 {
        let mut fresh = Fresh::of(program);
        fresh.has_nothing();
        let (api, draft) = (fresh.api.clone(), fresh.draft());
        let caller = std::thread::spawn(move || {
            let body = draft.to_string();
            let headers = [("content-type", "application/json")];
            api.try_send("POST", "/api/v1/setup", &headers, Some(body.as_bytes()))
                .is_ok_and(|answer| answer.status == 201)
        });
        std::thread::sleep(Duration::from_millis(round * 60));
        fresh.child.kill_and_wait().ok();
        let was_told = caller.join().unwrap();
        program = fresh.program;
        // A start finishes what was made, or finds nothing.
        let (address, mut child) = start(&program);
        let api = Api {
            address: address.parse().unwrap(),
            key: None,
        };
        let status = api.get("/readyz").at("/status");
        if status == "setup" {
            assert!(!was_told, "round {round}: an answer, and nothing there");
            kinds[0] += 1;
            child.kill_and_wait().ok();
        } else {
            assert_eq!(status, "locked", "round {round}");
            kinds[1] += 1;
            assert!(header_is_there(&program.data_dir()));
            api.post("/api/v1/vault/unlock", &json!({"passphrase": PASSPHRASE}))
                .expect(200);
            let sign_in = json!({"name": "ada", "password": PASSWORD, "kind": "terminal"});
            api.post("/api/v1/sessions", &sign_in).expect(201);
            child.kill_and_wait().ok();
            program = self::program();
        }
    }
    assert!(kinds[0] > 0, "{kinds:?}");
}

/// What a death between the rename and the last move leaves is finished at the next start, whoever starts.
#[test]
fn interrupted_moves_are_finished() {
    let mut fresh = Fresh::start();
    fresh.post(&fresh.draft()).expect(201);
    fresh
        .child
        .terminate_and_wait(Duration::from_secs(30))
        .unwrap();
    let data = fresh.program.data_dir();
    let made = data.join("onboarding");
    for moved in [
        &["vault.json"][..],
        &["vault.json", "countersign.db"],
        &["vault.json", "countersign.db", "checkpoints.txt"],
    ] {
        std::fs::create_dir(&made).unwrap();
        for name in moved {
            std::fs::rename(data.join(name), made.join(name)).unwrap();
        }
        let (address, mut child) = start(&fresh.program);
        let api = Api {
            address: address.parse().unwrap(),
            key: None,
        };
        assert_eq!(api.get("/readyz").at("/status"), "locked", "{moved:?}");
        api.post("/api/v1/vault/unlock", &json!({"passphrase": PASSPHRASE}))
            .expect(200);
        api.get("/readyz").expect(200);
        child.terminate_and_wait(Duration::from_secs(30)).unwrap();
        assert!(!made.exists());
    }
}

#[test]
fn onboarding_while_a_set_up_is_open_is_told_why_not() {
    let fresh = Fresh::start();
    let mut command = fresh.program.command(&["onboard", "--yes", "--json"]);
    command.env("COUNTERSIGN_MASTER_KEY", PASSPHRASE);
    let refused = super::program::run(command).expect(3);
    assert!(
        refused.stderr.contains("in_use") && refused.stderr.contains("set up in a browser"),
        "{}",
        refused.stderr
    );
    fresh.has_nothing();
    // A second gateway on the same folder is told as well, and the first one's address lives on.
    let second = fresh.program.run(&["gateway", "--listen", "127.0.0.1:0"]);
    let second = second.expect(3);
    assert!(second.stderr.contains("in use"), "{}", second.stderr);
    assert!(fresh.program.data_dir().join("setup-address").exists());
    fresh.post(&fresh.draft()).expect(201);
}

/// Whoever scripts has given the passphrase: then `onboard` is what is missing, and nothing is opened.
#[test]
fn a_script_is_not_set_up_in_a_browser() {
    let mut program = Program::usual();
    let gateway = ["gateway", "--listen", "127.0.0.1:0"];
    program.run(&gateway).expect(3);
    assert!(!program.data_dir().exists());
    program.set("COUNTERSIGN_MASTER_KEY", "");
    let refused = program.run(&["gateway", "--until-stdin-closes", "--listen", "127.0.0.1:0"]);
    refused.expect(3);
    let socket = format!("unix:{}", program.file("socket").display());
    let refused = program.run(&["gateway", "--listen", &socket]).expect(3);
    assert!(refused.stderr.contains("no browser"), "{}", refused.stderr);
    program.set(
        "COUNTERSIGN_DATABASE_URL",
        "postgres://nobody@127.0.0.1:1/x",
    );
    let started = Instant::now();
    let refused = program.run(&gateway);
    assert!(refused.exit == 3 || refused.exit == 4, "{refused:?}");
    assert!(started.elapsed() < Duration::from_mins(1));
}

/// While a gateway waits to be set up, every command says that, and none sends anybody to `onboard`, which would be refused.
#[test]
fn commands_name_the_set_up_that_is_open() {
    let fresh = Fresh::start();
    let address = fresh.program.data_dir().join("setup-address");
    let address = address.to_str().unwrap();
    let list = fresh.program.run(&["list"]).expect(3);
    assert!(list.stderr.contains(address), "{}", list.stderr);
    let status = fresh.program.run(&["status"]).expect(0);
    assert!(status.stderr.contains(address), "{}", status.stderr);
    let doctor = fresh.program.run(&["doctor"]);
    let told = format!("{}{}", doctor.stdout, doctor.stderr);
    assert!(told.contains(address), "{told}");
    assert!(!told.contains("{\"problems\""), "{told}");
    assert!(told.contains("waits to be set up"), "{told}");
    // Before a passphrase is asked for.
    let onboard = fresh.program.run(&["onboard", "--yes"]).expect(3);
    assert!(
        onboard.stderr.contains("set up in a browser"),
        "{}",
        onboard.stderr
    );
}
