//! What is in force, for `config show`. Secrets are said to be set, never what they are.

use serde_json::{Value, json};

use super::settings::{Settings, TlsSettings};

/// Every key with its value and where that came from.
pub(crate) fn show(settings: &Settings) -> Vec<(&'static str, Value, &'static str)> {
    let (cert, key) = match &settings.tls {
        TlsSettings::Files { cert, key } => (json!(cert), json!(key)),
        _ => (Value::Null, Value::Null),
    };
    let ranges = |ranges: &[countersign_net::IpRange]| {
        json!(ranges.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    settings
        .origins_of_values
        .iter()
        .map(|(name, origin)| {
            let value = match *name {
                "config" => json!(settings.file),
                "data_dir" => json!(settings.data_dir.path()),
                "listen" => json!(settings.listen),
                "metrics_listen" => json!(settings.metrics_listen),
                "tls.cert" => cert.clone(),
                "tls.key" => key.clone(),
                "tls.self_signed" => json!(settings.tls == TlsSettings::SelfSigned),
                "container" => json!(settings.container),
                "hosts" => json!(settings.hosts),
                "origins" => json!(settings.origins),
                "trusted_proxies" => ranges(&settings.trusted_proxies),
                "allow_private_networks" => ranges(&settings.allow_private_networks),
                "log.level" => json!(settings.log.level),
                "log.format" => json!(settings.log.format),
                "dialects" => json!({ "gaiterguard": settings.dialects.gaiterguard, "agentgate": settings.dialects.agentgate }),
                "database_url" => json!(settings.database_url.as_ref().map(|_| "(set)")),
                "master_key" => match origin {
                    super::Origin::Default => Value::Null,
                    _ => json!("(set)"),
                },
                _ => Value::Null,
            };
            let origin = match origin {
                super::Origin::Flag => "flag",
                super::Origin::Environment => "environment",
                super::Origin::File => "file",
                super::Origin::Default => "default",
            };
            (*name, value, origin)
        })
        .collect()
}
