//! Lists of requests: filters that combine, and search.

use std::collections::HashMap;

use countersign_domain::{
    AgentId, Effect, EntryId, Permission, RequestId, RequestState, TargetId, Timestamp, Urgency,
    Verdict, Vote,
};
use countersign_store::{
    Tx,
    evidence::{self, Listed},
    requests::{self, RequestQuery, RequestRow},
    search::Words,
    votes,
};

pub use countersign_store::requests::RequestOrder;

use crate::{
    context::{OpCx, Principal},
    error::{Error, Result},
    evidence::{Evidence, LISTED_BYTES},
    gate::Gate,
    requests::{RequestView, risk_reasons},
    searching,
    snapshot::Snapshot,
};

/// The most requests on one page.
pub const PAGE_LIMIT: u32 = 200;

/// Counting stops here.
pub const COUNT_LIMIT: u32 = 10_000;

/// Counting what a search finds stops here: each one found is looked up.
const SEARCH_COUNT_LIMIT: u32 = 1_000;

/// An agent's last word is a beginning only if it has so many characters: shorter ones begin almost everything.
const AGENT_BEGINNING_CHARACTERS: usize = 3;

/// The longest search and the longest pattern, in characters.
const TEXT_LIMIT_CHARACTERS: usize = 200;

/// The most stars in a pattern: each makes the engine try again.
const PATTERN_STARS: usize = 6;

/// Which requests to show. Everything that is given must hold; of a list of words one. Empty lists are no condition.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Words of the agent, target, action, intent, rule, reason, notes and outcome, all of them, the last as a beginning (for an agent
    /// only if it has three characters); or the request's id. On PostgreSQL intents are not searched: they are only kept sealed there.
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
    /// How many fit, where it was asked for; an agent's searches are not counted.
    pub total: Option<u64>,
    /// Whether there are that many or more: counting stops somewhere.
    pub is_total_bounded: bool,
}

impl Gate {
    /// Requests. An agent sees its own.
    ///
    /// # Errors
    /// `invalid_input` naming the field: an agent or target that does not exist, a search or pattern that is none. `search_too_broad`
    /// where looking takes too long, `too_many_searches` for an agent that looks too often.
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
                is_total_bounded: false,
            });
        };
        // SECURITY: what an agent asks for here, and what looks at more than an index gives, may not take the readers from others.
        let is_agent = matches!(cx.principal, Principal::Agent { .. });
        let is_search = query.words.is_some() || query.action_like.is_some();
        let count_limit = match (with_total, is_search) {
            (false, _) => None,
            (true, true) => (!is_agent).then_some(SEARCH_COUNT_LIMIT),
            (true, false) => Some(COUNT_LIMIT),
        };
        let turn = self.inner.searching.turn(&cx.principal).await?;
        let look = move |tx: &mut Tx<'_>| -> Result<_> {
            let _turn = &turn;
            let rows = requests::list(tx, &query)?;
            let total = match count_limit {
                Some(limit) => Some(requests::count(tx, &query, limit)?),
                None => None,
            };
            let ids: Vec<RequestId> = rows.iter().map(|row| row.request.id).collect();
            let entries: Vec<EntryId> = rows.iter().map(|row| row.evidence_entry).collect();
            Ok((
                rows,
                total,
                votes::of_requests(tx, &ids)?,
                evidence::listed(tx, &entries, LISTED_BYTES)?,
            ))
        };
        let store = &self.inner.workspace.store;
        let read = if is_agent || is_search {
            store
                .read_within(searching::limit(&cx.principal), look)
                .await?
        } else {
            store.read(look).await?
        };
        let (rows, total, said, listed) = read;
        let has_more = rows.len() > limit as usize;
        let mut said = by_request(said);
        let mut listed: HashMap<EntryId, Listed> = listed.into_iter().collect();
        let mut items = Vec::with_capacity(rows.len());
        for row in rows.into_iter().take(limit as usize) {
            let votes = said.remove(&row.request.id).unwrap_or_default();
            items.push(self.listed(cx, &row, votes, listed.remove(&row.evidence_entry))?);
        }
        let next = items
            .last()
            .filter(|_| has_more)
            .map(|view| view.request.id.to_string());
        Ok(RequestPage {
            items,
            next,
            is_total_bounded: total
                .zip(count_limit)
                .is_some_and(|(total, limit)| total >= u64::from(limit)),
            total,
        })
    }

    fn listed(
        &self,
        cx: &OpCx,
        row: &RequestRow,
        votes: Vec<Vote>,
        listed: Option<Listed>,
    ) -> Result<RequestView> {
        let vault = &self.inner.workspace.vault;
        let evidence = listed
            .map(|listed| Evidence::open_listed(vault, row.evidence_entry, &listed))
            .transpose()?
            .unwrap_or_default();
        let reasons = risk_reasons(evidence.facts.as_ref());
        let intent = self.redacted(evidence.intent);
        Ok(self.view(cx, row, votes, intent, reasons))
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
    let nouns = named(cx, snapshot, &filter)?;
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && since > until
    {
        return Err(Error::invalid("until", "this is before `since`"));
    }
    let (id, words) = searched(filter.text.as_deref())?;
    let words = words.map(|words| match cx.principal {
        Principal::Agent { .. } => words.with_beginnings_from(AGENT_BEGINNING_CHARACTERS),
        _ => words,
    });
    let action_like = filter.action.as_deref().map(pattern).transpose()?;
    // Only now: for an agent everything else is checked first, so that what is checked does not tell what exists.
    let Some((agent, target)) = nouns else {
        return Ok(None);
    };
    Ok(Some(RequestQuery {
        id,
        states: filter.states,
        verdicts: filter.verdicts,
        effects: filter.effects,
        urgencies: filter.urgencies,
        agent,
        target,
        targets: cx
            .principal
            .key()
            .map(|key| key.bounds.targets.clone())
            .unwrap_or_default(),
        action_like,
        since: filter.since,
        until: filter.until,
        words,
        order: filter.order,
        after: filter.after,
        limit,
    }))
}

/// The agent and the target that a list is about; `None` where nothing can fit. An agent is not told whether there is another agent or a
/// target of some name: nothing of theirs is its own.
fn named(
    cx: &OpCx,
    snapshot: &Snapshot,
    filter: &RequestFilter,
) -> Result<Option<(Option<AgentId>, Option<TargetId>)>> {
    let agent = filter
        .agent
        .as_ref()
        .map(|agent| snapshot.agents.find(agent).map(|agent| agent.id));
    let target = filter
        .target
        .as_ref()
        .map(|target| snapshot.targets.find(target).map(|target| target.id));
    if let Principal::Agent { agent: own, .. } = &cx.principal {
        let is_other = agent.is_some_and(|agent| agent != Some(own.id));
        if is_other || target == Some(None) {
            return Ok(None);
        }
        return Ok(Some((Some(own.id), target.flatten())));
    }
    let bounds = cx.principal.key().map(|key| &key.bounds);
    if let Some(bound) = bounds.and_then(|bounds| bounds.agent) {
        if agent.is_some_and(|agent| agent != Some(bound)) || target == Some(None) {
            return Ok(None);
        }
        return Ok(Some((Some(bound), target.flatten())));
    }
    if agent == Some(None) {
        return Err(Error::invalid("agent", "there is no such agent"));
    }
    if target == Some(None) {
        return Err(Error::invalid("target", "there is no such target"));
    }
    Ok(Some((agent.flatten(), target.flatten())))
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
