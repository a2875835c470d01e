//! Standing approvals: an `ask` answered in advance, by one who has just approved it.
//!
//! Invariants: one is made only in the unit that approves its request, by a vote that was enough; it is bound to all that the approver
//! saw but the payload (target, connection, profile, credential, effect), and to the very payload or to named fields of it; it answers
//! only where its maker could approve now; a use is taken in the unit that lets the action run. It satisfies an `ask`, never a `deny`,
//! and never a quorum above one.

use std::time::Duration;

use countersign_domain::{
    AskTerms, Condition, Decision, Digest, OperatorId, Permission, RequestState, RuleMatch,
    StandingApproval, StandingApprovalId, Timestamp, canonical_json, decide_with,
};
use countersign_store::{Tx, standing};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    context::OpCx,
    error::{Error, Result},
    gate::Gate,
    resolve::Asked,
    settings::SeparationOfDuties,
    snapshot::{Nouns, Snapshot},
};

/// How long one lasts where only its uses are said.
const DEFAULT_MINUTES: u32 = 24 * 60;
/// How many uses it has where only its time is said.
const DEFAULT_USES: u32 = 100;
/// The longest: 30 days.
const MINUTES_LIMIT: u32 = 30 * 24 * 60;
/// The most uses.
const USES_LIMIT: u32 = 10_000;
/// The most fields that must be equal.
const SAME_LIMIT: usize = 32;
/// How long one that has ended is kept for looking up.
pub(crate) const KEPT_AFTER_END: Duration = Duration::from_hours(30 * 24);

/// What an approval allows beyond its request: one of `minutes` and `uses` at least.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StandingDraft {
    /// For how long, in minutes; 24 hours where only uses are given.
    pub minutes: Option<u32>,
    /// How often; 100 times where only a time is given.
    pub uses: Option<u32>,
    /// The fields that must be the same as in what is approved (`input.to`, `context.ticket`); everything, to the byte, where it is left
    /// out.
    pub same: Option<Vec<String>>,
}

/// A standing approval, with names.
#[derive(Debug, Clone, Serialize)]
pub struct StandingView {
    /// It.
    pub standing: StandingApproval,
    /// For whom, by name; by id once the agent is gone.
    pub agent_name: String,
    /// On what, by name; by id once the target is gone.
    pub target_name: String,
    /// With which profile, by name.
    pub profile_name: String,
    /// Who made it, by name.
    pub operator_name: String,
    /// Whether it would answer an ask now, as far as its maker is concerned.
    pub is_usable: bool,
}

impl StandingDraft {
    /// Checks the bounds.
    pub(crate) fn check(&self) -> Result<()> {
        let within = |field: &'static str, value: Option<u32>, most: u32| match value {
            Some(value) if !(1..=most).contains(&value) => Err(Error::invalid(
                field,
                format!("must be between 1 and {most}"),
            )),
            _ => Ok(()),
        };
        within("standing.minutes", self.minutes, MINUTES_LIMIT)?;
        within("standing.uses", self.uses, USES_LIMIT)?;
        if self.minutes.is_none() && self.uses.is_none() {
            return Err(Error::invalid(
                "standing",
                "say for how long (minutes), how often (uses), or both",
            ));
        }
        match &self.same {
            Some(same) if !(1..=SAME_LIMIT).contains(&same.len()) => Err(Error::invalid(
                "standing.same",
                format!(
                    "name 1 to {SAME_LIMIT} fields; leave it out where everything must be the same"
                ),
            )),
            _ => Ok(()),
        }
    }

    /// The standing approval of what was asked.
    pub(crate) fn make(
        &self,
        id: StandingApprovalId,
        by: OperatorId,
        asked: &Asked,
        at: Timestamp,
    ) -> Result<StandingApproval> {
        let minutes = self.minutes.unwrap_or(DEFAULT_MINUTES);
        let uses = self.uses.unwrap_or(DEFAULT_USES);
        Ok(StandingApproval {
            id,
            from: asked.id,
            by,
            agent: asked.agent.id,
            profile: asked.profile.id,
            action: asked.facts.action.name.clone(),
            constraint: constraint(self.same.as_deref().unwrap_or_default(), asked)?,
            payload: self.same.is_none().then_some(asked.payload_hash),
            bound: asked.bound_hash(),
            created_at: at,
            expires_at: at.saturating_add(Duration::from_mins(u64::from(minutes))),
            uses,
            uses_left: uses,
        })
    }
}

/// The fields with the values that they have in what is approved.
fn constraint(same: &[String], asked: &Asked) -> Result<RuleMatch> {
    let mut matcher = RuleMatch::default();
    for path in same {
        let bad = |text: &str| Error::invalid("standing.same", format!("{path}: {text}"));
        let (place, inner) = match (path.strip_prefix("input."), path.strip_prefix("context.")) {
            (Some(inner), _) => (&asked.facts.input, inner),
            (_, Some(inner)) => (&asked.facts.context, inner),
            _ => return Err(bad("a field begins with `input.` or `context.`")),
        };
        let value = lookup(place, inner)
            .ok_or_else(|| bad("what is approved has no such field that can be read"))?;
        let condition = Condition {
            eq: Some(value.clone()),
            ..Condition::default()
        };
        if path.starts_with("input.") {
            matcher.input.insert(inner.to_owned(), condition);
        } else {
            matcher.context.insert(inner.to_owned(), condition);
        }
    }
    Ok(matcher)
}

fn lookup<'value>(value: &'value Value, path: &str) -> Option<&'value Value> {
    path.split('.').try_fold(value, |value, part| match value {
        Value::Object(map) => map.get(part),
        Value::Array(list) => part.parse::<usize>().ok().and_then(|index| list.get(index)),
        _ => None,
    })
}

impl Asked {
    /// All that an approver sees but the payload: what a standing approval is bound to.
    pub(crate) fn bound_hash(&self) -> Digest {
        let context = json!({
            "agent": self.agent.id,
            "target": self.target.id,
            "connector": self.target.connector,
            "config": self.target.config,
            "allow_private_network": self.target.allow_private_network,
            "profile": self.profile.id,
            "limits": self.profile.limits,
            "action": self.facts.action.name,
            "effect": self.effect,
            "durability": self.durability,
            "credential": self.credential.as_ref().map(|credential| (credential.id, credential.kind, credential.operator_revision)),
        });
        let mut bytes = Vec::with_capacity(512);
        canonical_json(&context, &mut bytes);
        Digest(countersign_vault::sha256(&bytes))
    }
}

impl Gate {
    /// Decides on what is asked, with the standing approvals that may answer it now.
    pub(crate) fn judge(snapshot: &Snapshot, asked: &Asked) -> Decision {
        decide_with(&snapshot.policy, &asked.facts, |standing, terms| {
            standing
                .payload
                .is_none_or(|payload| payload == asked.payload_hash)
                && standing.bound == asked.bound_hash()
                && may_answer(snapshot, standing, terms)
                && !(snapshot.settings.separation_of_duties == SeparationOfDuties::Strict
                    && asked.actor == countersign_domain::Actor::Operator(standing.by))
        })
    }

    /// What must be done after a unit that has taken a use: the last one has raised the epoch.
    pub(crate) async fn after_use(&self, left: Option<u32>) {
        if left == Some(0)
            && let Err(error) = self.publish(Nouns::POLICY).await
        {
            // The next confirmation reads it again; until then every decision finds the epoch moved.
            self.fell_behind();
            tracing::warn!(%error, "a standing approval is used up, and the configuration could not be read again");
        }
    }

    /// The standing approvals that have uses and time left, oldest first.
    ///
    /// # Errors
    /// `forbidden` for agents and whoever may not read requests.
    pub async fn standing_approvals(&self, cx: &OpCx) -> Result<Vec<StandingView>> {
        cx.require(Permission::ConfigRead)?;
        // What they are held to are fields of payloads.
        cx.require(Permission::RequestRead)?;
        cx.require_unbounded()?;
        let now = self.now();
        let usable = self
            .inner
            .workspace
            .store
            .read(|tx| standing::usable(tx).map_err(Error::from))
            .await?;
        let snapshot = self.snapshot().clone();
        let views = usable
            .into_iter()
            .filter(|standing| now < standing.expires_at)
            .map(|standing| standing_view(&snapshot, standing));
        Ok(views.collect())
    }

    /// Takes a standing approval back. Every operator who may decide may do it.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn revoke_standing(&self, cx: &OpCx, id: StandingApprovalId) -> Result<()> {
        cx.require(Permission::RequestDecide)?;
        cx.require_unbounded()?;
        let gate = self.clone();
        let cx_of_entry = cx.clone();
        self.change(cx, Nouns::POLICY, move |tx| {
            let found =
                standing::by_id(tx, id)?.ok_or_else(|| Error::not_found("standing approval"))?;
            standing::remove(tx, id)?;
            let mut entry = gate.config_entry(&cx_of_entry, "standing.revoked", subject(&found));
            entry.request = Some(found.from);
            entry.outcome = Some(format!("{} of {} uses left", found.uses_left, found.uses));
            tx.append_entry(entry)?;
            Ok(())
        })
        .await
    }
}

/// Whether the one who made it could approve this now.
fn may_answer(snapshot: &Snapshot, standing: &StandingApproval, terms: &AskTerms) -> bool {
    snapshot.operators.get(standing.by).is_some_and(|operator| {
        operator.disabled_at.is_none()
            && operator
                .role
                .permissions()
                .contains(Permission::RequestDecide)
            && terms.names(&operator, Duration::ZERO)
    })
}

pub(crate) fn subject(standing: &StandingApproval) -> String {
    format!("standing:{} {}", standing.id, standing.action)
}

fn standing_view(snapshot: &Snapshot, standing: StandingApproval) -> StandingView {
    let profile = snapshot.targets.profile(standing.profile);
    let target = profile
        .as_ref()
        .and_then(|profile| snapshot.targets.get(profile.target));
    StandingView {
        agent_name: snapshot.agents.get(standing.agent).map_or_else(
            || standing.agent.to_string(),
            |agent| agent.name.to_string(),
        ),
        target_name: target.map_or_else(
            || standing.profile.to_string(),
            |target| target.name.to_string(),
        ),
        profile_name: profile.map_or_else(String::new, |profile| profile.name.to_string()),
        operator_name: snapshot.operators.get(standing.by).map_or_else(
            || standing.by.to_string(),
            |operator| operator.name.to_string(),
        ),
        is_usable: may_answer(snapshot, &standing, &AskTerms::default()),
        standing,
    }
}

/// Writes one in the unit that approves its request.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    made: &StandingApproval,
    state: RequestState,
    entry: countersign_domain::AuditEntry,
) -> Result<()> {
    if state != RequestState::Approved {
        return Ok(());
    }
    standing::insert(tx, made)?;
    tx.append_entry(entry)?;
    Ok(())
}
