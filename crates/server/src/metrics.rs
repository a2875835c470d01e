//! `/metrics` in the text form of `OpenMetrics`: what the server and the gate have counted, read at the moment of the scrape.

use std::{fmt, sync::Arc};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use countersign_gate::{Gate, Metrics};
use http::{HeaderValue, header};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text::encode},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

use crate::{
    caller::Caller,
    problem::{Problem, Result},
    state::ServerState,
};

const OPENMETRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// What the gateway has counted, for a scraper with a key that has the scope `metrics:read`.
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text")))]
pub(crate) async fn metrics(
    caller: Caller,
    State(state): State<Arc<ServerState>>,
) -> Result<Response> {
    render(&state, Some(&caller.gate)).await
}

/// The same on a listener of its own, where reaching it is the permission.
pub(crate) async fn metrics_without_key(State(state): State<Arc<ServerState>>) -> Result<Response> {
    render(&state, state.gate().as_ref()).await
}

async fn render(state: &Arc<ServerState>, gate: Option<&Gate>) -> Result<Response> {
    let gate = match gate {
        Some(gate) => Some(gate.metrics().await?),
        None => None,
    };
    let mut registry = Registry::with_prefix("countersign");
    registry.register_collector(Box::new(Scrape {
        state: Arc::clone(state),
        gate,
    }));
    let mut text = String::with_capacity(4_096);
    encode(&mut text, &registry).map_err(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response())
}

#[derive(Debug)]
struct Scrape {
    state: Arc<ServerState>,
    gate: Option<Metrics>,
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counters = &self.state.counters;
        counter_by(
            &mut encoder,
            "http_answers",
            "HTTP answers by class of status",
            "class",
            counters.classes(),
        )?;
        gauge(
            &mut encoder,
            "http_in_flight",
            "HTTP calls that are being answered",
            counters.in_flight(),
        )?;
        counter(
            &mut encoder,
            "http_panics",
            "Handlers that panicked",
            counters.panics(),
        )?;
        let open = self.state.event_streams.count();
        gauge(
            &mut encoder,
            "event_streams",
            "Open event streams",
            signed(open as u64),
        )?;
        gauge(
            &mut encoder,
            "locked",
            "1 while the vault is locked",
            i64::from(self.gate.is_none()),
        )?;
        self.gate
            .as_ref()
            .map_or(Ok(()), |gate| encode_gate(&mut encoder, gate))
    }
}

fn encode_gate(encoder: &mut DescriptorEncoder<'_>, gate: &Metrics) -> fmt::Result {
    counter_by(
        encoder,
        "decisions",
        "Decisions by verdict",
        "verdict",
        gate.decisions,
    )?;
    counter_by(
        encoder,
        "executions",
        "Executions by how they ended",
        "outcome",
        gate.executions,
    )?;
    counter_by(
        encoder,
        "webhook_attempts",
        "Attempts to deliver webhooks by how they ended",
        "outcome",
        gate.deliveries,
    )?;
    gauge(
        encoder,
        "executions_running",
        "Executions that run now",
        signed(gate.running as u64),
    )?;
    let live = gate
        .live
        .iter()
        .map(|(state, count)| (state.as_str(), *count));
    gauge_by(
        encoder,
        "requests",
        "Requests that still move, by state",
        "state",
        live,
    )?;
    gauge(
        encoder,
        "configuration_epoch",
        "The configuration epoch",
        signed(gate.epoch),
    )?;
    seconds(
        encoder,
        "unsealed_age",
        "How long the oldest entry has waited for its place in the ledger",
        gate.unsealed_age.as_secs_f64(),
    )?;
    let store = &gate.store;
    counter(
        encoder,
        "store_units",
        "Units of work that were committed",
        store.units,
    )?;
    counter(
        encoder,
        "store_commits",
        "Commits; on SQLite one for many units",
        store.batches,
    )?;
    counter(
        encoder,
        "store_reruns",
        "Batches or units that ran more than once",
        store.reruns,
    )?;
    counter(
        encoder,
        "store_commit_micros",
        "Time from the first statement to the end of the commit, in microseconds",
        store.commit_micros,
    )?;
    counter(
        encoder,
        "store_wal_checkpoints",
        "How often the write-ahead log was copied into the file",
        store.wal_checkpoints,
    )?;
    gauge(
        encoder,
        "store_waiting",
        "Units of work that wait now",
        signed(store.waiting as u64),
    )
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    ConstCounter::new(value).encode(encoder.encode_descriptor(
        name,
        help,
        None,
        MetricType::Counter,
    )?)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64) -> fmt::Result {
    ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn seconds(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: f64) -> fmt::Result {
    ConstGauge::new(value).encode(encoder.encode_descriptor(
        name,
        help,
        Some(&Unit::Seconds),
        MetricType::Gauge,
    )?)
}

fn counter_by<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &'static str,
    values: impl IntoIterator<Item = (&'a str, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    values.into_iter().try_for_each(|(word, value)| {
        ConstCounter::new(value).encode(family.encode_family(&[(label, word)])?)
    })
}

fn gauge_by<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &'static str,
    values: impl IntoIterator<Item = (&'a str, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    values.into_iter().try_for_each(|(word, value)| {
        ConstGauge::new(signed(value)).encode(family.encode_family(&[(label, word)])?)
    })
}
