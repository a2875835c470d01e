//! Operators: humans who sign in.

use axum::{Json as Document, extract::Path};
use countersign_domain::{Name, Operator, Role};
use countersign_gate::{OperatorDraft, SecretString};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    page::{List, Paging},
    words,
};
use crate::{
    body::{Json, Query},
    caller::Caller,
    problem::Result,
};

/// An operator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorView {
    id: Uuid,
    name: String,
    /// What they may do.
    #[schema(value_type = words::Role)]
    role: &'static str,
    /// Whether they can sign in by password.
    has_password: bool,
    created_at: String,
    disabled_at: Option<String>,
}

impl From<&Operator> for OperatorView {
    fn from(operator: &Operator) -> Self {
        Self {
            id: operator.id.uuid(),
            name: operator.name.to_string(),
            role: operator.role.as_str(),
            has_password: operator.password_hash.is_some(),
            created_at: operator.created_at.to_string(),
            disabled_at: operator.disabled_at.map(|time| time.to_string()),
        }
    }
}

/// A new operator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddedOperator {
    #[serde(flatten)]
    operator: OperatorView,
    /// The sign-in token, for an operator without a password. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// An operator to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorBody {
    #[schema(value_type = String)]
    name: Name,
    /// `owner`, `approver` or `viewer`.
    #[schema(value_type = String)]
    role: Role,
    /// Without one, a sign-in token is made.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    #[schema(value_type = String)]
    password: SecretString,
}

/// A new role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleBody {
    /// `owner`, `approver` or `viewer`.
    #[schema(value_type = String)]
    role: Role,
}

/// Every operator.
#[utoipa::path(get, path = "/api/v1/operators", tag = "operators", params(Paging), responses((status = 200, body = List<OperatorView>)))]
pub(crate) async fn list_operators(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Document<List<OperatorView>>> {
    let operators = caller.gate.operators(caller.cx())?;
    paging
        .cut(
            operators,
            |operator| operator.id.uuid(),
            |operator| OperatorView::from(&*operator),
        )
        .map(Document)
}

/// Adds an operator.
#[utoipa::path(post, path = "/api/v1/operators", tag = "operators", request_body = OperatorBody, responses((status = 201, body = AddedOperator)))]
pub(crate) async fn add_operator(
    caller: Caller,
    Json(body): Json<OperatorBody>,
) -> Result<(StatusCode, Document<AddedOperator>)> {
    let OperatorBody {
        name,
        role,
        password,
    } = body;
    let (operator, token) = caller
        .gate
        .add_operator(
            caller.cx(),
            OperatorDraft {
                name,
                role,
                password,
            },
        )
        .await?;
    let added = AddedOperator {
        operator: OperatorView::from(&*operator),
        token: token.map(|token| token.secret.expose().to_owned()),
    };
    Ok((StatusCode::CREATED, Document(added)))
}

/// Sets a password: one's own, or with the right to manage operators anybody's.
#[utoipa::path(put, path = "/api/v1/operators/{id}/password", tag = "operators", request_body = PasswordBody, responses((status = 204)))]
pub(crate) async fn set_password(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<PasswordBody>,
) -> Result<StatusCode> {
    caller
        .gate
        .set_password(caller.cx(), &id, body.password)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a role. The last owner stays one.
#[utoipa::path(put, path = "/api/v1/operators/{id}/role", tag = "operators", request_body = RoleBody, responses((status = 200, body = OperatorView)))]
pub(crate) async fn set_role(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<RoleBody>,
) -> Result<Document<OperatorView>> {
    Ok(Document(OperatorView::from(
        &*caller.gate.set_role(caller.cx(), &id, body.role).await?,
    )))
}

/// Shuts an operator out: sessions, keys and tokens end within a second.
#[utoipa::path(delete, path = "/api/v1/operators/{id}", tag = "operators", responses((status = 204)))]
pub(crate) async fn disable_operator(caller: Caller, Path(id): Path<String>) -> Result<StatusCode> {
    caller.gate.disable_operator(caller.cx(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
