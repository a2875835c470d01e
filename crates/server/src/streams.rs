//! Places of event streams: so many for all, for all agents, and for each who follows.
//!
//! INVARIANT: agents never have all of them, and nobody alone has all that their kind may have.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use countersign_domain::{AgentId, KeyId, SessionId};
use countersign_gate::{Principal, Via};

/// Streams of one agent, by whichever of its keys.
const EACH_AGENT: usize = 4;

/// Streams of one session, or one key, of an operator: a browser has one for each of its windows.
const EACH_OPERATOR: usize = 8;

/// One place of so many is kept for operators: 64 of 256.
const KEPT_PART: usize = 4;

/// Who has a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Agent(AgentId),
    Session(SessionId),
    Key(KeyId),
    Gateway,
}

impl Holder {
    fn of(principal: &Principal) -> Self {
        match principal {
            Principal::Agent { agent, .. } => Self::Agent(agent.id),
            Principal::Operator {
                via: Via::Session { id, .. },
                ..
            } => Self::Session(*id),
            Principal::Operator {
                via: Via::Key(key), ..
            } => Self::Key(key.id),
            // A link opens no streams.
            Principal::System | Principal::Operator { via: Via::Link, .. } => Self::Gateway,
        }
    }

    const fn is_agent(self) -> bool {
        matches!(self, Self::Agent(_))
    }

    const fn most(self) -> usize {
        if self.is_agent() {
            EACH_AGENT
        } else {
            EACH_OPERATOR
        }
    }
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// All are taken.
    All,
    /// All that agents may have are taken.
    Agents,
    /// The one who asks has this many already.
    Own(usize),
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_agents: usize,
    by_holder: HashMap<Holder, usize>,
}

/// The places.
#[derive(Debug)]
pub(crate) struct Streams {
    places: usize,
    taken: Mutex<Taken>,
}

impl Streams {
    pub(crate) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self {
            places,
            taken: Mutex::default(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Nothing inside the lock can panic halfway through a change.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are taken.
    pub(crate) fn count(&self) -> usize {
        self.taken().all
    }

    /// Takes a place.
    pub(crate) fn open(self: &Arc<Self>, principal: &Principal) -> Result<Place, Full> {
        self.take(Holder::of(principal))
    }

    fn take(self: &Arc<Self>, holder: Holder) -> Result<Place, Full> {
        let mut taken = self.taken();
        let own = taken.by_holder.get(&holder).copied().unwrap_or_default();
        if own >= holder.most() {
            return Err(Full::Own(holder.most()));
        }
        if taken.all >= self.places {
            return Err(Full::All);
        }
        if holder.is_agent() {
            if taken.by_agents >= self.places - self.places / KEPT_PART {
                return Err(Full::Agents);
            }
            taken.by_agents += 1;
        }
        taken.all += 1;
        taken.by_holder.insert(holder, own + 1);
        drop(taken);
        Ok(Place {
            streams: Arc::clone(self),
            holder,
        })
    }
}

/// A taken place. It is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    streams: Arc<Streams>,
    holder: Holder,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.streams.taken();
        taken.all -= 1;
        if self.holder.is_agent() {
            taken.by_agents -= 1;
        }
        if let Some(own) = taken.by_holder.get_mut(&self.holder) {
            *own -= 1;
            if *own == 0 {
                taken.by_holder.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests;
