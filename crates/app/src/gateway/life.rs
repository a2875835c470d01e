//! One run of the gateway.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use countersign_gate::{Clock, Gate, SystemClock};
use countersign_server::{PassphraseSource, Server, ServerError, ServerLimits, ServerState};
use countersign_vault::{Token, VaultHeader};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::keeper::VaultKeeper;
use super::reload::reload;
use super::setup::{BrowserSetup, forget_address, has_browser_listener, no_browser};
use crate::config::{Env, ListenAddress, Settings};
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::run_file::RunFile;
use crate::telemetry::{self, LogHandle};
use crate::wire::{
    Certificate, HeaderPlace, Parts, Site, create, deployment, from_lock, hold_to_serve,
    not_onboarded, server_config, stop_gate, unlock,
};
use crate::{passphrase, prompt};

const VERSION: &str = env!("CARGO_PKG_VERSION");

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
    warn(&settings);
    if !settings.data_dir.path().is_dir() {
        may_set_up(&options, &settings)?;
        create(&settings)?;
    }
    let _lock = hold_to_serve(&settings.data_dir)
        .await
        .map_err(|error| from_lock(&error))?;
    let parts = Parts::of(&settings);
    Site::new(&settings, parts.clone()).tidy()?;
    forget_address(&settings.data_dir);
    let place = HeaderPlace::of(&settings);
    let header = place.read().await?;
    if header.is_none() {
        may_set_up(&options, &settings)?;
    }
    // Before anything is acknowledged as started: a signal during the start ends it in order too.
    let mut signals = Signals::new()?;
    let certificate = Certificate::of(&settings, SystemClock.now())?;
    let config = server_config(&settings, certificate.as_ref())?;
    let (opened, mut gates) = watch::channel(None);
    let keeper = Arc::new(VaultKeeper {
        parts: parts.clone(),
        header: place,
        gate: opened,
    });
    let (state, setup) = begin(&options, &settings, &parts, header, keeper, config.limits).await?;
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
    let passphrase = match passphrase::source(options.env, &settings)? {
        // Open without a configured one: it was typed.
        None if state.gate().is_some() => Some(PassphraseSource::Prompt),
        source => source,
    };
    state.describe(deployment(&settings, &config, server.urls(), passphrase));
    let running = Running {
        server: &server,
        certificate: certificate.as_ref(),
        setup: setup.as_ref(),
        log: &log,
    };
    let outcome = serve(&mut settings, &options, running, &mut signals, &mut gates).await;
    forget_address(&settings.data_dir);
    RunFile::remove(&settings.data_dir);
    tracing::info!("draining");
    tokio::select! {
        finished = server.shutdown(DRAIN) => if !finished {
            tracing::warn!("some requests did not finish in time and were cut off");
        },
        () = signals.end() => tracing::warn!("a second signal: requests are cut off"),
    }
    state.settled().await;
    if let Some(gate) = state.gate() {
        stop_gate(&gate).await;
    }
    tracing::info!("ended");
    outcome
}

fn warn(settings: &Settings) {
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
}

/// The state to start in: open, locked, or without an installation.
async fn begin(
    options: &Options<'_>,
    settings: &Settings,
    parts: &Parts,
    header: Option<VaultHeader>,
    keeper: Arc<VaultKeeper>,
    limits: ServerLimits,
) -> Result<(Arc<ServerState>, Option<Opened>)> {
    let Some(header) = header else {
        let passphrase = passphrase::configured_text(options.env, settings, options.output)?;
        let gate = keeper.gate.clone();
        let (setup, token) = BrowserSetup::new(settings, parts.clone(), passphrase, gate);
        let setup = Arc::new(setup);
        let state = ServerState::setting_up(Arc::clone(&setup) as _, keeper, VERSION, limits);
        return Ok((state, Some(Opened { setup, token })));
    };
    let Some(passphrase) = passphrase(options, settings)? else {
        tracing::warn!(
            "no passphrase was given: the gateway is locked until it is unlocked, on its page or with `countersign vault unlock`"
        );
        return Ok((ServerState::locked(keeper, VERSION, limits), None));
    };
    let vault = unlock(header, passphrase).await?.0;
    let gate = parts.start_gate(vault).await?;
    keeper.gate.send_replace(Some(gate.clone()));
    let state = ServerState::unlocked(gate, keeper, VERSION, limits);
    Ok((state, None))
}

/// A set-up that is open, and the token of its address, to be told once.
struct Opened {
    setup: Arc<BrowserSetup>,
    token: Token,
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

/// Refuses a folder that was never onboarded where it can't be set up from a page: where a script is at work (it has given the
/// passphrase, or holds the other end of standard input), on PostgreSQL, and without a listener for browsers.
fn may_set_up(options: &Options<'_>, settings: &Settings) -> Result<()> {
    let has_terminal = io::stderr().is_terminal() || io::stdout().is_terminal();
    let is_scripted = options.until_stdin_closes
        || (!has_terminal
            && passphrase::configured_text(options.env, settings, options.output)?.is_some());
    if is_scripted || settings.database_url.is_some() || settings.data_dir.database().exists() {
        return Err(not_onboarded(settings));
    }
    if has_browser_listener(settings) {
        Ok(())
    } else {
        Err(no_browser())
    }
}

/// What runs, and stays as it is.
#[derive(Clone, Copy)]
struct Running<'a> {
    server: &'a Server,
    certificate: Option<&'a Certificate>,
    setup: Option<&'a Opened>,
    log: &'a LogHandle,
}

/// Says that it is ready, then waits for a reason to end.
async fn serve(
    settings: &mut Settings,
    options: &Options<'_>,
    running: Running<'_>,
    signals: &mut Signals,
    gates: &mut watch::Receiver<Option<Gate>>,
) -> Result<()> {
    let Running {
        server,
        certificate,
        setup,
        log,
    } = running;
    if let Some(Opened { setup, token }) = setup {
        setup.announce(token, server.urls(), settings, options.output)?;
    }
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
    let expired = async {
        match setup {
            Some(opened) => opened.setup.expired().await,
            None => std::future::pending().await,
        }
    };
    let mut expired = std::pin::pin!(expired);
    let mut is_expired = false;
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
            () = &mut expired, if !is_expired => is_expired = true,
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
