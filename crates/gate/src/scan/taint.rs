//! Which agents have read something that may have turned them.
//!
//! A plain agent says nothing of its turns, so the agent itself is tainted, for a time. In memory: a restart, and each replica by
//! itself, forgets.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use countersign_domain::{AgentId, Timestamp};

/// The tainted agents.
#[derive(Debug, Default)]
pub(crate) struct Taints {
    /// False while there is certainly none: what almost every request finds.
    is_any: AtomicBool,
    until: Mutex<HashMap<AgentId, Timestamp>>,
}

impl Taints {
    /// Taints an agent; a longer taint stays.
    pub(crate) fn taint(&self, agent: AgentId, until: Timestamp) {
        let mut list = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let known = list.entry(agent).or_insert(until);
        *known = until.max(*known);
        self.is_any.store(true, Ordering::Release);
    }

    /// Whether an agent is tainted; what has passed is forgotten.
    pub(crate) fn is_tainted(&self, agent: AgentId, now: Timestamp) -> bool {
        if !self.is_any.load(Ordering::Acquire) {
            return false;
        }
        let mut list = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|_, until| *until > now);
        self.is_any.store(!list.is_empty(), Ordering::Release);
        list.contains_key(&agent)
    }
}
