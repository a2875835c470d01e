//! Owns every background task, so that shutdown waits for them and nothing runs without an owner.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of one gate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Tasks {
    /// Runs a task until it ends or the gate shuts down.
    pub(crate) fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        let token = self.token.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = token.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Runs a short task to its end, also during a shutdown.
    pub(crate) fn finish(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Called from `Drop`, where there may be no runtime any more: then the store is closed too.
        if tokio::runtime::Handle::try_current().is_ok() {
            self.tracker.spawn(task);
        }
    }

    /// Runs a task every `period`, not counting the time it takes.
    pub(crate) fn every<F: Future<Output = ()> + Send + 'static>(
        &self,
        period: Duration,
        mut task: impl FnMut() -> F + Send + 'static,
    ) {
        self.run(async move {
            loop {
                tokio::time::sleep(period).await;
                task().await;
            }
        });
    }

    /// Resolves when the gate shuts down.
    pub(crate) async fn stopping(&self) {
        self.token.cancelled().await;
    }

    /// Ends all tasks and waits for them.
    pub(crate) async fn stop(&self) {
        self.token.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
