//! A gateway without an installation: the one-time address, who gets to know it, and making the installation when it is used.
//!
//! SECURITY: the address goes to a terminal, or into a file for its owner only, and never into the log, which in a container a terminal is. Its token stands behind a `#`,
//! where no server and no proxy sees it.
//!
//! INVARIANT: a refused draft leaves nothing behind and uses nothing up; of two that come at once one wins.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use countersign_domain::Name;
use countersign_gate::{BrowserOnboardDraft, Error, Gate, SignIn, SystemClock};
use countersign_server::{SetUp, Setup, SetupDraft, SetupError, SetupFacts, is_container};
use countersign_vault::{Passphrase, SecretString, Token};
use tokio::sync::watch;

use super::keeper::unavailable;
use super::one_time::OneTimeAddress;
use crate::config::{DataDir, ListenAddress, Settings};
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::wire::{Parts, Site};

/// The file with the address, where there is no terminal.
const ADDRESS_FILE: &str = "setup-address";

/// The only store that is set up from a page: on PostgreSQL replicas would each have an address.
const STORE: &str = "sqlcipher";

/// Sets up once.
pub(super) struct BrowserSetup {
    site: Site,
    parts: Parts,
    passphrase: Option<SecretString>,
    address: Mutex<OneTimeAddress>,
    address_file: PathBuf,
    turn: tokio::sync::Mutex<()>,
    gate: watch::Sender<Option<Gate>>,
}

impl std::fmt::Debug for BrowserSetup {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("BrowserSetup")
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl BrowserSetup {
    /// A set-up with a new address, and its token.
    pub(super) fn new(
        settings: &Settings,
        parts: Parts,
        passphrase: Option<SecretString>,
        gate: watch::Sender<Option<Gate>>,
    ) -> (Self, Token) {
        let (address, token) = OneTimeAddress::new(Instant::now());
        let setup = Self {
            site: Site::new(settings, parts.clone()),
            parts,
            passphrase,
            address: Mutex::new(address),
            address_file: settings.data_dir.file(ADDRESS_FILE),
            turn: tokio::sync::Mutex::new(()),
            gate,
        };
        (setup, token)
    }

    fn address(&self) -> MutexGuard<'_, OneTimeAddress> {
        self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the address to whoever sits at the terminal; where nobody does, it lies in a file for this user only.
    pub(super) fn announce(
        &self,
        token: &Token,
        urls: &[String],
        settings: &Settings,
        output: Output,
    ) -> Result<()> {
        let url = page_url(urls, settings).ok_or_else(no_browser)?;
        let address = format!("{url}/setup#{}", token.expose());
        let told =
            "this gateway was never set up: open this address within 15 minutes (it works once)";
        if has_reader(io::stderr().is_terminal(), is_container()) {
            output.note(format!("{told}\n"));
            output.note(format!("  {address}"));
        } else if has_reader(io::stdout().is_terminal(), is_container()) && !output.is_json() {
            output.line(told);
            output.line(format!("  {address}"));
        } else {
            let path = self.address_file.display();
            self.write(&address).map_err(|error| {
                Failure::state("data_dir", format!("{path} can't be written: {error}"))
                    .next("free some space, or mend the folder's mode")
            })?;
            output.note(format!(
                "this gateway was never set up: open the address in {path} within 15 minutes (it works once)"
            ));
            tracing::warn!(file = %path, "this gateway was never set up: its one-time address is in the file");
        }
        Ok(())
    }

    fn write(&self, address: &str) -> io::Result<()> {
        forget(&self.address_file)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.address_file)?;
        writeln!(file, "{address}")
    }

    /// Waits for the end of the address's life, then says so if it was never used.
    pub(super) async fn expired(&self) {
        let ends_at = self.address().ends_at();
        tokio::time::sleep_until(ends_at.into()).await;
        if self.gate.borrow().is_none() {
            self.bury("it is too old");
        }
    }

    fn bury(&self, why: &str) {
        self.forget();
        tracing::warn!(
            "the one-time address is dead, {why}: restart the gateway for another, or run `countersign onboard`"
        );
    }

    fn forget(&self) {
        drop(forget(&self.address_file));
    }

    async fn make(&self, draft: SetupDraft) -> countersign_gate::Result<SetUp> {
        if draft.store.is_some_and(|store| store != STORE) {
            let text = "this gateway keeps its data in SQLCipher: for PostgreSQL set COUNTERSIGN_DATABASE_URL, and run `countersign onboard`";
            return Err(Error::invalid("store", text));
        }
        let operator: Name = draft
            .operator
            .parse()
            .map_err(|error| Error::invalid("operator", format!("{error}")))?;
        let passphrase = self.choose(draft.passphrase)?;
        let password = draft.password;
        let kept = password
            .as_ref()
            .map(|password| SecretString::new(password.expose().to_owned()));
        let draft = BrowserOnboardDraft { operator, password };
        draft.check()?;
        let work = async move |workspace| {
            countersign_gate::onboard_in_browser(&workspace, draft, &SystemClock).await
        };
        let (vault, (operator, token)) = self
            .site
            .make(passphrase, work)
            .await
            .map_err(unavailable)?;
        // From here on there is an installation, whatever else happens.
        self.address().close();
        self.forget();
        tracing::info!(operator = %operator.name, "the gateway was set up in a browser");
        let gate = self.parts.start_gate(vault).await.map_err(unavailable)?;
        self.gate.send_replace(Some(gate.clone()));
        let copy = |token: &SecretString| SecretString::new(token.expose().to_owned());
        let credential = match (&token, kept) {
            (Some(token), _) => SignIn::Token(copy(token)),
            (None, Some(password)) => SignIn::Password {
                name: operator.name.to_string(),
                password,
            },
            (None, None) => return Err(Error::internal("an operator without any credential")),
        };
        Ok(SetUp {
            gate,
            credential,
            sign_in_token: token,
        })
    }

    /// The passphrase of the start-up values, else the chosen one: never both, so that nobody believes in one that does not count.
    fn choose(&self, chosen: Option<SecretString>) -> countersign_gate::Result<Passphrase> {
        let text = match (&self.passphrase, chosen) {
            (Some(_), Some(_)) => {
                let text = "the start-up values have a passphrase already: leave it out";
                return Err(Error::invalid("passphrase", text));
            }
            (Some(configured), None) => SecretString::new(configured.expose().to_owned()),
            (None, Some(chosen)) => chosen,
            (None, None) => {
                return Err(Error::invalid(
                    "passphrase",
                    "choose a passphrase for the vault",
                ));
            }
        };
        Passphrase::new(text).map_err(|error| Error::invalid("passphrase", error.to_string()))
    }
}

#[async_trait]
impl Setup for BrowserSetup {
    fn facts(&self) -> SetupFacts {
        SetupFacts {
            is_open: self.address().is_open(Instant::now()),
            needs_passphrase: self.passphrase.is_none(),
            store: STORE,
        }
    }

    async fn complete(&self, token: SecretString, draft: SetupDraft) -> Result<SetUp, SetupError> {
        let checked = self.address().check(token.expose(), Instant::now());
        if let Err(error) = checked {
            if matches!(error, SetupError::WrongToken { tries_left: 0 }) {
                self.bury("it was tried too often");
            }
            return Err(error);
        }
        let _turn = self.turn.lock().await;
        // Another may have been faster.
        if !self.address().is_open(Instant::now()) {
            return Err(SetupError::Closed);
        }
        self.make(draft).await.map_err(SetupError::Failed)
    }
}

/// Whether somebody reads what is written to a stream, and nobody keeps it. A container's terminal is kept: its lines are in the
/// container's log.
const fn has_reader(is_terminal: bool, is_container: bool) -> bool {
    is_terminal && !is_container
}

/// Takes the file with the address away, that of an earlier process, too: its address is dead.
pub(super) fn forget_address(data_dir: &DataDir) {
    drop(forget(&data_dir.file(ADDRESS_FILE)));
}

fn forget(path: &std::path::Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether a browser can reach one of the listeners.
pub(super) fn has_browser_listener(settings: &Settings) -> bool {
    let is_tcp = |listen: &ListenAddress| matches!(listen, ListenAddress::Tcp(_));
    settings.listen.iter().any(is_tcp)
}

/// What cannot be set up from a page, and why.
pub(super) fn no_browser() -> Failure {
    Failure::state(
        "not_onboarded",
        "the gateway was never onboarded, and no browser reaches a unix socket",
    )
    .next("run `countersign onboard` first, or listen on an address, too")
}

/// The address of the first listener that a browser reaches, under a name that it answers to.
fn page_url(urls: &[String], settings: &Settings) -> Option<String> {
    let url = urls.iter().find(|url| url.starts_with("http"))?;
    for unspecified in ["//0.0.0.0:", "//[::]:"] {
        if let Some((scheme, port)) = url.split_once(unspecified) {
            let host = settings.hosts.first().map_or("127.0.0.1", String::as_str);
            let has_port = host.rsplit_once(':').is_some_and(|(_, port)| {
                !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
            });
            return Some(if has_port && !host.ends_with(']') {
                format!("{scheme}//{host}")
            } else {
                format!("{scheme}//{host}:{port}")
            });
        }
    }
    Some(url.clone())
}

#[cfg(test)]
mod tests;
