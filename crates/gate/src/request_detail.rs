//! One request with all that is known of it: what an approver looks at, and what is looked up later.

use countersign_domain::{
    Actor, Decision, RequestId, RequestState, SealedEntry, Speaker, StandingApprovalId, Verdict,
    Vote, VoteKind,
};
use countersign_store::{audit, requests::RequestRow};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    connector::Preview,
    context::{OpCx, Principal},
    error::Result,
    evidence::Evidence,
    gate::Gate,
    requests::{PayloadView, RequestView, StoredResult, risk_reasons},
    scan::FindingView,
    snapshot::Snapshot,
};

/// The most entries of one request that are shown. It has a handful; a quorum has a few more.
const ENTRY_LIMIT: u32 = 200;

/// A request with all that is known of it.
#[derive(Debug, Clone)]
pub struct RequestDetail {
    /// What lists show.
    pub view: RequestView,
    /// What would run, or ran; `None` when the evidence was deleted.
    pub payload: Option<PayloadView>,
    /// The facts and the decision with all its voices; `None` when the evidence was deleted, and for an agent.
    pub judged: Option<Value>,
    /// What was answered, while it is kept.
    pub result: Option<StoredResult>,
    /// What has happened to it, oldest first.
    pub steps: Vec<Step>,
    /// Its entries in the ledger, oldest first.
    pub entries: Vec<SealedEntry>,
    /// The decision by which it was asked, allowed or denied; `None` when the evidence was deleted, and for an agent.
    pub trace: Option<DecisionTrace>,
    /// What will be sent, or would be sent today; `None` where that can't be said, and for an agent.
    pub preview: Option<Preview>,
    /// Whether what an approver sees is still what would run; `None` once it can't run any more.
    pub is_current: Option<bool>,
    /// The base URL of the target as it is now; `None` for an agent.
    pub base_url: Option<String>,
    /// The connector of the target.
    pub connector: Option<String>,
    /// The profile's name.
    pub profile_name: Option<String>,
    /// Who asked.
    pub asked_by: ActorName,
    /// Whether the one who looks has asked for it.
    pub is_self_asked: bool,
    /// What scans found in what was asked and what was answered.
    pub findings: Vec<FindingView>,
}

/// Who did something, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorName {
    /// Who.
    pub actor: Actor,
    /// The name; `None` for those without one, once it is gone, and for an agent that looks at an operator.
    pub name: Option<String>,
}

/// One thing that happened to a request.
#[derive(Debug, Clone)]
pub struct Step {
    /// When.
    pub at: countersign_domain::Timestamp,
    /// What, as the entry's kind says.
    pub kind: String,
    /// The state that it came to; `None` where it stayed.
    pub state: Option<RequestState>,
    /// What an operator said.
    pub vote: Option<VoteKind>,
    /// Who did it.
    pub by: ActorName,
    /// In whose words. Untrusted text.
    pub note: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
    /// The entry's place in the ledger.
    pub position: u64,
}

/// A decision with all that was said.
#[derive(Debug, Clone)]
pub struct DecisionTrace {
    /// What it came to.
    pub verdict: Verdict,
    /// Everything that was said, in order.
    pub voices: Vec<TraceVoice>,
    /// The standing approval that answered an ask.
    pub satisfied_by: Option<Uuid>,
    /// The configuration epoch that decided.
    pub policy_version: u64,
}

/// One thing that was said.
#[derive(Debug, Clone)]
pub struct TraceVoice {
    /// By what kind of speaker.
    pub speaker: &'static str,
    /// The grant's, guard's or rule's id.
    pub id: Option<Uuid>,
    /// The guard's or rule's name, or the grant's action; `None` once it is gone, and for agents.
    pub name: Option<String>,
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Whether it made the verdict.
    pub has_decided: bool,
}

impl Gate {
    /// One request with all that is known of it. An agent sees its own; another's is not there for it.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn request(&self, cx: &OpCx, id: RequestId) -> Result<RequestDetail> {
        let (row, votes, result) = self.request_status(cx, id).await?;
        let filter = audit::Filter {
            request: Some(id),
            ..audit::Filter::default()
        };
        let entries = self
            .inner
            .workspace
            .store
            .read::<_, countersign_store::StoreError, _>(move |tx| {
                audit::page(tx, &filter, audit::Cursor::Oldest, ENTRY_LIMIT)
            })
            .await?;
        let sealed = self.sealed_evidence(&row).await?;
        let evidence = self.open_evidence(&row, sealed)?.unwrap_or_default();
        let findings = self.findings(cx, &row, &evidence, &entries).await?;
        let snapshot = self.snapshot();
        let request = &row.request;
        let target = snapshot.targets.get(request.target);
        let reasons = risk_reasons(evidence.facts.as_ref());
        // SECURITY: how the operators have set a target up, and what was weighed, is not for those who are held to it.
        let is_for_agent = matches!(cx.principal, Principal::Agent { .. });
        let for_operators = !is_for_agent;
        let names = Names {
            snapshot: &snapshot,
            is_for_agent,
        };
        Ok(RequestDetail {
            steps: names.steps(&row, &votes, &entries),
            entries,
            trace: for_operators
                .then(|| names.trace(evidence.facts.as_ref()))
                .flatten(),
            preview: for_operators
                .then(|| self.preview(&snapshot, &row, &evidence))
                .flatten(),
            is_current: self.is_current(&snapshot, &row, &evidence),
            base_url: target
                .as_ref()
                .filter(|_| for_operators)
                .and_then(|target| target.config.get("base_url")?.as_str().map(str::to_owned)),
            connector: target.as_ref().map(|target| target.connector.clone()),
            profile_name: snapshot
                .targets
                .profile(request.profile)
                .map(|profile| profile.name.to_string()),
            asked_by: names.of(request.asked_by),
            findings,
            is_self_asked: request.asked_by == cx.principal.actor(),
            view: self.view(cx, &row, votes, evidence.intent, reasons),
            payload: evidence.payload.map(|payload| PayloadView {
                input: payload.input,
                body_sha256: countersign_vault::sha256(&payload.body),
                body: payload.body,
            }),
            judged: evidence.facts.filter(|_| for_operators),
            result,
        })
    }

    fn preview(
        &self,
        snapshot: &Snapshot,
        row: &RequestRow,
        evidence: &Evidence,
    ) -> Option<Preview> {
        let target = snapshot.targets.get(row.request.target)?;
        let credential = snapshot.targets.credential_of(row.request.profile);
        let connector = self.inner.connectors.get(&target.connector).ok()?;
        let payload = evidence.payload.as_ref()?;
        connector.preview(&target, &payload.input, credential.as_deref())
    }

    /// Whether what was asked would still be approved as it was shown. Changes nothing: deciding and executing look for themselves.
    fn is_current(
        &self,
        snapshot: &Snapshot,
        row: &RequestRow,
        evidence: &Evidence,
    ) -> Option<bool> {
        let request = &row.request;
        if !matches!(
            request.state,
            RequestState::Pending | RequestState::Approved
        ) || request.context_hash == request.payload_hash
        {
            return None;
        }
        let Some(payload) = evidence.payload.clone() else {
            return Some(false);
        };
        let asked = self.resolve_again(
            snapshot,
            request,
            payload,
            evidence.intent.clone(),
            request.urgency,
        );
        Some(asked.is_ok_and(|asked| {
            asked.context_hash() == request.context_hash
                && asked.payload_hash == request.payload_hash
        }))
    }
}

/// Names as one viewer may see them.
struct Names<'gate> {
    snapshot: &'gate Snapshot,
    is_for_agent: bool,
}

impl Gate {
    /// The name of whoever did something, as far as the one who looks may know it.
    pub fn actor_name(&self, cx: &OpCx, actor: Actor) -> Option<String> {
        let names = Names {
            snapshot: &self.snapshot(),
            is_for_agent: matches!(cx.principal, Principal::Agent { .. }),
        };
        names.of(actor).name
    }
}

impl Names<'_> {
    fn of(&self, actor: Actor) -> ActorName {
        let name = match actor {
            Actor::Agent(id) => self.snapshot.agents.get(id).map(|it| it.name.to_string()),
            Actor::Operator(id) if !self.is_for_agent => self
                .snapshot
                .operators
                .get(id)
                .map(|it| it.name.to_string()),
            Actor::Key(id) if !self.is_for_agent => {
                self.snapshot.keys.get(id).map(|it| it.name.to_string())
            }
            _ => None,
        };
        ActorName { actor, name }
    }

    fn steps(&self, row: &RequestRow, votes: &[Vote], entries: &[SealedEntry]) -> Vec<Step> {
        let is_settled = entries
            .iter()
            .any(|sealed| sealed.entry.kind == "action.settled");
        entries
            .iter()
            .map(|sealed| {
                let entry = &sealed.entry;
                let vote = votes
                    .iter()
                    .find(|vote| {
                        Actor::Operator(vote.operator) == entry.actor && vote.at == entry.at
                    })
                    .filter(|_| entry.kind.starts_with("approval."));
                Step {
                    at: entry.at,
                    kind: entry.kind.clone(),
                    state: reached(
                        &entry.kind,
                        entry.outcome.as_deref(),
                        row.request.state,
                        is_settled,
                    ),
                    vote: vote.map(|vote| vote.kind),
                    by: self.of(entry.actor),
                    note: vote
                        .map(|vote| vote.note.clone())
                        .filter(|note| !note.is_empty()),
                    outcome: entry.outcome.clone(),
                    position: sealed.position,
                }
            })
            .collect()
    }

    fn trace(&self, judged: Option<&Value>) -> Option<DecisionTrace> {
        let decision: Decision = serde_json::from_value(judged?.get("decision")?.clone()).ok()?;
        let maker = decision.maker;
        let voices = decision
            .voices
            .into_iter()
            .enumerate()
            .map(|(index, voice)| TraceVoice {
                speaker: voice.speaker.as_str(),
                id: match voice.speaker {
                    Speaker::Grant(id) => Some(id.uuid()),
                    Speaker::Guard(id) | Speaker::Rule(id) => Some(id.uuid()),
                    _ => None,
                },
                name: self.speaker(&voice.speaker),
                verdict: voice.verdict,
                reason: voice.reason.into_owned(),
                has_decided: index == maker,
            })
            .collect();
        Some(DecisionTrace {
            verdict: decision.verdict,
            voices,
            satisfied_by: decision.satisfied_by.map(StandingApprovalId::uuid),
            policy_version: decision.policy_version,
        })
    }

    fn speaker(&self, speaker: &Speaker) -> Option<String> {
        if self.is_for_agent {
            return None;
        }
        let lists = &self.snapshot.lists;
        match *speaker {
            Speaker::Grant(id) => lists
                .grants
                .iter()
                .find(|grant| grant.id == id)
                .map(|grant| grant.action.to_string()),
            Speaker::Guard(id) | Speaker::Rule(id) => lists
                .rules
                .iter()
                .find(|rule| rule.id == id)
                .map(|rule| rule.name.to_string()),
            _ => None,
        }
    }
}

/// The state that an entry of a request tells of. How an execution ended stands in the request, until a human has settled it.
pub(crate) fn reached(
    kind: &str,
    outcome: Option<&str>,
    now: RequestState,
    is_settled: bool,
) -> Option<RequestState> {
    match kind {
        "action.asked" => Some(RequestState::Pending),
        "action.allowed" => Some(RequestState::Approved),
        "action.denied" => Some(RequestState::Denied),
        "action.intent" => Some(RequestState::Executing),
        "approval.decided" => outcome?.split(' ').next()?.parse().ok(),
        "action.expired" => Some(RequestState::Expired),
        "action.stale" => Some(RequestState::Stale),
        "action.revoked" => Some(RequestState::Revoked),
        "action.cancelled" => Some(RequestState::Cancelled),
        "action.lost" => Some(RequestState::Unknown),
        "action.outcome" | "action.executed" if is_settled => Some(RequestState::Unknown),
        "action.outcome" | "action.executed" | "action.settled" => now.is_final().then_some(now),
        _ => None,
    }
}
