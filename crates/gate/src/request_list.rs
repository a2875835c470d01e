//! Lists of requests: filters that combine, and search.

use std::collections::HashMap;

use countersign_domain::{
    Effect, EntryId, Permission, RequestId, RequestState, Timestamp, Urgency, Verdict, Vote,
};
use countersign_store::{
    evidence,
    requests::{self, RequestQuery, RequestRow},
    search::Words,
    votes,
};

pub use countersign_store::requests::RequestOrder;

use crate::{
    context::{OpCx, Principal},
    error::{Error, Result},
    gate::Gate,
    requests::{RequestView, risk_reasons},
    snapshot::Snapshot,
};

/// Evidence that is longer is not opened for a list: its intent stands in the detail.
pub(crate) const LISTED_BYTES: u32 = 64 << 10;

/// The most requests on one page.
pub const PAGE_LIMIT: u32 = 200;

/// Counting stops here.
pub const COUNT_LIMIT: u32 = 10_000;

/// The longest search and the longest pattern, in characters.
const TEXT_LIMIT_CHARACTERS: usize = 200;

/// The most stars in a pattern: each makes the engine try again.
const PATTERN_STARS: usize = 6;

/// Which requests to show. Everything that is given must hold; of a list of words one. Empty lists are no condition.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Words of the agent, target, action, intent, rule, reason, notes and outcome, all of them, the last as a beginning; or the
    /// request's id. On PostgreSQL intents are not searched: they are only kept sealed there.
    pub text: Option<String>,
    /// In one of these states.
    pub states: Vec<RequestState>,
    /// With one of these verdicts.
    pub verdicts: Vec<Verdict>,
    /// With one of these effects.
    pub effects: Vec<Effect>,
    /// With one of these urgencies.
    pub urgencies: Vec<Urgency>,
    /// Of this agent, by name or id.
    pub agent: Option<String>,
    /// On this target, by name or id.
    pub target: Option<String>,
    /// The beginning of the action's name, or a pattern where `*` stands for anything. Upper and lower case are the same.
    pub action: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// The order.
    pub order: RequestOrder,
    /// Behind this one, in that order.
    pub after: Option<RequestId>,
    /// At most this many; 0 is [`PAGE_LIMIT`].
    pub limit: u32,
    /// Whether to count what fits, on the first page.
    pub with_total: bool,
}

/// One page of requests.
#[derive(Debug, Clone)]
pub struct RequestPage {
    /// The requests.
    pub items: Vec<RequestView>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<String>,
    /// How many fit, where it was asked for; [`COUNT_LIMIT`] and more are that many.
    pub total: Option<u64>,
}

impl Gate {
    /// Requests. An agent sees its own.
    ///
    /// # Errors
    /// `invalid_input` naming the field: an agent or target that does not exist, a search or pattern that is none.
    pub async fn requests(&self, cx: &OpCx, filter: RequestFilter) -> Result<RequestPage> {
        cx.require(Permission::RequestRead)?;
        let snapshot = self.fresh_snapshot()?;
        let limit = match filter.limit {
            0 => PAGE_LIMIT,
            limit => limit.min(PAGE_LIMIT),
        };
        let with_total = filter.with_total && filter.after.is_none();
        let Some(query) = query(cx, &snapshot, filter, limit + 1)? else {
            return Ok(RequestPage {
                items: Vec::new(),
                next: None,
                total: with_total.then_some(0),
            });
        };
        let read = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<_> {
                let rows = requests::list(tx, &query)?;
                let total = if with_total {
                    Some(requests::count(tx, &query, COUNT_LIMIT)?)
                } else {
                    None
                };
                let ids: Vec<RequestId> = rows.iter().map(|row| row.request.id).collect();
                let entries: Vec<EntryId> = rows.iter().map(|row| row.evidence_entry).collect();
                Ok((
                    rows,
                    total,
                    votes::of_requests(tx, &ids)?,
                    evidence::get_short_of(tx, &entries, LISTED_BYTES)?,
                ))
            })
            .await?;
        let (rows, total, said, sealed) = read;
        let has_more = rows.len() > limit as usize;
        let mut said = by_request(said);
        let mut sealed: HashMap<EntryId, Vec<u8>> = sealed.into_iter().collect();
        let mut items = Vec::with_capacity(rows.len());
        for row in rows.into_iter().take(limit as usize) {
            let votes = said.remove(&row.request.id).unwrap_or_default();
            items.push(self.listed(cx, &row, votes, sealed.remove(&row.evidence_entry))?);
        }
        let next = items
            .last()
            .filter(|_| has_more)
            .map(|view| view.request.id.to_string());
        Ok(RequestPage { items, next, total })
    }

    fn listed(
        &self,
        cx: &OpCx,
        row: &RequestRow,
        votes: Vec<Vote>,
        sealed: Option<Vec<u8>>,
    ) -> Result<RequestView> {
        let evidence = self.open_evidence(row, sealed)?.unwrap_or_default();
        let reasons = risk_reasons(evidence.facts.as_ref());
        Ok(self.view(cx, row, votes, evidence.intent, reasons))
    }
}

fn by_request(said: Vec<Vote>) -> HashMap<RequestId, Vec<Vote>> {
    let mut votes: HashMap<RequestId, Vec<Vote>> = HashMap::new();
    for vote in said {
        votes.entry(vote.request).or_default().push(vote);
    }
    votes
}

/// The filter in the store's words; `None` where nothing can fit.
fn query(
    cx: &OpCx,
    snapshot: &Snapshot,
    filter: RequestFilter,
    limit: u32,
) -> Result<Option<RequestQuery>> {
    let named = match &filter.agent {
        Some(agent) => Some(
            snapshot
                .agents
                .find(agent)
                .ok_or_else(|| Error::invalid("agent", "there is no such agent"))?
                .id,
        ),
        None => None,
    };
    let agent = match (&cx.principal, named) {
        (Principal::Agent { agent, .. }, Some(named)) if agent.id != named => return Ok(None),
        (Principal::Agent { agent, .. }, _) => Some(agent.id),
        (_, named) => named,
    };
    let target = match &filter.target {
        Some(target) => Some(
            snapshot
                .targets
                .find(target)
                .ok_or_else(|| Error::invalid("target", "there is no such target"))?
                .id,
        ),
        None => None,
    };
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && since > until
    {
        return Err(Error::invalid("until", "this is before `since`"));
    }
    let (id, words) = searched(filter.text.as_deref())?;
    Ok(Some(RequestQuery {
        id,
        states: filter.states,
        verdicts: filter.verdicts,
        effects: filter.effects,
        urgencies: filter.urgencies,
        agent,
        target,
        action_like: filter.action.as_deref().map(pattern).transpose()?,
        since: filter.since,
        until: filter.until,
        words,
        order: filter.order,
        after: filter.after,
        limit,
    }))
}

/// What a search is for: a request by its id, or words.
fn searched(text: Option<&str>) -> Result<(Option<RequestId>, Option<Words>)> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok((None, None));
    };
    check_length("q", text)?;
    if let Ok(id) = text.parse() {
        return Ok((Some(id), None));
    }
    let words = Words::of(text)
        .ok_or_else(|| Error::invalid("q", "there is no letter or digit to search for"))?;
    Ok((None, Some(words)))
}

fn check_length(field: &'static str, text: &str) -> Result<()> {
    if text.chars().count() <= TEXT_LIMIT_CHARACTERS {
        return Ok(());
    }
    Err(Error::invalid(
        field,
        format!("this has more than {TEXT_LIMIT_CHARACTERS} characters"),
    ))
}

/// A pattern as `LIKE` takes it: `*` stands for anything, everything else for itself; without a star it is a beginning.
fn pattern(text: &str) -> Result<String> {
    check_length("action", text)?;
    if text.matches('*').count() > PATTERN_STARS {
        return Err(Error::invalid(
            "action",
            format!("this has more than {PATTERN_STARS} stars"),
        ));
    }
    if text.contains('\0') {
        return Err(Error::invalid("action", "this has a zero character"));
    }
    let mut like = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '*' => like.push('%'),
            '%' | '_' | '\\' => like.extend(['\\', character]),
            other => like.push(other),
        }
    }
    if !text.contains('*') {
        like.push('%');
    }
    Ok(like)
}
