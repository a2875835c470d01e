//! Decision links: made here, used on a page of their own.

use axum::{Json as Document, http::Uri};
use countersign_domain::RequestId;
use countersign_gate::LinkDraft;
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::duration::seconds;
use crate::{
    body::Json,
    caller::{Caller, Source},
    peer::Peer,
    problem::{Problem, Result},
};

/// A pair of links to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkBody {
    /// The request that they decide on.
    #[schema(value_type = uuid::Uuid)]
    request: String,
    /// How long they can be used: `90s`, `30m`, `12h`, `7d`; a minute to 30 days, a day where it is left out (`links.lifetime_seconds`).
    #[serde(default, alias = "expires_in")]
    expires: Option<String>,
    /// The same in seconds.
    #[serde(default)]
    expires_in_seconds: Option<u64>,
}

/// A pair of decision links, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkPairView {
    /// What they decide on.
    #[schema(value_type = uuid::Uuid)]
    request: RequestId,
    /// As whom: whoever asked for them.
    #[schema(value_type = uuid::Uuid)]
    approver: countersign_domain::OperatorId,
    /// The address that approves: it shows a page, whose button decides.
    approve: String,
    /// The address that denies.
    deny: String,
    /// Until when they can be used.
    expires_at: String,
    /// Whether they only show the request: what is destructive, or needs more than one operator, wants a sign-in.
    needs_sign_in: bool,
}

/// Where a call came in, as an address.
pub(crate) fn origin(uri: &Uri, headers: &HeaderMap, peer: &Peer) -> Option<String> {
    let host = uri.authority().map(http::uri::Authority::as_str);
    let host = host.or_else(|| headers.get(header::HOST)?.to_str().ok())?;
    let scheme = if peer.is_secure { "https" } else { "http" };
    Some(format!("{scheme}://{host}"))
}

/// Makes a pair of decision links for the caller: two addresses that decide on a waiting request without a sign-in, once, as the
/// operator who made them. Agents can't.
#[utoipa::path(post, path = "/api/v1/links", tag = "approvals", request_body = LinkBody, responses((status = 201, body = LinkPairView)))]
pub(crate) async fn make_links(
    caller: Caller,
    Source(peer): Source,
    uri: Uri,
    headers: HeaderMap,
    Json(body): Json<LinkBody>,
) -> Result<(StatusCode, Document<LinkPairView>)> {
    let not_found = |_| Problem::from(countersign_gate::Error::not_found("request"));
    let draft = LinkDraft {
        request: body.request.parse().map_err(not_found)?,
        expires_in_seconds: seconds(body.expires_in_seconds, body.expires.as_deref())?,
    };
    let pair = caller.gate.make_links(caller.cx(), draft).await?;
    let base = caller.gate.link_base(origin(&uri, &headers, &peer));
    let view = LinkPairView {
        request: pair.request,
        approver: pair.approver,
        approve: format!("{base}/l/{}", pair.approve.expose()),
        deny: format!("{base}/l/{}", pair.deny.expose()),
        expires_at: pair.expires_at.to_string(),
        needs_sign_in: pair.needs_sign_in,
    };
    Ok((StatusCode::CREATED, Document(view)))
}
