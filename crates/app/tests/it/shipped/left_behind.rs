//! What only looks like the gateway: a port that `run.json` of a killed one names and that is anybody's now, and a server that answers
//! everything with 200. Nothing may be sent there.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use countersign_testkit::Reply;
use serde_json::json;

use super::program::{feed, run};
use crate::support::{PASSPHRASE, TestGateway};

/// A stranger who listens where a gateway did, and writes down what comes.
pub(super) struct Squatter {
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Squatter {
    pub(super) fn on(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        // It ends with the test process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_millis(300)))
                    .unwrap();
                notes.lock().unwrap().extend_from_slice(b"[connected]");
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    notes.lock().unwrap().extend_from_slice(&buffer[..length]);
                }
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"));
            }
        });
        Self { heard }
    }

    pub(super) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

/// Commands that would hand over a key, a passphrase, a token or a session.
fn nothing_is_sent(gateway: &TestGateway, squatter: &Squatter) {
    for arguments in [
        &["list"][..],
        &["status"],
        &["agent", "list"],
        &["audit", "verify"],
    ] {
        let mut command = gateway.command(arguments);
        command.env("COUNTERSIGN_API_KEY", gateway.admin_key());
        let refused = run(command).expect(4);
        assert!(
            refused.stderr.contains("was killed") && refused.stderr.contains("countersign gateway"),
            "{arguments:?}: {}",
            refused.stderr
        );
    }
    for (arguments, input) in [
        (&["vault", "unlock", "--stdin"], PASSPHRASE),
        (&["login", "--stdin", "--json"], gateway.token()),
    ] {
        feed(gateway.command(arguments), input).expect(4);
    }
    // Its own passphrase, from the environment.
    run(gateway.command(&["vault", "unlock"])).expect(4);
    // The session that is kept in the folder.
    run(gateway.command(&["agent", "list"])).expect(4);
    run(gateway.command(&["logout"])).expect(4);
    assert_eq!(squatter.heard(), "", "somebody else was told");
}

#[test]
fn nothing_is_sent_to_whoever_took_the_port_of_a_killed_gateway() {
    let mut gateway = TestGateway::start();
    feed(gateway.command(&["login", "--stdin"]), gateway.token()).expect(0);
    gateway.kill();
    let squatter = Squatter::on(gateway.address());
    nothing_is_sent(&gateway, &squatter);
    let mut doctor = gateway.command(&["doctor", "--json"]);
    doctor.env("COUNTERSIGN_API_KEY", gateway.admin_key());
    let report = run(doctor).json();
    assert!(report.to_string().contains("no gateway runs"), "{report}");
    assert_eq!(squatter.heard(), "", "doctor told somebody else");
    // Looking does not keep a gateway from starting.
    gateway.restart();
    gateway.admin().get("/readyz").expect(200);
}

#[test]
fn a_lock_that_is_not_the_gateways_proves_nothing() {
    let mut gateway = TestGateway::start();
    feed(gateway.command(&["login", "--stdin"]), gateway.token()).expect(0);
    gateway.kill();
    let squatter = Squatter::on(gateway.address());
    // As `migrate`, or a gateway that is starting, holds it.
    let mut lock = File::options()
        .read(true)
        .write(true)
        .open(gateway.data_dir().join("lock"))
        .unwrap();
    lock.try_lock().unwrap();
    lock.set_len(0).unwrap();
    lock.rewind().unwrap();
    nothing_is_sent(&gateway, &squatter);
    writeln!(lock, "{}", std::process::id()).unwrap();
    nothing_is_sent(&gateway, &squatter);
}

#[test]
fn a_server_that_is_no_gateway_gets_no_secret_and_nothing_is_called_done() {
    let upstream = countersign_testkit::Upstream::start().unwrap();
    for answer in [
        json!({}),
        json!({ "status": "ok" }),
        json!([]),
        json!({ "status": "ready" }),
    ] {
        upstream.on("/readyz", Reply::json(&answer));
        upstream.on("/api/v1/kills", Reply::json(&json!({})));
        let gateway = TestGateway::onboard(&[("COUNTERSIGN_URL", &upstream.url(""))]);
        for arguments in [
            &["kill", "pull", "--all"][..],
            &["list"],
            &["status"],
            &["vault", "unlock"],
        ] {
            let mut command = gateway.command(arguments);
            command.env("COUNTERSIGN_API_KEY", gateway.admin_key());
            let refused = run(command).expect(4);
            assert!(
                refused.stderr.contains("no Countersign gateway") && refused.stdout.is_empty(),
                "{arguments:?}: {refused:?}"
            );
        }
        feed(gateway.command(&["login", "--stdin"]), gateway.token()).expect(4);
    }
    for request in upstream.requests() {
        let told = format!("{request:?}");
        assert!(
            request.path() == "/readyz" && !told.contains("cs_") && !told.contains(PASSPHRASE),
            "{told}"
        );
    }
}

#[test]
fn a_reply_without_a_list_is_no_empty_list() {
    let upstream = countersign_testkit::Upstream::start().unwrap();
    let ready = json!({ "status": "ready", "problems": [] });
    upstream.on("/readyz", Reply::json(&ready));
    upstream.on("/api/v1/agents", Reply::json(&json!({ "agents": [] })));
    let gateway = TestGateway::onboard(&[("COUNTERSIGN_URL", &upstream.url(""))]);
    let mut command = gateway.command(&["agent", "list"]);
    command.env("COUNTERSIGN_API_KEY", gateway.admin_key());
    let refused = run(command).expect(4);
    assert!(refused.stderr.contains("no list"), "{}", refused.stderr);
}
