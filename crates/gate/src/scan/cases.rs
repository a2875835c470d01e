//! What scans found in a request, and what operators said of it: a finding that is called wrong becomes a labelled case.

use std::sync::Arc;

use countersign_domain::{Actor, Finding, Permission, RequestId, SealedEntry, Timestamp, Verdict};
use countersign_scan::threat::{Channel, ThreatCategory};
use countersign_store::{evidence, requests::RequestRow, scan_cases};
use countersign_vault::{Place, Vault};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    excerpt::ExcerptPiece,
    texts::{self, Part},
};
use crate::{
    context::{OpCx, Principal},
    error::{Error, Result},
    evidence::Evidence,
    gate::Gate,
    request_detail::ActorName,
};

/// The most cases on one page.
pub const CASE_PAGE_LIMIT: u32 = 200;
/// The longest text of a case in bytes.
const CASE_BYTES: usize = 64 << 10;

/// One finding, as it is shown.
#[derive(Debug, Clone)]
pub struct FindingView {
    /// Its number among the request's findings.
    pub index: u32,
    /// Where the text came from: `input` from the agent, `tool_output` from the target.
    pub channel: &'static str,
    /// What was found.
    pub finding: Finding,
    /// The text that it is about, and what stands around it, with marks in place of secrets; empty where it is not known, and for
    /// secrets.
    pub excerpt: Vec<ExcerptPiece>,
    /// Who called it wrong, and when.
    pub marked_wrong: Option<(ActorName, Timestamp)>,
}

/// A finding that was called wrong, with the text that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScanCase {
    /// `REQUEST-INDEX`.
    pub id: String,
    /// The text; what looks like a secret in it is marked, unless that was the finding.
    pub text: String,
    /// Always `benign`.
    pub label: &'static str,
    /// What it was taken for.
    pub category: String,
    /// `user` or `tool_output`, as corpora say it.
    pub channel: String,
    /// Where it stood.
    pub place: String,
    /// Why it was found.
    pub reason: String,
    /// Who called it wrong: `operator:ID`.
    pub marked_by: String,
    /// When.
    pub marked_at: String,
    /// The request.
    #[serde(skip)]
    pub request: RequestId,
    /// The finding's number.
    #[serde(skip)]
    pub index: u32,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    text: String,
    channel: String,
    place: String,
    reason: String,
}

fn row_key(request: RequestId, index: u32) -> Vec<u8> {
    let mut key = request.as_bytes().to_vec();
    key.extend_from_slice(&index.to_be_bytes());
    key
}

const fn place_of(row: &[u8]) -> Place<'_> {
    Place {
        table: "scan_case",
        column: "sealed",
        row,
        version: 1,
    }
}

fn seal(vault: &Vault, request: RequestId, index: u32, sealed: &Sealed) -> Result<Vec<u8>> {
    let plain = serde_json::to_vec(sealed).map_err(Error::internal)?;
    Ok(vault.seal(&place_of(&row_key(request, index)), &plain))
}

/// The findings with their channel and what stands around them, in the order of their numbers: the agent's first.
type Numbered = Vec<(&'static str, Finding, Vec<ExcerptPiece>)>;

fn findings_in(value: Option<&Value>) -> Vec<Finding> {
    value
        .and_then(|list| serde_json::from_value(list.clone()).ok())
        .unwrap_or_default()
}

impl Gate {
    /// The evidence of what was answered.
    async fn output_evidence(
        &self,
        row: &RequestRow,
        opening: &Evidence,
        entries: &[SealedEntry],
    ) -> Result<Option<Evidence>> {
        if opening.output_head.is_some() {
            return Ok(Some(opening.clone()));
        }
        let Some(outcome) = entries
            .iter()
            .rev()
            .find(|entry| entry.entry.kind == "action.outcome")
        else {
            return Ok(None);
        };
        let id = outcome.entry.id;
        if id == row.evidence_entry {
            return Ok(None);
        }
        let sealed = self
            .inner
            .workspace
            .store
            .read(move |tx| evidence::get(tx, id).map_err(Error::from))
            .await?;
        sealed
            .map(|sealed| Evidence::open(&self.inner.workspace.vault, id, &sealed))
            .transpose()
    }

    async fn numbered(&self, opening: &Evidence, output: Option<&Evidence>) -> Result<Numbered> {
        let asked = opening
            .facts
            .as_ref()
            .and_then(|judged| judged.pointer("/facts/findings"));
        let asked = findings_in(asked);
        let excerpts = self.input_excerpts(opening, &asked).await?;
        let mut numbered: Numbered = asked
            .into_iter()
            .zip(excerpts)
            .map(|(finding, excerpt)| ("input", finding, excerpt))
            .collect();
        if let Some(head) = output.and_then(|output| output.output_head.as_ref()) {
            let mut excerpts = head
                .get("excerpts")
                .and_then(|list| Vec::deserialize(list).ok())
                .unwrap_or_default()
                .into_iter();
            let answered = findings_in(head.get("findings"));
            numbered.extend(answered.into_iter().map(|finding| {
                let excerpt = excerpts.next().unwrap_or_default();
                ("tool_output", finding, excerpt)
            }));
        }
        Ok(numbered)
    }

    /// What stands around the threats that were found in what was asked: read again where they were found.
    async fn input_excerpts(
        &self,
        opening: &Evidence,
        findings: &[Finding],
    ) -> Result<Vec<Vec<ExcerptPiece>>> {
        let looked_at: Vec<_> = findings
            .iter()
            .map(|finding| {
                let (part, _) = input_part(opening, finding)?;
                // Secrets have no excerpt: what would be shown is the secret.
                let mut threats = ThreatCategory::ALL.iter();
                threats.find(|category| category.as_str() == finding.category)?;
                Some((part, finding.category.clone()))
            })
            .collect();
        if looked_at.iter().all(Option::is_none) {
            return Ok(vec![Vec::new(); findings.len()]);
        }
        let scanner = Arc::clone(&self.inner.scanner);
        tokio::task::spawn_blocking(move || {
            looked_at
                .into_iter()
                .map(|it| {
                    it.map(|(part, category)| scanner.excerpt_of(&part, Channel::User, &category))
                        .unwrap_or_default()
                })
                .collect()
        })
        .await
        .map_err(Error::internal)
    }

    /// What was found in a request, for operators.
    pub(crate) async fn findings(
        &self,
        cx: &OpCx,
        row: &RequestRow,
        opening: &Evidence,
        entries: &[SealedEntry],
    ) -> Result<Vec<FindingView>> {
        // An agent is not told what gave it away.
        if matches!(cx.principal, Principal::Agent { .. }) {
            return Ok(Vec::new());
        }
        let output = self.output_evidence(row, opening, entries).await?;
        let numbered = self.numbered(opening, output.as_ref()).await?;
        if numbered.is_empty() {
            return Ok(Vec::new());
        }
        let id = row.request.id;
        let cases = self
            .inner
            .workspace
            .store
            .read(move |tx| scan_cases::of_request(tx, id).map_err(Error::from))
            .await?;
        let snapshot = self.snapshot();
        Ok(numbered
            .into_iter()
            .zip(0_u32..)
            .map(|((channel, finding, excerpt), index)| FindingView {
                index,
                channel,
                finding,
                excerpt,
                marked_wrong: cases.iter().find(|case| case.finding == index).map(|case| {
                    let name = snapshot
                        .operators
                        .get(case.operator)
                        .map(|operator| operator.name.to_string());
                    let actor = Actor::Operator(case.operator);
                    (ActorName { actor, name }, case.at)
                }),
            })
            .collect())
    }

    /// Calls a finding wrong: the text that was looked at is kept as a case for later training. Doing it again changes nothing. It
    /// changes no decision.
    ///
    /// # Errors
    /// `forbidden`, `not_found` where there is no such request or finding, `evidence_gone` where its text was deleted.
    pub async fn mark_finding_wrong(&self, cx: &OpCx, id: RequestId, index: u32) -> Result<()> {
        cx.require(Permission::RequestDecide)?;
        crate::sessions::require_fresh_proof(cx)?;
        let Principal::Operator { operator, .. } = &cx.principal else {
            return Err(Error::forbidden("only an operator calls a finding wrong"));
        };
        let operator = operator.id;
        let detail = self.request(cx, id).await?;
        let found = usize::try_from(index)
            .ok()
            .and_then(|index| detail.findings.get(index))
            .ok_or_else(|| Error::not_found("finding"))?;
        if found.marked_wrong.is_some() {
            return Ok(());
        }
        let (channel, finding) = (found.channel, found.finding.clone());
        let around: String = found.excerpt.iter().map(|it| it.text.as_str()).collect();
        let (row, _) = self.load(cx, id).await?;
        let sealed = self.sealed_evidence(&row).await?;
        let opening = self.open_evidence(&row, sealed)?.unwrap_or_default();
        let most = self.snapshot().settings.evidence_body_bytes;
        let (part, input) = if channel == "input" {
            input_part(&opening, &finding)
        } else {
            self.output_evidence(&row, &opening, &detail.entries)
                .await?
                .and_then(|evidence| {
                    let kept = evidence.output?;
                    // Of a long answer the evidence is the beginning; what was found may stand behind it.
                    let total = evidence.output_head.as_ref()?.get("body_bytes")?.as_u64()?;
                    let is_all = total <= most || around.is_empty();
                    Some(if is_all {
                        kept.to_vec()
                    } else {
                        around.into_bytes()
                    })
                })
                .map(|output| (Part::whole("reply", output), Value::Null))
        }
        .ok_or_else(|| {
            let text =
                "the text that was looked at was deleted: there is nothing to keep as a case";
            Error::new(crate::error::ErrorKind::Gone, "evidence_gone", text)
        })?;
        // Marked as a whole, then cut: half a secret looks like none. Beside a secret that was called wrong may stand real ones.
        let mut text = if finding.category == "secret" {
            self.inner.scanner.redact_around(&part, &input, &finding)
        } else {
            self.redacted(String::from_utf8_lossy(&part.text).into_owned())
        };
        if finding.category == "secret" {
            text.truncate(text.floor_char_boundary(CASE_BYTES));
        } else {
            let scanner = Arc::clone(&self.inner.scanner);
            let kind = if channel == "input" {
                Channel::User
            } else {
                Channel::ToolOutput
            };
            text = tokio::task::spawn_blocking(move || scanner.case_text(text, kind, CASE_BYTES))
                .await
                .map_err(Error::internal)?;
        }
        let at = self.now();
        let kept = Sealed {
            text,
            channel: if channel == "input" { "user" } else { channel }.to_owned(),
            place: finding.place.clone(),
            reason: finding.reason.clone(),
        };
        let case = scan_cases::ScanCaseRow {
            request: id,
            finding: index,
            category: finding.category.clone(),
            operator,
            at,
            sealed: seal(&self.inner.workspace.vault, id, index, &kept)?,
        };
        let mut entry =
            self.entry_about(&row.request, cx.principal.actor(), "scan.marked_wrong", at);
        entry.verdict = None::<Verdict>;
        entry.rule = Some("threat".to_owned());
        entry.outcome = Some(format!(
            "finding {index}: {} in {}",
            finding.category, finding.place
        ));
        let entry = entry.bounded();
        self.inner
            .workspace
            .store
            .write(move |tx| -> Result<()> {
                if scan_cases::insert(tx, &case)? {
                    tx.append_entry(entry.clone())?;
                }
                Ok(())
            })
            .await
    }

    /// Findings that were called wrong, behind one of them, in the order of their requests.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn scan_cases(
        &self,
        cx: &OpCx,
        after: Option<(RequestId, u32)>,
        limit: u32,
    ) -> Result<Vec<ScanCase>> {
        cx.require(Permission::ConfigRead)?;
        let limit = limit.clamp(1, CASE_PAGE_LIMIT);
        let rows = self
            .inner
            .workspace
            .store
            .read(move |tx| scan_cases::page(tx, after, limit).map_err(Error::from))
            .await?;
        let vault = &self.inner.workspace.vault;
        rows.into_iter()
            .map(|row| {
                let key = row_key(row.request, row.finding);
                let plain = vault
                    .open(&place_of(&key), &row.sealed)
                    .map_err(Error::internal)?;
                let kept: Sealed =
                    serde_json::from_slice(plain.expose()).map_err(Error::internal)?;
                Ok(ScanCase {
                    id: format!("{}-{}", row.request, row.finding),
                    text: kept.text,
                    label: "benign",
                    category: row.category,
                    channel: kept.channel,
                    place: kept.place,
                    reason: kept.reason,
                    marked_by: Actor::Operator(row.operator).to_string(),
                    marked_at: row.at.to_string(),
                    request: row.request,
                    index: row.finding,
                })
            })
            .collect()
    }
}

/// The part of the request that a finding stands in, and the request's input.
fn input_part(opening: &Evidence, finding: &Finding) -> Option<(Part, Value)> {
    let input = opening.facts.as_ref()?.pointer("/facts/input")?;
    let body = opening.payload.as_ref().map(|payload| &payload.body)?;
    let name = match finding.place.split('.').next()? {
        "intent" => "intent",
        "body" => "body",
        _ => "input",
    };
    let part = texts::parts(&opening.intent, input, body)
        .into_iter()
        .find(|part| part.name == name)?;
    Some((part, input.clone()))
}
