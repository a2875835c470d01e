//! Idempotency keys: the same key and payload give the first outcome again, and never a second execution.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_domain::{Digest, ExecutorKind, RequestState};
use countersign_store::{idempotency, requests, results, votes};
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use crate::{
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    record::in_flight,
    reply::ReplyBody,
    requests::StoredResult,
    resolve::Asked,
    submit::{Reply, Submission},
};

/// Keys whose first request this process is working on.
#[derive(Debug, Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<(Uuid, String)>>>);

/// Holds a key while its first request is worked on.
#[derive(Debug)]
pub(crate) struct InFlightGuard {
    keys: InFlight,
    key: (Uuid, String),
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.keys
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

/// A key with what has to be the same when it comes again.
pub(crate) struct Keyed {
    principal: Uuid,
    key: String,
    identity: Digest,
    intent: String,
    risk_reasons: Vec<String>,
}

impl Keyed {
    /// The key of a request that has one.
    pub(crate) fn of(asked: &Asked) -> Option<Self> {
        Some(Self {
            principal: asked.actor.uuid().unwrap_or_default(),
            key: asked.idempotency_key.clone()?,
            identity: asked.identity(),
            intent: asked.facts.intent.clone(),
            risk_reasons: asked.facts.risk.reasons.clone(),
        })
    }
}

impl Gate {
    /// Takes a key for as long as its request is worked on here.
    ///
    /// # Errors
    /// `in_flight` while another request holds it.
    pub(crate) fn hold_key(&self, keyed: &Keyed) -> Result<InFlightGuard> {
        let keys = self.inner.in_flight.clone();
        let key = (keyed.principal, keyed.key.clone());
        let mut held = keys.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.insert(key.clone()) {
            return Err(in_flight());
        }
        drop(held);
        Ok(InFlightGuard { keys, key })
    }

    /// What became of the first request under a key; `None` if this one is the first.
    ///
    /// # Errors
    /// `in_flight`, `idempotency_mismatch`, `result_not_kept`.
    pub(crate) async fn earlier(&self, cx: &OpCx, keyed: &Keyed) -> Result<Option<Submission>> {
        let now = self.now();
        let (principal, key) = (keyed.principal, keyed.key.clone());
        let found = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<_> {
                let Some(row) =
                    idempotency::find(tx, &principal, &key)?.filter(|row| row.expires_at > now)
                else {
                    return Ok(None);
                };
                let request = requests::find(tx, row.request)?;
                let votes = votes::of_request(tx, row.request)?;
                let result = results::find(tx, row.request, now)?;
                Ok(Some((row, request, votes, result)))
            })
            .await?;
        let Some((row, request, votes, sealed)) = found else {
            return Ok(None);
        };
        if row.identity != keyed.identity {
            let text = "this idempotency key was used for another action or payload: use a new key for a new action";
            return Err(
                Error::new(ErrorKind::Contradiction, "idempotency_mismatch", text)
                    .about(row.request),
            );
        }
        let Some(request) = request else {
            return Err(not_kept().about(row.request));
        };
        let view = || {
            Box::new(self.view(
                cx,
                &request,
                votes.clone(),
                keyed.intent.clone(),
                keyed.risk_reasons.clone(),
            ))
        };
        match request.request.state {
            RequestState::Approved if request.request.executor == ExecutorKind::Caller => {
                Ok(Some(Submission::Approved(view())))
            }
            RequestState::Pending | RequestState::Approved => Ok(Some(Submission::Pending(view()))),
            RequestState::Denied => Ok(Some(Submission::Denied(view()))),
            RequestState::Executing => Err(in_flight().about(row.request)),
            state => match sealed {
                Some(sealed) => {
                    let result =
                        StoredResult::open(&self.inner.workspace.vault, row.request, &sealed)?;
                    self.look_again(cx, &request.request, &result).await?;
                    Ok(Some(Submission::Replied(replay(
                        row.request,
                        result,
                        request.request.risk,
                    ))))
                }
                None => Err(
                    ended_without_result(state, request.request.outcome.as_deref())
                        .about(row.request),
                ),
            },
        }
    }
}

fn not_kept() -> Error {
    let text = "the first request under this key has ended and its answer is no longer kept: look it up by its id";
    Error::new(ErrorKind::Conflict, "result_not_kept", text)
}

fn ended_without_result(state: RequestState, outcome: Option<&str>) -> Error {
    let text = format!(
        "the first request under this key is {state} ({}) and its answer is not kept: look it up by its id",
        outcome.unwrap_or("no outcome")
    );
    Error::new(ErrorKind::Conflict, "result_not_kept", text)
}

fn replay(
    request: countersign_domain::RequestId,
    result: StoredResult,
    risk: countersign_domain::RiskScore,
) -> Reply {
    let mut headers = HeaderMap::new();
    if let serde_json::Value::Object(fields) = &result.headers {
        for (name, value) in fields {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = value.as_str().map(HeaderValue::from_str);
            if let (Ok(name), Some(Ok(value))) = (name, value) {
                headers.append(name, value);
            }
        }
    }
    Reply {
        request,
        status: result.status,
        headers,
        body: ReplyBody::Full(result.body),
        is_replay: true,
        risk,
        findings: Vec::new(),
    }
}
