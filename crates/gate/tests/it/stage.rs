//! A gate over a real SQLCipher file with a scripted target, an agent, and an operator to decide.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use countersign_domain::{
    CredentialType, GrantVerdict, InstanceId, RequestId, SealedEntry, Timestamp, Urgency,
};
use countersign_gate::{
    ActionDraft, Clock, CredentialDraft, Gate, GateConfig, GrantDraft, NewAgent, NewTarget,
    OnboardDraft, OpCx, ReplyBody, RequestDetail, Route, Submission, SystemClock, Workspace,
};
use countersign_store::{EngineOptions, LedgerOptions, Options, SqliteOptions, Store, audit};
use countersign_vault::{SecretString, Vault};
use futures::StreamExt;
use serde_json::json;
use tempfile::TempDir;

use crate::{fake::Fake, fake_caller::FakeCaller};

/// The machine's clock, moved by hand.
#[derive(Debug, Default)]
pub(crate) struct MovedClock(AtomicI64);

impl MovedClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0
            .fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn back(&self, by: Duration) {
        self.0
            .fetch_sub(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().as_micros() + self.0.load(Ordering::SeqCst))
    }
}

/// What the credential of the target is.
pub(crate) const SECRET: &str = "sk_live_51Hq9xYZabcDEF+/=secret";

pub(crate) struct Stage {
    pub(crate) gate: Gate,
    pub(crate) fake: Fake,
    pub(crate) clock: Arc<MovedClock>,
    pub(crate) owner: OpCx,
    pub(crate) agent: OpCx,
    pub(crate) vault: Vault,
    pub(crate) folder: TempDir,
}

pub(crate) fn open_store(
    folder: &std::path::Path,
    vault: &Vault,
    clock: &Arc<MovedClock>,
) -> Store {
    let clock = Arc::clone(clock);
    let engine = EngineOptions::Sqlite(SqliteOptions::new(folder.join("store.db")));
    let ledger = LedgerOptions::new("countersign.test", Some(folder.join("checkpoints.txt")));
    Store::open(&Options::new(
        engine,
        ledger,
        vault.clone(),
        Arc::new(move || clock.now()),
    ))
    .unwrap()
}

async fn start(store: Store, vault: &Vault, clock: &Arc<MovedClock>, fake: &Fake) -> Gate {
    let instance = InstanceId::new(uuid::Uuid::now_v7());
    let workspace = Workspace {
        store,
        vault: vault.clone(),
        instance,
    };
    let clock: Arc<dyn Clock> = clock.clone();
    Gate::start(GateConfig {
        workspace,
        connectors: vec![Arc::new(fake.clone()), Arc::new(FakeCaller::new(fake))],
        clock,
    })
    .await
    .unwrap()
}

impl Stage {
    /// An agent `demo` that may read, ask to write, leaves `/rules/**` to the rules and may not delete, on a target `payments`.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::ephemeral();
        let clock = Arc::new(MovedClock::default());
        let store = open_store(folder.path(), &vault, &clock);
        let fake = Fake::new();
        let instance = InstanceId::new(uuid::Uuid::now_v7());
        let workspace = Workspace {
            store: store.clone(),
            vault: vault.clone(),
            instance,
        };
        let onboarded = countersign_gate::onboard(
            &workspace,
            OnboardDraft {
                operator: "owner".parse().unwrap(),
                with_decide: true,
            },
            &*clock,
        )
        .await
        .unwrap();
        let gate = start(store, &vault, &clock, &fake).await;
        let principal = gate.identify_key(onboarded.admin_key.expose()).unwrap();
        let owner = OpCx {
            principal,
            source: "127.0.0.1".into(),
            now: gate.now(),
        };
        let (_, key) = gate
            .add_agent(
                &owner,
                NewAgent {
                    name: "demo".parse().unwrap(),
                    description: String::new(),
                    labels: BTreeMap::new(),
                },
            )
            .await
            .unwrap();
        let target: NewTarget = serde_json::from_value(json!({
            "name": "payments", "connector": "fake", "config": { "base_url": "fake://payments" }
        }))
        .unwrap();
        gate.add_target(&owner, target).await.unwrap();
        set_credential(&gate, &owner, SECRET).await;
        for (action, verdict) in [
            ("GET /**", GrantVerdict::Allow),
            ("PUT /**", GrantVerdict::Allow),
            ("POST /charges", GrantVerdict::Ask),
            ("POST /rules/**", GrantVerdict::ByPolicy),
            ("DELETE /**", GrantVerdict::Deny),
        ] {
            grant(&gate, &owner, action, verdict).await;
        }
        let principal = gate.identify_key(key.secret.expose()).unwrap();
        let agent = OpCx {
            principal,
            source: "127.0.0.1".into(),
            now: gate.now(),
        };
        Self {
            gate,
            fake,
            clock,
            owner,
            agent,
            vault,
            folder,
        }
    }

    /// The agent's context, now.
    pub(crate) fn agent(&self) -> OpCx {
        OpCx {
            now: self.gate.now(),
            ..self.agent.clone()
        }
    }

    /// The operator's context, now.
    pub(crate) fn owner(&self) -> OpCx {
        OpCx {
            now: self.gate.now(),
            ..self.owner.clone()
        }
    }

    pub(crate) async fn submit(&self, action: &str) -> countersign_gate::Result<Submission> {
        self.gate.submit(&self.agent(), draft(action)).await
    }

    /// Submits what asks; its id.
    pub(crate) async fn ask(&self) -> RequestId {
        match self.submit("POST /charges").await.unwrap() {
            Submission::Pending(view) => view.request.id,
            other => panic!("expected it to ask: {other:?}"),
        }
    }

    pub(crate) async fn approve(
        &self,
        id: RequestId,
    ) -> countersign_gate::Result<countersign_gate::RequestView> {
        self.gate
            .decide(
                &self.owner(),
                id,
                countersign_domain::VoteKind::Approve,
                String::new(),
            )
            .await
    }

    pub(crate) async fn detail(&self, id: RequestId) -> RequestDetail {
        self.gate.request(&self.owner(), id).await.unwrap()
    }

    pub(crate) async fn state(&self, id: RequestId) -> &'static str {
        self.detail(id).await.view.request.state.as_str()
    }

    /// Waits until a request has reached a state.
    pub(crate) async fn reaches(&self, id: RequestId, state: &str) -> RequestDetail {
        for _ in 0..500 {
            let detail = self.detail(id).await;
            if detail.view.request.state.as_str() == state {
                return detail;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the request is still {}, not {state}", self.state(id).await);
    }

    /// Every entry of the ledger.
    pub(crate) async fn entries(&self) -> Vec<SealedEntry> {
        self.gate
            .workspace()
            .store
            .read::<_, countersign_store::StoreError, _>(|tx| audit::chunk(tx, 0, 100_000))
            .await
            .unwrap()
    }

    /// The kinds of the entries about one request, in order.
    pub(crate) async fn story(&self, id: RequestId) -> Vec<String> {
        self.entries()
            .await
            .into_iter()
            .filter(|sealed| sealed.entry.request == Some(id))
            .map(|sealed| sealed.entry.kind)
            .collect()
    }

    /// Ends the gate as a crash would, without telling it, and starts another on the same folder.
    pub(crate) async fn crash_and_restart(self) -> Self {
        let Self {
            gate,
            fake,
            clock,
            owner,
            agent,
            vault,
            folder,
        } = self;
        gate.workspace().store.close().await;
        drop(gate);
        let gate = start(
            open_store(folder.path(), &vault, &clock),
            &vault,
            &clock,
            &fake,
        )
        .await;
        Self {
            gate,
            fake,
            clock,
            owner,
            agent,
            vault,
            folder,
        }
    }
}

pub(crate) fn draft(action: &str) -> ActionDraft {
    ActionDraft {
        agent: None,
        route: Route::Named {
            target: "payments".into(),
            profile: None,
            action: action.into(),
        },
        input: json!({}),
        body: Bytes::from_static(br#"{"amount":500}"#),
        intent: "test".into(),
        urgency: Urgency::Normal,
        idempotency_key: None,
    }
}

pub(crate) async fn grant(
    gate: &Gate,
    owner: &OpCx,
    action: &str,
    verdict: GrantVerdict,
) -> String {
    let draft = GrantDraft {
        agent: "demo".into(),
        target: "payments".into(),
        profile: None,
        action: action.parse().unwrap(),
        verdict,
        expires_in_seconds: None,
        labels: BTreeMap::new(),
    };
    gate.add_grant(owner, draft).await.unwrap().id.to_string()
}

pub(crate) async fn set_credential(gate: &Gate, owner: &OpCx, secret: &str) {
    let fields = BTreeMap::from([("token".to_owned(), SecretString::new(secret.to_owned()))]);
    let draft = CredentialDraft {
        target: "payments".into(),
        profile: None,
        kind: CredentialType::Bearer,
        fields,
    };
    gate.set_credential(owner, draft).await.unwrap();
}

/// The whole body of a reply, or the error that ended it.
pub(crate) async fn whole(body: ReplyBody) -> countersign_gate::Result<Bytes> {
    match body {
        ReplyBody::Full(bytes) => Ok(bytes),
        ReplyBody::Stream(mut stream) => {
            let mut all = Vec::new();
            while let Some(piece) = stream.next().await {
                all.extend_from_slice(&piece?);
            }
            Ok(all.into())
        }
    }
}

pub(crate) fn replied(submission: Submission) -> countersign_gate::Reply {
    match submission {
        Submission::Replied(reply) => reply,
        other => panic!("expected a reply: {other:?}"),
    }
}
