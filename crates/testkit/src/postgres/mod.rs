//! A real PostgreSQL server of the tests' own.
//!
//! `initdb` runs once per machine and version; each server starts on a copy of its result. Invariants: loopback and a
//! password; the server ends with the test process, however that ends; its folder is removed then, or by the next start.

mod template;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ::postgres::{Client, NoTls};
use anyhow::{Context, Result, anyhow, bail};
use rustix::process::Signal;

use crate::child::{ChildGuard, signal_process};
use crate::service::Service;
use crate::service_user::ServiceUser;
use crate::{free_port, wait_until};
use template::Template;

const START: Duration = Duration::from_secs(30);

/// How much the server does for a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// `fsync` off: fast, and enough where only processes are killed, never the machine.
    #[default]
    Fast,
    /// Everything on, as in production.
    Durable,
}

/// A running PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    user: ServiceUser,
    program: PathBuf,
    folder: PathBuf,
    password: String,
    durability: Durability,
    port: u16,
    databases: AtomicU32,
    /// The shell that watches over the server and removes the folder when this process ends.
    watcher: Option<ChildGuard>,
}

impl Postgres {
    /// The one server that the tests of this process share; it is fast, not durable.
    ///
    /// # Errors
    ///
    /// If it could not be started. Ask [`crate::available`] first.
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Result<Postgres>> = OnceLock::new();
        SHARED
            .get_or_init(Self::start)
            .as_ref()
            .map_err(|error| anyhow!("{error:#}"))
    }

    /// Starts a server of the test's own that is fast, not durable.
    ///
    /// # Errors
    ///
    /// If PostgreSQL is missing or does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(Durability::Fast)
    }

    /// Starts a server of the test's own.
    ///
    /// # Errors
    ///
    /// If PostgreSQL is missing or does not start.
    pub fn start_with(durability: Durability) -> Result<Self> {
        let program = Service::Postgres
            .program()
            .context("postgresql is missing: run scripts/install-test-deps")?;
        let user = ServiceUser::find()?;
        let template = Template::prepare(user, &program)?;
        let folder = user.new_folder("postgres")?;
        template.copy_to(user, &folder.join("data"))?;
        let mut server = Self {
            user,
            program,
            folder,
            password: template.password()?,
            durability,
            port: 0,
            databases: AtomicU32::new(0),
            watcher: None,
        };
        server.start_on_free_port()?;
        Ok(server)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn database(&self) -> Result<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url(&name))
    }

    /// The URL of a database of this server.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://countersign:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// Runs SQL on a database of this server, as its superuser.
    ///
    /// # Errors
    ///
    /// If the server refuses it or does not answer.
    pub fn execute(&self, database: &str, sql: &str) -> Result<()> {
        let url = self.url(database);
        on_own_thread(|| {
            let mut client = Client::connect(&url, NoTls).context("PostgreSQL can't be reached")?;
            client
                .batch_execute(sql)
                .with_context(|| format!("PostgreSQL refused: {sql}"))
        })
    }

    /// Kills the server at once (SIGQUIT: no checkpoint, open connections are cut), as a crash would.
    ///
    /// # Errors
    ///
    /// If the server does not end.
    pub fn crash(&mut self) -> Result<()> {
        self.end(Signal::QUIT)
    }

    /// Shuts the server down; open connections are cut.
    ///
    /// # Errors
    ///
    /// If the server does not end.
    pub fn stop(&mut self) -> Result<()> {
        self.end(Signal::INT)
    }

    /// Starts the server again on the same port and data after [`Self::crash`] or [`Self::stop`].
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn restart(&mut self) -> Result<()> {
        if self.watcher.is_some() {
            self.stop()?;
        }
        self.launch(self.port)
    }

    fn start_on_free_port(&mut self) -> Result<()> {
        let mut last = anyhow!("no port was tried");
        for _ in 0..5 {
            // Between the look and the start somebody else may take the port.
            match self.launch(free_port()?) {
                Ok(()) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn launch(&mut self, port: u16) -> Result<()> {
        let data = self.folder.join("data");
        let durable = if self.durability == Durability::Durable {
            "on"
        } else {
            "off"
        };
        let settings = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("unix_socket_directories={}", self.folder.display()),
            format!("fsync={durable}"),
            format!("full_page_writes={durable}"),
            "synchronous_commit=on".to_owned(),
            "shared_buffers=32MB".to_owned(),
            "max_connections=100".to_owned(),
            "logging_collector=off".to_owned(),
        ];
        let mut watcher = self.user.command("sh", "TERM");
        watcher
            .args(["-c", WATCHER, "watcher"])
            .arg(&self.folder)
            .arg(&self.program)
            .arg("-D")
            .arg(&data);
        for setting in &settings {
            watcher.args(["-c", setting]);
        }
        watcher
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut watcher = ChildGuard::spawn(watcher)?;
        self.port = port;
        if let Err(error) = self.wait_until_ready(&mut watcher) {
            let _ = watcher.signal(Signal::HUP);
            let _ = watcher.wait_within(Duration::from_secs(10));
            return Err(error);
        }
        self.watcher = Some(watcher);
        Ok(())
    }

    fn wait_until_ready(&self, watcher: &mut ChildGuard) -> Result<()> {
        let url = self.url("postgres");
        let started = Instant::now();
        loop {
            if watcher.exit_status()?.is_some() {
                bail!("PostgreSQL ended at its start: {}", self.log());
            }
            // The pid file tells that the server that answers is ours.
            if self.postmaster().is_some()
                && on_own_thread(|| Ok(Client::connect(&url, NoTls)?.is_closed())).is_ok()
            {
                return Ok(());
            }
            if started.elapsed() > START {
                bail!("PostgreSQL was not ready within {START:?}: {}", self.log());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The server's process id and port, from the file that it writes.
    fn postmaster(&self) -> Option<u32> {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        let lines: Vec<&str> = file.lines().collect();
        (lines.get(3)?.trim() == self.port.to_string()).then_some(())?;
        lines.first()?.trim().parse().ok()
    }

    fn end(&mut self, signal: Signal) -> Result<()> {
        let Some(mut watcher) = self.watcher.take() else {
            return Ok(());
        };
        if let Some(pid) = self.postmaster() {
            signal_process(pid, signal)?;
        }
        watcher.wait_within(START).map(drop)?;
        let pid_file = self.folder.join("data/postmaster.pid");
        wait_until("the end of PostgreSQL", START, || !is_running(&pid_file))
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut watcher) = self.watcher.take() {
            let _ = watcher.terminate_and_wait(Duration::from_secs(10));
        }
        let _ = self.user.remove(&self.folder);
    }
}

/// Runs the server beside itself. TERM (this process has ended, or the guard is dropped) ends the server and removes the
/// folder; HUP ends the server only; where the server ends by itself, so does the watcher.
const WATCHER: &str = r#"
folder=$1; shift
"$@" >>"$folder/log" 2>&1 &
server=$!
trap 'kill -QUIT $server; wait $server; rm -rf "$folder"; exit 0' TERM
trap 'kill -QUIT $server; wait $server; exit 0' HUP
wait $server
"#;

fn is_running(pid_file: &Path) -> bool {
    std::fs::read_to_string(pid_file)
        .ok()
        .and_then(|file| file.lines().next()?.trim().parse::<u32>().ok())
        .is_some_and(|pid| Path::new(&format!("/proc/{pid}")).exists())
}

/// The client brings a runtime of its own, which must not start inside that of an asynchronous test.
fn on_own_thread<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|_| Err(anyhow!("the thread that talks to PostgreSQL panicked")))
}
