//! What goes back to the one who asked: masked, counted, and held back until its outcome is on disk.

use std::{
    borrow::Cow,
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use countersign_scan::{LeaseMasker, VaultStream};
use countersign_vault::Committer;
use futures::{Stream, StreamExt, stream::BoxStream};
use http::HeaderMap;
use tokio::{sync::mpsc, time::Instant};

use crate::{
    carry_out::{cancelled, target_error, too_slow},
    connector::ExecutionError,
    error::{Error, Result},
    outcome::ExecutionGuard,
    tasks::Tasks,
};

/// A reply that is complete within this many bytes and [`SHORT_REPLY_TIME`] is short: one entry is enough for a read.
pub(crate) const SHORT_REPLY_BYTES: usize = 64 << 10;

/// See [`SHORT_REPLY_BYTES`].
pub(crate) const SHORT_REPLY_TIME: Duration = Duration::from_secs(1);

/// The body of a reply.
pub enum ReplyBody {
    /// All of it. Its outcome is on disk.
    Full(Bytes),
    /// As it comes. The last piece leaves when the outcome is on disk; an error means that the connection must be reset.
    Stream(GuardedBody),
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(bytes) => write!(formatter, "Full({} bytes)", bytes.len()),
            Self::Stream(_) => formatter.write_str("Stream"),
        }
    }
}

/// Masks headers: this call's credential, then the vault's other values.
pub(crate) fn mask_headers(
    lease: Option<&LeaseMasker>,
    vault: Option<&VaultStream>,
    headers: &mut HeaderMap,
) {
    if let Some(masker) = lease {
        change_headers(|text| masker.mask_all(text), headers);
        drop_names(|name| masker.is_match(name), headers);
    }
    if let Some(masker) = vault {
        change_headers(|text| masker.mask_all(text), headers);
        drop_names(
            |name| matches!(masker.mask_all(name), Cow::Owned(_)),
            headers,
        );
    }
}

/// Changes header values; a value that can't be a header any more is dropped.
pub(crate) fn change_headers(
    change: impl for<'text> Fn(&'text [u8]) -> Cow<'text, [u8]>,
    headers: &mut HeaderMap,
) {
    let mut dropped = Vec::new();
    for (name, value) in headers.iter_mut() {
        if let Cow::Owned(masked) = change(value.as_bytes()) {
            match http::HeaderValue::from_bytes(&masked) {
                Ok(masked) => *value = masked,
                Err(_) => dropped.push(name.clone()),
            }
        }
    }
    for name in dropped {
        headers.remove(&name);
    }
}

/// A header name can't be masked in place: one that holds a secret goes.
fn drop_names(is_match: impl Fn(&[u8]) -> bool, headers: &mut HeaderMap) {
    let names: Vec<_> = headers
        .keys()
        .filter(|name| is_match(name.as_str().as_bytes()))
        .cloned()
        .collect();
    for name in names {
        headers.remove(&name);
    }
}

/// What is kept of an output for the ledger: its commitment, and its beginning.
pub(crate) struct OutputTap {
    committer: Committer,
    kept: BytesMut,
    keep_bytes: usize,
    total_bytes: u64,
}

impl OutputTap {
    pub(crate) fn new(committer: Committer, keep_bytes: usize) -> Self {
        Self {
            committer,
            kept: BytesMut::new(),
            keep_bytes,
            total_bytes: 0,
        }
    }

    pub(crate) fn see(&mut self, bytes: &[u8]) {
        self.committer.update(bytes);
        self.total_bytes += bytes.len() as u64;
        let room = self.keep_bytes.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    pub(crate) fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    pub(crate) fn kept(&self) -> &[u8] {
        &self.kept
    }

    pub(crate) fn commitment(&self) -> countersign_domain::Commitment {
        self.committer.clone().finish()
    }
}

/// The target's body on its way through the masker.
pub(crate) struct Masked {
    body: BoxStream<'static, Result<Bytes, ExecutionError>>,
    lease: Option<LeaseMasker>,
    vault: Option<VaultStream>,
    is_finished: bool,
}

impl Masked {
    pub(crate) fn new(
        body: BoxStream<'static, Result<Bytes, ExecutionError>>,
        lease: Option<LeaseMasker>,
        vault: Option<VaultStream>,
    ) -> Self {
        Self {
            body,
            lease,
            vault,
            is_finished: false,
        }
    }

    /// The next masked piece; never empty. After the end, or an error, `None`.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, ExecutionError>> {
        while !self.is_finished {
            match self.body.next().await {
                Some(Ok(chunk)) => {
                    let chunk = match &mut self.lease {
                        Some(masker) => masker.mask_chunk(chunk),
                        None => chunk,
                    };
                    let chunk = match &mut self.vault {
                        Some(masker) => Bytes::from(masker.mask_chunk(&chunk)),
                        None => chunk,
                    };
                    if !chunk.is_empty() {
                        return Some(Ok(chunk));
                    }
                }
                Some(Err(error)) => {
                    // What the masker still holds may be the beginning of a secret: it stays.
                    self.is_finished = true;
                    return Some(Err(error));
                }
                None => {
                    self.is_finished = true;
                    let mut rest = self
                        .lease
                        .as_mut()
                        .map(LeaseMasker::finish_chunk)
                        .unwrap_or_default();
                    if let Some(masker) = &mut self.vault {
                        let mut ended = masker.mask_chunk(&rest);
                        ended.extend(masker.finish_chunk());
                        rest = ended.into();
                    }
                    if !rest.is_empty() {
                        return Some(Ok(rest));
                    }
                }
            }
        }
        None
    }
}

/// The beginning of a body: all of it, or as much as came within the bounds of a short reply.
pub(crate) enum Gathered {
    /// It ended.
    Whole(Vec<Bytes>),
    /// There is more.
    Part(Vec<Bytes>),
    /// It broke off.
    Broken(ExecutionError),
}

/// Reads until the body ends, or is longer than `limit_bytes`, or `within` has passed.
pub(crate) async fn gather(
    masked: &mut Masked,
    limit_bytes: usize,
    within: Option<Duration>,
) -> Gathered {
    let mut pieces = Vec::new();
    let mut total = 0;
    let reading = async {
        while let Some(piece) = masked.next().await {
            match piece {
                Ok(piece) => {
                    total += piece.len();
                    pieces.push(piece);
                    if total > limit_bytes {
                        return Some(Ok(()));
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        }
        None
    };
    let ended = match within {
        Some(within) => tokio::time::timeout(within, reading)
            .await
            .unwrap_or(Some(Ok(()))),
        None => reading.await,
    };
    match ended {
        None => Gathered::Whole(pieces),
        Some(Ok(())) => Gathered::Part(pieces),
        Some(Err(error)) => Gathered::Broken(error),
    }
}

/// One piece out of many.
pub(crate) fn join(mut pieces: Vec<Bytes>) -> Bytes {
    match pieces.len() {
        0 => Bytes::new(),
        1 => pieces.swap_remove(0),
        _ => pieces.concat().into(),
    }
}

/// How long a body may pause before what came of it is looked at.
const LOOK_AFTER: Duration = Duration::from_millis(200);

/// Pieces that may wait for a slow reader.
const WAITING_PIECES: usize = 4;

/// What passes a body on: owned by the gate, so that a kill switch, the time limit and a reader that stalls are seen at once, whoever
/// polls.
struct Flow {
    waiting: VecDeque<Bytes>,
    masked: Masked,
    guard: ExecutionGuard,
    deadline: Instant,
    out: mpsc::Sender<Bytes>,
    end: Arc<End>,
}

/// How a body has ended, for its reader.
#[derive(Default)]
struct End(Mutex<Option<Result<()>>>);

impl End {
    fn set(&self, how: Result<()>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
    }

    fn take(&self) -> Option<Result<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A body that is passed on as it comes.
///
/// INVARIANT: the last piece is held back until the outcome is committed; when it can't be, or the body broke off, the stream ends
/// with an error and the face resets the connection. Dropping it at any time records how far it came.
pub struct GuardedBody {
    pieces: mpsc::Receiver<Bytes>,
    end: Arc<End>,
    is_over: bool,
}

impl fmt::Debug for GuardedBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GuardedBody")
    }
}

impl GuardedBody {
    pub(crate) fn new(
        tasks: &Tasks,
        gathered: Vec<Bytes>,
        masked: Masked,
        guard: ExecutionGuard,
        deadline: Instant,
    ) -> Self {
        let (out, pieces) = mpsc::channel(WAITING_PIECES);
        let end = Arc::new(End::default());
        let flow = Flow {
            waiting: gathered.into(),
            masked,
            guard,
            deadline,
            out,
            end: Arc::clone(&end),
        };
        tasks.finish(flow.run());
        Self {
            pieces,
            end,
            is_over: false,
        }
    }
}

/// What came of one wait.
enum Step {
    /// The reader has a place, or a piece came, or the body ended.
    Went(Option<Result<Bytes, ExecutionError>>),
    /// The reader has gone: dropping the guard records it.
    Left,
}

impl Flow {
    async fn run(mut self) {
        loop {
            let step = if self.waiting.len() > 1 {
                self.send_first().await
            } else {
                self.receive().await
            };
            match step {
                Step::Left => return,
                Step::Went(Some(Ok(piece))) => {
                    if !piece.is_empty() {
                        self.guard.tap_output(&piece);
                        self.guard.look_on_if_due().await;
                        self.waiting.push_back(piece);
                    }
                }
                Step::Went(Some(Err(error))) => return self.break_off(error).await,
                Step::Went(None) => return self.finish().await,
            }
        }
    }

    /// A piece may leave once there is another behind it.
    async fn send_first(&mut self) -> Step {
        let cancellation = self.guard.cancellation().clone();
        let place = tokio::select! {
            biased;
            () = cancellation.cancelled() => return Step::Went(Some(Err(cancelled()))),
            () = tokio::time::sleep_until(self.deadline) => return Step::Went(Some(Err(too_slow()))),
            place = self.out.reserve() => place,
        };
        match (place, self.waiting.pop_front()) {
            (Ok(place), Some(piece)) => {
                place.send(piece);
                Step::Went(Some(Ok(Bytes::new())))
            }
            _ => Step::Left,
        }
    }

    async fn receive(&mut self) -> Step {
        let cancellation = self.guard.cancellation().clone();
        let has_unseen = self.guard.has_unseen();
        tokio::select! {
            biased;
            () = cancellation.cancelled() => Step::Went(Some(Err(cancelled()))),
            () = tokio::time::sleep_until(self.deadline) => Step::Went(Some(Err(too_slow()))),
            () = self.out.closed() => Step::Left,
            next = self.masked.next() => Step::Went(next),
            () = tokio::time::sleep(LOOK_AFTER), if has_unseen => {
                self.guard.look_on().await;
                Step::Went(Some(Ok(Bytes::new())))
            }
        }
    }

    async fn break_off(mut self, error: ExecutionError) {
        let request = self.guard.request();
        let recorded = self.guard.finish_broken(&error).await;
        let error = recorded
            .err()
            .unwrap_or_else(|| target_error(error).about(request));
        self.end.set(Err(error));
    }

    /// The outcome first, then the last piece.
    async fn finish(mut self) {
        match self.guard.finish_whole().await {
            Ok(()) => {
                if let Some(last) = self.waiting.pop_front() {
                    // Its outcome is on disk; a reader that has gone misses nothing that matters here.
                    drop(tokio::time::timeout_at(self.deadline, self.out.send(last)).await);
                }
                self.end.set(Ok(()));
            }
            Err(error) => self.end.set(Err(error)),
        }
    }
}

impl Stream for GuardedBody {
    type Item = Result<Bytes, Error>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        match self.pieces.poll_recv(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(piece)) => Poll::Ready(Some(Ok(piece))),
            Poll::Ready(None) => {
                self.is_over = true;
                match self.end.take() {
                    Some(Ok(())) => Poll::Ready(None),
                    Some(Err(error)) => Poll::Ready(Some(Err(error))),
                    // The flow went away without a word: a body without its end must not look whole.
                    None => Poll::Ready(Some(Err(Error::internal("a reply was not ended")))),
                }
            }
        }
    }
}
