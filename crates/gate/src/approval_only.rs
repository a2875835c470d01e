//! Approval-only requests as existing approval clients look at them: with what was asked, page by page, with their history and in numbers.

use std::collections::HashMap;

use countersign_domain::{EntryId, Permission, RequestId, TargetId, Timestamp, VoteKind};
use countersign_store::{
    StoreError, Tx,
    evidence::{self, Listed},
    history::{self, AlwaysApproved, HistoryEvent, HistoryFilter, RequestCount},
    requests,
};
use serde_json::Value;

use crate::{
    connector::CALLER,
    context::{OpCx, Principal},
    error::{Error, Result},
    evidence::{Evidence, LISTED_BYTES},
    gate::Gate,
    policy_lists::{Recorded, judged_facts},
    request_list::RequestFilter,
    requests::RequestView,
};

/// The most requests that are looked at for one page, the ones before it included.
const OFFSET_LIMIT: u32 = 10_000;
/// The most different words that are listed.
const WORD_LIMIT: u32 = 1_000;

/// How much sealed evidence is opened for one page. Parsed it is many times as long.
const PAGE_BYTES: usize = 2 << 20;
/// How much is opened for one look at the past.
const RECORDED_BYTES: usize = 4 << 20;

/// A request with what was asked.
#[derive(Debug, Clone)]
pub struct FullRequest {
    /// What lists show.
    pub view: RequestView,
    /// What the action is done with; `null` once the evidence was deleted, and in a page that would be long with it.
    pub params: Value,
    /// What surrounds it; as the parameters.
    pub context: Value,
}

/// A page of requests with what was asked.
#[derive(Debug, Clone)]
pub struct FullPage {
    /// The requests.
    pub items: Vec<FullRequest>,
    /// How many fit; counting stops at 10,000.
    pub total: u64,
}

impl Gate {
    fn caller_id(&self) -> Option<TargetId> {
        self.snapshot().targets.find(CALLER).map(|target| target.id)
    }

    /// Approval-only requests with what was asked, from the `offset`th on. An agent sees its own. What is long, and what would make the
    /// page long, is left out: it is there where the request is looked at by itself.
    ///
    /// # Errors
    /// As [`Gate::requests`].
    pub async fn full_requests(
        &self,
        cx: &OpCx,
        filter: RequestFilter,
        offset: u32,
        limit: u32,
    ) -> Result<FullPage> {
        cx.require(Permission::RequestRead)?;
        if self.caller_id().is_none() {
            return Ok(FullPage {
                items: Vec::new(),
                total: 0,
            });
        }
        let mut filter = RequestFilter {
            target: Some(CALLER.to_owned()),
            with_total: true,
            ..filter
        };
        let mut left = offset.min(OFFSET_LIMIT);
        let mut total = None;
        let mut views = Vec::new();
        loop {
            filter.limit = (left + limit).min(crate::request_list::PAGE_LIMIT);
            let page = self.requests(cx, filter.clone()).await?;
            total = total.or(page.total);
            let passed = left.min(u32::try_from(page.items.len()).unwrap_or(u32::MAX));
            left -= passed;
            views.extend(page.items.into_iter().skip(passed as usize));
            views.truncate(limit as usize);
            let next = page.next.and_then(|next| next.parse().ok());
            if views.len() >= limit as usize || next.is_none() {
                break;
            }
            filter.after = next;
        }
        let ids: Vec<RequestId> = views.iter().map(|view| view.request.id).collect();
        let (gate, reader) = (self.clone(), cx.clone());
        let read = move |opened: Evidence| {
            let input = opened.payload.map(|payload| payload.input);
            gate.parts(&reader, input.unwrap_or_default())
        };
        let (mut inputs, _) = self.open_each(&ids, PAGE_BYTES, read).await?;
        let items = views
            .into_iter()
            .map(|view| {
                let (params, context) = inputs.remove(&view.request.id).unwrap_or_default();
                FullRequest {
                    view,
                    params,
                    context,
                }
            })
            .collect();
        Ok(FullPage {
            items,
            total: total.unwrap_or_default(),
        })
    }

    /// One approval-only request with what was asked; it expires here where its time is over.
    ///
    /// # Errors
    /// `not_found`, also for a request of another connector.
    pub async fn full_request(&self, cx: &OpCx, id: RequestId) -> Result<FullRequest> {
        let (request, votes, _) = self.status(cx, id).await?;
        if Some(request.target) != self.caller_id() {
            return Err(Error::not_found("request"));
        }
        let (mut row, _) = self.load(cx, id).await?;
        row.request = request;
        let view = self.view(cx, &row, votes, String::new(), Vec::new());
        let evidence_entry = row.evidence_entry;
        let sealed = self
            .read_history(move |tx| evidence::get(tx, evidence_entry))
            .await?;
        let (gate, reader) = (self.clone(), cx.clone());
        let opening = tokio::task::spawn_blocking(move || -> Result<_> {
            let opened = gate.open_evidence(&row, sealed)?.unwrap_or_default();
            let input = opened.payload.map(|payload| payload.input);
            Ok(gate.parts(&reader, input.unwrap_or_default()))
        });
        let (params, context) = opening.await.map_err(Error::internal)??;
        Ok(FullRequest {
            view,
            params,
            context,
        })
    }

    /// The parameters and the context of an input, as the one who asks may see them.
    fn parts(&self, cx: &OpCx, mut input: Value) -> (Value, Value) {
        let mut part = |name: &str| input.get_mut(name).map(Value::take).unwrap_or_default();
        let (params, context) = (part("params"), part("context"));
        // The agent reads back what it sent; whoever looks on sees no secrets in it.
        if matches!(cx.principal, Principal::Agent { .. }) {
            return (params, context);
        }
        (self.redacted_value(params), self.redacted_value(context))
    }

    fn redacted_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.redacted(text)),
            Value::Array(list) => {
                Value::Array(list.into_iter().map(|it| self.redacted_value(it)).collect())
            }
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, self.redacted_value(value)))
                    .collect(),
            ),
            other => other,
        }
    }

    /// What reading the evidence of each request gives, in their order, until so many sealed bytes are opened; and how many are left of
    /// them. Long evidence is passed over. It is read on a thread where that may take its time, one after the other.
    async fn open_each<T: Send + 'static>(
        &self,
        ids: &[RequestId],
        limit_bytes: usize,
        mut read: impl FnMut(Evidence) -> T + Send + 'static,
    ) -> Result<(HashMap<RequestId, T>, usize)> {
        let wanted = ids.to_vec();
        let (entries, listed) = self
            .read_history(move |tx| {
                let mut entries = Vec::with_capacity(wanted.len());
                for id in &wanted {
                    if let Some(row) = requests::find(tx, *id)? {
                        entries.push((*id, row.evidence_entry));
                    }
                }
                let only: Vec<EntryId> = entries.iter().map(|(_, entry)| *entry).collect();
                Ok((entries, evidence::listed(tx, &only, LISTED_BYTES)?))
            })
            .await?;
        let gate = self.clone();
        let opening = tokio::task::spawn_blocking(move || -> Result<_> {
            let mut listed: HashMap<EntryId, Listed> = listed.into_iter().collect();
            let mut opened = HashMap::with_capacity(entries.len());
            let mut left = limit_bytes;
            for (id, entry) in entries {
                let Some(Listed::Whole(sealed)) = listed.remove(&entry) else {
                    continue;
                };
                let Some(rest) = left.checked_sub(sealed.len()) else {
                    left = 0;
                    break;
                };
                left = rest;
                let evidence = Evidence::open(&gate.inner.workspace.vault, entry, &sealed)?;
                opened.insert(id, read(evidence));
            }
            Ok((opened, left))
        });
        opening.await.map_err(Error::internal)?
    }

    /// Approval-only requests with what a decision on them looked at, newest first; without those that looked at much, and no more than
    /// 4 MiB in all.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn recorded(
        &self,
        cx: &OpCx,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Recorded>> {
        cx.require(Permission::PolicyRead)?;
        let mut recorded = Vec::new();
        let mut left_bytes = RECORDED_BYTES;
        let mut filter = RequestFilter {
            target: Some(CALLER.to_owned()),
            since,
            until,
            ..RequestFilter::default()
        };
        if self.caller_id().is_none() {
            return Ok(recorded);
        }
        while recorded.len() < limit as usize {
            let missing = limit - u32::try_from(recorded.len()).unwrap_or(limit);
            filter.limit = missing.min(crate::request_list::PAGE_LIMIT);
            let page = self.requests(cx, filter.clone()).await?;
            let ids: Vec<RequestId> = page.items.iter().map(|view| view.request.id).collect();
            let read = |opened: Evidence| judged_facts(opened.facts.as_ref());
            let (mut judged, left) = self.open_each(&ids, left_bytes, read).await?;
            left_bytes = left;
            for view in page.items {
                if let Some((facts, _)) = judged.remove(&view.request.id).flatten() {
                    recorded.push(Recorded {
                        id: view.request.id,
                        action: view.request.action,
                        verdict: view.request.verdict,
                        facts,
                    });
                }
            }
            filter.after = page.next.and_then(|next| next.parse().ok());
            if filter.after.is_none() || left_bytes == 0 {
                break;
            }
        }
        Ok(recorded)
    }

    /// What happened to one request, oldest first.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn history_of(&self, cx: &OpCx, id: RequestId) -> Result<Vec<HistoryEvent>> {
        self.full_request(cx, id).await?;
        let filter = HistoryFilter {
            request: Some(id),
            is_oldest_first: true,
            limit: 200,
            ..HistoryFilter::default()
        };
        self.read_history(move |tx| history::list(tx, &filter))
            .await
    }

    /// What happened to approval-only requests, and how much of it fits.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn history(
        &self,
        cx: &OpCx,
        filter: HistoryFilter,
    ) -> Result<(Vec<HistoryEvent>, u64)> {
        cx.require(Permission::AuditRead)?;
        let Some(target) = self.caller_id() else {
            return Ok((Vec::new(), 0));
        };
        let filter = HistoryFilter {
            target: Some(target),
            ..filter
        };
        self.read_history(move |tx| Ok((history::list(tx, &filter)?, history::count(tx, &filter)?)))
            .await
    }

    /// The different actions, or the different actors, of approval-only requests.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn history_words(&self, cx: &OpCx, of_actors: bool) -> Result<Vec<String>> {
        cx.require(Permission::AuditRead)?;
        let Some(target) = self.caller_id() else {
            return Ok(Vec::new());
        };
        self.read_history(move |tx| {
            if !of_actors {
                return history::actions(tx, target, WORD_LIMIT);
            }
            let filter = HistoryFilter {
                target: Some(target),
                limit: WORD_LIMIT,
                ..HistoryFilter::default()
            };
            history::actors(tx, &filter)
        })
        .await
    }

    /// How many approval-only requests came in a time, by state and verdict, and by spans of time where `bucket_micros` is not 0.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn request_counts(
        &self,
        cx: &OpCx,
        since: Timestamp,
        until: Timestamp,
        bucket_micros: i64,
    ) -> Result<Vec<RequestCount>> {
        cx.require(Permission::AuditRead)?;
        let Some(target) = self.caller_id() else {
            return Ok(Vec::new());
        };
        self.read_history(move |tx| history::counts(tx, target, since, until, bucket_micros))
            .await
    }

    /// What humans approved for an agent every time: what a rule could allow.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn always_approved(
        &self,
        cx: &OpCx,
        since: Timestamp,
        at_least: u32,
    ) -> Result<Vec<AlwaysApproved>> {
        cx.require(Permission::PolicyRead)?;
        let Some(target) = self.caller_id() else {
            return Ok(Vec::new());
        };
        self.read_history(move |tx| {
            history::always_approved(tx, target, since, at_least, WORD_LIMIT)
        })
        .await
    }

    async fn read_history<T: Send + 'static>(
        &self,
        read: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T> {
        self.inner
            .workspace
            .store
            .read(read)
            .await
            .map_err(Error::from)
    }

    /// How many approval-only requests wait with each urgency, the most urgent first, and since when the oldest does.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn waiting(&self, cx: &OpCx) -> Result<Vec<crate::summary::PendingCount>> {
        cx.require(Permission::RequestRead)?;
        cx.require_unbounded()?;
        if matches!(cx.principal, Principal::Agent { .. }) {
            return Err(Error::forbidden("an agent sees its own requests only"));
        }
        let pending = self.read_history(requests::pending_by_urgency).await?;
        Ok(pending
            .into_iter()
            .map(|(urgency, count, oldest_at)| crate::summary::PendingCount {
                urgency,
                count,
                oldest_at,
            })
            .collect())
    }

    /// Decides for whom a client says that it does. The label proves nothing: the vote is the credential's.
    ///
    /// # Errors
    /// As [`Gate::decide`]; `not_found` for a request of another connector.
    pub async fn decide_labelled(
        &self,
        cx: &OpCx,
        id: RequestId,
        kind: VoteKind,
        note: String,
        label: String,
    ) -> Result<FullRequest> {
        cx.require(Permission::RequestDecide)?;
        self.full_request(cx, id).await?;
        self.vote(cx, id, kind, note, None, Some(label)).await?;
        self.full_request(cx, id).await
    }
}
