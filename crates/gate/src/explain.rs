//! Why a recorded decision came out as it did, and what would be decided on facts that are given by hand. Nothing is recorded here.
//!
//! The recorded decision is what was decided, whatever is told beside it. Which sets were in force in the past is kept nowhere: what is
//! told of the rules is told of today's, and whether those are the ones of then is found out from the ledger, or said to be unknown.

use countersign_domain::{
    ActionFacts, AgentFacts, Decision, Effect, Explanation, Facts, Name, Permission, Permissions,
    PolicySet, RequestId, Risk, RiskScore, Rule, ScanFacts, TargetFacts, Timestamp, Urgency,
    Warning, explain, lint,
};
use countersign_store::audit;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    checks,
    connector::{CALLER, RawAction, ResolvedAction},
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    policy_lists::judged_facts,
    rule_set::RuleSet,
    snapshot::Snapshot,
};

/// The most entries after a decision that are looked through for a change of the policy.
const LOOKED_THROUGH: u64 = 200_000;

/// Changes of the configuration that change no decision.
const NEUTRAL: [&str; 6] = [
    "config.key.",
    "config.credential.",
    "config.operator.",
    "config.token.",
    "config.settings.",
    "config.webhook.",
];

/// The most changes of the configuration that are looked at one by one.
const CHANGES: u32 = 500;

/// Why a recorded decision came out as it did.
#[derive(Debug, Clone)]
pub struct PolicyExplanation {
    /// Which request.
    pub request: RequestId,
    /// When it was decided on.
    pub decided_at: Timestamp,
    /// What was decided, and by whom.
    pub recorded: Decision,
    /// Everything that a set looks at.
    pub explanation: Explanation,
    /// The configuration epoch of that set.
    pub explained_version: u64,
    /// Whether that set says what the set of the decision said: nobody has changed the policy since.
    pub is_set_of_then: bool,
}

impl PolicyExplanation {
    /// Whether the set that is explained comes to what was decided.
    pub fn agrees(&self) -> bool {
        self.recorded.unanswered() == self.explanation.decision.unanswered()
    }
}

/// Facts that are given by hand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactsDraft {
    /// The agent, by name or id.
    pub agent: String,
    /// The target, by name or id.
    pub target: String,
    /// The profile; the target's default where it is left out.
    #[serde(default)]
    pub profile: Option<Name>,
    /// The action: `POST /charges`.
    pub action: String,
    /// What rules look at as `input`: `{"body": {"amount": 500}}`. It comes over what the connector makes of the action.
    #[serde(default)]
    pub input: Value,
    /// What rules look at as `context`.
    #[serde(default)]
    pub context: Value,
    /// How soon.
    #[serde(default)]
    pub urgency: Urgency,
    /// What the action does; as the connector says where it is left out.
    #[serde(default)]
    pub effect: Option<Effect>,
    /// How risky, 0 to 1; the action's floor where it is left out.
    #[serde(default)]
    pub risk: Option<f64>,
    /// Whether the turn that asks has read untrusted content.
    #[serde(default)]
    pub tainted: bool,
    /// When; now where it is left out.
    #[serde(default)]
    pub at: Option<Timestamp>,
}

/// What would be decided.
#[derive(Debug, Clone)]
pub struct PolicyTest {
    /// On which facts.
    pub facts: Facts,
    /// What, and why.
    pub explanation: Explanation,
    /// What is odd about a proposed set; nothing where none was given.
    pub warnings: Vec<Warning>,
}

impl Snapshot {
    /// The policy with other rules in the place of those that stand alone. Lists, grants and overrides stay.
    pub(crate) fn policy_with(&self, rules: Vec<Rule>) -> PolicySet {
        let alone: std::collections::HashSet<_> =
            self.lists.rules.iter().map(|rule| rule.id).collect();
        self.policy
            .with_rules(rules, |rule| alone.contains(&rule.id))
    }
}

impl Gate {
    /// Why the decision on a request came out as it did.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `evidence_gone` where what was looked at was deleted.
    pub async fn explain_request(&self, cx: &OpCx, id: RequestId) -> Result<PolicyExplanation> {
        cx.require(Permission::ConfigRead)?;
        let (row, ..) = self.request_status(cx, id).await?;
        let sealed = self.sealed_evidence(&row).await?;
        let evidence = self.open_evidence(&row, sealed)?.unwrap_or_default();
        let Some((facts, recorded)) = judged_facts(evidence.facts.as_ref()) else {
            let text = "what the decision looked at was deleted: the ledger still says what was decided and by which rule";
            return Err(Error::new(ErrorKind::Gone, "evidence_gone", text).about(id));
        };
        let facts = facts.as_decided(&recorded);
        let snapshot = self.fresh_snapshot()?;
        let is_set_of_then =
            recorded.policy_version == snapshot.epoch || self.is_policy_untouched_since(id).await?;
        Ok(PolicyExplanation {
            request: id,
            decided_at: facts.at,
            explanation: explain(&snapshot.policy, &facts),
            explained_version: snapshot.epoch,
            is_set_of_then,
            recorded,
        })
    }

    /// Whether no entry behind a request's first says that somebody changed what decides. False where that can't be found out cheaply.
    async fn is_policy_untouched_since(&self, id: RequestId) -> Result<bool> {
        let of_request = audit::Filter {
            request: Some(id),
            ..audit::Filter::default()
        };
        let kinds = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<Option<Vec<String>>> {
                let first = audit::page(tx, &of_request, audit::Cursor::Oldest, 1)?;
                let Some(first) = first.first() else {
                    return Ok(None);
                };
                if audit::extent(tx)?.next.saturating_sub(first.position) > LOOKED_THROUGH {
                    return Ok(None);
                }
                let changes = audit::Filter {
                    kind_prefix: Some("config.".to_owned()),
                    behind: Some(first.position),
                    ..audit::Filter::default()
                };
                let entries = audit::page(tx, &changes, audit::Cursor::Newest, CHANGES + 1)?;
                let kinds = entries.into_iter().map(|sealed| sealed.entry.kind);
                Ok(Some(kinds.collect()))
            })
            .await?;
        let is_neutral = |kind: &String| NEUTRAL.iter().any(|prefix| kind.starts_with(prefix));
        Ok(kinds
            .is_some_and(|kinds| kinds.len() <= CHANGES as usize && kinds.iter().all(is_neutral)))
    }

    /// What would be decided on facts that are given by hand, by the rules in force or by others in their place. No scan looks at them,
    /// and nothing is recorded.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input` naming the field.
    pub fn test_policy(
        &self,
        cx: &OpCx,
        draft: &FactsDraft,
        proposed: Option<&RuleSet>,
    ) -> Result<PolicyTest> {
        cx.require(Permission::ConfigRead)?;
        let snapshot = self.fresh_snapshot()?;
        let facts = self.facts_of(cx, &snapshot, draft)?;
        let Some(proposed) = proposed else {
            return Ok(PolicyTest {
                explanation: explain(&snapshot.policy, &facts),
                warnings: Vec::new(),
                facts,
            });
        };
        let rules = self.rules_of(cx, proposed)?;
        let warnings = lint(&rules);
        Ok(PolicyTest {
            explanation: explain(&snapshot.policy_with(rules), &facts),
            warnings,
            facts,
        })
    }

    fn facts_of(&self, cx: &OpCx, snapshot: &Snapshot, draft: &FactsDraft) -> Result<Facts> {
        let agent = snapshot
            .agents
            .find(&draft.agent)
            .ok_or_else(|| Error::invalid("agent", "there is no such agent"))?;
        let target = snapshot
            .targets
            .find(&draft.target)
            .ok_or_else(|| Error::invalid("target", "there is no such target"))?;
        let profile = match &draft.profile {
            Some(name) => snapshot.targets.profile_named(target.id, name.as_str()),
            None => snapshot.targets.default_profile(target.id),
        };
        let profile =
            profile.ok_or_else(|| Error::invalid("profile", "the target has no such profile"))?;
        checks::document("input", &draft.input)?;
        checks::document("context", &draft.context)?;
        if !matches!(draft.input, Value::Null | Value::Object(_)) {
            let text =
                "the input is an object of what rules look at, as {\"body\": {\"amount\": 500}}";
            return Err(Error::invalid("input", text));
        }
        let is_of_caller = target.connector == CALLER;
        let input = if is_of_caller {
            json!({ "params": draft.input, "context": draft.context })
        } else {
            json!({})
        };
        let raw = RawAction {
            action: &draft.action,
            input: &input,
            body: &bytes::Bytes::new(),
        };
        let ResolvedAction {
            name,
            effect,
            mut facts,
            risk,
            context,
            ..
        } = self
            .inner
            .connectors
            .get(&target.connector)?
            .resolve(&target, &profile, raw)?;
        if let (false, Some(known), Some(given)) =
            (is_of_caller, facts.as_object_mut(), draft.input.as_object())
        {
            known.extend(given.clone());
        }
        let risk = match draft.risk {
            None => risk,
            Some(score) if (0.0..=1.0).contains(&score) => Risk {
                score: RiskScore::new(score),
                ..risk
            },
            Some(_) => return Err(Error::invalid("risk", "a risk is a number from 0 to 1")),
        };
        Ok(Facts {
            agent: AgentFacts {
                id: agent.id,
                name: agent.name.clone(),
            },
            action: ActionFacts {
                connector: target.connector.clone(),
                name,
                effect: draft.effect.unwrap_or(effect),
            },
            target: TargetFacts {
                id: target.id,
                name: target.name.clone(),
                profile: profile.id,
                risk_threshold: target.risk_threshold,
            },
            input: facts,
            context: if is_of_caller {
                context
            } else {
                draft.context.clone()
            },
            urgency: draft.urgency,
            intent: String::new(),
            risk,
            tainted: draft.tainted,
            findings: Vec::new(),
            scan: ScanFacts::default(),
            budget: None,
            at: draft.at.unwrap_or(cx.now),
            permissions: Permissions::ALL,
        })
    }
}
