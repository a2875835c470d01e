//! Agents: named principals that ask.

use axum::{Json as Document, extract::Path};
use countersign_domain::{Agent, Labels, Name};
use countersign_gate::{AgentChange, LastUsed, NewAgent};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::{List, Paging};
use crate::{
    body::{Json, Query},
    caller::Caller,
    problem::Result,
};

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentView {
    id: Uuid,
    name: String,
    /// What it is for.
    description: String,
    labels: Labels,
    /// Counts changes: what `expected_revision` is compared with.
    revision: u64,
    created_at: String,
    /// When one of its keys was last used, to the minute or so.
    last_used_at: Option<String>,
}

impl AgentView {
    fn used(agent: &Agent, used: &LastUsed) -> Self {
        Self {
            last_used_at: used.agent(agent.id).map(|at| at.to_string()),
            ..Self::from(agent)
        }
    }
}

impl From<&Agent> for AgentView {
    fn from(agent: &Agent) -> Self {
        Self {
            id: agent.id.uuid(),
            name: agent.name.to_string(),
            description: agent.description.clone(),
            labels: agent.labels.clone(),
            revision: agent.revision,
            created_at: agent.created_at.to_string(),
            last_used_at: None,
        }
    }
}

/// A new agent with its first key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddedAgent {
    #[serde(flatten)]
    agent: AgentView,
    /// The key's id.
    key_id: Uuid,
    /// The key. Shown this once.
    key: String,
}

/// An agent to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentBody {
    #[schema(value_type = String)]
    name: Name,
    /// What it is for.
    #[serde(default)]
    description: String,
    #[serde(default)]
    labels: Labels,
}

/// What changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentChangeBody {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    labels: Option<Labels>,
    /// The agent's `revision` as the change was made up for: where it is another one by now, nothing changes (409 `changed_meanwhile`).
    #[serde(default)]
    expected_revision: Option<u64>,
}

/// Every agent.
#[utoipa::path(get, path = "/api/v1/agents", tag = "agents", params(Paging), responses((status = 200, body = List<AgentView>)))]
pub(crate) async fn list_agents(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Document<List<AgentView>>> {
    let agents = caller.gate.agents(caller.cx())?;
    let used = caller.gate.last_used(caller.cx()).await?;
    paging
        .cut(
            agents,
            |agent| agent.id.uuid(),
            |agent| AgentView::used(&agent, &used),
        )
        .map(Document)
}

/// Adds an agent and makes its first key.
#[utoipa::path(post, path = "/api/v1/agents", tag = "agents", request_body = AgentBody, responses((status = 201, body = AddedAgent)))]
pub(crate) async fn add_agent(
    caller: Caller,
    Json(body): Json<AgentBody>,
) -> Result<(StatusCode, Document<AddedAgent>)> {
    let AgentBody {
        name,
        description,
        labels,
    } = body;
    let (agent, key) = caller
        .gate
        .add_agent(
            caller.cx(),
            NewAgent {
                name,
                description,
                labels,
            },
        )
        .await?;
    let added = AddedAgent {
        agent: AgentView::from(&*agent),
        key_id: key.key.id.uuid(),
        key: key.secret.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Document(added)))
}

/// One agent, by id or name.
#[utoipa::path(get, path = "/api/v1/agents/{id}", tag = "agents", responses((status = 200, body = AgentView)))]
pub(crate) async fn get_agent(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<AgentView>> {
    let agent = caller.gate.agent(caller.cx(), &id)?;
    let used = caller.gate.last_used(caller.cx()).await?;
    Ok(Document(AgentView::used(&agent, &used)))
}

/// Changes an agent's description or labels.
#[utoipa::path(patch, path = "/api/v1/agents/{id}", tag = "agents", request_body = AgentChangeBody, responses((status = 200, body = AgentView)))]
pub(crate) async fn update_agent(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<AgentChangeBody>,
) -> Result<Document<AgentView>> {
    let AgentChangeBody {
        description,
        labels,
        expected_revision,
    } = body;
    let agent = caller
        .gate
        .update_agent(
            caller.cx(),
            &id,
            AgentChange {
                description,
                labels,
                expected_revision,
            },
        )
        .await?;
    Ok(Document(AgentView::from(&*agent)))
}

/// Removes an agent: its keys and grants end, what it has pending is cancelled.
#[utoipa::path(delete, path = "/api/v1/agents/{id}", tag = "agents", responses((status = 204)))]
pub(crate) async fn remove_agent(caller: Caller, Path(id): Path<String>) -> Result<StatusCode> {
    caller.gate.remove_agent(caller.cx(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
