//! One action with all that is known of it: what an approver looks at.

use std::time::Duration;

use axum::{Json as Document, extract::Path};
use countersign_domain::{Digest, RequestState, VoteKind};
use countersign_gate::{
    ActorName, DecisionTrace, Preview, PreviewHeader, RequestDetail, Step, TraceVoice, WAIT_LIMIT,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    EntryView,
    actions::{ActionView, ResultView, parse_id, text_or_base64},
    duration, words,
};
use crate::{
    body::Query,
    caller::Caller,
    problem::{Problem, Result},
};

/// A request with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionDetail {
    /// What lists show.
    #[serde(flatten)]
    view: ActionView,
    /// What would run, or ran, byte for byte; `null` when the evidence was deleted.
    payload: Option<PayloadView>,
    /// The request as it is sent, as far as that can be said now; the body is the payload's. `null` for an agent.
    will_send: Option<SendView>,
    /// Whether what is shown is still what would run: else approving it makes it stale. `null` once it can't run any more.
    is_current: Option<bool>,
    /// SHA-256 of all that an approver sees: payload, connection, limits, action and credential.
    context_hash: String,
    /// The target's base URL as it is now; `null` for an agent.
    base_url: Option<String>,
    /// The target's connector.
    connector: Option<String>,
    /// The profile's name.
    profile: Option<String>,
    /// Who carries it out.
    #[schema(value_type = words::Executor)]
    executor: &'static str,
    /// Whose credential asked.
    requester: ActorView,
    /// Whether that was you: then you approve what you asked for yourself.
    is_self_asked: bool,
    /// The decision with all its voices; `null` when the evidence was deleted, and for an agent.
    trace: Option<TraceView>,
    /// What has happened to it, oldest first.
    timeline: Vec<StepView>,
    /// Its entries in the ledger, oldest first.
    entries: Vec<EntryView>,
    /// The facts and the decision as they were judged and are kept; `null` for an agent.
    #[schema(value_type = Option<Object>)]
    judged: Option<Value>,
    /// What was answered, while it is kept.
    result: Option<ResultView>,
    /// What scans found in what was asked and what was answered. A warning, whatever the decision was.
    findings: Vec<FindingView>,
}

/// Something that a scan found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingView {
    /// Its number: what `findings/{index}/wrong` takes.
    index: u32,
    /// Where the text came from: `input` from the agent, `tool_output` from the target.
    channel: &'static str,
    /// What kind: `prompt_injection`, `jailbreak`, `exfiltration`, `command_injection`, `social_engineering`, `secret`, `truncated`,
    /// `unscanned`.
    category: String,
    /// Where it stands: `intent`, `query.q`, `body.comment`, `reply`. May hold names that the agent chose.
    place: String,
    /// What it asked for.
    #[schema(value_type = words::Verdict)]
    verdict: &'static str,
    /// How sure the scan is, 0 to 1 in hundredths; `null` for what has no score, as a secret.
    score: Option<f64>,
    /// Why, in words.
    reason: String,
    /// The text that it is about with what stands around it, in pieces that belong one behind the other; marks stand in place of
    /// secrets. Empty where the text is not known any more, and for what is no threat.
    excerpt: Vec<ExcerptPiece>,
    /// Who called it wrong; left out where nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    marked_wrong_by: Option<ActorView>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    marked_wrong_at: Option<String>,
}

/// A piece of the text that a finding is about. What an agent or a target wrote: it is untrusted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExcerptPiece {
    /// Its text.
    text: String,
    /// Whether it is what was found, and not what stands around.
    is_found: bool,
}

impl From<countersign_gate::ExcerptPiece> for ExcerptPiece {
    fn from(piece: countersign_gate::ExcerptPiece) -> Self {
        Self {
            text: piece.text,
            is_found: piece.is_found,
        }
    }
}

impl From<countersign_gate::FindingView> for FindingView {
    fn from(view: countersign_gate::FindingView) -> Self {
        let (by, at) = view.marked_wrong.unzip();
        Self {
            index: view.index,
            channel: view.channel,
            score: super::scan::score_of(&view.finding),
            category: view.finding.category,
            place: view.finding.place,
            verdict: view.finding.verdict.as_str(),
            reason: view.finding.reason,
            excerpt: view.excerpt.into_iter().map(Into::into).collect(),
            marked_wrong_by: by.map(Into::into),
            marked_wrong_at: at.map(|at| at.to_string()),
        }
    }
}

/// What would run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PayloadView {
    /// The normalised input.
    #[schema(value_type = Object)]
    input: Value,
    /// The body, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The body as base64, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    /// The body's length in bytes.
    body_bytes: usize,
    /// SHA-256 of the body.
    body_sha256: String,
}

/// A request as it is sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SendView {
    /// The method.
    method: String,
    /// The whole URL. Where the credential is a query parameter its value is `CREDENTIAL`.
    url: String,
    /// The headers, without those of the transport.
    headers: Vec<HeaderView>,
    /// The query parameter that the credential is, if it is one.
    credential_parameter: Option<String>,
}

/// A header as it is sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeaderView {
    /// Its name, in lower case.
    name: String,
    /// Its value; `null` where the credential is put.
    value: Option<String>,
    /// Whether the credential is put there.
    is_credential: bool,
}

impl From<PreviewHeader> for HeaderView {
    fn from(header: PreviewHeader) -> Self {
        Self {
            name: header.name,
            is_credential: header.value.is_none(),
            value: header.value,
        }
    }
}

impl From<Preview> for SendView {
    fn from(preview: Preview) -> Self {
        Self {
            method: preview.method,
            url: preview.url,
            headers: preview.headers.into_iter().map(Into::into).collect(),
            credential_parameter: preview.credential_parameter,
        }
    }
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActorView {
    /// What they are.
    #[schema(value_type = words::ActorKind)]
    kind: &'static str,
    /// Who; `null` for the gateway itself.
    id: Option<Uuid>,
    /// By name; `null` for those without one, once it is gone, and for an agent that looks at an operator.
    name: Option<String>,
}

impl From<ActorName> for ActorView {
    fn from(by: ActorName) -> Self {
        Self {
            kind: by.actor.kind(),
            id: by.actor.uuid(),
            name: by.name,
        }
    }
}

/// One thing that happened to an action.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepView {
    /// When.
    at: String,
    /// What, as the entry's kind says: `action.asked`, `approval.voted`, `approval.decided`, `action.intent` ...
    kind: String,
    /// The state that it came to; `null` where it stayed.
    #[schema(value_type = Option<words::State>)]
    state: Option<RequestState>,
    /// What an operator said.
    #[schema(value_type = Option<words::VoteKind>)]
    vote: Option<VoteKind>,
    /// Who did it.
    actor: ActorView,
    /// In whose words. Untrusted text.
    note: Option<String>,
    /// How it ended.
    outcome: Option<String>,
    /// The entry's place in the ledger.
    position: u64,
}

impl From<Step> for StepView {
    fn from(step: Step) -> Self {
        Self {
            at: step.at.to_string(),
            kind: step.kind,
            state: step.state,
            vote: step.vote,
            actor: step.by.into(),
            note: step.note,
            outcome: step.outcome,
            position: step.position,
        }
    }
}

/// A decision with all that was said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraceView {
    /// What it came to: the strictest that was said, or `allow` where a standing approval answered.
    #[schema(value_type = words::Verdict)]
    verdict: &'static str,
    /// Everything that was said, in order.
    voices: Vec<VoiceView>,
    /// The standing approval that answered.
    satisfied_by: Option<Uuid>,
    /// The configuration epoch that decided.
    policy_version: u64,
}

/// One thing that was said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoiceView {
    /// By what kind of speaker.
    #[schema(value_type = words::Speaker)]
    speaker: &'static str,
    /// The grant's, guard's or rule's id.
    id: Option<Uuid>,
    /// The guard's or rule's name, or the grant's action; `null` for the others, once it is gone, and for agents.
    name: Option<String>,
    /// What.
    #[schema(value_type = words::Verdict)]
    verdict: &'static str,
    /// Why.
    reason: String,
    /// Whether it made the verdict.
    has_decided: bool,
}

impl From<TraceVoice> for VoiceView {
    fn from(voice: TraceVoice) -> Self {
        Self {
            speaker: voice.speaker,
            id: voice.id,
            name: voice.name,
            verdict: voice.verdict.as_str(),
            reason: voice.reason,
            has_decided: voice.has_decided,
        }
    }
}

impl From<DecisionTrace> for TraceView {
    fn from(trace: DecisionTrace) -> Self {
        Self {
            verdict: trace.verdict.as_str(),
            voices: trace.voices.into_iter().map(Into::into).collect(),
            satisfied_by: trace.satisfied_by,
            policy_version: trace.policy_version,
        }
    }
}

impl ActionDetail {
    fn new(caller: &Caller, detail: RequestDetail) -> Self {
        let request = &detail.view.request;
        Self {
            context_hash: request.context_hash.to_string(),
            executor: match request.executor {
                countersign_domain::ExecutorKind::Gate => "gate",
                countersign_domain::ExecutorKind::Caller => "caller",
            },
            payload: detail.payload.map(|payload| {
                let (body, body_base64) = text_or_base64(&payload.body);
                PayloadView {
                    input: payload.input,
                    body,
                    body_base64,
                    body_bytes: payload.body.len(),
                    body_sha256: Digest(payload.body_sha256).to_string(),
                }
            }),
            will_send: detail.preview.map(Into::into),
            is_current: detail.is_current,
            base_url: detail.base_url,
            connector: detail.connector,
            profile: detail.profile_name,
            requester: detail.asked_by.into(),
            is_self_asked: detail.is_self_asked,
            trace: detail.trace.map(Into::into),
            timeline: detail.steps.into_iter().map(Into::into).collect(),
            entries: detail
                .entries
                .iter()
                .map(|sealed| EntryView::named(caller, sealed))
                .collect(),
            judged: detail.judged,
            result: detail.result.as_ref().map(ResultView::of),
            findings: detail.findings.into_iter().map(Into::into).collect(),
            view: detail.view.into(),
        }
    }
}

/// How long to wait for a decision.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// Answer as soon as the request is no longer pending, or after this long as it stands: `30s`, `1m`; at most a minute.
    wait: Option<String>,
}

impl WaitQuery {
    fn limit(&self) -> Result<Duration> {
        let limit = duration::seconds(None, self.wait.as_deref())
            .map_err(|_| Problem::invalid("wait", "not a length of time: expected 30s or 1m"))?;
        Ok(Duration::from_secs(limit.unwrap_or(0)).min(WAIT_LIMIT))
    }
}

/// One request with all that is known of it; with `wait`, once it is decided.
#[utoipa::path(get, path = "/api/v1/actions/{id}", tag = "actions", params(WaitQuery), responses((status = 200, body = ActionDetail)))]
pub(crate) async fn get_action(
    caller: Caller,
    Path(id): Path<String>,
    Query(wait): Query<WaitQuery>,
) -> Result<Document<ActionDetail>> {
    let (id, limit) = (parse_id(&id)?, wait.limit()?);
    if !limit.is_zero() {
        caller.gate.wait_for(caller.cx(), id, limit).await?;
    }
    let detail = caller.gate.request(caller.cx(), id).await?;
    Ok(Document(ActionDetail::new(&caller, detail)))
}
