//! A running gateway.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use countersign_testkit::ChildGuard;
use serde_json::Value;

use crate::calls::{get, post};
use crate::home::Home;
use crate::http::{Connection, excerpt};
use crate::load::runtime;
use crate::pin::Core;

const READY: &str = "listening on http://";
/// The kernel counts a process's time in these.
const TICKS_PER_SECOND: f64 = 100.0;

/// A gateway that is ready.
#[derive(Debug)]
pub(crate) struct Gateway {
    child: ChildGuard,
    address: SocketAddr,
    started_in: Duration,
}

impl Gateway {
    /// Starts it on the core, or on all, and waits for its ready line and a 200 from `/readyz`.
    pub(crate) fn start(home: &Home, core: Option<Core>) -> Result<Self> {
        let mut command = home.command(core)?;
        command
            .args(["gateway", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped());
        let before = Instant::now();
        let mut child = ChildGuard::spawn(command)?;
        let mut lines =
            BufReader::new(child.take_stdout().context("the gateway has no output")?).lines();
        let log = || std::fs::read_to_string(home.log()).unwrap_or_default();
        let address = loop {
            let line = lines
                .next()
                .with_context(|| format!("the gateway ended at its start: {}", log()))??;
            if let Some(address) = line.split(READY).nth(1) {
                break address
                    .trim()
                    .parse()
                    .with_context(|| format!("no address in `{line}`"))?;
            }
        };
        let mut gateway = Self {
            child,
            address,
            started_in: Duration::ZERO,
        };
        let (status, body) = gateway.send(&get(address, "/readyz", None))?;
        gateway.started_in = before.elapsed();
        ensure!(
            status == 200,
            "/readyz answers {status}: {}",
            excerpt(&body)
        );
        // What it prints from now on must not fill the pipe.
        std::thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || lines.for_each(drop))?;
        Ok(gateway)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From the start of its process to the 200 of `/readyz`.
    pub(crate) fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Its resident memory in MiB.
    #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 bytes")]
    pub(crate) fn resident_mebibytes(&self) -> Result<f64> {
        Ok(self.child.resident_bytes().context("the gateway is gone")? as f64 / f64::from(1 << 20))
    }

    /// The processor time that it has used, in seconds.
    pub(crate) fn processor_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.pid()))
            .context("the gateway is gone")?;
        // Behind the name, which may hold blanks: fields 14 and 15 are user and system time.
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |index: usize| {
            fields
                .get(index)
                .and_then(|field| field.parse::<f64>().ok())
                .unwrap_or(0.0)
        };
        Ok((ticks(11) + ticks(12)) / TICKS_PER_SECOND)
    }

    /// A POST of the API; its answer.
    pub(crate) fn api_post(&self, path: &str, key: &str, body: &Value) -> Result<Value> {
        let request = post(
            self.address,
            path,
            &format!("authorization: Bearer {key}\r\n"),
            body,
        );
        let (status, answer) = self.send(&request)?;
        ensure!(
            (200..300).contains(&status),
            "POST {path} {body} answers {status}: {}",
            excerpt(&answer)
        );
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Stops it as an operator would, and waits.
    pub(crate) fn stop(mut self) -> Result<()> {
        let status = self.child.terminate_and_wait(Duration::from_secs(30))?;
        ensure!(status.success(), "the gateway ended with {status}");
        Ok(())
    }

    fn send(&self, request: &[u8]) -> Result<(u16, Vec<u8>)> {
        runtime()?.block_on(async {
            let mut connection = Connection::open(self.address).await?;
            let answer = connection.exchange(request).await?;
            Ok((answer.status, answer.body.to_vec()))
        })
    }
}
