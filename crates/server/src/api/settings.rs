//! Settings of the whole gateway.

use axum::Json as Document;
use countersign_gate::{Settings, SettingsChange};
use utoipa::ToSchema;

use super::words;
use crate::{body::Json, caller::Caller, problem::Result};

/// The settings of the whole gateway.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct SettingsView {
    /// Who may decide on what they asked for themselves: `loose` where one vote is enough, `strict` nobody.
    #[schema(value_type = words::SeparationOfDuties)]
    separation_of_duties: String,
    /// How long a request waits for a human, in seconds.
    approval_deadline_seconds: u64,
    /// How long an approved request can be carried out, in seconds.
    execute_ttl_seconds: u64,
    sign_in: SignInSettingsView,
    /// How long a session lasts, in hours.
    session_hours: u32,
    /// How long bodies are kept as evidence, in days; `null` keeps them.
    #[schema(required)]
    evidence_retention_days: Option<u32>,
    /// How much of a body is kept as evidence, in bytes.
    evidence_body_bytes: u64,
    scan: ScanSettingsView,
    approvals: ApprovalSettingsView,
    webhooks: WebhookSettingsView,
    links: LinkSettingsView,
}

/// How decision links are.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct LinkSettingsView {
    /// How long a link can be used, in seconds.
    lifetime_seconds: u64,
    /// Whether opening a link at `/api/decide/{token}` decides at once. Only an owner may turn it on: mail scanners open links, too.
    decide_on_get: bool,
    /// Where links lead, `https://gate.example.com`; `null` to where the call that makes them came in. Only an owner may say so.
    #[schema(required)]
    base_url: Option<String>,
}

/// What changes of decision links.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct LinkSettingsChangeBody {
    lifetime_seconds: Option<u64>,
    decide_on_get: Option<bool>,
    base_url: Option<String>,
}

/// Where webhooks may go.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct WebhookSettingsView {
    /// Whether loopback and private addresses are open for them; cloud metadata never is. Only an owner may open them.
    allow_private_networks: bool,
}

/// What may wait for a human.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct ApprovalSettingsView {
    /// How many requests of one agent may wait at once; more are answered with 429 `too_many_pending`.
    pending_per_agent: u32,
}

/// What changes of what may wait for a human.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct ApprovalSettingsChangeBody {
    pending_per_agent: Option<u32>,
}

/// How text is looked at.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct ScanSettingsView {
    input: InputScanView,
    tool_output: OutputScanView,
    /// How long a tainted agent stays tainted after the last reply that tainted it, in minutes.
    taint_minutes: u32,
}

/// How what agents ask for is looked at.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct InputScanView {
    /// What a hit does.
    #[schema(value_type = words::InputScanMode)]
    mode: String,
    /// From which score on it is suspicious, 0 to 1; `null` as shipped.
    #[schema(required)]
    warn: Option<f64>,
    /// From which score on it is worse than that, 0 to 1; `null` as shipped.
    #[schema(required)]
    block: Option<f64>,
}

/// How what targets answer is looked at.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct OutputScanView {
    /// What a hit does.
    #[schema(value_type = words::OutputScanMode)]
    mode: String,
    /// From which score on it is suspicious, 0 to 1; `null` as shipped.
    #[schema(required)]
    warn: Option<f64>,
    /// From which score on it taints, 0 to 1; `null` as shipped.
    #[schema(required)]
    block: Option<f64>,
}

/// How operators sign in.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct SignInSettingsView {
    /// By sign-in token.
    token: bool,
    /// By name and password.
    password: bool,
    /// Failures in a row after which more failures are refused.
    attempts: u32,
    /// For how long, in seconds.
    lockout_seconds: u64,
}

/// What changes of the settings; what is left out stays.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct SettingsChangeBody {
    #[schema(value_type = Option<words::SeparationOfDuties>)]
    separation_of_duties: Option<String>,
    approval_deadline_seconds: Option<u64>,
    execute_ttl_seconds: Option<u64>,
    sign_in: Option<SignInChangeBody>,
    session_hours: Option<u32>,
    /// `null` keeps bodies.
    evidence_retention_days: Option<u32>,
    evidence_body_bytes: Option<u64>,
    scan: Option<ScanChangeBody>,
    approvals: Option<ApprovalSettingsChangeBody>,
    webhooks: Option<WebhookSettingsChangeBody>,
    links: Option<LinkSettingsChangeBody>,
}

/// What changes of where webhooks may go.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct WebhookSettingsChangeBody {
    allow_private_networks: Option<bool>,
}

/// What changes of how text is looked at.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct ScanChangeBody {
    input: Option<InputScanChangeBody>,
    tool_output: Option<OutputScanChangeBody>,
    taint_minutes: Option<u32>,
}

/// What changes of how what agents ask for is looked at; `null` is the shipped threshold.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct InputScanChangeBody {
    #[schema(value_type = Option<words::InputScanMode>)]
    mode: Option<String>,
    warn: Option<f64>,
    block: Option<f64>,
}

/// What changes of how what targets answer is looked at; `null` is the shipped threshold.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct OutputScanChangeBody {
    #[schema(value_type = Option<words::OutputScanMode>)]
    mode: Option<String>,
    warn: Option<f64>,
    block: Option<f64>,
}

/// What changes of how operators sign in.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct SignInChangeBody {
    token: Option<bool>,
    password: Option<bool>,
    attempts: Option<u32>,
    lockout_seconds: Option<u64>,
}

/// The settings.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings", responses((status = 200, description = "The settings", body = SettingsView)))]
pub(crate) async fn get_settings(caller: Caller) -> Result<Document<Settings>> {
    Ok(Document(caller.gate.settings(caller.cx())?))
}

/// Changes what is given of the settings.
#[utoipa::path(
    patch, path = "/api/v1/settings", tag = "settings", request_body = SettingsChangeBody,
    responses((status = 200, description = "The settings as they are now", body = SettingsView)))]
pub(crate) async fn update_settings(
    caller: Caller,
    Json(change): Json<SettingsChange>,
) -> Result<Document<Settings>> {
    Ok(Document(
        caller.gate.update_settings(caller.cx(), change).await?,
    ))
}
