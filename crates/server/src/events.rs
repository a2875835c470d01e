//! `/api/v1/events`: the ledger as it grows, as server-sent events.
//!
//! An event's id is its position in the ledger, so that a client that was away resumes with `Last-Event-ID` and misses nothing. Each
//! event is filtered by the viewer's rights, and the stream ends within a second of the end of its credential.

use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use countersign_domain::{Permission, RequestId, SealedEntry};
use countersign_gate::{OpCx, Principal, RequestBrief};
use futures::{Stream, StreamExt, stream::BoxStream};
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;
use tokio::time::Interval;
use utoipa::IntoParams;

use crate::{
    api::EventView,
    body::Query,
    caller::Caller,
    problem::{Problem, Result},
    state::ServerState,
    streams::{Full, Place},
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A comment at least this often, so that proxies keep the connection and a dead peer is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Of how many requests a stream remembers whether its viewer may see them.
const REMEMBERED_REQUESTS: usize = 1_024;

/// Where to begin.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// The position of the last event that the client has; the header `Last-Event-ID` wins. Without either: from now on.
    after: Option<u64>,
}

/// What happens, as it happens.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    params(EventQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The id of the last event that the client has")),
    responses((status = 200, description = "Server-sent events: `id` is the position in the ledger, `event` the entry's kind, `data` the entry with what it tells of its request",
        body = EventView, content_type = "text/event-stream")))]
pub(crate) async fn events(
    caller: Caller,
    State(state): State<Arc<ServerState>>,
    headers: HeaderMap,
    Query(query): Query<EventQuery>,
) -> Result<Response> {
    let after = match headers.get(LAST_EVENT_ID) {
        None => query.after,
        Some(value) => {
            let position = value
                .to_str()
                .ok()
                .and_then(|text| text.trim().parse().ok());
            Some(position.ok_or_else(|| {
                Problem::invalid("Last-Event-ID", "not an event's id: expected a number")
            })?)
        }
    };
    let place = state
        .event_streams
        .open(&caller.cx().principal)
        .map_err(|full| no_place(full, &state))?;
    // SECURITY: the ledger is followed as the gateway itself, because whoever may read requests but not the ledger still gets what
    // belongs to those requests. Nothing of it leaves but through `Visible`, which asks with the viewer's own rights.
    let as_gateway = OpCx {
        principal: Principal::System,
        ..caller.cx().clone()
    };
    let gate = &caller.gate;
    let entries = match &caller.cx().principal {
        Principal::Agent { agent, .. } => {
            gate.subscribe_for_agent(&as_gateway, after, agent.id)
                .await?
        }
        _ => gate.subscribe(&as_gateway, after).await?,
    };
    let mut revalidation = tokio::time::interval(state.limits.revalidation_period);
    revalidation.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let live = Live {
        visible: Visible::of(&caller),
        may_read_requests: caller
            .cx()
            .principal
            .permissions()
            .contains(Permission::RequestRead),
        caller,
        entries,
        revalidation,
        draining: state.draining.clone(),
        _place: place,
    };
    Ok(Sse::new(live.events())
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response())
}

fn no_place(full: Full, state: &ServerState) -> Problem {
    let (status, detail, limit) = match full {
        Full::All => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!(
                "{} event streams are open, more are not allowed: close one",
                state.limits.event_streams
            ),
            "event_streams",
        ),
        Full::Agents => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the event streams that agents may have are open: close one".to_owned(),
            "event_streams",
        ),
        Full::Own(most) => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("you have {most} event streams open, more are not allowed: close one"),
            "event_streams_each",
        ),
    };
    Problem::new(status, "too_many_streams", detail)
        .limited_by(limit)
        .retry_after(KEEP_ALIVE)
}

/// One open stream.
struct Live {
    caller: Caller,
    visible: Visible,
    may_read_requests: bool,
    entries: BoxStream<'static, SealedEntry>,
    revalidation: Interval,
    draining: tokio_util::sync::CancellationToken,
    _place: Place,
}

impl Live {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
        // The head of an answer leaves with its first bytes: whoever connects sees at once that the stream stands.
        let standing = futures::stream::iter([Ok(Event::default().comment("live"))]);
        standing.chain(futures::stream::unfold(self, |mut live| async move {
            live.next().await.map(|event| (Ok(event), live))
        }))
    }

    /// The next event that the viewer may see; `None` ends the stream. The check of the credential comes first: a busy ledger must
    /// not keep a revoked viewer connected.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                biased;
                () = self.draining.cancelled() => return None,
                _ = self.revalidation.tick() => {
                    if !self.caller.gate.is_live(&self.caller.cx().principal).await {
                        return None;
                    }
                }
                entry = self.entries.next() => {
                    // A store that fails ends the stream: the client resumes where it was.
                    let entry = entry?;
                    if self.visible.shows(&self.caller, &entry).await {
                        // Without what it tells of its request the entry is still news.
                        let brief = if self.may_read_requests {
                            self.caller.gate.brief(self.caller.cx(), &entry).await.ok().flatten()
                        } else {
                            None
                        };
                        return event(&self.caller, &entry, brief);
                    }
                }
            }
        }
    }
}

fn event(caller: &Caller, entry: &SealedEntry, brief: Option<RequestBrief>) -> Option<Event> {
    Event::default()
        .id(entry.position.to_string())
        .event(&entry.entry.kind)
        .json_data(EventView::new(caller, entry, brief))
        .ok()
}

/// What a viewer may see of the ledger.
enum Visible {
    /// All of it.
    Everything,
    /// What belongs to requests that the viewer may read; the answers so far.
    Requests(HashMap<RequestId, bool>),
}

impl Visible {
    fn of(caller: &Caller) -> Self {
        if caller
            .cx()
            .principal
            .permissions()
            .contains(Permission::AuditRead)
        {
            Self::Everything
        } else {
            Self::Requests(HashMap::new())
        }
    }

    async fn shows(&mut self, caller: &Caller, entry: &SealedEntry) -> bool {
        let Self::Requests(known) = self else {
            return true;
        };
        let Some(id) = entry.entry.request else {
            return false;
        };
        if let Some(shown) = known.get(&id) {
            return *shown;
        }
        // Not known, so not shown, and asked again next time.
        let Ok(shown) = caller.gate.may_read(caller.cx(), id).await else {
            return false;
        };
        if known.len() >= REMEMBERED_REQUESTS {
            known.clear();
        }
        known.insert(id, shown);
        shown
    }
}
