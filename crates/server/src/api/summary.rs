//! What needs an operator, and how things are: what the first page shows.

use axum::Json as Document;
use countersign_domain::{Kill, KillScope, Timestamp, Verdict};
use countersign_gate::{LastVerification, Summary};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::words;
use crate::{caller::Caller, problem::Result};

/// What needs an operator, and how things are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummaryView {
    /// When this was put together.
    at: String,
    /// Whether actions can be submitted.
    ready: bool,
    /// What is wrong.
    problems: Vec<SummaryProblem>,
    /// How many wait for a human.
    pending: u64,
    /// The same by urgency, the most urgent first, zeros included.
    pending_by_urgency: Vec<PendingView>,
    /// Executions that run now.
    running: usize,
    /// What is stopped, oldest first.
    kills: Vec<StoppedView>,
    /// Keys that were revoked in the last 24 hours, newest first; the first 20.
    revoked_keys: Vec<RevokedKeyView>,
    /// Targets whose executions failed in the last 24 hours, the worst first; the first 20.
    failures: Vec<FailuresView>,
    /// The ledger.
    ledger: LedgerView,
    /// Requests of the last 24 hours, by verdict.
    last_day: VerdictCounts,
    /// The same by hour, oldest first, hours without any left out. The first hour counts whole, and the last seconds may be missing.
    hours: Vec<HourView>,
    /// How many agents there are.
    agents: usize,
    /// How many targets there are.
    targets: usize,
}

/// Something that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummaryProblem {
    /// Stable, `snake_case`.
    code: &'static str,
    /// For operators.
    detail: String,
}

/// What waits for a human with one urgency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PendingView {
    #[schema(value_type = words::Urgency)]
    urgency: &'static str,
    count: u64,
    /// Since when the oldest waits.
    oldest_at: Option<String>,
}

/// Something that is stopped.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StoppedView {
    /// What kind of thing.
    #[schema(value_type = words::KillScope)]
    scope: &'static str,
    /// Which agent or target.
    id: Option<Uuid>,
    /// By name; `null` once it is removed.
    name: Option<String>,
    /// By whom.
    by: String,
    /// Why.
    reason: String,
    /// Since when.
    at: String,
}

/// A key that was revoked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevokedKeyView {
    id: Uuid,
    name: String,
    /// The first characters of the secret.
    prefix: String,
    revoked_at: Option<String>,
}

/// Executions on one target that did not end well.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailuresView {
    target_id: Uuid,
    /// By name; by id once it is removed.
    target: String,
    /// How many failed; counting stops at 5,000.
    failed: u64,
    /// How many have an unknown outcome: a human has to find out.
    unknown: u64,
    /// When the last of them ended.
    last_at: String,
}

/// How the ledger is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerView {
    /// Whether it fits its checkpoints, in words.
    state: String,
    /// Whether it takes entries.
    takes_entries: bool,
    /// How many entries there have been.
    entries: u64,
    /// The position of the first entry that was not pruned; that of the next where none is left.
    oldest_position: u64,
    /// The last verification since the gateway started; `null` where there was none.
    verification: Option<LastVerificationView>,
    /// When the last of them was written.
    last_entry_at: Option<String>,
    /// How many entries the last checkpoint covers.
    checkpoint_entries: Option<u64>,
    /// When it was made.
    checkpoint_at: Option<String>,
    /// How long the oldest entry has waited for its place.
    unsealed_millis: u64,
}

/// What the last verification found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LastVerificationView {
    /// When it ended.
    at: String,
    valid: bool,
    /// How many entries were checked.
    entries: u64,
    /// The position of the first bad entry.
    first_bad: Option<u64>,
    /// What is wrong with it.
    reason: Option<String>,
}

impl From<LastVerification> for LastVerificationView {
    fn from(LastVerification { at, found }: LastVerification) -> Self {
        Self {
            at: at.to_string(),
            valid: found.valid,
            entries: found.entries,
            first_bad: found.first_bad,
            reason: found.reason,
        }
    }
}

/// How many requests got each verdict.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct VerdictCounts {
    allow: u64,
    ask: u64,
    deny: u64,
}

impl VerdictCounts {
    const fn add(&mut self, verdict: Verdict, count: u64) {
        match verdict {
            Verdict::Allow => self.allow += count,
            Verdict::Ask => self.ask += count,
            Verdict::Deny => self.deny += count,
        }
    }
}

/// The requests of one hour.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HourView {
    /// When the hour began.
    begins_at: String,
    #[serde(flatten)]
    counts: VerdictCounts,
}

fn stopped((kill, name): (Kill, Option<String>)) -> StoppedView {
    let (scope, id) = match kill.scope {
        KillScope::All => ("all", None),
        KillScope::Agent(id) => ("agent", Some(id.uuid())),
        KillScope::Target(id) => ("target", Some(id.uuid())),
    };
    StoppedView {
        scope,
        id,
        name,
        by: kill.by.to_string(),
        reason: kill.reason,
        at: kill.at.to_string(),
    }
}

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

impl From<Summary> for SummaryView {
    fn from(summary: Summary) -> Self {
        let mut last_day = VerdictCounts::default();
        let mut hours: Vec<HourView> = Vec::new();
        for hour in &summary.hours {
            last_day.add(hour.verdict, hour.requests);
            let begins_at = hour.begins_at.to_string();
            if hours.last().is_none_or(|last| last.begins_at != begins_at) {
                hours.push(HourView {
                    begins_at,
                    counts: VerdictCounts::default(),
                });
            }
            if let Some(last) = hours.last_mut() {
                last.counts.add(hour.verdict, hour.requests);
            }
        }
        let ledger = summary.ledger;
        Self {
            at: summary.at.to_string(),
            ready: summary.problems.is_empty(),
            problems: summary
                .problems
                .into_iter()
                .map(|problem| SummaryProblem {
                    code: problem.code,
                    detail: problem.detail,
                })
                .collect(),
            pending: summary.pending.iter().map(|pending| pending.count).sum(),
            pending_by_urgency: summary
                .pending
                .into_iter()
                .map(|pending| PendingView {
                    urgency: pending.urgency.as_str(),
                    count: pending.count,
                    oldest_at: text(pending.oldest_at),
                })
                .collect(),
            running: summary.running,
            kills: summary.kills.into_iter().map(stopped).collect(),
            revoked_keys: summary
                .revoked_keys
                .iter()
                .map(|key| RevokedKeyView {
                    id: key.id.uuid(),
                    name: key.name.to_string(),
                    prefix: key.prefix.clone(),
                    revoked_at: text(key.revoked_at),
                })
                .collect(),
            failures: summary
                .failures
                .into_iter()
                .map(|failures| FailuresView {
                    target_id: failures.target.uuid(),
                    target: failures.target_name,
                    failed: failures.failed,
                    unknown: failures.unknown,
                    last_at: failures.last_at.to_string(),
                })
                .collect(),
            ledger: LedgerView {
                state: ledger.state,
                takes_entries: ledger.takes_entries,
                entries: ledger.entries,
                oldest_position: ledger.oldest_position,
                verification: ledger.verification.map(LastVerificationView::from),
                last_entry_at: text(ledger.last_entry_at),
                checkpoint_entries: ledger.checkpoint.map(|(size, _)| size),
                checkpoint_at: text(ledger.checkpoint.map(|(_, at)| at)),
                unsealed_millis: u64::try_from(ledger.unsealed_age.as_millis()).unwrap_or(u64::MAX),
            },
            last_day,
            hours,
            agents: summary.agents,
            targets: summary.targets,
        }
    }
}

/// What needs an operator, and how things are.
#[utoipa::path(get, path = "/api/v1/summary", tag = "operations", responses((status = 200, body = SummaryView)))]
pub(crate) async fn summary(caller: Caller) -> Result<Document<SummaryView>> {
    Ok(Document(caller.gate.summary(caller.cx()).await?.into()))
}
