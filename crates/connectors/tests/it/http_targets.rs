//! Targets, the descriptor, and probes.

use std::sync::Arc;

use countersign_connectors::{HttpConnector, HttpConnectorConfig};
use countersign_domain::{ActionPattern, DurabilityClass, Effect};
use countersign_gate::{Connector, ErrorKind};
use countersign_net::OwnListeners;
use countersign_testkit::{Reply, Upstream, free_port};
use serde_json::json;

use crate::support::{connector, target};

#[test]
fn a_config_is_normalised() {
    let config = json!({ "base_url": "HTTPS://API.example.com:443/v1" });
    assert_eq!(
        connector().check_target(&config, false).unwrap(),
        json!({ "base_url": "https://api.example.com/v1" })
    );
}

#[test]
fn a_bad_config_is_refused_with_its_field() {
    for (config, field) in [
        (json!(null), "config"),
        (json!("https://api.example.com"), "config"),
        (json!({}), "config.base_url"),
        (json!({ "base_url": 1 }), "config.base_url"),
        (
            json!({ "base_url": "https://u:p@api.example.com" }),
            "config.base_url",
        ),
        (
            json!({ "base_url": "https://api.example.com", "headers": {} }),
            "config.headers",
        ),
    ] {
        let error = connector().check_target(&config, false).unwrap_err();
        assert_eq!(
            (error.code, error.field.as_deref()),
            ("invalid_input", Some(field))
        );
    }
}

/// Requirement 18: private addresses need an owner's word, metadata addresses have none.
#[test]
fn a_destination_is_judged_when_the_target_is_made() {
    let mut config =
        HttpConnectorConfig::new(OwnListeners::new(vec!["127.0.0.1:18790".parse().unwrap()]));
    config.open_ranges = Arc::from(vec!["10.0.0.0/8".parse().unwrap()]);
    let connector = HttpConnector::new(config);
    let allowed = |host: &str, private| {
        connector
            .check_target(&json!({ "base_url": format!("http://{host}/") }), private)
            .is_ok()
    };
    for (host, without, with) in [
        ("127.0.0.1:8080", false, true),
        ("0x7f.1:8080", false, true),
        ("2130706433:8080", false, true),
        ("localhost:8080", false, true),
        ("[::1]:8080", false, true),
        ("192.168.1.1", false, true),
        ("10.1.2.3", true, true),
        ("127.0.0.1:18790", false, false),
        ("169.254.169.254", false, false),
        ("metadata.google.internal", false, false),
        ("[::ffff:127.0.0.1]", false, false),
        ("0.0.0.0", false, false),
        ("api.example.com", true, true),
        ("api.example.com:22", false, false),
    ] {
        assert_eq!(
            (allowed(host, false), allowed(host, true)),
            (without, with),
            "{host}"
        );
    }
}

#[test]
fn the_descriptor_names_every_method() {
    let connector = connector();
    let descriptor = connector.descriptor();
    assert_eq!(
        (
            descriptor.name,
            descriptor.actions.len(),
            descriptor.credential_types.len()
        ),
        ("http", 7, 5)
    );
    for action in &descriptor.actions {
        let pattern: ActionPattern = action.name.parse().unwrap();
        let method = action.name.split(' ').next().unwrap();
        assert!(pattern.matches(&format!("{method} /a/b")));
        let effect = match method {
            "GET" | "HEAD" | "OPTIONS" => Effect::Read,
            "DELETE" => Effect::Destructive,
            _ => Effect::Write,
        };
        assert_eq!(
            (action.effect, action.durability),
            (effect, DurabilityClass::of(effect)),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_probe_says_what_was_answered() {
    let upstream = Upstream::start().unwrap();
    upstream.on("/v1", Reply::status(401));
    let mut target = target(&upstream.url("/v1"));
    target.allow_private_network = true;
    let text = connector().probe(&target).await.unwrap();
    assert!(
        text.contains("401") && text.contains(&upstream.url("")),
        "{text}"
    );
    assert_eq!(upstream.requests()[0].method, "HEAD");

    target.allow_private_network = false;
    let error = connector().probe(&target).await.unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (ErrorKind::TargetFailed, "destination_refused")
    );

    let mut target = crate::support::target(&format!("http://127.0.0.1:{}", free_port().unwrap()));
    target.allow_private_network = true;
    assert_eq!(
        connector().probe(&target).await.unwrap_err().code,
        "connect_failed"
    );
}
