//! What is written about an action: rows, entries and evidence, put together outside of the transaction.

use countersign_domain::{
    Actor, AskTerms, AuditEntry, Decision, EntryId, InstanceId, Request, RequestState, Timestamp,
};
use countersign_store::{Tx, idempotency, requests};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{Error, ErrorKind, Result},
    evidence::{EvidenceWriter, Sealed},
    gate::Gate,
    resolve::Asked,
    webhooks::{Announcer, Said},
};

/// How long an idempotency key and a kept result are remembered.
pub(crate) const REMEMBERED: std::time::Duration = std::time::Duration::from_hours(24);

/// An entry with the sealed bodies behind it.
pub(crate) struct Record {
    pub(crate) entry: AuditEntry,
    pub(crate) sealed: Option<Sealed>,
}

impl Record {
    /// Writes the entry and its evidence.
    pub(crate) fn write(&self, tx: &mut Tx<'_>) -> Result<()> {
        if let Some(sealed) = &self.sealed {
            sealed.write(tx, self.entry.id, self.entry.at)?;
        }
        tx.append_entry(self.entry.clone())?;
        Ok(())
    }
}

/// The first writing of a request: its row, its idempotency key, its entry.
pub(crate) struct Opening {
    pub(crate) row: requests::RequestRow,
    pub(crate) record: Record,
    pub(crate) idempotency: Option<(Uuid, String, idempotency::IdempotencyRow)>,
    /// The configuration epoch that the decision was made at; checked in the transaction where the action may run.
    pub(crate) epoch: Option<u64>,
    /// Who is told of it.
    pub(crate) announcer: Announcer,
}

impl Opening {
    /// Writes it all.
    ///
    /// # Errors
    /// `epoch_moved` when the configuration has changed since the decision; `in_flight` when another request took the key first.
    pub(crate) fn write(&self, tx: &mut Tx<'_>) -> Result<()> {
        if let Some(epoch) = self.epoch
            && tx.epoch()? != epoch
        {
            return Err(epoch_moved());
        }
        if let Some((principal, key, row)) = &self.idempotency {
            let now = self.row.request.created_at;
            if !idempotency::take(tx, principal, key, row, now)? {
                return Err(in_flight());
            }
        }
        requests::insert(tx, &self.row)?;
        let request = &self.row.request;
        let is_decided = request.state != RequestState::Pending;
        let said = Said {
            by: is_decided.then(|| "policy".to_owned()),
            reason: is_decided.then(|| request.reason.clone()),
        };
        self.announcer.new_request(tx, request, &said)?;
        self.record.write(tx)
    }
}

/// The configuration changed between the decision and its record: decide again.
pub(crate) fn epoch_moved() -> Error {
    let text = "the configuration is being changed; try again";
    Error::new(ErrorKind::Unavailable, "epoch_moved", text)
        .retry_after(std::time::Duration::from_secs(1))
}

/// The first request under the key has not ended.
pub(crate) fn in_flight() -> Error {
    let text = "Request with this idempotency key is already being processed";
    Error::new(ErrorKind::Conflict, "in_flight", text)
        .retry_after(std::time::Duration::from_secs(1))
}

/// Facts and decision as they are kept.
#[derive(Serialize)]
struct Judged<'a> {
    facts: &'a countersign_domain::Facts,
    decision: &'a Decision,
}

impl Gate {
    /// A new entry about a request.
    pub(crate) fn entry_about(
        &self,
        request: &Request,
        actor: Actor,
        kind: &'static str,
        at: Timestamp,
    ) -> AuditEntry {
        let id = EntryId::new(self.inner.clock.uuid());
        AuditEntry {
            request: Some(request.id),
            subject: Some(format!("target:{}", request.target)),
            verdict: Some(request.verdict),
            rule: Some(request.rule.clone()),
            policy_version: Some(request.policy_version),
            outcome: request.outcome.clone(),
            ..AuditEntry::new(id, at, actor, kind)
        }
    }

    /// This process among the replicas.
    pub(crate) fn instance(&self) -> InstanceId {
        self.inner.workspace.instance
    }

    /// Puts together the first writing of a request.
    pub(crate) fn opening(
        &self,
        asked: &Asked,
        decision: &Decision,
        state: RequestState,
        kind: &'static str,
    ) -> Opening {
        let id = EntryId::new(self.inner.clock.uuid());
        let row = opening_row(asked, decision, state, id);
        let mut entry = AuditEntry {
            id,
            ..self.entry_about(&row.request, asked.actor, kind, asked.facts.at)
        };
        let writer = opening_evidence(asked, decision, &mut entry);
        let sealed = writer.seal(&self.inner.workspace.vault, id);
        Opening {
            idempotency: idempotency_row(asked),
            row,
            record: Record {
                entry,
                sealed: Some(sealed),
            },
            epoch: None,
            announcer: self.announcer(),
        }
    }
}

/// What is remembered under the request's idempotency key, if it has one.
pub(crate) fn idempotency_row(
    asked: &Asked,
) -> Option<(Uuid, String, idempotency::IdempotencyRow)> {
    let key = asked.idempotency_key.clone()?;
    let row = idempotency::IdempotencyRow {
        identity: asked.identity(),
        request: asked.id,
        expires_at: asked.facts.at.saturating_add(REMEMBERED),
    };
    Some((asked.actor.uuid().unwrap_or_default(), key, row))
}

/// Starts the evidence of a request's first entry: payload, facts, intent.
pub(crate) fn opening_evidence(
    asked: &Asked,
    decision: &Decision,
    entry: &mut AuditEntry,
) -> EvidenceWriter {
    let mut writer = EvidenceWriter::new();
    entry.input = Some(writer.payload(&asked.payload_head, &asked.payload));
    entry.facts = Some(writer.facts(&Judged {
        facts: &asked.facts,
        decision,
    }));
    writer.intent(&asked.facts.intent, &asked.facts.risk.reasons);
    writer
}

/// The row of a request as it is first written.
pub(crate) fn opening_row(
    asked: &Asked,
    decision: &Decision,
    state: RequestState,
    evidence_entry: EntryId,
) -> requests::RequestRow {
    let made_by = decision.made_by();
    requests::RequestRow {
        request: Request {
            id: asked.id,
            agent: asked.agent.id,
            asked_by: asked.actor,
            key: asked.key,
            target: asked.target.id,
            profile: asked.profile.id,
            action: asked.facts.action.name.clone(),
            effect: asked.effect,
            durability: asked.durability,
            executor: asked.connector.carried_out_by(),
            urgency: asked.facts.urgency,
            state,
            verdict: decision.verdict,
            rule: decision.rule_label(),
            reason: made_by.reason.clone().into_owned(),
            policy_version: decision.policy_version,
            risk: asked.facts.risk.score,
            payload_hash: asked.payload_hash,
            // What an approver sees is bound where one is asked; elsewhere nobody sees anything, and only the payload counts.
            context_hash: match state {
                RequestState::Pending => asked.context_hash(),
                _ => asked.payload_hash,
            },
            created_at: asked.facts.at,
            deadline: None,
            changed_at: asked.facts.at,
            instance: None,
            outcome: None,
        },
        evidence_entry,
        quorum: decision.terms.quorum.unwrap_or(1),
        terms: match state {
            RequestState::Pending => decision.terms.clone(),
            _ => AskTerms::default(),
        },
    }
}
