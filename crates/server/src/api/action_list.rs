//! Lists of actions and approvals: filters, search, pages.

use std::str::FromStr;

use axum::Json as Document;
use countersign_domain::{RequestId, RequestState, Timestamp, UnknownWord};
use countersign_gate::{RequestFilter, RequestOrder};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    actions::ActionView,
    page::{List, parse_cursor},
};
use crate::{
    body::Query,
    caller::Caller,
    problem::{Problem, Result},
};

/// Which requests to list. Everything that is given must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActionQuery {
    /// Words of the agent, target, action, intent, rule, reason, notes and outcome: all of them, the last as a beginning (an agent's only
    /// if it has three characters). Or a request's id. What came in the last second may be missing; on PostgreSQL intents are not searched.
    q: Option<String>,
    /// States, separated by commas.
    #[serde(alias = "status")]
    state: Option<String>,
    /// The agent, by name or id.
    agent: Option<String>,
    /// The target, by name or id.
    target: Option<String>,
    /// Verdicts, separated by commas: `allow`, `ask`, `deny`.
    verdict: Option<String>,
    /// Effects, separated by commas: `read`, `write`, `destructive`, `egress`.
    effect: Option<String>,
    /// Urgencies, separated by commas: `low`, `normal`, `high`, `critical`.
    urgency: Option<String>,
    /// The beginning of the action's name, or a pattern where `*` stands for anything. Upper and lower case are the same.
    action: Option<String>,
    /// Not before this time (RFC 3339).
    since: Option<String>,
    /// Before this time (RFC 3339).
    until: Option<String>,
    /// `newest` (the default) or `oldest`; of approvals also `urgency`: the most urgent first, of those the oldest.
    order: Option<String>,
    /// The `next` of the page before, with the same filters and order.
    cursor: Option<String>,
    /// At most this many, up to 200.
    limit: Option<u32>,
}

/// Words that are separated by commas.
fn words<T: FromStr<Err = UnknownWord>>(field: &'static str, text: Option<&str>) -> Result<Vec<T>> {
    text.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.parse()
                .map_err(|error: UnknownWord| Problem::invalid(field, error.to_string()))
        })
        .collect()
}

fn time(field: &'static str, text: Option<&str>) -> Result<Option<Timestamp>> {
    text.map(|text| {
        text.parse()
            .map_err(|error: countersign_domain::InvalidTimestamp| {
                Problem::invalid(field, error.to_string())
            })
    })
    .transpose()
}

impl ActionQuery {
    fn filter(self, is_approvals: bool) -> Result<RequestFilter> {
        let order = match self.order.as_deref() {
            None | Some("newest") => RequestOrder::Newest,
            Some("oldest") => RequestOrder::Oldest,
            Some("urgency") if is_approvals => RequestOrder::Urgency,
            Some(_) if is_approvals => {
                return Err(Problem::invalid(
                    "order",
                    "unknown order: expected one of newest, oldest, urgency",
                ));
            }
            Some(_) => {
                return Err(Problem::invalid(
                    "order",
                    "unknown order: expected one of newest, oldest",
                ));
            }
        };
        let mut states = words("state", self.state.as_deref())?;
        if is_approvals {
            states = vec![RequestState::Pending];
        }
        Ok(RequestFilter {
            text: self.q,
            states,
            verdicts: words("verdict", self.verdict.as_deref())?,
            effects: words("effect", self.effect.as_deref())?,
            urgencies: words("urgency", self.urgency.as_deref())?,
            agent: self.agent,
            target: self.target,
            action: self.action.filter(|action| !action.is_empty()),
            since: time("since", self.since.as_deref())?,
            until: time("until", self.until.as_deref())?,
            order,
            after: self
                .cursor
                .as_deref()
                .map(parse_cursor)
                .transpose()?
                .map(RequestId::new),
            limit: self.limit.unwrap_or(0),
            with_total: is_approvals,
        })
    }
}

/// Requests. An agent sees its own.
#[utoipa::path(get, path = "/api/v1/actions", tag = "actions", params(ActionQuery), responses((status = 200, body = List<ActionView>)))]
pub(crate) async fn list_actions(
    caller: Caller,
    Query(query): Query<ActionQuery>,
) -> Result<Document<List<ActionView>>> {
    let page = caller
        .gate
        .requests(caller.cx(), query.filter(false)?)
        .await?;
    Ok(Document(List {
        items: page.items.into_iter().map(ActionView::from).collect(),
        next: page.next,
    }))
}

/// One page of what waits for a human.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalList {
    /// The items.
    items: Vec<ActionView>,
    /// The cursor of the next page; `null` on the last.
    next: Option<String>,
    /// How many wait that fit the filters, on the first page; `null` on others, and for an agent that searches.
    total: Option<u64>,
    /// Whether there are that many or more: counting stops at 10,000, with `q` or `action` at 1,000.
    is_total_bounded: bool,
}

/// What waits for a human.
#[utoipa::path(get, path = "/api/v1/approvals", tag = "approvals", params(ActionQuery), responses((status = 200, body = ApprovalList)))]
pub(crate) async fn list_approvals(
    caller: Caller,
    Query(query): Query<ActionQuery>,
) -> Result<Document<ApprovalList>> {
    let page = caller
        .gate
        .requests(caller.cx(), query.filter(true)?)
        .await?;
    Ok(Document(ApprovalList {
        items: page.items.into_iter().map(ActionView::from).collect(),
        next: page.next,
        total: page.total,
        is_total_bounded: page.is_total_bounded,
    }))
}
