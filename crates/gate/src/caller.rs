//! Approval-only actions: the one who asks carries them out, and `approved` is their end.
//!
//! What it never does: take a permit or call an executor. Invariant: what was allowed without asking anybody is on disk as a decision
//! before it is answered, and what a standing approval answered has taken its use in the same transaction.

use std::sync::Arc;

use countersign_domain::{
    Decision, ExecutorKind, Permission, RequestId, RequestState, Target, TargetLimits,
};
use countersign_store::Tx;
use serde_json::json;

use crate::{
    carry_out::take_use,
    connector::CALLER,
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    requests::RequestView,
    resolve::Asked,
    targets::NewTarget,
};

impl Gate {
    /// Records that an approval-only action may be carried out by the one who asks.
    pub(crate) async fn approve_at_once(
        &self,
        asked: &Asked,
        decision: &Decision,
        epoch: u64,
    ) -> Result<RequestView> {
        let mut opening = self.opening(asked, decision, RequestState::Approved, "action.allowed");
        opening.epoch = Some(epoch);
        let view = RequestView::fresh(asked, &opening.row);
        let satisfied_by = decision.satisfied_by;
        let left = self
            .inner
            .workspace
            .store
            .write(move |tx: &mut Tx<'_>| take_use(tx, &opening, satisfied_by))
            .await?;
        self.after_use(left).await;
        Ok(view)
    }

    /// The target of approval-only actions; it is made where it is not there yet.
    ///
    /// # Errors
    /// `forbidden`; `name_taken` where another connector's target has its name.
    pub async fn caller_target(&self, cx: &OpCx) -> Result<Arc<Target>> {
        cx.require(Permission::ConfigWrite)?;
        let found = || self.snapshot().targets.find(CALLER);
        let target = match found() {
            Some(target) => target,
            None => match self.add_target(cx, new_target()?).await {
                // Another was faster.
                Err(error) if error.code == "name_taken" => found().ok_or(error)?,
                made => made?,
            },
        };
        if target.connector != CALLER {
            let text = format!(
                "a target of the connector {} has the name `{CALLER}`, which approval-only actions need: remove it or add it again under another name",
                target.connector
            );
            return Err(Error::new(ErrorKind::Conflict, "name_taken", text));
        }
        Ok(target)
    }

    /// Whether approval-only actions are there at all.
    pub(crate) fn has_caller(&self) -> bool {
        self.inner.connectors.get(CALLER).is_ok()
    }
}

fn new_target() -> Result<NewTarget> {
    Ok(NewTarget {
        name: CALLER.parse().map_err(Error::internal)?,
        connector: CALLER.to_owned(),
        config: json!({}),
        allow_private_network: false,
        limits: TargetLimits::default(),
        risk_threshold: None,
        labels: std::collections::BTreeMap::new(),
    })
}

/// Nobody executes an approval-only request here.
pub(crate) fn check_executor(id: RequestId, executor: ExecutorKind) -> Result<()> {
    match executor {
        ExecutorKind::Gate => Ok(()),
        ExecutorKind::Caller => {
            let text = "this request is an approval only: whoever asked carries it out once it is approved, and the gateway executes nothing";
            Err(Error::new(ErrorKind::Conflict, "approval_only", text).about(id))
        }
    }
}
