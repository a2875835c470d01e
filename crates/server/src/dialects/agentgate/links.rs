//! Decision links as these clients ask for them. What is behind them is the page of all links.

use axum::{Json as Document, extract::Path, http::Uri};
use countersign_gate::LinkDraft;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{ids, paging::iso, requests};
use crate::{
    api::origin,
    caller::{Caller, Source},
    problem::{Problem, Result},
};

const MISSING: &str = "Request not found";

/// Makes a pair of links for the caller.
#[utoipa::path(post, path = "/api/requests/{id}/tokens", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_tokens(
    caller: Caller,
    Source(peer): Source,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Document<Value>> {
    let cx = caller.gate.as_integration(caller.cx());
    let request = countersign_domain::RequestId::new(ids::id(&id, MISSING)?);
    // Of approval-only requests only, as everywhere here.
    let known = caller.gate.full_request(&cx, request).await;
    known.map_err(ids::named(MISSING))?;
    let draft = LinkDraft {
        request,
        expires_in_seconds: None,
    };
    let pair = match caller.gate.make_links(&cx, draft).await {
        Ok(pair) => pair,
        Err(error) if error.code == "not_pending" => {
            let now = caller.gate.full_request(&cx, request).await?;
            let word = requests::word(now.view.request.state);
            let text = format!("Request is not pending (current status: {word})");
            return Err(Problem::new(StatusCode::BAD_REQUEST, "not_pending", text));
        }
        Err(error) => return Err(ids::named(MISSING)(error)),
    };
    let base = caller.gate.link_base(origin(&uri, &headers, &peer));
    let link = |token: &countersign_gate::SecretString| {
        let token = token.expose();
        json!({"token": token, "url": format!("{base}/api/decide/{token}")})
    };
    // Whole hours, as there; a part of one counts.
    let hours = pair.lasts_seconds.div_ceil(3_600);
    Ok(Document(json!({
        "requestId": ids::short(request.uuid()),
        "tokens": {"approve": link(&pair.approve), "deny": link(&pair.deny)},
        "expiresAt": iso(pair.expires_at),
        "expiresInHours": hours,
    })))
}
