//! How many requests of one agent may wait at once: one agent's flood neither fills the Inbox nor the store.
//!
//! Counting costs as much as there is to count, so it is done rarely while there is much room: as long as less than half of a large cap
//! is used, an eighth of it is given out without another count. A small cap is counted each time and exact; a large one can be over by
//! the calls that are under way at the same moment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use countersign_domain::AgentId;
use countersign_store::{Tx, requests};

use crate::error::{Error, ErrorKind, Result};

/// The smallest cap that is not counted each time.
const EXACT_UP_TO: u32 = 400;

/// What each agent may ask without being counted.
#[derive(Debug, Default, Clone)]
pub(crate) struct PendingRoom(Arc<Mutex<HashMap<AgentId, u32>>>);

impl PendingRoom {
    /// Takes one of an agent's free places, if there is one that is known.
    pub(crate) fn take(&self, agent: AgentId) -> bool {
        let mut room = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match room.get_mut(&agent) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    /// Notes what a count found.
    pub(crate) fn counted(&self, agent: AgentId, pending: u32, most: u32) {
        let has_much_room = most >= EXACT_UP_TO && pending <= most / 2;
        let free = if has_much_room { most / 8 } else { 0 };
        let mut room = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free == 0 {
            room.remove(&agent);
        } else {
            room.insert(agent, free);
        }
    }

    /// Forgets all of it: the cap has changed.
    pub(crate) fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Counts an agent's waiting requests in the unit that adds one.
///
/// # Errors
/// `too_many_pending`.
pub(crate) fn check(tx: &mut Tx<'_>, agent: AgentId, most: u32) -> Result<u32> {
    let pending = requests::count_pending_of(tx, agent, most)?;
    if pending < most {
        return Ok(pending);
    }
    let text = format!(
        "{pending} requests of this agent wait for a human already, which is the most (setting approvals.pending_per_agent): wait until \
         some are decided, or cancel some"
    );
    Err(
        Error::new(ErrorKind::TooManyRequests, "too_many_pending", text)
            .limit("approvals.pending_per_agent")
            .retry_after(Duration::from_secs(30)),
    )
}
