//! Policy lists: rules about approval-only actions that are written, read and removed together.
//!
//! What a list says is checked whole before anything of it counts; a list with a fault is refused and the old one stays. What a writer
//! wrote (`source`) is kept for the face that it was written through, and never looked at here.

use std::sync::Arc;

use countersign_domain::{
    Decision, EscalationRule, EscalationRuleId, Facts, LISTED_RULE_LIMIT, ListedRule, Match, Name,
    Permission, PolicyList, PolicyListId, RequestId, RuleId, Verdict,
};
use countersign_store::policy_lists;
use serde_json::Value;

use crate::{
    checks,
    connector::CALLER,
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    snapshot::Nouns,
};

/// The longest name of a list, in characters.
const NAME_LIMIT_CHARACTERS: usize = 200;

/// The most lists, and the most escalation rules: every decision looks through the lists.
const COUNT_LIMIT: u64 = 100;

/// The longest time after which an escalation comes, in seconds: a year.
const ESCALATION_LIMIT_SECONDS: u64 = 366 * 24 * 3_600;

/// A list to add, or to put in the place of another.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyListDraft {
    /// What its writer calls it.
    pub name: String,
    /// Lower speaks first.
    pub priority: i64,
    /// Whether it counts.
    pub is_enabled: bool,
    /// The rules, in their order.
    pub rules: Vec<ListedRule>,
    /// What its writer wrote.
    pub source: Value,
}

/// An escalation rule to add, or to put in the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationDraft {
    /// Of which list; of everything that is asked where it is not given.
    pub list: Option<PolicyListId>,
    /// After how many seconds.
    pub after_seconds: u64,
    /// Which channel is told; where there is none, the request is denied.
    pub channel: Option<String>,
    /// Lower is looked at first.
    pub priority: i64,
    /// Whether it counts.
    pub is_enabled: bool,
}

/// A request of the past with what a decision on it could look at.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Which.
    pub id: RequestId,
    /// The action.
    pub action: String,
    /// What was decided then.
    pub verdict: Verdict,
    /// What the decision looked at.
    pub facts: Facts,
}

fn no_list() -> Error {
    Error::not_found("policy")
}

fn too_many(what: &str) -> Error {
    let text = format!("there are {COUNT_LIMIT} {what}: remove some first");
    Error::new(ErrorKind::Conflict, "too_many", text)
}

fn no_escalation() -> Error {
    Error::not_found("escalation rule")
}

/// The name of the target of approval-only actions.
pub(crate) fn caller_name() -> Result<Name> {
    CALLER.parse().map_err(Error::internal)
}

fn check(list: &PolicyList) -> Result<()> {
    if list.name.trim().is_empty() || list.name.chars().count() > NAME_LIMIT_CHARACTERS {
        let text = format!("a policy's name has 1 to {NAME_LIMIT_CHARACTERS} characters");
        return Err(Error::invalid("name", text));
    }
    checks::text("name", &list.name)?;
    if list.rules.len() > LISTED_RULE_LIMIT {
        let text = format!("a policy has at most {LISTED_RULE_LIMIT} rules");
        return Err(Error::invalid("rules", text));
    }
    list.check(&caller_name()?).map_err(|(position, fault)| {
        Error::invalid(format!("rules[{position}]"), fault.to_string())
    })?;
    let rules = serde_json::to_value(&list.rules).map_err(Error::internal)?;
    checks::document("rules", &rules)?;
    checks::document("source", &list.source)
}

fn subject(list: &PolicyList) -> String {
    format!("policy:{} {}", list.id, list.name)
}

/// The position of the first rule that speaks on the facts. One that may match counts where it denies or asks.
pub fn first_match(rules: &[ListedRule], facts: &Facts) -> Option<usize> {
    rules
        .iter()
        .position(|rule| match rule.matcher.judge(facts) {
            Match::Yes => true,
            Match::No => false,
            Match::Unreadable(_) => rule.verdict != Verdict::Allow,
        })
}

impl Gate {
    /// Adds a list.
    ///
    /// # Errors
    /// `forbidden`, `too_many`, `invalid_input` naming the rule at fault.
    pub async fn add_policy_list(
        &self,
        cx: &OpCx,
        draft: PolicyListDraft,
    ) -> Result<Arc<PolicyList>> {
        cx.require(Permission::PolicyWrite)?;
        let list = Arc::new(PolicyList {
            id: PolicyListId::new(self.inner.clock.uuid()),
            name: draft.name,
            priority: draft.priority,
            is_enabled: draft.is_enabled,
            rules: draft.rules,
            source: draft.source,
            created_at: cx.now,
        });
        check(&list)?;
        let entry = self.config_entry(cx, "config.policy.created", subject(&list));
        let added = Arc::clone(&list);
        self.change(cx, Nouns::POLICY, move |tx| {
            if policy_lists::count(tx)? >= COUNT_LIMIT {
                return Err(too_many("policies"));
            }
            policy_lists::insert(tx, &added)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(list)
    }

    /// Every list, in the order in which they speak.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn policy_lists(&self, cx: &OpCx) -> Result<Vec<Arc<PolicyList>>> {
        cx.require(Permission::PolicyRead)?;
        Ok(self.snapshot().lists.policies.clone())
    }

    /// One list.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub fn policy_list(&self, cx: &OpCx, id: PolicyListId) -> Result<Arc<PolicyList>> {
        cx.require(Permission::PolicyRead)?;
        self.find_policy_list(id)
    }

    fn find_policy_list(&self, id: PolicyListId) -> Result<Arc<PolicyList>> {
        let snapshot = self.snapshot();
        let mut lists = snapshot.lists.policies.iter();
        lists
            .find(|list| list.id == id)
            .map(Arc::clone)
            .ok_or_else(no_list)
    }

    /// The list that a rule stands in, with its position there; `None` for a rule of no list, or of one that is gone.
    pub fn list_of_rule(&self, rule: RuleId) -> Option<(Arc<PolicyList>, usize)> {
        let snapshot = self.snapshot();
        snapshot.lists.policies.iter().find_map(|list| {
            let position = list.position_of(rule)?;
            Some((Arc::clone(list), position))
        })
    }

    /// Puts a list in the place of another. Its id and age stay.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_input` naming the rule at fault.
    pub async fn replace_policy_list(
        &self,
        cx: &OpCx,
        id: PolicyListId,
        draft: PolicyListDraft,
    ) -> Result<Arc<PolicyList>> {
        cx.require(Permission::PolicyWrite)?;
        let old = self.find_policy_list(id)?;
        let list = Arc::new(PolicyList {
            id,
            name: draft.name,
            priority: draft.priority,
            is_enabled: draft.is_enabled,
            rules: draft.rules,
            source: draft.source,
            created_at: old.created_at,
        });
        check(&list)?;
        let entry = self.config_entry(cx, "config.policy.updated", subject(&list));
        let changed = Arc::clone(&list);
        self.change(cx, Nouns::POLICY, move |tx| {
            if !policy_lists::update(tx, &changed)? {
                return Err(no_list());
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(list)
    }

    /// Removes a list, with its escalation rules.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn remove_policy_list(&self, cx: &OpCx, id: PolicyListId) -> Result<()> {
        cx.require(Permission::PolicyWrite)?;
        let list = self.find_policy_list(id)?;
        let entry = self.config_entry(cx, "config.policy.removed", subject(&list));
        self.change(cx, Nouns::POLICY, move |tx| {
            if !policy_lists::remove(tx, id)? {
                return Err(no_list());
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await
    }

    /// Every escalation rule, the first to be looked at first.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn escalation_rules(&self, cx: &OpCx) -> Result<Vec<EscalationRule>> {
        cx.require(Permission::PolicyRead)?;
        Ok(self.snapshot().lists.escalations.clone())
    }

    /// Adds an escalation rule, or puts one in the place of another.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `too_many`, `invalid_input`.
    pub async fn put_escalation_rule(
        &self,
        cx: &OpCx,
        id: Option<EscalationRuleId>,
        draft: EscalationDraft,
    ) -> Result<EscalationRule> {
        cx.require(Permission::PolicyWrite)?;
        if !(1..=ESCALATION_LIMIT_SECONDS).contains(&draft.after_seconds) {
            return Err(Error::invalid(
                "after_seconds",
                "must be 1 second to a year",
            ));
        }
        if let Some(list) = draft.list {
            self.find_policy_list(list)?;
        }
        if let Some(channel) = &draft.channel {
            checks::text("channel", channel)?;
        }
        let is_new = id.is_none();
        let id = id.unwrap_or_else(|| EscalationRuleId::new(self.inner.clock.uuid()));
        let snapshot = self.snapshot();
        let known = snapshot.lists.escalations.iter().find(|rule| rule.id == id);
        let created_at = known.map(|rule| rule.created_at);
        drop(snapshot);
        let rule = EscalationRule {
            id,
            list: draft.list,
            after_seconds: draft.after_seconds,
            channel: draft.channel,
            priority: draft.priority,
            is_enabled: draft.is_enabled,
            created_at: match created_at {
                Some(at) => at,
                None if is_new => cx.now,
                None => return Err(no_escalation()),
            },
        };
        let kind = if is_new {
            "config.escalation.created"
        } else {
            "config.escalation.updated"
        };
        let entry = self.config_entry(cx, kind, format!("escalation:{id}"));
        let put = rule.clone();
        self.change(cx, Nouns::POLICY, move |tx| {
            if is_new {
                if policy_lists::count_escalations(tx)? >= COUNT_LIMIT {
                    return Err(too_many("escalation rules"));
                }
                policy_lists::insert_escalation(tx, &put)?;
            } else if !policy_lists::update_escalation(tx, &put)? {
                return Err(no_escalation());
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(rule)
    }

    /// Removes an escalation rule.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn remove_escalation_rule(&self, cx: &OpCx, id: EscalationRuleId) -> Result<()> {
        cx.require(Permission::PolicyWrite)?;
        let entry = self.config_entry(cx, "config.escalation.removed", format!("escalation:{id}"));
        self.change(cx, Nouns::POLICY, move |tx| {
            if !policy_lists::remove_escalation(tx, id)? {
                return Err(no_escalation());
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await
    }
}

/// What a stored decision looked at, and what came of it.
pub(crate) fn judged_facts(judged: Option<&Value>) -> Option<(Facts, Decision)> {
    let judged = judged?;
    let facts = serde_json::from_value(judged.get("facts")?.clone()).ok()?;
    let decision = serde_json::from_value(judged.get("decision")?.clone()).ok()?;
    Some((facts, decision))
}

impl Gate {
    /// The name of the agent with this id or name, where there is one.
    pub fn agent_name_of(&self, id_or_name: &str) -> Option<String> {
        let agent = self.snapshot().agents.find(id_or_name)?;
        Some(agent.name.to_string())
    }

    /// What a decision would look at if nobody in particular asked for an approval-only action now.
    ///
    /// # Errors
    /// When there is no approval-only connector, or the action is none.
    pub fn imagined(
        &self,
        action: String,
        params: Value,
        context: Value,
        urgency: countersign_domain::Urgency,
    ) -> Result<Facts> {
        let nobody = uuid::Uuid::nil();
        Ok(Facts {
            agent: countersign_domain::AgentFacts {
                id: countersign_domain::AgentId::new(nobody),
                name: "nobody".parse().map_err(Error::internal)?,
            },
            action: countersign_domain::ActionFacts {
                connector: CALLER.to_owned(),
                name: action,
                effect: countersign_domain::Effect::Egress,
            },
            target: countersign_domain::TargetFacts {
                id: countersign_domain::TargetId::new(nobody),
                name: caller_name()?,
                profile: countersign_domain::ProfileId::new(nobody),
                risk_threshold: None,
            },
            input: params,
            context,
            urgency,
            intent: String::new(),
            risk: countersign_domain::Risk::floor(
                countersign_domain::RiskScore::new(0.5),
                "imagined",
            ),
            tainted: false,
            findings: Vec::new(),
            scan: countersign_domain::ScanFacts::default(),
            budget: None,
            at: self.now(),
            permissions: countersign_domain::Permissions::ALL,
        })
    }
}
