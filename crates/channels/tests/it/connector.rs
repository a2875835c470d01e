//! A connector whose actions the caller carries out: what approvals are asked for, without a target.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_domain::{
    CredentialType, DurabilityClass, Effect, ExecutorKind, Profile, Risk, RiskScore, Target,
};
use countersign_gate::{
    Connector, ConnectorDescriptor, CredentialFields, CredentialLease, ExecutionCx, ExecutionError,
    ExecutionFailure, ExecutionPermit, ExecutionReply, Executor, Located, RawAction,
    ResolvedAction, Result,
};
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub(crate) struct Asking(Arc<ConnectorDescriptor>);

impl Asking {
    pub(crate) fn new() -> Self {
        Self(Arc::new(ConnectorDescriptor {
            name: "asking",
            summary: "asks",
            target_schema: json!({ "type": "object" }),
            profile_schema: json!({ "type": "object" }),
            credential_types: vec![],
            actions: vec![],
        }))
    }
}

#[async_trait]
impl Connector for Asking {
    fn descriptor(&self) -> &ConnectorDescriptor {
        &self.0
    }

    fn check_target(&self, config: &Value, _: bool) -> Result<Value> {
        Ok(config.clone())
    }

    fn check_credential(&self, kind: CredentialType, _: &CredentialFields<'_>) -> Result<String> {
        Ok(kind.as_str().to_owned())
    }

    fn locate(&self, _: &Target, _: &str, _: &str) -> Result<Option<Located>> {
        Ok(None)
    }

    fn resolve(&self, _: &Target, _: &Profile, raw: RawAction<'_>) -> Result<ResolvedAction> {
        Ok(ResolvedAction {
            name: raw.action.to_owned(),
            effect: Effect::Egress,
            durability: DurabilityClass::Strict,
            input: raw.input.clone(),
            facts: raw.input.clone(),
            context: Value::Null,
            risk: Risk::floor(RiskScore::new(0.1), "test"),
        })
    }

    async fn probe(&self, _: &Target) -> Result<String> {
        Ok("reached".to_owned())
    }

    fn carried_out_by(&self) -> ExecutorKind {
        ExecutorKind::Caller
    }

    fn executor(&self) -> Arc<dyn Executor> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl Executor for Asking {
    async fn execute(
        &self,
        _: ExecutionPermit,
        _: Option<CredentialLease>,
        _: &ExecutionCx,
    ) -> Result<ExecutionReply, ExecutionError> {
        Err(ExecutionError {
            failure: ExecutionFailure::Unreachable,
            code: "never",
            message: "the caller carries it out".to_owned(),
            limit: None,
        })
    }
}
