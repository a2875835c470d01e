//! Setting up from the page: open to whoever holds the one-time address, and to nobody once there is an installation.

use std::sync::Arc;

use axum::{Json as Document, extract::State, response::Response};
use countersign_gate::SecretString;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sessions::{SignedIn, begin_browser_session};
use crate::{
    body::Json,
    caller::Source,
    problem::{Problem, Result},
    setup::{SetUp, SetupDraft, SetupError},
    state::ServerState,
};

/// Whether this gateway can be set up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetupView {
    /// `open`, or `closed`: it was set up already, or the one-time address is dead.
    state: &'static str,
    /// While it is open: whether a passphrase must be chosen, because the start-up values have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs_passphrase: Option<bool>,
    /// While it is open: the configured store, `sqlcipher`.
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<&'static str>,
}

/// How to set up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupBody {
    /// The token of the one-time address: what stands behind its `#`.
    #[schema(value_type = String)]
    token: SecretString,
    /// The first operator's name.
    operator: String,
    /// What they sign in with, 12 characters at least; without it they get a sign-in token.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
    /// The vault's passphrase, 14 characters at least; left out where the start-up values have one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    passphrase: Option<SecretString>,
    /// The store, as it was shown.
    #[serde(default)]
    store: Option<String>,
    /// What the client calls itself, for the list of sessions.
    #[serde(default)]
    label: String,
}

/// An installation, and the session of its first operator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetUpView {
    #[serde(flatten)]
    session: SignedIn,
    /// What the operator signs in with next time, where they chose no password. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_in_token: Option<String>,
}

/// Whether this gateway can be set up.
#[utoipa::path(get, path = "/api/v1/setup", tag = "setup", responses((status = 200, body = SetupView)))]
pub(crate) async fn setup_state(State(state): State<Arc<ServerState>>) -> Document<SetupView> {
    let facts = match state.gate() {
        Some(_) => None,
        None => state.setup().map(|setup| setup.facts()),
    };
    let facts = facts.filter(|facts| facts.is_open);
    Document(SetupView {
        state: if facts.is_some() { "open" } else { "closed" },
        needs_passphrase: facts.map(|facts| facts.needs_passphrase),
        store: facts.map(|facts| facts.store),
    })
}

/// Sets the gateway up and signs its first operator in. The one-time address dies with it, after 15 minutes, or after 5 wrong tries.
#[utoipa::path(post, path = "/api/v1/setup", tag = "setup", request_body = SetupBody, responses((status = 201, body = SetUpView)))]
pub(crate) async fn set_up(
    State(state): State<Arc<ServerState>>,
    Source(peer): Source,
    headers: HeaderMap,
    Json(body): Json<SetupBody>,
) -> Result<Response> {
    let draft = SetupDraft {
        operator: body.operator,
        password: body.password,
        passphrase: body.passphrase,
        store: body.store,
    };
    let label = body.label;
    let SetUp {
        gate,
        credential,
        sign_in_token,
    } = state
        .set_up(body.token, draft)
        .await?
        .map_err(Problem::from)?;
    begin_browser_session(&gate, &peer, &headers, credential, &label, |session| {
        SetUpView {
            session,
            sign_in_token: sign_in_token.map(|token| token.expose().to_owned()),
        }
    })
    .await
}

impl From<SetupError> for Problem {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Closed => Self::setup_closed(),
            SetupError::WrongToken { tries_left } => {
                let detail = match tries_left {
                    0 => "the one-time address is wrong, and it is dead now: restart the gateway for another".to_owned(),
                    1 => "the one-time address is wrong: 1 try is left; copy the whole address".to_owned(),
                    left => format!("the one-time address is wrong: {left} tries are left; copy the whole address"),
                };
                Self::new(StatusCode::UNAUTHORIZED, "setup_token_invalid", detail)
                    .tries_left(tries_left)
            }
            SetupError::Failed(error) => error.into(),
        }
    }
}
