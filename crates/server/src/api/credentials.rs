//! Credentials: secrets on their way into the vault. Nothing here ever answers a value.

use std::collections::BTreeMap;

use axum::{Json as Document, extract::Path};
use countersign_domain::{CredentialType, Name};
use countersign_gate::{CredentialDraft, SecretString};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::page::{List, Paging};
use crate::{
    body::{Json, Query},
    caller::Caller,
    problem::{Problem, Result},
};

/// A credential, as far as it may be seen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CredentialView {
    id: Uuid,
    /// The target's name.
    target: String,
    /// The profile's name.
    profile: String,
    /// `bearer`, `basic`, `api_key_header`, `api_key_query`, `headers`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Names that are not secret: the header, the query parameter, the user.
    shown_as: String,
    set_at: String,
    /// Who set it: `operator:...`; `null` where that was not noted.
    set_by: Option<String>,
    /// By name; `null` once they are gone.
    set_by_name: Option<String>,
    /// Counts replacements.
    revision: u64,
}

impl CredentialView {
    fn new(caller: &Caller, view: countersign_gate::CredentialView) -> Self {
        let name = |actor| caller.gate.actor_name(caller.cx(), actor);
        Self {
            id: view.id.uuid(),
            target: view.target.to_string(),
            profile: view.profile.to_string(),
            kind: view.kind.as_str(),
            shown_as: view.shown_as,
            set_at: view.set_at.to_string(),
            set_by: view.set_by.map(|actor| actor.to_string()),
            set_by_name: view.set_by.and_then(name),
            revision: view.operator_revision,
        }
    }
}

/// A credential to be set; it replaces the one before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialBody {
    /// The target, by name or id.
    target: String,
    /// The profile's name; the default one where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    profile: Option<Name>,
    /// `bearer`, `basic`, `api_key_header`, `api_key_query`, `headers`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: CredentialType,
    /// By type: `token`; `username`, `password`; `header`, `key`; `parameter`, `key`; or each header's name and value.
    #[serde(default)]
    #[schema(value_type = Object)]
    fields: BTreeMap<String, SecretString>,
    /// Short for the one secret field of a type that has one: `token`, `password` or `key`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    value: Option<SecretString>,
}

/// Which credential of a target.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProfileQuery {
    /// The profile's name; the default one where it is left out.
    #[param(value_type = Option<String>)]
    profile: Option<Name>,
}

/// Every credential, without its value.
#[utoipa::path(get, path = "/api/v1/credentials", tag = "credentials", params(Paging), responses((status = 200, body = List<CredentialView>)))]
pub(crate) async fn list_credentials(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Document<List<CredentialView>>> {
    let credentials = caller.gate.credentials(caller.cx())?;
    paging
        .cut(
            credentials,
            |credential| credential.id.uuid(),
            |credential| CredentialView::new(&caller, credential),
        )
        .map(Document)
}

/// Sets a target's credential. It is sealed in the vault and never shown again.
#[utoipa::path(
    post, path = "/api/v1/credentials", tag = "credentials", request_body = CredentialBody,
    responses((status = 201, body = CredentialView)))]
pub(crate) async fn set_credential(
    caller: Caller,
    Json(body): Json<CredentialBody>,
) -> Result<(StatusCode, Document<CredentialView>)> {
    let mut fields = body.fields;
    if let Some(value) = body.value {
        let name = match body.kind {
            CredentialType::Bearer => "token",
            CredentialType::Basic => "password",
            CredentialType::ApiKeyHeader | CredentialType::ApiKeyQuery => "key",
            CredentialType::Headers => {
                return Err(Problem::invalid(
                    "value",
                    "this type has no single value: give the headers in fields",
                ));
            }
        };
        if fields.insert(name.to_owned(), value).is_some() {
            return Err(Problem::invalid(
                "value",
                format!("give either value or fields.{name}"),
            ));
        }
    }
    let draft = CredentialDraft {
        target: body.target,
        profile: body.profile,
        kind: body.kind,
        fields,
    };
    let view = caller.gate.set_credential(caller.cx(), draft).await?;
    Ok((
        StatusCode::CREATED,
        Document(CredentialView::new(&caller, view)),
    ))
}

/// Removes a target's credential.
#[utoipa::path(delete, path = "/api/v1/credentials/{target}", tag = "credentials", params(ProfileQuery), responses((status = 204)))]
pub(crate) async fn remove_credential(
    caller: Caller,
    Path(target): Path<String>,
    Query(query): Query<ProfileQuery>,
) -> Result<StatusCode> {
    caller
        .gate
        .remove_credential(caller.cx(), &target, query.profile.as_ref())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
