//! The configuration as one document, and what applying a document would change.
//!
//! A document names things and never holds a secret: credentials are listed by their type and by what may be shown of them. Planning
//! is pure; whoever applies a plan calls the ordinary use cases, so that each change has its check and its entry.

use std::collections::BTreeMap;

use countersign_domain::{
    ActionPattern, CredentialType, DEFAULT_PROFILE, GrantVerdict, Labels, Name, Permission,
    RuleKind, RuleMatch, TargetLimits, Timestamp, Verdict,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    context::OpCx, error::Result, gate::Gate, rules::DEFAULT_PRIORITY, settings::Settings,
    snapshot::Snapshot,
};

/// The configuration, in a stable order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigDocument {
    /// By name.
    pub agents: Vec<AgentItem>,
    /// By name.
    pub targets: Vec<TargetItem>,
    /// By agent, target, profile, action and verdict.
    pub grants: Vec<GrantItem>,
    /// By name.
    pub rules: Vec<RuleItem>,
    /// Where it is left out, settings stay as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
}

/// An agent of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentItem {
    /// Its name.
    pub name: Name,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Marks.
    #[serde(default)]
    pub labels: Labels,
}

/// A target of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetItem {
    /// Its name.
    pub name: Name,
    /// The connector that speaks to it.
    pub connector: String,
    /// What the connector needs to reach it.
    pub config: Value,
    /// Whether loopback and private addresses are open for it.
    #[serde(default)]
    pub allow_private_network: bool,
    /// Bounds of one call.
    #[serde(default)]
    pub limits: TargetLimits,
    /// At or over this risk a human is asked.
    #[serde(default)]
    pub risk_threshold: Option<f64>,
    /// Marks.
    #[serde(default)]
    pub labels: Labels,
    /// Its profiles, by name. The default profile needs no mention.
    #[serde(default)]
    pub profiles: Vec<ProfileItem>,
}

/// A profile of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileItem {
    /// Its name.
    pub name: Name,
    /// Connector-specific bounds.
    #[serde(default = "empty")]
    pub limits: Value,
    /// Its credential, without its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialItem>,
}

fn empty() -> Value {
    Value::Object(Map::new())
}

/// A credential of a document: never its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialItem {
    /// How it is put into a request.
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// Names that are not secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_as: Option<String>,
    /// Where the one who applies the document finds each field. Never exported.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, SecretReference>,
}

/// Where a secret is found by whoever applies a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretReference {
    /// In an environment variable.
    Env(String),
    /// In a file.
    File(String),
}

/// A grant of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantItem {
    /// Who.
    pub agent: Name,
    /// On what.
    pub target: Name,
    /// With which credential and limits.
    #[serde(default = "default_profile")]
    pub profile: String,
    /// Which actions.
    pub action: ActionPattern,
    /// What answers.
    pub verdict: GrantVerdict,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Marks.
    #[serde(default)]
    pub labels: Labels,
}

fn default_profile() -> String {
    DEFAULT_PROFILE.to_owned()
}

impl GrantItem {
    /// How a plan names it: a grant has no name of its own.
    pub fn key(&self) -> String {
        format!(
            "{} on {}/{}: {} -> {}",
            self.agent, self.target, self.profile, self.action, self.verdict
        )
    }
}

/// A rule of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleItem {
    /// Its name.
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

/// What a plan does with a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// It is not there yet.
    Create,
    /// It is there and differs.
    Update,
    /// It is there, has the label, and is not in the document.
    Remove,
    /// It is as the document says.
    Keep,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Which.
    pub field: String,
    /// What is there; `null` if it is not.
    pub before: Value,
    /// What the document says; `null` if it goes.
    pub after: Value,
}

/// One step of a plan, in an order in which the steps can be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What is done.
    pub action: ChangeAction,
    /// With what: `agent`, `target`, `profile`, `credential`, `grant`, `rule`, `settings`.
    pub noun: String,
    /// Which; `target/profile` for profiles and credentials.
    pub name: String,
    /// What differs.
    pub diff: Vec<FieldChange>,
}

/// A label: its name and value.
pub type Label = (String, String);

impl Gate {
    /// The configuration as a document without secrets.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn export(&self, cx: &OpCx) -> Result<ConfigDocument> {
        cx.require(Permission::ConfigRead)?;
        Ok(document(&self.snapshot()))
    }

    /// What applying a document would do. Things that it does not name stay, unless they have the label to prune by.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn plan(
        &self,
        cx: &OpCx,
        wanted: &ConfigDocument,
        prune_label: Option<&Label>,
    ) -> Result<Vec<Change>> {
        cx.require(Permission::ConfigRead)?;
        Ok(plan(&document(&self.snapshot()), wanted, prune_label))
    }
}

fn document(snapshot: &Snapshot) -> ConfigDocument {
    let agents = snapshot
        .agents
        .sorted()
        .iter()
        .map(|agent| AgentItem {
            name: agent.name.clone(),
            description: agent.description.clone(),
            labels: agent.labels.clone(),
        })
        .collect();
    let targets = snapshot
        .targets
        .sorted()
        .iter()
        .map(|target| TargetItem {
            name: target.name.clone(),
            connector: target.connector.clone(),
            config: target.config.clone(),
            allow_private_network: target.allow_private_network,
            limits: target.limits,
            risk_threshold: target.risk_threshold,
            labels: target.labels.clone(),
            profiles: snapshot
                .targets
                .profiles_of(target.id)
                .iter()
                .map(|profile| ProfileItem {
                    name: profile.name.clone(),
                    limits: profile.limits.clone(),
                    credential: snapshot
                        .targets
                        .credential_of(profile.id)
                        .map(|credential| CredentialItem {
                            kind: credential.kind,
                            shown_as: Some(credential.shown_as.clone()),
                            fields: BTreeMap::new(),
                        }),
                })
                .collect(),
        })
        .collect();
    let mut grants: Vec<GrantItem> = snapshot
        .lists
        .grants
        .iter()
        .filter_map(|grant| {
            Some(GrantItem {
                agent: snapshot.agents.get(grant.agent)?.name.clone(),
                target: snapshot.targets.get(grant.target)?.name.clone(),
                profile: snapshot.targets.profile(grant.profile)?.name.to_string(),
                action: grant.action.clone(),
                verdict: grant.verdict,
                expires_at: grant.expires_at,
                labels: grant.labels.clone(),
            })
        })
        .collect();
    grants.sort_by_cached_key(|grant| (grant.key(), grant.expires_at));
    let rules = snapshot
        .lists
        .rules
        .iter()
        .map(|rule| RuleItem {
            name: rule.name.clone(),
            kind: rule.kind,
            priority: rule.priority,
            matcher: rule.matcher.clone(),
            verdict: rule.verdict,
            reason: rule.reason.clone(),
            labels: rule.labels.clone(),
        })
        .collect();
    ConfigDocument {
        agents,
        targets,
        grants,
        rules,
        settings: Some(Settings::clone(&snapshot.settings)),
    }
}

mod plan;
#[cfg(test)]
mod tests;

pub use plan::plan;
