//! Child processes that can't outlive the test.
//!
//! A guard ends its child when it is dropped. Where the test process itself is killed, the kernel does: each child is
//! started through `setpriv --pdeathsig`. That signal is sent when the *thread* that started the child ends, so one
//! thread, which never ends, starts them all.

use std::io;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::service::on_path;

/// Makes the kernel end a child with its parent, then becomes the program (util-linux).
pub(crate) const WRAPPER: &str = "setpriv";

/// A command that [`ChildGuard::spawn`] can end even if this process is killed. Its pid is that of the program.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    if on_path(WRAPPER).is_none() {
        return plain(program);
    }
    let mut command = plain(WRAPPER);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests start the real gateway and the real services"
)]
pub(crate) fn plain(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

/// A child process that ends with its guard.
#[derive(Debug)]
pub struct ChildGuard {
    child: Child,
    name: String,
}

impl ChildGuard {
    /// Starts the command. Make it with [`command`].
    ///
    /// # Errors
    ///
    /// If the program can't be started.
    pub fn spawn(command: Command) -> Result<Self> {
        let name = format!("{command:?}");
        let is_wrapped = command.get_program() == WRAPPER;
        let child =
            spawn_on_lasting_thread(command)?.with_context(|| format!("{name} could not start"))?;
        let mut guard = Self { child, name };
        if is_wrapped {
            guard.wait_for_program()?;
        }
        Ok(guard)
    }

    /// Waits until the wrapper has become the program. Before that, a signal would meet the wrapper, and our death nobody.
    fn wait_for_program(&mut self) -> Result<()> {
        let name = PathBuf::from(format!("/proc/{}/comm", self.child.id()));
        let started = Instant::now();
        while std::fs::read_to_string(&name).is_ok_and(|name| name.trim_end() == WRAPPER) {
            if self.exit_status()?.is_some() {
                break;
            }
            if started.elapsed() > Duration::from_secs(10) {
                bail!("{} did not start", self.name);
            }
            thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }

    /// The child's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The child's standard input, once, if it was piped.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The child's standard output, once, if it was piped.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// The child's standard error, once, if it was piped.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// Sends a signal, if the child still runs.
    ///
    /// # Errors
    ///
    /// If the signal can't be sent.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.exit_status()?.is_some() {
            return Ok(());
        }
        signal_process(self.child.id(), signal)
            .with_context(|| format!("{} can't be signalled", self.name))
    }

    /// Sends SIGKILL and waits for the end: the process had no chance to tidy up.
    ///
    /// # Errors
    ///
    /// If the child can't be killed or waited for.
    pub fn kill_and_wait(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::KILL)?;
        self.child
            .wait()
            .with_context(|| format!("{} can't be waited for", self.name))
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Errors
    ///
    /// If the child does not end `within` the time.
    pub fn terminate_and_wait(&mut self, within: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.wait_within(within)
    }

    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// If the child does not end `within` the time.
    pub fn wait_within(&mut self, within: Duration) -> Result<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.exit_status()? {
                return Ok(status);
            }
            if started.elapsed() >= within {
                bail!("{} did not end within {within:?}", self.name);
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// How the child ended, if it has.
    ///
    /// # Errors
    ///
    /// If the child can't be waited for.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("{} can't be waited for", self.name))
    }

    /// Peak resident memory in bytes so far, as the kernel counts it. None once the child has ended.
    pub fn peak_resident_bytes(&self) -> Option<u64> {
        self.status_bytes("VmHWM:")
    }

    /// Resident memory in bytes now. None once the child has ended.
    pub fn resident_bytes(&self) -> Option<u64> {
        self.status_bytes("VmRSS:")
    }

    fn status_bytes(&self, key: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with(key))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    }
}

impl Drop for ChildGuard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process by its id.
pub(crate) fn signal_process(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .with_context(|| format!("{pid} is no process id"))?;
    kill_process(pid, signal).with_context(|| format!("process {pid} can't be signalled"))
}

struct Order {
    command: Command,
    reply: mpsc::SyncSender<io::Result<Child>>,
}

/// The thread that starts every child lives as long as the process.
fn spawn_on_lasting_thread(command: Command) -> Result<io::Result<Child>> {
    static ORDERS: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for mut order in receiver {
                let _ = order.reply.send(order.command.spawn());
            }
        });
        Mutex::new(sender)
    });
    let (reply, answer) = mpsc::sync_channel(1);
    orders
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(Order { command, reply })
        .ok()
        .context("the thread that starts processes is gone")?;
    answer
        .recv()
        .context("the thread that starts processes is gone")
}
