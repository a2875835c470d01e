//! A gate with an agent that asks, an owner who decides, and the worker.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use countersign_channels::{HttpCourier, HttpCourierConfig};
use countersign_domain::{GrantVerdict, InstanceId, RequestId, Timestamp, Urgency, VoteKind};
use countersign_gate::{
    ActionDraft, Clock, DeliveryFilter, DeliveryView, Gate, GateConfig, GrantDraft, NewAgent,
    NewTarget, NewWebhook, OnboardDraft, OpCx, Route, SettingsChange, Submission, SystemClock,
    WebhookSettingsChange, Workspace,
};
use countersign_net::{FixedAnswers, OwnListeners, Resolver};
use countersign_store::{
    EngineOptions, LedgerOptions, Options, PostgresOptions, SqliteOptions, Store,
};
use countersign_testkit::{Availability, Postgres, Service, available, eventually};
use countersign_vault::{SecretString, Vault};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::connector::Asking;

/// The machine's clock, moved by hand.
#[derive(Debug, Default)]
pub(crate) struct MovedClock(AtomicI64);

impl MovedClock {
    pub(crate) fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().as_micros() + self.0.load(Ordering::SeqCst))
    }
}

/// How long a test waits for what comes at once.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) struct Bed {
    pub(crate) gate: Gate,
    pub(crate) clock: Arc<MovedClock>,
    pub(crate) owner: OpCx,
    agent: OpCx,
    vault: Vault,
    url: Option<String>,
    folder: TempDir,
}

fn options(
    folder: &TempDir,
    url: Option<&str>,
    vault: &Vault,
    clock: &Arc<MovedClock>,
    instance: InstanceId,
) -> Options {
    let engine = match url {
        None => EngineOptions::Sqlite(SqliteOptions::new(folder.path().join("store.db"))),
        Some(url) => EngineOptions::Postgres(PostgresOptions::new(
            SecretString::new(url.to_owned()),
            instance,
        )),
    };
    let ledger = LedgerOptions::new(
        "countersign.test",
        Some(folder.path().join("checkpoints.txt")),
    );
    let clock = Arc::clone(clock);
    Options::new(engine, ledger, vault.clone(), Arc::new(move || clock.now()))
}

async fn open(options: Options) -> Store {
    tokio::task::spawn_blocking(move || Store::open(&options).unwrap())
        .await
        .unwrap()
}

async fn start(store: Store, vault: &Vault, clock: &Arc<MovedClock>, instance: InstanceId) -> Gate {
    let clock: Arc<dyn Clock> = clock.clone();
    Gate::start(GateConfig {
        workspace: Workspace {
            store,
            vault: vault.clone(),
            instance,
        },
        connectors: vec![Arc::new(Asking::new())],
        clock,
    })
    .await
    .unwrap()
}

/// Sends for the gate, with names that resolve to these addresses.
pub(crate) fn work(gate: &Gate, names: &[(&str, IpAddr)]) {
    let answers = names
        .iter()
        .fold(FixedAnswers::default(), |answers, (name, address)| {
            answers.with(name, &[*address])
        });
    let courier = HttpCourier::new(HttpCourierConfig {
        resolver: Resolver::fixed(answers),
        deadline: Duration::from_secs(2),
        ..HttpCourierConfig::new(OwnListeners::default())
    });
    countersign_channels::start(gate, Arc::new(courier));
}

impl Bed {
    /// On SQLite, with the worker, with private addresses open.
    pub(crate) async fn new() -> Self {
        let bed = Self::at_rest(None).await;
        work(&bed.gate, &[]);
        bed.allow_private(true).await;
        bed
    }

    /// On PostgreSQL.
    pub(crate) async fn postgres() -> Option<Self> {
        if available(Service::Postgres) == Availability::Missing {
            return None;
        }
        let url = tokio::task::spawn_blocking(|| Postgres::shared().unwrap().database().unwrap())
            .await
            .unwrap();
        let bed = Self::at_rest(Some(url)).await;
        work(&bed.gate, &[]);
        bed.allow_private(true).await;
        Some(bed)
    }

    /// Without a worker: nothing is sent.
    pub(crate) async fn at_rest(url: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::ephemeral();
        let clock = Arc::new(MovedClock::default());
        let instance = InstanceId::new(uuid::Uuid::now_v7());
        let store = open(options(&folder, url.as_deref(), &vault, &clock, instance)).await;
        let workspace = Workspace {
            store: store.clone(),
            vault: vault.clone(),
            instance,
        };
        let draft = OnboardDraft {
            operator: "owner".parse().unwrap(),
            with_decide: true,
        };
        let onboarded = countersign_gate::onboard(&workspace, draft, &*clock)
            .await
            .unwrap();
        let gate = start(store, &vault, &clock, instance).await;
        let owner = cx(&gate, onboarded.admin_key.expose());
        let draft = NewAgent {
            name: "demo".parse().unwrap(),
            description: String::new(),
            labels: BTreeMap::new(),
        };
        let (_, key) = gate.add_agent(&owner, draft).await.unwrap();
        let target: NewTarget =
            serde_json::from_value(json!({ "name": "desk", "connector": "asking", "config": {} }))
                .unwrap();
        gate.add_target(&owner, target).await.unwrap();
        for (action, verdict) in [
            ("send_*", GrantVerdict::Ask),
            ("look_*", GrantVerdict::Allow),
            ("drop_*", GrantVerdict::Deny),
        ] {
            let draft = GrantDraft {
                agent: "demo".into(),
                target: "desk".into(),
                profile: None,
                action: action.parse().unwrap(),
                verdict,
                expires_in_seconds: None,
                labels: BTreeMap::new(),
            };
            gate.add_grant(&owner, draft).await.unwrap();
        }
        let agent = cx(&gate, key.secret.expose());
        Self {
            gate,
            clock,
            owner,
            agent,
            vault,
            url,
            folder,
        }
    }

    /// Another gateway on the same store.
    pub(crate) async fn replica(&self) -> Gate {
        let instance = InstanceId::new(uuid::Uuid::now_v7());
        let url = self.url.as_deref();
        let store = open(options(
            &self.folder,
            url,
            &self.vault,
            &self.clock,
            instance,
        ))
        .await;
        start(store, &self.vault, &self.clock, instance).await
    }

    /// Ends the gate as a crash would, without telling it, and starts another on the same store.
    pub(crate) async fn crash(self) -> Self {
        self.gate.workspace().store.close().await;
        let gate = self.replica().await;
        Self { gate, ..self }
    }

    pub(crate) async fn allow_private(&self, allowed: bool) {
        let change = SettingsChange {
            webhooks: Some(WebhookSettingsChange {
                allow_private_networks: Some(allowed),
            }),
            ..SettingsChange::default()
        };
        self.gate
            .update_settings(&self.owner(), change)
            .await
            .unwrap();
    }

    pub(crate) fn owner(&self) -> OpCx {
        OpCx {
            now: self.gate.now(),
            ..self.owner.clone()
        }
    }

    pub(crate) fn agent(&self) -> OpCx {
        OpCx {
            now: self.gate.now(),
            ..self.agent.clone()
        }
    }

    /// Adds a webhook from a document.
    pub(crate) async fn webhook(&self, draft: Value) -> NewWebhook {
        let draft = serde_json::from_value(draft).unwrap();
        match self.gate.add_webhook(&self.owner(), draft).await {
            Ok(made) => made,
            Err(error) => panic!("{error}"),
        }
    }

    /// Adds a webhook for everything.
    pub(crate) async fn all_to(&self, url: &str) -> String {
        let made = self.webhook(json!({ "url": url, "events": ["*"] })).await;
        made.webhook.id.to_string()
    }

    pub(crate) async fn submit(&self, action: &str, input: Value) -> Submission {
        let draft = ActionDraft {
            agent: None,
            route: Route::Named {
                target: "desk".into(),
                profile: None,
                action: action.into(),
            },
            input,
            body: Bytes::new(),
            intent: "tell a customer".into(),
            urgency: Urgency::High,
            idempotency_key: None,
        };
        self.gate.submit(&self.agent(), draft).await.unwrap()
    }

    /// Asks; the request's id.
    pub(crate) async fn ask(&self) -> RequestId {
        let input = json!({ "params": { "to": "ann@example.com" }, "context": { "ticket": 7 } });
        match self.submit("send_mail", input).await {
            Submission::Pending(view) => view.request.id,
            other => panic!("expected it to ask: {other:?}"),
        }
    }

    pub(crate) async fn decide(&self, id: RequestId, kind: VoteKind, note: &str) {
        self.gate
            .decide(&self.owner(), id, kind, note.to_owned())
            .await
            .unwrap();
    }

    pub(crate) async fn deliveries(&self, webhook: &str) -> Vec<DeliveryView> {
        let filter = DeliveryFilter::default();
        let page = self.gate.deliveries(&self.owner(), webhook, filter).await;
        page.unwrap().items
    }

    /// Waits until a webhook's deliveries are as a test wants them.
    pub(crate) async fn until(
        &self,
        webhook: &str,
        what: &str,
        is_so: impl Fn(&[DeliveryView]) -> bool,
    ) -> Vec<DeliveryView> {
        let started = tokio::time::Instant::now();
        loop {
            let deliveries = self.deliveries(webhook).await;
            if is_so(&deliveries) {
                return deliveries;
            }
            assert!(started.elapsed() < SOON, "not {what}: {deliveries:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until a receiver has seen so many requests.
    pub(crate) async fn seen(
        &self,
        upstream: &countersign_testkit::Upstream,
        path: &str,
        count: usize,
    ) {
        eventually(&format!("{count} at {path}"), SOON, || {
            // One that is only begun has no body yet.
            let whole =
                |it: &&countersign_testkit::RecordedRequest| it.path() == path && it.is_complete;
            upstream.requests().iter().filter(whole).count() >= count
        })
        .await
        .unwrap();
    }
}

pub(crate) fn cx(gate: &Gate, key: &str) -> OpCx {
    OpCx {
        principal: gate.identify_key(key).unwrap(),
        source: "127.0.0.1".into(),
        now: gate.now(),
    }
}
