//! Grants: giving and taking.

use std::sync::Arc;

use countersign_domain::{
    ActionPattern, DEFAULT_PROFILE, Grant, GrantId, GrantVerdict, Labels, Name, Permission,
};
use countersign_store::{agents, grants, profiles, targets};
use serde::{Deserialize, Serialize};

use crate::{
    checks,
    connector::CALLER,
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    snapshot::Nouns,
};

/// A grant to give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantDraft {
    /// Who, by name or id.
    pub agent: String,
    /// On what, by name or id.
    pub target: String,
    /// With which credential and limits; the target's default where it is left out.
    #[serde(default)]
    pub profile: Option<Name>,
    /// Which actions.
    pub action: ActionPattern,
    /// What answers.
    pub verdict: GrantVerdict,
    /// For how long.
    #[serde(default)]
    pub expires_in_seconds: Option<u64>,
    /// Marks.
    #[serde(default)]
    pub labels: Labels,
}

/// Which grants a list shows; everything where nothing is given. By name or id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GrantFilter {
    /// Of one agent.
    pub agent: Option<String>,
    /// On one target.
    pub target: Option<String>,
}

impl Gate {
    /// Gives a grant.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input` naming the field, `already_exists` for one that says the same.
    pub async fn add_grant(&self, cx: &OpCx, draft: GrantDraft) -> Result<Arc<Grant>> {
        cx.require(Permission::ConfigWrite)?;
        checks::labels(&draft.labels)?;
        let mut snapshot = self.fresh_snapshot()?;
        // The target of approval-only actions has nothing to configure: it is there when it is needed.
        if draft.target == CALLER && snapshot.targets.find(CALLER).is_none() && self.has_caller() {
            self.caller_target(cx).await?;
            snapshot = self.fresh_snapshot()?;
        }
        let agent = snapshot
            .agents
            .find(&draft.agent)
            .ok_or_else(|| Error::invalid("agent", "there is no such agent"))?;
        let target = snapshot
            .targets
            .find(&draft.target)
            .ok_or_else(|| Error::invalid("target", "there is no such target"))?;
        check_matches(&target.connector, &draft.action)?;
        let profile = snapshot
            .targets
            .profile_named(
                target.id,
                draft.profile.as_ref().map_or(DEFAULT_PROFILE, Name::as_str),
            )
            .ok_or_else(|| Error::invalid("profile", "the target has no such profile"))?;
        let grant = Arc::new(Grant {
            id: GrantId::new(self.inner.clock.uuid()),
            agent: agent.id,
            target: target.id,
            profile: profile.id,
            action: draft.action,
            verdict: draft.verdict,
            expires_at: checks::expiry(cx.now, draft.expires_in_seconds)?,
            labels: draft.labels,
            created_at: cx.now,
        });
        let text = format!(
            "grant:{} {} on {}/{}: {}",
            grant.id, agent.name, target.name, profile.name, grant.action
        );
        let mut entry = self.config_entry(cx, "config.grant.created", text);
        entry.outcome = Some(grant.verdict.as_str().to_owned());
        let (added, now) = (Arc::clone(&grant), cx.now);
        self.change(cx, Nouns::POLICY, move |tx| {
            // Any of them may have gone since the snapshot.
            if agents::by_id(tx, added.agent)?.is_none() {
                return Err(Error::invalid("agent", "there is no such agent"));
            }
            if targets::by_id(tx, added.target)?.is_none()
                || profiles::by_id(tx, added.profile)?.is_none()
            {
                return Err(Error::invalid("target", "there is no such target"));
            }
            let says_the_same = |other: &Grant| {
                (other.agent, other.profile, &other.action, other.verdict)
                    == (added.agent, added.profile, &added.action, added.verdict)
                    && other.expires_at.is_none_or(|expiry| now < expiry)
                    && added.expires_at == other.expires_at
            };
            if let Some(same) = grants::all(tx)?.iter().find(|other| says_the_same(other)) {
                let text = format!("grant {} says the same already", same.id);
                return Err(Error::new(ErrorKind::Conflict, "already_exists", text));
            }
            grants::insert(tx, &added)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(grant)
    }

    /// The grants that fit a filter, oldest first, expired ones included.
    ///
    /// # Errors
    /// `forbidden`, `not_found` for a filter that names nothing.
    pub fn grants(&self, cx: &OpCx, filter: &GrantFilter) -> Result<Vec<Arc<Grant>>> {
        cx.require(Permission::ConfigRead)?;
        let snapshot = self.snapshot();
        let agent = filter
            .agent
            .as_deref()
            .map(|name| {
                snapshot
                    .agents
                    .find(name)
                    .ok_or_else(|| Error::not_found("agent"))
            })
            .transpose()?;
        let target = filter
            .target
            .as_deref()
            .map(|name| {
                snapshot
                    .targets
                    .find(name)
                    .ok_or_else(|| Error::not_found("target"))
            })
            .transpose()?;
        let fits = |grant: &&Arc<Grant>| {
            agent.as_ref().is_none_or(|agent| agent.id == grant.agent)
                && target
                    .as_ref()
                    .is_none_or(|target| target.id == grant.target)
        };
        Ok(snapshot
            .lists
            .grants
            .iter()
            .filter(fits)
            .map(Arc::clone)
            .collect())
    }

    /// One grant, by id.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub fn grant(&self, cx: &OpCx, id: &str) -> Result<Arc<Grant>> {
        cx.require(Permission::ConfigRead)?;
        self.find_grant(id)
    }

    fn find_grant(&self, id: &str) -> Result<Arc<Grant>> {
        let wanted = id
            .parse::<GrantId>()
            .map_err(|_| Error::not_found("grant"))?;
        self.snapshot()
            .lists
            .grants
            .iter()
            .find(|grant| grant.id == wanted)
            .map(Arc::clone)
            .ok_or_else(|| Error::not_found("grant"))
    }

    /// Takes a grant back.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn remove_grant(&self, cx: &OpCx, id: &str) -> Result<()> {
        cx.require(Permission::ConfigWrite)?;
        let grant = self.find_grant(id)?;
        let snapshot = self.snapshot();
        let named = |name: Option<String>| name.unwrap_or_default();
        let agent = named(
            snapshot
                .agents
                .get(grant.agent)
                .map(|agent| agent.name.to_string()),
        );
        let target = named(
            snapshot
                .targets
                .get(grant.target)
                .map(|target| target.name.to_string()),
        );
        drop(snapshot);
        let entry = self.config_entry(
            cx,
            "config.grant.removed",
            format!("grant:{} {agent} on {target}: {}", grant.id, grant.action),
        );
        let id = grant.id;
        self.change(cx, Nouns::POLICY, move |tx| {
            if !grants::remove(tx, id)? {
                return Err(Error::not_found("grant"));
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await
    }
}

/// Refuses a pattern that no action of an `http` target can match: these have a method and a path.
fn check_matches(connector: &str, action: &ActionPattern) -> Result<()> {
    let text = action.as_str();
    if connector != "http" || text.contains(' ') || text == ActionPattern::EVERYTHING {
        return Ok(());
    }
    // A method that was meant as "every path" is the usual mistake.
    let meant = if text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        format!("`{text} /**` for every path")
    } else {
        "`GET /charges/*`, or `**` for everything".to_owned()
    };
    Err(Error::invalid(
        "action",
        format!("`{text}` matches no action of an http target: write METHOD /path, as in {meant}"),
    ))
}
