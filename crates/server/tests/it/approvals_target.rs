//! The target of approval-only actions: what is asked is what rules look at.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_domain::{
    CredentialType, DurabilityClass, Effect, ExecutorKind, Profile, Risk, RiskScore, Target,
};
use countersign_gate::{
    CALLER, Connector, ConnectorDescriptor, CredentialFields, Error, Executor, Located, RawAction,
    ResolvedAction, Result,
};
use serde_json::{Value, json};

use crate::target::Scripted;

#[derive(Debug)]
pub(crate) struct ApprovalsOnly {
    descriptor: ConnectorDescriptor,
    nobody: Scripted,
}

impl ApprovalsOnly {
    pub(crate) fn new(nobody: &Scripted) -> Self {
        Self {
            descriptor: ConnectorDescriptor {
                name: CALLER,
                summary: "approvals only",
                target_schema: json!({}),
                profile_schema: json!({}),
                credential_types: Vec::new(),
                actions: Vec::new(),
            },
            nobody: nobody.clone(),
        }
    }
}

#[async_trait]
impl Connector for ApprovalsOnly {
    fn descriptor(&self) -> &ConnectorDescriptor {
        &self.descriptor
    }

    fn carried_out_by(&self) -> ExecutorKind {
        ExecutorKind::Caller
    }

    fn check_target(&self, config: &Value, _: bool) -> Result<Value> {
        Ok(config.clone())
    }

    fn check_credential(&self, _: CredentialType, _: &CredentialFields<'_>) -> Result<String> {
        Err(Error::invalid("type", "no credential"))
    }

    fn locate(&self, _: &Target, _: &str, _: &str) -> Result<Option<Located>> {
        Ok(None)
    }

    fn resolve(&self, _: &Target, _: &Profile, raw: RawAction<'_>) -> Result<ResolvedAction> {
        let part = |name: &str| raw.input.get(name).cloned().unwrap_or_default();
        Ok(ResolvedAction {
            name: raw.action.to_owned(),
            effect: Effect::Egress,
            durability: DurabilityClass::Strict,
            input: raw.input.clone(),
            facts: part("params"),
            context: part("context"),
            risk: Risk::floor(RiskScore::new(0.5), "nobody knows"),
        })
    }

    async fn probe(&self, _: &Target) -> Result<String> {
        Ok("nothing to reach".to_owned())
    }

    fn executor(&self) -> Arc<dyn Executor> {
        self.nobody.executor()
    }
}
