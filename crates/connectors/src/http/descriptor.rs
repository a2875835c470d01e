//! What the connector says about itself.

use countersign_domain::{CredentialType, DurabilityClass, Effect};
use countersign_gate::{ActionDescriptor, ConnectorDescriptor};
use serde_json::{Value, json};

use super::method;

/// Every action, as a pattern per method, in the order of [`method::METHODS`].
const ACTIONS: [&str; 7] = [
    "GET /**",
    "HEAD /**",
    "OPTIONS /**",
    "POST /**",
    "PUT /**",
    "PATCH /**",
    "DELETE /**",
];

/// The descriptor.
pub(super) fn descriptor() -> ConnectorDescriptor {
    let actions = ACTIONS.into_iter().map(|name| {
        let method = name.split(' ').next().and_then(|word| word.parse().ok());
        let effect = method.as_ref().map_or(Effect::Destructive, method::effect);
        ActionDescriptor {
            name,
            effect,
            durability: DurabilityClass::of(effect),
            input_schema: input_schema(),
        }
    });
    ConnectorDescriptor {
        name: "http",
        summary: "An HTTP API behind a base URL; the credential is added on the way out",
        target_schema: json!({
            "type": "object",
            "properties": {
                "base_url": {
                    "type": "string",
                    "format": "uri",
                    "maxLength": 2048,
                    "title": "Base URL",
                    "description": "Where the API begins: http or https, without user name, query and fragment",
                    "examples": ["https://api.example.com/v1"],
                },
            },
            "required": ["base_url"],
            "additionalProperties": false,
        }),
        profile_schema: json!({ "type": "object", "properties": {}, "additionalProperties": false }),
        credential_types: vec![
            CredentialType::Bearer,
            CredentialType::Basic,
            CredentialType::ApiKeyHeader,
            CredentialType::ApiKeyQuery,
            CredentialType::Headers,
        ],
        actions: actions.collect(),
    }
}

fn input_schema() -> Value {
    let scalar = json!({ "type": ["string", "number", "boolean"] });
    json!({
        "type": "object",
        "properties": {
            "query": {
                "description": "The query without ?, or names and values",
                "oneOf": [
                    { "type": "null" },
                    { "type": "string" },
                    {
                        "type": "object",
                        "additionalProperties": { "anyOf": [scalar, { "type": "array", "items": scalar }] },
                    },
                ],
            },
            "headers": {
                "description": "Headers to send; those of credentials and of the transport are dropped",
                "type": ["object", "null"],
                "additionalProperties": { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] },
            },
        },
        "additionalProperties": false,
    })
}
