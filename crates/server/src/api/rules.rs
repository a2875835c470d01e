//! Rules: what operators say about actions, beyond grants.

use axum::{Json as Document, extract::Path};
use countersign_domain::{AskTerms, Labels, Name, Rule, RuleKind, RuleMatch, RuleMode, Verdict};
use countersign_gate::{RuleChange, RuleDraft};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    page::{List, Paging},
    policy::{self, RuleWarning},
};
use crate::{
    body::{Json, Query},
    caller::Caller,
    problem::Result,
};

/// A rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleView {
    id: Uuid,
    name: String,
    /// `guard` or `rule`.
    kind: &'static str,
    /// Lower speaks first; guards ignore it.
    priority: i64,
    /// What it is about.
    #[serde(rename = "match")]
    #[schema(value_type = Object)]
    matcher: RuleMatch,
    /// `allow`, `ask` or `deny`.
    verdict: &'static str,
    /// What an `ask` asks for; what is left out is as the settings say.
    #[schema(value_type = Object)]
    ask: AskTerms,
    /// `enforce` or `shadow`: a rule in shadow mode is recorded and changes nothing.
    mode: &'static str,
    /// Why.
    reason: String,
    labels: Labels,
    created_at: String,
    /// What is odd about the rule, where it was just written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<RuleWarning>,
}

impl RuleView {
    /// A rule that was just written.
    async fn written(caller: &Caller, rule: &Rule) -> Result<Self> {
        Ok(Self {
            warnings: policy::warnings_of(caller, rule).await?,
            ..Self::from(rule)
        })
    }
}

impl From<&Rule> for RuleView {
    fn from(rule: &Rule) -> Self {
        Self {
            id: rule.id.uuid(),
            name: rule.name.to_string(),
            kind: rule.kind.as_str(),
            priority: rule.priority,
            matcher: rule.matcher.clone(),
            verdict: rule.verdict.as_str(),
            ask: rule.ask.clone(),
            mode: rule.mode.as_str(),
            reason: rule.reason.clone(),
            labels: rule.labels.clone(),
            created_at: rule.created_at.to_string(),
            warnings: Vec::new(),
        }
    }
}

const fn default_kind() -> RuleKind {
    RuleKind::Rule
}

const fn default_priority() -> i64 {
    100
}

/// A rule to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleBody {
    #[schema(value_type = String)]
    name: Name,
    /// `guard` (all that match speak) or `rule` (the first that matches speaks).
    #[serde(default = "default_kind")]
    #[schema(value_type = Option<String>)]
    kind: RuleKind,
    /// Lower speaks first; 100 where it is left out.
    #[serde(default = "default_priority")]
    priority: i64,
    /// `agent`, `target`, `action`, `effect`, `urgency` (lists), `action_name`, `risk` (conditions), `tainted`, `time` (days, from, until,
    /// zone), `input` and `context` (dotted paths with conditions). Everything that is given must match.
    #[serde(rename = "match", default)]
    #[schema(value_type = Object)]
    matcher: RuleMatch,
    /// `allow`, `ask` or `deny`.
    #[schema(value_type = String)]
    verdict: Verdict,
    /// Where the verdict is `ask`: `approvers`, `quorum`, `deadline_seconds`, `channels`, `reason_required`, `escalation`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    ask: AskTerms,
    /// `enforce` (the default) or `shadow`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    mode: RuleMode,
    /// Why, for whoever reads a decision.
    #[serde(default)]
    reason: String,
    #[serde(default)]
    labels: Labels,
}

impl From<RuleBody> for RuleDraft {
    fn from(body: RuleBody) -> Self {
        let RuleBody {
            name,
            kind,
            priority,
            matcher,
            verdict,
            ask,
            mode,
            reason,
            labels,
        } = body;
        Self {
            name,
            kind,
            priority,
            matcher,
            verdict,
            ask,
            mode,
            reason,
            labels,
        }
    }
}

/// What changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleChangeBody {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    kind: Option<RuleKind>,
    #[serde(default)]
    priority: Option<i64>,
    #[serde(rename = "match", default)]
    #[schema(value_type = Option<Object>)]
    matcher: Option<RuleMatch>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    verdict: Option<Verdict>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    ask: Option<AskTerms>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    mode: Option<RuleMode>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    labels: Option<Labels>,
}

/// Every rule.
#[utoipa::path(get, path = "/api/v1/rules", tag = "rules", params(Paging), responses((status = 200, body = List<RuleView>)))]
pub(crate) async fn list_rules(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Document<List<RuleView>>> {
    let rules = caller.gate.rules(caller.cx())?;
    paging
        .cut(rules, |rule| rule.id.uuid(), |rule| RuleView::from(&*rule))
        .map(Document)
}

/// Adds a rule.
#[utoipa::path(post, path = "/api/v1/rules", tag = "rules", request_body = RuleBody, responses((status = 201, body = RuleView)))]
pub(crate) async fn add_rule(
    caller: Caller,
    Json(body): Json<RuleBody>,
) -> Result<(StatusCode, Document<RuleView>)> {
    let rule = caller
        .gate
        .add_rule(caller.cx(), RuleDraft::from(body))
        .await?;
    let view = RuleView::written(&caller, &rule).await?;
    Ok((StatusCode::CREATED, Document(view)))
}

/// One rule, by id or name.
#[utoipa::path(get, path = "/api/v1/rules/{id}", tag = "rules", responses((status = 200, body = RuleView)))]
pub(crate) async fn get_rule(caller: Caller, Path(id): Path<String>) -> Result<Document<RuleView>> {
    Ok(Document(RuleView::from(
        &*caller.gate.rule(caller.cx(), &id)?,
    )))
}

/// Changes a rule.
#[utoipa::path(patch, path = "/api/v1/rules/{id}", tag = "rules", request_body = RuleChangeBody, responses((status = 200, body = RuleView)))]
pub(crate) async fn update_rule(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<RuleChangeBody>,
) -> Result<Document<RuleView>> {
    let RuleChangeBody {
        kind,
        priority,
        matcher,
        verdict,
        ask,
        mode,
        reason,
        labels,
    } = body;
    let change = RuleChange {
        kind,
        priority,
        matcher,
        verdict,
        ask,
        mode,
        reason,
        labels,
    };
    let rule = caller.gate.update_rule(caller.cx(), &id, change).await?;
    Ok(Document(RuleView::written(&caller, &rule).await?))
}

/// Removes a rule.
#[utoipa::path(delete, path = "/api/v1/rules/{id}", tag = "rules", responses((status = 204)))]
pub(crate) async fn remove_rule(caller: Caller, Path(id): Path<String>) -> Result<StatusCode> {
    caller.gate.remove_rule(caller.cx(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
