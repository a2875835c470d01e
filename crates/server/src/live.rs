//! What stays open ends with its credential: calls that wait, and answers that go on.
//!
//! A key that is revoked, an overlap that ends, a session that is ended, rights that are narrowed: within a second of any of them a long
//! poll is answered 401, an event stream ends, and a body that still streams breaks off, so that nobody takes its beginning for the whole.
//! A call that changes something is not stopped here: its use case asks again by itself, and an execution has its own cancellation.

use std::{io, pin::pin, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::header;
use http_body::Body as _;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::{caller::Caller, problem::Problem, state::ServerState};

/// Runs a call for as long as its caller lives.
pub(crate) async fn run(
    state: &ServerState,
    caller: Caller,
    changes: bool,
    call: impl Future<Output = Response>,
) -> Response {
    let period = state.limits.revalidation_period;
    let response = if changes {
        call.await
    } else {
        match while_live(&caller, period, call).await {
            Some(response) => response,
            None => return ended().into_response(),
        }
    };
    guard(caller, period, response)
}

/// The answer; `None` where the credential ended first.
async fn while_live(
    caller: &Caller,
    period: Duration,
    call: impl Future<Output = Response>,
) -> Option<Response> {
    let mut call = pin!(call);
    loop {
        tokio::select! {
            biased;
            response = &mut call => return Some(response),
            () = tokio::time::sleep(period) => {
                if !caller.gate.is_live(&caller.cx().principal).await {
                    return None;
                }
            }
        }
    }
}

fn ended() -> Problem {
    Problem::unauthenticated(
        "the credential ended while this call was waiting, or may do less now: call again with one that is live",
    )
}

/// One body that goes on.
struct Guarded {
    data: BodyDataStream,
    ticks: Interval,
    caller: Caller,
    is_over: bool,
    ends_whole: bool,
}

impl Guarded {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.is_over {
            return None;
        }
        loop {
            tokio::select! {
                biased;
                _ = self.ticks.tick() => {
                    if !self.caller.gate.is_live(&self.caller.cx().principal).await {
                        self.is_over = true;
                        return (!self.ends_whole).then(|| Err(io::Error::other("the credential of this call has ended")));
                    }
                }
                piece = self.data.next() => return piece.map(|piece| piece.map_err(io::Error::other)),
            }
        }
    }
}

/// Ends a body that is not there yet with its caller. A body that is whole leaves as it is.
fn guard(caller: Caller, period: Duration, response: Response) -> Response {
    if response.body().is_end_stream() || response.body().size_hint().exact().is_some() {
        return response;
    }
    // Of events each is whole; of anything else half is not to be taken for all.
    let ends_whole = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
    let (parts, body) = response.into_parts();
    let mut ticks = tokio::time::interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let guarded = Guarded {
        data: body.into_data_stream(),
        ticks,
        caller,
        is_over: false,
        ends_whole,
    };
    let body = Body::from_stream(stream::unfold(guarded, |mut guarded| async move {
        guarded.next().await.map(|piece| (piece, guarded))
    }));
    Response::from_parts(parts, body)
}
