//! Requests in numbers.

use std::time::Duration;

use axum::Json as Document;
use countersign_domain::{RequestState, Timestamp, Verdict};
use countersign_gate::RequestCount;
use serde_json::{Value, json};

use super::{body::Params, ids, paging::iso, requests::word};
use crate::{caller::Caller, problem::Result};

/// The time that is counted where none is given: thirty days.
const WINDOW: Duration = Duration::from_hours(30 * 24);
const HOUR_MICROS: i64 = 3_600 * 1_000_000;

fn window(caller: &Caller, params: &Params, has_begin: bool) -> Result<(Timestamp, Timestamp)> {
    let now = caller.gate.now();
    let until = params.time("to", true)?;
    let until = until.unwrap_or_else(|| now.saturating_add(Duration::from_secs(1)));
    let begin = || {
        if has_begin {
            until.saturating_sub(WINDOW)
        } else {
            Timestamp::from_micros(0)
        }
    };
    Ok((params.time("from", false)?.unwrap_or_else(begin), until))
}

#[derive(Default)]
struct Sums {
    total: u64,
    approved: u64,
    denied: u64,
    expired: u64,
    pending: u64,
    automatic: u64,
    decided: u64,
    waited_micros: i64,
}

#[expect(clippy::cast_precision_loss, reason = "rates are for graphs")]
fn rate(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (part as f64 / whole as f64 * 1e4).round() / 1e4
}

impl Sums {
    fn of<'counts>(counts: impl Iterator<Item = &'counts RequestCount>) -> Self {
        let mut sums = Self::default();
        for one in counts {
            sums.total += one.count;
            match word(one.state) {
                "approved" => sums.approved += one.count,
                "denied" => sums.denied += one.count,
                "expired" => sums.expired += one.count,
                _ => sums.pending += one.count,
            }
            if one.verdict == Verdict::Allow {
                sums.automatic += one.count;
            }
            if matches!(one.state, RequestState::Approved | RequestState::Denied) {
                sums.decided += one.count;
                sums.waited_micros = sums.waited_micros.saturating_add(one.waited_micros);
            }
        }
        sums
    }

    fn average_millis(&self) -> i64 {
        let decided = i64::try_from(self.decided).unwrap_or(i64::MAX);
        self.waited_micros.checked_div(decided).unwrap_or(0) / 1_000
    }
}

/// Everything in a time.
#[utoipa::path(get, path = "/api/analytics/overview", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_overview(caller: Caller, params: Params) -> Result<Document<Value>> {
    let (since, until) = window(&caller, &params, false)?;
    let counts = caller
        .gate
        .request_counts(caller.cx(), since, until, 0)
        .await?;
    let sums = Sums::of(counts.iter());
    Ok(Document(json!({
        "totalRequests": sums.total,
        "approved": sums.approved,
        "denied": sums.denied,
        "expired": sums.expired,
        "pending": sums.pending,
        "approvalRate": rate(sums.approved, sums.approved + sums.denied),
        "avgDecisionTimeMs": sums.average_millis(),
        "autoApproveRate": rate(sums.automatic, sums.total),
    })))
}

/// By hours or days.
#[utoipa::path(get, path = "/api/analytics/trends", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_trends(caller: Caller, params: Params) -> Result<Document<Value>> {
    let (since, until) = window(&caller, &params, true)?;
    let is_hourly = params.text("bucket").as_deref() == Some("hour");
    let span = if is_hourly {
        HOUR_MICROS
    } else {
        24 * HOUR_MICROS
    };
    let counts = caller
        .gate
        .request_counts(caller.cx(), since, until, span)
        .await?;
    let mut buckets: Vec<i64> = counts.iter().map(|one| one.bucket).collect();
    buckets.dedup();
    let trends: Vec<Value> = buckets
        .into_iter()
        .map(|bucket| {
            let sums = Sums::of(counts.iter().filter(|one| one.bucket == bucket));
            let text = iso(Timestamp::from_micros(bucket));
            let length = if is_hourly { 13 } else { 10 };
            let name = text.get(..length).unwrap_or_default();
            let name = if is_hourly { format!("{name}:00:00Z") } else { name.to_owned() };
            json!({"bucket": name, "requests": sums.total, "approved": sums.approved, "denied": sums.denied,
                "expired": sums.expired, "avgDecisionTimeMs": sums.average_millis()})
        })
        .collect();
    Ok(Document(json!({"trends": trends})))
}

/// By policies: these clients have never had numbers here.
#[utoipa::path(get, path = "/api/analytics/policies", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_policy_analytics(caller: Caller) -> Result<Document<Value>> {
    let lists = caller.gate.policy_lists(caller.cx())?;
    let policies: Vec<Value> = lists
        .iter()
        .map(|list| {
            json!({"policyId": ids::short(list.id.uuid()), "policyName": list.name, "hitCount": 0, "autoApproveCount": 0,
                "autoDenyCount": 0, "routeToHumanCount": 0})
        })
        .collect();
    Ok(Document(json!({"policies": policies})))
}
