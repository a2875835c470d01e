//! Every route of the native face.

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    action_list, actions, agents, analytics, approvals, audit, batch, comments, configuration,
    connectors, credentials, delegations, grants, keys, kills, links, network, operators, policy,
    rules, scan, scan_rules, sessions, settings, setup, standing, status, summary, targets, tokens,
    vault, webhooks,
};
use crate::{decision_page, events, state::ServerState};

/// Every route of the native face.
pub(crate) fn routes() -> OpenApiRouter<Arc<ServerState>> {
    OpenApiRouter::new()
        .merge(actions::agent_routes())
        .merge(configuration_routes())
        .merge(operator_routes())
        .routes(routes!(action_list::list_approvals))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::deny))
        .routes(routes!(batch::decide_batch))
        .routes(routes!(comments::list_comments, comments::add_comment))
        .routes(routes!(links::make_links))
        .routes(routes!(
            decision_page::show_link,
            decision_page::decide_by_link
        ))
        .routes(routes!(standing::list_standing))
        .routes(routes!(standing::revoke_standing))
        .routes(routes!(
            delegations::list_delegations,
            delegations::add_delegation
        ))
        .routes(routes!(delegations::end_delegation))
        .routes(routes!(actions::settle))
        .routes(routes!(scan::mark_wrong))
        .routes(routes!(scan::cases))
        .routes(routes!(
            scan_rules::scan_rules,
            scan_rules::set_scan_rules,
            scan_rules::remove_scan_rules
        ))
        .routes(routes!(summary::summary))
        .routes(routes!(events::events))
        .routes(routes!(kills::list_kills, kills::kill))
        .routes(routes!(kills::release))
        .routes(routes!(audit::entries))
        .routes(routes!(audit::verify))
        .routes(routes!(audit::export))
        .routes(routes!(audit::checkpoints, audit::make_checkpoint))
        .routes(routes!(audit::checkpoint_key))
        .routes(routes!(audit::acknowledge))
        .routes(routes!(audit::prune))
}

fn configuration_routes() -> OpenApiRouter<Arc<ServerState>> {
    OpenApiRouter::new()
        .routes(routes!(agents::list_agents, agents::add_agent))
        .routes(routes!(
            agents::get_agent,
            agents::update_agent,
            agents::remove_agent
        ))
        .routes(routes!(keys::list_keys, keys::add_key))
        .routes(routes!(keys::get_key, keys::update_key, keys::revoke_key))
        .routes(routes!(keys::rotate_key))
        .routes(routes!(keys::key_usage))
        .routes(routes!(connectors::list_connectors))
        .routes(routes!(targets::list_targets, targets::add_target))
        .routes(routes!(
            targets::get_target,
            targets::update_target,
            targets::remove_target
        ))
        .routes(routes!(targets::test_target))
        .routes(routes!(targets::list_profiles, targets::add_profile))
        .routes(routes!(targets::remove_profile))
        .routes(routes!(
            credentials::list_credentials,
            credentials::set_credential
        ))
        .routes(routes!(credentials::remove_credential))
        .routes(routes!(grants::list_grants, grants::add_grant))
        .routes(routes!(grants::remove_grant))
        .routes(routes!(rules::list_rules, rules::add_rule))
        .routes(routes!(
            rules::get_rule,
            rules::update_rule,
            rules::remove_rule
        ))
        .merge(policy_routes())
        .merge(analytics_routes())
        .routes(routes!(settings::get_settings, settings::update_settings))
        .merge(webhook_routes())
        .routes(routes!(network::network))
        .routes(routes!(configuration::export_configuration))
        .routes(routes!(configuration::plan))
        .routes(routes!(status::status))
}

fn webhook_routes() -> OpenApiRouter<Arc<ServerState>> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::list_webhooks, webhooks::add_webhook))
        .routes(routes!(webhooks::stats))
        .routes(routes!(webhooks::replay))
        .routes(routes!(
            webhooks::get_webhook,
            webhooks::update_webhook,
            webhooks::remove_webhook
        ))
        .routes(routes!(webhooks::rotate_webhook))
        .routes(routes!(webhooks::test_webhook))
        .routes(routes!(webhooks::deliveries))
}

fn analytics_routes() -> OpenApiRouter<Arc<ServerState>> {
    OpenApiRouter::new()
        .routes(routes!(analytics::overview))
        .routes(routes!(analytics::trends))
        .routes(routes!(analytics::approvers))
        .routes(routes!(analytics::rules))
        .routes(routes!(analytics::suggestions))
        .routes(routes!(analytics::alarms))
}

fn policy_routes() -> OpenApiRouter<Arc<ServerState>> {
    OpenApiRouter::new()
        .routes(routes!(policy::get_policy, policy::put_policy))
        .routes(routes!(policy::plan_policy))
        .routes(routes!(policy::explain))
        .routes(routes!(policy::test))
        .routes(routes!(policy::simulate))
        .routes(routes!(policy::lint))
}

fn operator_routes() -> OpenApiRouter<Arc<ServerState>> {
    OpenApiRouter::new()
        .routes(routes!(sessions::list_sessions, sessions::sign_in))
        .routes(routes!(sessions::current_session, sessions::sign_out))
        .routes(routes!(sessions::prove))
        .routes(routes!(sessions::end_session))
        .routes(routes!(operators::list_operators, operators::add_operator))
        .routes(routes!(operators::disable_operator))
        .routes(routes!(operators::set_password))
        .routes(routes!(operators::set_role))
        .routes(routes!(tokens::list_tokens, tokens::add_token))
        .routes(routes!(tokens::revoke_token))
        .routes(routes!(setup::setup_state, setup::set_up))
        .routes(routes!(vault::vault_status))
        .routes(routes!(vault::unlock))
        .routes(routes!(vault::rekey))
}
