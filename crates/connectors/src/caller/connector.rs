//! The connector that the gate is given.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_domain::{CredentialType, ExecutorKind, Profile, Target};
use countersign_gate::{
    Connector, ConnectorDescriptor, CredentialFields, Error, Executor, Located, RawAction,
    ResolvedAction, Result,
};
use serde_json::{Value, json};

use super::{descriptor, executor::Nobody, resolve};

/// Takes any action, for approval only.
#[derive(Debug)]
pub struct CallerConnector {
    descriptor: ConnectorDescriptor,
    executor: Arc<Nobody>,
}

impl Default for CallerConnector {
    fn default() -> Self {
        Self {
            descriptor: descriptor::descriptor(),
            executor: Arc::new(Nobody),
        }
    }
}

#[async_trait]
impl Connector for CallerConnector {
    fn descriptor(&self) -> &ConnectorDescriptor {
        &self.descriptor
    }

    fn carried_out_by(&self) -> ExecutorKind {
        ExecutorKind::Caller
    }

    fn check_target(&self, config: &Value, _allow_private_network: bool) -> Result<Value> {
        match config {
            Value::Null => Ok(json!({})),
            Value::Object(fields) if fields.is_empty() => Ok(json!({})),
            _ => Err(Error::invalid(
                "config",
                "an approval-only target has nothing to configure: leave it empty",
            )),
        }
    }

    fn check_credential(&self, _: CredentialType, _: &CredentialFields<'_>) -> Result<String> {
        Err(Error::invalid(
            "type",
            "an approval-only target takes no credential: whoever asks uses their own",
        ))
    }

    fn locate(&self, _: &Target, _: &str, _: &str) -> Result<Option<Located>> {
        Ok(None)
    }

    fn resolve(&self, _: &Target, _: &Profile, raw: RawAction<'_>) -> Result<ResolvedAction> {
        resolve::resolve(raw)
    }

    async fn probe(&self, _: &Target) -> Result<String> {
        Ok("nothing to reach: whoever asks carries it out".to_owned())
    }

    fn executor(&self) -> Arc<dyn Executor> {
        Arc::clone(&self.executor) as Arc<dyn Executor>
    }
}
