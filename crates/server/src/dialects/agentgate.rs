//! The approval face in the shapes of AgentGate's clients: requests, policies, overrides, keys, agents, audit, analytics, webhooks.
//!
//! Every route is translated to the gate's own use cases, about the target of approval-only actions only. A key that asks acts as an
//! agent, one that decides as an approver, one with `admin` as its operator: who that is says the gate, from the credential. What a
//! client says about who decides is a label. Ids are ours in 22 characters of base64url; both forms are taken.

mod agents;
mod analytics;
mod audit;
mod body;
mod channels;
mod escalations;
mod guardrails;
mod ids;
mod keys;
mod links;
mod matcher;
mod mcp;
mod overrides;
mod paging;
mod policies;
mod policy_tools;
mod probes;
mod requests;
mod templates;
mod webhooks;

use std::sync::Arc;

use countersign_domain::Permission;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{access::Access, decision_page, problem::Problem, state::ServerState};

/// The dialect's routes.
pub(crate) fn routes() -> OpenApiRouter<Arc<ServerState>> {
    agent_routes()
        .routes(routes!(requests::agentgate_decide))
        .routes(routes!(links::agentgate_tokens))
        .routes(routes!(
            decision_page::agentgate_decide_link,
            decision_page::agentgate_decide_by_form
        ))
        .routes(routes!(requests::agentgate_queue_stats))
        .routes(routes!(requests::agentgate_suggestions))
        .routes(routes!(requests::agentgate_escalation_history))
        .routes(routes!(
            policies::agentgate_list_policies,
            policies::agentgate_create_policy
        ))
        .routes(routes!(policy_tools::agentgate_templates))
        .routes(routes!(policy_tools::agentgate_from_template))
        .routes(routes!(policy_tools::agentgate_simulate))
        .routes(routes!(
            policies::agentgate_get_policy,
            policies::agentgate_replace_policy,
            policies::agentgate_remove_policy
        ))
        .routes(routes!(policy_tools::agentgate_dry_run))
        .routes(routes!(
            overrides::agentgate_list_overrides,
            overrides::agentgate_create_override
        ))
        .routes(routes!(overrides::agentgate_remove_override))
        .routes(routes!(
            escalations::agentgate_list_escalations,
            escalations::agentgate_create_escalation
        ))
        .routes(routes!(
            escalations::agentgate_replace_escalation,
            escalations::agentgate_remove_escalation
        ))
        .routes(routes!(audit::agentgate_audit))
        .routes(routes!(audit::agentgate_audit_actions))
        .routes(routes!(audit::agentgate_audit_actors))
        .routes(routes!(analytics::agentgate_overview))
        .routes(routes!(analytics::agentgate_trends))
        .routes(routes!(analytics::agentgate_policy_analytics))
        .routes(routes!(
            keys::agentgate_list_keys,
            keys::agentgate_create_key
        ))
        .routes(routes!(
            keys::agentgate_change_key,
            keys::agentgate_revoke_key
        ))
        .routes(routes!(
            keys::agentgate_list_keys_short,
            keys::agentgate_create_key_short
        ))
        .routes(routes!(
            keys::agentgate_change_key_short,
            keys::agentgate_revoke_key_short
        ))
        .routes(routes!(
            agents::agentgate_list_agents,
            agents::agentgate_create_agent
        ))
        .routes(routes!(agents::agentgate_token))
        .routes(routes!(agents::agentgate_spend))
        .routes(routes!(agents::agentgate_remove_agent))
        .routes(routes!(channels::agentgate_channel_health))
        .routes(routes!(channels::agentgate_channel_test))
        .routes(routes!(guardrails::agentgate_guardrails))
        .routes(routes!(
            webhooks::agentgate_list_webhooks,
            webhooks::agentgate_create_webhook
        ))
        .routes(routes!(webhooks::agentgate_webhook_stats))
        .routes(routes!(
            webhooks::agentgate_get_webhook,
            webhooks::agentgate_change_webhook,
            webhooks::agentgate_remove_webhook
        ))
        .routes(routes!(webhooks::agentgate_deliveries))
        .routes(routes!(webhooks::agentgate_test_webhook))
        .routes(routes!(webhooks::agentgate_replay))
}

/// What agents call.
pub(crate) fn agent_routes() -> OpenApiRouter<Arc<ServerState>> {
    OpenApiRouter::new()
        .routes(routes!(probes::agentgate_health))
        .routes(routes!(probes::agentgate_ready))
        .routes(routes!(probes::agentgate_startup))
        .routes(routes!(probes::agentgate_jwks))
        .routes(routes!(
            requests::agentgate_list_requests,
            requests::agentgate_create_request
        ))
        .routes(routes!(requests::agentgate_get_request))
        .routes(routes!(requests::agentgate_request_audit))
        .routes(routes!(mcp::agentgate_authorize))
}

/// An error in the dialect's shape.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentGateError {
    /// What happened.
    error: String,
    /// The same.
    message: String,
    /// Stable, `snake_case`.
    code: &'static str,
}

/// A problem in the dialect's shape, with the texts that its clients know.
pub(crate) fn error_body(problem: &Problem) -> AgentGateError {
    let parts = problem.parts();
    let text = match parts.code {
        "rate_limited" => "Rate limit exceeded",
        "internal" => "Internal Server Error",
        _ => parts.detail.as_ref(),
    };
    AgentGateError {
        error: text.to_owned(),
        message: text.to_owned(),
        code: parts.code,
    }
}

/// Nothing is at this path: these clients are told which.
pub(crate) fn no_route(method: &str, path: &str) -> serde_json::Value {
    let path: String = path.chars().take(200).collect();
    serde_json::json!({
        "error": "Not Found",
        "message": format!("Route {method} {path} not found"),
        "code": "no_route",
    })
}

/// What a caller lacks, by the name that these clients know.
pub(crate) fn missing_scope(access: Access) -> Problem {
    let scope = match access {
        Access::Needs(permission)
        | Access::NeedsOne(permission, _)
        | Access::NeedsBoth(permission, _) => scope_of(permission),
        Access::Open | Access::Any => "admin",
    };
    Problem::new(
        StatusCode::FORBIDDEN,
        "forbidden",
        format!("Missing required scope: {scope}"),
    )
}

const fn scope_of(permission: Permission) -> &'static str {
    match permission {
        Permission::RequestCreate => "request:create",
        Permission::RequestRead => "request:read",
        Permission::RequestDecide => "request:decide",
        Permission::PolicyRead => "policy:read",
        Permission::PolicyWrite => "policy:write",
        Permission::OverrideManage => "override:manage",
        Permission::WebhookManage => "webhook:manage",
        Permission::KeyManage => "key:manage",
        Permission::AuditRead => "audit:read",
        _ => "admin",
    }
}

#[cfg(test)]
mod tests;
