//! Upstreams that hang, reset, lie or send rubbish: a clear error to the agent, an outcome in the ledger, a gateway that lives on.

use countersign_testkit::{Certificate, Reply, Upstream, free_port};
use serde_json::json;

use crate::support::{Scene, add_target, grant, proxy_body, set_bearer};

/// One way to fail: the reply, then status and outcome of a read and of a write.
struct Fault {
    name: &'static str,
    reply: Reply,
    status: u16,
    codes: &'static [&'static str],
}

fn faults() -> Vec<Fault> {
    let fault = |name, reply, status, codes| Fault {
        name,
        reply,
        status,
        codes,
    };
    vec![
        fault("hangs", Reply::hang(), 504, &["first_byte_timeout"]),
        fault(
            "resets after its head",
            Reply::text("x".repeat(100)).reset_after(0),
            502,
            &["connection_lost"],
        ),
        fault(
            "resets in its body",
            Reply::text("x".repeat(100)).reset_after(50),
            502,
            &["connection_lost"],
        ),
        fault(
            "closes too early",
            Reply::text("x".repeat(100)).truncated_after(50),
            502,
            &["connection_lost", "bad_response"],
        ),
        fault(
            "breaks its chunks",
            Reply::bad_chunking(),
            502,
            &["bad_response", "connection_lost"],
        ),
        fault(
            "speaks no HTTP",
            Reply::raw("SSH-2.0-OpenSSH_9.2\r\n"),
            502,
            &["bad_response", "connection_lost"],
        ),
        fault(
            "says nothing",
            Reply::raw(""),
            502,
            &["connection_lost", "bad_response"],
        ),
        fault(
            "answers twice over",
            Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde"),
            502,
            &["bad_response"],
        ),
        fault(
            "lies about gzip",
            Reply::text("not gzip at all").header("content-encoding", "gzip"),
            502,
            &["bad_encoding"],
        ),
        fault(
            "uses a coding that nobody asked for",
            Reply::text("?").header("content-encoding", "br"),
            502,
            &["unsupported_encoding"],
        ),
    ]
}

#[test]
fn every_fault_is_told_and_recorded() {
    let scene = Scene::new();
    scene
        .admin
        .patch(
            "/api/v1/targets/pay",
            &json!({ "limits": { "first_byte_millis": 400, "total_millis": 2_000 } }),
        )
        .expect(200);
    for Fault {
        name,
        reply,
        status,
        codes,
    } in faults()
    {
        for (method, path) in [("GET", "/read/x"), ("PUT", "/write/x"), ("POST", "/ask/x")] {
            scene.upstream.forget();
            scene.upstream.on(path, reply.clone());
            let (failed, id) = if method == "POST" {
                let id = scene.approved(path, "{}");
                (scene.agent.execute(&id), id)
            } else {
                let failed = scene.proxy(method, path, None);
                (failed, scene.newest())
            };
            let failed = failed.expect(status);
            let code = failed.at("/code").as_str().unwrap().to_owned();
            assert!(
                codes.contains(&code.as_str()),
                "{name}, {method}: {}",
                failed.text()
            );
            assert_eq!(
                failed.at("/action_id"),
                id,
                "{name}, {method}: {}",
                failed.text()
            );
            assert_eq!(scene.story(&id).last().unwrap().1, code, "{name}, {method}");
            let state = scene.state(&id);
            if method == "GET" {
                assert_eq!(state, "failed", "{name}");
            } else {
                // Before a head nobody knows; after it the upstream's word stands.
                assert!(
                    matches!(state.as_str(), "unknown" | "succeeded" | "failed"),
                    "{name}, {method}: {state}"
                );
                assert!(
                    state == "unknown" || code != "first_byte_timeout",
                    "{name}, {method}: {state}"
                );
            }
            // Never sent again, however tempting.
            assert_eq!(scene.upstream.count(path), 1, "{name}, {method}");
        }
    }
    scene.upstream.on("/read/x", Reply::text("fine"));
    scene.proxy("GET", "/read/x", None).expect(200);
    assert_eq!(
        scene
            .admin
            .get("/api/v1/audit/verify")
            .expect(200)
            .at("/valid"),
        true
    );
}

#[test]
fn a_slow_reply_ends_at_the_limit_of_the_whole_call() {
    let scene = Scene::new();
    scene
        .admin
        .patch(
            "/api/v1/targets/pay",
            &json!({ "limits": { "total_millis": 700 } }),
        )
        .expect(200);
    let drip = Reply::stream(10_000)
        .chunked(10)
        .paced(std::time::Duration::from_millis(20));
    scene.upstream.on("/ask/drip", drip);
    let id = scene.approved("/ask/drip", "{}");
    let late = scene.agent.execute(&id).expect(504);
    assert_eq!(late.at("/limit"), "total_millis");
    // One that streams has begun already: it is cut.
    scene.upstream.on(
        "/read/drip",
        Reply::stream(1_000_000)
            .chunked(70_000)
            .paced(std::time::Duration::from_millis(200)),
    );
    let cut = scene.proxy("GET", "/read/drip", None);
    assert!(cut.status == 504 || !cut.is_whole, "{}", cut.status);
    let id = scene.newest();
    scene.wait_for_state(&id, "failed");
}

#[test]
fn a_bad_certificate_is_refused_before_anything_is_sent() {
    let scene = Scene::new();
    for (name, certificate) in [
        ("expired", Certificate::Expired),
        ("wrong-name", Certificate::WrongName),
        ("unknown", Certificate::UnknownAuthority),
        // Valid, by an authority that this machine does not trust.
        ("untrusted", Certificate::Valid),
    ] {
        let upstream = Upstream::start_tls(certificate).unwrap();
        add_target(&scene.admin, name, &upstream.url(""), &json!({}));
        set_bearer(&scene.admin, name, "a-secret-for-tls-42");
        grant(&scene.admin, "bot", name, "GET /**", "allow");
        grant(&scene.admin, "bot", name, "PUT /**", "allow");
        for method in ["GET", "PUT"] {
            let refused = scene
                .agent
                .proxy(&proxy_body(method, &upstream.url("/x"), None))
                .expect(502);
            assert_eq!(
                refused.at("/code"),
                "tls_failed",
                "{name}: {}",
                refused.text()
            );
            let id = scene.newest();
            // Nothing was sent, so even a write has failed, and its outcome is known.
            assert_eq!(scene.state(&id), "failed", "{name}");
            assert_eq!(scene.story(&id).last().unwrap().1, "tls_failed");
        }
        assert_eq!(upstream.total(), 0, "{name}");
    }
}

#[test]
fn an_upstream_that_is_not_there_is_told_and_recorded() {
    let scene = Scene::new();
    let base = format!("http://127.0.0.1:{}", free_port().unwrap());
    add_target(&scene.admin, "gone", &base, &json!({}));
    grant(&scene.admin, "bot", "gone", "PUT /**", "allow");
    let failed = scene
        .agent
        .proxy(&proxy_body("PUT", &format!("{base}/x"), Some("x")))
        .expect_code(502, "connect_failed");
    assert!(failed.at("/action_id").is_string());
    assert_eq!(scene.state(&scene.newest()), "failed");
}
