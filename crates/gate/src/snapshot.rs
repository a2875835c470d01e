//! Everything that operators have set, as one immutable value: what the hot path reads instead of the store.
//!
//! Invariant: a snapshot was read at exactly its epoch. Nouns that a change did not touch are shared with the snapshot before it.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use countersign_domain::{
    Agent, AgentId, AskTerms, Credential, DEFAULT_PROFILE, EscalationRule, Grant, Key, KeyId,
    KillState, Name, Operator, OperatorId, Override, PolicyList, PolicySet, Profile, ProfileId,
    Rule, RuleId, RuleKind, RuleMatch, RuleMode, Target, TargetId, Verdict, Webhook, WebhookId,
};
use countersign_store::{
    StoreError, Tx, agents, credentials, grants, keys, kills, operators, overrides, policy_lists,
    profiles, rules, settings, standing, targets, webhooks,
};

use crate::{
    connector::CALLER,
    scan::StoredRules,
    settings::{SETTINGS_NAME, Settings},
};

/// Which nouns a change touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nouns(u16);

impl Nouns {
    /// None of those that a snapshot holds: the epoch moves all the same.
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const AGENTS: Self = Self(1);
    pub(crate) const KEYS: Self = Self(1 << 1);
    /// With their profiles and credentials.
    pub(crate) const TARGETS: Self = Self(1 << 2);
    /// Grants, rules and standing approvals.
    pub(crate) const POLICY: Self = Self(1 << 3);
    pub(crate) const KILL: Self = Self(1 << 4);
    pub(crate) const OPERATORS: Self = Self(1 << 5);
    pub(crate) const SETTINGS: Self = Self(1 << 6);
    pub(crate) const WEBHOOKS: Self = Self(1 << 7);
    pub(crate) const ALL: Self = Self(u16::MAX);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Named things, by id and by name.
#[derive(Debug)]
pub struct Register<I, T> {
    by_id: HashMap<I, Arc<T>>,
    by_name: HashMap<String, Arc<T>>,
}

impl<I: Copy + Eq + Hash + std::str::FromStr, T> Register<I, T> {
    fn new(things: Vec<T>, id: impl Fn(&T) -> I, name: impl Fn(&T) -> &str) -> Self {
        let mut register = Self {
            by_id: HashMap::with_capacity(things.len()),
            by_name: HashMap::with_capacity(things.len()),
        };
        for thing in things {
            let thing = Arc::new(thing);
            register.by_id.insert(id(&thing), Arc::clone(&thing));
            register.by_name.insert(name(&thing).to_owned(), thing);
        }
        register
    }

    /// By id.
    pub fn get(&self, id: I) -> Option<Arc<T>> {
        self.by_id.get(&id).map(Arc::clone)
    }

    /// By name.
    pub fn named(&self, name: &str) -> Option<Arc<T>> {
        self.by_name.get(name).map(Arc::clone)
    }

    /// By name or id. No name has the form of an id.
    pub fn find(&self, id_or_name: &str) -> Option<Arc<T>> {
        self.named(id_or_name)
            .or_else(|| id_or_name.parse().ok().and_then(|id| self.get(id)))
    }

    /// All of them, by name.
    pub fn sorted(&self) -> Vec<Arc<T>> {
        let mut list: Vec<_> = self.by_name.iter().collect();
        list.sort_unstable_by_key(|(name, _)| *name);
        list.into_iter()
            .map(|(_, thing)| Arc::clone(thing))
            .collect()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

/// The agents.
pub type Agents = Register<AgentId, Agent>;

/// The operators, disabled ones included.
pub type Operators = Register<OperatorId, Operator>;

/// The keys, also those that no longer work.
#[derive(Debug)]
pub struct Keys {
    by_hash: HashMap<[u8; 32], Arc<Key>>,
    by_id: HashMap<KeyId, Arc<Key>>,
}

impl Keys {
    fn new(keys: Vec<Key>) -> Self {
        let mut all = Self {
            by_hash: HashMap::with_capacity(keys.len()),
            by_id: HashMap::with_capacity(keys.len()),
        };
        for key in keys {
            // Behind its old secret a key is one that ends when the overlap does.
            if let Some(retiring) = key.as_retiring() {
                all.by_hash.insert(retiring.hash, Arc::new(retiring));
            }
            let key = Arc::new(key);
            all.by_hash.insert(key.hash, Arc::clone(&key));
            all.by_id.insert(key.id, key);
        }
        all
    }

    /// By the hash of its secret.
    pub fn by_hash(&self, hash: &[u8; 32]) -> Option<&Arc<Key>> {
        self.by_hash.get(hash)
    }

    /// By id.
    pub fn get(&self, id: KeyId) -> Option<Arc<Key>> {
        self.by_id.get(&id).map(Arc::clone)
    }

    /// All of them, oldest first.
    pub fn sorted(&self) -> Vec<Arc<Key>> {
        let mut list: Vec<_> = self.by_id.values().map(Arc::clone).collect();
        list.sort_unstable_by_key(|key| (key.created_at, key.id));
        list
    }
}

/// The targets with their profiles and credentials.
#[derive(Debug)]
pub struct Targets {
    all: Register<TargetId, Target>,
    profiles: HashMap<ProfileId, Arc<Profile>>,
    of_target: HashMap<TargetId, Vec<Arc<Profile>>>,
    credentials: HashMap<ProfileId, Arc<Credential>>,
}

impl Targets {
    fn new(targets: Vec<Target>, profiles: Vec<Profile>, credentials: Vec<Credential>) -> Self {
        let mut all = Self {
            all: Register::new(targets, |target| target.id, |target| target.name.as_str()),
            profiles: HashMap::with_capacity(profiles.len()),
            of_target: HashMap::new(),
            credentials: credentials
                .into_iter()
                .map(|credential| (credential.profile, Arc::new(credential)))
                .collect(),
        };
        for profile in profiles {
            let profile = Arc::new(profile);
            all.of_target
                .entry(profile.target)
                .or_default()
                .push(Arc::clone(&profile));
            all.profiles.insert(profile.id, profile);
        }
        for list in all.of_target.values_mut() {
            list.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        }
        all
    }

    /// By id.
    pub fn get(&self, id: TargetId) -> Option<Arc<Target>> {
        self.all.get(id)
    }

    /// By name or id.
    pub fn find(&self, id_or_name: &str) -> Option<Arc<Target>> {
        self.all.find(id_or_name)
    }

    /// All targets, by name.
    pub fn sorted(&self) -> Vec<Arc<Target>> {
        self.all.sorted()
    }

    /// A profile by id.
    pub fn profile(&self, id: ProfileId) -> Option<Arc<Profile>> {
        self.profiles.get(&id).map(Arc::clone)
    }

    /// A target's profiles, by name.
    pub fn profiles_of(&self, target: TargetId) -> Vec<Arc<Profile>> {
        self.of_target.get(&target).cloned().unwrap_or_default()
    }

    /// A target's profile by name.
    pub fn profile_named(&self, target: TargetId, name: &str) -> Option<Arc<Profile>> {
        self.of_target
            .get(&target)?
            .iter()
            .find(|profile| profile.name.as_str() == name)
            .map(Arc::clone)
    }

    /// The profile that every target has from its start.
    pub fn default_profile(&self, target: TargetId) -> Option<Arc<Profile>> {
        self.profile_named(target, DEFAULT_PROFILE)
    }

    /// Every credential, in no order.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = &Credential> {
        self.credentials.values().map(|credential| &**credential)
    }

    /// A profile's credential.
    pub fn credential_of(&self, profile: ProfileId) -> Option<Arc<Credential>> {
        self.credentials.get(&profile).map(Arc::clone)
    }
}

/// Grants and rules as lists, beside the form that decisions use.
#[derive(Debug)]
pub(crate) struct PolicyLists {
    /// Oldest first.
    pub(crate) grants: Vec<Arc<Grant>>,
    /// By name.
    pub(crate) rules: Vec<Arc<Rule>>,
    /// In the order in which they speak.
    pub(crate) policies: Vec<Arc<PolicyList>>,
    /// The first to be looked at first.
    pub(crate) escalations: Vec<EscalationRule>,
    /// Oldest first, also those that have ended.
    pub(crate) overrides: Vec<Arc<Override>>,
}

/// Everything that operators have set, at one epoch.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The configuration epoch.
    pub epoch: u64,
    /// Who may ask.
    pub agents: Arc<Agents>,
    /// By which credentials.
    pub keys: Arc<Keys>,
    /// What can be touched, and with which secrets.
    pub targets: Arc<Targets>,
    /// What is decided by.
    pub policy: Arc<PolicySet>,
    pub(crate) lists: Arc<PolicyLists>,
    /// What is stopped.
    pub kill: Arc<KillState>,
    /// Who may sign in.
    pub operators: Arc<Operators>,
    /// The rest.
    pub settings: Arc<Settings>,
    /// The operators' own secret rules.
    pub(crate) secret_rules: Arc<StoredRules>,
    /// Who is told of what happens to requests, oldest first.
    pub(crate) webhooks: Arc<Vec<Arc<Webhook>>>,
}

fn settings_of(tx: &mut Tx<'_>) -> Result<Settings, StoreError> {
    let wrong = StoreError::Column {
        index: 0,
        expected: "settings",
    };
    settings::get(tx, SETTINGS_NAME)?.map_or_else(
        || Ok(Settings::default()),
        |json| serde_json::from_str(&json).map_err(|_| wrong),
    )
}

/// What escalates what a list asks about, or everything.
fn escalation_of(
    rules: &[EscalationRule],
    list: Option<countersign_domain::PolicyListId>,
) -> Option<countersign_domain::Escalation> {
    rules
        .iter()
        .filter(|rule| rule.is_enabled)
        .find(|rule| rule.list.is_none() || rule.list == list)
        .map(EscalationRule::term)
}

fn policy_of(
    tx: &mut Tx<'_>,
    epoch: u64,
) -> Result<(Arc<PolicySet>, Arc<PolicyLists>), StoreError> {
    let (grants, mut rules) = (grants::all(tx)?, rules::all(tx)?);
    let overrides = overrides::live(tx, countersign_domain::Timestamp::from_micros(0))?;
    let mut lists = PolicyLists {
        grants: grants.iter().cloned().map(Arc::new).collect(),
        rules: rules.iter().cloned().map(Arc::new).collect(),
        policies: policy_lists::all(tx)?.into_iter().map(Arc::new).collect(),
        escalations: policy_lists::escalations(tx)?,
        overrides: overrides.iter().cloned().map(Arc::new).collect(),
    };
    lists
        .grants
        .sort_unstable_by_key(|grant| (grant.created_at, grant.id));
    lists
        .rules
        .sort_unstable_by(|left, right| left.name.cmp(&right.name));
    let standing = standing::usable(tx)?;
    let no_name = |_| StoreError::Column {
        index: 0,
        expected: "a name",
    };
    let caller: Name = CALLER.parse().map_err(no_name)?;
    for list in lists.policies.iter().filter(|list| list.is_enabled) {
        let escalation = escalation_of(&lists.escalations, Some(list.id));
        rules.extend(list.compiled(&caller).into_iter().map(|mut rule| {
            if rule.verdict == Verdict::Ask && rule.ask.escalation.is_none() {
                rule.ask.escalation.clone_from(&escalation);
            }
            rule
        }));
    }
    // What no rule is about is asked, too: with what escalates everything.
    if let Some(escalation) = escalation_of(&lists.escalations, None) {
        rules.push(Rule {
            id: RuleId::new(uuid::Uuid::nil()),
            name: "default-escalation".parse().map_err(no_name)?,
            kind: RuleKind::Rule,
            priority: i64::MAX,
            matcher: RuleMatch {
                target: Some(vec![caller]),
                ..RuleMatch::default()
            },
            verdict: Verdict::Ask,
            ask: AskTerms {
                escalation: Some(escalation),
                ..AskTerms::default()
            },
            mode: RuleMode::Enforce,
            reason: "no other rule speaks, and what is asked here escalates".to_owned(),
            labels: std::collections::BTreeMap::new(),
            created_at: countersign_domain::Timestamp::from_micros(0),
        });
    }
    let set = PolicySet::new(epoch, grants, rules, standing).with_overrides(overrides);
    Ok((Arc::new(set), Arc::new(lists)))
}

fn targets_of(tx: &mut Tx<'_>) -> Result<Arc<Targets>, StoreError> {
    Ok(Arc::new(Targets::new(
        targets::all(tx)?,
        profiles::all(tx)?,
        credentials::all(tx)?,
    )))
}

fn agents_of(tx: &mut Tx<'_>) -> Result<Arc<Agents>, StoreError> {
    Ok(Arc::new(Register::new(
        agents::all(tx)?,
        |agent| agent.id,
        |agent| agent.name.as_str(),
    )))
}

fn operators_of(tx: &mut Tx<'_>) -> Result<Arc<Operators>, StoreError> {
    Ok(Arc::new(Register::new(
        operators::all(tx)?,
        |operator| operator.id,
        |operator| operator.name.as_str(),
    )))
}

fn webhooks_of(tx: &mut Tx<'_>) -> Result<Arc<Vec<Arc<Webhook>>>, StoreError> {
    let webhooks = webhooks::all(tx)?.into_iter().map(Arc::new);
    Ok(Arc::new(webhooks.collect()))
}

/// How often a read that a change fell into is done again.
const READ_ATTEMPTS: u32 = 16;

impl Snapshot {
    /// A webhook.
    pub(crate) fn webhook(&self, id: WebhookId) -> Option<Arc<Webhook>> {
        let found = self.webhooks.iter().find(|webhook| webhook.id == id);
        found.map(Arc::clone)
    }

    /// Reads everything.
    pub(crate) fn load(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        at_one_epoch(tx, |tx, epoch| {
            let (policy, lists) = policy_of(tx, epoch)?;
            Ok(Self {
                epoch,
                agents: agents_of(tx)?,
                keys: Arc::new(Keys::new(keys::all(tx)?)),
                targets: targets_of(tx)?,
                policy,
                lists,
                kill: Arc::new(KillState::new(kills::all(tx)?)),
                operators: operators_of(tx)?,
                settings: Arc::new(settings_of(tx)?),
                secret_rules: Arc::new(StoredRules::load(tx)?),
                webhooks: webhooks_of(tx)?,
            })
        })
    }

    /// Reads what the nouns of one change hold, and everything where other changes came in between.
    pub(crate) fn load_after(&self, tx: &mut Tx<'_>, nouns: Nouns) -> Result<Self, StoreError> {
        let epoch = tx.epoch()?;
        if epoch == self.epoch {
            return Ok(self.clone());
        }
        if epoch != self.epoch + 1 {
            return Self::load(tx);
        }
        let next = at_one_epoch(tx, |tx, epoch| {
            let mut next = Self {
                epoch,
                ..self.clone()
            };
            if nouns.has(Nouns::AGENTS) {
                next.agents = agents_of(tx)?;
            }
            if nouns.has(Nouns::KEYS) {
                next.keys = Arc::new(Keys::new(keys::all(tx)?));
            }
            if nouns.has(Nouns::TARGETS) {
                next.targets = targets_of(tx)?;
            }
            if nouns.has(Nouns::POLICY) {
                (next.policy, next.lists) = policy_of(tx, epoch)?;
            }
            if nouns.has(Nouns::KILL) {
                next.kill = Arc::new(KillState::new(kills::all(tx)?));
            }
            if nouns.has(Nouns::OPERATORS) {
                next.operators = operators_of(tx)?;
            }
            if nouns.has(Nouns::SETTINGS) {
                next.settings = Arc::new(settings_of(tx)?);
                next.secret_rules = Arc::new(StoredRules::load(tx)?);
            }
            if nouns.has(Nouns::WEBHOOKS) {
                next.webhooks = webhooks_of(tx)?;
            }
            Ok(next)
        })?;
        // Another replica's change came in while this was read.
        if next.epoch == epoch {
            Ok(next)
        } else {
            Self::load(tx)
        }
    }
}

/// Reads until no change fell into the reading. On SQLite a read sees one snapshot anyway; on PostgreSQL each statement sees its own.
fn at_one_epoch<T>(
    tx: &mut Tx<'_>,
    mut read: impl FnMut(&mut Tx<'_>, u64) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    for _ in 0..READ_ATTEMPTS {
        let epoch = tx.epoch()?;
        let value = read(tx, epoch)?;
        if tx.epoch()? == epoch {
            return Ok(value);
        }
    }
    Err(StoreError::Conflict {
        attempts: READ_ATTEMPTS,
    })
}
