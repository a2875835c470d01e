//! The indexer: keeps the full-text index behind the ledger, in small batches, away from the path of actions.
//!
//! Several replicas may run it on one database: whoever moves the cursor first has indexed the stretch.

use std::time::Duration;

use countersign_store::search::{self, Document, Gathered};

use crate::{
    error::{Error, Result},
    evidence::Evidence,
    gate::Gate,
};

/// How often new entries are looked for.
pub(crate) const INDEX_PERIOD: Duration = Duration::from_millis(500);

/// Entries in one batch: one short unit of work.
const BATCH: u32 = 64;

/// The pause between two batches of a backlog: what agents ask for goes first.
const BACKLOG_PAUSE: Duration = Duration::from_millis(10);

impl Gate {
    /// Indexes what the ledger has behind the cursor.
    pub(crate) async fn index_text(&self) {
        if self.inner.workspace.store.ledger_state().refuses_writes() {
            return;
        }
        loop {
            match self.index_batch().await {
                Ok(true) => tokio::time::sleep(BACKLOG_PAUSE).await,
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "the search index could not be brought up to date; it is tried again");
                    return;
                }
            }
        }
    }

    /// One batch; whether there may be more.
    async fn index_batch(&self) -> Result<bool> {
        let store = &self.inner.workspace.store;
        let stretch = store
            .read(|tx| search::gather(tx, BATCH).map_err(Error::from))
            .await?;
        if stretch.from == stretch.until {
            return Ok(false);
        }
        let documents: Vec<Document> = stretch
            .requests
            .iter()
            .map(|gathered| Document::new(gathered, &self.intent_of(gathered)))
            .collect();
        let (from, until) = (stretch.from, stretch.until);
        store
            .write(move |tx| -> Result<()> {
                if search::advance(tx, from, until)? {
                    for document in &documents {
                        search::put(tx, document)?;
                    }
                }
                Ok(())
            })
            .await?;
        Ok(until - from == u64::from(BATCH))
    }

    /// The intent in the evidence; nothing where that is not there or can't be read: the rest is still found.
    fn intent_of(&self, gathered: &Gathered) -> String {
        let Some(listed) = &gathered.evidence else {
            return String::new();
        };
        let vault = &self.inner.workspace.vault;
        Evidence::open_listed(vault, gathered.row.evidence_entry, listed)
            .map(|evidence| self.redacted(evidence.intent))
            .unwrap_or_default()
    }
}
