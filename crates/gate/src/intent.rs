//! Writing an intent so that a client that goes away meanwhile can't leave an execution behind that nobody carries out.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use countersign_domain::{Request, RequestEvent};
use futures::future::BoxFuture;

use crate::{error::Result, gate::Gate};

/// An intent on its way to the disk.
///
/// INVARIANT: it is written to its end. If the one who waits for it goes away, the gate goes on waiting, and where the intent was
/// committed it is followed by its outcome: nothing was sent.
pub(crate) struct Intent {
    gate: Gate,
    request: Option<Request>,
    write: Option<BoxFuture<'static, Result<()>>>,
}

impl Intent {
    /// `request` as it stands once the write has committed.
    pub(crate) fn new(
        gate: &Gate,
        request: Request,
        write: impl Future<Output = Result<()>> + Send + 'static,
    ) -> Self {
        Self {
            gate: gate.clone(),
            request: Some(request),
            write: Some(Box::pin(write)),
        }
    }
}

impl Future for Intent {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(write) = &mut self.write else {
            return Poll::Ready(Ok(()));
        };
        let written = write.as_mut().poll(context);
        if written.is_ready() {
            self.write = None;
        }
        written
    }
}

impl Drop for Intent {
    fn drop(&mut self) {
        let (Some(write), Some(request)) = (self.write.take(), self.request.take()) else {
            return;
        };
        let gate = self.gate.clone();
        self.gate.inner.tasks.finish(async move {
            if write.await.is_ok()
                && let Err(error) = gate.end(&request, RequestEvent::Failed, "client_gone").await
            {
                tracing::error!(%error, request = %request.id, "an abandoned intent could not be ended");
            }
        });
    }
}
