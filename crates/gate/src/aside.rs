//! Long work on rules: thousands of them may be compiled and compared with each other for one call, which takes seconds of a processor.
//!
//! Invariant: it is done one at a time and on no thread that serves calls, so that whoever may read the configuration can't keep
//! decisions waiting. What was begun is ended, even where its caller has gone: its turn is over only then.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{
    error::{Error, Result},
    gate::Gate,
};

/// The one turn there is.
#[derive(Debug)]
pub(crate) struct Turn(Arc<Semaphore>);

impl Default for Turn {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Gate {
    /// Does long work on rules when its turn comes.
    ///
    /// # Errors
    /// `internal` where the work panics.
    pub async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.inner.turn.0);
        let turn = turn.acquire_owned().await.map_err(Error::internal)?;
        let gate = self.clone();
        tokio::task::spawn_blocking(move || {
            let done = work(&gate);
            drop(turn);
            done
        })
        .await
        .map_err(Error::internal)
    }
}
