//! The load generator: so many kept connections on one core, each sending its next call when the last one was answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::calls::Call;
use crate::http::Connection;
use crate::pin::{LOAD, move_this_thread};
use crate::samples::Samples;

/// What is waited for beyond the end of a round.
const PATIENCE: Duration = Duration::from_secs(30);

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// After this time.
    Elapsed(Duration),
    /// After so many calls.
    Sent(u64),
}

/// A load.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// Where to.
    pub(crate) address: SocketAddr,
    /// What.
    pub(crate) call: Arc<Call>,
    /// Over how many connections.
    pub(crate) connections: usize,
    /// Whether the generator keeps to its core.
    pub(crate) is_pinned: bool,
}

/// What came of a load. Every answer in it was right.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Answers.
    pub(crate) answers: u64,
    /// From the first call to the last answer.
    pub(crate) elapsed: Duration,
    /// The time of each.
    pub(crate) times: Samples,
}

impl Outcome {
    /// Answers a second.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn rate(&self) -> f64 {
        self.answers as f64 / self.elapsed.as_secs_f64()
    }
}

impl Load {
    /// Runs it on a thread of its own.
    ///
    /// # Errors
    ///
    /// On the first answer that is not the right one.
    pub(crate) fn run(&self, until: Until) -> Result<Outcome> {
        let load = self.clone();
        let thread = std::thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || {
                if load.is_pinned {
                    move_this_thread(LOAD)?;
                }
                runtime()?.block_on(load.drive(until))
            });
        thread?
            .join()
            .map_err(|_| anyhow!("the load generator died"))?
    }

    async fn drive(&self, until: Until) -> Result<Outcome> {
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            connections.push(Connection::open(self.address).await?);
        }
        let sent = Arc::new(AtomicU64::new(0));
        let mut callers = JoinSet::new();
        let started = Instant::now();
        for connection in connections {
            callers.spawn(repeat(
                connection,
                Arc::clone(&self.call),
                started,
                until,
                Arc::clone(&sent),
            ));
        }
        let mut outcome = Outcome::default();
        let limit = PATIENCE
            + if let Until::Elapsed(time) = until {
                time
            } else {
                Duration::from_mins(10)
            };
        while let Some(caller) = tokio::time::timeout(limit, callers.join_next())
            .await
            .context("answers don't come any more")?
        {
            let times: Samples = caller??;
            outcome.answers += times.len();
            outcome.times.extend(times);
        }
        outcome.elapsed = started.elapsed();
        Ok(outcome)
    }
}

async fn repeat(
    mut connection: Connection,
    call: Arc<Call>,
    started: Instant,
    until: Until,
    sent: Arc<AtomicU64>,
) -> Result<Samples> {
    let mut times = Samples::default();
    let mut request = Vec::new();
    let mut now = Instant::now();
    loop {
        let goes_on = match until {
            Until::Elapsed(time) => now.duration_since(started) < time,
            Until::Sent(count) => sent.fetch_add(1, Ordering::Relaxed) < count,
        };
        if !goes_on {
            return Ok(times);
        }
        call.write_into(&mut request);
        let answer = connection.exchange(&request).await?;
        call.check(&answer)?;
        let answered = Instant::now();
        times.add(answered.duration_since(now));
        now = answered;
    }
}

/// A runtime of one thread.
pub(crate) fn runtime() -> Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime could not start")
}
