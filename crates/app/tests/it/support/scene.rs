//! The scene of most tests: a gateway, an upstream as target `pay` with a bearer credential, and an agent `bot`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use countersign_testkit::Upstream;
use serde_json::{Value, json};

use super::{Api, Response, TestGateway};

/// The credential's value: characters that every encoding changes, and nothing else in a test looks like it.
pub(crate) const SECRET: &str = "sk_canary_0xC0FFEE/+7f3a=91b4d6e8&5c2Zq~end";

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A text that no other call of this process gets.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// An agent and its key.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) api: Api,
}

#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) gateway: TestGateway,
    pub(crate) upstream: Upstream,
    pub(crate) admin: Api,
    pub(crate) agent: Agent,
    pub(crate) target: String,
}

impl Scene {
    /// The agent may: read `/read/**`; write `/write/**`; ask for `/ask/**`; not touch `/deny/**`; `/policy/**` is up to the rules.
    pub(crate) fn new() -> Self {
        let scene = Self::on(TestGateway::start());
        scene.grant_usual();
        scene
    }

    /// With nothing granted.
    pub(crate) fn on(gateway: TestGateway) -> Self {
        let upstream = Upstream::start().unwrap();
        let admin = gateway.admin();
        let agent = add_agent(&gateway, "bot");
        let target = add_target(&admin, "pay", &upstream.url(""), &json!({}));
        set_bearer(&admin, "pay", SECRET);
        Self {
            gateway,
            upstream,
            admin,
            agent,
            target,
        }
    }

    pub(crate) fn grant_usual(&self) {
        for (action, verdict) in [
            ("GET /read/**", "allow"),
            ("HEAD /read/**", "allow"),
            ("POST /write/**", "allow"),
            ("PUT /write/**", "allow"),
            ("POST /ask/**", "ask"),
            ("GET /ask/**", "ask"),
            ("GET /deny/**", "deny"),
            ("GET /policy/**", "by_policy"),
            ("POST /policy/**", "by_policy"),
            ("DELETE /policy/**", "by_policy"),
        ] {
            self.grant(action, verdict);
        }
    }

    /// Grants the agent something on the target; the grant's id.
    #[track_caller]
    pub(crate) fn grant(&self, action: &str, verdict: &str) -> String {
        grant(&self.admin, &self.agent.name, "pay", action, verdict)
    }

    /// A call through the proxy face with a new idempotency key where one is needed.
    #[track_caller]
    pub(crate) fn proxy(&self, method: &str, path: &str, body: Option<&str>) -> Response {
        self.agent
            .proxy(&proxy_body(method, &self.upstream.url(path), body))
    }

    /// Asks for something that needs a human; the request's id.
    #[track_caller]
    pub(crate) fn ask(&self, path: &str, body: &str) -> String {
        let response = self.proxy("POST", path, Some(body)).expect(428);
        response.at("/action_id").as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn approve(&self, id: &str) -> Response {
        self.admin
            .post(&format!("/api/v1/approvals/{id}/approve"), &json!({}))
    }

    /// Asks and approves; the request's id.
    #[track_caller]
    pub(crate) fn approved(&self, path: &str, body: &str) -> String {
        let id = self.ask(path, body);
        self.approve(&id).expect(200);
        id
    }

    /// Where a request stands.
    #[track_caller]
    pub(crate) fn state(&self, id: &str) -> String {
        state(&self.admin, id)
    }

    /// Waits until a request stands there.
    #[track_caller]
    pub(crate) fn wait_for_state(&self, id: &str, expected: &str) {
        let started = Instant::now();
        loop {
            let state = self.state(id);
            if state == expected {
                return;
            }
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "{id} is {state}, not {expected}"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Every request, newest first.
    #[track_caller]
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.admin.whole_list("/api/v1/actions?limit=200")
    }

    /// The newest request's id.
    #[track_caller]
    pub(crate) fn newest(&self) -> String {
        self.admin.list("/api/v1/actions?limit=1")[0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The whole ledger as the export has it, without its key and checkpoints.
    #[track_caller]
    pub(crate) fn ledger(&self) -> Vec<Value> {
        ledger(&self.admin)
    }

    /// Kind and outcome of every entry about a request, in order.
    #[track_caller]
    pub(crate) fn story(&self, id: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entries = self
            .ledger()
            .into_iter()
            .filter(|entry| entry["request"] == id);
        entries
            .map(|entry| (text(&entry["kind"]), text(&entry["outcome"])))
            .collect()
    }
}

impl Agent {
    #[track_caller]
    pub(crate) fn proxy(&self, body: &Value) -> Response {
        self.api.post("/proxy", body)
    }

    #[track_caller]
    pub(crate) fn execute(&self, id: &str) -> Response {
        self.api
            .send("POST", &format!("/proxy/execute/{id}"), &[], Some(b""))
    }

    #[track_caller]
    pub(crate) fn status(&self, id: &str) -> Response {
        self.api.get(&format!("/status/{id}"))
    }
}

/// The body of a call to the proxy face.
pub(crate) fn proxy_body(method: &str, url: &str, body: Option<&str>) -> Value {
    json!({ "targetUrl": url, "method": method, "body": body, "intent": "a test", "idempotencyKey": unique("key") })
}

#[track_caller]
pub(crate) fn add_agent(gateway: &TestGateway, name: &str) -> Agent {
    let made = gateway
        .admin()
        .post("/api/v1/agents", &json!({ "name": name }))
        .expect(201)
        .json();
    let text = |field: &str| {
        made[field]
            .as_str()
            .unwrap_or_else(|| panic!("no {field}: {made}"))
            .to_owned()
    };
    let key = text("key");
    Agent {
        name: text("name"),
        id: text("id"),
        api: gateway.api(&key),
        key,
    }
}

/// A target in this machine; the target's id.
#[track_caller]
pub(crate) fn add_target(admin: &Api, name: &str, base_url: &str, more: &Value) -> String {
    let mut body = json!({ "name": name, "connector": "http", "base_url": base_url, "allow_private_network": true });
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    admin
        .post("/api/v1/targets", &body)
        .expect(201)
        .at("/id")
        .as_str()
        .unwrap()
        .to_owned()
}

#[track_caller]
pub(crate) fn set_bearer(admin: &Api, target: &str, token: &str) {
    let body = json!({ "target": target, "type": "bearer", "fields": { "token": token } });
    let response = admin.post("/api/v1/credentials", &body);
    assert!(matches!(response.status, 200 | 201), "{response:?}");
}

#[track_caller]
pub(crate) fn grant(admin: &Api, agent: &str, target: &str, action: &str, verdict: &str) -> String {
    let body = json!({ "agent": agent, "target": target, "action": action, "verdict": verdict });
    admin
        .post("/api/v1/grants", &body)
        .expect(201)
        .at("/id")
        .as_str()
        .unwrap()
        .to_owned()
}

/// An operator with a key that reads and decides.
#[track_caller]
pub(crate) fn add_approver(gateway: &TestGateway, name: &str) -> Api {
    gateway
        .admin()
        .post(
            "/api/v1/operators",
            &json!({ "name": name, "role": "approver" }),
        )
        .expect(201);
    let body = json!({ "name": format!("{name}-key"), "operator": name, "scopes": ["request:read", "request:decide"] });
    let made = gateway.admin().post("/api/v1/keys", &body).expect(201);
    gateway.api(made.at("/key").as_str().unwrap())
}

#[track_caller]
pub(crate) fn state(admin: &Api, id: &str) -> String {
    admin
        .get(&format!("/api/v1/actions/{id}"))
        .expect(200)
        .at("/state")
        .as_str()
        .unwrap()
        .to_owned()
}

#[track_caller]
pub(crate) fn ledger(admin: &Api) -> Vec<Value> {
    let export = admin.get("/api/v1/audit/export").expect(200);
    assert!(export.is_whole);
    let lines = export.text();
    let values = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    values
        .filter(|value| value.get("position").is_some())
        .collect()
}

/// Does the same on many threads at once; what each gave, in order.
pub(crate) fn mapped<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let work = &work;
                scope.spawn(move || work(number))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}
