//! What operators set for the whole gateway.

use std::sync::Arc;

use countersign_domain::Permission;
use countersign_store::settings;
use serde::{Deserialize, Serialize};

use crate::{
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    scan::{ScanChange, ScanSettings},
    snapshot::Nouns,
    webhooks::require_owner_for_private,
};

/// The row that the settings are kept in.
pub(crate) const SETTINGS_NAME: &str = "gate";

/// Who may decide on what they asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeparationOfDuties {
    /// An operator may approve what they asked for on an agent's behalf, where one vote is enough.
    #[default]
    Loose,
    /// Never.
    Strict,
}

/// How operators sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignInSettings {
    /// By sign-in token.
    pub token: bool,
    /// By name and password.
    pub password: bool,
    /// Failures in a row after which more failures are refused.
    pub attempts: u32,
    /// For how long, in seconds.
    pub lockout_seconds: u64,
}

impl Default for SignInSettings {
    fn default() -> Self {
        Self {
            token: true,
            password: true,
            attempts: 5,
            lockout_seconds: 300,
        }
    }
}

/// What may wait for a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalSettings {
    /// How many requests of one agent may wait at once.
    pub pending_per_agent: u32,
}

impl Default for ApprovalSettings {
    fn default() -> Self {
        Self {
            pending_per_agent: 1_000,
        }
    }
}

/// A change of [`ApprovalSettings`]: what is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalSettingsChange {
    /// How many requests of one agent may wait at once.
    pub pending_per_agent: Option<u32>,
}

/// Where webhooks may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Whether loopback and private addresses are open for them; cloud metadata never is. Only an owner may say so.
    pub allow_private_networks: bool,
}

/// How decision links are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkSettings {
    /// How long a link can be used, in seconds.
    pub lifetime_seconds: u64,
    /// Whether opening a link at the path of AgentGate's clients decides at once, as there. Mail scanners open links, too.
    pub decide_on_get: bool,
    /// Where links lead: `https://gate.example.com`. Without it to where the call that makes them came in.
    pub base_url: Option<String>,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            lifetime_seconds: 86_400,
            decide_on_get: false,
            base_url: None,
        }
    }
}

/// A change of [`LinkSettings`]: what is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkSettingsChange {
    /// How long a link can be used, in seconds.
    pub lifetime_seconds: Option<u64>,
    /// Whether opening a link at the path of AgentGate's clients decides at once. Only an owner may turn it on.
    pub decide_on_get: Option<bool>,
    /// Where links lead. Only an owner may say so; `null` forgets it.
    #[serde(
        deserialize_with = "crate::patch::nullable",
        skip_serializing_if = "Option::is_none"
    )]
    pub base_url: Option<Option<String>>,
}

impl LinkSettings {
    fn with(&self, change: &LinkSettingsChange) -> Self {
        Self {
            lifetime_seconds: change.lifetime_seconds.unwrap_or(self.lifetime_seconds),
            decide_on_get: change.decide_on_get.unwrap_or(self.decide_on_get),
            base_url: change
                .base_url
                .clone()
                .unwrap_or_else(|| self.base_url.clone()),
        }
    }
}

/// What operators set for the whole gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Who may decide on what they asked for.
    pub separation_of_duties: SeparationOfDuties,
    /// How long a request waits for a human, in seconds.
    pub approval_deadline_seconds: u64,
    /// How long an approved request can be carried out, in seconds.
    pub execute_ttl_seconds: u64,
    /// How operators sign in.
    pub sign_in: SignInSettings,
    /// How long a session lasts, in hours.
    pub session_hours: u32,
    /// How long bodies are kept as evidence, in days; `None` keeps them.
    pub evidence_retention_days: Option<u32>,
    /// How much of a body is kept as evidence, in bytes.
    pub evidence_body_bytes: u64,
    /// How text is looked at for threats and secrets.
    pub scan: ScanSettings,
    /// What may wait for a human.
    pub approvals: ApprovalSettings,
    /// Where webhooks may go.
    pub webhooks: WebhookSettings,
    /// How decision links are.
    pub links: LinkSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            separation_of_duties: SeparationOfDuties::default(),
            approval_deadline_seconds: 86_400,
            execute_ttl_seconds: 3_600,
            sign_in: SignInSettings::default(),
            session_hours: 12,
            evidence_retention_days: None,
            evidence_body_bytes: 65_536,
            scan: ScanSettings::default(),
            approvals: ApprovalSettings::default(),
            webhooks: WebhookSettings::default(),
            links: LinkSettings::default(),
        }
    }
}

/// A change of [`SignInSettings`]: what is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignInChange {
    /// By sign-in token.
    pub token: Option<bool>,
    /// By name and password.
    pub password: Option<bool>,
    /// Failures in a row after which more failures are refused.
    pub attempts: Option<u32>,
    /// For how long, in seconds.
    pub lockout_seconds: Option<u64>,
}

/// A change of [`WebhookSettings`]: what is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettingsChange {
    /// Whether loopback and private addresses are open for them.
    pub allow_private_networks: Option<bool>,
}

/// A change of [`Settings`]: what is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsChange {
    /// Who may decide on what they asked for.
    pub separation_of_duties: Option<SeparationOfDuties>,
    /// How long a request waits for a human, in seconds.
    pub approval_deadline_seconds: Option<u64>,
    /// How long an approved request can be carried out, in seconds.
    pub execute_ttl_seconds: Option<u64>,
    /// How operators sign in.
    pub sign_in: Option<SignInChange>,
    /// How long a session lasts, in hours.
    pub session_hours: Option<u32>,
    /// How long bodies are kept as evidence, in days; `null` keeps them.
    #[serde(
        deserialize_with = "crate::patch::nullable",
        skip_serializing_if = "Option::is_none"
    )]
    pub evidence_retention_days: Option<Option<u32>>,
    /// How much of a body is kept as evidence, in bytes.
    pub evidence_body_bytes: Option<u64>,
    /// How text is looked at for threats and secrets.
    pub scan: Option<ScanChange>,
    /// What may wait for a human.
    pub approvals: Option<ApprovalSettingsChange>,
    /// Where webhooks may go.
    pub webhooks: Option<WebhookSettingsChange>,
    /// How decision links are.
    pub links: Option<LinkSettingsChange>,
}

impl Settings {
    fn with(&self, change: &SettingsChange) -> Self {
        let sign_in = change.sign_in.unwrap_or_default();
        Self {
            separation_of_duties: change
                .separation_of_duties
                .unwrap_or(self.separation_of_duties),
            approval_deadline_seconds: change
                .approval_deadline_seconds
                .unwrap_or(self.approval_deadline_seconds),
            execute_ttl_seconds: change
                .execute_ttl_seconds
                .unwrap_or(self.execute_ttl_seconds),
            sign_in: SignInSettings {
                token: sign_in.token.unwrap_or(self.sign_in.token),
                password: sign_in.password.unwrap_or(self.sign_in.password),
                attempts: sign_in.attempts.unwrap_or(self.sign_in.attempts),
                lockout_seconds: sign_in
                    .lockout_seconds
                    .unwrap_or(self.sign_in.lockout_seconds),
            },
            session_hours: change.session_hours.unwrap_or(self.session_hours),
            evidence_retention_days: change
                .evidence_retention_days
                .unwrap_or(self.evidence_retention_days),
            evidence_body_bytes: change
                .evidence_body_bytes
                .unwrap_or(self.evidence_body_bytes),
            scan: self.scan.with(&change.scan.unwrap_or_default()),
            approvals: ApprovalSettings {
                pending_per_agent: change
                    .approvals
                    .and_then(|approvals| approvals.pending_per_agent)
                    .unwrap_or(self.approvals.pending_per_agent),
            },
            webhooks: WebhookSettings {
                allow_private_networks: change
                    .webhooks
                    .and_then(|webhooks| webhooks.allow_private_networks)
                    .unwrap_or(self.webhooks.allow_private_networks),
            },
            links: self.links.with(&change.links.clone().unwrap_or_default()),
        }
    }

    fn check(&self) -> Result<()> {
        const YEAR: u64 = 366 * 86_400;
        let within = |field: &'static str, value: u64, low: u64, high: u64| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Error::invalid(
                field,
                format!("{field} must be between {low} and {high}"),
            ))
        };
        within(
            "approval_deadline_seconds",
            self.approval_deadline_seconds,
            10,
            YEAR,
        )?;
        within("execute_ttl_seconds", self.execute_ttl_seconds, 1, YEAR)?;
        within("sign_in.attempts", u64::from(self.sign_in.attempts), 1, 100)?;
        within(
            "sign_in.lockout_seconds",
            self.sign_in.lockout_seconds,
            1,
            86_400,
        )?;
        within("session_hours", u64::from(self.session_hours), 1, 24 * 31)?;
        within("evidence_body_bytes", self.evidence_body_bytes, 0, 64 << 20)?;
        if let Some(days) = self.evidence_retention_days {
            within("evidence_retention_days", u64::from(days), 1, 36_600)?;
        }
        within(
            "approvals.pending_per_agent",
            u64::from(self.approvals.pending_per_agent),
            1,
            10_000_000,
        )?;
        within(
            "links.lifetime_seconds",
            self.links.lifetime_seconds,
            crate::links::LEAST_SECONDS,
            crate::links::MOST_SECONDS,
        )?;
        if let Some(url) = &self.links.base_url {
            crate::links::check_base_url(url)?;
        }
        self.scan.check()?;
        if !self.sign_in.token && !self.sign_in.password {
            return Err(Error::invalid(
                "sign_in",
                "one way to sign in must stay on: nobody could get in any more",
            ));
        }
        Ok(())
    }
}

impl Gate {
    /// The settings.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn settings(&self, cx: &OpCx) -> Result<Settings> {
        cx.require(Permission::ConfigRead)?;
        Ok(Settings::clone(&self.snapshot().settings))
    }

    /// Changes what is given of the settings.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input` naming the setting, `no_password_owner` when nobody could sign in any more.
    pub async fn update_settings(&self, cx: &OpCx, change: SettingsChange) -> Result<Settings> {
        cx.require(Permission::ConfigWrite)?;
        let opens = |webhooks: WebhookSettingsChange| webhooks.allow_private_networks == Some(true);
        if change.webhooks.is_some_and(opens) {
            require_owner_for_private(cx)?;
        }
        if let Some(links) = &change.links {
            crate::links::require_owner(cx, links)?;
        }
        let entry = self.config_entry(cx, "config.settings.updated", "settings".to_owned());
        let scanner = Arc::clone(&self.inner.scanner);
        self.change(cx, Nouns::SETTINGS, move |tx| {
            let current = match settings::get(tx, SETTINGS_NAME)? {
                Some(json) => serde_json::from_str(&json).map_err(Error::internal)?,
                None => Settings::default(),
            };
            let next = current.with(&change);
            next.check()?;
            if change.scan.is_some() {
                next.scan.check_order(&scanner)?;
            }
            let owner_has_password =
                countersign_store::operators::all(tx)?
                    .iter()
                    .any(|operator| {
                        operator.disabled_at.is_none()
                            && operator.role == countersign_domain::Role::Owner
                            && operator.password_hash.is_some()
                    });
            if !next.sign_in.token && !owner_has_password {
                let text =
                    "no owner has a password, so nobody could sign in any more: set one first";
                return Err(Error::new(ErrorKind::Conflict, "no_password_owner", text));
            }
            settings::put(
                tx,
                SETTINGS_NAME,
                &serde_json::to_string(&next).map_err(Error::internal)?,
            )?;
            tx.append_entry(entry.clone())?;
            Ok(next)
        })
        .await
    }
}
