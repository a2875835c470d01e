//! Targets made ready: the base URL read, the client with its connections kept.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use countersign_domain::{Target, TargetId};
use countersign_gate::Result;
use countersign_net::{EgressPolicy, HttpClient, HttpClientConfig};

use super::{config::HttpConnectorConfig, target::BaseUrl};

/// How many targets are kept ready. One more makes room by closing another's idle connections.
const READY_TARGETS: usize = 1024;

/// A target made ready.
#[derive(Debug)]
pub(super) struct ReadyTarget {
    pub(super) base: BaseUrl,
    client: OnceLock<HttpClient>,
    made_for: MadeFor,
}

/// What a client depends on. Another value makes another client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MadeFor {
    revision: u64,
    allow_private_network: bool,
    header_bytes: u32,
}

/// All of them.
#[derive(Debug)]
pub(super) struct ReadyTargets {
    config: HttpConnectorConfig,
    entries: RwLock<HashMap<TargetId, Arc<ReadyTarget>>>,
}

impl ReadyTargets {
    pub(super) fn new(config: HttpConnectorConfig) -> Self {
        Self {
            config,
            entries: RwLock::default(),
        }
    }

    /// The destinations that a target may have.
    pub(super) fn policy(&self, allow_private_network: bool) -> EgressPolicy {
        EgressPolicy::public_only(self.config.own_listeners.clone())
            .with_private_networks(allow_private_network)
            .with_open_ranges(Arc::clone(&self.config.open_ranges))
    }

    /// The target made ready, from the cache where its revision is there.
    pub(super) fn get(&self, target: &Target) -> Result<Arc<ReadyTarget>> {
        let made_for = MadeFor {
            revision: target.revision,
            allow_private_network: target.allow_private_network,
            header_bytes: target.limits.header_bytes,
        };
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = entries
            .get(&target.id)
            .filter(|ready| ready.made_for == made_for)
        {
            return Ok(Arc::clone(ready));
        }
        drop(entries);
        let base = BaseUrl::from_config(&target.config)?;
        let ready = Arc::new(ReadyTarget {
            base,
            client: OnceLock::new(),
            made_for,
        });
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been first: its client has the connections.
        if let Some(first) = entries
            .get(&target.id)
            .filter(|first| first.made_for == made_for)
        {
            return Ok(Arc::clone(first));
        }
        if entries.len() >= READY_TARGETS
            && !entries.contains_key(&target.id)
            && let Some(other) = entries.keys().next().copied()
        {
            entries.remove(&other);
        }
        entries.insert(target.id, Arc::clone(&ready));
        Ok(ready)
    }

    /// The client of a target. Within a tokio runtime.
    pub(super) fn client<'ready>(&self, ready: &'ready ReadyTarget) -> &'ready HttpClient {
        ready.client.get_or_init(|| {
            let mut config =
                HttpClientConfig::new(self.policy(ready.made_for.allow_private_network));
            config.resolver = self.config.resolver.clone();
            config.tls = self.config.tls.clone();
            config.connect_timeout = self.config.connect_timeout;
            config.idle_timeout = self.config.idle_timeout;
            config.idle_connections = self.config.idle_connections;
            config.header_bytes =
                usize::try_from(ready.made_for.header_bytes).unwrap_or(usize::MAX);
            HttpClient::new(config)
        })
    }
}
