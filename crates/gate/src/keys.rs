//! Keys: making, listing, revoking.
//!
//! Invariants: a secret is shown once and kept as a hash; nobody makes a key that may do more than they may themselves, except that
//! who manages agents' keys gives those the scopes of agents; an agent's key never has a scope that an agent can't use.

use std::{fmt, sync::Arc};

use countersign_domain::{AgentId, Key, KeyId, KeyOwner, Name, Permission, Scope, Timestamp};
use countersign_store::keys;
use countersign_vault::{SecretString, Token};
use serde::{Deserialize, Serialize};

use crate::{
    checks,
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    sessions::require_fresh_proof_of_all,
    snapshot::{Nouns, Snapshot},
};

/// The scopes of an agent's key where none are given.
pub const AGENT_SCOPES: [Scope; 2] = [Scope::RequestCreate, Scope::RequestRead];
const RATE_LIMIT_MAXIMUM: u32 = 1_000_000;

/// A key that was just made. The secret is shown this once.
pub struct NewKey {
    /// The key.
    pub key: Arc<Key>,
    /// What its owner presents.
    pub secret: SecretString,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewKey")
            .field("key", &self.key.id)
            .finish_non_exhaustive()
    }
}

/// A key before it is in the store.
pub(crate) struct Minted {
    pub(crate) key: Arc<Key>,
    pub(crate) secret: SecretString,
}

/// Whom a key acts as: exactly one of both, by name or id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyOwnerRef {
    /// An agent.
    pub agent: Option<String>,
    /// An operator.
    pub operator: Option<String>,
}

/// A key to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyDraft {
    /// What it is for.
    pub name: Name,
    /// Whom it acts as.
    pub owner: KeyOwnerRef,
    /// What it may do: `request:create` and `request:read` for an agent's key where it is left out, `request:read` for an
    /// operator's.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// Requests a minute.
    #[serde(default)]
    pub rate_limit_per_minute: Option<u32>,
    /// For how long it works.
    #[serde(default)]
    pub expires_in_seconds: Option<u64>,
}

pub(crate) fn mint(
    id: KeyId,
    name: Name,
    owner: KeyOwner,
    scopes: Vec<Scope>,
    now: Timestamp,
) -> (Key, SecretString) {
    let token = Token::generate();
    let key = Key {
        id,
        name,
        owner,
        scopes,
        hash: token.hash().0,
        prefix: token.display_prefix(),
        rate_limit_per_minute: None,
        created_at: now,
        expires_at: None,
        revoked_at: None,
    };
    (key, token.into_secret())
}

fn no_key() -> Error {
    Error::not_found("key")
}

fn subject(key: &Key) -> String {
    let owner = match key.owner {
        KeyOwner::Agent(id) => format!("agent:{id}"),
        KeyOwner::Operator(id) => format!("operator:{id}"),
    };
    format!("key:{} {} of {owner}", key.id, key.name)
}

/// By id, or by a name that exactly one live key has.
fn find_key(snapshot: &Snapshot, id_or_name: &str, now: Timestamp) -> Result<Arc<Key>> {
    if let Ok(id) = id_or_name.parse::<KeyId>() {
        return snapshot.keys.get(id).ok_or_else(no_key);
    }
    let mut named: Vec<_> = snapshot
        .keys
        .sorted()
        .into_iter()
        .filter(|key| key.name.as_str() == id_or_name && key.is_live(now))
        .collect();
    match named.len() {
        0 | 1 => named.pop().ok_or_else(no_key),
        _ => Err(Error::new(
            ErrorKind::Conflict,
            "ambiguous_name",
            "several keys have this name: use the id",
        )),
    }
}

impl Gate {
    pub(crate) fn mint_agent_key(&self, now: Timestamp, agent: AgentId) -> Minted {
        #[expect(clippy::expect_used, reason = "the text is a name")]
        let name = "default".parse().expect("a fixed name is valid");
        let id = KeyId::new(self.inner.clock.uuid());
        let (key, secret) = mint(id, name, KeyOwner::Agent(agent), AGENT_SCOPES.to_vec(), now);
        Minted {
            key: Arc::new(key),
            secret,
        }
    }

    /// Makes a key. Its secret is shown this once.
    ///
    /// # Errors
    /// `forbidden` for scopes or an owner beyond the maker's own permissions; `invalid_input`.
    pub async fn add_key(&self, cx: &OpCx, draft: KeyDraft) -> Result<NewKey> {
        let KeyDraft {
            name,
            owner,
            mut scopes,
            rate_limit_per_minute,
            expires_in_seconds,
        } = draft;
        require_fresh_proof_of_all(cx)?;
        let snapshot = self.fresh_snapshot()?;
        let maker = cx.principal.permissions();
        let owner = match (&owner.agent, &owner.operator) {
            (Some(agent), None) => {
                cx.require(Permission::KeyManage)?;
                let agent = snapshot
                    .agents
                    .find(agent)
                    .ok_or_else(|| Error::invalid("owner.agent", "there is no such agent"))?;
                if scopes.is_empty() {
                    scopes = AGENT_SCOPES.to_vec();
                }
                if scopes.iter().any(|scope| !AGENT_SCOPES.contains(scope)) {
                    let text = "an agent's key has request:create and request:read only: agents never decide and never configure";
                    return Err(Error::invalid("scopes", text));
                }
                KeyOwner::Agent(agent.id)
            }
            (None, Some(operator)) => {
                cx.require(Permission::OperatorManage)?;
                let operator = snapshot
                    .operators
                    .find(operator)
                    .filter(|operator| operator.disabled_at.is_none())
                    .ok_or_else(|| {
                        Error::invalid(
                            "owner.operator",
                            "there is no such operator who is not disabled",
                        )
                    })?;
                if scopes.is_empty() {
                    scopes = vec![Scope::RequestRead];
                }
                let wanted = Scope::union(&scopes).intersection(operator.role.permissions());
                if !checks::covers(maker, wanted) || !checks::covers(maker, Scope::union(&scopes)) {
                    let text = "a key can't do more than its maker: make it with a credential that has these scopes";
                    return Err(Error::forbidden(text));
                }
                KeyOwner::Operator(operator.id)
            }
            _ => {
                return Err(Error::invalid(
                    "owner",
                    "name an agent or an operator, one of both",
                ));
            }
        };
        checks::name("name", &name)?;
        if rate_limit_per_minute.is_some_and(|limit| limit == 0 || limit > RATE_LIMIT_MAXIMUM) {
            let text =
                format!("must be between 1 and {RATE_LIMIT_MAXIMUM}; leave it out for no limit");
            return Err(Error::invalid("rate_limit_per_minute", text));
        }
        scopes.sort_unstable();
        scopes.dedup();
        let (mut key, secret) = mint(
            KeyId::new(self.inner.clock.uuid()),
            name,
            owner,
            scopes,
            cx.now,
        );
        key.rate_limit_per_minute = rate_limit_per_minute;
        key.expires_at = checks::expiry(cx.now, expires_in_seconds)?;
        let entry = self.config_entry(cx, "config.key.created", subject(&key));
        let key = Arc::new(key);
        let added = Arc::clone(&key);
        self.change(cx, Nouns::KEYS, move |tx| {
            // Owners may have gone since the snapshot.
            let owner_is_there = match added.owner {
                KeyOwner::Agent(id) => countersign_store::agents::by_id(tx, id)?.is_some(),
                KeyOwner::Operator(id) => countersign_store::operators::by_id(tx, id)?
                    .is_some_and(|operator| operator.disabled_at.is_none()),
            };
            if !owner_is_there {
                return Err(Error::invalid("owner", "the owner was just removed"));
            }
            keys::insert(tx, &added)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(NewKey { key, secret })
    }

    /// The keys, oldest first, also those that no longer work.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn keys(&self, cx: &OpCx) -> Result<Vec<Arc<Key>>> {
        cx.require(Permission::ConfigRead)?;
        Ok(self.snapshot().keys.sorted())
    }

    /// One key, by id or by a name that only one live key has.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `ambiguous_name`.
    pub fn key(&self, cx: &OpCx, id_or_name: &str) -> Result<Arc<Key>> {
        cx.require(Permission::ConfigRead)?;
        find_key(&self.snapshot(), id_or_name, cx.now)
    }

    /// Stops a key at once: nothing new comes in by it. Revoking twice is no error.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `ambiguous_name`.
    pub async fn revoke_key(&self, cx: &OpCx, id_or_name: &str) -> Result<Arc<Key>> {
        // Before the look-up, so that who may do neither learns nothing about what exists.
        if cx.require(Permission::OperatorManage).is_err() {
            cx.require(Permission::KeyManage)?;
        }
        let key = find_key(&self.snapshot(), id_or_name, cx.now)?;
        if matches!(key.owner, KeyOwner::Operator(_)) {
            cx.require(Permission::OperatorManage)?;
        } else {
            cx.require(Permission::KeyManage)?;
        }
        require_fresh_proof_of_all(cx)?;
        if key.revoked_at.is_some() {
            return Ok(key);
        }
        let (id, now) = (key.id, cx.now);
        let entry = self.config_entry(cx, "config.key.revoked", subject(&key));
        self.change(cx, Nouns::KEYS, move |tx| {
            if keys::revoke(tx, id, now)? {
                tx.append_entry(entry.clone())?;
            }
            Ok(())
        })
        .await?;
        self.snapshot().keys.get(id).ok_or_else(no_key)
    }
}
