//! What a live view has to know of a request to bring its lists up to date, without asking again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_domain::{Request, RequestId, RequestState, SealedEntry};
use countersign_store::requests;

use crate::{
    error::{Error, Result},
    gate::Gate,
    request_detail::reached,
};

/// Of how many requests it is remembered; then it begins again.
const REMEMBERED_REQUESTS: usize = 4_096;

/// Requests that entries have told of lately. What is taken from here never changes in a request, but for the state of those that
/// have ended.
#[derive(Debug, Default)]
pub(crate) struct Briefs(Mutex<HashMap<RequestId, Arc<Request>>>);

/// What an entry tells of its request.
#[derive(Debug, Clone)]
pub struct RequestBrief {
    /// The request; its state and times may be newer than the entry's.
    pub request: Arc<Request>,
    /// The agent's name; its id once it is removed.
    pub agent_name: String,
    /// The target's name; its id once it is removed.
    pub target_name: String,
    /// The state that the entry tells of; `None` where it is another kind of news, such as a vote.
    pub state: Option<RequestState>,
}

impl Gate {
    /// What an entry tells of its request; `None` where it is about none. For a viewer who may see the entry.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn brief(&self, sealed: &SealedEntry) -> Result<Option<RequestBrief>> {
        let entry = &sealed.entry;
        let Some(id) = entry.request else {
            return Ok(None);
        };
        // How an execution ended stands in the request alone.
        let told = reached(
            &entry.kind,
            entry.outcome.as_deref(),
            RequestState::Executing,
            false,
        );
        let ends = matches!(
            entry.kind.as_str(),
            "action.outcome" | "action.executed" | "action.settled"
        );
        let known = self
            .briefs()
            .get(&id)
            .map(Arc::clone)
            .filter(|request| !ends || request.state.is_final());
        // A human may have found out since.
        let known = known.filter(|_| entry.kind != "action.settled");
        let request = match known {
            Some(request) => request,
            None => {
                let row = self
                    .inner
                    .workspace
                    .store
                    .read(move |tx| requests::find(tx, id).map_err(Error::from))
                    .await?;
                let Some(row) = row else { return Ok(None) };
                let request = Arc::new(row.request);
                let mut briefs = self.briefs();
                if briefs.len() >= REMEMBERED_REQUESTS {
                    briefs.clear();
                }
                briefs.insert(id, Arc::clone(&request));
                request
            }
        };
        let snapshot = self.snapshot();
        Ok(Some(RequestBrief {
            agent_name: snapshot
                .agents
                .get(request.agent)
                .map_or_else(|| request.agent.to_string(), |agent| agent.name.to_string()),
            target_name: snapshot.targets.get(request.target).map_or_else(
                || request.target.to_string(),
                |target| target.name.to_string(),
            ),
            state: told.or_else(|| ends.then_some(request.state)),
            request,
        }))
    }

    fn briefs(&self) -> std::sync::MutexGuard<'_, HashMap<RequestId, Arc<Request>>> {
        self.inner
            .briefs
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
