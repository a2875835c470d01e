//! Which agents have read something that may have turned them.
//!
//! A plain agent says nothing of its turns, so the agent itself is tainted, for a time. In memory, read from the ledger at the
//! start: whoever makes a gateway restart gets rid of nothing. Each replica knows its own, and what was there when it started.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use countersign_domain::{Actor, AgentId, AuditEntry, Timestamp};
use countersign_store::audit::{self, Cursor, Filter};

use crate::{
    error::{Error, Result},
    gate::Gate,
};

/// The kind of the entries about replies in which something was found.
pub(crate) const FOUND: &str = "scan.found";
/// How many entries are looked at in one read, and how many reads there are: a start must not take long. A busy ledger has more
/// entries than that within a taint's time; the newest count.
const ENTRIES: u32 = 2_000;
const READS: usize = 100;

/// What a taint's entry begins with, so that it can be read again.
pub(crate) fn outcome_words(minutes: u32) -> String {
    format!("agent tainted for {minutes} minutes; ")
}

/// Whom an entry says to be tainted, and until when.
fn told(entry: &AuditEntry) -> Option<(AgentId, Timestamp)> {
    let Actor::Agent(agent) = entry.actor else {
        return None;
    };
    let words = entry.outcome.as_deref()?;
    let minutes: u32 = words
        .strip_prefix("agent tainted for ")?
        .split_once(' ')?
        .0
        .parse()
        .ok()?;
    let time = Duration::from_mins(u64::from(minutes));
    (entry.kind == FOUND).then(|| (agent, entry.at.saturating_add(time)))
}

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

impl Gate {
    /// Reads from the ledger who is tainted still.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) async fn learn_taints(&self) -> Result<()> {
        let now = self.now();
        let minutes = u64::from(self.snapshot().settings.scan.taint_minutes);
        let oldest = now.saturating_sub(Duration::from_mins(minutes));
        let mut cursor = Cursor::Newest;
        for _ in 0..READS {
            let page = self
                .inner
                .workspace
                .store
                .read(move |tx| {
                    audit::page(tx, &Filter::default(), cursor, ENTRIES).map_err(Error::from)
                })
                .await?;
            for sealed in &page {
                if let Some((agent, until)) = told(&sealed.entry)
                    && until > now
                {
                    self.inner.taints.taint(agent, until);
                }
            }
            match page.last() {
                Some(last) if last.entry.at >= oldest => cursor = Cursor::Before(last.position),
                _ => return Ok(()),
            }
        }
        tracing::warn!(
            "the ledger has more entries than are read at the start: an older taint may be forgotten"
        );
        Ok(())
    }
}
