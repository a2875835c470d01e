//! Requirement 40: what can't be recorded does not happen. Full disk, read-only store, failed fsync: refused, said in `/readyz`, or the
//! process ends.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use countersign_testkit::{Upstream, command};
use serde_json::{Value, json};

use super::shim::{EIO, ENOSPC, EROFS, Shim};
use super::skipped;
use crate::support::{
    Agent, Started, TestGateway, add_agent, add_target, grant, proxy_body, set_bearer,
};

struct Bed {
    gateway: TestGateway,
    upstream: Upstream,
    agent: Agent,
}

impl Bed {
    fn new(gateway: TestGateway) -> Self {
        let upstream = Upstream::start().unwrap();
        let agent = add_agent(&gateway, "bot");
        add_target(&gateway.admin(), "pay", &upstream.url(""), &json!({}));
        set_bearer(&gateway.admin(), "pay", "a-secret-for-disks");
        for (action, verdict) in [
            ("GET /read/**", "allow"),
            ("PUT /write/**", "allow"),
            ("POST /ask/**", "ask"),
        ] {
            grant(&gateway.admin(), "bot", "pay", action, verdict);
        }
        Self {
            gateway,
            upstream,
            agent,
        }
    }

    /// A call; 0 where the gateway is not there any more.
    fn call(&self, method: &str, path: &str) -> (u16, Value) {
        let body = proxy_body(
            method,
            &self.upstream.url(path),
            Some("{}").filter(|_| method != "GET"),
        )
        .to_string();
        match self.agent.api.try_send(
            "POST",
            "/proxy",
            &[("content-type", "application/json")],
            Some(body.as_bytes()),
        ) {
            Ok(reply) if reply.is_whole => (
                reply.status,
                serde_json::from_slice(&reply.body).unwrap_or_default(),
            ),
            Ok(_) | Err(_) => (0, Value::Null),
        }
    }

    /// Nothing runs unrecorded, and the gateway says so or has ended. Whether it has ended.
    fn refuses(&mut self, what: &str) -> bool {
        let before = self.upstream.total();
        for (method, path) in [
            ("PUT", "/write/refused"),
            ("POST", "/ask/refused"),
            ("GET", "/read/refused"),
            ("PUT", "/write/refused2"),
        ] {
            let (status, body) = self.call(method, path);
            assert!(
                matches!(status, 0 | 503),
                "{what}: {method} was answered {status} {body}"
            );
        }
        // A read may have been sent; what it brought went to nobody.
        assert_eq!(
            self.upstream.count("/write/refused")
                + self.upstream.count("/write/refused2")
                + self.upstream.count("/ask/refused"),
            0,
            "{what}"
        );
        assert!(self.upstream.total() <= before + 1, "{what}");
        if self
            .gateway
            .child()
            .wait_within(Duration::from_secs(3))
            .is_ok()
        {
            let status = self.gateway.child().exit_status().unwrap().unwrap();
            assert!(!status.success(), "{what}: it ended with {status}");
            return true;
        }
        // It looks at the store every few seconds.
        countersign_testkit::wait_until(
            "a gateway that can't write to say so",
            Duration::from_secs(15),
            || self.gateway.anonymous().get("/readyz").status == 503,
        )
        .unwrap_or_else(|error| panic!("{what}: {error}"));
        false
    }

    /// It works again, and what was acknowledged before is there.
    fn recovers(&mut self, has_ended: bool, what: &str) {
        if has_ended {
            self.gateway.kill();
            self.gateway.restart();
            self.agent.api = self.gateway.api(&self.agent.key);
        }
        countersign_testkit::wait_until("the gateway's recovery", Duration::from_secs(30), || {
            std::thread::sleep(Duration::from_millis(200));
            self.call("PUT", "/write/again").0 == 200
                && self.gateway.anonymous().get("/readyz").status == 200
        })
        .unwrap_or_else(|error| {
            panic!(
                "{what}: {error}\n{}",
                self.gateway
                    .log()
                    .lines()
                    .rev()
                    .take(20)
                    .collect::<Vec<_>>()
                    .join("\n")
            )
        });
        let actions: Vec<(String, String)> = self
            .gateway
            .admin()
            .list("/api/v1/actions?limit=200")
            .iter()
            .map(|item| {
                (
                    item["action"].as_str().unwrap().to_owned(),
                    item["state"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        for before in ["GET /read/before", "PUT /write/before"] {
            assert!(
                actions.contains(&(before.to_owned(), "succeeded".to_owned())),
                "{what}: {actions:?}"
            );
        }
        assert!(
            !actions
                .iter()
                .any(|(action, state)| action.contains("/write/refused") && state == "succeeded"),
            "{what}: {actions:?}"
        );
        let verified = self.gateway.admin().get("/api/v1/audit/verify").expect(200);
        assert_eq!(verified.at("/valid"), true, "{what}: {}", verified.text());
    }

    fn before(&self) {
        assert_eq!(self.call("GET", "/read/before").0, 200);
        assert_eq!(self.call("PUT", "/write/before").0, 200);
    }
}

fn with_fault(what: &str, operation: &str, code: i32) {
    let shim = Shim::build();
    let gateway = TestGateway::start_with(&[
        ("LD_PRELOAD", shim.library()),
        ("SHIM_CONTROL", shim.control().to_str().unwrap()),
    ]);
    let mut bed = Bed::new(gateway);
    bed.before();
    shim.fail(operation, code);
    let has_ended = bed.refuses(what);
    shim.heal();
    bed.recovers(has_ended, what);
}

#[test]
fn requirement_40_a_failed_fsync_acknowledges_nothing() {
    with_fault("fsync fails", "fsync", EIO);
}

#[test]
fn requirement_40_a_full_disk_acknowledges_nothing() {
    with_fault("no space left", "write", ENOSPC);
}

#[test]
fn requirement_40_a_store_that_became_read_only_acknowledges_nothing() {
    with_fault("read-only file system", "write", EROFS);
}

#[test]
fn requirement_40_a_disk_that_fails_acknowledges_nothing() {
    with_fault("I/O error", "write", EIO);
}

/// A small file system of the test's own, unmounted with the value.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn new(place: &'a Path, size: &str) -> Option<Self> {
        std::fs::create_dir(place).unwrap();
        let output = command("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size},mode=0700"),
                "tmpfs",
            ])
            .arg(place)
            .output()
            .ok()?;
        output.status.success().then_some(Self(place))
    }

    fn remount(&self, how: &str) {
        let output = command("mount")
            .args(["-o", &format!("remount,{how}")])
            .arg(self.0)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = command("umount").arg("-l").arg(self.0).output();
    }
}

#[test]
fn requirement_40_a_file_system_without_room_or_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("small");
    let Some(mount) = Mount::new(&place, "24m") else {
        skipped("mounting a file system needs root");
        return;
    };
    let gateway = TestGateway::onboard_in(tempfile::tempdir().unwrap(), place.join("data"), &[]);
    let mut gateway = gateway;
    gateway.restart();
    let mut bed = Bed::new(gateway);
    bed.before();
    // Fills the rest to the last byte.
    let filler = place.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    for piece in [1 << 20, 4096, 1] {
        while file.write_all(&vec![0; piece]).is_ok() {}
    }
    // A file that is open keeps its room when it is removed.
    drop(file);
    // The log has room that it reuses: write until there is none.
    let mut acknowledged = Vec::new();
    for number in 0..3_000 {
        let path = format!("/write/{number}");
        let (status, body) = bed.call("PUT", &path);
        if status == 200 {
            acknowledged.push(path);
            continue;
        }
        assert!(matches!(status, 0 | 503), "{status} {body}");
        assert_eq!(bed.upstream.count(&path), 0, "it was refused and sent");
        break;
    }
    assert!(acknowledged.len() < 3_000, "the disk never filled");
    let has_ended = bed.refuses("a full file system");
    std::fs::remove_file(&filler).unwrap();
    bed.recovers(has_ended, "a full file system");
    let admin = bed.gateway.admin();
    let kept = admin.whole_list("/api/v1/actions?state=succeeded&limit=200");
    let kept: std::collections::HashSet<String> = kept
        .iter()
        .map(|item| item["action"].as_str().unwrap().to_owned())
        .collect();
    for path in acknowledged {
        assert!(
            kept.contains(&format!("PUT {path}")),
            "{path} was acknowledged and is gone"
        );
    }
    // Read-only from the start: it does not come up half.
    assert!(bed.gateway.stop().success());
    mount.remount("ro");
    match bed.gateway.try_start() {
        Started::Ended(status) => assert!(matches!(status.code(), Some(1..=4)), "{status}"),
        Started::Ready => {
            assert_eq!(bed.gateway.anonymous().get("/readyz").status, 503);
            bed.gateway.kill();
        }
    }
    mount.remount("rw");
    bed.gateway.restart();
    bed.gateway.kill();
}
