//! Keys: making, listing, changing, rotating, revoking.
//!
//! Invariants: a secret is shown once and kept as a hash; nobody makes, changes or rotates a key that may do more than they may
//! themselves, except that who manages agents' keys gives those the scopes of agents; an agent's key never has a scope that an agent
//! can't use; a key with bounds has no scope that reaches beyond requests. A key has one secret, and for a while after a rotation two.

use std::{fmt, sync::Arc, time::Duration};

use countersign_domain::{
    AgentId, Key, KeyBounds, KeyId, KeyOwner, Name, Permission, RetiringSecret, Scope, Timestamp,
};
use countersign_store::{Tx, integration_keys, keys};
use countersign_vault::{SecretString, Token, TokenForm};
use serde::{Deserialize, Serialize};

use crate::{
    checks,
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    patch::nullable,
    sessions::require_fresh_proof_of_all,
    snapshot::{Nouns, Snapshot},
};

/// The scopes of an agent's key where none are given.
pub const AGENT_SCOPES: [Scope; 2] = [Scope::RequestCreate, Scope::RequestRead];
const RATE_LIMIT_MAXIMUM: u32 = 1_000_000;

/// The scopes that a key with bounds may have: those that are about single requests.
pub const BOUNDED_SCOPES: [Scope; 3] = [
    Scope::RequestCreate,
    Scope::RequestRead,
    Scope::RequestDecide,
];
/// The most targets that one key is bound to.
const BOUND_TARGETS: usize = 64;
/// The longest time that an old secret works beside the new one, in seconds: thirty days.
pub const OVERLAP_LIMIT_SECONDS: u64 = 30 * 24 * 3_600;

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

/// Which requests a key is for, by names or ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoundsDraft {
    /// Only those of this agent; for an operator's key.
    pub agent: Option<String>,
    /// Only those on these targets; empty is all.
    pub targets: Vec<String>,
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
    /// Which requests it is for.
    #[serde(default)]
    pub bounds: BoundsDraft,
}

/// A change of a key: what is given. Whom it acts as stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyChange {
    /// What it is for.
    pub name: Option<Name>,
    /// What it may do, all of it.
    pub scopes: Option<Vec<Scope>>,
    /// Requests a minute; `null` is unlimited.
    #[serde(deserialize_with = "nullable")]
    pub rate_limit_per_minute: Option<Option<u32>>,
    /// For how long it works from now on; `null` is without an end.
    #[serde(deserialize_with = "nullable")]
    pub expires_in_seconds: Option<Option<u64>>,
    /// The agent that it is bound to; `null` is none.
    #[serde(deserialize_with = "nullable")]
    pub bound_agent: Option<Option<String>>,
    /// The targets that it is bound to, all of them; empty is every target.
    pub targets: Option<Vec<String>>,
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
        bounds: KeyBounds::default(),
        hash: token.hash().0,
        prefix: token.display_prefix(),
        retiring: None,
        rate_limit_per_minute: None,
        created_at: now,
        expires_at: None,
        revoked_at: None,
    };
    (key, token.into_secret())
}

/// The form that a key's secrets have: a new secret looks like the one before.
fn form_of(key: &Key) -> TokenForm {
    if key.prefix.starts_with("agk_") {
        TokenForm::AgentGateKey
    } else if key.prefix.starts_with("ags_") {
        TokenForm::AgentGateSecret
    } else {
        TokenForm::Countersign
    }
}

fn check_rate_limit(limit: Option<u32>) -> Result<()> {
    if limit.is_some_and(|limit| limit == 0 || limit > RATE_LIMIT_MAXIMUM) {
        let text = format!("must be between 1 and {RATE_LIMIT_MAXIMUM}; leave it out for no limit");
        return Err(Error::invalid("rate_limit_per_minute", text));
    }
    Ok(())
}

/// The targets by name or id, each once.
fn bound_targets(
    snapshot: &Snapshot,
    named: &[String],
) -> Result<Vec<countersign_domain::TargetId>> {
    if named.len() > BOUND_TARGETS {
        let text = format!("a key is bound to at most {BOUND_TARGETS} targets");
        return Err(Error::invalid("targets", text));
    }
    let find = |(index, name): (usize, &String)| {
        let target = snapshot.targets.find(name);
        target
            .map(|target| target.id)
            .ok_or_else(|| Error::invalid(format!("targets[{index}]"), "there is no such target"))
    };
    let mut ids = named
        .iter()
        .enumerate()
        .map(find)
        .collect::<Result<Vec<_>>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn bound_agent(snapshot: &Snapshot, named: Option<&String>) -> Result<Option<AgentId>> {
    let find = |name: &String| {
        let agent = snapshot.agents.find(name);
        agent
            .map(|agent| agent.id)
            .ok_or_else(|| Error::invalid("bound_agent", "there is no such agent"))
    };
    named.map(find).transpose()
}

/// Refuses scopes and bounds that don't go with each other, or with the owner.
fn check_rights(owner: KeyOwner, scopes: &[Scope], bounds: &KeyBounds) -> Result<()> {
    if let KeyOwner::Agent(agent) = owner {
        if scopes.iter().any(|scope| !AGENT_SCOPES.contains(scope)) {
            let text = "an agent's key has request:create and request:read only: agents never decide and never configure";
            return Err(Error::invalid("scopes", text));
        }
        if !bounds.admits_agent(agent) {
            let text = "an agent's key is for that agent only: leave this out";
            return Err(Error::invalid("bound_agent", text));
        }
    }
    if !bounds.is_unbounded() && scopes.iter().any(|scope| !BOUNDED_SCOPES.contains(scope)) {
        let text = "a key that is bound to an agent or to targets has request:create, request:read and request:decide only";
        return Err(Error::invalid("scopes", text));
    }
    Ok(())
}

/// Refuses whoever may not manage keys of this owner.
fn require_manage(cx: &OpCx, owner: KeyOwner) -> Result<()> {
    cx.require(match owner {
        KeyOwner::Agent(_) => Permission::KeyManage,
        KeyOwner::Operator(_) => Permission::OperatorManage,
    })
}

/// Refuses to hand out, or to prolong, what the one who does it may not do themselves.
fn check_covered(cx: &OpCx, key: &Key) -> Result<()> {
    let is_agents = matches!(key.owner, KeyOwner::Agent(_));
    if !is_agents && !checks::covers(cx.principal.permissions(), Scope::union(&key.scopes)) {
        let text = "a key can't do more than its maker: do this with a credential that has the scopes that the key has, or is to have";
        return Err(Error::forbidden(text));
    }
    Ok(())
}

/// The key as it is now, for a change of it in the same unit.
fn live_key(tx: &mut Tx<'_>, id: KeyId, now: Timestamp) -> Result<Key> {
    let key = keys::by_id(tx, id)?.ok_or_else(no_key)?;
    if key.is_live(now) {
        return Ok(key);
    }
    let text = "this key was revoked or has expired: make another";
    Err(Error::new(ErrorKind::Conflict, "key_ended", text))
}

/// What is shown to an integration's client of a key follows what an operator makes of it.
fn follow(tx: &mut Tx<'_>, key: &Key, has_name: bool, has_scopes: bool) -> Result<()> {
    if !has_name && !has_scopes {
        return Ok(());
    }
    let written = integration_keys::all(tx)?;
    let Some(mut written) = written.into_iter().find(|written| written.key == key.id) else {
        return Ok(());
    };
    if has_name {
        written.name = key.name.to_string();
    }
    if has_scopes {
        written.scopes.clone_from(&key.scopes);
    }
    Ok(integration_keys::put(tx, &written)?)
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
            bounds,
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
        check_rate_limit(rate_limit_per_minute)?;
        let bounds = KeyBounds {
            agent: bound_agent(&snapshot, bounds.agent.as_ref())?,
            targets: bound_targets(&snapshot, &bounds.targets)?,
        };
        check_rights(owner, &scopes, &bounds)?;
        scopes.sort_unstable();
        scopes.dedup();
        let (mut key, secret) = mint(
            KeyId::new(self.inner.clock.uuid()),
            name,
            owner,
            scopes,
            cx.now,
        );
        let expires_at = checks::expiry(cx.now, expires_in_seconds)?;
        (key.rate_limit_per_minute, key.expires_at) =
            checks::within_maker(cx, rate_limit_per_minute, expires_at);
        key.bounds = bounds;
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

    /// Gives a key another name, scopes, bounds, rate limit or end. Whom it acts as stays.
    ///
    /// # Errors
    /// `forbidden` for a key that may do, or is to do, more than the one who changes it; `not_found`, `ambiguous_name`, `key_ended`,
    /// `invalid_input`.
    pub async fn update_key(
        &self,
        cx: &OpCx,
        id_or_name: &str,
        change: KeyChange,
    ) -> Result<Arc<Key>> {
        let found = self.managed_key(cx, id_or_name)?;
        if change == KeyChange::default() {
            let text = "name something to change: name, scopes, rate_limit_per_minute, expires_in_seconds, bound_agent, targets";
            return Err(Error::invalid("body", text));
        }
        if let Some(name) = &change.name {
            checks::name("name", name)?;
        }
        check_rate_limit(change.rate_limit_per_minute.flatten())?;
        if change.scopes.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::invalid("scopes", "a key has at least one scope"));
        }
        let snapshot = self.fresh_snapshot()?;
        let agent = match &change.bound_agent {
            None => None,
            Some(named) => Some(bound_agent(&snapshot, named.as_ref())?),
        };
        let targets = match &change.targets {
            None => None,
            Some(named) => Some(bound_targets(&snapshot, named)?),
        };
        let expires_at = match change.expires_in_seconds {
            None => None,
            Some(seconds) => Some(checks::expiry(cx.now, seconds)?),
        };
        let (gate, cx_of_unit, id) = (self.clone(), cx.clone(), found.id);
        self.change(cx, Nouns::KEYS, move |tx| {
            let cx = &cx_of_unit;
            let mut key = live_key(tx, id, cx.now)?;
            // Also what it may do now: who may do less does not prolong it, or lift its limit.
            check_covered(cx, &key)?;
            if let Some(name) = &change.name {
                key.name.clone_from(name);
            }
            if let Some(scopes) = &change.scopes {
                key.scopes.clone_from(scopes);
                key.scopes.sort_unstable();
                key.scopes.dedup();
            }
            if let Some(limit) = change.rate_limit_per_minute {
                key.rate_limit_per_minute = limit;
            }
            if let Some(expires_at) = expires_at {
                key.expires_at = expires_at;
            }
            if let Some(agent) = agent {
                key.bounds.agent = agent;
            }
            if let Some(targets) = &targets {
                key.bounds.targets.clone_from(targets);
            }
            check_covered(cx, &key)?;
            check_rights(key.owner, &key.scopes, &key.bounds)?;
            if !keys::update(tx, &key)? {
                return Err(no_key());
            }
            follow(tx, &key, change.name.is_some(), change.scopes.is_some())?;
            tx.append_entry(gate.config_entry(cx, "config.key.updated", subject(&key)))?;
            Ok(())
        })
        .await?;
        self.snapshot().keys.get(id).ok_or_else(no_key)
    }

    /// Gives a key another secret, which is shown this once. The secret before works for `overlap_seconds` more; with none it is dead
    /// at once, as is every other that the key ever had.
    ///
    /// # Errors
    /// `forbidden` for a key that may do more than the one who rotates it; `rotation_running` where an overlap is asked for while the
    /// one of an earlier rotation has not ended; `not_found`, `ambiguous_name`, `key_ended`, `invalid_input`.
    pub async fn rotate_key(
        &self,
        cx: &OpCx,
        id_or_name: &str,
        overlap_seconds: u64,
    ) -> Result<NewKey> {
        let found = self.managed_key(cx, id_or_name)?;
        if overlap_seconds > OVERLAP_LIMIT_SECONDS {
            let text = format!(
                "the old secret works for at most {OVERLAP_LIMIT_SECONDS} seconds beside the new one"
            );
            return Err(Error::invalid("overlap_seconds", text));
        }
        let token = Token::generate_as(form_of(&found));
        let (hash, prefix) = (token.hash().0, token.display_prefix());
        let (gate, cx_of_unit, id) = (self.clone(), cx.clone(), found.id);
        self.change(cx, Nouns::KEYS, move |tx| {
            let cx = &cx_of_unit;
            let mut key = live_key(tx, id, cx.now)?;
            check_covered(cx, &key)?;
            let is_running = key
                .retiring
                .as_ref()
                .is_some_and(|retiring| cx.now < retiring.until);
            if is_running && overlap_seconds > 0 {
                let text = "the secret before the last rotation still works: wait until it has ended, or rotate without an overlap";
                return Err(Error::new(ErrorKind::Conflict, "rotation_running", text));
            }
            let old = RetiringSecret {
                hash: key.hash,
                prefix: std::mem::replace(&mut key.prefix, prefix.clone()),
                until: cx.now.saturating_add(Duration::from_secs(overlap_seconds)),
            };
            key.hash = hash;
            key.retiring = (overlap_seconds > 0).then_some(old);
            if !keys::rotate(tx, &key)? {
                return Err(no_key());
            }
            let mut entry = gate.config_entry(cx, "config.key.rotated", subject(&key));
            entry.outcome = Some(format!("the old secret works for {overlap_seconds} s more"));
            tx.append_entry(entry)?;
            Ok(())
        })
        .await?;
        Ok(NewKey {
            key: self.snapshot().keys.get(id).ok_or_else(no_key)?,
            secret: token.into_secret(),
        })
    }

    /// The key that somebody wants to change, if they may manage it.
    fn managed_key(&self, cx: &OpCx, id_or_name: &str) -> Result<Arc<Key>> {
        // Before the look-up, so that who may do neither learns nothing about what exists.
        if cx.require(Permission::OperatorManage).is_err() {
            cx.require(Permission::KeyManage)?;
        }
        let key = find_key(&self.snapshot(), id_or_name, cx.now)?;
        require_manage(cx, key.owner)?;
        require_fresh_proof_of_all(cx)?;
        Ok(key)
    }

    /// Stops a key at once: nothing new comes in by it. Revoking twice is no error.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `ambiguous_name`.
    pub async fn revoke_key(&self, cx: &OpCx, id_or_name: &str) -> Result<Arc<Key>> {
        let key = self.managed_key(cx, id_or_name)?;
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
