//! Sign-in tokens of operators. A token signs in; it is no API key.

use axum::{Json as Document, extract::Path};
use countersign_domain::Name;
use countersign_gate::{Error, TokenDraft};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    duration::seconds,
    page::{List, Paging},
};
use crate::{
    body::{Json, Query},
    caller::Caller,
    problem::Result,
};

/// A sign-in token. The secret itself is stored as a hash and was shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenView {
    id: Uuid,
    name: String,
    /// Whose.
    operator: Uuid,
    /// The operator's name.
    operator_name: Option<String>,
    /// The first characters of the secret.
    prefix: String,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
}

impl From<countersign_gate::TokenView> for TokenView {
    fn from(view: countersign_gate::TokenView) -> Self {
        Self {
            id: view.id,
            name: view.name.to_string(),
            operator: view.operator.uuid(),
            operator_name: view.operator_name.map(|name| name.to_string()),
            prefix: view.prefix,
            created_at: view.created_at.to_string(),
            expires_at: view.expires_at.map(|time| time.to_string()),
            revoked_at: view.revoked_at.map(|time| time.to_string()),
        }
    }
}

/// A new sign-in token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddedToken {
    #[serde(flatten)]
    view: TokenView,
    /// The token. Shown this once.
    token: String,
}

/// A sign-in token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenBody {
    /// The operator, by name or id.
    operator: String,
    /// What it is for.
    #[schema(value_type = String)]
    name: Name,
    /// When it stops working by itself.
    #[serde(default)]
    expires_in_seconds: Option<u64>,
    /// The same as text: `30m`, `1h`, `7d`.
    #[serde(default)]
    expires: Option<String>,
}

/// Sign-in tokens: one's own, or with the right to manage operators everybody's.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "operators", params(Paging), responses((status = 200, body = List<TokenView>)))]
pub(crate) async fn list_tokens(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Document<List<TokenView>>> {
    let tokens = caller.gate.tokens(caller.cx()).await?;
    paging
        .cut(tokens, |token| token.id, TokenView::from)
        .map(Document)
}

/// Makes a sign-in token.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "operators", request_body = TokenBody, responses((status = 201, body = AddedToken)))]
pub(crate) async fn add_token(
    caller: Caller,
    Json(body): Json<TokenBody>,
) -> Result<(StatusCode, Document<AddedToken>)> {
    let expires_in_seconds = seconds(body.expires_in_seconds, body.expires.as_deref())?;
    let token = caller
        .gate
        .add_token(
            caller.cx(),
            TokenDraft {
                operator: body.operator,
                name: body.name,
                expires_in_seconds,
            },
        )
        .await?;
    Ok((
        StatusCode::CREATED,
        Document(AddedToken {
            view: token.view.into(),
            token: token.secret.expose().to_owned(),
        }),
    ))
}

/// Ends a sign-in token. Sessions that it began go on; end them where that is meant.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "operators", responses((status = 200, body = TokenView)))]
pub(crate) async fn revoke_token(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<TokenView>> {
    let id = Uuid::try_parse(&id).map_err(|_| Error::not_found("token"))?;
    Ok(Document(
        caller.gate.revoke_token(caller.cx(), id).await?.into(),
    ))
}
