//! The connector that the gate is given.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_domain::{Credential, CredentialType, Profile, Target};
use countersign_gate::{
    Connector, ConnectorDescriptor, CredentialFields, Error, Executor, Located, Preview, RawAction,
    ResolvedAction, Result,
};
use countersign_net::Refusal;
use serde_json::Value;

use super::{
    cache::ReadyTargets,
    config::HttpConnectorConfig,
    credential, descriptor,
    execute::HttpExecutor,
    locate, preview, probe, resolve,
    target::{BASE_URL_FIELD, BaseUrl},
};

/// Speaks HTTP/1.1 and HTTP/2 to APIs behind base URLs.
#[derive(Debug)]
pub struct HttpConnector {
    descriptor: ConnectorDescriptor,
    targets: Arc<ReadyTargets>,
    executor: Arc<HttpExecutor>,
}

impl HttpConnector {
    /// The connector. Nothing is dialled before the first execution.
    pub fn new(config: HttpConnectorConfig) -> Self {
        let targets = Arc::new(ReadyTargets::new(config));
        let executor = Arc::new(HttpExecutor::new(Arc::clone(&targets)));
        Self {
            descriptor: descriptor::descriptor(),
            targets,
            executor,
        }
    }
}

#[async_trait]
impl Connector for HttpConnector {
    fn descriptor(&self) -> &ConnectorDescriptor {
        &self.descriptor
    }

    fn check_target(&self, config: &Value, allow_private_network: bool) -> Result<Value> {
        let base = BaseUrl::from_config(config)?;
        let policy = self.targets.policy(allow_private_network);
        policy
            .check_host(base.url().host(), base.url().port())
            .map_err(|refusal| {
                let is_openable = match &refusal {
                    Refusal::Address { class, .. } => class.is_openable(),
                    Refusal::LocalName(_) => true,
                    _ => false,
                };
                let advice = if is_openable {
                    ": an owner can allow the private network for this target (`allow_private_network`)"
                } else {
                    ""
                };
                Error::invalid(
                    BASE_URL_FIELD,
                    format!("the destination is refused: {refusal}{advice}"),
                )
            })?;
        Ok(base.to_config())
    }

    fn check_credential(
        &self,
        kind: CredentialType,
        fields: &CredentialFields<'_>,
    ) -> Result<String> {
        credential::check(kind, fields)
    }

    fn locate(&self, target: &Target, method: &str, url: &str) -> Result<Option<Located>> {
        locate::locate(&self.targets.get(target)?.base, method, url)
    }

    fn resolve(
        &self,
        target: &Target,
        profile: &Profile,
        raw: RawAction<'_>,
    ) -> Result<ResolvedAction> {
        resolve::resolve(&self.targets.get(target)?.base, target, profile, raw)
    }

    fn preview(
        &self,
        target: &Target,
        input: &Value,
        credential: Option<&Credential>,
    ) -> Option<Preview> {
        preview::preview(&self.targets.get(target).ok()?.base, input, credential)
    }

    async fn probe(&self, target: &Target) -> Result<String> {
        probe::probe(&self.targets, target).await
    }

    fn executor(&self) -> Arc<dyn Executor> {
        Arc::clone(&self.executor) as Arc<dyn Executor>
    }
}
