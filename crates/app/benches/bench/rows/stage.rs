//! A configured gateway with its upstream, made anew for each row, so that rows don't depend on which ran before.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use countersign_testkit::Nginx;

use crate::calls::Call;
use crate::gateway::Gateway;
use crate::home::Home;
use crate::load::{Load, Until};
use crate::options::Options;
use crate::pin::gateway_core;
use crate::samples::{Samples, median};
use crate::scene::{self, Scene};

/// Before a measurement: caches fill, connections to the upstream open.
const WARM_UP: Duration = Duration::from_secs(1);

/// Everything that a row needs.
#[derive(Debug)]
pub(super) struct Stage {
    /// What is configured.
    pub(super) scene: Scene,
    /// The gateway; before its home, so that it ends first.
    pub(super) gateway: Gateway,
    /// Its data directory.
    pub(super) home: Home,
    /// The upstream.
    pub(super) upstream: Nginx,
    is_pinned: bool,
}

/// What came of some rounds.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    rates: Vec<f64>,
    times: Samples,
    answers: u64,
    processor_seconds: f64,
}

impl Stage {
    /// On SQLCipher, the gateway on its core.
    pub(super) fn pinned(options: &Options) -> Result<Self> {
        Self::set(Home::onboard(&options.folder, None)?, true)
    }

    /// On PostgreSQL, everybody on all cores.
    pub(super) fn on_postgres(options: &Options, database_url: String) -> Result<Self> {
        Self::set(Home::onboard(&options.folder, Some(database_url))?, false)
    }

    fn set(home: Home, is_pinned: bool) -> Result<Self> {
        let upstream = scene::upstream()?;
        let gateway = Gateway::start(&home, is_pinned.then(gateway_core))?;
        let scene = Scene::set(&home, &gateway, upstream.address())?;
        Ok(Self {
            scene,
            gateway,
            home,
            upstream,
            is_pinned,
        })
    }

    /// A load on the gateway, over as many connections as the options say.
    pub(super) fn load(&self, options: &Options, call: Call) -> Load {
        Load {
            address: self.gateway.address(),
            call: Arc::new(call),
            connections: options.connections,
            is_pinned: self.is_pinned,
        }
    }

    /// Runs a load for a moment, uncounted.
    pub(super) fn warm_up(&self, load: &Load) -> Result<()> {
        load.run(Until::Elapsed(WARM_UP))
            .map(drop)
            .with_context(|| self.log())
    }

    /// Adds one round of a load on the gateway.
    pub(super) fn round(&self, options: &Options, load: &Load, rounds: &mut Rounds) -> Result<()> {
        let before = self.gateway.processor_seconds()?;
        rounds.add(load, options).with_context(|| self.log())?;
        rounds.processor_seconds += self.gateway.processor_seconds()? - before;
        Ok(())
    }

    /// Warms up and runs all rounds of a load on the gateway.
    pub(super) fn rounds(&self, options: &Options, call: Call) -> Result<Rounds> {
        let load = self.load(options, call);
        self.warm_up(&load)?;
        let mut rounds = Rounds::default();
        for _ in 0..options.rounds {
            self.round(options, &load, &mut rounds)?;
        }
        Ok(rounds)
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.home.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        format!(
            "the gateway's log ends: {}",
            lines
                .get(lines.len().saturating_sub(5)..)
                .unwrap_or_default()
                .join(" | ")
        )
    }
}

impl Rounds {
    /// Runs one round of a load and adds it.
    pub(super) fn add(&mut self, load: &Load, options: &Options) -> Result<()> {
        let outcome = load.run(Until::Elapsed(options.round))?;
        self.rates.push(outcome.rate());
        self.answers += outcome.answers;
        self.times.extend(outcome.times);
        Ok(())
    }

    /// The median of the rates.
    pub(super) fn rate(&self) -> f64 {
        median(&self.rates)
    }

    /// The rates, round by round.
    pub(super) fn rates(&self) -> &[f64] {
        &self.rates
    }

    /// All times.
    pub(super) fn times(&self) -> &Samples {
        &self.times
    }

    /// Spread, latency and cost, for the last column.
    pub(super) fn note(&self) -> String {
        let [low, high] = [f64::min as fn(f64, f64) -> f64, f64::max]
            .map(|pick| self.rates.iter().copied().reduce(pick).unwrap_or(0.0));
        let mut note = format!(
            "{low:.0} to {high:.0}; p50 {:.2} ms, p99 {:.2} ms",
            self.times.percentile_millis(50),
            self.times.percentile_millis(99)
        );
        if self.processor_seconds > 0.0 {
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
            let micros = self.processor_seconds * 1e6 / self.answers as f64;
            let _ = write!(note, "; {micros:.0} us of the gateway's core each");
        }
        note
    }
}
