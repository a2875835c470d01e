//! The reply on its way back: its headers without those that no longer hold, its body decoded and watched.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use countersign_gate::ExecutionError;
use countersign_net::LimitedBody;
use futures::Stream;
use http::{HeaderMap, HeaderName, header};
use http_body::Body;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::{decode::Decoder, fault};

/// Headers of a reply that are not passed on.
static DROPPED: [HeaderName; 35] = [
    // How the message travelled.
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-authentication-info"),
    header::VIA,
    // About bytes that masking and decoding may change.
    header::ACCEPT_RANGES,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
    // SECURITY: a session of the upstream is a credential, and the agent gets none.
    header::SET_COOKIE,
    HeaderName::from_static("set-cookie2"),
    HeaderName::from_static("authentication-info"),
    // Said by the upstream about its own origin: the agent sees the gateway's.
    header::ALT_SVC,
    header::STRICT_TRANSPORT_SECURITY,
    HeaderName::from_static("access-control-allow-credentials"),
    HeaderName::from_static("access-control-allow-headers"),
    HeaderName::from_static("access-control-allow-methods"),
    HeaderName::from_static("access-control-allow-origin"),
    HeaderName::from_static("access-control-expose-headers"),
    HeaderName::from_static("access-control-max-age"),
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("nel"),
    HeaderName::from_static("public-key-pins"),
    HeaderName::from_static("report-to"),
    HeaderName::from_static("reporting-endpoints"),
    HeaderName::from_static("service-worker-allowed"),
];

/// Takes out what is not passed on, nominated headers included.
pub(super) fn clean(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let nominated: Vec<HeaderName> = headers
            .get_all(header::CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
            .collect();
        for name in nominated {
            headers.remove(name);
        }
    }
    for name in &DROPPED {
        headers.remove(name);
    }
}

/// The body: ends with an error when it is cancelled, over a limit, late or damaged.
pub(super) struct ReplyBody {
    /// `None` when it is over: the connection is then closed or back in its pool.
    body: Option<LimitedBody>,
    decoder: Option<Decoder>,
    /// Received and not decoded yet.
    waiting: Bytes,
    cancellation: CancellationToken,
    /// Made at the first wait: most bodies are there with the head.
    cancelled: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl ReplyBody {
    pub(super) fn new(
        body: LimitedBody,
        decoder: Option<Decoder>,
        cancellation: CancellationToken,
    ) -> Self {
        Self {
            body: Some(body),
            decoder,
            waiting: Bytes::new(),
            cancellation,
            cancelled: None,
        }
    }

    fn is_cancelled(&mut self, context: &mut Context<'_>) -> bool {
        let token = &self.cancellation;
        self.cancelled
            .get_or_insert_with(|| Box::pin(token.clone().cancelled_owned()))
            .as_mut()
            .poll(context)
            .is_ready()
    }

    fn poll_received(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, ExecutionError>>> {
        loop {
            if self.cancellation.is_cancelled() {
                return Poll::Ready(Some(Err(fault::cancelled())));
            }
            let Some(body) = &mut self.body else {
                return Poll::Ready(None);
            };
            match Pin::new(body).poll_frame(context) {
                Poll::Pending if self.is_cancelled(context) => {
                    return Poll::Ready(Some(Err(fault::cancelled())));
                }
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(fault::of_net(&error))));
                }
                // Trailers are not passed on.
                Poll::Ready(Some(Ok(frame))) => {
                    if let Some(data) = frame.into_data().ok().filter(|data| !data.is_empty()) {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    fn poll_decoded(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, ExecutionError>>> {
        loop {
            if let Some(decoder) = &mut self.decoder
                && !self.waiting.is_empty()
            {
                match decoder.decode(&mut self.waiting) {
                    Ok(decoded) if decoded.is_empty() => continue,
                    outcome => return Poll::Ready(Some(outcome)),
                }
            }
            match (ready!(self.poll_received(context)), &mut self.decoder) {
                (Some(Ok(data)), Some(_)) => self.waiting = data,
                (None, Some(_)) => {
                    let rest = self
                        .decoder
                        .take()
                        .map_or_else(|| Ok(Bytes::new()), |mut decoder| decoder.finish());
                    return Poll::Ready(match rest {
                        Ok(rest) if rest.is_empty() => None,
                        rest => Some(rest),
                    });
                }
                (received, _) => return Poll::Ready(received),
            }
        }
    }
}

impl Stream for ReplyBody {
    type Item = Result<Bytes, ExecutionError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.body.is_none() {
            return Poll::Ready(None);
        }
        let polled = ready!(this.poll_decoded(context));
        if !matches!(polled, Some(Ok(_))) {
            // Closes the connection if anything is left on it.
            this.body = None;
        }
        Poll::Ready(polled)
    }
}
