//! Who may call what: one table for every route.
//!
//! INVARIANT: a route that is not in the table is refused, whatever its handler does. The gate checks permissions again in every use
//! case; this table is what keeps a body from being read, and a reader from having to look anywhere else.

use std::collections::HashMap;

use countersign_domain::{Permission, Permissions};
use http::Method;

/// What a caller of a route must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody: no credential is looked at.
    Open,
    /// Anybody with a live credential.
    Any,
    /// Whoever has the permission, by role and scope.
    Needs(Permission),
    /// Whoever has one of the two: what is shown follows from which.
    NeedsOne(Permission, Permission),
    /// Whoever has the two.
    NeedsBoth(Permission, Permission),
}

impl Access {
    /// Whether somebody with these permissions may call.
    pub const fn admits(self, permissions: Permissions) -> bool {
        match self {
            Self::Open | Self::Any => true,
            Self::Needs(permission) => permissions.contains(permission),
            Self::NeedsOne(one, other) => permissions.contains(one) || permissions.contains(other),
            Self::NeedsBoth(one, other) => permissions.contains(one) && permissions.contains(other),
        }
    }
}

/// Which face a route belongs to: the form of its errors, and whether it can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// `/api/v1/...`: problem+json.
    Native,
    /// `/healthz`, `/readyz`, `/metrics`, `/openapi.json`.
    Operations,
    /// The operator's page: no part of the API, and of its document.
    Page,
    /// The proxy face with the shapes of GaiterGuard's clients.
    GaiterGuard,
    /// The approval face with the shapes of AgentGate's clients.
    AgentGate,
}

/// What is asked of a session before it changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Of everybody's session a credential typed within the last five minutes: the route makes, changes or ends a way in.
    FreshOfAll,
    /// Of a terminal's session a credential typed within the last five minutes, if the route changes something.
    Fresh,
    /// Nothing more than the session.
    Session,
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct RouteAccess {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path as the router knows it.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Where it belongs.
    pub face: Face,
    /// What a session needs.
    pub proof: Proof,
    /// Whether it answers while the vault is locked.
    pub while_locked: bool,
    /// Whether it answers while there is no installation yet.
    pub while_setup: bool,
}

impl RouteAccess {
    /// Whether calling it changes something: then a browser's session needs its CSRF token and a terminal's a fresh proof.
    pub fn changes(&self) -> bool {
        self.method != "GET"
    }

    const fn by_session(mut self) -> Self {
        self.proof = Proof::Session;
        self
    }

    const fn way_in(mut self) -> Self {
        self.proof = Proof::FreshOfAll;
        self
    }

    const fn while_locked(mut self) -> Self {
        self.while_locked = true;
        self
    }

    /// Whatever state the gateway is in.
    const fn always(mut self) -> Self {
        self.while_setup = true;
        self.while_locked()
    }
}

const fn route(
    method: &'static str,
    path: &'static str,
    access: Access,
    face: Face,
) -> RouteAccess {
    RouteAccess {
        method,
        path,
        access,
        face,
        proof: Proof::Fresh,
        while_locked: false,
        while_setup: false,
    }
}

const fn operations(path: &'static str, access: Access) -> RouteAccess {
    route("GET", path, access, Face::Operations)
}

const fn page(path: &'static str) -> RouteAccess {
    route("GET", path, Access::Open, Face::Page).always()
}

const fn open(method: &'static str, path: &'static str) -> RouteAccess {
    route(method, path, Access::Open, Face::Native)
}

const fn any(method: &'static str, path: &'static str) -> RouteAccess {
    route(method, path, Access::Any, Face::Native)
}

const fn needs(method: &'static str, path: &'static str, permission: Permission) -> RouteAccess {
    route(method, path, Access::Needs(permission), Face::Native)
}

const fn one_of(
    method: &'static str,
    path: &'static str,
    one: Permission,
    other: Permission,
) -> RouteAccess {
    route(method, path, Access::NeedsOne(one, other), Face::Native)
}

const fn needs_both(
    method: &'static str,
    path: &'static str,
    one: Permission,
    other: Permission,
) -> RouteAccess {
    route(method, path, Access::NeedsBoth(one, other), Face::Native)
}

const fn gaiterguard(
    method: &'static str,
    path: &'static str,
    permission: Permission,
) -> RouteAccess {
    route(method, path, Access::Needs(permission), Face::GaiterGuard)
}

const fn agentgate(
    method: &'static str,
    path: &'static str,
    permission: Permission,
) -> RouteAccess {
    route(method, path, Access::Needs(permission), Face::AgentGate)
}

const fn agentgate_open(method: &'static str, path: &'static str) -> RouteAccess {
    route(method, path, Access::Open, Face::AgentGate)
}

use Permission as P;

/// Every route there is.
pub const ROUTES: &[RouteAccess] = &[
    operations("/healthz", Access::Open).always(),
    operations("/readyz", Access::Open).always(),
    operations("/openapi.json", Access::Open).while_locked(),
    operations("/metrics", Access::Needs(P::MetricsRead)),
    // The operator's page, and setting up where there is no installation: that proves itself by the one-time address.
    page("/"),
    page("/dashboard"),
    page("/dashboard/"),
    page("/dashboard/{*path}"),
    page("/login"),
    page("/setup"),
    page("/unlock"),
    page("/assets/{*path}"),
    page("/favicon.svg"),
    open("GET", "/api/v1/setup").always(),
    open("POST", "/api/v1/setup").always(),
    // Sessions. Signing in proves who it is by its body; unlocking by the passphrase.
    open("POST", "/api/v1/sessions"),
    any("GET", "/api/v1/sessions/me"),
    any("DELETE", "/api/v1/sessions/me").by_session(),
    any("POST", "/api/v1/sessions/proof").by_session(),
    any("GET", "/api/v1/sessions"),
    any("DELETE", "/api/v1/sessions/{id}"),
    // The vault.
    open("POST", "/api/v1/vault/unlock").while_locked(),
    needs("GET", "/api/v1/vault", P::ConfigRead),
    needs("POST", "/api/v1/vault/rekey", P::VaultManage),
    // Configuration.
    needs("GET", "/api/v1/agents", P::ConfigRead),
    needs("POST", "/api/v1/agents", P::ConfigWrite),
    needs("GET", "/api/v1/agents/{id}", P::ConfigRead),
    needs("PATCH", "/api/v1/agents/{id}", P::ConfigWrite),
    needs("DELETE", "/api/v1/agents/{id}", P::ConfigWrite),
    needs("GET", "/api/v1/keys", P::ConfigRead),
    needs("POST", "/api/v1/keys", P::KeyManage).way_in(),
    needs("GET", "/api/v1/keys/{id}", P::ConfigRead),
    needs("PATCH", "/api/v1/keys/{id}", P::KeyManage).way_in(),
    needs("DELETE", "/api/v1/keys/{id}", P::KeyManage).way_in(),
    needs("POST", "/api/v1/keys/{id}/rotate", P::KeyManage).way_in(),
    needs("GET", "/api/v1/keys/{id}/usage", P::ConfigRead),
    needs("GET", "/api/v1/connectors", P::ConfigRead),
    needs("GET", "/api/v1/targets", P::ConfigRead),
    needs("POST", "/api/v1/targets", P::ConfigWrite),
    needs("GET", "/api/v1/targets/{id}", P::ConfigRead),
    needs("PATCH", "/api/v1/targets/{id}", P::ConfigWrite),
    needs("DELETE", "/api/v1/targets/{id}", P::ConfigWrite),
    needs("POST", "/api/v1/targets/{id}/test", P::ConfigWrite),
    needs("GET", "/api/v1/targets/{id}/profiles", P::ConfigRead),
    needs("POST", "/api/v1/targets/{id}/profiles", P::ConfigWrite),
    needs(
        "DELETE",
        "/api/v1/targets/{id}/profiles/{name}",
        P::ConfigWrite,
    ),
    needs("GET", "/api/v1/credentials", P::ConfigRead),
    needs("POST", "/api/v1/credentials", P::ConfigWrite),
    needs("DELETE", "/api/v1/credentials/{target}", P::ConfigWrite),
    needs("GET", "/api/v1/grants", P::ConfigRead),
    needs("POST", "/api/v1/grants", P::ConfigWrite),
    needs("DELETE", "/api/v1/grants/{id}", P::ConfigWrite),
    needs("GET", "/api/v1/rules", P::ConfigRead),
    needs("POST", "/api/v1/rules", P::ConfigWrite),
    needs("GET", "/api/v1/rules/{id}", P::ConfigRead),
    needs("PATCH", "/api/v1/rules/{id}", P::ConfigWrite),
    needs("DELETE", "/api/v1/rules/{id}", P::ConfigWrite),
    // The policy as a whole. What only looks is no change, though it takes a body.
    needs("GET", "/api/v1/policy", P::ConfigRead),
    needs("PUT", "/api/v1/policy", P::ConfigWrite),
    needs("POST", "/api/v1/policy/plan", P::ConfigRead).by_session(),
    needs("GET", "/api/v1/policy/explain/{request}", P::ConfigRead),
    needs("POST", "/api/v1/policy/test", P::ConfigRead).by_session(),
    needs("POST", "/api/v1/policy/simulate", P::ConfigRead).by_session(),
    needs("POST", "/api/v1/policy/lint", P::ConfigRead).by_session(),
    needs("GET", "/api/v1/analytics/overview", P::ConfigRead),
    needs("GET", "/api/v1/analytics/trends", P::ConfigRead),
    needs("GET", "/api/v1/analytics/approvers", P::ConfigRead),
    needs("GET", "/api/v1/analytics/rules", P::ConfigRead),
    needs("GET", "/api/v1/analytics/suggestions", P::ConfigRead),
    needs("GET", "/api/v1/analytics/alarms", P::ConfigRead),
    needs("GET", "/api/v1/settings", P::ConfigRead),
    needs("PATCH", "/api/v1/settings", P::ConfigWrite),
    // Webhooks: who manages them looks at them, and who reads the configuration.
    one_of("GET", "/api/v1/webhooks", P::ConfigRead, P::WebhookManage),
    needs("POST", "/api/v1/webhooks", P::WebhookManage),
    one_of(
        "GET",
        "/api/v1/webhooks/stats",
        P::ConfigRead,
        P::WebhookManage,
    ),
    needs(
        "POST",
        "/api/v1/webhooks/deliveries/{id}/replay",
        P::WebhookManage,
    ),
    one_of(
        "GET",
        "/api/v1/webhooks/{id}",
        P::ConfigRead,
        P::WebhookManage,
    ),
    needs("PATCH", "/api/v1/webhooks/{id}", P::WebhookManage),
    needs("DELETE", "/api/v1/webhooks/{id}", P::WebhookManage),
    needs("POST", "/api/v1/webhooks/{id}/rotate", P::WebhookManage),
    needs("POST", "/api/v1/webhooks/{id}/test", P::WebhookManage),
    one_of(
        "GET",
        "/api/v1/webhooks/{id}/deliveries",
        P::ConfigRead,
        P::WebhookManage,
    ),
    needs("GET", "/api/v1/network", P::ConfigRead),
    needs("GET", "/api/v1/configuration", P::ConfigRead),
    needs("POST", "/api/v1/configuration/plan", P::ConfigRead).by_session(),
    needs("GET", "/api/v1/status", P::ConfigRead),
    needs("GET", "/api/v1/summary", P::ConfigRead),
    // Actions and approvals.
    needs("GET", "/api/v1/actions", P::RequestRead),
    needs("POST", "/api/v1/actions", P::RequestCreate),
    needs("GET", "/api/v1/actions/{id}", P::RequestRead),
    needs("POST", "/api/v1/actions/{id}/execute", P::RequestCreate),
    needs("POST", "/api/v1/actions/{id}/cancel", P::RequestRead),
    needs("POST", "/api/v1/actions/{id}/settle", P::RequestDecide),
    needs(
        "POST",
        "/api/v1/actions/{id}/findings/{index}/wrong",
        P::RequestDecide,
    ),
    needs("GET", "/api/v1/scan/cases", P::ConfigRead),
    needs("GET", "/api/v1/scan/rules", P::ConfigRead),
    needs("PUT", "/api/v1/scan/rules", P::ConfigWrite),
    needs("DELETE", "/api/v1/scan/rules", P::ConfigWrite),
    needs("GET", "/api/v1/approvals", P::RequestRead),
    needs("POST", "/api/v1/approvals/{id}/approve", P::RequestDecide),
    needs("POST", "/api/v1/approvals/{id}/deny", P::RequestDecide),
    needs("POST", "/api/v1/approvals/batch", P::RequestDecide),
    needs_both(
        "GET",
        "/api/v1/approvals/{id}/comments",
        P::ConfigRead,
        P::RequestRead,
    ),
    needs("POST", "/api/v1/approvals/{id}/comments", P::RequestDecide),
    // Decision links, and the page behind them: what is in its address is what proves it.
    needs("POST", "/api/v1/links", P::RequestDecide),
    open("GET", "/l/{token}"),
    open("POST", "/l/{token}"),
    needs_both(
        "GET",
        "/api/v1/standing-approvals",
        P::ConfigRead,
        P::RequestRead,
    ),
    needs(
        "DELETE",
        "/api/v1/standing-approvals/{id}",
        P::RequestDecide,
    ),
    needs("GET", "/api/v1/delegations", P::ConfigRead),
    needs("POST", "/api/v1/delegations", P::RequestDecide),
    needs("DELETE", "/api/v1/delegations/{id}", P::RequestDecide),
    route(
        "GET",
        "/api/v1/events",
        Access::NeedsOne(P::RequestRead, P::AuditRead),
        Face::Native,
    ),
    // The kill switch.
    needs("GET", "/api/v1/kills", P::ConfigRead),
    needs("POST", "/api/v1/kills", P::Kill),
    needs("POST", "/api/v1/kills/release", P::Kill),
    // The ledger.
    needs("GET", "/api/v1/audit/entries", P::AuditRead),
    needs("GET", "/api/v1/audit/verify", P::AuditRead),
    needs("GET", "/api/v1/audit/export", P::AuditRead),
    needs("GET", "/api/v1/audit/checkpoints", P::AuditRead),
    needs("POST", "/api/v1/audit/checkpoints", P::AuditRead),
    needs("GET", "/api/v1/audit/key", P::AuditRead),
    needs("POST", "/api/v1/audit/acknowledge", P::OperatorManage),
    needs("POST", "/api/v1/audit/prune", P::AuditPrune),
    // Operators.
    needs("GET", "/api/v1/operators", P::ConfigRead),
    needs("POST", "/api/v1/operators", P::OperatorManage).way_in(),
    any("PUT", "/api/v1/operators/{id}/password").way_in(),
    needs("PUT", "/api/v1/operators/{id}/role", P::OperatorManage).way_in(),
    needs("DELETE", "/api/v1/operators/{id}", P::OperatorManage).way_in(),
    any("GET", "/api/v1/tokens"),
    needs("POST", "/api/v1/tokens", P::OperatorManage).way_in(),
    any("DELETE", "/api/v1/tokens/{id}").way_in(),
    // The proxy face.
    gaiterguard("POST", "/proxy", P::RequestCreate),
    gaiterguard("GET", "/status/{id}", P::RequestRead),
    gaiterguard("POST", "/proxy/execute/{id}", P::RequestCreate),
    // The approval face.
    agentgate_open("GET", "/health").always(),
    agentgate_open("GET", "/ready").always(),
    agentgate_open("GET", "/startup").always(),
    agentgate_open("GET", "/.well-known/jwks.json").always(),
    agentgate("GET", "/api/requests", P::RequestRead),
    agentgate("POST", "/api/requests", P::RequestCreate),
    agentgate("GET", "/api/requests/queue-stats", P::RequestDecide),
    agentgate("GET", "/api/requests/suggestions", P::PolicyRead),
    agentgate("GET", "/api/requests/{id}", P::RequestRead),
    agentgate("POST", "/api/requests/{id}/decide", P::RequestDecide),
    agentgate("POST", "/api/requests/{id}/tokens", P::RequestDecide),
    agentgate_open("GET", "/api/decide/{token}"),
    agentgate_open("POST", "/api/decide/{token}"),
    agentgate("GET", "/api/requests/{id}/audit", P::RequestRead),
    agentgate(
        "GET",
        "/api/requests/{id}/escalation-history",
        P::RequestDecide,
    ),
    agentgate("POST", "/api/mcp/authorize", P::RequestRead),
    agentgate("GET", "/api/policies", P::PolicyRead),
    agentgate("POST", "/api/policies", P::PolicyWrite),
    agentgate("GET", "/api/policies/templates", P::PolicyRead),
    agentgate("POST", "/api/policies/from-template", P::PolicyWrite),
    agentgate("POST", "/api/policies/simulate", P::PolicyWrite),
    agentgate("GET", "/api/policies/{id}", P::PolicyRead),
    agentgate("PUT", "/api/policies/{id}", P::PolicyWrite),
    agentgate("DELETE", "/api/policies/{id}", P::PolicyWrite),
    agentgate("POST", "/api/policies/{id}/dry-run", P::PolicyRead),
    agentgate("GET", "/api/overrides", P::OverrideManage),
    agentgate("POST", "/api/overrides", P::OverrideManage),
    agentgate("DELETE", "/api/overrides/{id}", P::OverrideManage),
    agentgate("GET", "/api/escalation-rules", P::PolicyRead),
    agentgate("POST", "/api/escalation-rules", P::PolicyWrite),
    agentgate("PUT", "/api/escalation-rules/{id}", P::PolicyWrite),
    agentgate("DELETE", "/api/escalation-rules/{id}", P::PolicyWrite),
    agentgate("GET", "/api/audit", P::AuditRead),
    agentgate("GET", "/api/audit/actions", P::AuditRead),
    agentgate("GET", "/api/audit/actors", P::AuditRead),
    agentgate("GET", "/api/analytics/overview", P::AuditRead),
    agentgate("GET", "/api/analytics/trends", P::AuditRead),
    agentgate("GET", "/api/analytics/policies", P::PolicyRead),
    agentgate("GET", "/api/api-keys", P::KeyManage),
    agentgate("POST", "/api/api-keys", P::KeyManage).way_in(),
    agentgate("PATCH", "/api/api-keys/{id}", P::KeyManage).way_in(),
    agentgate("DELETE", "/api/api-keys/{id}", P::KeyManage).way_in(),
    agentgate("GET", "/api/keys", P::KeyManage),
    agentgate("POST", "/api/keys", P::KeyManage).way_in(),
    agentgate("PATCH", "/api/keys/{id}", P::KeyManage).way_in(),
    agentgate("DELETE", "/api/keys/{id}", P::KeyManage).way_in(),
    agentgate("GET", "/api/agents", P::ConfigRead),
    agentgate("POST", "/api/agents", P::ConfigWrite),
    agentgate("DELETE", "/api/agents/{id}", P::ConfigWrite),
    agentgate("GET", "/api/agents/{id}/spend", P::ConfigRead),
    agentgate_open("POST", "/api/agents/token"),
    agentgate("GET", "/api/channels/health", P::WebhookManage),
    agentgate("POST", "/api/channels/{kind}/test", P::WebhookManage),
    agentgate_open("POST", "/api/guardrails/webhook"),
    agentgate("GET", "/api/webhooks", P::WebhookManage),
    agentgate("POST", "/api/webhooks", P::WebhookManage),
    agentgate("GET", "/api/webhooks/stats", P::WebhookManage),
    agentgate("GET", "/api/webhooks/{id}", P::WebhookManage),
    agentgate("PATCH", "/api/webhooks/{id}", P::WebhookManage),
    agentgate("DELETE", "/api/webhooks/{id}", P::WebhookManage),
    agentgate("GET", "/api/webhooks/{id}/deliveries", P::WebhookManage),
    agentgate("POST", "/api/webhooks/{id}/test", P::WebhookManage),
    agentgate(
        "POST",
        "/api/webhooks/deliveries/{id}/replay",
        P::WebhookManage,
    ),
];

/// The routes that anybody may call. A test compares this with the router: adding to it is a decision, not an accident.
pub const OPEN_ROUTES: &[(&str, &str)] = &[
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
    ("GET", "/"),
    ("GET", "/dashboard"),
    ("GET", "/dashboard/"),
    ("GET", "/dashboard/{*path}"),
    ("GET", "/login"),
    ("GET", "/setup"),
    ("GET", "/unlock"),
    ("GET", "/assets/{*path}"),
    ("GET", "/favicon.svg"),
    ("GET", "/api/v1/setup"),
    ("POST", "/api/v1/setup"),
    ("POST", "/api/v1/sessions"),
    ("POST", "/api/v1/vault/unlock"),
    ("GET", "/l/{token}"),
    ("POST", "/l/{token}"),
    ("GET", "/api/decide/{token}"),
    ("POST", "/api/decide/{token}"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/startup"),
    ("GET", "/.well-known/jwks.json"),
    ("POST", "/api/agents/token"),
    ("POST", "/api/guardrails/webhook"),
];

/// The table, to be looked up by path and method.
#[derive(Debug)]
pub(crate) struct AccessTable(HashMap<&'static str, Vec<&'static RouteAccess>>);

impl AccessTable {
    /// The table of [`ROUTES`].
    pub(crate) fn new() -> Self {
        let mut table: HashMap<_, Vec<_>> = HashMap::new();
        for route in ROUTES {
            table.entry(route.path).or_default().push(route);
        }
        Self(table)
    }

    /// The row of a route; `HEAD` is `GET` without a body.
    pub(crate) fn find(&self, path: &str, method: &Method) -> Option<&'static RouteAccess> {
        let method = if method == Method::HEAD {
            "GET"
        } else {
            method.as_str()
        };
        self.0
            .get(path)?
            .iter()
            .find(|route| route.method == method)
            .copied()
    }
}
