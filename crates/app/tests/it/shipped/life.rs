//! The gateway's life: who may start it, what a crash leaves, what ends it, what a reload does.

use std::time::Duration;

use countersign_testkit::wait_until;
use rustix::process::Signal;
use serde_json::Value;

use super::program::{mode, run};
use crate::support::TestGateway;

#[test]
fn a_second_gateway_on_the_same_data_is_refused() {
    let gateway = TestGateway::start();
    let refused = run(gateway.command(&["gateway", "--listen", "127.0.0.1:0"])).expect(3);
    assert!(refused.stderr.contains("in use"), "{}", refused.stderr);
    // And the first goes on.
    gateway.admin().get("/readyz").expect(200);
    assert!(gateway.data_dir().join("run.json").exists());
}

#[test]
fn offline_writers_refuse_while_a_gateway_runs() {
    let gateway = TestGateway::start();
    for arguments in [&["migrate", "run"][..], &["migrate", "status"]] {
        let refused = run(gateway.command(arguments)).expect(3);
        assert!(
            refused.stderr.contains("in use"),
            "{arguments:?}: {}",
            refused.stderr
        );
    }
}

#[test]
fn a_killed_gateway_leaves_run_json_and_the_command_line_says_so() {
    let mut gateway = TestGateway::start();
    gateway.kill();
    assert!(gateway.data_dir().join("run.json").exists());
    let lost = run(gateway.command(&["list"])).expect(4);
    assert!(lost.stderr.contains("was killed"), "{}", lost.stderr);
    gateway.restart();
    gateway.admin().get("/readyz").expect(200);
    assert_eq!(gateway.stop().code(), Some(0));
    assert!(!gateway.data_dir().join("run.json").exists());
}

#[test]
fn an_interrupt_ends_it_like_a_terminate() {
    let mut gateway = TestGateway::start();
    gateway.child().signal(Signal::INT).unwrap();
    let status = gateway
        .child()
        .wait_within(Duration::from_secs(30))
        .unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(!gateway.data_dir().join("run.json").exists());
}

#[test]
fn a_reload_takes_the_log_level_and_keeps_the_old_values_on_an_error() {
    let gateway = TestGateway::onboard(&[]);
    let file = gateway.data_dir().join("countersign.json5");
    std::fs::write(&file, "{ log: { level: 'info' } }").unwrap();
    let mut gateway = gateway;
    gateway.restart();
    let says = |gateway: &TestGateway, text: &str| {
        wait_until(text, Duration::from_secs(20), || {
            gateway.log().contains(text)
        })
        .unwrap_or_else(|error| panic!("{error}: {}", gateway.log()));
    };

    std::fs::write(&file, "{ lgo: { level: 'debug' } }").unwrap();
    gateway.child().signal(Signal::HUP).unwrap();
    says(&gateway, "the configuration was not reloaded");
    assert!(
        gateway.log().contains("did you mean") || gateway.log().contains("unknown field `lgo`"),
        "{}",
        gateway.log()
    );
    gateway.admin().get("/readyz").expect(200);

    std::fs::write(&file, "{ log: { level: 'info' }, hosts: ['gate.example'] }").unwrap();
    gateway.child().signal(Signal::HUP).unwrap();
    says(&gateway, "these values take effect at the next start");
    assert!(gateway.log().contains("hosts"), "{}", gateway.log());
}

#[test]
fn every_start_warns_of_open_private_networks() {
    let gateway = TestGateway::start_with(&[("COUNTERSIGN_ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8")]);
    assert!(
        gateway.log().contains("private networks are open"),
        "{}",
        gateway.log()
    );
    let checks = run({
        let mut command = gateway.command(&["doctor", "--json"]);
        command.env("COUNTERSIGN_API_KEY", gateway.admin_key());
        command
    });
    let found = checks.expect(0).json();
    let finding = found["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["check"] == "private networks")
        .unwrap()
        .clone();
    assert_eq!(finding["level"], "warn");
    assert!(
        finding["mend"]
            .as_str()
            .unwrap()
            .contains("COUNTERSIGN_ALLOW_PRIVATE_NETWORKS")
    );
}

#[test]
fn the_process_can_not_be_dumped() {
    // Requirement 24.
    let mut gateway = TestGateway::start();
    let pid = gateway.child().pid();
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(
        core.split_whitespace().filter(|word| *word == "0").count(),
        2,
        "{core}"
    );
}

#[test]
fn a_self_signed_gateway_is_trusted_by_its_fingerprint() {
    use std::io::{BufRead, BufReader};
    let gateway = TestGateway::onboard(&[]);
    let mut command = gateway.command(&["gateway", "--listen", "127.0.0.1:0", "--tls-self-signed"]);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let mut child = countersign_testkit::ChildGuard::spawn(command).unwrap();
    let mut line = String::new();
    BufReader::new(child.take_stdout().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(
        line.starts_with("listening on https://127.0.0.1:"),
        "{line}"
    );
    let run_file: Value =
        serde_json::from_slice(&std::fs::read(gateway.data_dir().join("run.json")).unwrap())
            .unwrap();
    let fingerprint = run_file["fingerprint"].as_str().unwrap();
    assert_eq!(fingerprint.len(), 64);
    assert_eq!(mode(&gateway.data_dir().join("tls-key.pem")), 0o600);
    let listed = gateway.run(&["agent", "list", "--json"]);
    assert!(listed.status.success(), "{listed:?}");
    // By address alone it is not trusted; with the fingerprint it is.
    let url = line.trim().strip_prefix("listening on ").unwrap();
    let call = |pin: Option<&str>| {
        let mut command = gateway.command(&["agent", "list", "--json"]);
        command
            .env("COUNTERSIGN_API_KEY", gateway.admin_key())
            .env("COUNTERSIGN_URL", url);
        if let Some(pin) = pin {
            command.env("COUNTERSIGN_FINGERPRINT", pin);
        }
        run(command)
    };
    call(None).expect(4);
    call(Some(&"00".repeat(32))).expect(4);
    call(Some(fingerprint)).expect(0);
}

#[test]
fn a_unix_socket_is_a_listener_like_any_other() {
    use std::io::{BufRead, BufReader};
    let gateway = TestGateway::onboard(&[]);
    let socket = gateway.file("gate.sock");
    let listen = format!("unix:{}", socket.display());
    let mut command = gateway.command(&["gateway", "--listen", &listen]);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let mut child = countersign_testkit::ChildGuard::spawn(command).unwrap();
    let mut line = String::new();
    BufReader::new(child.take_stdout().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line.trim(), format!("listening on {listen}"));
    assert_eq!(mode(&socket), 0o600);
    let listed = gateway.run(&["agent", "list", "--json"]);
    assert!(listed.status.success(), "{listed:?}");
    assert_eq!(
        child
            .terminate_and_wait(Duration::from_secs(30))
            .unwrap()
            .code(),
        Some(0)
    );
    assert!(!socket.exists(), "the socket goes at a clean exit");
}
