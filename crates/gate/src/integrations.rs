//! Keys that existing approval clients are given, and whom they act as.
//!
//! With `admin` a key acts as the operator who made it. With `request:create` and without `admin` it acts as an agent of its own, with one
//! visible grant on the target of approval-only actions, and never decides, whatever else it asks for. With `request:decide` and without
//! either it acts as an approver of its own. Any other key acts as its maker, within its scopes. Nobody makes a key that may do more than
//! they may themselves, nor one that lasts longer or may call more often than the key that it is made with. What comes into being with a
//! key needs the permission that it needs elsewhere: an agent with its grant, or an operator's key.

use std::{fmt::Write as _, sync::Arc};

use countersign_domain::{
    ActionPattern, Agent, AgentId, Grant, GrantId, GrantVerdict, Key, KeyId, KeyOwner, Labels,
    Name, Operator, OperatorId, Permission, ProfileId, Role, Scope, TargetId,
};
use countersign_store::{
    Tx, agents, grants,
    integration_keys::{self, IntegrationKey},
    keys, operators,
};
use countersign_vault::{SecretString, Token, TokenForm};

use crate::{
    checks,
    connector::CALLER,
    context::{OpCx, Principal, Via},
    error::{Error, ErrorKind, Result},
    gate::Gate,
    keys::AGENT_SCOPES,
    sessions::require_fresh_proof_of_all,
    snapshot::Nouns,
};

/// The label by which an agent is known that was made for a key.
const MADE_FOR: &str = "made_for_key";
/// The longest name of an integration's key, in characters.
const NAME_LIMIT_CHARACTERS: usize = 100;
/// How long a token of an agent lives that it was given for its secret.
pub const AGENT_TOKEN_SECONDS: u64 = 3_600;

/// A key to make for an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationKeyDraft {
    /// Its name: free text.
    pub name: String,
    /// What it asks for.
    pub scopes: Vec<Scope>,
    /// Calls a minute.
    pub rate_limit_per_minute: Option<u32>,
    /// The agent that it acts as, by id or name; then it has no agent of its own.
    pub agent: Option<String>,
}

/// A key with what its maker wrote.
#[derive(Debug, Clone)]
pub struct IntegrationKeyView {
    /// The key.
    pub key: Arc<Key>,
    /// Its name as it was written.
    pub name: String,
    /// Its scopes as they were asked for.
    pub scopes: Vec<Scope>,
}

/// How many names are tried for what a key acts as: the name that is asked for, then with a number.
const NAME_ATTEMPTS: u32 = 1_000;

/// A key that may be made.
struct Plan<'draft> {
    draft: &'draft IntegrationKeyDraft,
    acts: Acts,
    /// The agent that it is bound to.
    bound: Option<Arc<Agent>>,
    /// What an agent of its own is granted.
    profile: Option<(TargetId, ProfileId)>,
    /// Who makes it.
    maker: OperatorId,
}

/// What there is to write for a new key.
#[derive(Clone)]
struct Made {
    key: Arc<Key>,
    written: IntegrationKey,
    agent: Option<Agent>,
    grant: Option<Grant>,
    operator: Option<Operator>,
    entries: Vec<countersign_domain::AuditEntry>,
}

impl Made {
    fn write(&self, tx: &mut Tx<'_>) -> Result<()> {
        if let Some(agent) = &self.agent {
            agents::insert(tx, agent)?;
        }
        if let Some(grant) = &self.grant {
            grants::insert(tx, grant)?;
        }
        if let Some(operator) = &self.operator {
            operators::insert(tx, operator)?;
        }
        keys::insert(tx, &self.key)?;
        integration_keys::put(tx, &self.written)?;
        for entry in &self.entries {
            tx.append_entry(entry.clone())?;
        }
        Ok(())
    }
}

/// A name of ours that looks like some text.
fn name_like(text: &str, attempt: u32) -> Result<Name> {
    let mut slug: String = text
        .chars()
        .map(|character| {
            let is_fine = character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
            if is_fine { character } else { '-' }
        })
        .skip_while(|character| !character.is_ascii_alphanumeric())
        .take(50)
        .collect();
    slug.truncate(slug.trim_end_matches('-').len());
    if slug.is_empty() {
        slug.push_str("key");
    }
    if uuid::Uuid::try_parse(&slug).is_ok() {
        slug.insert_str(0, "key-");
    }
    if attempt > 0 {
        let _infallible = write!(slug, "-{}", attempt + 1);
    }
    slug.parse().map_err(Error::internal)
}

fn check_name(name: &str) -> Result<()> {
    checks::text("name", name)?;
    if name.trim().is_empty() || name.chars().count() > NAME_LIMIT_CHARACTERS {
        let text = format!("a key's name has 1 to {NAME_LIMIT_CHARACTERS} characters");
        return Err(Error::invalid("name", text));
    }
    Ok(())
}

/// Whom a key acts as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Acts {
    Maker,
    Agent,
    Approver,
}

fn acts(scopes: &[Scope]) -> Acts {
    if scopes.contains(&Scope::Admin) {
        Acts::Maker
    } else if scopes.contains(&Scope::RequestCreate) {
        Acts::Agent
    } else if scopes.contains(&Scope::RequestDecide) {
        Acts::Approver
    } else {
        Acts::Maker
    }
}

impl Gate {
    /// The same caller as existing approval clients know them: an operator's key with `admin` asks and decides there, too.
    #[must_use]
    pub fn as_integration(&self, cx: &OpCx) -> OpCx {
        let Principal::Operator {
            operator,
            via: Via::Key(key),
        } = &cx.principal
        else {
            return cx.clone();
        };
        if !key.scopes.contains(&Scope::Admin) {
            return cx.clone();
        }
        let mut scopes = key.scopes.clone();
        scopes.extend([
            Scope::RequestCreate,
            Scope::RequestRead,
            Scope::RequestDecide,
        ]);
        scopes.sort_unstable();
        scopes.dedup();
        let key = Arc::new(Key {
            scopes,
            ..Key::clone(key)
        });
        OpCx {
            principal: Principal::Operator {
                operator: Arc::clone(operator),
                via: Via::Key(key),
            },
            source: Arc::clone(&cx.source),
            now: cx.now,
        }
    }

    /// Makes a key for an integration. Its secret is shown this once.
    ///
    /// # Errors
    /// `forbidden` for scopes beyond the maker's own, and for whoever may not make what the key acts as; `invalid_input`.
    pub async fn add_integration_key(
        &self,
        cx: &OpCx,
        draft: IntegrationKeyDraft,
    ) -> Result<(IntegrationKeyView, SecretString)> {
        cx.require(Permission::KeyManage)?;
        require_fresh_proof_of_all(cx)?;
        check_name(&draft.name)?;
        if draft.rate_limit_per_minute == Some(0) {
            return Err(Error::invalid("rateLimit", "must be a positive number"));
        }
        if draft.scopes.is_empty() {
            return Err(Error::invalid("scopes", "a key has at least one scope"));
        }
        let maker = match &cx.principal {
            Principal::Operator { operator, .. } => operator.id,
            _ => return Err(Error::forbidden("only an operator makes keys")),
        };
        let bound = match &draft.agent {
            None => None,
            Some(named) => Some(
                self.fresh_snapshot()?
                    .agents
                    .find(named)
                    .ok_or_else(|| Error::invalid("agentId", "there is no such agent"))?,
            ),
        };
        let acts = if bound.is_some() {
            Acts::Agent
        } else {
            acts(&draft.scopes)
        };
        if acts != Acts::Agent
            && !checks::covers(cx.principal.permissions(), Scope::union(&draft.scopes))
        {
            let text = "a key can't do more than its maker: make it with a credential that has these scopes";
            return Err(Error::forbidden(text));
        }
        if acts != Acts::Agent {
            cx.require(Permission::OperatorManage)?;
        }
        let profile = if acts == Acts::Agent && bound.is_none() {
            cx.require(Permission::ConfigWrite)?;
            Some(self.caller_profile(cx).await?)
        } else {
            None
        };
        let plan = Plan {
            draft: &draft,
            acts,
            bound,
            profile,
            maker,
        };
        for attempt in 0..NAME_ATTEMPTS {
            let token = Token::generate_as(TokenForm::AgentGateKey);
            let name = name_like(&draft.name, attempt)?;
            if self.is_taken(&plan, &name)? {
                continue;
            }
            let made = self.plan_key(cx, &plan, &name, &token)?;
            let key = Arc::clone(&made.key);
            let nouns = Nouns::KEYS
                .and(Nouns::AGENTS)
                .and(Nouns::POLICY)
                .and(Nouns::OPERATORS);
            let is_done = self
                .change(cx, nouns, move |tx| {
                    let is_taken = match (&made.agent, &made.operator) {
                        (Some(agent), _) => agents::name_is_taken(tx, agent.name.as_str())?,
                        (_, Some(operator)) => {
                            operators::name_is_taken(tx, operator.name.as_str())?
                        }
                        _ => false,
                    };
                    if !is_taken {
                        made.write(tx)?;
                    }
                    Ok(!is_taken)
                })
                .await?;
            if is_done {
                let view = IntegrationKeyView {
                    key,
                    name: draft.name,
                    scopes: draft.scopes,
                };
                return Ok((view, token.into_secret()));
            }
        }
        let text = format!("{NAME_ATTEMPTS} keys have this name already: give it another");
        Err(Error::invalid("name", text))
    }

    fn is_taken(&self, plan: &Plan<'_>, name: &Name) -> Result<bool> {
        let snapshot = self.fresh_snapshot()?;
        Ok(match plan.acts {
            Acts::Agent if plan.bound.is_none() => snapshot.agents.named(name.as_str()).is_some(),
            Acts::Approver => snapshot.operators.named(name.as_str()).is_some(),
            _ => false,
        })
    }

    /// What there is to write for a key of a name that is free.
    fn plan_key(&self, cx: &OpCx, plan: &Plan<'_>, name: &Name, token: &Token) -> Result<Made> {
        let Plan { draft, acts, .. } = plan;
        let mut scopes: Vec<Scope> = match acts {
            Acts::Agent => {
                let may = |scope: &&Scope| AGENT_SCOPES.contains(scope);
                draft.scopes.iter().filter(may).copied().collect()
            }
            Acts::Maker | Acts::Approver => draft.scopes.clone(),
        };
        scopes.sort_unstable();
        scopes.dedup();
        let id = KeyId::new(self.inner.clock.uuid());
        let agent = (*acts == Acts::Agent && plan.bound.is_none()).then(|| Agent {
            id: AgentId::new(self.inner.clock.uuid()),
            name: name.clone(),
            description: format!("Acts by the key `{}`", draft.name),
            labels: Labels::from([(MADE_FOR.to_owned(), id.to_string())]),
            revision: 1,
            created_at: cx.now,
        });
        let operator = (*acts == Acts::Approver).then(|| Operator {
            id: OperatorId::new(self.inner.clock.uuid()),
            name: name.clone(),
            role: Role::Approver,
            password_hash: None,
            created_at: cx.now,
            disabled_at: None,
        });
        let owner = match (&plan.bound, &agent, &operator) {
            (Some(agent), ..) => KeyOwner::Agent(agent.id),
            (_, Some(agent), _) => KeyOwner::Agent(agent.id),
            (_, _, Some(operator)) => KeyOwner::Operator(operator.id),
            _ => KeyOwner::Operator(plan.maker),
        };
        let mut entries = Vec::new();
        let mut grant = None;
        if let Some(agent) = &agent {
            let text = crate::agents::subject(agent.id, &agent.name);
            entries.push(self.config_entry(cx, "config.agent.created", text));
            if let Some((target, profile)) = plan.profile {
                let made = self.grant_by_policy(cx, agent.id, (target, profile))?;
                let text = format!("grant:{} {} on {CALLER}/default: **", made.id, agent.name);
                entries.push(self.config_entry(cx, "config.grant.created", text));
                grant = Some(made);
            }
        }
        if let Some(operator) = &operator {
            let text = crate::operators::subject(operator.id, &operator.name);
            entries.push(self.config_entry(cx, "config.operator.created", text));
        }
        entries.push(self.config_entry(cx, "config.key.created", format!("key:{id} {name}")));
        let (rate_limit_per_minute, expires_at) =
            checks::within_maker(cx, draft.rate_limit_per_minute, None);
        let key = Arc::new(Key {
            rate_limit_per_minute,
            expires_at,
            prefix: token.display_prefix(),
            hash: token.hash().0,
            ..crate::keys::mint(id, name.clone(), owner, scopes, cx.now).0
        });
        Ok(Made {
            key,
            written: IntegrationKey {
                key: id,
                name: draft.name.clone(),
                scopes: draft.scopes.clone(),
            },
            agent,
            grant,
            operator,
            entries,
        })
    }

    /// The one visible grant of an agent that a key acts as.
    fn grant_by_policy(
        &self,
        cx: &OpCx,
        agent: AgentId,
        (target, profile): (TargetId, ProfileId),
    ) -> Result<Grant> {
        Ok(Grant {
            id: GrantId::new(self.inner.clock.uuid()),
            agent,
            target,
            profile,
            action: everything()?,
            verdict: GrantVerdict::ByPolicy,
            expires_at: None,
            labels: Labels::new(),
            created_at: cx.now,
        })
    }

    /// The target of approval-only actions with its default profile; it is made where it is not there yet.
    async fn caller_profile(&self, cx: &OpCx) -> Result<(TargetId, ProfileId)> {
        let known = self.snapshot().targets.find(CALLER);
        let target = match known {
            Some(target) => target,
            None => self.caller_target(cx).await?,
        };
        let profile = self.snapshot().targets.default_profile(target.id);
        let profile = profile.ok_or_else(|| Error::not_found("profile"))?;
        Ok((target.id, profile.id))
    }

    /// Every key with what its maker wrote, oldest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn integration_keys(&self, cx: &OpCx) -> Result<Vec<IntegrationKeyView>> {
        cx.require(Permission::KeyManage)?;
        let written = self
            .inner
            .workspace
            .store
            .read(|tx| integration_keys::all(tx).map_err(Error::from))
            .await?;
        let view = |key: Arc<Key>| {
            let written = written.iter().find(|written| written.key == key.id);
            IntegrationKeyView {
                name: written.map_or_else(|| key.name.to_string(), |written| written.name.clone()),
                scopes: written.map_or_else(|| key.scopes.clone(), |it| it.scopes.clone()),
                key,
            }
        };
        let keys = self.snapshot().keys.sorted();
        // The secret of an agent is a key without a scope: it proves who somebody is, and is no key to be listed.
        let is_key = |key: &Arc<Key>| !key.scopes.is_empty();
        Ok(keys.into_iter().filter(is_key).map(view).collect())
    }

    /// Adds an agent that asks by an integration's key, with a secret by which it proves who it is.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input`.
    pub async fn add_integration_agent(
        &self,
        cx: &OpCx,
        name: &str,
    ) -> Result<(Arc<Agent>, SecretString)> {
        cx.require(Permission::ConfigWrite)?;
        cx.require(Permission::KeyManage)?;
        check_name(name)?;
        let (target, profile) = self.caller_profile(cx).await?;
        let mut attempt = 0;
        loop {
            let agent = Arc::new(Agent {
                id: AgentId::new(self.inner.clock.uuid()),
                name: name_like(name, attempt)?,
                description: name.to_owned(),
                labels: Labels::new(),
                revision: 1,
                created_at: cx.now,
            });
            let token = Token::generate_as(TokenForm::AgentGateSecret);
            let key = Key {
                prefix: token.display_prefix(),
                hash: token.hash().0,
                ..crate::keys::mint(
                    KeyId::new(self.inner.clock.uuid()),
                    agent.name.clone(),
                    KeyOwner::Agent(agent.id),
                    Vec::new(),
                    cx.now,
                )
                .0
            };
            let grant = self.grant_by_policy(cx, agent.id, (target, profile))?;
            let text = crate::agents::subject(agent.id, &agent.name);
            let entry = self.config_entry(cx, "config.agent.created", text);
            let added = Arc::clone(&agent);
            let nouns = Nouns::AGENTS.and(Nouns::KEYS).and(Nouns::POLICY);
            let done = self
                .change(cx, nouns, move |tx| {
                    if agents::name_is_taken(tx, added.name.as_str())? {
                        return Ok(false);
                    }
                    agents::insert(tx, &added)?;
                    keys::insert(tx, &key)?;
                    grants::insert(tx, &grant)?;
                    tx.append_entry(entry.clone())?;
                    Ok(true)
                })
                .await?;
            if done {
                return Ok((agent, token.into_secret()));
            }
            attempt += 1;
        }
    }

    /// The agent that a secret or a token of an agent proves.
    ///
    /// # Errors
    /// `unauthenticated`, `rate_limited`.
    pub fn identify_agent(&self, secret: &str) -> Result<Arc<Agent>> {
        match self.identify_key(secret)? {
            Principal::Agent { agent, .. } => Ok(agent),
            _ => Err(crate::identify::unauthenticated()),
        }
    }

    /// A token by which an agent proves who it is, for an hour: for the agent whose secret it is. It is derived and kept nowhere, counts
    /// against the rate limit of the secret's key, and dies with that key.
    ///
    /// # Errors
    /// `unauthenticated`, also for a token and for any other key than an agent's secret; `rate_limited`.
    pub async fn agent_token(&self, source: &Arc<str>, secret: &str) -> Result<SecretString> {
        let cx = OpCx {
            principal: self.identify_key(secret)?,
            source: Arc::clone(source),
            now: self.now(),
        };
        if let Some(taken) = self.count_call(&cx.principal).await
            && !taken.is_admitted
        {
            return Err(taken.refusal());
        }
        let Principal::Agent { key, .. } = &cx.principal else {
            return Err(crate::identify::unauthenticated());
        };
        let ends_at = checks::expiry(cx.now, Some(AGENT_TOKEN_SECONDS))?.unwrap_or(cx.now);
        let token = self
            .derive_agent_token(secret, ends_at)?
            .ok_or_else(crate::identify::unauthenticated)?;
        // No change of the configuration: decisions in flight go on.
        let entry = self.config_entry(&cx, "agent.token.issued", format!("key:{}", key.id));
        self.inner
            .workspace
            .store
            .write(move |tx: &mut Tx<'_>| -> Result<()> {
                tx.append_entry(entry.clone())?;
                Ok(())
            })
            .await?;
        Ok(token)
    }

    /// The agent that an operator's key asks as: one that is named after the key, and made with its grant the first time.
    ///
    /// # Errors
    /// `forbidden` for a session, which has no key that the agent could be named after.
    pub async fn asking_agent_of_key(&self, cx: &OpCx) -> Result<Arc<Agent>> {
        let key = match &cx.principal {
            Principal::Agent { agent, .. } => return Ok(Arc::clone(agent)),
            Principal::Operator {
                via: Via::Key(key), ..
            } => Arc::clone(key),
            _ => return Err(Error::forbidden("ask with a key, not with a session")),
        };
        let id = key.id.to_string();
        let is_its_own = |agent: &Arc<Agent>| agent.labels.get(MADE_FOR) == Some(&id);
        let found = || self.snapshot().agents.sorted().into_iter().find(is_its_own);
        if let Some(agent) = found() {
            return Ok(agent);
        }
        let (target, profile) = self.caller_profile(cx).await?;
        let mut attempt = 0;
        loop {
            let agent = Arc::new(Agent {
                id: AgentId::new(self.inner.clock.uuid()),
                name: name_like(key.name.as_str(), attempt)?,
                description: format!("What the key `{}` asks for", key.name),
                labels: Labels::from([(MADE_FOR.to_owned(), id.clone())]),
                revision: 1,
                created_at: cx.now,
            });
            let grant = self.grant_by_policy(cx, agent.id, (target, profile))?;
            let text = crate::agents::subject(agent.id, &agent.name);
            let entry = self.config_entry(cx, "config.agent.created", text);
            let (added, label) = (Arc::clone(&agent), id.clone());
            let done = self
                .change(cx, Nouns::AGENTS.and(Nouns::POLICY), move |tx| {
                    // Two first asks at once make one agent.
                    let all = agents::all(tx)?;
                    if all
                        .iter()
                        .any(|one| one.labels.get(MADE_FOR) == Some(&label))
                    {
                        return Ok(true);
                    }
                    if agents::name_is_taken(tx, added.name.as_str())? {
                        return Ok(false);
                    }
                    agents::insert(tx, &added)?;
                    grants::insert(tx, &grant)?;
                    tx.append_entry(entry.clone())?;
                    Ok(true)
                })
                .await?;
            if done {
                return found().ok_or_else(|| Error::not_found("agent"));
            }
            attempt += 1;
        }
    }

    /// Gives an integration's key another name, other scopes or another rate limit. Whom it acts as stays.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `acts_as_another` for scopes of another kind of key.
    pub async fn change_integration_key(
        &self,
        cx: &OpCx,
        id: KeyId,
        name: Option<String>,
        scopes: Option<Vec<Scope>>,
        rate_limit_per_minute: Option<Option<u32>>,
    ) -> Result<()> {
        cx.require(Permission::KeyManage)?;
        require_fresh_proof_of_all(cx)?;
        if let Some(name) = &name {
            check_name(name)?;
        }
        let known = self.integration_keys(cx).await?;
        let known = known.into_iter().find(|known| known.key.id == id);
        let known = known.ok_or_else(|| Error::not_found("key"))?;
        if matches!(known.key.owner, KeyOwner::Operator(_)) {
            cx.require(Permission::OperatorManage)?;
        }
        let wanted = scopes.clone().unwrap_or_else(|| known.scopes.clone());
        if wanted.is_empty() {
            return Err(Error::invalid("scopes", "a key has at least one scope"));
        }
        if scopes.is_some() && acts(&wanted) != acts(&known.scopes) {
            let text = "these scopes make another kind of key: make a new key with them, and revoke this one";
            return Err(Error::new(ErrorKind::Conflict, "acts_as_another", text));
        }
        let is_agents = matches!(known.key.owner, KeyOwner::Agent(_));
        if !is_agents && !checks::covers(cx.principal.permissions(), Scope::union(&wanted)) {
            let text = "a key can't do more than its maker: change it with a credential that has these scopes";
            return Err(Error::forbidden(text));
        }
        let mut enforced: Vec<Scope> = wanted.clone();
        enforced.retain(|scope| !is_agents || AGENT_SCOPES.contains(scope));
        enforced.sort_unstable();
        enforced.dedup();
        let limit = rate_limit_per_minute.unwrap_or(known.key.rate_limit_per_minute);
        let written = IntegrationKey {
            key: id,
            name: name.unwrap_or(known.name),
            scopes: wanted,
        };
        let entry = self.config_entry(cx, "config.key.updated", format!("key:{id}"));
        self.change(cx, Nouns::KEYS, move |tx| {
            if !keys::set_rights(tx, id, &enforced, limit)? {
                return Err(Error::not_found("key"));
            }
            integration_keys::put(tx, &written)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await
    }
}

fn everything() -> Result<ActionPattern> {
    ActionPattern::EVERYTHING.parse().map_err(Error::internal)
}
