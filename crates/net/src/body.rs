//! The body of a request.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use crate::error::{Delivery, NetError};

/// An error of any type.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What a request carries: nothing, bytes in memory (neither boxed nor copied), or a stream.
pub struct OutboundBody {
    kind: Kind,
    limit_bytes: u64,
    sent_bytes: u64,
}

enum Kind {
    Full(Bytes),
    /// Shared with the copy kept for a second attempt, which is made only if this one was never polled.
    Stream(Arc<Mutex<UnsyncBoxBody<Bytes, BoxError>>>),
}

impl OutboundBody {
    /// No body.
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// A body that is produced while it is sent.
    pub fn stream<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::of(Kind::Stream(Arc::new(Mutex::new(
            body.map_err(Into::into).boxed_unsync(),
        ))))
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind,
            limit_bytes: u64::MAX,
            sent_bytes: 0,
        }
    }

    /// Whether it is known to have no bytes.
    pub fn is_empty(&self) -> bool {
        self.is_end_stream()
    }

    /// Sets the bound, and refuses a body that is known to be longer.
    pub(crate) fn limit(&mut self, limit_bytes: u64) -> Result<(), NetError> {
        self.limit_bytes = limit_bytes;
        if self.size_hint().lower() > limit_bytes {
            return Err(NetError::RequestTooLarge {
                limit_bytes,
                delivery: Delivery::NotSent,
            });
        }
        Ok(())
    }

    /// The same body for a second attempt. Valid only while the first was not polled.
    pub(crate) fn again(&self) -> Self {
        let kind = match &self.kind {
            Kind::Full(bytes) => Kind::Full(bytes.clone()),
            Kind::Stream(body) => Kind::Stream(Arc::clone(body)),
        };
        Self {
            kind,
            limit_bytes: self.limit_bytes,
            sent_bytes: 0,
        }
    }
}

fn lock(
    body: &Mutex<UnsyncBoxBody<Bytes, BoxError>>,
) -> MutexGuard<'_, UnsyncBoxBody<Bytes, BoxError>> {
    body.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<Bytes> for OutboundBody {
    fn from(bytes: Bytes) -> Self {
        Self::of(Kind::Full(bytes))
    }
}

impl From<Vec<u8>> for OutboundBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Bytes::from(bytes))
    }
}

impl From<()> for OutboundBody {
    fn from((): ()) -> Self {
        Self::empty()
    }
}

impl Default for OutboundBody {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for OutboundBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutboundBody")
            .field("size", &self.size_hint())
            .finish_non_exhaustive()
    }
}

impl Body for OutboundBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let polled = match &mut this.kind {
            Kind::Full(bytes) if bytes.is_empty() => return Poll::Ready(None),
            // Its length was checked before the start.
            Kind::Full(bytes) => return Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Stream(body) => Pin::new(&mut *lock(body)).poll_frame(context),
        };
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            this.sent_bytes = this.sent_bytes.saturating_add(data.len() as u64);
            if this.sent_bytes > this.limit_bytes {
                let error = NetError::RequestTooLarge {
                    limit_bytes: this.limit_bytes,
                    delivery: Delivery::MaybeSent,
                };
                return Poll::Ready(Some(Err(error.into())));
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Stream(body) => lock(body).is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(body) => lock(body).size_hint(),
        }
    }
}
