//! The whole configuration as one document, for `countersign export` and the comparison that `apply` makes.

use std::collections::BTreeMap;

use axum::Json as Document;
use countersign_gate::{Change, ConfigDocument};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::page::List;
use crate::{
    body::Json,
    caller::Caller,
    problem::{Problem, Result},
};

/// Everything that operators have set, without secrets.
#[utoipa::path(get, path = "/api/v1/configuration", tag = "settings", responses((status = 200, description = "The document", body = Object)))]
pub(crate) async fn export_configuration(caller: Caller) -> Result<Document<Value>> {
    let document = caller.gate.export(caller.cx())?;
    Ok(Document(
        serde_json::to_value(document).map_err(Problem::internal)?,
    ))
}

/// What the configuration shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanBody {
    /// The document, as `GET /api/v1/configuration` answers it.
    #[schema(value_type = Object)]
    document: ConfigDocument,
    /// What has this one label and is not in the document is removed.
    #[serde(default)]
    prune_label: Option<BTreeMap<String, String>>,
}

/// What would have to be done to get there, in an order in which it can be done. Changes nothing.
#[utoipa::path(post, path = "/api/v1/configuration/plan", tag = "settings", request_body = PlanBody, responses((status = 200, body = List<Object>)))]
pub(crate) async fn plan(
    caller: Caller,
    Json(body): Json<PlanBody>,
) -> Result<Document<List<Change>>> {
    let label = match body
        .prune_label
        .map(|labels| labels.into_iter().collect::<Vec<_>>())
    {
        None => None,
        Some(labels) => match <[_; 1]>::try_from(labels) {
            Ok([label]) => Some(label),
            Err(_) => {
                return Err(Problem::invalid(
                    "prune_label",
                    "exactly one label is expected",
                ));
            }
        },
    };
    let items = caller
        .gate
        .plan(caller.cx(), &body.document, label.as_ref())?;
    Ok(Document(List { items, next: None }))
}
