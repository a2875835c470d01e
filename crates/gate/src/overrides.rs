//! Overrides: what one agent may not do for a while, or not without being asked about.

use std::sync::Arc;

use countersign_domain::{Glob, Override, OverrideId, Permission, Verdict};
use countersign_store::overrides;

use crate::{
    checks,
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    snapshot::Nouns,
};

/// The longest pattern of an override, in characters.
pub const OVERRIDE_PATTERN_LIMIT_CHARACTERS: usize = 256;

/// The longest name of the agent of an override, in characters.
const AGENT_LIMIT_CHARACTERS: usize = 128;

/// The most overrides at one time: every decision looks at all of them.
const OVERRIDE_LIMIT: usize = 1_000;

/// An override to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideDraft {
    /// The agent's name or id, which need not exist; `*` for every agent.
    pub agent: String,
    /// Which actions, by their whole name; `*` stands for anything.
    pub action: String,
    /// Whether it is denied, or a human is asked.
    pub is_denied: bool,
    /// Why.
    pub reason: String,
    /// For how long; without an end where it is not given.
    pub expires_in_seconds: Option<u64>,
}

impl Gate {
    /// Makes an override. Of two that cover the same action the stricter counts.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input`, `too_many_overrides`.
    pub async fn add_override(&self, cx: &OpCx, draft: OverrideDraft) -> Result<Arc<Override>> {
        cx.require(Permission::OverrideManage)?;
        checks::text("reason", &draft.reason)?;
        checks::text("agent", &draft.agent)?;
        if draft.agent.is_empty() || draft.agent.chars().count() > AGENT_LIMIT_CHARACTERS {
            let text =
                format!("an agent's name or id has 1 to {AGENT_LIMIT_CHARACTERS} characters");
            return Err(Error::invalid("agent", text));
        }
        if draft.action.chars().count() > OVERRIDE_PATTERN_LIMIT_CHARACTERS {
            let text = format!("a pattern has 1 to {OVERRIDE_PATTERN_LIMIT_CHARACTERS} characters");
            return Err(Error::invalid("action", text));
        }
        let action = Glob::new(&draft.action)
            .map_err(|error| Error::invalid("action", error.to_string()))?;
        let one = Arc::new(Override {
            id: OverrideId::new(self.inner.clock.uuid()),
            agent: draft.agent,
            action,
            verdict: if draft.is_denied {
                Verdict::Deny
            } else {
                Verdict::Ask
            },
            reason: draft.reason,
            created_at: cx.now,
            expires_at: checks::expiry(cx.now, draft.expires_in_seconds)?,
        });
        let text = format!(
            "override:{} {} on {}",
            one.id,
            one.agent,
            one.action.as_str()
        );
        let mut entry = self.config_entry(cx, "config.override.created", text);
        entry.outcome = Some(one.verdict.as_str().to_owned());
        let added = Arc::clone(&one);
        self.change(cx, Nouns::POLICY, move |tx| {
            if overrides::live(tx, added.created_at)?.len() >= OVERRIDE_LIMIT {
                let text = format!("there are {OVERRIDE_LIMIT} overrides: remove some first");
                return Err(Error::new(ErrorKind::Conflict, "too_many_overrides", text));
            }
            overrides::insert(tx, &added)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(one)
    }

    /// The overrides that count now, oldest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn overrides(&self, cx: &OpCx) -> Result<Vec<Arc<Override>>> {
        cx.require(Permission::OverrideManage)?;
        let snapshot = self.snapshot();
        let live = snapshot.lists.overrides.iter();
        Ok(live
            .filter(|one| one.is_live(cx.now))
            .map(Arc::clone)
            .collect())
    }

    /// Removes an override.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn remove_override(&self, cx: &OpCx, id: OverrideId) -> Result<()> {
        cx.require(Permission::OverrideManage)?;
        let missing = || Error::not_found("override");
        let snapshot = self.snapshot();
        let one = snapshot.lists.overrides.iter().find(|one| one.id == id);
        let one = one.map(Arc::clone).ok_or_else(missing)?;
        drop(snapshot);
        let text = format!("override:{id} {} on {}", one.agent, one.action.as_str());
        let entry = self.config_entry(cx, "config.override.removed", text);
        self.change(cx, Nouns::POLICY, move |tx| {
            if !overrides::remove(tx, id)? {
                return Err(missing());
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await
    }
}
