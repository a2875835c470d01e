//! Sessions: signing in, proving again, signing out.
//!
//! A browser gets its secret as a cookie that scripts can't read, and the CSRF token in the answer to its sign-in and nowhere else: a
//! page keeps it in its local storage, which belongs to one port where cookies belong to the host, and which its windows share. A
//! terminal gets its secret in the answer and sends it as `Authorization: Bearer`; it may read, and changes something only after a fresh
//! proof.

use axum::{
    Json as Document,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use countersign_gate::{
    Error, Gate, NewSession, Origin, Principal, SecretString, SessionKind, SignIn, Via,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::List;
use crate::{
    body::Json,
    caller::{Caller, DEVICE_COOKIE, Source, cookie, cookie_named, device_cookie},
    peer::Peer,
    problem::{Problem, Result},
    state::ServerState,
};

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// A credential: a sign-in token, a name with a password, or a key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProofBody {
    /// A sign-in token.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    token: Option<SecretString>,
    /// The operator's name.
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
    /// A key that may do all that its operator may.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    key: Option<SecretString>,
}

impl ProofBody {
    fn sign_in(self) -> Result<SignIn> {
        match (self.token, self.name, self.password, self.key) {
            (Some(token), None, None, None) => Ok(SignIn::Token(token)),
            (None, Some(name), Some(password), None) => Ok(SignIn::Password { name, password }),
            (None, None, None, Some(key)) => Ok(SignIn::Key(key)),
            _ => Err(Problem::invalid(
                "token",
                "give one of: token; name and password; key",
            )),
        }
    }
}

/// Signing in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInBody {
    /// A sign-in token.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    token: Option<SecretString>,
    /// The operator's name.
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
    /// A key that may do all that its operator may.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    key: Option<SecretString>,
    /// `browser` (the default: a cookie) or `terminal` (the secret in the answer).
    #[serde(default)]
    kind: ClientKind,
    /// What the client calls itself, for the list of sessions.
    #[serde(default)]
    label: String,
    /// What the last sign-in from this terminal answered as `device`. A browser's is in its cookie.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    device: Option<SecretString>,
}

/// What kind of client signs in.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientKind {
    #[default]
    Browser,
    Terminal,
}

/// A session that has just begun.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// The session's id.
    id: Uuid,
    /// The operator's name.
    operator: String,
    /// `owner`, `approver` or `viewer`.
    role: &'static str,
    expires_at: String,
    /// A browser sends this in `X-CSRF-Token` with everything that changes something. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
    /// A terminal sends this as `Authorization: Bearer`. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// A terminal sends this as `device` with its next sign-in, so that its password is never checked behind strangers'. It signs
    /// nobody in.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// `operator` or `agent`.
    kind: &'static str,
    id: Uuid,
    name: String,
    /// An operator's role.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// The session in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Uuid>,
    /// When a session's operator last typed a credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    proved_at: Option<String>,
    /// The key in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Uuid>,
    /// The key's scopes.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'static str>>,
}

/// A live session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    id: Uuid,
    operator: Uuid,
    operator_name: Option<String>,
    /// `browser` or `terminal`.
    kind: &'static str,
    /// What the client calls itself. Untrusted text.
    label: String,
    created_at: String,
    proved_at: String,
    expires_at: String,
    /// The address that it was begun from, as the listener saw it; `null` where that was not noted.
    source: Option<String>,
    /// When it last called this gateway; `null` where it has not since the gateway started.
    last_seen_at: Option<String>,
    /// Whether it is the one that asks.
    is_current: bool,
}

impl From<countersign_gate::SessionView> for SessionView {
    fn from(view: countersign_gate::SessionView) -> Self {
        Self {
            id: view.id.uuid(),
            operator: view.operator.uuid(),
            operator_name: view.operator_name.map(|name| name.to_string()),
            kind: view.kind.as_str(),
            label: view.label,
            created_at: view.created_at.to_string(),
            proved_at: view.proved_at.to_string(),
            expires_at: view.expires_at.to_string(),
            source: (!view.source.is_empty()).then_some(view.source),
            last_seen_at: view.last_seen_at.map(|at| at.to_string()),
            is_current: view.is_current,
        }
    }
}

/// How long a proof lasts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Proved {
    /// Until when the session may change and decide.
    valid_until: String,
}

/// Signs in. Five failures in a row from one place make further failures wait; a valid credential always passes at once.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "sessions", request_body = SignInBody, responses((status = 201, body = SignedIn)))]
pub(crate) async fn sign_in(
    State(state): State<Arc<ServerState>>,
    Source(peer): Source,
    headers: HeaderMap,
    Json(body): Json<SignInBody>,
) -> Result<Response> {
    let gate = state.open_gate()?;
    let SignInBody {
        token,
        name,
        password,
        key,
        kind,
        label,
        device,
    } = body;
    let credential = ProofBody {
        token,
        name,
        password,
        key,
    }
    .sign_in()?;
    let kind = match kind {
        ClientKind::Browser => SessionKind::Browser,
        ClientKind::Terminal => SessionKind::Terminal,
    };
    let device = device
        .as_ref()
        .map(SecretString::expose)
        .or_else(|| cookie_named(&headers, DEVICE_COOKIE));
    let session = sign_in_from(&gate, &peer, device, credential, kind, &label).await?;
    answer(&gate, &peer, &session, kind, |document| document)
}

/// Signs a browser in with a credential that the gateway itself has just made.
pub(super) async fn begin_browser_session<T: Serialize>(
    gate: &Gate,
    peer: &Peer,
    headers: &HeaderMap,
    credential: SignIn,
    label: &str,
    document: impl FnOnce(SignedIn) -> T,
) -> Result<Response> {
    let kind = SessionKind::Browser;
    let device = cookie_named(headers, DEVICE_COOKIE);
    let session = sign_in_from(gate, peer, device, credential, kind, label).await?;
    answer(gate, peer, &session, kind, document)
}

async fn sign_in_from(
    gate: &Gate,
    peer: &Peer,
    device: Option<&str>,
    credential: SignIn,
    kind: SessionKind,
    label: &str,
) -> Result<NewSession> {
    let origin = Origin {
        source: &peer.source,
        device,
    };
    Ok(gate.sign_in(origin, credential, kind, label).await?)
}

/// What a sign-in answers: a browser's secrets go into its cookies.
fn answer<T: Serialize>(
    gate: &Gate,
    peer: &Peer,
    session: &NewSession,
    kind: SessionKind,
    document: impl FnOnce(SignedIn) -> T,
) -> Result<Response> {
    let secret = session.secret.expose();
    let is_browser = kind == SessionKind::Browser;
    let signed_in = SignedIn {
        id: session.session_id.uuid(),
        operator: session.operator.name.to_string(),
        role: session.operator.role.as_str(),
        expires_at: session.expires_at.to_string(),
        csrf_token: is_browser.then(|| session.csrf.expose().to_owned()),
        session: (!is_browser).then(|| secret.to_owned()),
        device: (!is_browser).then(|| session.device.expose().to_owned()),
    };
    let mut response = (StatusCode::CREATED, Document(document(signed_in))).into_response();
    if is_browser {
        let lifetime = session.expires_at.since(gate.now()).as_secs();
        let headers = response.headers_mut();
        headers.insert(
            header::SET_COOKIE,
            cookie(secret, lifetime, peer.is_secure)?,
        );
        headers.append(
            header::SET_COOKIE,
            device_cookie(session.device.expose(), peer.is_secure)?,
        );
    }
    Ok(response)
}

/// Who asks, and what they may do.
#[utoipa::path(get, path = "/api/v1/sessions/me", tag = "sessions", responses((status = 200, body = Me)))]
pub(crate) async fn current_session(caller: Caller) -> Result<Document<Me>> {
    let principal = &caller.cx().principal;
    let (kind, id, name, role) = match principal {
        Principal::Agent { agent, .. } => ("agent", agent.id.uuid(), agent.name.to_string(), None),
        Principal::Operator { operator, .. } => (
            "operator",
            operator.id.uuid(),
            operator.name.to_string(),
            Some(operator.role.as_str()),
        ),
        Principal::System => return Err(Problem::internal("the gateway itself never calls")),
    };
    let key = principal.key();
    let mut me = Me {
        kind,
        id,
        name,
        role,
        session: None,
        proved_at: None,
        key: key.map(|key| key.id.uuid()),
        scopes: key.map(|key| key.scopes.iter().map(|scope| scope.as_str()).collect()),
    };
    if let Principal::Operator {
        via: Via::Session { id, proved_at, .. },
        ..
    } = principal
    {
        me.session = Some(id.uuid());
        me.proved_at = Some(proved_at.to_string());
    }
    Ok(Document(me))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/sessions/me", tag = "sessions", responses((status = 204)))]
pub(crate) async fn sign_out(caller: Caller, Source(peer): Source) -> Result<Response> {
    caller.gate.sign_out(caller.cx()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, cookie("", 0, peer.is_secure)?);
    // What the browser has kept of answers goes, too: whoever sits down next finds nothing. Not its storage, where the look and the
    // operator's name are: the page takes its session's token from there itself, and alone that token signs nobody in.
    headers.insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
    Ok(response)
}

/// Proves again who sits there: for five minutes a terminal may change and decide, and a browser make new ways in.
#[utoipa::path(post, path = "/api/v1/sessions/proof", tag = "sessions", request_body = ProofBody, responses((status = 200, body = Proved)))]
pub(crate) async fn prove(caller: Caller, Json(body): Json<ProofBody>) -> Result<Document<Proved>> {
    let valid_until = caller.gate.prove(caller.cx(), body.sign_in()?).await?;
    Ok(Document(Proved {
        valid_until: valid_until.to_string(),
    }))
}

/// The live sessions: one's own, or with the right to manage operators everybody's.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "sessions", responses((status = 200, body = List<SessionView>)))]
pub(crate) async fn list_sessions(caller: Caller) -> Result<Document<List<SessionView>>> {
    let sessions = caller.gate.sessions(caller.cx()).await?;
    Ok(Document(List {
        items: sessions.into_iter().map(SessionView::from).collect(),
        next: None,
    }))
}

/// Ends a session within a second, open streams included.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "sessions", responses((status = 204)))]
pub(crate) async fn end_session(caller: Caller, Path(id): Path<String>) -> Result<StatusCode> {
    let id = id.parse().map_err(|_| Error::not_found("session"))?;
    caller.gate.end_session(caller.cx(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
