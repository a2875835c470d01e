//! Signing in, sessions, and the lockout.
//!
//! A credential is always verified first: a valid one passes, whatever others did, so that a stranger can lock nobody out. Failures
//! are counted per source and per account, in the store; over the limit a failing answer says `locked_out`. A name that does not
//! exist takes the same way and the same time as a wrong password.
//!
//! SECURITY: what is verified is counted, and what is hashed keeps its turn, also if whoever asked has gone.

mod lanes;

use std::{
    collections::HashMap,
    fmt::{self, Write as _},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use countersign_domain::{
    Actor, AuditEntry, EntryId, KeyOwner, Name, Operator, OperatorId, Permission, Scope, SessionId,
    Timestamp,
};
use countersign_store::{
    StoreError, Tx, operators,
    sessions::{self, Session},
    signins, tokens,
};
use countersign_vault::{
    KdfParameters, PasswordHasher, SecretString, Token, TokenHash, constant_time_equal,
    random_bytes, sha256,
};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

pub use countersign_store::sessions::SessionKind;

use crate::{
    checks,
    context::{OpCx, Principal, Via},
    error::{Error, ErrorKind, Result},
    gate::Gate,
    identify::unauthenticated,
};

use lanes::{Lane, Lanes, Turn};

/// How long a typed proof lasts.
pub const PROOF_LIFETIME: Duration = Duration::from_mins(5);
/// How long a session that was looked up is believed.
const CACHE_LIFETIME: Duration = Duration::from_millis(500);
const CACHE_SESSIONS: usize = 4_096;
/// Failures from one locked source make one entry in this time.
const FOLD_PERIOD: Duration = Duration::from_mins(1);
/// Counts that nobody added to for this long are forgotten.
const FAILURES_KEPT: Duration = Duration::from_hours(48);
/// Sessions that ended by themselves this long ago are deleted.
const SESSIONS_KEPT: Duration = Duration::from_hours(24 * 30);
/// How long a sign-in that was pushed out, or failed in the slow lane, waits for its answer: it takes the flood out of a flood.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);
const LABEL_LIMIT_CHARACTERS: usize = 128;

/// What an operator signs in with.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SignIn {
    /// A sign-in token.
    Token(SecretString),
    /// Name and password.
    Password {
        /// The operator's name.
        name: String,
        /// The password.
        password: SecretString,
    },
    /// A key of the operator that may do all that the operator's role may.
    Key(SecretString),
}

impl fmt::Debug for SignIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Token(_) => "Token(..)",
            Self::Password { .. } => "Password(..)",
            Self::Key(_) => "Key(..)",
        })
    }
}

impl SignIn {
    const fn method(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Password { .. } => "password",
            Self::Key(_) => "key",
        }
    }
}

/// Where a sign-in comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The peer's address as the listener saw it.
    pub source: &'a str,
    /// What [`NewSession::device`] was when this device last signed in, if it says so. Untrusted until it is verified.
    pub device: Option<&'a str>,
}

impl<'a> From<&'a str> for Origin<'a> {
    fn from(source: &'a str) -> Self {
        Self {
            source,
            device: None,
        }
    }
}

/// A session that has just begun. Its secrets are shown this once.
pub struct NewSession {
    /// The id.
    pub session_id: SessionId,
    /// What the browser's cookie or the terminal's file holds.
    pub secret: SecretString,
    /// What the page sends with every state change.
    pub csrf: SecretString,
    /// What makes this device known at its next sign-in: its password checks then never wait behind strangers'. No credential.
    pub device: SecretString,
    /// When the session ends by itself.
    pub expires_at: Timestamp,
    /// Who signed in.
    pub operator: Arc<Operator>,
}

impl fmt::Debug for NewSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewSession")
            .field("session_id", &self.session_id)
            .finish_non_exhaustive()
    }
}

/// A session, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionView {
    /// The id.
    pub id: SessionId,
    /// Whose.
    pub operator: OperatorId,
    /// The operator's name.
    pub operator_name: Option<Name>,
    /// Where it lives.
    pub kind: SessionKind,
    /// What the client calls itself. Untrusted.
    pub label: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When the operator last typed a credential.
    pub proved_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The address that it was begun from, as the listener saw it; empty where that was not noted.
    pub source: String,
    /// When it last called this process; `None` where it has not since the start.
    pub last_seen_at: Option<Timestamp>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// What signing in needs between calls: the sessions that were looked up, and the lanes for password checks.
#[derive(Default)]
pub(crate) struct SessionCache {
    sessions: Mutex<HashMap<[u8; 32], (Session, Instant)>>,
    seen: Mutex<HashMap<SessionId, Timestamp>>,
    lanes: Lanes,
    hasher: Arc<OnceLock<PasswordHasher>>,
}

impl SessionCache {
    // Every change of the maps is one call: a panic can't leave them half changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], (Session, Instant)>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Timestamp>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A live session calls.
    pub(crate) fn note(&self, id: SessionId, now: Timestamp) {
        let mut seen = self.seen();
        if seen.len() >= CACHE_SESSIONS && !seen.contains_key(&id) {
            seen.clear();
        }
        seen.insert(id, now);
    }

    fn get(&self, hash: &[u8; 32]) -> Option<Session> {
        self.lock()
            .get(hash)
            .filter(|(_, read_at)| read_at.elapsed() < CACHE_LIFETIME)
            .map(|(session, _)| session.clone())
    }

    fn put(&self, session: Session) {
        let mut sessions = self.lock();
        if sessions.len() >= CACHE_SESSIONS {
            sessions.clear();
        }
        sessions.insert(session.hash, (session, Instant::now()));
    }

    fn forget(&self, over: impl Fn(&Session) -> bool) {
        self.lock().retain(|_, (session, _)| !over(session));
    }
}

/// A credential that did not pass.
struct Refused {
    /// What the ledger says.
    outcome: &'static str,
    /// The account whose failures are counted.
    account: Option<String>,
    /// The known device whose failures are counted.
    device: Option<String>,
    /// The operator, if the name is one.
    operator: Option<Arc<Operator>>,
}

impl Refused {
    const fn unknown(outcome: &'static str) -> Self {
        Self {
            outcome,
            account: None,
            device: None,
            operator: None,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn locked_out(until: Timestamp, now: Timestamp) -> Error {
    let text =
        "too many failed sign-ins: wait before the next try; a valid credential passes at once";
    Error::new(ErrorKind::TooManyRequests, "locked_out", text)
        .retry_after(until.since(now).max(Duration::from_secs(1)))
        .limit("sign_in.attempts")
}

/// Refuses a change or decision from a terminal whose operator has not typed a credential lately.
///
/// # Errors
/// `proof_required`.
pub(crate) fn require_fresh_proof(cx: &OpCx) -> Result<()> {
    match session_proof(cx) {
        Some((proved_at, true)) => require_recent(cx, proved_at),
        _ => Ok(()),
    }
}

/// Refuses to make, change or end a way in (an operator, a password, a key, a token) from any session whose operator has not typed a
/// credential lately.
///
/// # Errors
/// `proof_required`.
pub(crate) fn require_fresh_proof_of_all(cx: &OpCx) -> Result<()> {
    match session_proof(cx) {
        Some((proved_at, _)) => require_recent(cx, proved_at),
        None => Ok(()),
    }
}

/// When a session was proved, and whether it is a terminal's.
const fn session_proof(cx: &OpCx) -> Option<(Timestamp, bool)> {
    match &cx.principal {
        Principal::Operator {
            via:
                Via::Session {
                    proved_at,
                    is_terminal,
                    ..
                },
            ..
        } => Some((*proved_at, *is_terminal)),
        _ => None,
    }
}

fn require_recent(cx: &OpCx, proved_at: Timestamp) -> Result<()> {
    if cx.now.since(proved_at) < PROOF_LIFETIME {
        return Ok(());
    }
    let text = "this needs a fresh proof: type your credential again";
    Err(Error::new(
        ErrorKind::Unauthenticated,
        "proof_required",
        text,
    ))
}

/// How a password is checked: in which lane, and as which known device.
struct Way {
    lane: Lane,
    /// The subject that a known device's failures are counted by.
    device: Option<String>,
}

impl Gate {
    /// Begins a session. `label` is what the client calls itself.
    ///
    /// # Errors
    /// `invalid_credentials`, `locked_out` for a credential that fails while the source or account is locked, `sign_in_disabled`,
    /// `sign_in_busy` when too many password checks wait.
    pub async fn sign_in<'origin>(
        &self,
        origin: impl Into<Origin<'origin>>,
        credential: SignIn,
        kind: SessionKind,
        label: &str,
    ) -> Result<NewSession> {
        let Origin { source, device } = origin.into();
        let method = credential.method();
        let way = match &credential {
            SignIn::Password { name, .. } => Some(self.way(source, name, device).await?),
            SignIn::Token(_) | SignIn::Key(_) => None,
        };
        let operator = self.verify_to_the_end(source, credential, way).await?;
        let now = self.now();
        let hours = u64::from(self.snapshot().settings.session_hours);
        let secret = Token::generate();
        let csrf = self.csrf_of(&secret.hash());
        let session = Session {
            id: SessionId::new(self.inner.clock.uuid()),
            operator: operator.id,
            hash: secret.hash().0,
            csrf_hash: sha256(csrf.expose().as_bytes()),
            kind,
            label: label
                .chars()
                .filter(|character| !character.is_control())
                .take(LABEL_LIMIT_CHARACTERS)
                .collect(),
            created_at: now,
            proved_at: now,
            expires_at: now.saturating_add(Duration::from_hours(hours)),
            ended_at: None,
            source: source.to_owned(),
        };
        let mut entry = AuditEntry::new(
            EntryId::new(self.inner.clock.uuid()),
            now,
            Actor::Operator(operator.id),
            "signin.succeeded",
        );
        entry.subject = Some(format!(
            "session:{} {} from {source}",
            session.id,
            kind.as_str()
        ));
        entry.outcome = Some(method.to_owned());
        let account = account_of(operator.name.as_str());
        let new = NewSession {
            session_id: session.id,
            secret: secret.into_secret(),
            csrf,
            device: self.device_mark(operator.id),
            expires_at: session.expires_at,
            operator,
        };
        self.inner
            .workspace
            .store
            .write(move |tx| {
                // Once more, in the transaction: the operator may just have been shut out.
                if operators::by_id(tx, session.operator)?
                    .is_none_or(|operator| operator.disabled_at.is_some())
                {
                    return Err(invalid_credentials());
                }
                sessions::insert(tx, &session)?;
                sessions::delete_over(tx, now.saturating_sub(SESSIONS_KEPT))?;
                signins::clear(tx, &account)?;
                tx.append_entry(entry.clone())?;
                Ok(())
            })
            .await?;
        Ok(new)
    }

    /// Notes that the operator of a session has just typed a credential again; until when that lasts.
    ///
    /// # Errors
    /// Those of [`Gate::sign_in`]; `forbidden` for anything but a session, or for another operator's credential.
    pub async fn prove(&self, cx: &OpCx, credential: SignIn) -> Result<Timestamp> {
        let Principal::Operator {
            operator,
            via: Via::Session { id, .. },
        } = &cx.principal
        else {
            return Err(Error::forbidden(
                "only a session needs a proof: a key may do what its scopes say",
            ));
        };
        let (own, session) = (operator.id, *id);
        let method = credential.method();
        let way = match &credential {
            // The operator's own session is a device that they signed in from.
            SignIn::Password { name, .. } if *name == operator.name.as_str() => {
                let known = format!("device:{session}");
                Some(self.way_of(&cx.source, Some(known)).await?)
            }
            SignIn::Password { .. } => Some(self.way_of(&cx.source, None).await?),
            SignIn::Token(_) | SignIn::Key(_) => None,
        };
        let proved = self.verify_to_the_end(&cx.source, credential, way).await?;
        if proved.id != own {
            return Err(Error::forbidden(
                "this credential is another operator's: type your own",
            ));
        }
        let now = self.now();
        let mut entry = self.config_entry(cx, "session.proved", format!("session:{session}"));
        entry.outcome = Some(method.to_owned());
        self.inner
            .workspace
            .store
            .write(move |tx| {
                if !sessions::prove(tx, session, now)? {
                    return Err(unauthenticated());
                }
                tx.append_entry(entry.clone())?;
                Ok(())
            })
            .await?;
        self.inner.sessions.forget(|known| known.id == session);
        Ok(now.saturating_add(PROOF_LIFETIME))
    }

    /// The sessions that are live: all of them for who manages operators, else one's own.
    ///
    /// # Errors
    /// `forbidden` for agents.
    pub async fn sessions(&self, cx: &OpCx) -> Result<Vec<SessionView>> {
        let Principal::Operator { operator, via } = &cx.principal else {
            return Err(Error::forbidden("sessions are operators'"));
        };
        let sees_all = cx.require(Permission::OperatorManage).is_ok();
        let now = self.now();
        let live = self
            .inner
            .workspace
            .store
            .read::<_, StoreError, _>(move |tx| sessions::live(tx, now))
            .await?;
        let snapshot = self.snapshot();
        let current = match via {
            Via::Session { id, .. } => Some(*id),
            Via::Key(_) | Via::Link => None,
        };
        Ok(live
            .into_iter()
            .filter(|session| sees_all || session.operator == operator.id)
            .map(|session| SessionView {
                id: session.id,
                operator: session.operator,
                operator_name: snapshot
                    .operators
                    .get(session.operator)
                    .map(|operator| operator.name.clone()),
                kind: session.kind,
                label: session.label,
                created_at: session.created_at,
                proved_at: session.proved_at,
                expires_at: session.expires_at,
                source: session.source,
                last_seen_at: self.inner.sessions.seen().get(&session.id).copied(),
                is_current: current == Some(session.id),
            })
            .collect())
    }

    /// Ends a session: one's own, or anybody's for who manages operators.
    ///
    /// # Errors
    /// `not_found`, also for a session that is not the caller's.
    pub async fn end_session(&self, cx: &OpCx, id: SessionId) -> Result<()> {
        let Principal::Operator { operator, .. } = &cx.principal else {
            return Err(Error::forbidden("sessions are operators'"));
        };
        let own = operator.id;
        let ends_all = cx.require(Permission::OperatorManage).is_ok();
        let now = self.now();
        let entry = self.config_entry(cx, "session.ended", format!("session:{id}"));
        self.inner
            .workspace
            .store
            .write(move |tx| {
                let may = sessions::by_id(tx, id)?
                    .is_some_and(|session| ends_all || session.operator == own);
                if !may || !sessions::end(tx, id, now)? {
                    return Err(Error::not_found("session"));
                }
                tx.append_entry(entry.clone())?;
                Ok(())
            })
            .await?;
        self.inner.sessions.forget(|known| known.id == id);
        Ok(())
    }

    /// Ends the session that asks.
    ///
    /// # Errors
    /// `forbidden` for anything but a session.
    pub async fn sign_out(&self, cx: &OpCx) -> Result<()> {
        match &cx.principal {
            Principal::Operator {
                via: Via::Session { id, .. },
                ..
            } => self.end_session(cx, *id).await,
            _ => Err(Error::forbidden(
                "only a session can sign out: revoke a key instead",
            )),
        }
    }

    fn csrf_of(&self, secret: &TokenHash) -> SecretString {
        let mut bytes = b"csrf token v1 ".to_vec();
        bytes.extend_from_slice(&secret.0);
        SecretString::new(hex(&self.inner.workspace.vault.token_mac().mac(&bytes)))
    }

    /// The session with this hash, from memory if it was read within half a second.
    pub(crate) async fn session_by_hash(&self, hash: [u8; 32]) -> Result<Option<Session>> {
        if let Some(session) = self.inner.sessions.get(&hash) {
            return Ok(Some(session));
        }
        let found = self
            .inner
            .workspace
            .store
            .read::<_, StoreError, _>(move |tx| sessions::by_hash(tx, &hash))
            .await?;
        if let Some(session) = &found {
            self.inner.sessions.put(session.clone());
        }
        Ok(found)
    }

    /// The session with this id, from the store.
    pub(crate) async fn session_by_id(&self, id: SessionId) -> Result<Option<Session>> {
        let found = self
            .inner
            .workspace
            .store
            .read::<_, StoreError, _>(move |tx| sessions::by_id(tx, id))
            .await?;
        Ok(found)
    }

    /// Forgets what is remembered of an operator's sessions, after they were ended in the store.
    pub(crate) fn forget_sessions_of(&self, operator: OperatorId) {
        self.inner
            .sessions
            .forget(|session| session.operator == operator);
    }

    /// What makes a device known to be one that the operator signed in from: a random number and its keyed hash.
    fn device_mark(&self, operator: OperatorId) -> SecretString {
        let id = hex(&random_bytes::<16>());
        let mark = self.mark_of(operator, &id);
        SecretString::new(format!("{id}{mark}"))
    }

    fn mark_of(&self, operator: OperatorId, device: &str) -> String {
        let key = self.inner.workspace.vault.mac_for("known devices");
        hex(&key.mac(&[operator.as_bytes(), device.as_bytes()].concat()))
    }

    /// The known device behind a mark, as the subject that its failures are counted by.
    fn known_device(&self, operator: OperatorId, mark: &str) -> Option<String> {
        let (device, presented) = mark.split_at_checked(32)?;
        let is_ours = constant_time_equal(
            self.mark_of(operator, device).as_bytes(),
            presented.as_bytes(),
        );
        is_ours.then(|| format!("device:{device}"))
    }

    async fn way(&self, source: &str, name: &str, mark: Option<&str>) -> Result<Way> {
        let known = mark.and_then(|mark| {
            let operator = self.snapshot().operators.named(name)?;
            self.known_device(operator.id, mark)
        });
        self.way_of(source, known).await
    }

    /// The lane for a source and perhaps a known device, by their failures so far.
    async fn way_of(&self, source: &str, known: Option<String>) -> Result<Way> {
        let now = self.now();
        let (look_source, look_device) = (format!("source:{source}"), known.clone());
        let is_over = move |tx: &mut Tx<'_>, subject: &str| -> Result<bool, StoreError> {
            Ok(signins::of(tx, subject)?.is_some_and(|failures| is_locked(&failures, now)))
        };
        let (is_source_over, is_device_over) = self
            .inner
            .workspace
            .store
            .read::<_, StoreError, _>(move |tx| {
                let device = match &look_device {
                    Some(device) => is_over(tx, device)?,
                    None => true,
                };
                Ok((is_over(tx, &look_source)?, device))
            })
            .await?;
        let lane = match (is_device_over, is_source_over) {
            (false, _) => {
                return Ok(Way {
                    lane: Lane::Known,
                    device: known,
                });
            }
            (true, true) => Lane::Slow,
            (true, false) => Lane::Ordinary,
        };
        // A mark that guesses is none.
        Ok(Way { lane, device: None })
    }

    /// Verifies a credential, and counts and records it if it fails: both to their end, even if whoever asked goes away.
    async fn verify_to_the_end(
        &self,
        source: &str,
        credential: SignIn,
        way: Option<Way>,
    ) -> Result<Arc<Operator>> {
        self.require_method(&credential)?;
        let turn = match (&way, &credential) {
            (Some(way), SignIn::Password { name, .. }) => {
                let source = way.device.as_deref().unwrap_or(source);
                Some(self.turn(way.lane, source, name).await?)
            }
            _ => None,
        };
        let is_slow = way.as_ref().is_some_and(|way| way.lane == Lane::Slow);
        let gate = self.clone();
        let source = source.to_owned();
        let (answer, answered) = oneshot::channel();
        self.inner.tasks.finish(async move {
            let device = way.and_then(|way| way.device);
            let verified = match gate.verify(credential, turn).await {
                Ok(Err(refused)) => {
                    let refused = Refused { device, ..refused };
                    gate.note_failure(&source, refused).await.and_then(Err)
                }
                Ok(Ok(operator)) => Ok(operator),
                Err(error) => Err(error),
            };
            // Nobody waiting is no reason to stop before this.
            drop(answer.send(verified));
        });
        let verified = answered.await.unwrap_or_else(|_| {
            let text = "the gateway is shutting down: sign in again when it is back";
            Err(Error::new(ErrorKind::Unavailable, "shutting_down", text))
        });
        if is_slow && verified.is_err() {
            tokio::time::sleep(REFUSAL_PAUSE).await;
        }
        verified
    }

    /// Waits for the right to hash a password.
    async fn turn(&self, lane: Lane, source: &str, account: &str) -> Result<Turn> {
        if let Some(turn) = self.inner.sessions.lanes.turn(lane, source, account).await {
            return Ok(turn);
        }
        tokio::time::sleep(REFUSAL_PAUSE).await;
        let text = "too many sign-ins wait: try again";
        Err(Error::new(ErrorKind::TooManyRequests, "sign_in_busy", text)
            .retry_after(Duration::from_secs(1)))
    }

    fn require_method(&self, credential: &SignIn) -> Result<()> {
        let settings = self.fresh_snapshot()?.settings.sign_in;
        let disabled = |what: &str| {
            let text =
                format!("signing in by {what} is switched off: use another way, or ask an owner");
            Err(Error::new(ErrorKind::Forbidden, "sign_in_disabled", text))
        };
        match credential {
            SignIn::Token(_) if !settings.token => disabled("token"),
            SignIn::Password { .. } if !settings.password => disabled("password"),
            SignIn::Token(_) | SignIn::Password { .. } | SignIn::Key(_) => Ok(()),
        }
    }

    /// Whose credential it is, or why it does not pass. A password needs a turn.
    async fn verify(
        &self,
        credential: SignIn,
        turn: Option<Turn>,
    ) -> Result<Result<Arc<Operator>, Refused>> {
        match credential {
            SignIn::Token(token) => self.verify_token(&token).await,
            SignIn::Key(key) => self.verify_key(&key),
            SignIn::Password { name, password } => {
                self.verify_password(&name, password, turn).await
            }
        }
    }

    async fn verify_token(&self, token: &SecretString) -> Result<Result<Arc<Operator>, Refused>> {
        let Ok(hash) = TokenHash::of_presented(token.expose()) else {
            return Ok(Err(Refused::unknown("invalid_token")));
        };
        let found = self
            .inner
            .workspace
            .store
            .read::<_, StoreError, _>(move |tx| tokens::by_hash(tx, &hash.0))
            .await?;
        let now = self.now();
        let operator = found
            .filter(|token| token.is_live(now))
            .and_then(|token| self.enabled_operator(token.operator));
        Ok(operator.ok_or(Refused::unknown("invalid_token")))
    }

    fn verify_key(&self, secret: &SecretString) -> Result<Result<Arc<Operator>, Refused>> {
        let refused = || Refused::unknown("invalid_key");
        let Ok(hash) = TokenHash::of_presented(secret.expose()) else {
            return Ok(Err(refused()));
        };
        let snapshot = self.fresh_snapshot()?;
        let Some(key) = snapshot
            .keys
            .by_hash(&hash.0)
            .filter(|key| key.is_live(self.now()))
        else {
            return Ok(Err(refused()));
        };
        let KeyOwner::Operator(owner) = key.owner else {
            return Ok(Err(refused()));
        };
        let Some(operator) = self.enabled_operator(owner) else {
            return Ok(Err(refused()));
        };
        // A session may do what the role may: a key of fewer scopes must not become one.
        if !checks::covers(Scope::union(&key.scopes), operator.role.permissions()) {
            let text = "this key may do less than a session could: sign in by token or password, or use the key itself";
            return Err(Error::new(ErrorKind::Forbidden, "key_too_narrow", text));
        }
        Ok(Ok(operator))
    }

    async fn verify_password(
        &self,
        name: &str,
        password: SecretString,
        turn: Option<Turn>,
    ) -> Result<Result<Arc<Operator>, Refused>> {
        let named = self.snapshot().operators.named(name);
        let stored = named
            .as_ref()
            .filter(|operator| operator.disabled_at.is_none())
            .and_then(|operator| operator.password_hash.clone());
        let hasher = Arc::clone(&self.inner.sessions.hasher);
        let passed = tokio::task::spawn_blocking(move || {
            // Here, because a task that is dropped leaves its blocking work running.
            let _turn = turn;
            let hasher = ready(&hasher)?;
            match stored {
                Some(stored) => hasher.verify(&password, &stored).map_err(Error::internal),
                None => Ok(hasher.verify_nobody(&password)),
            }
        })
        .await
        .map_err(Error::internal)??;
        match named {
            Some(operator) if passed => Ok(Ok(operator)),
            named => {
                // Names that can't be an operator's are counted per source only: the table must not take any text.
                let account = name.parse::<Name>().is_ok().then(|| account_of(name));
                Ok(Err(Refused {
                    outcome: "invalid_password",
                    account,
                    device: None,
                    operator: named,
                }))
            }
        }
    }

    fn enabled_operator(&self, id: OperatorId) -> Option<Arc<Operator>> {
        self.snapshot()
            .operators
            .get(id)
            .filter(|operator| operator.disabled_at.is_none())
    }

    /// Hashes an operator's new password. Whoever may set one does not wait behind strangers.
    pub(crate) async fn hash_password(&self, cx: &OpCx, password: SecretString) -> Result<String> {
        let turn = self.turn(Lane::Known, "change", &cx.source).await?;
        let hasher = Arc::clone(&self.inner.sessions.hasher);
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            ready(&hasher)?.hash(&password).map_err(Error::internal)
        })
        .await
        .map_err(Error::internal)?
    }

    /// Counts and records a failure; what the one who failed is told.
    async fn note_failure(&self, source: &str, refused: Refused) -> Result<Error> {
        let now = self.now();
        let settings = self.snapshot().settings.sign_in;
        let lockout = Duration::from_secs(settings.lockout_seconds);
        let (attempts, window_start, until) = (
            settings.attempts,
            now.saturating_sub(lockout),
            now.saturating_add(lockout),
        );
        let source_subject = format!("source:{source}");
        let (account, device) = (refused.account, refused.device);
        // A flood from a locked source costs a read, not a write.
        let (look_source, look_account) = (source_subject.clone(), account.clone());
        // A known device's failures all count, until it is known no more.
        let may_fold = device.is_none();
        let folded = self
            .inner
            .workspace
            .store
            .read::<_, StoreError, _>(move |tx| {
                let source = signins::of(tx, &look_source)?;
                let recorded = may_fold
                    && source.is_some_and(|known| {
                        is_locked(&known, now) && now.since(known.last_at) < FOLD_PERIOD
                    });
                if !recorded {
                    return Ok(None);
                }
                let account = look_account
                    .as_deref()
                    .map(|account| signins::of(tx, account))
                    .transpose()?
                    .flatten();
                Ok([source, account]
                    .into_iter()
                    .flatten()
                    .filter(|known| is_locked(known, now))
                    .filter_map(|known| known.locked_until)
                    .max())
            })
            .await?;
        if let Some(until) = folded {
            return Ok(locked_out(until, now));
        }
        let mut entry = AuditEntry::new(
            EntryId::new(self.inner.clock.uuid()),
            now,
            Actor::Anonymous,
            "signin.failed",
        );
        entry.subject = Some(match &refused.operator {
            Some(operator) => format!("operator:{} {} from {source}", operator.id, operator.name),
            None => source_subject.clone(),
        });
        let outcome = refused.outcome;
        let (locked, tries_left) = self
            .inner
            .workspace
            .store
            .write::<_, StoreError, _>(move |tx| {
                let mut locked = None;
                let mut tries_left = attempts;
                for subject in [Some(&source_subject), account.as_ref(), device.as_ref()]
                    .into_iter()
                    .flatten()
                {
                    let before = signins::of(tx, subject)?
                        .filter(|known| is_locked(known, now))
                        .and_then(|known| known.locked_until);
                    locked = locked.max(before);
                    let counted = signins::count(tx, subject, now, window_start, attempts, until)?;
                    let failures = u32::try_from(counted.failures).unwrap_or(u32::MAX);
                    tries_left = tries_left.min(attempts.saturating_sub(failures));
                }
                signins::forget_before(tx, now.saturating_sub(FAILURES_KEPT))?;
                let mut entry = entry.clone();
                entry.outcome = Some(
                    if locked.is_some() {
                        "locked_out"
                    } else {
                        outcome
                    }
                    .to_owned(),
                );
                tx.append_entry(entry)?;
                Ok((locked, tries_left))
            })
            .await?;
        Ok(locked.map_or_else(
            || invalid_credentials().tries_left(tries_left),
            |until| locked_out(until, now),
        ))
    }
}

fn is_locked(known: &signins::SigninFailures, now: Timestamp) -> bool {
    known.locked_until.is_some_and(|until| now < until)
}

fn account_of(name: &str) -> String {
    format!("account:{name}")
}

fn invalid_credentials() -> Error {
    let text = "this credential signs nobody in: check it, or ask an owner for a new one";
    Error::new(ErrorKind::Unauthenticated, "invalid_credentials", text)
}

/// The hasher, made at its first use: that costs a hash.
fn ready(hasher: &OnceLock<PasswordHasher>) -> Result<&PasswordHasher> {
    if let Some(hasher) = hasher.get() {
        return Ok(hasher);
    }
    let made = PasswordHasher::new(KdfParameters::MINIMUM).map_err(Error::internal)?;
    Ok(hasher.get_or_init(|| made))
}
