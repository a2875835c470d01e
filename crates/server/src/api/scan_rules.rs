//! The operators' own secret rules.

use axum::Json as Document;
use countersign_gate::SecretRulesView;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{body::Json, caller::Caller, problem::Result};

/// The operators' own secret rules.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct ScanRulesView {
    /// The rule file as it was given; `null`: there are the built-in rules alone.
    #[schema(required)]
    file: Option<String>,
    /// SHA-256 of the file in hexadecimal, as the ledger has it.
    #[schema(required)]
    digest: Option<String>,
    /// The rules in it.
    rules: Vec<ScanRuleView>,
    /// When the file was set or removed last.
    #[schema(required)]
    changed_at: Option<String>,
    /// By whom: `operator:ID`.
    #[schema(required)]
    changed_by: Option<String>,
    /// Why the file's rules are not in force, such as a built-in rule of a newer version with the name of one of them.
    #[schema(required)]
    problem: Option<String>,
}

/// One rule of the operators' own.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the form of the gate's own, for the document")]
pub(crate) struct ScanRuleView {
    /// Its identifier: what stands in the mark `[secret:ID]`, and in the facts.
    id: String,
    /// What an operator reads.
    kind: String,
}

/// A rule file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScanRulesBody {
    /// The whole file, as `countersign scan text --rules` takes it: at most 256 KiB and 500 rules.
    file: String,
}

/// The operators' own secret rules.
#[utoipa::path(get, path = "/api/v1/scan/rules", tag = "scan", responses((status = 200, description = "The rules", body = ScanRulesView)))]
pub(crate) async fn scan_rules(caller: Caller) -> Result<Document<SecretRulesView>> {
    Ok(Document(caller.gate.secret_rules(caller.cx())?))
}

/// Puts a rule file in force, in place of the one before. A file with an error is refused whole, with its line in the problem's text.
#[utoipa::path(
    put, path = "/api/v1/scan/rules", tag = "scan", request_body = ScanRulesBody,
    responses((status = 200, description = "The rules as they are now", body = ScanRulesView)))]
pub(crate) async fn set_scan_rules(
    caller: Caller,
    Json(body): Json<ScanRulesBody>,
) -> Result<Document<SecretRulesView>> {
    Ok(Document(
        caller.gate.set_secret_rules(caller.cx(), body.file).await?,
    ))
}

/// Goes back to the built-in rules alone.
#[utoipa::path(delete, path = "/api/v1/scan/rules", tag = "scan", responses((status = 204), (status = 404, description = "There is no file")))]
pub(crate) async fn remove_scan_rules(caller: Caller) -> Result<StatusCode> {
    caller.gate.remove_secret_rules(caller.cx()).await?;
    Ok(StatusCode::NO_CONTENT)
}
