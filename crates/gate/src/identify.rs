//! Who is behind a credential that a client presents.
//!
//! Keys are on the hot path: a hash and two lookups in the snapshot, no SQL. Sessions are looked up in the store, and remembered
//! for half a second, so that ending one anywhere is felt within a second.

mod agent_token;

use std::sync::Arc;

use countersign_domain::{Key, KeyOwner, Timestamp};
use countersign_store::sessions::{Session, SessionKind};
use countersign_vault::{SecretString, TokenHash, constant_time_equal, sha256};

use crate::{
    checks,
    context::{OpCx, Principal, Via},
    error::{Error, ErrorKind, Result},
    gate::Gate,
    snapshot::Snapshot,
};

/// The hash of a session's CSRF token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CsrfHash(pub(crate) [u8; 32]);

impl std::fmt::Debug for CsrfHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CsrfHash(..)")
    }
}

pub(crate) fn unauthenticated() -> Error {
    let text = "no valid credential: give a live key as `Authorization: Bearer cs_...`, or sign in";
    Error::new(ErrorKind::Unauthenticated, "unauthenticated", text)
}

/// Whom a live key acts as; `None` if the key or its owner no longer works.
fn principal_of(snapshot: &Snapshot, key: &Arc<Key>, now: Timestamp) -> Option<Principal> {
    if !key.is_live(now) {
        return None;
    }
    match key.owner {
        KeyOwner::Agent(id) => snapshot.agents.get(id).map(|agent| Principal::Agent {
            agent,
            key: Arc::clone(key),
        }),
        KeyOwner::Operator(id) => snapshot
            .operators
            .get(id)
            .filter(|operator| operator.disabled_at.is_none())
            .map(|operator| Principal::Operator {
                operator,
                via: Via::Key(Arc::clone(key)),
            }),
    }
}

fn via_session(session: &Session) -> Via {
    Via::Session {
        id: session.id,
        proved_at: session.proved_at,
        is_terminal: session.kind == SessionKind::Terminal,
    }
}

impl Gate {
    /// The principal behind a key's secret. It counts nothing: see [`Gate::count_call`].
    ///
    /// # Errors
    /// `unauthenticated` for anything but a live key of a live owner; `configuration_stale`.
    pub fn identify_key(&self, secret: &str) -> Result<Principal> {
        let hash = TokenHash::of_presented(secret).map_err(|_| unauthenticated())?;
        let snapshot = self.fresh_snapshot()?;
        let now = self.now();
        let key = match snapshot.keys.by_hash(&hash.0) {
            Some(key) => Some(Arc::clone(key)),
            None => agent_token::key_of(&self.inner.workspace.vault, &snapshot, secret),
        };
        let key = key.ok_or_else(unauthenticated)?;
        principal_of(&snapshot, &key, now).ok_or_else(unauthenticated)
    }

    /// A token of the agent that asks, good until then at the latest; `None` where it did not ask by its own secret, as for one that asks
    /// by a token or by a key of another form.
    pub(crate) fn derive_agent_token(
        &self,
        secret: &str,
        ends_at: Timestamp,
    ) -> Result<Option<SecretString>> {
        let hash = TokenHash::of_presented(secret).map_err(|_| unauthenticated())?;
        let snapshot = self.fresh_snapshot()?;
        let Some(presented) = snapshot.keys.by_hash(&hash.0) else {
            return Ok(None);
        };
        if !secret.starts_with(agent_token::PREFIX) || !presented.is_live(self.now()) {
            return Ok(None);
        }
        // An old secret's token ends with it at the latest; it is derived from the new one as any.
        let ends_at = presented.expires_at.map_or(ends_at, |end| end.min(ends_at));
        let key = snapshot.keys.get(presented.id);
        Ok(key.and_then(|key| agent_token::derive(&self.inner.workspace.vault, &key, ends_at)))
    }

    /// The operator behind a session's secret, and what the CSRF token has to hash to.
    ///
    /// # Errors
    /// `unauthenticated` for anything but a live session of an operator who is not disabled; `configuration_stale`.
    pub async fn identify_session(&self, secret: &str) -> Result<(Principal, CsrfHash)> {
        let hash = TokenHash::of_presented(secret).map_err(|_| unauthenticated())?;
        let session = self
            .session_by_hash(hash.0)
            .await?
            .ok_or_else(unauthenticated)?;
        if !session.is_live(self.now()) {
            return Err(unauthenticated());
        }
        let operator = self
            .fresh_snapshot()?
            .operators
            .get(session.operator)
            .filter(|operator| operator.disabled_at.is_none())
            .ok_or_else(unauthenticated)?;
        self.inner.sessions.note(session.id, self.now());
        Ok((
            Principal::Operator {
                operator,
                via: via_session(&session),
            },
            CsrfHash(session.csrf_hash),
        ))
    }

    /// Refuses a state change from a browser without its CSRF token.
    ///
    /// # Errors
    /// `csrf`.
    pub fn check_csrf(&self, expected: &CsrfHash, presented: &str) -> Result<()> {
        if constant_time_equal(&expected.0, &sha256(presented.as_bytes())) {
            return Ok(());
        }
        let text = "the CSRF token is missing or wrong: load the page again and repeat";
        Err(Error::new(ErrorKind::Forbidden, "csrf", text))
    }

    /// The same caller as the configuration has them now: asked again after anything that a client can draw out, such as sending a
    /// body, and before anything is changed or decided. For a key it is two look-ups in memory.
    ///
    /// # Errors
    /// `unauthenticated` for a key, a session or an owner that no longer lives; `configuration_stale`.
    pub async fn refresh(&self, cx: &OpCx) -> Result<OpCx> {
        let principal = match &cx.principal {
            Principal::System => Principal::System,
            Principal::Agent { key, .. } => {
                let snapshot = self.fresh_snapshot()?;
                // By the secret that was presented, and a token ends before its key does.
                snapshot
                    .keys
                    .by_hash(&key.hash)
                    .map(|known| match key.expires_at {
                        None => Arc::clone(known),
                        end => Arc::new(agent_token::until((**known).clone(), end)),
                    })
                    .and_then(|key| principal_of(&snapshot, &key, self.now()))
                    .ok_or_else(unauthenticated)?
            }
            Principal::Operator {
                via: Via::Key(key), ..
            } => {
                let snapshot = self.fresh_snapshot()?;
                // By the secret that was presented: an old one ends before its key does.
                snapshot
                    .keys
                    .by_hash(&key.hash)
                    .and_then(|key| principal_of(&snapshot, key, self.now()))
                    .ok_or_else(unauthenticated)?
            }
            // A link is no way to stay.
            Principal::Operator { via: Via::Link, .. } => return Err(unauthenticated()),
            Principal::Operator {
                operator,
                via: Via::Session { id, .. },
            } => {
                let session = self
                    .session_by_id(*id)
                    .await?
                    .filter(|session| session.is_live(self.now()))
                    .ok_or_else(unauthenticated)?;
                let operator = self
                    .fresh_snapshot()?
                    .operators
                    .get(operator.id)
                    .filter(|operator| operator.disabled_at.is_none())
                    .ok_or_else(unauthenticated)?;
                Principal::Operator {
                    operator,
                    via: via_session(&session),
                }
            }
        };
        Ok(OpCx {
            principal,
            source: Arc::clone(&cx.source),
            now: self.now(),
        })
    }

    /// Whether a principal that was identified before would still be, with all the rights that it had then: what stays open asks this
    /// every half second.
    pub async fn is_live(&self, principal: &Principal) -> bool {
        let cx = OpCx {
            principal: principal.clone(),
            source: Arc::from(""),
            now: self.now(),
        };
        self.refresh(&cx).await.is_ok_and(|now| {
            let bounds = |principal: &Principal| principal.key().map(|key| key.bounds.clone());
            checks::covers(now.principal.permissions(), principal.permissions())
                && bounds(&now.principal) == bounds(principal)
        })
    }
}
