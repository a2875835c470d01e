//! Requirements 5 and 20: after everything that can happen to a credential, its value is in no output, log, file or row.

use std::path::Path;
use std::time::Duration;

use countersign_testkit::{Availability, Postgres, Reply, Service, available};
use serde_json::json;

use crate::support::{PASSPHRASE, SECRET, Scene, TestGateway, hex, set_bearer};

const BASIC: &str = "canary-basic-pa55w0rd-77aa88bb";
const OPERATOR: &str = "canary-operator-passphrase-31337";
const NEW: &str = "sk_canary_rotated_5511aa22bb33cc44";

/// Everything that somebody could look at.
#[derive(Default)]
struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    fn add(&mut self, what: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((what.into(), bytes.into()));
    }

    fn folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                self.folder(&path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                self.add(path.display().to_string(), bytes);
            }
        }
    }

    fn hits(&self, secret: &str) -> Vec<&str> {
        // By the standard library's search, which is optimised in every profile.
        let holds = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(secret);
        self.0
            .iter()
            .filter(|(_, bytes)| holds(bytes))
            .map(|(what, _)| what.as_str())
            .collect()
    }
}

/// Success, failure, waiting, replay, stale: whatever puts a lease to work or refuses to.
fn live(scene: &Scene, seen: &mut Seen) {
    let echo = Reply::text(format!("secret: {SECRET}"))
        .header("x-echo", SECRET)
        .header("set-cookie", &format!("s={SECRET}"));
    for (path, reply) in [
        ("/read/echo", echo.clone()),
        ("/read/error", echo.clone().with_status(500)),
        (
            "/read/broken",
            Reply::text(format!("{SECRET}{}", "x".repeat(100))).truncated_after(60),
        ),
        ("/read/reset", Reply::text(SECRET).reset_after(5)),
        (
            "/read/rubbish",
            Reply::raw(format!("{SECRET} is not HTTP\r\n\r\n")),
        ),
        (
            "/read/head",
            Reply::raw(format!("HTTP/1.1 200 OK\r\nx y {SECRET}: 1\r\n\r\n")),
        ),
        (
            "/read/moved",
            Reply::redirect(302, &format!("https://x.example/?key={SECRET}")),
        ),
        (
            "/read/long",
            Reply::text(format!("{SECRET} ").repeat(20_000)).chunked(999),
        ),
    ] {
        scene.upstream.on(path, reply);
        seen.add(path, scene.proxy("GET", path, None).everything());
    }
    scene.upstream.on("/ask/echo", echo.clone());
    scene.upstream.on("/write/echo", echo);
    let id = scene.approved("/ask/echo", "{}");
    seen.add("execute", scene.agent.execute(&id).everything());
    seen.add("status", scene.agent.status(&id).everything());
    seen.add(
        "detail",
        scene
            .admin
            .get(&format!("/api/v1/actions/{id}"))
            .everything(),
    );
    let body = crate::support::proxy_body("POST", &scene.upstream.url("/write/echo"), Some("{}"));
    seen.add("first", scene.agent.proxy(&body).everything());
    seen.add("replay", scene.agent.proxy(&body).everything());
    let stale = scene.approved("/ask/stale", "{}");
    set_bearer(&scene.admin, "pay", NEW);
    seen.add("stale", scene.agent.execute(&stale).everything());
    seen.add(
        "after",
        scene.proxy("GET", "/read/plain", None).everything(),
    );
    set_bearer(&scene.admin, "pay", SECRET);
    refuse(scene, seen);
}

/// Refused credentials and passwords: the error names the field and not its value.
fn refuse(scene: &Scene, seen: &mut Seen) {
    for (kind, fields) in [
        ("bearer", json!({ "token": format!("{SECRET} \n") })),
        ("bearer", json!({ "tokens": SECRET })),
        ("basic", json!({ "username": "a:b", "password": BASIC })),
        (
            "api_key_header",
            json!({ "header": SECRET, "key": "\u{0}" }),
        ),
        ("wild", json!({ "token": SECRET })),
    ] {
        let body = json!({ "target": "pay", "type": kind, "fields": fields });
        let reply = scene.admin.post("/api/v1/credentials", &body);
        assert!(
            (400..500).contains(&reply.status),
            "{kind}: {}",
            reply.text()
        );
        seen.add(format!("refused {kind}"), reply.everything());
    }
    seen.add(
        "mistyped",
        scene
            .admin
            .post(
                "/api/v1/credentials",
                &json!({ "target": "pay", "type": "bearer", "fields": SECRET }),
            )
            .everything(),
    );
    seen.add(
        "bad operator",
        scene
            .admin
            .post(
                "/api/v1/operators",
                &json!({ "name": "x", "role": "viewer", "password": [OPERATOR] }),
            )
            .everything(),
    );
    scene
        .admin
        .post(
            "/api/v1/operators",
            &json!({ "name": "pat", "role": "viewer", "password": OPERATOR }),
        )
        .expect(201);
    for name in ["pat", "nobody"] {
        let sign_in = json!({ "password": { "name": name, "password": format!("{OPERATOR}!") } });
        seen.add(
            "wrong password",
            scene
                .gateway
                .anonymous()
                .post("/api/v1/sessions", &sign_in)
                .everything(),
        );
    }
}

fn look(scene: &Scene, seen: &mut Seen) {
    for path in [
        "/api/v1/credentials",
        "/api/v1/targets",
        "/api/v1/targets/pay",
        "/api/v1/keys",
        "/api/v1/agents",
        "/api/v1/operators",
        "/api/v1/tokens",
        "/api/v1/sessions",
        "/api/v1/settings",
        "/api/v1/configuration",
        "/api/v1/status",
        "/api/v1/vault",
        "/api/v1/actions?limit=200",
        "/api/v1/approvals",
        "/api/v1/audit/entries?limit=200",
        "/api/v1/audit/export",
        "/api/v1/audit/checkpoints",
        "/api/v1/connectors",
        "/metrics",
        "/readyz",
        "/healthz",
        "/openapi.json",
    ] {
        seen.add(path, scene.admin.get(path).everything());
    }
    for arguments in [
        &["list"][..],
        &["credential", "list"],
        &["target", "show", "pay"],
        &["agent", "list"],
        &["key", "list"],
        &["status"],
        &["doctor"],
        &["config", "show"],
        &["audit", "list"],
        &["audit", "export"],
        &["export"],
    ] {
        for json in [&[][..], &["--json"]] {
            let output = scene.gateway.run(&[arguments, json].concat());
            seen.add(
                format!("{arguments:?} {json:?}"),
                [output.stdout, output.stderr].concat(),
            );
        }
    }
}

fn sing(gateway: TestGateway) -> (Scene, Seen) {
    let scene = Scene::on(gateway);
    scene.grant_usual();
    let limits = json!({ "limits": { "first_byte_millis": 2_000 } });
    scene
        .admin
        .patch("/api/v1/targets/pay", &limits)
        .expect(200);
    let mut seen = Seen::default();
    live(&scene, &mut seen);
    look(&scene, &mut seen);
    (scene, seen)
}

#[test]
fn requirement_20_no_secret_is_anywhere() {
    let gateway = TestGateway::onboard(&[("COUNTERSIGN_LOG", "trace")]);
    let mut gateway = gateway;
    gateway.restart();
    let (mut scene, mut seen) = sing(gateway);
    seen.folder(scene.gateway.data_dir());
    scene.gateway.kill();
    seen.folder(scene.gateway.data_dir());
    seen.add("the log", scene.gateway.log());
    assert!(scene.gateway.log().len() > 1_000, "the log is on");
    let (admin_key, token, agent_key) = (
        scene.gateway.admin_key().to_owned(),
        scene.gateway.token().to_owned(),
        scene.agent.key.clone(),
    );
    let url = format!("{}%2F{}", "sk_canary_0xC0FFEE", "%2B7f3a");
    for secret in [
        SECRET,
        NEW,
        BASIC,
        OPERATOR,
        PASSPHRASE,
        &admin_key,
        &token,
        &agent_key,
        &url,
        "0xC0FFEE/+7f3a",
        "f3a=91b4d6e8&5c2Zq",
    ] {
        let hits = seen.hits(secret);
        assert!(hits.is_empty(), "{}... is in {hits:?}", &secret[..6]);
    }
    // The test can hear: what is no secret is found.
    assert!(!seen.hits("/read/echo").is_empty());
    assert!(seen.0.len() > 80);
}

/// On PostgreSQL the rows can be read by whoever owns the database: no value, no key, no token is in any.
#[test]
fn requirements_5_and_20_no_secret_is_in_any_row() {
    if available(Service::Postgres) == Availability::Missing {
        return;
    }
    let url = Postgres::shared().unwrap().database().unwrap();
    let name = url.rsplit('/').next().unwrap().to_owned();
    let (scene, seen) = sing(TestGateway::start_with(&[(
        "COUNTERSIGN_DATABASE_URL",
        &url,
    )]));
    std::thread::sleep(Duration::from_millis(200));
    let secrets = [
        SECRET,
        NEW,
        BASIC,
        OPERATOR,
        PASSPHRASE,
        scene.gateway.admin_key(),
        scene.gateway.token(),
        &scene.agent.key,
    ];
    let search = |secret: &str| {
        // A row as text shows binary columns in hexadecimal.
        let hex = hex(secret.as_bytes());
        let plain = secret.replace('\'', "''");
        format!(
            "DO $$ DECLARE name text; found bigint; BEGIN FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP \
             EXECUTE format('SELECT count(*) FROM %I AS row WHERE position(%L in row::text) > 0 OR position(%L in row::text) > 0', name, '{plain}', '{hex}') INTO found; \
             IF found > 0 THEN RAISE EXCEPTION 'it is in %', name; END IF; END LOOP; END $$"
        )
    };
    for secret in secrets {
        let outcome = Postgres::shared().unwrap().execute(&name, &search(secret));
        assert!(
            outcome.is_ok(),
            "{}...: {:#}",
            &secret[..6],
            outcome.unwrap_err()
        );
        assert!(seen.hits(secret).is_empty());
    }
    assert!(
        Postgres::shared()
            .unwrap()
            .execute(&name, &search("action.outcome"))
            .is_err(),
        "the search finds what is there"
    );
    // The password of the database is a secret of the gateway's own.
    let password = url.split(':').nth(2).unwrap().split('@').next().unwrap();
    assert!(!scene.gateway.log().contains(password));
    assert!(seen.hits(password).is_empty());
}
