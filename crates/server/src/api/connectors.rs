//! Connectors: which protocols the gateway speaks, and what their targets, credentials and actions look like.

use axum::Json as Document;
use countersign_gate::ConnectorDescriptor;
use serde_json::Value;

use super::page::List;
use crate::{
    caller::Caller,
    problem::{Problem, Result},
};

/// Every connector with its JSON Schemas.
#[utoipa::path(get, path = "/api/v1/connectors", tag = "targets", responses((status = 200, body = List<Object>)))]
pub(crate) async fn list_connectors(caller: Caller) -> Result<Document<List<Value>>> {
    let mut descriptors: Vec<&ConnectorDescriptor> =
        caller.gate.connectors().descriptors().collect();
    descriptors.sort_by_key(|descriptor| descriptor.name);
    let items = descriptors
        .into_iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()
        .map_err(Problem::internal)?;
    Ok(Document(List { items, next: None }))
}
