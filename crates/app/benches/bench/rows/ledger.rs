//! What depends on the length of the ledger: starting, and verifying it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use countersign_vault::{Passphrase, SecretString, VaultHeader};
use serde_json::Value;

use super::stage::Stage;
use crate::calls::Call;
use crate::gateway::Gateway;
use crate::home::{Home, PASSPHRASE};
use crate::load::Until;
use crate::options::Options;
use crate::pin::{gateway_core, move_this_thread};
use crate::report::{Asked, Report};
use crate::samples::{Samples, median};

/// A home whose ledger was filled through the gateway, made when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Ledger(Option<Home>);

impl Ledger {
    fn home(&mut self, options: &Options) -> Result<&Home> {
        if self.0.is_none() {
            let stage = Stage::pinned(options)?;
            let call = Call::read(stage.gateway.address(), &stage.scene);
            stage
                .load(options, call)
                .run(Until::Sent(options.entries))?;
            stage.gateway.stop()?;
            self.0 = Some(stage.home);
        }
        self.0.as_ref().context("the ledger was not filled")
    }
}

/// From the start of the process to the 200 of `/readyz`, less the derivation of the key, which is slow on purpose.
pub(super) fn start(ledger: &mut Ledger, options: &Options, report: &mut Report) -> Result<()> {
    let home = ledger.home(options)?;
    let derivation = derivation(&home.data(), options.rounds)?.percentile_millis(50);
    let mut starts = Samples::default();
    for _ in 0..=options.rounds {
        let gateway = Gateway::start(home, Some(gateway_core()))?;
        starts.add(gateway.started_in());
        gateway.stop()?;
    }
    let whole = starts.percentile_millis(50);
    let what = format!(
        "start to /readyz, {} entries, after the derivation",
        options.entries
    );
    let note = format!(
        "whole start {whole:.0} ms, of which the key derivation {derivation:.0} ms, measured by itself"
    );
    report.add(what, Asked::AtMost(100.0), (whole - derivation, "ms"), note);
    Ok(())
}

/// Unlocks this vault's header as the gateway does, on the gateway's core.
fn derivation(data: &Path, rounds: usize) -> Result<Samples> {
    let file = data.join(countersign_vault::HEADER_FILE_NAME);
    let json = std::fs::read(&file).with_context(|| format!("{} can't be read", file.display()))?;
    let thread = std::thread::Builder::new()
        .name("derivation".to_owned())
        .spawn(move || {
            move_this_thread(gateway_core())?;
            let header = VaultHeader::parse(&json)?;
            let passphrase = Passphrase::new(SecretString::new(PASSPHRASE.to_owned()))?;
            let mut samples = Samples::default();
            for _ in 0..rounds {
                let started = Instant::now();
                drop(header.unlock(&passphrase)?);
                samples.add(started.elapsed());
            }
            Ok(samples)
        })?;
    thread
        .join()
        .map_err(|_| anyhow!("the derivation's thread died"))?
}

/// The whole ledger through the command line: an export by itself, and the gateway's own.
pub(super) fn verify(ledger: &mut Ledger, options: &Options, report: &mut Report) -> Result<()> {
    let home = ledger.home(options)?;
    let gateway = Gateway::start(home, Some(gateway_core()))?;
    let export = home.folder().join("ledger.jsonl");
    let path = export.to_string_lossy();
    let (exporting, _) = timed(|| home.cli(&["audit", "export", "--output", &path], None))?;
    let online = rates(options, || home.cli(&["audit", "verify"], None))?;
    gateway.stop()?;
    let offline = rates(options, || {
        home.cli(&["audit", "verify", "--file", &path], None)
    })?;
    let megabytes = std::fs::metadata(&export)?.len() >> 20;
    std::fs::remove_file(&export)?;
    let note = |rates: &Rates| format!("{} entries, the whole process", rates.entries);
    report.add(
        "audit verify --file",
        Asked::AtLeast(500_000.0),
        (median(&offline.rates), "/s"),
        note(&offline),
    );
    report.add(
        "audit verify, by the gateway",
        Asked::AtLeast(500_000.0),
        (median(&online.rates), "/s"),
        note(&online),
    );
    let exported = online.entries / exporting.as_secs_f64();
    report.add(
        "audit export",
        Asked::Nothing,
        (exported, "/s"),
        format!("{megabytes} MiB"),
    );
    Ok(())
}

struct Rates {
    rates: Vec<f64>,
    entries: f64,
}

fn rates(options: &Options, verify: impl Fn() -> Result<Value>) -> Result<Rates> {
    let mut rates = Rates {
        rates: Vec::new(),
        entries: 0.0,
    };
    for _ in 0..options.rounds {
        let (time, answer) = timed(&verify)?;
        ensure!(
            answer.get("valid") == Some(&Value::Bool(true)),
            "the ledger is not valid: {answer}"
        );
        rates.entries = answer
            .get("entries")
            .and_then(Value::as_f64)
            .with_context(|| format!("no entries in {answer}"))?;
        rates.rates.push(rates.entries / time.as_secs_f64());
    }
    Ok(rates)
}

fn timed(work: impl Fn() -> Result<Value>) -> Result<(Duration, Value)> {
    let started = Instant::now();
    let answer = work()?;
    Ok((started.elapsed(), answer))
}
