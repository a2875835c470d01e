//! Agents: adding, describing, removing.

use std::sync::Arc;

use countersign_domain::{Agent, AgentId, KeyOwner, KillScope, Labels, Name, Permission};
use countersign_store::{agents, grants, keys};
use serde::{Deserialize, Serialize};

use crate::{
    checks,
    context::OpCx,
    error::{Error, Result},
    gate::Gate,
    keys::{Minted, NewKey},
    snapshot::Nouns,
};

/// An agent to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAgent {
    /// Its name, unique.
    pub name: Name,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Marks.
    #[serde(default)]
    pub labels: Labels,
}

/// A change of an agent: what is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentChange {
    /// What it is for.
    pub description: Option<String>,
    /// Marks, all of them.
    pub labels: Option<Labels>,
    /// The agent's revision as the change was made up for; another one refuses it.
    pub expected_revision: Option<u64>,
}

fn no_agent() -> Error {
    Error::not_found("agent")
}

pub(crate) fn subject(id: AgentId, name: &Name) -> String {
    format!("agent:{id} {name}")
}

impl Gate {
    /// Adds an agent with a first key, whose secret is shown this once.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input`, `name_taken`.
    pub async fn add_agent(&self, cx: &OpCx, draft: NewAgent) -> Result<(Arc<Agent>, NewKey)> {
        cx.require(Permission::ConfigWrite)?;
        cx.require(Permission::KeyManage)?;
        checks::name("name", &draft.name)?;
        checks::text("description", &draft.description)?;
        checks::labels(&draft.labels)?;
        crate::scan::check_labels(&draft.labels)?;
        let NewAgent {
            name,
            description,
            labels,
        } = draft;
        let agent = Arc::new(Agent {
            id: AgentId::new(self.inner.clock.uuid()),
            name,
            description,
            labels,
            revision: 1,
            created_at: cx.now,
        });
        let Minted { key, secret } = self.mint_agent_key(cx.now, agent.id);
        let entry = self.config_entry(cx, "config.agent.created", subject(agent.id, &agent.name));
        let (added, first_key) = (Arc::clone(&agent), Arc::clone(&key));
        self.change(cx, Nouns::AGENTS.and(Nouns::KEYS), move |tx| {
            if agents::name_is_taken(tx, added.name.as_str())? {
                return Err(checks::name_taken("an agent", &added.name));
            }
            agents::insert(tx, &added)?;
            keys::insert(tx, &first_key)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok((agent, NewKey { key, secret }))
    }

    /// Every agent, by name.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn agents(&self, cx: &OpCx) -> Result<Vec<Arc<Agent>>> {
        cx.require(Permission::ConfigRead)?;
        Ok(self.snapshot().agents.sorted())
    }

    /// One agent, by name or id.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub fn agent(&self, cx: &OpCx, id_or_name: &str) -> Result<Arc<Agent>> {
        cx.require(Permission::ConfigRead)?;
        self.snapshot().agents.find(id_or_name).ok_or_else(no_agent)
    }

    /// Changes what is given of an agent.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_input`, `changed_meanwhile`.
    pub async fn update_agent(
        &self,
        cx: &OpCx,
        id_or_name: &str,
        change: AgentChange,
    ) -> Result<Arc<Agent>> {
        cx.require(Permission::ConfigWrite)?;
        if let Some(description) = &change.description {
            checks::text("description", description)?;
        }
        if let Some(labels) = &change.labels {
            checks::labels(labels)?;
            crate::scan::check_labels(labels)?;
        }
        let agent = self
            .snapshot()
            .agents
            .find(id_or_name)
            .ok_or_else(no_agent)?;
        let entry = self.config_entry(cx, "config.agent.updated", subject(agent.id, &agent.name));
        self.change(cx, Nouns::AGENTS, move |tx| {
            let mut agent = agents::by_id(tx, agent.id)?.ok_or_else(no_agent)?;
            checks::unchanged("the agent", change.expected_revision, agent.revision)?;
            agent.revision += 1;
            if let Some(description) = &change.description {
                agent.description.clone_from(description);
            }
            if let Some(labels) = &change.labels {
                agent.labels.clone_from(labels);
            }
            agents::update(tx, &agent)?;
            tx.append_entry(entry.clone())?;
            Ok(Arc::new(agent))
        })
        .await
    }

    /// Removes an agent with its keys and grants, stops what it runs and takes back what it has asked for.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn remove_agent(&self, cx: &OpCx, id_or_name: &str) -> Result<()> {
        cx.require(Permission::ConfigWrite)?;
        cx.require(Permission::KeyManage)?;
        let agent = self
            .snapshot()
            .agents
            .find(id_or_name)
            .ok_or_else(no_agent)?;
        let id = agent.id;
        let now = cx.now;
        let entry = self.config_entry(cx, "config.agent.removed", subject(id, &agent.name));
        self.change(
            cx,
            Nouns::AGENTS.and(Nouns::KEYS).and(Nouns::POLICY),
            move |tx| {
                if !agents::remove(tx, id, now)? {
                    return Err(no_agent());
                }
                keys::revoke_of(tx, KeyOwner::Agent(id), now)?;
                grants::remove_of_agent(tx, id)?;
                tx.append_entry(entry.clone())?;
                Ok(())
            },
        )
        .await?;
        self.stop_running(KillScope::Agent(id));
        self.sweep_killed(KillScope::Agent(id)).await
    }
}
