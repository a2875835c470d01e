//! Connectors: which protocols the gateway speaks, and what their targets, credentials and actions look like.

use axum::Json as Document;
use countersign_gate::{ActionDescriptor, ConnectorDescriptor};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{page::List, words};
use crate::{caller::Caller, problem::Result};

/// A connector.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectorView {
    /// Its name in targets: `http`.
    name: &'static str,
    /// What it is, in a sentence.
    summary: &'static str,
    /// JSON Schema of a target's config.
    #[schema(value_type = Object)]
    target_schema: Value,
    /// JSON Schema of a profile's limits.
    #[schema(value_type = Object)]
    profile_schema: Value,
    /// The credential types that it can use.
    credential_types: Vec<&'static str>,
    /// Its actions, as patterns where their names are open.
    actions: Vec<ConnectorAction>,
}

/// One kind of action of a connector.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectorAction {
    /// Its name, or a pattern such as `GET /**`.
    name: &'static str,
    /// What it does to the world.
    #[schema(value_type = words::Effect)]
    effect: &'static str,
    /// When its entries must be on disk: `strict`, `read` or `metered`.
    durability: &'static str,
    /// JSON Schema of its input.
    #[schema(value_type = Object)]
    input_schema: Value,
}

impl From<&ConnectorDescriptor> for ConnectorView {
    fn from(descriptor: &ConnectorDescriptor) -> Self {
        Self {
            name: descriptor.name,
            summary: descriptor.summary,
            target_schema: descriptor.target_schema.clone(),
            profile_schema: descriptor.profile_schema.clone(),
            credential_types: descriptor
                .credential_types
                .iter()
                .map(|kind| kind.as_str())
                .collect(),
            actions: descriptor
                .actions
                .iter()
                .map(ConnectorAction::from)
                .collect(),
        }
    }
}

impl From<&ActionDescriptor> for ConnectorAction {
    fn from(action: &ActionDescriptor) -> Self {
        Self {
            name: action.name,
            effect: action.effect.as_str(),
            durability: action.durability.as_str(),
            input_schema: action.input_schema.clone(),
        }
    }
}

/// Every connector with its JSON Schemas.
#[utoipa::path(get, path = "/api/v1/connectors", tag = "targets", responses((status = 200, body = List<ConnectorView>)))]
pub(crate) async fn list_connectors(caller: Caller) -> Result<Document<List<ConnectorView>>> {
    let mut items: Vec<ConnectorView> = caller
        .gate
        .connectors()
        .descriptors()
        .map(ConnectorView::from)
        .collect();
    items.sort_by_key(|connector| connector.name);
    Ok(Document(List { items, next: None }))
}
