//! Rules of the policy.

use std::sync::Arc;

use countersign_domain::{
    AskTerms, InvalidRule, Labels, Name, Permission, Rule, RuleId, RuleKind, RuleMatch, RuleMode,
    Verdict,
};
use countersign_store::rules;
use serde::{Deserialize, Serialize};

use crate::{
    checks,
    context::OpCx,
    error::{Error, Result},
    gate::Gate,
    snapshot::Nouns,
};

/// The priority of a rule where none is given.
pub const DEFAULT_PRIORITY: i64 = 100;

/// A rule to add.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDraft {
    /// Its name, unique.
    pub name: Name,
    /// How it takes part.
    #[serde(default = "plain_rule")]
    pub kind: RuleKind,
    /// Lower speaks first.
    #[serde(default = "default_priority")]
    pub priority: i64,
    /// What it is about.
    #[serde(rename = "match", default)]
    pub matcher: RuleMatch,
    /// What it says.
    pub verdict: Verdict,
    /// What an `ask` asks for.
    #[serde(default, skip_serializing_if = "AskTerms::is_empty")]
    pub ask: AskTerms,
    /// Whether it counts.
    #[serde(default)]
    pub mode: RuleMode,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Marks.
    #[serde(default)]
    pub labels: Labels,
}

const fn plain_rule() -> RuleKind {
    RuleKind::Rule
}

const fn default_priority() -> i64 {
    DEFAULT_PRIORITY
}

/// A change of a rule: what is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleChange {
    /// How it takes part.
    pub kind: Option<RuleKind>,
    /// Lower speaks first.
    pub priority: Option<i64>,
    /// What it is about, all of it.
    #[serde(rename = "match")]
    pub matcher: Option<RuleMatch>,
    /// What it says.
    pub verdict: Option<Verdict>,
    /// What an `ask` asks for, all of it.
    pub ask: Option<AskTerms>,
    /// Whether it counts.
    pub mode: Option<RuleMode>,
    /// Why.
    pub reason: Option<String>,
    /// Marks, all of them.
    pub labels: Option<Labels>,
}

fn no_rule() -> Error {
    Error::not_found("rule")
}

pub(crate) fn check(rule: &Rule) -> Result<()> {
    rule.check().map_err(|error| {
        let field = match &error {
            InvalidRule::Terms(_) | InvalidRule::TermsWithoutAsk => "ask",
            _ => "match",
        };
        Error::invalid(field, error.to_string())
    })?;
    checks::document(
        "match",
        &serde_json::to_value(&rule.matcher).map_err(Error::internal)?,
    )?;
    checks::text("reason", &rule.reason)?;
    checks::labels(&rule.labels)
}

pub(crate) fn subject(rule: &Rule) -> String {
    format!("rule:{} {}", rule.id, rule.name)
}

impl Gate {
    /// Adds a rule.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input` naming the part of the match at fault, `name_taken`.
    pub async fn add_rule(&self, cx: &OpCx, draft: RuleDraft) -> Result<Arc<Rule>> {
        cx.require(Permission::ConfigWrite)?;
        checks::name("name", &draft.name)?;
        let RuleDraft {
            name,
            kind,
            priority,
            matcher,
            verdict,
            ask,
            mode,
            reason,
            labels,
        } = draft;
        let id = RuleId::new(self.inner.clock.uuid());
        let rule = Arc::new(Rule {
            id,
            name,
            kind,
            priority,
            matcher,
            verdict,
            ask,
            mode,
            reason,
            labels,
            created_at: cx.now,
        });
        check(&rule)?;
        let mut entry = self.config_entry(cx, "config.rule.created", subject(&rule));
        entry.outcome = Some(verdict.as_str().to_owned());
        let added = Arc::clone(&rule);
        self.change(cx, Nouns::POLICY, move |tx| {
            if rules::name_is_taken(tx, added.name.as_str())? {
                return Err(checks::name_taken("a rule", &added.name));
            }
            rules::insert(tx, &added)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(rule)
    }

    /// Every rule, by name.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn rules(&self, cx: &OpCx) -> Result<Vec<Arc<Rule>>> {
        cx.require(Permission::ConfigRead)?;
        Ok(self.snapshot().lists.rules.clone())
    }

    /// One rule, by name or id.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub fn rule(&self, cx: &OpCx, id_or_name: &str) -> Result<Arc<Rule>> {
        cx.require(Permission::ConfigRead)?;
        self.find_rule(id_or_name)
    }

    fn find_rule(&self, id_or_name: &str) -> Result<Arc<Rule>> {
        let id = id_or_name.parse::<RuleId>().ok();
        let is_it = |rule: &&Arc<Rule>| rule.name.as_str() == id_or_name || Some(rule.id) == id;
        self.snapshot()
            .lists
            .rules
            .iter()
            .find(is_it)
            .map(Arc::clone)
            .ok_or_else(no_rule)
    }

    /// Changes what is given of a rule.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_input`.
    pub async fn update_rule(
        &self,
        cx: &OpCx,
        id_or_name: &str,
        change: RuleChange,
    ) -> Result<Arc<Rule>> {
        cx.require(Permission::ConfigWrite)?;
        let rule = self.find_rule(id_or_name)?;
        let entry = self.config_entry(cx, "config.rule.updated", subject(&rule));
        let id = rule.id;
        self.change(cx, Nouns::POLICY, move |tx| {
            let mut rule = rules::by_id(tx, id)?.ok_or_else(no_rule)?;
            rule.kind = change.kind.unwrap_or(rule.kind);
            rule.priority = change.priority.unwrap_or(rule.priority);
            rule.verdict = change.verdict.unwrap_or(rule.verdict);
            if let Some(matcher) = &change.matcher {
                rule.matcher.clone_from(matcher);
            }
            rule.mode = change.mode.unwrap_or(rule.mode);
            if let Some(ask) = &change.ask {
                rule.ask.clone_from(ask);
            }
            if let Some(reason) = &change.reason {
                rule.reason.clone_from(reason);
            }
            if let Some(labels) = &change.labels {
                rule.labels.clone_from(labels);
            }
            check(&rule)?;
            rules::update(tx, &rule)?;
            let mut entry = entry.clone();
            entry.outcome = Some(rule.verdict.as_str().to_owned());
            tx.append_entry(entry)?;
            Ok(Arc::new(rule))
        })
        .await
    }

    /// Removes a rule.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn remove_rule(&self, cx: &OpCx, id_or_name: &str) -> Result<()> {
        cx.require(Permission::ConfigWrite)?;
        let rule = self.find_rule(id_or_name)?;
        let entry = self.config_entry(cx, "config.rule.removed", subject(&rule));
        let id = rule.id;
        self.change(cx, Nouns::POLICY, move |tx| {
            if !rules::remove(tx, id)? {
                return Err(no_rule());
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await
    }
}
