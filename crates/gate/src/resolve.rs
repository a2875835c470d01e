//! From a draft to something that can be judged: who, what, on what, and exactly which bytes.

use std::{borrow::Cow, sync::Arc};

use countersign_domain::{
    ActionFacts, Actor, Agent, AgentFacts, Credential, Digest, DurabilityClass, Effect, Facts,
    KeyId, Payload, Profile, Request, RequestId, ScanFacts, Target, TargetFacts, Timestamp,
    Urgency, canonical_json,
};
use countersign_vault::Sha256;
use serde_json::{Value, json};

use crate::{
    connector::{Connector, RawAction, ResolvedAction},
    context::{OpCx, Principal},
    draft::{ActionDraft, Route},
    error::{Error, ErrorKind, Result},
    gate::Gate,
    snapshot::Snapshot,
};

/// The longest intent, in characters.
pub const INTENT_LIMIT_CHARACTERS: usize = 500;

/// Everything about one ask, resolved against one snapshot and immutable from here on.
pub(crate) struct Asked {
    pub(crate) id: RequestId,
    pub(crate) agent: Arc<Agent>,
    pub(crate) actor: Actor,
    pub(crate) key: Option<KeyId>,
    pub(crate) target: Arc<Target>,
    pub(crate) profile: Arc<Profile>,
    pub(crate) credential: Option<Arc<Credential>>,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) effect: Effect,
    pub(crate) durability: DurabilityClass,
    pub(crate) payload: Payload,
    pub(crate) payload_head: PayloadHead,
    pub(crate) payload_hash: Digest,
    pub(crate) facts: Facts,
    pub(crate) idempotency_key: Option<String>,
    /// When the one who asks wants it to expire, at the latest.
    pub(crate) until: Option<Timestamp>,
}

impl Gate {
    /// Resolves a draft. Nothing in the draft is trusted; what comes back is what is judged, shown, hashed and run.
    pub(crate) fn resolve(
        &self,
        cx: &OpCx,
        snapshot: &Snapshot,
        draft: &ActionDraft,
    ) -> Result<Asked> {
        if draft.intent.chars().count() > INTENT_LIMIT_CHARACTERS {
            return Err(Error::invalid(
                "intent",
                format!("the intent has more than {INTENT_LIMIT_CHARACTERS} characters"),
            ));
        }
        check_idempotency_key(draft.idempotency_key.as_deref())?;
        let agent = asking_agent(cx, snapshot, draft.agent.as_deref())?;
        let located = self.locate(cx, snapshot, &agent, &draft.route, &draft.input)?;
        let Place {
            target,
            profile,
            connector,
            action,
            input,
        } = located;
        if draft.body.len() as u64 > target.limits.request_bytes {
            let text = format!(
                "the body has {} bytes; this target takes {}",
                draft.body.len(),
                target.limits.request_bytes
            );
            return Err(
                Error::new(ErrorKind::TooLarge, "request_too_large", text).limit("request_bytes")
            );
        }
        let raw = RawAction {
            action: &action,
            input: &input,
            body: &draft.body,
        };
        let ResolvedAction {
            name,
            effect,
            durability,
            input,
            facts,
            context,
            risk,
        } = connector.resolve(&target, &profile, raw)?;
        let payload = Payload {
            input,
            body: draft.body.clone(),
        };
        let payload_head = PayloadHead::of(&payload);
        let payload_hash = payload_head.hash(&payload.body);
        let facts = Facts {
            agent: AgentFacts {
                id: agent.id,
                name: agent.name.clone(),
            },
            action: ActionFacts {
                connector: target.connector.clone(),
                name,
                effect,
            },
            target: TargetFacts {
                id: target.id,
                name: target.name.clone(),
                profile: profile.id,
                risk_threshold: target.risk_threshold,
            },
            input: facts,
            context,
            urgency: draft.urgency,
            intent: draft.intent.clone(),
            risk,
            tainted: false,
            findings: Vec::new(),
            scan: ScanFacts::default(),
            budget: None,
            at: cx.now,
            permissions: cx.principal.permissions(),
        };
        Ok(Asked {
            id: RequestId::new(self.inner.clock.uuid()),
            actor: cx.principal.actor(),
            key: cx.principal.key().map(|key| key.id),
            credential: snapshot.targets.credential_of(profile.id),
            agent,
            target,
            profile,
            connector,
            effect,
            durability,
            payload,
            payload_head,
            payload_hash,
            facts,
            idempotency_key: draft.idempotency_key.clone(),
            until: None,
        })
    }

    /// Resolves a stored request again, against the live snapshot: for revalidation and execution.
    pub(crate) fn resolve_again(
        &self,
        snapshot: &Snapshot,
        request: &Request,
        payload: Payload,
        intent: String,
        urgency: Urgency,
    ) -> Result<Asked> {
        let gone = || {
            stale(
                request.id,
                "the agent, target or profile that was approved no longer exists",
            )
        };
        let agent = snapshot.agents.get(request.agent).ok_or_else(gone)?;
        let target = snapshot.targets.get(request.target).ok_or_else(gone)?;
        let profile = snapshot.targets.profile(request.profile).ok_or_else(gone)?;
        let connector = Arc::clone(
            self.inner
                .connectors
                .get(&target.connector)
                .map_err(|_| gone())?,
        );
        let raw = RawAction {
            action: &request.action,
            input: &rawable(&payload.input),
            body: &payload.body,
        };
        let ResolvedAction {
            name,
            effect,
            durability,
            input,
            facts,
            context,
            risk,
        } = connector.resolve(&target, &profile, raw).map_err(|_| {
            stale(
                request.id,
                "the target's connector no longer takes the action that was approved",
            )
        })?;
        // What runs is what was stored and approved, not what the connector would make of it today; if the two differ, it is stale.
        let payload_head = PayloadHead::of(&Payload {
            input,
            body: payload.body.clone(),
        });
        let payload_hash = payload_head.hash(&payload.body);
        let facts = Facts {
            agent: AgentFacts {
                id: agent.id,
                name: agent.name.clone(),
            },
            action: ActionFacts {
                connector: target.connector.clone(),
                name,
                effect,
            },
            target: TargetFacts {
                id: target.id,
                name: target.name.clone(),
                profile: profile.id,
                risk_threshold: target.risk_threshold,
            },
            input: facts,
            context,
            urgency,
            intent,
            risk,
            tainted: false,
            findings: Vec::new(),
            scan: ScanFacts::default(),
            budget: None,
            at: self.now(),
            permissions: countersign_domain::Permissions::ALL,
        };
        Ok(Asked {
            id: request.id,
            actor: request.asked_by,
            key: request.key,
            credential: snapshot.targets.credential_of(profile.id),
            agent,
            target,
            profile,
            connector,
            effect,
            durability,
            payload,
            payload_head,
            payload_hash,
            facts,
            idempotency_key: None,
            until: None,
        })
    }

    fn locate<'draft>(
        &self,
        cx: &OpCx,
        snapshot: &Snapshot,
        agent: &Agent,
        route: &'draft Route,
        input: &'draft Value,
    ) -> Result<Place<'draft>> {
        match route {
            Route::Named {
                target,
                profile,
                action,
            } => {
                let target = snapshot.targets.find(target).ok_or_else(no_target)?;
                // A target that the agent has no grant on is not there for it: names can't be probed.
                if !snapshot
                    .policy
                    .grants_of(agent.id)
                    .iter()
                    .any(|grant| grant.target == target.id)
                    || !cx.principal.admits(agent.id, target.id)
                {
                    return Err(no_target());
                }
                let profile = match profile {
                    Some(name) => snapshot
                        .targets
                        .profiles_of(target.id)
                        .into_iter()
                        .find(|profile| profile.name == *name)
                        .ok_or_else(|| {
                            Error::invalid("profile", "the target has no such profile")
                        })?,
                    None => snapshot
                        .targets
                        .default_profile(target.id)
                        .ok_or_else(no_target)?,
                };
                let connector = Arc::clone(self.inner.connectors.get(&target.connector)?);
                Ok(Place {
                    target,
                    profile,
                    connector,
                    action: Cow::Borrowed(action),
                    input: Cow::Borrowed(input),
                })
            }
            Route::Url { method, url } => self.locate_url(cx, snapshot, agent, method, url, input),
        }
    }

    /// The target with the longest base that the URL lies below, among those that the agent has a grant on.
    fn locate_url<'draft>(
        &self,
        cx: &OpCx,
        snapshot: &Snapshot,
        agent: &Agent,
        method: &str,
        url: &str,
        input: &'draft Value,
    ) -> Result<Place<'draft>> {
        let mut best: Option<(usize, Place<'draft>, Option<String>)> = None;
        let mut seen = Vec::new();
        for grant in snapshot.policy.grants_of(agent.id) {
            if seen.contains(&grant.profile) {
                continue;
            }
            seen.push(grant.profile);
            if !cx.principal.admits(agent.id, grant.target) {
                continue;
            }
            let Some(target) = snapshot.targets.get(grant.target) else {
                continue;
            };
            let Some(profile) = snapshot.targets.profile(grant.profile) else {
                continue;
            };
            let connector = self.inner.connectors.get(&target.connector)?;
            let Some(located) = connector.locate(&target, method, url)? else {
                continue;
            };
            // Of several profiles of one target the default speaks: a URL can't name another.
            let is_default = profile.name.as_str() == countersign_domain::DEFAULT_PROFILE;
            let better = best.as_ref().is_none_or(|(base, ..)| {
                located.base_bytes > *base || located.base_bytes == *base && is_default
            });
            if better {
                let connector = Arc::clone(connector);
                let place = Place {
                    target,
                    profile,
                    connector,
                    action: Cow::Owned(located.action),
                    input: Cow::Borrowed(input),
                };
                best = Some((located.base_bytes, place, located.query));
            }
        }
        let (_, mut place, query) = best.ok_or_else(no_target)?;
        if let Some(query) = query {
            let input = place.input.to_mut();
            if input.is_null() {
                *input = Value::Object(serde_json::Map::new());
            }
            if let Value::Object(fields) = input {
                fields.insert("query".to_owned(), Value::String(query));
            }
        }
        Ok(place)
    }
}

struct Place<'draft> {
    target: Arc<Target>,
    profile: Arc<Profile>,
    connector: Arc<dyn Connector>,
    action: Cow<'draft, str>,
    input: Cow<'draft, Value>,
}

/// The agent that an operator's key asks for and no other.
fn bound_agent(principal: &Principal) -> Option<countersign_domain::AgentId> {
    principal.key().and_then(|key| key.bounds.agent)
}

fn asking_agent(cx: &OpCx, snapshot: &Snapshot, named: Option<&str>) -> Result<Arc<Agent>> {
    match (&cx.principal, named) {
        (Principal::Agent { agent, .. }, None) => Ok(Arc::clone(agent)),
        (Principal::Agent { agent, .. }, Some(named)) if agent.name.as_str() == named => {
            Ok(Arc::clone(agent))
        }
        (Principal::Agent { .. }, Some(_)) => Err(Error::forbidden(
            "an agent asks for itself only: leave `agent` out",
        )),
        (principal, named) if bound_agent(principal).is_some() => {
            let bound = bound_agent(principal)
                .and_then(|bound| snapshot.agents.get(bound))
                .ok_or_else(|| Error::forbidden("the agent that this key is bound to is gone"))?;
            match named {
                Some(named) if bound.name.as_str() != named && bound.id.to_string() != named => {
                    let text = "this key is bound to another agent: leave `agent` out";
                    Err(Error::forbidden(text))
                }
                _ => Ok(bound),
            }
        }
        (_, Some(named)) => snapshot
            .agents
            .find(named)
            .ok_or_else(|| Error::invalid("agent", "there is no such agent")),
        (_, None) => Err(Error::invalid(
            "agent",
            "name the agent that you ask for: an operator has no grants of their own",
        )),
    }
}

fn check_idempotency_key(key: Option<&str>) -> Result<()> {
    match key {
        Some(key)
            if key.is_empty()
                || key.len() > 255
                || !key.bytes().all(|byte| (0x21..0x7f).contains(&byte)) =>
        {
            Err(Error::invalid(
                "idempotency_key",
                "an idempotency key has 1 to 255 visible ASCII characters",
            ))
        }
        _ => Ok(()),
    }
}

fn no_target() -> Error {
    let text =
        "no target of that name or URL exists for this agent: an operator adds targets and grants";
    Error::new(ErrorKind::NotFound, "no_target", text)
}

/// What was approved is no longer what would run.
pub(crate) fn stale(request: RequestId, why: &'static str) -> Error {
    Error::new(ErrorKind::Conflict, "stale", format!("{why}; ask again")).about(request)
}

/// The canonical bytes of a payload but for its body: made once, hashed, committed to and kept.
pub(crate) struct PayloadHead(Vec<u8>);

/// The version byte and the length that stand before the input in the canonical bytes.
const INPUT_AT: usize = 9;
/// The length of the body that stands behind it.
const BODY_LENGTH_BYTES: usize = 8;

impl PayloadHead {
    fn of(payload: &Payload) -> Self {
        let mut head = Vec::with_capacity(256);
        payload.canonical_head(&mut head);
        Self(head)
    }

    fn hash(&self, body: &[u8]) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(&self.0).update(body);
        Digest(hasher.finish())
    }

    /// All of it.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The input as canonical JSON.
    pub(crate) fn input(&self) -> &[u8] {
        &self.0[INPUT_AT..self.0.len() - BODY_LENGTH_BYTES]
    }
}

/// The normalised input as a connector takes it: without what the action's name already says.
fn rawable(input: &Value) -> Value {
    match input {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "method" | "path"))
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect(),
        ),
        other => other.clone(),
    }
}

impl Asked {
    /// What has to be the same when an idempotency key comes again: who, on what, with which credential, what, and every byte of it.
    pub(crate) fn identity(&self) -> Digest {
        let mut hasher = Sha256::new();
        hasher
            .update(self.agent.id.as_bytes())
            .update(self.target.id.as_bytes())
            .update(self.profile.id.as_bytes())
            .update(&(self.facts.action.name.len() as u64).to_be_bytes())
            .update(self.facts.action.name.as_bytes())
            .update(&self.payload_hash.0);
        Digest(hasher.finish())
    }

    /// Binds all that an approver sees: the payload, the target and its connection, the profile's limits, the action's definition, the
    /// credential and how often an operator has replaced it.
    pub(crate) fn context_hash(&self) -> Digest {
        let context = json!({
            "payload": self.payload_hash.to_string(),
            "agent": self.agent.id,
            "target": self.target.id,
            "connector": self.target.connector,
            "config": self.target.config,
            "allow_private_network": self.target.allow_private_network,
            "profile": self.profile.id,
            "limits": self.profile.limits,
            "action": self.facts.action.name,
            "effect": self.effect,
            "durability": self.durability,
            "credential": self.credential.as_ref().map(|credential| (credential.id, credential.kind, credential.operator_revision)),
        });
        let mut bytes = Vec::with_capacity(512);
        canonical_json(&context, &mut bytes);
        Digest(countersign_vault::sha256(&bytes))
    }
}
