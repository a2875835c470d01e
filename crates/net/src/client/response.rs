//! The body of a reply, bounded in size and time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::failure::of_body;
use crate::error::NetError;
use crate::limits::Limits;

/// A body that ends with an error when it is longer or slower than its limits. Dropping it closes or recycles the connection.
#[derive(Debug)]
pub struct LimitedBody {
    inner: Incoming,
    received_bytes: u64,
    limit_bytes: u64,
    total: Duration,
    deadline: Instant,
    /// Made at the first wait: most bodies are there with the head.
    timer: Option<Pin<Box<Sleep>>>,
    is_over: bool,
}

impl LimitedBody {
    pub(crate) fn new(inner: Incoming, limits: &Limits, deadline: Instant) -> Self {
        Self {
            inner,
            received_bytes: 0,
            limit_bytes: limits.response_bytes,
            total: limits.total,
            deadline,
            timer: None,
            is_over: false,
        }
    }

    /// Bytes received until now.
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// Reads to the end into one buffer, which the limits bound.
    pub async fn collect_bytes(self) -> Result<Bytes, NetError> {
        Ok(http_body_util::BodyExt::collect(self).await?.to_bytes())
    }

    fn fail(&mut self, error: NetError) -> Poll<Option<Result<Frame<Bytes>, NetError>>> {
        self.is_over = true;
        Poll::Ready(Some(Err(error)))
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let deadline = self.deadline;
        self.timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)))
            .as_mut()
            .poll(context)
            .is_ready()
    }
}

impl Body for LimitedBody {
    type Data = Bytes;
    type Error = NetError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NetError>>> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(None);
        }
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                this.received_bytes = this.received_bytes.saturating_add(length as u64);
                if this.received_bytes > this.limit_bytes {
                    return this.fail(NetError::ResponseTooLarge {
                        limit_bytes: this.limit_bytes,
                    });
                }
                // A stream that is always ready must end too.
                if Instant::now() > this.deadline {
                    return this.fail(NetError::TotalTimeout { limit: this.total });
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => this.fail(of_body(&error)),
            Poll::Ready(None) => {
                this.is_over = true;
                Poll::Ready(None)
            }
            Poll::Pending if this.is_late(context) => {
                this.fail(NetError::TotalTimeout { limit: this.total })
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
