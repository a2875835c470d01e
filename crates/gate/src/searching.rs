//! Whose turn it is to look through the requests.
//!
//! A search may take as long as its limit. An agent has one at a time, and all agents together have one: so an operator's search waits
//! for one of theirs at most, and what is no search waits for none ([`countersign_store::Store::read_within`]).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use countersign_domain::AgentId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    context::Principal,
    error::{Error, ErrorKind, Result},
};

/// How long an agent's search may take, and one step of a replay of what is its own.
pub(crate) const AGENT_LIMIT: Duration = Duration::from_secs(1);

/// How long an operator's search may take.
const OPERATOR_LIMIT: Duration = Duration::from_secs(5);

/// How long an agent waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many agents are remembered that are not searching.
const REMEMBERED_AGENTS: usize = 256;

/// How long somebody's search may take.
pub(crate) fn limit(principal: &Principal) -> Duration {
    match principal {
        Principal::Agent { .. } => AGENT_LIMIT,
        _ => OPERATOR_LIMIT,
    }
}

/// Who searches, and who waits for it.
#[derive(Debug)]
pub(crate) struct Searching {
    own: Mutex<HashMap<AgentId, Arc<Semaphore>>>,
    all: Arc<Semaphore>,
    patience: Duration,
}

/// An agent's turn. It lasts until this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Default for Searching {
    fn default() -> Self {
        Self::with_patience(PATIENCE)
    }
}

impl Searching {
    fn with_patience(patience: Duration) -> Self {
        Self {
            own: Mutex::default(),
            all: Arc::new(Semaphore::new(1)),
            patience,
        }
    }

    /// Waits for somebody's turn; an operator needs none.
    ///
    /// # Errors
    /// `too_many_searches` for an agent whose other searches take too long.
    pub(crate) async fn turn(&self, principal: &Principal) -> Result<Option<Turn>> {
        match principal {
            Principal::Agent { agent, .. } => self.turn_of(agent.id).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn turn_of(&self, agent: AgentId) -> Result<Turn> {
        let own = self.own(agent);
        let all = Arc::clone(&self.all);
        let turn = async move {
            // One's own first: whoever asks often waits for itself, not before others.
            let own = own.acquire_owned().await?;
            let all = all.acquire_owned().await?;
            Ok::<_, tokio::sync::AcquireError>(Turn {
                _own: own,
                _all: all,
            })
        };
        let Ok(turn) = tokio::time::timeout(self.patience, turn).await else {
            let text = "other searches of this agent, or of other agents, take long: wait, and ask for one at a time";
            let kind = ErrorKind::TooManyRequests;
            return Err(Error::new(kind, "too_many_searches", text)
                .limit("searches_per_agent")
                .retry_after(Duration::from_secs(1)));
        };
        turn.map_err(Error::internal)
    }

    fn own(&self, agent: AgentId) -> Arc<Semaphore> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.len() >= REMEMBERED_AGENTS {
            own.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        Arc::clone(
            own.entry(agent)
                .or_insert_with(|| Arc::new(Semaphore::new(1))),
        )
    }
}

#[cfg(test)]
mod tests;
