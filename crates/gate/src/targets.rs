//! Targets and their profiles.

use std::{sync::Arc, time::Duration};

use countersign_domain::{
    DEFAULT_PROFILE, KillScope, Labels, Name, Permission, Profile, ProfileId, Role, Target,
    TargetId, TargetLimits,
};
use countersign_store::{credentials, grants, profiles, targets};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    checks,
    context::{OpCx, Principal},
    error::{Error, ErrorKind, Result},
    gate::Gate,
    snapshot::Nouns,
};

/// How long a test of a target may take.
const PROBE_DEADLINE: Duration = Duration::from_secs(30);

/// A target to add.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTarget {
    /// Its name, unique.
    pub name: Name,
    /// The connector that speaks to it.
    pub connector: String,
    /// What the connector needs to reach it, by the connector's schema; never a secret.
    pub config: Value,
    /// Whether loopback and private addresses are open for it. Only an owner may say so.
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
}

/// A change of a target: what is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetChange {
    /// The connector that speaks to it.
    pub connector: Option<String>,
    /// What the connector needs to reach it.
    pub config: Option<Value>,
    /// Whether loopback and private addresses are open for it. Only an owner may say so.
    pub allow_private_network: Option<bool>,
    /// Bounds of one call, all of them.
    pub limits: Option<TargetLimits>,
    /// At or over this risk a human is asked; `null` is never.
    #[serde(
        deserialize_with = "crate::patch::nullable",
        skip_serializing_if = "Option::is_none"
    )]
    pub risk_threshold: Option<Option<f64>>,
    /// Marks, all of them.
    pub labels: Option<Labels>,
    /// How often the target had changed as the change was made up for; another number refuses it.
    pub expected_revision: Option<u64>,
}

/// What trying to reach a target gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetTest {
    /// Whether it was reached.
    pub ok: bool,
    /// What was found, for people.
    pub detail: String,
}

/// A profile to add.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileDraft {
    /// Its name, unique within the target.
    pub name: Name,
    /// Connector-specific bounds.
    #[serde(default = "no_limits")]
    pub limits: Value,
}

fn no_limits() -> Value {
    Value::Object(serde_json::Map::new())
}

fn no_target() -> Error {
    Error::not_found("target")
}

fn no_profile() -> Error {
    Error::not_found("profile")
}

pub(crate) fn subject(target: &Target) -> String {
    format!("target:{} {}", target.id, target.name)
}

/// Opening the private network for a target takes an owner: it is the one setting that lets agents near the gateway's own network.
fn require_owner(cx: &OpCx) -> Result<()> {
    match &cx.principal {
        Principal::System => Ok(()),
        Principal::Operator { operator, .. } if operator.role == Role::Owner => Ok(()),
        _ => Err(Error {
            field: Some("allow_private_network".into()),
            ..Error::forbidden(
                "only an owner may open private addresses for a target (`allow_private_network`): ask one, or leave it off",
            )
        }),
    }
}

fn check_limits(limits: &TargetLimits) -> Result<()> {
    let within = |field: &'static str, value: u64, low: u64, high: u64| {
        if (low..=high).contains(&value) {
            return Ok(());
        }
        Err(Error::invalid(
            format!("limits.{field}"),
            format!("{field} must be between {low} and {high}"),
        ))
    };
    within("request_bytes", limits.request_bytes, 0, 1 << 30)?;
    within("response_bytes", limits.response_bytes, 1, 1 << 40)?;
    within(
        "kept_response_bytes",
        limits.kept_response_bytes,
        1,
        1 << 30,
    )?;
    within(
        "header_bytes",
        u64::from(limits.header_bytes),
        1 << 10,
        1 << 20,
    )?;
    within("first_byte_millis", limits.first_byte_millis, 1, 3_600_000)?;
    within("total_millis", limits.total_millis, 1, 24 * 3_600_000)
}

fn check_threshold(threshold: Option<f64>) -> Result<()> {
    if threshold.is_none_or(|threshold| (0.0..=1.0).contains(&threshold)) {
        return Ok(());
    }
    Err(Error::invalid(
        "risk_threshold",
        "must be a number between 0 and 1; leave it out for no threshold",
    ))
}

impl Gate {
    /// Adds a target with its first profile, `default`.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input` naming the field, `name_taken`.
    pub async fn add_target(&self, cx: &OpCx, draft: NewTarget) -> Result<Arc<Target>> {
        cx.require(Permission::ConfigWrite)?;
        if draft.allow_private_network {
            require_owner(cx)?;
        }
        let NewTarget {
            name,
            connector,
            config,
            allow_private_network,
            limits,
            risk_threshold,
            labels,
        } = draft;
        checks::name("name", &name)?;
        checks::labels(&labels)?;
        check_limits(&limits)?;
        check_threshold(risk_threshold)?;
        checks::document("config", &config)?;
        let config = self
            .inner
            .connectors
            .get(&connector)?
            .check_target(&config, allow_private_network)?;
        let target = Arc::new(Target {
            id: TargetId::new(self.inner.clock.uuid()),
            name,
            connector,
            config,
            allow_private_network,
            limits,
            risk_threshold,
            labels,
            revision: 1,
            changes: 1,
            created_at: cx.now,
        });
        let name = DEFAULT_PROFILE.parse().map_err(Error::internal)?;
        let profile = Profile {
            id: ProfileId::new(self.inner.clock.uuid()),
            target: target.id,
            name,
            limits: no_limits(),
            revision: 1,
        };
        let entry = self.config_entry(cx, "config.target.created", subject(&target));
        let added = Arc::clone(&target);
        self.change(cx, Nouns::TARGETS, move |tx| {
            if targets::name_is_taken(tx, added.name.as_str())? {
                return Err(checks::name_taken("a target", &added.name));
            }
            targets::insert(tx, &added)?;
            profiles::insert(tx, &profile)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(target)
    }

    /// Every target, by name.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn targets(&self, cx: &OpCx) -> Result<Vec<Arc<Target>>> {
        cx.require(Permission::ConfigRead)?;
        Ok(self.snapshot().targets.sorted())
    }

    /// One target, by name or id.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub fn target(&self, cx: &OpCx, id_or_name: &str) -> Result<Arc<Target>> {
        cx.require(Permission::ConfigRead)?;
        self.snapshot()
            .targets
            .find(id_or_name)
            .ok_or_else(no_target)
    }

    /// Changes what is given of a target. Where it changes what an approver saw, what was approved becomes stale.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_input` naming the field, `changed_meanwhile`.
    pub async fn update_target(
        &self,
        cx: &OpCx,
        id_or_name: &str,
        change: TargetChange,
    ) -> Result<Arc<Target>> {
        cx.require(Permission::ConfigWrite)?;
        let target = self
            .snapshot()
            .targets
            .find(id_or_name)
            .ok_or_else(no_target)?;
        if change.allow_private_network == Some(true) {
            require_owner(cx)?;
        }
        if let Some(labels) = &change.labels {
            checks::labels(labels)?;
        }
        if let Some(limits) = &change.limits {
            check_limits(limits)?;
        }
        if let Some(threshold) = change.risk_threshold {
            check_threshold(threshold)?;
        }
        if let Some(config) = &change.config {
            checks::document("config", config)?;
        }
        let entry = self.config_entry(cx, "config.target.updated", subject(&target));
        let gate = self.clone();
        let id = target.id;
        self.change(cx, Nouns::TARGETS, move |tx| {
            let old = targets::by_id(tx, id)?.ok_or_else(no_target)?;
            checks::unchanged("the target", change.expected_revision, old.changes)?;
            let mut new = old.clone();
            new.changes += 1;
            if let Some(connector) = &change.connector {
                new.connector.clone_from(connector);
            }
            if let Some(config) = &change.config {
                new.config.clone_from(config);
            }
            new.allow_private_network = change
                .allow_private_network
                .unwrap_or(old.allow_private_network);
            new.limits = change.limits.unwrap_or(old.limits);
            new.risk_threshold = change.risk_threshold.unwrap_or(old.risk_threshold);
            if let Some(labels) = &change.labels {
                new.labels.clone_from(labels);
            }
            let reached = |target: &Target| {
                (
                    target.connector.clone(),
                    target.config.clone(),
                    target.allow_private_network,
                )
            };
            if reached(&new) != reached(&old) {
                new.config = gate
                    .inner
                    .connectors
                    .get(&new.connector)?
                    .check_target(&new.config, new.allow_private_network)?;
            }
            if reached(&new) != reached(&old) {
                new.revision = old.revision + 1;
            }
            targets::update(tx, &new)?;
            tx.append_entry(entry.clone())?;
            Ok(Arc::new(new))
        })
        .await
    }

    /// Removes a target with its credentials and grants, stops what runs on it and takes back what was asked for on it.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn remove_target(&self, cx: &OpCx, id_or_name: &str) -> Result<()> {
        cx.require(Permission::ConfigWrite)?;
        let target = self
            .snapshot()
            .targets
            .find(id_or_name)
            .ok_or_else(no_target)?;
        let (id, now) = (target.id, cx.now);
        let entry = self.config_entry(cx, "config.target.removed", subject(&target));
        self.change(cx, Nouns::TARGETS.and(Nouns::POLICY), move |tx| {
            if !targets::remove(tx, id, now)? {
                return Err(no_target());
            }
            credentials::remove_of_target(tx, id)?;
            grants::remove_of_target(tx, id)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        self.stop_running(KillScope::Target(id));
        self.sweep_killed(KillScope::Target(id)).await
    }

    /// Tries to reach a target, without an action and without its credential.
    ///
    /// # Errors
    /// `forbidden`, `not_found`. What the target answers is no error of the test.
    pub async fn test_target(&self, cx: &OpCx, id_or_name: &str) -> Result<TargetTest> {
        cx.require(Permission::ConfigRead)?;
        let target = self
            .snapshot()
            .targets
            .find(id_or_name)
            .ok_or_else(no_target)?;
        let connector = Arc::clone(self.inner.connectors.get(&target.connector)?);
        let (ok, detail) =
            match tokio::time::timeout(PROBE_DEADLINE, connector.probe(&target)).await {
                Ok(Ok(detail)) => (true, detail),
                Ok(Err(error)) => (false, error.to_string()),
                Err(_) => (
                    false,
                    format!("no answer within {} seconds", PROBE_DEADLINE.as_secs()),
                ),
            };
        Ok(TargetTest { ok, detail })
    }

    /// A target's profiles, by name.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub fn profiles(&self, cx: &OpCx, target: &str) -> Result<Vec<Arc<Profile>>> {
        cx.require(Permission::ConfigRead)?;
        let snapshot = self.snapshot();
        let target = snapshot.targets.find(target).ok_or_else(no_target)?;
        Ok(snapshot.targets.profiles_of(target.id))
    }

    /// Adds a profile to a target.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_input`, `name_taken`.
    pub async fn add_profile(
        &self,
        cx: &OpCx,
        target: &str,
        draft: ProfileDraft,
    ) -> Result<Arc<Profile>> {
        cx.require(Permission::ConfigWrite)?;
        checks::name("name", &draft.name)?;
        checks::document("limits", &draft.limits)?;
        if !draft.limits.is_object() {
            return Err(Error::invalid("limits", "must be an object"));
        }
        let target = self.snapshot().targets.find(target).ok_or_else(no_target)?;
        let ProfileDraft { name, limits } = draft;
        let profile = Arc::new(Profile {
            id: ProfileId::new(self.inner.clock.uuid()),
            target: target.id,
            name,
            limits,
            revision: 1,
        });
        let text = format!("profile:{} {}/{}", profile.id, target.name, profile.name);
        let entry = self.config_entry(cx, "config.profile.created", text);
        let added = Arc::clone(&profile);
        self.change(cx, Nouns::TARGETS, move |tx| {
            if targets::by_id(tx, added.target)?.is_none() {
                return Err(no_target());
            }
            if profiles::name_is_taken(tx, added.target, added.name.as_str())? {
                return Err(checks::name_taken("a profile", &added.name));
            }
            profiles::insert(tx, &added)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(profile)
    }

    /// Removes a profile with its credential and grants. The default profile stays as long as its target.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `default_profile`.
    pub async fn remove_profile(&self, cx: &OpCx, target: &str, name: &Name) -> Result<()> {
        cx.require(Permission::ConfigWrite)?;
        let snapshot = self.snapshot().clone();
        let target = snapshot.targets.find(target).ok_or_else(no_target)?;
        let profile = snapshot
            .targets
            .profile_named(target.id, name.as_str())
            .ok_or_else(no_profile)?;
        if profile.name.as_str() == DEFAULT_PROFILE {
            let text = "the default profile goes with its target: remove the target instead";
            return Err(Error::new(ErrorKind::Conflict, "default_profile", text));
        }
        let text = format!("profile:{} {}/{}", profile.id, target.name, profile.name);
        let entry = self.config_entry(cx, "config.profile.removed", text);
        let id = profile.id;
        self.change(cx, Nouns::TARGETS.and(Nouns::POLICY), move |tx| {
            credentials::remove(tx, id)?;
            grants::remove_of_profile(tx, id)?;
            if !profiles::remove(tx, id)? {
                return Err(no_profile());
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await
    }
}
