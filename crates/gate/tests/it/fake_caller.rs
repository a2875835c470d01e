//! A connector of approval-only actions that takes anything: the input is what rules look at.

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

use crate::fake::Fake;

/// Its executor is a fake's, which counts its calls: there must be none.
#[derive(Debug)]
pub(crate) struct FakeCaller {
    descriptor: ConnectorDescriptor,
    fake: Fake,
}

impl FakeCaller {
    pub(crate) fn new(fake: &Fake) -> Self {
        Self {
            descriptor: ConnectorDescriptor {
                name: CALLER,
                summary: "approvals only",
                target_schema: json!({}),
                profile_schema: json!({}),
                credential_types: Vec::new(),
                actions: Vec::new(),
            },
            fake: fake.clone(),
        }
    }
}

#[async_trait]
impl Connector for FakeCaller {
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
        Ok(ResolvedAction {
            name: raw.action.to_owned(),
            effect: Effect::Egress,
            durability: DurabilityClass::Strict,
            input: raw.input.clone(),
            facts: raw.input.clone(),
            context: Value::Null,
            risk: Risk::floor(RiskScore::new(0.5), "nobody knows"),
        })
    }

    async fn probe(&self, _: &Target) -> Result<String> {
        Ok("nothing to reach".to_owned())
    }

    fn executor(&self) -> Arc<dyn Executor> {
        self.fake.executor()
    }
}
