//! The executor of what nobody here executes.

use async_trait::async_trait;
use countersign_gate::{
    CredentialLease, ExecutionCx, ExecutionError, ExecutionFailure, ExecutionPermit,
    ExecutionReply, Executor,
};

/// Refuses. The gate hands no permit to an approval-only connector; this is the second lock.
#[derive(Debug)]
pub(super) struct Nobody;

#[async_trait]
impl Executor for Nobody {
    async fn execute(
        &self,
        _permit: ExecutionPermit,
        _lease: Option<CredentialLease>,
        _cx: &ExecutionCx,
    ) -> Result<ExecutionReply, ExecutionError> {
        Err(ExecutionError {
            failure: ExecutionFailure::Refused,
            code: "approval_only",
            message: "an approval-only action is carried out by whoever asked for it".to_owned(),
            limit: None,
        })
    }
}
