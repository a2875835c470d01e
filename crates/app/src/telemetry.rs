//! The log: on standard error, as text or JSON. Nothing that a client wrote stands in it unescaped.

use std::io;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, reload};

use crate::config::{LogFormat, LogSettings};
use crate::failure::{Failure, Result};

/// Changes the level of a running gateway.
#[derive(Debug, Clone)]
pub(crate) struct LogHandle(reload::Handle<Targets, Registry>);

impl LogHandle {
    /// Sets a level or filter that was checked before.
    pub(crate) fn set_level(&self, settings: &LogSettings) {
        if let Ok(targets) = settings.level.parse::<Targets>() {
            drop(self.0.reload(targets));
        }
    }
}

/// Starts the log of this process. Once.
pub(crate) fn start(settings: &LogSettings) -> Result<LogHandle> {
    let wrong = || {
        Failure::usage(format!("`{}` is no log level", settings.level))
            .next("use error, warn, info, debug or trace")
    };
    let targets = settings.level.parse::<Targets>().map_err(|_| wrong())?;
    let (filter, handle) = reload::Layer::new(targets);
    let lines = match settings.format {
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(io::stderr)
            .boxed(),
        // Colours would be control characters for whoever reads the log elsewhere.
        LogFormat::Text => fmt::layer()
            .with_ansi(false)
            .with_writer(io::stderr)
            .boxed(),
    };
    let started = tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init();
    started.map_err(|error| Failure::usage(format!("the log could not start: {error}")))?;
    Ok(LogHandle(handle))
}
