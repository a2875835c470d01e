//! An answer that is kept and read again: it may turn its reader as it did the first time.

use std::time::Duration;

use countersign_domain::Request;

use super::{FOUND, OutputWatch, outcome_words};
use crate::{
    context::{OpCx, Principal},
    error::Result,
    gate::Gate,
    requests::StoredResult,
};

impl Gate {
    /// Looks at a kept answer before an agent gets it again, and taints the agent as a new one would.
    ///
    /// # Errors
    /// When the ledger can't be written: then the answer is not given out.
    pub(crate) async fn look_again(
        &self,
        cx: &OpCx,
        request: &Request,
        result: &StoredResult,
    ) -> Result<()> {
        let Principal::Agent { agent, .. } = &cx.principal else {
            return Ok(());
        };
        let snapshot = self.snapshot();
        let known = snapshot.agents.get(agent.id);
        let mut watch = OutputWatch::new(
            &self.inner.scanner,
            &snapshot.settings.scan,
            known.as_ref().unwrap_or(agent),
        );
        drop(snapshot);
        watch.see(&result.body);
        let beginning = result.body.len().min(watch.wanted_bytes());
        watch.look(&result.body[..beginning], true).await;
        let (Some(minutes), Some(finding)) = (watch.taints(), watch.findings().first()) else {
            return Ok(());
        };
        let now = self.now();
        let until = now.saturating_add(Duration::from_mins(u64::from(minutes)));
        let was_tainted = self.inner.taints.is_tainted(agent.id, now);
        self.inner.taints.taint(agent.id, until);
        // Asking over and over must not fill the ledger: what makes the taint longer is known to this process alone.
        if was_tainted {
            return Ok(());
        }
        let mut entry = self.entry_about(request, cx.principal.actor(), FOUND, now);
        entry.verdict = None;
        entry.rule = Some("threat".to_owned());
        entry.outcome = Some(format!(
            "{}read again: {}",
            outcome_words(minutes),
            finding.reason
        ));
        let entry = entry.bounded();
        self.inner
            .workspace
            .store
            .write(move |tx| -> Result<()> { Ok(tx.append_entry(entry.clone())?) })
            .await
    }
}
