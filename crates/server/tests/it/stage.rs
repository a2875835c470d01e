//! A server over a gate over a real SQLCipher file, with an owner, an agent and a target.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use countersign_domain::{InstanceId, Timestamp};
use countersign_gate::{
    Clock, Error, ErrorKind, Gate, GateConfig, OnboardDraft, OpCx, SecretString, SystemClock,
    Workspace,
};
use countersign_server::{
    CertificateFacts, Deployment, Keeper, ListenerConfig, ListenerFacts, PassphraseSource, Peer,
    ServerConfig, ServerLimits, ServerState, Serves, Shell, StoreKind,
};
use countersign_store::{EngineOptions, LedgerOptions, Options, SqliteOptions, Store};
use countersign_vault::Vault;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::target::Scripted;

/// The machine's clock, moved by hand.
#[derive(Debug, Default)]
pub(crate) struct MovedClock(AtomicI64);

impl MovedClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0
            .fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().as_micros() + self.0.load(Ordering::SeqCst))
    }
}

/// Opens a prepared gate for the right passphrase.
#[derive(Debug)]
pub(crate) struct Lock {
    pub(crate) gate: Gate,
}

pub(crate) const PASSPHRASE: &str = "correct-horse-battery-staple";

#[async_trait]
impl Keeper for Lock {
    async fn unlock(&self, passphrase: SecretString) -> countersign_gate::Result<Gate> {
        if passphrase.expose() == PASSPHRASE {
            return Ok(self.gate.clone());
        }
        Err(Error::new(
            ErrorKind::Unauthenticated,
            "wrong_passphrase",
            "the passphrase is wrong",
        ))
    }

    async fn rekey(
        &self,
        _: &Gate,
        _: &OpCx,
        current: SecretString,
        _: SecretString,
    ) -> countersign_gate::Result<()> {
        if current.expose() == PASSPHRASE {
            Ok(())
        } else {
            Err(Error::new(
                ErrorKind::Forbidden,
                "wrong_passphrase",
                "the passphrase is wrong",
            ))
        }
    }
}

/// A gateway with TLS and a metrics listener.
pub(crate) fn deployment() -> Deployment {
    let certificate = CertificateFacts {
        is_self_signed: true,
        names: vec!["gate.example".to_owned()],
        ends_at: "2027-11-20T10:00:00Z".parse().unwrap(),
        fingerprint: "ab".repeat(32),
    };
    Deployment {
        listeners: vec![
            ListenerFacts {
                url: "https://0.0.0.0:18790".to_owned(),
                serves: Serves::Everything,
                certificate: Some(certificate),
            },
            ListenerFacts {
                url: "http://127.0.0.1:9100".to_owned(),
                serves: Serves::Metrics,
                certificate: None,
            },
        ],
        hosts: vec!["gate.example".to_owned()],
        origins: Vec::new(),
        trusted_proxies: vec!["10.0.0.0/8".to_owned()],
        data_dir: "/var/lib/countersign".into(),
        config_file: None,
        store: StoreKind::Sqlcipher,
        passphrase: Some(PassphraseSource::File),
    }
}

pub(crate) struct Stage {
    pub(crate) gate: Gate,
    pub(crate) state: Arc<ServerState>,
    pub(crate) shell: Shell,
    pub(crate) target: Scripted,
    pub(crate) clock: Arc<MovedClock>,
    /// The owner's key; it decides.
    pub(crate) owner: String,
    /// The owner's sign-in token.
    pub(crate) token: String,
    /// The agent's key.
    pub(crate) agent: String,
    _folder: TempDir,
}

impl Stage {
    /// An agent `demo` on a target `payments` at `https://pay.example/v1`: it may read, asks to write, may not delete.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::ephemeral();
        let clock = Arc::new(MovedClock::default());
        let store_clock = Arc::clone(&clock);
        let engine = EngineOptions::Sqlite(SqliteOptions::new(folder.path().join("store.db")));
        let ledger = LedgerOptions::new("countersign.test", None);
        let store = Store::open(&Options::new(
            engine,
            ledger,
            vault.clone(),
            Arc::new(move || store_clock.now()),
        ))
        .unwrap();
        let workspace = Workspace {
            store,
            vault,
            instance: InstanceId::new(uuid::Uuid::now_v7()),
        };
        let draft = OnboardDraft {
            operator: "owner".parse().unwrap(),
            with_decide: true,
        };
        let onboarded = countersign_gate::onboard(&workspace, draft, &*clock)
            .await
            .unwrap();
        let target = Scripted::new();
        let gate_clock: Arc<dyn Clock> = clock.clone();
        let gate = Gate::start(GateConfig {
            workspace,
            connectors: vec![
                Arc::new(target.clone()),
                Arc::new(crate::approvals_target::ApprovalsOnly::new(&target)),
            ],
            clock: gate_clock,
        })
        .await
        .unwrap();
        let mut config =
            ServerConfig::new(ListenerConfig::loopback("127.0.0.1:0".parse().unwrap()));
        config.limits = ServerLimits {
            revalidation_period: Duration::from_millis(100),
            ..ServerLimits::default()
        };
        change(&mut config);
        let keeper = Arc::new(Lock { gate: gate.clone() });
        let state = ServerState::unlocked(gate.clone(), keeper, "0.0.0-test", config.limits);
        state.describe(deployment());
        let shell = Shell::new(&config, &state, Serves::Everything, None).unwrap();
        let mut stage = Self {
            gate,
            state,
            shell,
            target,
            clock,
            owner: onboarded.admin_key.expose().to_owned(),
            token: onboarded.token.expose().to_owned(),
            agent: String::new(),
            _folder: folder,
        };
        stage.prepare().await;
        stage
    }

    async fn prepare(&mut self) {
        let owner = self.owner.clone();
        let agent = self
            .post("/api/v1/agents")
            .key(&owner)
            .json(&json!({"name": "demo"}))
            .send()
            .await;
        agent.json()["key"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.agent);
        let body =
            json!({"name": "payments", "connector": "http", "base_url": "https://pay.example/v1"});
        self.post("/api/v1/targets")
            .key(&owner)
            .json(&body)
            .send()
            .await
            .expect(201);
        for (action, verdict) in [
            ("GET /**", "allow"),
            ("PUT /**", "allow"),
            ("POST /**", "ask"),
            ("DELETE /**", "deny"),
        ] {
            self.grant(action, verdict).await;
        }
    }

    pub(crate) async fn grant(&self, action: &str, verdict: &str) {
        let body =
            json!({"agent": "demo", "target": "payments", "action": action, "verdict": verdict});
        self.post("/api/v1/grants")
            .key(&self.owner)
            .json(&body)
            .send()
            .await
            .expect(201);
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Call<'_> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost:18790")
            .body(Body::empty())
            .unwrap();
        Call {
            shell: &self.shell,
            peer: Peer::network(IpAddr::from([127, 0, 0, 1]), false),
            request,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// Asks for a charge; its id.
    pub(crate) async fn ask(&self) -> String {
        let body = json!({"target": "payments", "action": "POST /charges", "body": {"amount": 500}, "intent": "charge"});
        let answer = self
            .post("/api/v1/actions")
            .key(&self.agent)
            .json(&body)
            .send()
            .await
            .expect(202);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn approve(&self, id: &str) {
        self.post(&format!("/api/v1/approvals/{id}/approve"))
            .key(&self.owner)
            .send()
            .await
            .expect(200);
    }

    /// A key with these scopes, for an operator or an agent.
    pub(crate) async fn add_key(
        &self,
        name: &str,
        owner: &str,
        owner_name: &str,
        scopes: &[&str],
    ) -> String {
        let body = json!({"name": name, owner: owner_name, "scopes": scopes});
        let answer = self
            .post("/api/v1/keys")
            .key(&self.owner)
            .json(&body)
            .send()
            .await
            .expect(201);
        answer.json()["key"].as_str().unwrap().to_owned()
    }

    /// An operator with a sign-in token.
    pub(crate) async fn add_operator(&self, name: &str, role: &str) -> String {
        let owner = self
            .sign_in(&json!({"token": self.token, "kind": "terminal"}))
            .await
            .json()["session"]
            .as_str()
            .unwrap()
            .to_owned();
        let answer = self
            .post("/api/v1/operators")
            .key(&owner)
            .json(&json!({"name": name, "role": role}))
            .send()
            .await
            .expect(201);
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn sign_in(&self, body: &Value) -> Answer {
        self.post("/api/v1/sessions")
            .json(body)
            .send()
            .await
            .expect(201)
    }
}

/// A call that is being put together.
pub(crate) struct Call<'shell> {
    shell: &'shell Shell,
    peer: Peer,
    request: Request<Body>,
}

impl Call<'_> {
    /// The same call to another server.
    pub(crate) fn through(self, shell: &Shell) -> Call<'_> {
        Call {
            shell,
            peer: self.peer,
            request: self.request,
        }
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request
            .headers_mut()
            .insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn from(mut self, peer: Peer) -> Self {
        self.peer = peer;
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    /// The answer as it comes.
    pub(crate) async fn response(self) -> http::Response<Body> {
        self.shell.answer(self.request, self.peer).await
    }

    /// The whole answer.
    pub(crate) async fn send(self) -> Answer {
        let (parts, body) = self.response().await.into_parts();
        let body = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes);
        Answer {
            status: parts.status,
            headers: parts.headers,
            is_broken: body.is_err(),
            body: body.unwrap_or_default(),
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) is_broken: bool,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// The problem's code.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let document: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        document["code"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }
}
