//! Breaches that other systems report. The secret in their header is a key with `override:manage`.

use std::sync::Arc;

use axum::{Json as Document, extract::FromRequestParts};
use countersign_domain::Permission;
use countersign_gate::{Gate, OpCx, OverrideDraft};
use http::{StatusCode, request::Parts};
use serde_json::{Value, json};

use super::{body::Object, ids};
use crate::{
    caller::Source,
    problem::{Problem, Result},
    state::ServerState,
};

/// For how long a breach counts where no recovery is reported.
const BREACH_SECONDS: u64 = 3_600;

/// The system that reports, known by its secret and counted before anything of the body is read (requirement 1): the route is open to the
/// layer in front of it, which would look for the key in other headers.
#[derive(Debug)]
pub(crate) struct Reporter {
    gate: Gate,
    cx: OpCx,
}

impl FromRequestParts<Arc<ServerState>> for Reporter {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<ServerState>) -> Result<Self> {
        let gate = state.open_gate()?;
        let Source(peer) = Source::from_request_parts(parts, state).await?;
        let wrong = || Problem::unauthenticated("Invalid or missing guardrails secret");
        let secret = parts.headers.get("x-guardrails-secret");
        let secret = secret.and_then(|it| it.to_str().ok()).ok_or_else(wrong)?;
        let principal = gate.identify_key(secret).map_err(|_| wrong())?;
        if let Some(taken) = gate.count_call(&principal).await
            && !taken.is_admitted
        {
            return Err(taken.refusal().into());
        }
        let cx = OpCx {
            principal,
            source: Arc::clone(&peer.source),
            now: gate.now(),
        };
        let reporter = Self { gate, cx };
        reporter.check()?;
        Ok(reporter)
    }
}

impl Reporter {
    fn check(&self) -> Result<()> {
        self.cx.require(Permission::OverrideManage).map_err(|_| {
            let text = "Missing required scope: override:manage";
            Problem::new(StatusCode::FORBIDDEN, "forbidden", text)
        })
    }

    /// Asks again who it is: a body can take a minute.
    async fn refresh(self) -> Result<Self> {
        let cx = self.gate.refresh(&self.cx).await?;
        let reporter = Self { cx, ..self };
        reporter.check()?;
        Ok(reporter)
    }
}

/// Makes every action of an agent ask after a breach, and takes that back after its recovery.
#[utoipa::path(post, path = "/api/guardrails/webhook", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_guardrails(
    reporter: Reporter,
    body: Object,
) -> Result<Document<Value>> {
    let Reporter { gate, cx } = reporter.refresh().await?;
    let agent = ids::agent_reference(&body.text("agentId")?);
    let metric: String = body.text("metric")?.chars().take(200).collect();
    let reason = format!("Guardrail breach: {metric}");
    let mut found = gate.overrides(&cx)?.into_iter();
    let known = found.find(|one| one.agent == agent && one.reason == reason);
    match (body.fields.get("event").and_then(Value::as_str), known) {
        (Some("breach"), Some(known)) => Ok(Document(
            json!({"status": "override_created", "overrideId": ids::short(known.id.uuid())}),
        )),
        (Some("breach"), None) => {
            let draft = OverrideDraft {
                agent,
                action: "*".to_owned(),
                is_denied: false,
                reason,
                expires_in_seconds: Some(BREACH_SECONDS),
            };
            let one = gate.add_override(&cx, draft).await?;
            Ok(Document(
                json!({"status": "override_created", "overrideId": ids::short(one.id.uuid())}),
            ))
        }
        (Some("recovery"), Some(known)) => {
            gate.remove_override(&cx, known.id).await?;
            Ok(Document(
                json!({"status": "override_removed", "overrideId": ids::short(known.id.uuid())}),
            ))
        }
        (Some("recovery"), None) => Ok(Document(
            json!({"status": "ignored", "reason": "no override of this breach is active"}),
        )),
        _ => Ok(Document(
            json!({"status": "ignored", "reason": "unknown event"}),
        )),
    }
}
