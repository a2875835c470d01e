//! What scans found, and what operators say of it.

use axum::{
    body::Body,
    extract::Path,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use countersign_domain::Finding;
use countersign_gate::CASE_PAGE_LIMIT;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::actions::parse_id;
use crate::{caller::Caller, problem::Result};

/// The kinds of some findings as a header's value.
pub(crate) fn finding_header(findings: &[Finding]) -> Option<HeaderValue> {
    if findings.is_empty() {
        return None;
    }
    let kinds: Vec<&str> = findings
        .iter()
        .map(|finding| finding.category.as_str())
        .collect();
    HeaderValue::from_str(&kinds.join(", ")).ok()
}

/// Something that was found in what a target answered, as who asked is told: what kind and how sure, so that it is taken as data.
/// Neither words of the answer nor the reasons: those are for operators.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct ReplyFinding {
    /// Its kind, as in the action's detail.
    category: String,
    /// Where it stands: `reply`.
    place: String,
    /// The score, 0 to 1 in hundredths; `null` where there is none, as of `unscanned`.
    score: Option<f64>,
}

impl From<&Finding> for ReplyFinding {
    fn from(finding: &Finding) -> Self {
        Self {
            category: finding.category.clone(),
            place: finding.place.clone(),
            score: score_of(finding),
        }
    }
}

/// The score of a finding, in hundredths. The record has it in the words of its reason: `prompt injection (97 %) in body`.
pub(crate) fn score_of(finding: &Finding) -> Option<f64> {
    let (_, behind) = finding.reason.split_once(" (")?;
    // What follows may hold names that the agent chose.
    let (percent, _) = behind.split_once(" %) in ")?;
    let percent: u8 = percent.parse().ok()?;
    (percent <= 100).then(|| f64::from(percent) / 100.0)
}

/// Calls a finding wrong: its text is kept, sealed, as a case for later training. It changes no decision.
#[utoipa::path(
    post, path = "/api/v1/actions/{id}/findings/{index}/wrong", tag = "scan",
    params(("index" = u32, Path, description = "The finding's `index` in the action's detail")),
    responses((status = 204, description = "Kept; also if it was before")))]
pub(crate) async fn mark_wrong(
    caller: Caller,
    Path((id, index)): Path<(String, String)>,
) -> Result<StatusCode> {
    let id = parse_id(&id)?;
    let index = index
        .parse()
        .map_err(|_| countersign_gate::Error::not_found("finding"))?;
    caller
        .gate
        .mark_finding_wrong(caller.cx(), id, index)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every finding that was called wrong, as JSON Lines that `scan eval` and the training read.
#[utoipa::path(
    get, path = "/api/v1/scan/cases", tag = "scan",
    responses((status = 200, description = "JSON Lines", body = String, content_type = "application/jsonl")))]
pub(crate) async fn cases(caller: Caller) -> Result<Response> {
    // The first page before the head: what fails there is a problem, not a connection that breaks off.
    let first = caller
        .gate
        .scan_cases(caller.cx(), None, CASE_PAGE_LIMIT)
        .await?;
    let pages = futures::stream::try_unfold((caller, Some(first)), |(caller, page)| async move {
        let Some(page) = page.filter(|page| !page.is_empty()) else {
            return Ok(None);
        };
        let mut lines = Vec::new();
        for case in &page {
            serde_json::to_writer(&mut lines, case).map_err(countersign_gate::Error::internal)?;
            lines.push(b'\n');
        }
        let last = page.last().map(|case| (case.request, case.index));
        let next = caller
            .gate
            .scan_cases(caller.cx(), last, CASE_PAGE_LIMIT)
            .await?;
        Ok::<_, countersign_gate::Error>(Some((Bytes::from(lines), (caller, Some(next)))))
    });
    let mut response = Body::from_stream(pages).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/jsonl"),
    );
    Ok(response)
}

#[cfg(test)]
mod tests;
