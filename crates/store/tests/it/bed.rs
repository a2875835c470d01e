//! Where a test's store lives.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use countersign_domain::{Actor, AuditEntry, EntryId, InstanceId, SealedEntry, Timestamp};
use countersign_store::{
    EngineOptions, LedgerOptions, Options, PostgresOptions, Result, SqliteOptions, Store,
    StoreError, Tx, audit,
};
use countersign_testkit::{Availability, Postgres, Service, available};
use countersign_vault::{
    KdfParameters, Passphrase, SecretString, Vault, VaultHeader, audit::Verifier,
};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const ORIGIN: &str = "test.example/ledger";
const PASSPHRASE: &str = "correct-horse-battery-staple";

pub(crate) struct Bed {
    pub(crate) folder: TempDir,
    pub(crate) options: Options,
    pub(crate) url: Option<String>,
}

pub(crate) fn passphrase() -> Passphrase {
    Passphrase::new(SecretString::new(PASSPHRASE.to_owned())).unwrap()
}

/// The vault of a folder; the same one each time.
pub(crate) fn vault_in(folder: &Path) -> Vault {
    let path = folder.join("vault.json");
    if let Ok(json) = std::fs::read(&path) {
        return VaultHeader::parse(&json)
            .unwrap()
            .unlock(&passphrase())
            .unwrap();
    }
    let (header, vault) = VaultHeader::create(&passphrase(), KdfParameters::MINIMUM).unwrap();
    std::fs::write(path, header.to_json()).unwrap();
    vault
}

#[expect(clippy::disallowed_methods, reason = "tests own their clock")]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

/// Options for a store in the folder: on PostgreSQL if a URL is given.
pub(crate) fn options_in(folder: &Path, url: Option<&str>) -> Options {
    let engine = match url {
        None => EngineOptions::Sqlite(SqliteOptions::new(folder.join("store.db"))),
        Some(url) => {
            let mut options = PostgresOptions::new(
                SecretString::new(url.to_owned()),
                InstanceId::new(Uuid::now_v7()),
            );
            options.connections = 4;
            EngineOptions::Postgres(options)
        }
    };
    let mut ledger = LedgerOptions::new(ORIGIN, Some(folder.join("checkpoints.txt")));
    ledger.checkpoint_entries = 64;
    Options::new(engine, ledger, vault_in(folder), Arc::new(now))
}

impl Bed {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = options_in(folder.path(), None);
        Self {
            folder,
            options,
            url: None,
        }
    }

    pub(crate) fn postgres() -> Option<Self> {
        if available(Service::Postgres) == Availability::Missing {
            return None;
        }
        let url = Postgres::shared().unwrap().database().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = options_in(folder.path(), Some(&url));
        Some(Self {
            folder,
            options,
            url: Some(url),
        })
    }

    pub(crate) fn open(&self) -> Store {
        Store::open(&self.options).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Ids in the order they were asked for.
pub(crate) fn entry_id() -> EntryId {
    EntryId::new(Uuid::now_v7())
}

pub(crate) fn entry(kind: &str) -> AuditEntry {
    AuditEntry::new(entry_id(), now(), Actor::System, kind)
}

pub(crate) fn put(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES (?1, ?2)",
        &[name.into(), "1".into()],
    )
    .map(drop)
}

pub(crate) fn write_setting(store: &Store, name: impl Into<String>) -> Result<()> {
    let name = name.into();
    store.write_blocking(move |tx| put(tx, &name))
}

pub(crate) fn settings(store: &Store) -> Vec<String> {
    store
        .read_blocking::<_, StoreError, _>(|tx| {
            tx.query("SELECT name FROM setting ORDER BY name", &[], |row| {
                row.text(0).map(str::to_owned)
            })
        })
        .unwrap()
}

pub(crate) fn append(store: &Store, kind: &str) -> EntryId {
    let entry = entry(kind);
    let id = entry.id;
    store
        .write_blocking::<_, StoreError, _>(move |tx| tx.append_entry(entry.clone()))
        .unwrap();
    id
}

/// Every sealed entry, after the sealer had time for those without a position.
pub(crate) fn sealed(store: &Store, at_least: usize) -> Vec<SealedEntry> {
    for _ in 0..500 {
        let entries = store
            .read_blocking::<_, StoreError, _>(|tx| audit::chunk(tx, 0, 1_000_000))
            .unwrap();
        if entries.len() >= at_least {
            return entries;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("fewer than {at_least} entries were sealed");
}

/// Chain, MACs and positions of everything.
pub(crate) fn verify(store: &Store, vault: &Vault, entries: &[SealedEntry]) {
    let mut verifier = Verifier::new().with_mac_key(vault.audit_mac().clone());
    for sealed in entries {
        verifier.push(sealed);
    }
    let report = verifier.finish();
    assert!(report.valid, "{report:?}");
    assert_eq!(report.entries as usize, entries.len());
    let stored = store
        .read_blocking::<_, StoreError, _>(countersign_store::checkpoints::last)
        .unwrap();
    if let Some(stored) = stored {
        let key = vault.checkpoint_signer(ORIGIN).unwrap();
        assert_eq!(key.key().verify(&stored.note).unwrap().size, stored.size);
    }
}

/// The configuration epoch, as a function: a method has no form that fits every transaction.
pub(crate) fn epoch(tx: &mut Tx<'_>) -> Result<u64> {
    tx.epoch()
}
