//! One run of the gateway.

use std::sync::Arc;
use std::time::Duration;

use countersign_gate::{Clock, Gate, SystemClock};
use countersign_server::{Server, ServerError, ServerState};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::keeper::VaultKeeper;
use super::reload::reload;
use crate::config::{Env, ListenAddress, Settings};
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::run_file::RunFile;
use crate::telemetry::{self, LogHandle};
use crate::wire::{
    Certificate, HeaderPlace, Parts, from_lock, hold_to_serve, not_onboarded, server_config,
    stop_gate, unlock,
};
use crate::{passphrase, prompt};

/// How long open requests may take to finish after SIGTERM.
const DRAIN: Duration = Duration::from_secs(20);

/// What the command line adds to the start-up values.
pub(crate) struct Options<'a> {
    /// The environment, for the passphrase.
    pub(crate) env: &'a Env,
    /// Reads the start-up values again, for SIGHUP.
    pub(crate) read_settings: &'a (dyn Fn() -> Result<Settings> + Sync),
    /// End when standard input does: whoever started this holds the other end.
    pub(crate) until_stdin_closes: bool,
    /// Where the ready line goes.
    pub(crate) output: Output,
}

/// Runs until a signal, a closed standard input or a store that can't write any more.
pub(crate) async fn run(options: Options<'_>) -> Result<()> {
    let mut settings = (options.read_settings)()?;
    let log = telemetry::start(&settings.log)?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    if !settings.allow_private_networks.is_empty() {
        let ranges: Vec<String> = settings
            .allow_private_networks
            .iter()
            .map(ToString::to_string)
            .collect();
        tracing::warn!(
            ranges = ranges.join(", "),
            "private networks are open for every target that operators make"
        );
    }
    if !settings.data_dir.path().is_dir() {
        return Err(not_onboarded(&settings));
    }
    let _lock = hold_to_serve(&settings.data_dir)
        .await
        .map_err(|error| from_lock(&error))?;
    let place = HeaderPlace::of(&settings);
    let header = place
        .read()
        .await?
        .ok_or_else(|| not_onboarded(&settings))?;
    // Before anything is acknowledged as started: a signal during the start ends it in order too.
    let mut signals = Signals::new()?;
    let certificate = Certificate::of(&settings, SystemClock.now())?;
    let config = server_config(&settings, certificate.as_ref())?;
    let parts = Parts::of(&settings);
    let (opened, mut gates) = watch::channel(None);
    let keeper = Arc::new(VaultKeeper {
        parts: parts.clone(),
        header: place,
        gate: opened.clone(),
    });
    let version = env!("CARGO_PKG_VERSION");
    let state = if let Some(passphrase) = passphrase(&options, &settings)? {
        let gate = parts
            .start_gate(unlock(header, passphrase).await?.0)
            .await?;
        opened.send_replace(Some(gate.clone()));
        ServerState::unlocked(gate, keeper, version, config.limits)
    } else {
        tracing::warn!(
            "no passphrase was given: the gateway is locked until `countersign vault unlock`"
        );
        ServerState::locked(keeper, version, config.limits)
    };
    parts.own_listeners().replace(fixed_addresses(&settings));
    let server = match Server::start(&config, &state) {
        Ok(server) => server,
        Err(error) => {
            if let Some(gate) = state.gate() {
                stop_gate(&gate).await;
            }
            return Err(from_server(&error));
        }
    };
    parts.own_listeners().replace(server.addresses().to_vec());
    let outcome = serve(
        &mut settings,
        &options,
        &server,
        certificate.as_ref(),
        &mut signals,
        &mut gates,
        &log,
    )
    .await;
    RunFile::remove(&settings.data_dir);
    tracing::info!("draining");
    tokio::select! {
        finished = server.shutdown(DRAIN) => if !finished {
            tracing::warn!("some requests did not finish in time and were cut off");
        },
        () = signals.end() => tracing::warn!("a second signal: requests are cut off"),
    }
    if let Some(gate) = state.gate() {
        stop_gate(&gate).await;
    }
    tracing::info!("ended");
    outcome
}

/// The passphrase that is configured; typed, where somebody sits at the terminal; else none: the gateway starts locked.
fn passphrase(
    options: &Options<'_>,
    settings: &Settings,
) -> Result<Option<countersign_vault::Passphrase>> {
    match passphrase::configured(options.env, settings, options.output)? {
        Some(passphrase) => Ok(Some(passphrase)),
        None if prompt::is_possible() && !options.until_stdin_closes => {
            passphrase::configured_or_typed(options.env, settings, options.output).map(Some)
        }
        None => Ok(None),
    }
}

/// Says that it is ready, then waits for a reason to end.
async fn serve(
    settings: &mut Settings,
    options: &Options<'_>,
    server: &Server,
    certificate: Option<&Certificate>,
    signals: &mut Signals,
    gates: &mut watch::Receiver<Option<Gate>>,
    log: &LogHandle,
) -> Result<()> {
    let urls: Vec<&str> = server.urls().iter().map(String::as_str).collect();
    let first = urls.first().copied().unwrap_or_default();
    let run_file = RunFile {
        pid: std::process::id(),
        address: reachable(first),
        started_at: SystemClock.now(),
        fingerprint: certificate.map(|certificate| certificate.fingerprint.clone()),
    };
    run_file.write(&settings.data_dir).map_err(|error| {
        Failure::state(
            "data_dir",
            format!(
                "{} can't be written: {error}",
                settings.data_dir.run_file().display()
            ),
        )
        .next("free some space, or mend the folder's mode")
    })?;
    options
        .output
        .result(&json!({ "listening": urls }), |output| {
            output.line(format!("listening on {first}"));
        });
    tracing::info!(listeners = urls.join(", "), "ready");
    let mut stdin = tokio::io::stdin();
    let mut ignored = [0; 64];
    loop {
        let store_failed = async {
            match gates
                .wait_for(Option::is_some)
                .await
                .ok()
                .and_then(|gate| gate.clone())
            {
                Some(gate) => gate.workspace().store.failed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::End => return Ok(()),
                Asked::Reload => reload(settings, (options.read_settings)(), log),
            },
            reason = store_failed => {
                tracing::error!(%reason, "the store can't write any more: the gateway ends");
                return Err(Failure::unreachable("store_failed", format!("the store can't write any more: {reason}")).next("check the disk, then start again"));
            }
            read = stdin.read(&mut ignored), if options.until_stdin_closes => if !matches!(read, Ok(1..)) {
                return Ok(());
            },
        }
    }
}

/// The addresses that are known before binding: nobody gets at them through a target, not even while the server starts.
fn fixed_addresses(settings: &Settings) -> Vec<std::net::SocketAddr> {
    let address = |listen: &ListenAddress| match listen {
        ListenAddress::Tcp(address) if address.port() != 0 => Some(*address),
        _ => None,
    };
    settings
        .listen
        .iter()
        .chain(&settings.metrics_listen)
        .filter_map(address)
        .collect()
}

/// An address that this machine can dial: a listener on every address is reached on loopback.
fn reachable(url: &str) -> String {
    url.replace("//0.0.0.0:", "//127.0.0.1:")
        .replace("//[::]:", "//[::1]:")
}

fn from_server(error: &ServerError) -> Failure {
    match error {
        ServerError::Bind { .. } => Failure::unreachable("cannot_bind", error.to_string()),
        other => Failure::usage(other.to_string()),
    }
}

/// The signals that mean something to a gateway.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    End,
    Reload,
}

impl Signals {
    fn new() -> Result<Self> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Failure::unreachable("signals", format!("signals can't be received: {error}"))
            })
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    async fn end(&mut self) {
        while self.next().await != Asked::End {}
    }
}
