//! Percentiles of how long scans took.

use std::time::Duration;

use serde::Serialize;

/// Percentiles, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Half took at most this.
    pub p50_micros: f64,
    /// Of a hundred, ninety took at most this.
    pub p90_micros: f64,
    /// Of a hundred, ninety-nine took at most this.
    pub p99_micros: f64,
    /// The longest.
    pub max_micros: f64,
}

impl Latency {
    /// The percentiles of some durations; zero when there are none.
    pub fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        let at = |percent: usize| {
            let rank = (durations.len() * percent).div_ceil(100).max(1) - 1;
            durations
                .get(rank)
                .map_or(0.0, |duration| duration.as_secs_f64() * 1e6)
        };
        Self {
            p50_micros: at(50),
            p90_micros: at(90),
            p99_micros: at(99),
            max_micros: at(100),
        }
    }
}
