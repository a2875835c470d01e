//! A connector and a target to ask it about.

use countersign_connectors::{HttpConnector, HttpConnectorConfig};
use countersign_domain::{Profile, ProfileId, Target, TargetId, TargetLimits, Timestamp};
use countersign_gate::{Connector, Error, RawAction, ResolvedAction};
use countersign_net::OwnListeners;
use serde_json::{Value, json};

pub(crate) fn connector() -> HttpConnector {
    HttpConnector::new(HttpConnectorConfig::new(OwnListeners::default()))
}

pub(crate) fn target(base_url: &str) -> Target {
    Target {
        id: TargetId::from_bytes([1; 16]),
        name: "api".parse().unwrap(),
        connector: "http".to_owned(),
        config: json!({ "base_url": base_url }),
        allow_private_network: false,
        limits: TargetLimits::default(),
        risk_threshold: None,
        labels: std::collections::BTreeMap::new(),
        revision: 1,
        changes: 1,
        created_at: Timestamp::from_micros(0),
    }
}

pub(crate) fn profile(target: &Target) -> Profile {
    Profile {
        id: ProfileId::from_bytes([2; 16]),
        target: target.id,
        name: "default".parse().unwrap(),
        limits: json!({}),
        revision: 1,
    }
}

pub(crate) fn resolve(action: &str, input: &Value, body: &[u8]) -> Result<ResolvedAction, Error> {
    let target = target("https://api.example.com/v1");
    let body = body.to_vec().into();
    connector().resolve(
        &target,
        &profile(&target),
        RawAction {
            action,
            input,
            body: &body,
        },
    )
}
