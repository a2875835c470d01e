//! A gate on either engine whose clock stands still until a test moves it, with its first operator.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use countersign_domain::{CredentialType, GrantVerdict, InstanceId, Name, Role, Scope, Timestamp};
use countersign_gate::{
    BoundsDraft, Clock, CredentialDraft, Gate, GateConfig, GrantDraft, KeyDraft, KeyOwnerRef,
    NewAgent, NewSession, NewTarget, OnboardDraft, OpCx, OperatorDraft, RuleDraft, SessionKind,
    SignIn, Workspace,
};
use countersign_store::{
    EngineOptions, LedgerOptions, Options, PostgresOptions, SqliteOptions, Store, StoreError, Tx,
};
use countersign_testkit::{Availability, Postgres, Service, available};
use countersign_vault::{SecretString, Vault};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::fake::Fake;

/// A clock that stands still.
#[derive(Debug)]
pub(crate) struct StillClock(AtomicI64);

impl StillClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0
            .fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct TestGate {
    pub(crate) gate: Gate,
    pub(crate) clock: Arc<StillClock>,
    pub(crate) folder: TempDir,
    pub(crate) vault: Vault,
    /// The first operator's sign-in token and key.
    pub(crate) token: String,
    pub(crate) admin_key: String,
    url: Option<String>,
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn secret(text: &str) -> SecretString {
    SecretString::new(text.to_owned())
}

async fn open(folder: &Path, url: Option<&str>, vault: &Vault, clock: &Arc<StillClock>) -> Store {
    let engine = match url {
        None => EngineOptions::Sqlite(SqliteOptions::new(folder.join("store.db"))),
        Some(url) => {
            let mut options = PostgresOptions::new(secret(url), InstanceId::new(Uuid::now_v7()));
            options.connections = 3;
            EngineOptions::Postgres(options)
        }
    };
    let ledger = LedgerOptions::new("countersign.test", Some(folder.join("checkpoints.txt")));
    let clock = Arc::clone(clock);
    let options = Options::new(engine, ledger, vault.clone(), Arc::new(move || clock.now()));
    // Opening blocks, and PostgreSQL's driver refuses to do so on a runtime's thread.
    tokio::task::spawn_blocking(move || Store::open(&options).unwrap())
        .await
        .unwrap()
}

pub(crate) async fn start(store: Store, vault: &Vault, clock: &Arc<StillClock>) -> Gate {
    let workspace = Workspace {
        store,
        vault: vault.clone(),
        instance: InstanceId::new(Uuid::now_v7()),
    };
    let clock: Arc<dyn Clock> = clock.clone();
    Gate::start(GateConfig {
        workspace,
        connectors: vec![Arc::new(Fake::new())],
        clock,
    })
    .await
    .unwrap()
}

impl TestGate {
    pub(crate) async fn sqlite() -> Self {
        Self::new(None, Vault::ephemeral()).await
    }

    /// On SQLite, with the keys of a vault that has a header.
    pub(crate) async fn with_vault(vault: Vault) -> Self {
        Self::new(None, vault).await
    }

    /// `None` where PostgreSQL is missing.
    pub(crate) async fn postgres() -> Option<Self> {
        if available(Service::Postgres) == Availability::Missing {
            return None;
        }
        let url = tokio::task::spawn_blocking(|| Postgres::shared().unwrap().database().unwrap())
            .await
            .unwrap();
        Some(Self::new(Some(url), Vault::ephemeral()).await)
    }

    async fn new(url: Option<String>, vault: Vault) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StillClock(AtomicI64::new(1_795_000_000_000_000)));
        let store = open(folder.path(), url.as_deref(), &vault, &clock).await;
        let workspace = Workspace {
            store: store.clone(),
            vault: vault.clone(),
            instance: InstanceId::new(Uuid::now_v7()),
        };
        let draft = OnboardDraft {
            operator: name("owner"),
            with_decide: true,
        };
        let made = countersign_gate::onboard(&workspace, draft, &*clock)
            .await
            .unwrap();
        let gate = start(store, &vault, &clock).await;
        let (token, admin_key) = (
            made.token.expose().to_owned(),
            made.admin_key.expose().to_owned(),
        );
        Self {
            gate,
            clock,
            folder,
            vault,
            token,
            admin_key,
            url,
        }
    }

    /// Another gate over the same database: a replica, or after `close` a restart.
    pub(crate) async fn another(&self) -> Gate {
        start(
            open(
                self.folder.path(),
                self.url.as_deref(),
                &self.vault,
                &self.clock,
            )
            .await,
            &self.vault,
            &self.clock,
        )
        .await
    }

    /// Ends the gate and starts another on the same database.
    pub(crate) async fn restart(&mut self) {
        self.gate.shutdown().await;
        self.gate.workspace().store.close().await;
        self.gate = self.another().await;
    }

    pub(crate) fn by_key(&self, key: &str) -> OpCx {
        by_key(&self.gate, key)
    }

    /// The first operator, by key.
    pub(crate) fn owner(&self) -> OpCx {
        self.by_key(&self.admin_key)
    }

    pub(crate) async fn sign_in(&self, kind: SessionKind, credential: SignIn) -> NewSession {
        self.gate
            .sign_in("192.0.2.1", credential, kind, "test")
            .await
            .unwrap()
    }

    pub(crate) async fn by_session(&self, session: &NewSession) -> OpCx {
        let (principal, _) = self
            .gate
            .identify_session(session.secret.expose())
            .await
            .unwrap();
        OpCx {
            principal,
            source: "192.0.2.1".into(),
            now: self.gate.now(),
        }
    }

    /// The first operator, by a browser's session.
    pub(crate) async fn owner_session(&self) -> OpCx {
        let session = self
            .sign_in(SessionKind::Browser, SignIn::Token(secret(&self.token)))
            .await;
        self.by_session(&session).await
    }

    /// A new operator with a password, by session.
    pub(crate) async fn operator(&self, operator: &str, role: Role, password: &str) -> OpCx {
        let draft = OperatorDraft {
            name: name(operator),
            role,
            password: Some(secret(password)),
        };
        self.gate.add_operator(&self.owner(), draft).await.unwrap();
        let credential = SignIn::Password {
            name: operator.to_owned(),
            password: secret(password),
        };
        let session = self.sign_in(SessionKind::Browser, credential).await;
        self.by_session(&session).await
    }

    /// A new key of the first operator.
    pub(crate) async fn key(&self, scopes: &[Scope]) -> String {
        let draft = key_draft("scoped", None, Some("owner"), scopes);
        self.gate
            .add_key(&self.owner(), draft)
            .await
            .unwrap()
            .secret
            .expose()
            .to_owned()
    }

    /// A new agent's first key.
    pub(crate) async fn agent(&self, agent: &str) -> String {
        let (_, key) = self
            .gate
            .add_agent(&self.owner(), new_agent(agent))
            .await
            .unwrap();
        key.secret.expose().to_owned()
    }

    /// How many rows a statement counts.
    pub(crate) async fn count(&self, sql: &'static str) -> u64 {
        count(&self.gate, sql).await
    }

    /// How many entries there are, with a position or without.
    pub(crate) async fn entries(&self) -> u64 {
        self.count("SELECT COUNT(*) FROM audit_entry").await
    }

    /// How many entries of a kind there are.
    pub(crate) async fn entries_of(&self, kind: &'static str) -> u64 {
        let read = move |tx: &mut Tx<'_>| {
            tx.query_one(
                "SELECT COUNT(*) FROM audit_entry WHERE kind = ?1",
                &[kind.into()],
                |row| row.u64(0),
            )
        };
        self.gate
            .workspace()
            .store
            .read::<_, StoreError, _>(read)
            .await
            .unwrap()
    }

    /// The outcomes of the entries of a kind, in order.
    pub(crate) async fn outcomes(&self, kind: &'static str) -> Vec<String> {
        let read = move |tx: &mut Tx<'_>| {
            tx.query(
                "SELECT outcome FROM audit_entry WHERE kind = ?1 ORDER BY id",
                &[kind.into()],
                |row| Ok(row.optional_text(0)?.unwrap_or_default().to_owned()),
            )
        };
        self.gate
            .workspace()
            .store
            .read::<_, StoreError, _>(read)
            .await
            .unwrap()
    }

    /// Everything that the store holds, decrypted, as text: bytes stand as themselves and in hexadecimal.
    pub(crate) async fn dump(&self) -> String {
        let columns: &[(&str, &[&str])] = &[
            ("setting", &["value"]),
            ("operator", &["name", "password_hash"]),
            ("operator_token", &["name", "hash", "prefix"]),
            ("session", &["hash", "csrf_hash", "label"]),
            ("signin_failure", &["subject"]),
            ("agent", &["name", "description"]),
            ("access_key", &["name", "hash", "prefix", "scopes"]),
            ("target", &["name", "config", "limits", "labels"]),
            ("profile", &["name", "limits"]),
            ("credential", &["kind", "shown_as", "sealed"]),
            ("audit_entry", &["kind", "subject", "outcome", "rule"]),
        ];
        let statements: Vec<String> = columns
            .iter()
            .flat_map(|(table, columns)| {
                columns
                    .iter()
                    .map(move |column| format!("SELECT {column} FROM {table}"))
            })
            .collect();
        let read = move |tx: &mut Tx<'_>| {
            let mut all = String::new();
            for sql in &statements {
                let cells = tx.query_built(sql, &[], |row| {
                    Ok(match row.optional_text(0) {
                        Ok(text) => text.unwrap_or_default().to_owned(),
                        Err(_) => row.optional_blob(0)?.map(shown).unwrap_or_default(),
                    })
                })?;
                for cell in cells {
                    writeln!(all, "{cell}").unwrap();
                }
            }
            Ok(all)
        };
        self.gate
            .workspace()
            .store
            .read::<_, StoreError, _>(read)
            .await
            .unwrap()
    }
}

fn shown(bytes: &[u8]) -> String {
    let hex = bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    format!("{hex} {}", String::from_utf8_lossy(bytes))
}

pub(crate) fn by_key(gate: &Gate, key: &str) -> OpCx {
    OpCx {
        principal: gate.identify_key(key).unwrap(),
        source: "192.0.2.1".into(),
        now: gate.now(),
    }
}

pub(crate) async fn count(gate: &Gate, sql: &'static str) -> u64 {
    gate.workspace()
        .store
        .read::<_, StoreError, _>(move |tx| tx.query_one(sql, &[], |row| row.u64(0)))
        .await
        .unwrap()
}

pub(crate) fn new_agent(agent: &str) -> NewAgent {
    NewAgent {
        name: name(agent),
        description: "for a test".into(),
        labels: BTreeMap::new(),
    }
}

pub(crate) fn new_target(target: &str) -> NewTarget {
    serde_json::from_value(
        json!({ "name": target, "connector": "fake", "config": { "base_url": "fake://x" } }),
    )
    .unwrap()
}

pub(crate) fn key_draft(
    key: &str,
    agent: Option<&str>,
    operator: Option<&str>,
    scopes: &[Scope],
) -> KeyDraft {
    KeyDraft {
        name: name(key),
        owner: KeyOwnerRef {
            agent: agent.map(str::to_owned),
            operator: operator.map(str::to_owned),
        },
        scopes: scopes.to_vec(),
        rate_limit_per_minute: None,
        expires_in_seconds: None,
        bounds: BoundsDraft::default(),
    }
}

pub(crate) fn grant_draft(agent: &str, target: &str, action: &str) -> GrantDraft {
    GrantDraft {
        agent: agent.into(),
        target: target.into(),
        profile: None,
        action: action.parse().unwrap(),
        verdict: GrantVerdict::Allow,
        expires_in_seconds: None,
        labels: BTreeMap::new(),
    }
}

pub(crate) fn rule_draft(rule: &str) -> RuleDraft {
    serde_json::from_value(
        json!({ "name": rule, "match": { "effect": ["destructive"] }, "verdict": "deny" }),
    )
    .unwrap()
}

pub(crate) fn bearer(target: &str, token: &str) -> CredentialDraft {
    let fields = BTreeMap::from([("token".to_owned(), secret(token))]);
    CredentialDraft {
        target: target.into(),
        profile: None,
        kind: CredentialType::Bearer,
        fields,
    }
}
