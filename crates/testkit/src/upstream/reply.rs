//! What the upstream answers, and how it misbehaves.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use tokio::sync::watch;

/// A scripted reply.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) framing: Framing,
    pub(super) fault: Fault,
    /// Before the first byte.
    pub(super) delay: Duration,
    /// Between two pieces of the body.
    pub(super) pause: Duration,
    /// Bytes of one piece of the body: one chunk, where it is chunked.
    pub(super) piece_bytes: usize,
    /// Held until it opens.
    pub(super) latch: Option<Latch>,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    Bytes(Bytes),
    /// This many `x`.
    Repeated(u64),
    /// The request's own.
    Echoed,
    /// The request as JSON.
    Described,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    Chunked,
    UntilClose,
}

#[derive(Debug, Clone)]
pub(super) enum Fault {
    None,
    Hang,
    /// TCP reset after this many bytes of the body.
    Reset(u64),
    /// Orderly close after this many bytes of the body, though more was promised.
    Truncate(u64),
    BadChunk,
    /// These bytes instead of any HTTP of ours.
    Raw(Bytes),
}

impl Reply {
    fn new(status: u16, body: Body) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
            framing: Framing::Length,
            fault: Fault::None,
            delay: Duration::ZERO,
            pause: Duration::ZERO,
            piece_bytes: 64 * 1024,
            latch: None,
        }
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self::new(status, Body::Bytes(Bytes::new()))
    }

    /// 200 with text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::bytes(text.into()).header("content-type", "text/plain; charset=utf-8")
    }

    /// 200 with JSON.
    pub fn json(value: &serde_json::Value) -> Self {
        Self::bytes(value.to_string()).header("content-type", "application/json")
    }

    /// 200 with any bytes, binary ones too.
    pub fn bytes(body: impl Into<Bytes>) -> Self {
        Self::new(200, Body::Bytes(body.into()))
    }

    /// 200 with the bytes compressed by gzip.
    ///
    /// # Errors
    ///
    /// If they can't be compressed.
    pub fn gzip(body: &[u8]) -> Result<Self> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let compressed = encoder
            .write_all(body)
            .and_then(|()| encoder.finish())
            .context("the body can't be compressed")?;
        Ok(Self::bytes(compressed).header("content-encoding", "gzip"))
    }

    /// 200 with this many bytes, streamed: a gigabyte costs no memory.
    pub fn stream(total_bytes: u64) -> Self {
        Self::new(200, Body::Repeated(total_bytes))
            .header("content-type", "application/octet-stream")
    }

    /// 200 with the request's own body and content type.
    pub fn echo() -> Self {
        Self::new(200, Body::Echoed)
    }

    /// 200 with the request as JSON: `method`, `target`, `headers` (a list of pairs) and `body`.
    pub fn echo_request() -> Self {
        Self::new(200, Body::Described).header("content-type", "application/json")
    }

    /// A redirect.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("location", location)
    }

    /// No answer, ever; the connection stays open.
    pub fn hang() -> Self {
        Self {
            fault: Fault::Hang,
            ..Self::status(200)
        }
    }

    /// Head and a chunk, then a chunk size that is none.
    pub fn bad_chunking() -> Self {
        Self {
            fault: Fault::BadChunk,
            ..Self::text("five!")
        }
    }

    /// These bytes as they are, then an orderly close.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self {
            fault: Fault::Raw(bytes.into()),
            ..Self::status(200)
        }
    }

    /// Another status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Chunked, in chunks of this many bytes.
    #[must_use]
    pub fn chunked(mut self, chunk_bytes: usize) -> Self {
        self.framing = Framing::Chunked;
        self.piece_bytes = chunk_bytes.max(1);
        self
    }

    /// Without a length: the close of the connection ends the body.
    #[must_use]
    pub fn until_close(mut self) -> Self {
        self.framing = Framing::UntilClose;
        self
    }

    /// Waits before the first byte of the head.
    #[must_use]
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Waits between two pieces of the body.
    #[must_use]
    pub fn paced(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Waits before the first byte of the head until the latch opens.
    #[must_use]
    pub fn held_by(mut self, latch: &Latch) -> Self {
        self.latch = Some(latch.clone());
        self
    }

    /// Resets the connection after this many bytes of the body (0: right after the head).
    #[must_use]
    pub fn reset_after(mut self, body_bytes: u64) -> Self {
        self.fault = Fault::Reset(body_bytes);
        self
    }

    /// Closes the connection in order after this many bytes of the body, though the head promised more.
    #[must_use]
    pub fn truncated_after(mut self, body_bytes: u64) -> Self {
        self.fault = Fault::Truncate(body_bytes);
        self
    }
}

/// Holds replies back until the test opens it; once open, it stays open.
#[derive(Debug, Clone)]
pub struct Latch {
    sender: watch::Sender<bool>,
}

impl Latch {
    /// A closed latch.
    pub fn new() -> Self {
        Self {
            sender: watch::Sender::new(false),
        }
    }

    /// Lets every held reply go.
    pub fn open(&self) {
        self.sender.send_replace(true);
    }

    pub(super) async fn opened(&self) {
        // The sender lives in `self`, so waiting can't fail.
        let _ = self.sender.subscribe().wait_for(|is_open| *is_open).await;
    }
}

impl Default for Latch {
    fn default() -> Self {
        Self::new()
    }
}
