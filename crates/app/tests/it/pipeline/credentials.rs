//! Requirements 20 and 21, invariant 1: the credential goes to the upstream, and never to the agent.

use countersign_testkit::Reply;
use serde_json::json;

use crate::support::{SECRET, Scene, TestGateway, add_target, base64, grant, hex, proxy_body};

/// Every spelling of the secret that a reply may have.
fn spellings() -> Vec<String> {
    let hex = hex(SECRET.as_bytes());
    let url: String = SECRET
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    let json_escaped = SECRET.replace('/', "\\/").replace('&', "\\u0026");
    let mut all = vec![
        SECRET.to_owned(),
        hex.clone(),
        hex.to_uppercase(),
        url.clone(),
        url.replace("%2F", "%2f").replace("%2B", "%2b"),
        json_escaped,
    ];
    // Base64 has three alignments; only what the secret alone decides of each is sought.
    for shift in 0..3 {
        let padded = [vec![b'#'; shift], SECRET.as_bytes().to_vec(), vec![b'#'; 3]].concat();
        let text = base64(&padded);
        let first = (shift * 8).div_ceil(6);
        let last = ((shift + SECRET.len()) * 8) / 6;
        all.push(text[first..last].to_owned());
        all.push(text[first..last].replace('+', "-").replace('/', "_"));
    }
    all
}

/// A body with every spelling between marks.
fn revealing() -> String {
    let lines = spellings()
        .into_iter()
        .enumerate()
        .map(|(number, text)| format!("<{number}>{text}</{number}>"));
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_masked(body: &str, what: &str) {
    for (number, text) in spellings().iter().enumerate() {
        assert!(
            !body.contains(text.as_str()),
            "{what}: spelling {number} of the secret is in the reply:\n{body}"
        );
        assert!(
            body.contains(&format!("<{number}>")) && body.contains(&format!("</{number}>")),
            "{what}: what stood around it is gone:\n{body}"
        );
    }
}

#[test]
fn requirement_21_every_spelling_is_masked_across_any_border() {
    let scene = Scene::new();
    let text = revealing();
    for chunk in [1, 2, 3, 5, 7, 16, 31, 64, 4096] {
        scene
            .upstream
            .on("/read/echo", Reply::text(text.clone()).chunked(chunk));
        let reply = scene.proxy("GET", "/read/echo", None).expect(200);
        assert!(reply.is_whole);
        assert_masked(&reply.text(), &format!("chunks of {chunk}"));
    }
    scene
        .upstream
        .on("/read/echo", Reply::gzip(text.as_bytes()).unwrap());
    let reply = scene.proxy("GET", "/read/echo", None).expect(200);
    assert_eq!(reply.header("content-encoding"), None);
    assert_masked(&reply.text(), "gzip");
    scene
        .upstream
        .on("/read/echo", Reply::text(text.clone()).until_close());
    assert_masked(
        &scene.proxy("GET", "/read/echo", None).expect(200).text(),
        "until close",
    );
    // An error status is a reply like any other, and so is what is kept for execute.
    scene
        .upstream
        .on("/ask/echo", Reply::text(text.clone()).with_status(500));
    let id = scene.approved("/ask/echo", "{}");
    assert_masked(&scene.agent.execute(&id).expect(500).text(), "execute");
    assert_masked(
        scene
            .agent
            .status(&id)
            .expect(200)
            .at("/result/body")
            .as_str()
            .unwrap(),
        "status",
    );
    // In a long, streamed reply too: more than is gathered before the first byte leaves.
    let long = format!("{}{text}{}", "x".repeat(100_000), "y".repeat(100_000));
    scene
        .upstream
        .on("/read/echo", Reply::text(long).chunked(777));
    let reply = scene.proxy("GET", "/read/echo", None).expect(200);
    assert_masked(&reply.text(), "long");
    assert!(reply.text().ends_with(&"y".repeat(100_000)));
    scene.upstream.on(
        "/read/echo",
        Reply::text(text)
            .header("x-echo", SECRET)
            .header("location", &format!("https://x.example/?t={SECRET}")),
    );
    let reply = scene.proxy("GET", "/read/echo", None).expect(200);
    assert!(
        !String::from_utf8_lossy(&reply.everything()).contains(SECRET),
        "{:?}",
        reply.headers
    );
}

#[test]
fn every_type_of_credential_is_injected_and_masked() {
    let scene = Scene::on(TestGateway::start());
    let base = scene.upstream.url("");
    for (name, kind, fields) in [
        (
            "basic",
            "basic",
            json!({ "username": "us", "password": SECRET }),
        ),
        (
            "header",
            "api_key_header",
            json!({ "header": "X-Api-Key", "key": SECRET }),
        ),
        (
            "query",
            "api_key_query",
            json!({ "parameter": "api_key", "key": SECRET }),
        ),
        (
            "headers",
            "headers",
            json!({ "X-One": SECRET, "X-Two": "another-secret-value-42" }),
        ),
    ] {
        add_target(&scene.admin, name, &format!("{base}/{name}"), &json!({}));
        let body = json!({ "target": name, "type": kind, "fields": fields });
        let view = scene.admin.post("/api/v1/credentials", &body);
        assert!(matches!(view.status, 200 | 201), "{}", view.text());
        assert!(!view.text().contains(SECRET));
        grant(&scene.admin, "bot", name, "GET /**", "allow");
        let reply = scene
            .proxy("GET", &format!("/{name}/x?a=1"), None)
            .expect(200);
        assert!(
            !reply.text().contains(SECRET) && !reply.text().contains("another-secret"),
            "{name}: {}",
            reply.text()
        );
        let seen = scene.upstream.requests().pop().unwrap();
        let escaped = "sk_canary_0xC0FFEE%2F%2B7f3a%3D91b4d6e8%265c2Zq~end";
        match name {
            "basic" => {
                let pair = base64(format!("us:{SECRET}").as_bytes());
                assert_eq!(
                    seen.header_values("authorization"),
                    [format!("Basic {pair}")]
                );
                assert!(
                    !reply.text().contains(&pair),
                    "the pair in base64 is the credential too"
                );
            }
            "header" => assert_eq!(seen.header_values("x-api-key"), [SECRET]),
            "query" => {
                let query = seen
                    .target
                    .split_once('?')
                    .unwrap()
                    .1
                    .to_lowercase()
                    .replace("%7e", "~");
                assert!(
                    query.contains("a=1")
                        && query.contains(&format!("api_key={}", escaped.to_lowercase())),
                    "{query}"
                );
            }
            _ => assert_eq!(
                (seen.header("x-one"), seen.header("x-two")),
                (Some(SECRET), Some("another-secret-value-42"))
            ),
        }
    }
    let listed = scene.admin.get("/api/v1/credentials").expect(200);
    assert!(
        !listed.text().contains(SECRET),
        "credentials are listed without values"
    );
}

/// GaiterGuard 2: another case survived and merged with the injected one.
#[test]
fn credential_headers_of_the_agent_are_dropped_whatever_their_case() {
    let scene = Scene::new();
    let mut body = proxy_body("GET", &scene.upstream.url("/read/x"), None);
    body["headers"] = json!({
        "AUTHORIZATION": "Bearer mine", "Cookie": "session=mine", "x-API-key": "mine", "X_Api_Key": "mine", "Proxy-Authorization": "mine",
        "X-Auth-Token": "mine", "X-Harmless": "kept", "Host": "evil.example", "X-Forwarded-For": "mine", "Connection": "x-nominated", "X-Nominated": "mine",
        "X-HTTP-Method-Override": "DELETE",
    });
    scene.agent.proxy(&body).expect(200);
    let seen = scene.upstream.requests().pop().unwrap();
    assert_eq!(
        seen.header_values("authorization"),
        [format!("Bearer {SECRET}")]
    );
    assert_eq!(seen.header("x-harmless"), Some("kept"));
    assert_eq!(
        seen.header("host"),
        Some(scene.upstream.address().to_string().as_str())
    );
    let mine: Vec<_> = seen
        .headers
        .iter()
        .filter(|(_, value)| value.contains("mine") || value == "DELETE")
        .collect();
    assert!(mine.is_empty(), "{mine:?}");
    // The key that the agent signs in with is no header of the call that it asks for.
    let all = format!("{:?}", seen.headers);
    assert!(!all.contains(&scene.agent.key), "{all}");
}

#[test]
fn redirects_are_returned_and_not_followed_with_the_credential() {
    let scene = Scene::new();
    let elsewhere = countersign_testkit::Upstream::start().unwrap();
    for status in [301, 302, 303, 307, 308] {
        scene.upstream.on(
            "/read/moved",
            Reply::redirect(status, &elsewhere.url("/steal")),
        );
        let reply = scene.proxy("GET", "/read/moved", None).expect(status);
        assert_eq!(
            reply.header("location"),
            Some(elsewhere.url("/steal").as_str())
        );
    }
    scene
        .upstream
        .on("/read/moved", Reply::redirect(302, "/read/next"));
    scene.proxy("GET", "/read/moved", None).expect(302);
    assert_eq!(
        (elsewhere.connections(), scene.upstream.count("/read/next")),
        (0, 0)
    );
}
