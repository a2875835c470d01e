//! The steps of the operator's page: its checks, its tests, its build, and its tests against the binary.
//!
//! Where Node.js or a browser is missing they are left out and counted as skipped, with the reason; in continuous integration they fail.
//! Without `web/package.json` there is no page, and no step.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::stream;
use super::tally::Tally;
use crate::environment::{Environment, program};
use crate::output;

/// The steps before the Rust tests: the binary under test shall have the page.
const BEFORE: u64 = 3;

/// The page of this workspace, as far as this run can test it.
#[derive(Debug)]
pub(super) enum Page {
    /// There is none.
    None,
    /// It can be built and tested.
    Usable,
    /// It can't, and why.
    LeftOut(&'static str),
}

impl Page {
    /// Looks for the page and installs what its tests need (`scripts/install-web-deps`).
    pub(super) fn prepare(root: &Path) -> Result<Self> {
        if !root.join("web/package.json").is_file() {
            return Ok(Self::None);
        }
        output::heading("packages of the page (scripts/install-web-deps)");
        let installed = stream::run(program("scripts/install-web-deps"))?;
        Ok(if installed.has_succeeded {
            Self::Usable
        } else {
            Self::LeftOut("Node.js 20.19 with npm, or what npm installs, is missing: see above")
        })
    }

    /// Checks, tests and builds the page.
    pub(super) fn before(&self, environment: &Environment, target: &Path) -> Result<Tally> {
        match self {
            Self::None => Ok(Tally::default()),
            Self::LeftOut(why) => Ok(left_out(
                environment,
                BEFORE,
                "the page's checks, tests and build",
                why,
            )),
            Self::Usable => {
                let mut total = Tally::one(run("npm run check", npm("check", &[]))?);
                total += vitest(target)?;
                total += Tally::one(run("npm run build", npm("build", &[]))?);
                Ok(total)
            }
        }
    }

    /// Tests the page in a browser against the binary that was just built.
    pub(super) fn after(
        &self,
        environment: &Environment,
        root: &Path,
        target: &Path,
    ) -> Result<Tally> {
        let name = "the page's tests in a browser";
        if matches!(self, Self::None) || !has_playwright(root) {
            return Ok(Tally::default());
        }
        if let Self::LeftOut(why) = self {
            return Ok(left_out(environment, 1, name, why));
        }
        if !has_browser() {
            let why = "chromium is missing (scripts/install-test-deps installs it)";
            return Ok(left_out(environment, 1, name, why));
        }
        playwright(target)
    }
}

fn left_out(environment: &Environment, steps: u64, name: &str, why: &str) -> Tally {
    output::heading(&format!("{name}: left out"));
    output::say(&format!("left out: {name}: {why}"));
    if environment.is_ci {
        Tally::one(false)
    } else {
        Tally::left_out(steps)
    }
}

fn vitest(target: &Path) -> Result<Tally> {
    let report = fresh(target, "page-tests.json")?;
    let file = format!("--outputFile.json={}", report.display());
    let command = npm("test", &["--reporter=default", "--reporter=json", &file]);
    let has_succeeded = run("npm run test", command)?;
    Ok(Tally::of_vitest(&read(&report)?).with_exit(has_succeeded))
}

fn playwright(target: &Path) -> Result<Tally> {
    let report = fresh(target, "page-e2e.json")?;
    let mut command = npm("e2e", &[]);
    command
        // The page's configuration of Playwright writes its report there.
        .env("COUNTERSIGN_E2E_REPORT", &report)
        .env("COUNTERSIGN_BINARY", target.join("debug/countersign"));
    let has_succeeded = run("npm run e2e", command)?;
    Ok(Tally::of_playwright(&read(&report)?).with_exit(has_succeeded))
}

/// `npm run SCRIPT` in the page's folder.
fn npm(script: &str, arguments: &[&str]) -> Command {
    let mut command = program("npm");
    command.current_dir("web").args(["run", script]);
    if !arguments.is_empty() {
        command.arg("--").args(arguments);
    }
    command
}

fn run(name: &str, command: Command) -> Result<bool> {
    output::heading(name);
    Ok(stream::run(command)?.has_succeeded)
}

/// A report that an earlier run left would be counted again.
fn fresh(target: &Path, name: &str) -> Result<PathBuf> {
    let path = target.join(name);
    super::remove(&path)?;
    Ok(path)
}

/// The report; nothing where the runner died before it wrote one.
fn read(path: &Path) -> Result<Value> {
    match fs::read(path) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).with_context(|| format!("{} is no JSON", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
        Err(error) => Err(error).with_context(|| format!("{} can't be read", path.display())),
    }
}

fn has_playwright(root: &Path) -> bool {
    ["ts", "mts", "js", "mjs"].iter().any(|extension| {
        root.join(format!("web/playwright.config.{extension}"))
            .is_file()
    })
}

fn has_browser() -> bool {
    ["chromium", "chromium-browser"].iter().any(|name| {
        program(name)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
    })
}
