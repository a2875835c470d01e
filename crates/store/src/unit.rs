//! A unit of work on its way to an engine's thread and its answer on the way back.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use tokio::sync::oneshot;

use crate::{
    error::{Result, StoreError},
    tx::Tx,
};

/// A closure with its answer, without their types: what the queues carry.
pub(crate) trait Unit: Send {
    /// Runs the closure; true if it wants to commit. May be called again after everything it did was rolled back.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;

    /// Whether nobody waits for the answer any more: a read that nobody waits for need not run.
    fn is_abandoned(&self) -> bool;

    /// Answers the caller: with the closure's own result, or with the failure that took its effect away. The closure's own error
    /// stands whatever the failure was: it had no effect to lose.
    fn finish(self: Box<Self>, failure: Option<StoreError>);
}

pub(crate) struct ClosureUnit<T, E, F> {
    closure: F,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> ClosureUnit<T, E, F>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
{
    pub(crate) fn boxed(closure: F) -> (Box<dyn Unit>, WriteHandle<T, E>) {
        let (answer, receiver) = oneshot::channel();
        (
            Box::new(Self {
                closure,
                result: None,
                answer,
            }),
            WriteHandle { receiver },
        )
    }
}

impl<T, E, F> Unit for ClosureUnit<T, E, F>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        self.result = None;
        let result = (self.closure)(tx);
        let wanted = result.is_ok();
        self.result = Some(result);
        wanted
    }

    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn finish(self: Box<Self>, failure: Option<StoreError>) {
        let Self {
            closure,
            result,
            answer,
        } = *self;
        // What the closure captured goes before the answer: whoever waits for it may rely on guards being released.
        drop(closure);
        let answered = match (result, failure) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(failure)) => Err(E::from(failure)),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(E::from(StoreError::Closed)),
        };
        // Nobody waits any more: the effect stands all the same.
        drop(answer.send(answered));
    }
}

/// How a unit's closure ended.
pub(crate) enum Ran {
    /// It wants to commit.
    Ready,
    /// It returned its own error: rolled back, answered with that error.
    Refused,
    /// It panicked.
    Panicked(StoreError),
}

/// Runs the closure and keeps its panic from the thread.
pub(crate) fn run_caught(unit: &mut dyn Unit, tx: &mut Tx<'_>) -> Ran {
    match catch_unwind(AssertUnwindSafe(|| unit.run(tx))) {
        Ok(true) => Ran::Ready,
        Ok(false) => Ran::Refused,
        Err(panic) => Ran::Panicked(StoreError::Panicked {
            message: panic_message(&*panic),
        }),
    }
}

/// Answers; a panic in a destructor of what the closure held stays here too.
pub(crate) fn finish_caught(unit: Box<dyn Unit>, failure: Option<StoreError>) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(move || unit.finish(failure))) {
        tracing::error!(message = %panic_message(&*panic), "dropping a unit of work panicked");
    }
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> Arc<str> {
    panic
        .downcast_ref::<&str>()
        .map(|message| Arc::from(*message))
        .or_else(|| {
            panic
                .downcast_ref::<String>()
                .map(|message| Arc::from(message.as_str()))
        })
        .unwrap_or_else(|| Arc::from("no message"))
}

/// The answer to a submitted unit. Dropping it does not take the unit back.
pub struct WriteHandle<T, E> {
    receiver: oneshot::Receiver<Result<T, E>>,
}

impl<T, E> std::fmt::Debug for WriteHandle<T, E> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("WriteHandle")
    }
}

impl<T, E: From<StoreError>> WriteHandle<T, E> {
    /// Waits until the unit is durable or refused.
    pub async fn wait(self) -> Result<T, E> {
        // A sender that is dropped without an answer belonged to a thread that ended.
        self.receiver
            .await
            .unwrap_or_else(|_| Err(E::from(StoreError::Closed)))
    }

    /// Waits on a thread that may block. Works inside and outside a runtime, but blocks the thread it is called on.
    pub fn wait_blocking(self) -> Result<T, E> {
        block_on(self.wait())
    }

    pub(crate) fn refused(error: StoreError) -> Self {
        let (answer, receiver) = oneshot::channel();
        drop(answer.send(Err(E::from(error))));
        Self { receiver }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future on this thread, which sleeps in between. The futures given to it need no runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
