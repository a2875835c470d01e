//! What a live view has to know of a request to bring its lists up to date, without asking again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_domain::{RequestId, RequestState, SealedEntry, Vote};
use countersign_store::{
    evidence,
    requests::{self, RequestRow},
    votes,
};

use crate::{
    context::OpCx,
    error::{Error, Result},
    evidence::{Evidence, LISTED_BYTES},
    gate::Gate,
    request_detail::reached,
    requests::{RequestView, risk_reasons},
};

/// Of how many requests it is remembered; then it begins again.
const REMEMBERED_REQUESTS: usize = 1_024;

/// Requests that entries have told of lately.
#[derive(Debug, Default)]
pub(crate) struct Briefs(Mutex<HashMap<RequestId, Arc<Known>>>);

/// A request as it was read when an entry told of it.
#[derive(Debug)]
struct Known {
    /// What is read is at least as new as this entry.
    position: u64,
    row: RequestRow,
    votes: Vec<Vote>,
    intent: String,
    risk_reasons: Vec<String>,
}

/// What an entry tells of its request.
#[derive(Debug, Clone)]
pub struct RequestBrief {
    /// The request as lists show it; its state, times and votes may be newer than the entry.
    pub view: RequestView,
    /// The state that the entry tells of; `None` where it is another kind of news, such as a vote.
    pub state: Option<RequestState>,
}

/// Whether an entry tells of what changes in a request besides its state: votes, deadline, outcome.
fn changes_more(kind: &str) -> bool {
    kind.starts_with("approval.")
        || matches!(
            kind,
            "action.outcome" | "action.executed" | "action.settled"
        )
}

impl Gate {
    /// What an entry tells of its request; `None` where it is about none. For a viewer who may see the entry.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn brief(&self, cx: &OpCx, sealed: &SealedEntry) -> Result<Option<RequestBrief>> {
        let entry = &sealed.entry;
        let Some(id) = entry.request else {
            return Ok(None);
        };
        let known = self
            .briefs()
            .get(&id)
            .map(Arc::clone)
            .filter(|known| known.position >= sealed.position || !changes_more(&entry.kind));
        let known = match known {
            Some(known) => known,
            None => match self.read_brief(id, sealed.position).await? {
                Some(known) => known,
                None => return Ok(None),
            },
        };
        // How an execution ended stands in the request alone.
        let told = reached(
            &entry.kind,
            entry.outcome.as_deref(),
            known.row.request.state,
            false,
        );
        let view = self.view(
            cx,
            &known.row,
            known.votes.clone(),
            known.intent.clone(),
            known.risk_reasons.clone(),
        );
        Ok(Some(RequestBrief { view, state: told }))
    }

    async fn read_brief(&self, id: RequestId, position: u64) -> Result<Option<Arc<Known>>> {
        let read = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<_, Error> {
                let Some(row) = requests::find(tx, id)? else {
                    return Ok(None);
                };
                let votes = votes::of_request(tx, id)?;
                let listed = evidence::listed(tx, &[row.evidence_entry], LISTED_BYTES)?;
                Ok(Some((row, votes, listed)))
            })
            .await?;
        let Some((row, votes, listed)) = read else {
            return Ok(None);
        };
        let vault = &self.inner.workspace.vault;
        let evidence = match listed.first() {
            Some((entry, listed)) => Evidence::open_listed(vault, *entry, listed)?,
            None => Evidence::default(),
        };
        let known = Arc::new(Known {
            position,
            row,
            votes,
            risk_reasons: risk_reasons(evidence.facts.as_ref()),
            intent: self.redacted(evidence.intent),
        });
        let mut briefs = self.briefs();
        if briefs.len() >= REMEMBERED_REQUESTS {
            briefs.clear();
        }
        briefs.insert(id, Arc::clone(&known));
        Ok(Some(known))
    }

    fn briefs(&self) -> std::sync::MutexGuard<'_, HashMap<RequestId, Arc<Known>>> {
        self.inner
            .briefs
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
