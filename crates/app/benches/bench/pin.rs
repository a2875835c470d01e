//! Which core runs what, with util-linux's `taskset`.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use countersign_testkit::command;

/// A core by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Core(usize);

/// The core of the load generator and the upstream.
pub(crate) const LOAD: Core = Core(0);

/// The core of the gateway; the same one where the machine has no second.
pub(crate) fn gateway_core() -> Core {
    let has_second = Path::new("/sys/devices/system/cpu/cpu1").exists();
    Core(usize::from(has_second))
}

/// The command that starts the program, on the core if one is given.
pub(crate) fn start_on(core: Option<Core>, program: &Path) -> Command {
    match core {
        None => command(program),
        Some(Core(core)) => {
            let mut pinned = command("taskset");
            pinned.args(["-c", &core.to_string()]).arg(program);
            pinned
        }
    }
}

/// Moves a running process with all its threads.
pub(crate) fn move_process(pid: u32, core: Core) -> Result<()> {
    taskset(&["-a", "-p", "-c", &core.0.to_string(), &pid.to_string()])
}

/// Moves the calling thread.
pub(crate) fn move_this_thread(core: Core) -> Result<()> {
    let link =
        std::fs::read_link("/proc/thread-self").context("/proc/thread-self can't be read")?;
    let thread = link
        .file_name()
        .context("/proc/thread-self has no number")?
        .to_string_lossy();
    taskset(&["-p", "-c", &core.0.to_string(), &thread])
}

fn taskset(arguments: &[&str]) -> Result<()> {
    let status = command("taskset")
        .args(arguments)
        .stdout(Stdio::null())
        .status()
        .context("taskset (util-linux) could not start")?;
    ensure!(status.success(), "taskset {} failed", arguments.join(" "));
    Ok(())
}
