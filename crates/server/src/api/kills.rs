//! The kill switch.

use axum::Json as Document;
use countersign_domain::{Kill, KillScope};
use countersign_gate::{Gate, KillTarget, KillWord};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{page::List, words};
use crate::{body::Json, caller::Caller, problem::Result};

/// A pulled switch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KillView {
    /// What kind of thing.
    #[schema(value_type = words::KillScope)]
    scope: &'static str,
    /// Which agent or target.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    /// By name; left out once it is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// By whom.
    by: String,
    /// Why.
    reason: String,
    /// Since when.
    at: String,
}

impl KillView {
    fn new(gate: &Gate, kill: Kill) -> Self {
        let name = gate.killed_name(kill.scope);
        let (scope, id) = match kill.scope {
            KillScope::All => ("all", None),
            KillScope::Agent(id) => ("agent", Some(id.uuid())),
            KillScope::Target(id) => ("target", Some(id.uuid())),
        };
        Self {
            scope,
            id,
            name,
            by: kill.by.to_string(),
            reason: kill.reason,
            at: kill.at.to_string(),
        }
    }
}

/// What to stop, or to let go on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KillBody {
    /// What kind of thing.
    #[schema(value_type = words::KillScope)]
    scope: KillWord,
    /// The agent's or target's name or id.
    #[serde(default)]
    name: Option<String>,
    /// Why, for the ledger.
    #[serde(default)]
    reason: String,
}

impl From<KillBody> for KillTarget {
    fn from(body: KillBody) -> Self {
        let KillBody {
            scope,
            name,
            reason,
        } = body;
        Self {
            scope,
            name,
            reason,
        }
    }
}

/// Every switch that is pulled.
#[utoipa::path(get, path = "/api/v1/kills", tag = "kill", responses((status = 200, body = List<KillView>)))]
pub(crate) async fn list_kills(caller: Caller) -> Result<Document<List<KillView>>> {
    let kills = caller.gate.kills(caller.cx())?;
    Ok(Document(List {
        items: kills
            .into_iter()
            .map(|kill| KillView::new(&caller.gate, kill))
            .collect(),
        next: None,
    }))
}

/// Pulls the switch: what is queued or running stops within a second, nothing new starts.
#[utoipa::path(post, path = "/api/v1/kills", tag = "kill", request_body = KillBody, responses((status = 201, body = KillView)))]
pub(crate) async fn kill(
    caller: Caller,
    Json(body): Json<KillBody>,
) -> Result<(StatusCode, Document<KillView>)> {
    let kill = caller.gate.kill(caller.cx(), body.into()).await?;
    Ok((
        StatusCode::CREATED,
        Document(KillView::new(&caller.gate, kill)),
    ))
}

/// Releases the switch. What it stopped stays stopped.
#[utoipa::path(post, path = "/api/v1/kills/release", tag = "kill", request_body = KillBody, responses((status = 204)))]
pub(crate) async fn release(caller: Caller, Json(body): Json<KillBody>) -> Result<StatusCode> {
    caller.gate.release(caller.cx(), body.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
