//! Sealed entries for live views, after their commit.

use std::sync::Arc;

use countersign_domain::SealedEntry;
use tokio::sync::broadcast;

/// Commits that a slow receiver may be behind before it is told to read the database.
const BACKLOG_COMMITS: usize = 1_024;

pub(crate) struct Live(broadcast::Sender<Arc<[SealedEntry]>>);

impl Live {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BACKLOG_COMMITS))
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.0.receiver_count() > 0
    }

    pub(crate) fn publish(&self, sealed: Vec<SealedEntry>) {
        if !sealed.is_empty() {
            // Without receivers there is nothing to do.
            drop(self.0.send(sealed.into()));
        }
    }

    pub(crate) fn subscribe(&self) -> LiveEntries {
        LiveEntries(self.0.subscribe())
    }
}

/// What a live view gets next.
#[derive(Debug, Clone)]
pub enum LiveSignal {
    /// Entries of one commit, in order of their positions.
    Entries(Arc<[SealedEntry]>),
    /// Some were missed: read the database from the last position seen, then go on. Entries may then come twice, never out of order.
    Lagged,
    /// The store was closed.
    Closed,
}

/// Sealed entries as they are committed.
pub struct LiveEntries(broadcast::Receiver<Arc<[SealedEntry]>>);

impl std::fmt::Debug for LiveEntries {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("LiveEntries")
    }
}

impl LiveEntries {
    /// Waits for the next signal. Cancel safe.
    pub async fn next(&mut self) -> LiveSignal {
        match self.0.recv().await {
            Ok(entries) => LiveSignal::Entries(entries),
            Err(broadcast::error::RecvError::Lagged(_)) => LiveSignal::Lagged,
            Err(broadcast::error::RecvError::Closed) => LiveSignal::Closed,
        }
    }
}
