//! What the connector says about itself.

use countersign_domain::{DurabilityClass, Effect};
use countersign_gate::{ActionDescriptor, CALLER, ConnectorDescriptor};
use serde_json::json;

/// The descriptor.
pub(super) fn descriptor() -> ConnectorDescriptor {
    let nothing = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    ConnectorDescriptor {
        name: CALLER,
        summary: "Approvals only: whoever asks carries the action out once it is approved",
        target_schema: nothing.clone(),
        profile_schema: nothing,
        credential_types: Vec::new(),
        actions: vec![ActionDescriptor {
            name: "**",
            effect: Effect::Egress,
            durability: DurabilityClass::Strict,
            input_schema: json!({
                "type": "object",
                "properties": {
                    "params": {
                        "type": ["object", "null"],
                        "description": "What the action is done with: rules and approvers look at it as input",
                    },
                    "context": {
                        "type": ["object", "null"],
                        "description": "What surrounds it: rules look at it as context",
                    },
                    "effect": {
                        "enum": ["write", "destructive", "egress"],
                        "description": "What the caller says that it does; egress where it says nothing",
                    },
                },
                "additionalProperties": false,
            }),
        }],
    }
}
