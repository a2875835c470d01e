//! The gateway as it is shipped: the binary, onboarded in a folder of its own, on a free port.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use countersign_testkit::{ChildGuard, command};
use serde_json::Value;
use tempfile::TempDir;

use super::Api;

pub(crate) const PASSPHRASE: &str = "correct-horse-battery-staple";

const BINARY: &str = env!("CARGO_BIN_EXE_countersign");
const START: Duration = Duration::from_mins(1);

/// What came of a start.
#[derive(Debug)]
pub(crate) enum Started {
    /// It listens.
    Ready,
    /// It ended by itself.
    Ended(ExitStatus),
}

/// A gateway and its data directory. It ends with the value.
#[derive(Debug)]
pub(crate) struct TestGateway {
    folder: TempDir,
    data_dir: PathBuf,
    environment: BTreeMap<String, String>,
    child: Option<ChildGuard>,
    address: SocketAddr,
    admin_key: String,
    token: String,
}

impl TestGateway {
    /// Onboards and starts on SQLite.
    pub(crate) fn start() -> Self {
        let gateway = Self::onboard(&[]);
        gateway.started()
    }

    /// Onboards and starts, with more variables of the environment.
    pub(crate) fn start_with(environment: &[(&str, &str)]) -> Self {
        let gateway = Self::onboard(environment);
        gateway.started()
    }

    /// Onboards without starting.
    pub(crate) fn onboard(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        Self::onboard_in(folder, data_dir, environment)
    }

    /// Onboards in a data directory of the test's choice; the logs lie in `folder`.
    pub(crate) fn onboard_in(
        folder: TempDir,
        data_dir: PathBuf,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut gateway = Self {
            folder,
            data_dir,
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            child: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin_key: String::new(),
            token: String::new(),
        };
        let output = gateway.run(&["onboard", "--yes", "--with-decide", "--json"]);
        assert!(output.status.success(), "onboard: {output:?}");
        let onboarded: Value = serde_json::from_slice(&output.stdout).unwrap();
        gateway.admin_key = onboarded["admin_key"].as_str().unwrap().to_owned();
        gateway.token = onboarded["token"].as_str().unwrap().to_owned();
        gateway
    }

    /// A second gateway on a copy of this one's data directory, with its keys. This one must not run.
    pub(crate) fn copy(&self) -> Self {
        assert!(self.child.is_none(), "only a gateway at rest can be copied");
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        copy_folder(&self.data_dir, &data_dir);
        Self {
            folder,
            data_dir,
            environment: self.environment.clone(),
            child: None,
            address: self.address,
            admin_key: self.admin_key.clone(),
            token: self.token.clone(),
        }
    }

    fn started(mut self) -> Self {
        self.restart();
        self
    }

    /// A command of the binary with this gateway's environment and nothing else.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(BINARY);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("COUNTERSIGN_DATA_DIR", &self.data_dir)
            .env("COUNTERSIGN_MASTER_KEY", PASSPHRASE)
            .envs(&self.environment)
            .stdin(Stdio::null())
            .args(arguments);
        command
    }

    /// Runs a command to its end, signed in with the admin key.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        if !self.admin_key.is_empty() {
            command.env("COUNTERSIGN_API_KEY", &self.admin_key);
        }
        command.output().unwrap()
    }

    /// Sets a variable for the next start.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a variable away for the next start.
    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// Starts it on the same data; the test fails where it does not come up.
    #[track_caller]
    pub(crate) fn restart(&mut self) {
        match self.try_start() {
            Started::Ready => {}
            Started::Ended(status) => panic!("the gateway ended with {status}:\n{}", self.log()),
        }
    }

    /// Starts it on the same data.
    pub(crate) fn try_start(&mut self) -> Started {
        assert!(self.child.is_none(), "it runs already");
        let (output, log) = (self.file("gateway.out"), self.file("gateway.log"));
        let mut command = self.command(&["gateway", "--listen", "127.0.0.1:0"]);
        command
            .stdout(File::create(&output).unwrap())
            .stderr(File::options().create(true).append(true).open(log).unwrap());
        let mut child = ChildGuard::spawn(command).unwrap();
        let started = Instant::now();
        loop {
            let text = std::fs::read_to_string(&output).unwrap();
            let address = text
                .lines()
                .find_map(|line| line.strip_prefix("listening on http://"));
            if let Some(address) = address.filter(|_| text.ends_with('\n')) {
                self.address = address.trim().parse().unwrap();
                self.child = Some(child);
                return Started::Ready;
            }
            if let Some(status) = child.exit_status().unwrap() {
                return Started::Ended(status);
            }
            assert!(
                started.elapsed() < START,
                "the gateway did not come up:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// SIGKILL: no chance to tidy up.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill_and_wait().unwrap();
        }
    }

    /// SIGTERM, and the end.
    #[track_caller]
    pub(crate) fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it does not run");
        child.terminate_and_wait(Duration::from_mins(1)).unwrap()
    }

    /// The process.
    pub(crate) fn child(&mut self) -> &mut ChildGuard {
        self.child.as_mut().expect("it does not run")
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// A file beside the data directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What every start wrote to standard error.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.file("gateway.log")).unwrap_or_default()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn admin_key(&self) -> &str {
        &self.admin_key
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The owner's face: configures and decides.
    pub(crate) fn admin(&self) -> Api {
        self.api(&self.admin_key)
    }

    pub(crate) fn api(&self, key: &str) -> Api {
        Api {
            address: self.address,
            key: Some(key.to_owned()),
        }
    }

    /// Without any credential.
    pub(crate) fn anonymous(&self) -> Api {
        Api {
            address: self.address,
            key: None,
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).unwrap();
        }
    }
}
