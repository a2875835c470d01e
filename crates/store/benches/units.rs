//! Rates of durable units of work: an entry, its evidence and one more row each, as the pipeline writes them.
//!
//! `cargo bench -p countersign-store --bench units -- [sqlite|postgres|open] [seconds]`. Nothing asserts on what it prints.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a bench prints, may fail and rounds"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use countersign_domain::{
    Actor, AgentId, AuditEntry, Commitment, EntryId, InstanceId, RequestId, Timestamp, Verdict,
};
use countersign_store::{
    EngineOptions, LedgerOptions, Options, PostgresOptions, SqliteOptions, Store, StoreError, Tx,
    audit, evidence,
};
use countersign_testkit::{Durability, Postgres};
use countersign_vault::{SecretString, Vault, audit::Verifier};
use uuid::Uuid;

#[expect(clippy::disallowed_methods, reason = "a bench owns its clock")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

fn entry() -> AuditEntry {
    let mut entry = AuditEntry::new(
        EntryId::new(Uuid::now_v7()),
        now(),
        Actor::Agent(AgentId::new(Uuid::now_v7())),
        "action.outcome",
    );
    entry.request = Some(RequestId::new(Uuid::now_v7()));
    entry.subject = Some("target:payments".to_owned());
    entry.verdict = Some(Verdict::Allow);
    entry.rule = Some("grant".to_owned());
    entry.policy_version = Some(7);
    entry.outcome = Some("http_200".to_owned());
    entry.input = Some(Commitment([1; 32]));
    entry.output = Some(Commitment([2; 32]));
    entry.facts = Some(Commitment([3; 32]));
    entry
}

fn unit(tx: &mut Tx<'_>, entry: &AuditEntry, name: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES (?1, ?2)",
        &[name.into(), "1".into()],
    )?;
    evidence::insert(tx, entry.id, entry.at, &[5; 600])?;
    tx.append_entry(entry.clone())
}

async fn rate(store: &Store, callers: usize, duration: Duration) -> (f64, Duration, Duration) {
    let done = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + duration;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (store, done) = (store.clone(), Arc::clone(&done));
        tasks.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let started = Instant::now();
                let entry = entry();
                let name = entry.id.to_string();
                store
                    .write::<_, StoreError, _>(move |tx| unit(tx, &entry, &name))
                    .await
                    .unwrap();
                times.push(started.elapsed());
                done.fetch_add(1, Ordering::Relaxed);
            }
            times
        });
    }
    let started = Instant::now();
    let mut times = Vec::new();
    while let Some(task) = tasks.join_next().await {
        times.extend(task.unwrap());
    }
    times.sort_unstable();
    let took = started.elapsed().as_secs_f64();
    let at = |share: usize| {
        times
            .get(times.len() * share / 100)
            .copied()
            .unwrap_or_default()
    };
    (done.load(Ordering::Relaxed) as f64 / took, at(50), at(99))
}

fn options(folder: &std::path::Path, vault: &Vault, url: Option<String>) -> Options {
    let engine = match url {
        None => EngineOptions::Sqlite(SqliteOptions::new(folder.join("store.db"))),
        Some(url) => EngineOptions::Postgres(PostgresOptions::new(
            SecretString::new(url),
            InstanceId::new(Uuid::now_v7()),
        )),
    };
    Options::new(
        engine,
        LedgerOptions::new("bench.example", Some(folder.join("checkpoints.txt"))),
        vault.clone(),
        Arc::new(now),
    )
}

fn measure(name: &str, options: &Options, seconds: u64, callers: &[usize]) {
    let store = Store::open(options).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    for callers in callers {
        let before = store.stats();
        let (rate, median, late) =
            runtime.block_on(rate(&store, *callers, Duration::from_secs(seconds)));
        let after = store.stats();
        let batches = (after.batches - before.batches).max(1);
        println!(
            "{name}: {callers:4} callers {rate:8.0} units/s, p50 {median:?}, p99 {late:?}, {:.1} units per commit, log copied {} times in {} ms",
            (after.units - before.units) as f64 / batches as f64,
            after.wal_checkpoints - before.wal_checkpoints,
            (after.wal_checkpoint_micros - before.wal_checkpoint_micros) / 1_000,
        );
    }
    runtime.block_on(store.close());
}

fn measure_open(folder: &std::path::Path) {
    let vault = Vault::ephemeral();
    let options = options(folder, &vault, None);
    let store = Store::open(&options).unwrap();
    let total = 109_000_u64;
    for _ in 0..total / 1_000 {
        store
            .write_blocking::<_, StoreError, _>(|tx| {
                (0..1_000).try_for_each(|_| tx.append_entry(entry()))
            })
            .unwrap();
    }
    // As after a crash, so that the start has entries behind its checkpoint.
    std::mem::forget(store);
    for _ in 0..3 {
        let started = Instant::now();
        let store = Store::open(&options).unwrap();
        println!(
            "open with {total} entries: {:?} ({})",
            started.elapsed(),
            store.ledger_state()
        );
        std::mem::forget(store);
    }
    let store = Store::open(&options).unwrap();
    let started = Instant::now();
    let mac = vault.audit_mac().clone();
    let report = store
        .read_blocking::<_, StoreError, _>(move |tx| {
            let mut verifier = Verifier::new().with_mac_key(mac.clone());
            audit::visit(tx, 0, u32::MAX, |sealed| verifier.push(&sealed))?;
            Ok(verifier.finish())
        })
        .unwrap();
    let rate = report.entries as f64 / started.elapsed().as_secs_f64();
    println!(
        "verify: {} entries, valid {}, {rate:.0}/s",
        report.entries, report.valid
    );
    store.close_blocking();
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let which = words.first().map_or("sqlite", String::as_str);
    let seconds = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(3);
    let folder = tempfile::Builder::new()
        .prefix("store-bench")
        .tempdir_in(".")
        .unwrap();
    match which {
        "open" => measure_open(folder.path()),
        "postgres" => {
            let server = Postgres::start_with(Durability::Durable).unwrap();
            let url = server.database().unwrap();
            measure(
                which,
                &options(folder.path(), &Vault::ephemeral(), Some(url)),
                seconds,
                &[1, 32],
            );
        }
        _ => measure(
            which,
            &options(folder.path(), &Vault::ephemeral(), None),
            seconds,
            &[1, 32, 256],
        ),
    }
}
