//! The kill switch: pulling and releasing.
//!
//! The switch is on disk and in the snapshot before what runs is stopped: nothing can start in between.

use countersign_domain::{AgentId, Kill, KillScope, Permission, TargetId};
use countersign_store::kills;
use serde::{Deserialize, Serialize};

use crate::{
    checks,
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    snapshot::Nouns,
};

/// What kind of thing is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillWord {
    /// Everything.
    All,
    /// One agent.
    Agent,
    /// Everything on one target.
    Target,
}

/// What to stop or release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KillTarget {
    /// What kind of thing.
    pub scope: KillWord,
    /// Which, by name or id; not with `all`.
    #[serde(default)]
    pub name: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

impl Gate {
    fn kill_scope(&self, target: &KillTarget) -> Result<(KillScope, String)> {
        let snapshot = self.snapshot();
        match (target.scope, target.name.as_deref()) {
            (KillWord::All, None) => Ok((KillScope::All, "all".to_owned())),
            (KillWord::All, Some(_)) => {
                Err(Error::invalid("name", "`all` takes no name: leave it out"))
            }
            (KillWord::Agent, Some(name)) => {
                let agent = snapshot
                    .agents
                    .find(name)
                    .map(|agent| (agent.id, agent.name.to_string()));
                // A switch whose agent was removed can still be released by its id.
                let (id, name) = agent
                    .or_else(|| removed::<AgentId>(name))
                    .ok_or_else(|| Error::not_found("agent"))?;
                Ok((KillScope::Agent(id), format!("agent:{id} {name}")))
            }
            (KillWord::Target, Some(name)) => {
                let target = snapshot
                    .targets
                    .find(name)
                    .map(|target| (target.id, target.name.to_string()));
                let (id, name) = target
                    .or_else(|| removed::<TargetId>(name))
                    .ok_or_else(|| Error::not_found("target"))?;
                Ok((KillScope::Target(id), format!("target:{id} {name}")))
            }
            (KillWord::Agent | KillWord::Target, None) => {
                Err(Error::invalid("name", "name what to stop"))
            }
        }
    }

    /// Pulls a switch. What it covers stops: what runs is cancelled, what waits is taken back, what comes is refused. Pulling a
    /// switch twice changes nothing but stops again.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_input`.
    pub async fn kill(&self, cx: &OpCx, target: KillTarget) -> Result<Kill> {
        cx.require(Permission::Kill)?;
        checks::text("reason", &target.reason)?;
        let (scope, subject) = self.kill_scope(&target)?;
        let kill = Kill {
            scope,
            by: cx.principal.actor(),
            reason: target.reason,
            at: cx.now,
        };
        let mut entry = self.config_entry(cx, "kill.engaged", subject);
        entry.outcome = (!kill.reason.is_empty()).then(|| kill.reason.clone());
        self.change(cx, Nouns::KILL, move |tx| {
            kills::insert(tx, &kill)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        self.stop_running(scope);
        self.sweep_killed(scope).await?;
        self.snapshot()
            .kill
            .iter()
            .find(|kill| kill.scope == scope)
            .cloned()
            .ok_or_else(not_killed)
    }

    /// Releases a switch. What was stopped stays stopped; what comes is decided on again.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_input`, `not_killed`.
    pub async fn release(&self, cx: &OpCx, target: KillTarget) -> Result<()> {
        cx.require(Permission::Kill)?;
        let (scope, subject) = self.kill_scope(&target)?;
        let entry = self.config_entry(cx, "kill.released", subject);
        self.change(cx, Nouns::KILL, move |tx| {
            if !kills::remove(tx, scope)? {
                return Err(not_killed());
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await
    }

    /// The switches that are pulled, oldest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn kills(&self, cx: &OpCx) -> Result<Vec<Kill>> {
        cx.require(Permission::ConfigRead)?;
        let mut kills: Vec<_> = self.snapshot().kill.iter().cloned().collect();
        kills.sort_by_key(|kill| kill.at);
        Ok(kills)
    }
}

fn not_killed() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "not_killed",
        "this switch is not pulled",
    )
}

fn removed<I: std::str::FromStr>(text: &str) -> Option<(I, String)> {
    text.parse().ok().map(|id| (id, String::new()))
}
