//! Numbers: how much is asked, how it is decided, by whom and how fast, and what that says.

use std::time::Duration;

use axum::Json as Document;
use countersign_domain::Timestamp;
use countersign_gate::{AnalyticsSpan, Volume};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    body::Query,
    caller::Caller,
    problem::{Problem, Result},
};

/// A span of time.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpanQuery {
    /// Not before, RFC 3339; 30 days ago where it is left out. A span is at most a year.
    since: Option<String>,
    /// Before, RFC 3339; now where it is left out.
    until: Option<String>,
}

/// A span of time in pieces.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrendQuery {
    /// Not before, RFC 3339; 30 days ago where it is left out. A span is at most a year.
    since: Option<String>,
    /// Before, RFC 3339; now where it is left out.
    until: Option<String>,
    /// `hour` or `day`, the default.
    by: Option<String>,
}

fn time(field: &'static str, text: Option<&str>) -> Result<Option<Timestamp>> {
    let not_a_time = |_| Problem::invalid(field, "not a time: write it as 2026-11-20T09:30:00Z");
    text.map(|text| text.parse::<Timestamp>().map_err(not_a_time))
        .transpose()
}

fn span(since: Option<&str>, until: Option<&str>) -> Result<AnalyticsSpan> {
    Ok(AnalyticsSpan {
        since: time("since", since)?,
        until: time("until", until)?,
    })
}

/// How much was asked, and how it was decided.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VolumeView {
    requests: u64,
    /// Allowed at once.
    allowed: u64,
    /// A human was asked.
    asked: u64,
    /// Denied at once.
    denied: u64,
    /// Of those asked about, what humans approved.
    approved: u64,
    /// Of those asked about, what humans refused.
    refused: u64,
    /// 0 to 1, of what humans decided; `null` where they decided nothing.
    approval_rate: Option<f64>,
    /// How long humans took for one, on average.
    mean_decision_seconds: Option<f64>,
}

impl From<&Volume> for VolumeView {
    fn from(volume: &Volume) -> Self {
        Self {
            requests: volume.requests,
            allowed: volume.allowed,
            asked: volume.asked,
            denied: volume.denied,
            approved: volume.approved,
            refused: volume.refused,
            approval_rate: volume.approval_rate(),
            mean_decision_seconds: volume.mean_decision.map(|mean| mean.as_secs_f64()),
        }
    }
}

/// Numbers of a span.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverviewView {
    since: String,
    until: String,
    #[serde(flatten)]
    volume: VolumeView,
    /// Half of what humans decided took at most so long.
    median_decision_seconds: Option<f64>,
    /// There were more than 100,000 requests: the newest are counted.
    is_cut: bool,
}

/// How much was asked, and how it was decided.
#[utoipa::path(get, path = "/api/v1/analytics/overview", tag = "analytics", params(SpanQuery), responses((status = 200, body = OverviewView)))]
pub(crate) async fn overview(
    caller: Caller,
    Query(query): Query<SpanQuery>,
) -> Result<Document<OverviewView>> {
    let span = span(query.since.as_deref(), query.until.as_deref())?;
    let overview = caller.gate.overview(caller.cx(), span).await?;
    Ok(Document(OverviewView {
        since: overview.since.to_string(),
        until: overview.until.to_string(),
        volume: VolumeView::from(&overview.volume),
        median_decision_seconds: overview.median_decision.map(|median| median.as_secs_f64()),
        is_cut: overview.is_cut,
    }))
}

/// A piece of a span.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrendView {
    /// Its beginning, in UTC.
    at: String,
    #[serde(flatten)]
    volume: VolumeView,
}

/// The items of one answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Items<T> {
    items: Vec<T>,
}

/// The same by hours or days, oldest first; those in which nothing came are left out.
#[utoipa::path(get, path = "/api/v1/analytics/trends", tag = "analytics", params(TrendQuery), responses((status = 200, body = Items<TrendView>)))]
pub(crate) async fn trends(
    caller: Caller,
    Query(query): Query<TrendQuery>,
) -> Result<Document<Items<TrendView>>> {
    let span = span(query.since.as_deref(), query.until.as_deref())?;
    let bucket = match query.by.as_deref() {
        None | Some("day") => Duration::from_hours(24),
        Some("hour") => Duration::from_hours(1),
        Some(_) => return Err(Problem::invalid("by", "must be hour or day")),
    };
    let points = caller.gate.trends(caller.cx(), span, bucket).await?;
    let items = points.iter().map(|(at, volume)| TrendView {
        at: at.to_string(),
        volume: VolumeView::from(volume),
    });
    Ok(Document(Items {
        items: items.collect(),
    }))
}

/// One operator's decisions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApproverView {
    operator: Uuid,
    name: String,
    approvals: u64,
    denials: u64,
    /// Half of the requests had waited at most so long.
    median_decision_seconds: f64,
    last_at: String,
}

/// What each operator decided, the busiest first.
#[utoipa::path(get, path = "/api/v1/analytics/approvers", tag = "analytics", params(SpanQuery), responses((status = 200, body = Items<ApproverView>)))]
pub(crate) async fn approvers(
    caller: Caller,
    Query(query): Query<SpanQuery>,
) -> Result<Document<Items<ApproverView>>> {
    let span = span(query.since.as_deref(), query.until.as_deref())?;
    let list = caller.gate.approvers(caller.cx(), span).await?;
    let items = list.into_iter().map(|one| ApproverView {
        operator: one.operator.uuid(),
        name: one.name,
        approvals: one.approvals,
        denials: one.denials,
        median_decision_seconds: one.median_decision.as_secs_f64(),
        last_at: one.last_at.to_string(),
    });
    Ok(Document(Items {
        items: items.collect(),
    }))
}

/// What one rule, grant or threshold decided.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleNumbersView {
    /// `rule:<id>`, `grant:<id>`, `default` ...
    label: String,
    /// A rule's name, while it is there.
    name: Option<String>,
    #[serde(flatten)]
    volume: VolumeView,
}

/// What each rule, grant and threshold decided, the busiest first.
#[utoipa::path(get, path = "/api/v1/analytics/rules", tag = "analytics", params(SpanQuery), responses((status = 200, body = Items<RuleNumbersView>)))]
pub(crate) async fn rules(
    caller: Caller,
    Query(query): Query<SpanQuery>,
) -> Result<Document<Items<RuleNumbersView>>> {
    let span = span(query.since.as_deref(), query.until.as_deref())?;
    let list = caller.gate.rule_numbers(caller.cx(), span).await?;
    let items = list.into_iter().map(|one| RuleNumbersView {
        volume: VolumeView::from(&one.volume),
        label: one.label,
        name: one.name,
    });
    Ok(Document(Items {
        items: items.collect(),
    }))
}

/// What could be allowed without asking.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestionView {
    agent: String,
    target: String,
    action: String,
    /// How often it was approved in the last 30 days; it was never refused.
    approvals: u64,
    last_at: String,
    /// What wanted it asked about: `rule:<id>`, `grant:<id>`, `default` ...
    asked_by: String,
}

/// What humans approved five times and more in the last 30 days and never refused.
#[utoipa::path(get, path = "/api/v1/analytics/suggestions", tag = "analytics", responses((status = 200, body = Items<SuggestionView>)))]
pub(crate) async fn suggestions(caller: Caller) -> Result<Document<Items<SuggestionView>>> {
    let list = caller.gate.suggestions(caller.cx()).await?;
    let items = list.into_iter().map(|one| SuggestionView {
        agent: one.agent,
        target: one.target,
        action: one.action,
        approvals: one.approvals,
        last_at: one.last_at.to_string(),
        asked_by: one.asked_by,
    });
    Ok(Document(Items {
        items: items.collect(),
    }))
}

/// Somebody approves faster than anybody can read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlarmView {
    operator: Uuid,
    name: String,
    from: String,
    until: String,
    approvals: usize,
    /// Half of them can have been looked at for at most so long.
    median_look_seconds: f64,
}

/// Who approved 20 times within ten minutes without a refusal, half of it in under two seconds each.
#[utoipa::path(get, path = "/api/v1/analytics/alarms", tag = "analytics", params(SpanQuery), responses((status = 200, body = Items<AlarmView>)))]
pub(crate) async fn alarms(
    caller: Caller,
    Query(query): Query<SpanQuery>,
) -> Result<Document<Items<AlarmView>>> {
    let span = span(query.since.as_deref(), query.until.as_deref())?;
    let list = caller.gate.alarms(caller.cx(), span).await?;
    let items = list.into_iter().map(|one| AlarmView {
        operator: one.operator.uuid(),
        name: one.name,
        from: one.from.to_string(),
        until: one.until.to_string(),
        approvals: one.approvals,
        median_look_seconds: one.median_look.as_secs_f64(),
    });
    Ok(Document(Items {
        items: items.collect(),
    }))
}
