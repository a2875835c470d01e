//! What another set of rules would have decided on what was asked for.
//!
//! It reads the recorded facts page by page, newest first, and decides on them again; it changes and records nothing. A request whose
//! evidence was deleted can't be decided on again: it is counted, never guessed.

use std::{collections::BTreeMap, sync::Arc};

use countersign_domain::{
    EntryId, Permission, PolicySet, Replayed, RequestId, Timestamp, Verdict, Warning, lint, replay,
};
use countersign_store::{
    evidence,
    requests::{self, RequestQuery, RequestRow},
};

use crate::{
    context::OpCx,
    error::{Error, Result},
    evidence::Evidence,
    gate::Gate,
    policy_lists::judged_facts,
    request_list::COUNT_LIMIT,
    rule_set::RuleSet,
};

/// The most requests that one page replays.
pub const SIMULATION_PAGE_LIMIT: u32 = 500;

/// So much evidence is read at once: each can be as long as a body.
const BATCH: usize = 16;

/// What to replay.
#[derive(Debug, Clone)]
pub struct SimulationDraft {
    /// The rules in the place of those in force.
    pub set: RuleSet,
    /// Requests that came not before.
    pub since: Option<Timestamp>,
    /// Requests that came before.
    pub until: Option<Timestamp>,
    /// Requests older than this one: where the page before ended.
    pub after: Option<RequestId>,
    /// At most so many; 0 is as many as one page has.
    pub limit: u32,
}

/// A request that would come out otherwise.
#[derive(Debug, Clone)]
pub struct ChangedRequest {
    /// Which.
    pub id: RequestId,
    /// When it came.
    pub at: Timestamp,
    /// Who asked; by id once the agent is removed.
    pub agent: String,
    /// On what; by id once the target is removed.
    pub target: String,
    /// For what.
    pub action: String,
    /// What was decided then, before a standing approval answered.
    pub then: Verdict,
    /// What the rules in force say today.
    pub now: Verdict,
    /// What the proposed rules say.
    pub proposed: Verdict,
    /// Who makes that: a proposed rule's name, or a label such as `grant:<id>`.
    pub made_by: String,
    /// Why.
    pub reason: String,
}

/// One page of a replay, newest first.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// How many were decided on again.
    pub replayed: u64,
    /// How many could not be: their evidence was deleted.
    pub not_replayable: u64,
    /// How many came out how: then, proposed.
    pub counts: BTreeMap<(Verdict, Verdict), u64>,
    /// Those that would come out otherwise.
    pub changed: Vec<ChangedRequest>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<RequestId>,
    /// How many there are in all; only on the first page, counted to 10,000.
    pub total: Option<u64>,
    /// What is odd about the set; only on the first page.
    pub warnings: Vec<Warning>,
}

/// Decides again on each, by the policy in force and the proposed one; `None` for what can't be decided on again.
fn replay_all(
    (now, proposed): &(PolicySet, PolicySet),
    evidence: &[Option<serde_json::Value>],
) -> Vec<Option<Replayed>> {
    let replayed = |evidence: &Option<serde_json::Value>| {
        let (facts, recorded) = judged_facts(evidence.as_ref())?;
        Some(replay(now, proposed, &recorded, facts))
    };
    evidence.iter().map(replayed).collect()
}

impl Gate {
    /// Replays one page of what was asked for under other rules.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input` naming the rule and the part of it at fault.
    pub async fn simulate_policy(&self, cx: &OpCx, draft: SimulationDraft) -> Result<Simulation> {
        cx.require(Permission::ConfigRead)?;
        cx.require(Permission::RequestRead)?;
        let is_first = draft.after.is_none();
        let (of, set) = (cx.clone(), draft.set);
        let snapshot = self.fresh_snapshot()?;
        let of_now = snapshot.clone();
        let (names, policies, warnings) = self
            .aside(move |gate| -> Result<_> {
                let rules = gate.rules_of(&of, &set)?;
                let warnings = if is_first { lint(&rules) } else { Vec::new() };
                let names: BTreeMap<String, String> = rules
                    .iter()
                    .map(|rule| (rule.id.to_string(), rule.name.to_string()))
                    .collect();
                let proposed = of_now.policy_with(rules).without_standing();
                let now = PolicySet::clone(&of_now.policy).without_standing();
                Ok((names, Arc::new((now, proposed)), warnings))
            })
            .await??;
        let limit = match draft.limit {
            0 => SIMULATION_PAGE_LIMIT,
            limit => limit.min(SIMULATION_PAGE_LIMIT),
        };
        let query = RequestQuery {
            since: draft.since,
            until: draft.until,
            after: draft.after,
            limit: limit + 1,
            ..RequestQuery::default()
        };
        let store = &self.inner.workspace.store;
        let (mut rows, total) = store
            .read(move |tx| -> Result<_> {
                let total = if is_first {
                    Some(requests::count(tx, &query, COUNT_LIMIT)?)
                } else {
                    None
                };
                Ok((requests::list(tx, &query)?, total))
            })
            .await?;
        let has_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let mut simulation = Simulation {
            replayed: 0,
            not_replayable: 0,
            counts: BTreeMap::new(),
            changed: Vec::new(),
            next: rows.last().filter(|_| has_more).map(|row| row.request.id),
            total,
            warnings,
        };
        for batch in rows.chunks(BATCH) {
            let evidence = self.evidence_of(batch).await?;
            let policies = Arc::clone(&policies);
            let replayed = self
                .aside(move |_| replay_all(&policies, &evidence))
                .await?;
            for (row, replayed) in batch.iter().zip(replayed) {
                let Some(replayed) = replayed else {
                    simulation.not_replayable += 1;
                    continue;
                };
                simulation.replayed += 1;
                let count = simulation.counts.entry((replayed.then, replayed.proposed));
                *count.or_default() += 1;
                if !replayed.is_changed() {
                    continue;
                }
                let request = &row.request;
                let agent = snapshot.agents.get(request.agent);
                let target = snapshot.targets.get(request.target);
                let made_by = replayed
                    .made_by
                    .split_once(':')
                    .and_then(|(_, id)| names.get(id))
                    .cloned();
                simulation.changed.push(ChangedRequest {
                    id: request.id,
                    at: request.created_at,
                    agent: agent
                        .map_or_else(|| request.agent.to_string(), |it| it.name.to_string()),
                    target: target
                        .map_or_else(|| request.target.to_string(), |it| it.name.to_string()),
                    action: request.action.clone(),
                    then: replayed.then,
                    now: replayed.now,
                    proposed: replayed.proposed,
                    made_by: made_by.unwrap_or(replayed.made_by),
                    reason: replayed.reason,
                });
            }
        }
        Ok(simulation)
    }

    /// What decisions looked at; `None` for what was deleted or can't be read any more.
    async fn evidence_of(&self, rows: &[RequestRow]) -> Result<Vec<Option<serde_json::Value>>> {
        let entries: Vec<EntryId> = rows.iter().map(|row| row.evidence_entry).collect();
        let read = entries.clone();
        let sealed = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<Vec<Option<Vec<u8>>>> {
                let bodies = read.iter().map(|entry| evidence::get(tx, *entry));
                bodies.map(|body| body.map_err(Error::from)).collect()
            })
            .await?;
        let vault = &self.inner.workspace.vault;
        let open = |(entry, sealed): (&EntryId, Option<Vec<u8>>)| {
            Evidence::open(vault, *entry, &sealed?).ok()?.facts
        };
        Ok(entries.iter().zip(sealed).map(open).collect())
    }
}
