//! What a receiver reads: the form that existing receivers know, with what else we know beside it.
//!
//! Like everything that is shown it has marks in place of what looks like a secret. It is put together anew for every attempt and for
//! the log, from what never changes; only the decision links differ: the log has `[link]`.

use countersign_domain::{DeliveryState, Timestamp, WebhookEvent};
use countersign_store::{outbox::OutboxRow, requests, requests::RequestRow};
use serde_json::{Map, Value, json};

use super::announce::NoticeFacts;
use crate::{
    error::{Error, Result},
    evidence::Evidence,
    gate::Gate,
};

/// A body that would run is shown up to this length.
const BODY_BYTES: usize = 64 << 10;

/// What stands in a log in place of a decision link.
pub(super) const LINK_MARK: &str = "[link]";

/// What a test says.
const TEST_MESSAGE: &str = "This is a test webhook delivery from Countersign.";

/// A request as a notice needs it.
pub(super) struct Told {
    pub(super) row: RequestRow,
    evidence: Evidence,
}

impl Gate {
    /// Looks up the request that a notice is about; `None` for a test, and where the request is gone.
    pub(super) async fn told(&self, notice: &OutboxRow) -> Result<Option<Told>> {
        let Some(id) = notice.request else {
            return Ok(None);
        };
        let row = self
            .inner
            .workspace
            .store
            .read(move |tx| requests::find(tx, id).map_err(Error::from))
            .await?;
        let Some(row) = row else { return Ok(None) };
        let sealed = self.sealed_evidence(&row).await?;
        let evidence = self.open_evidence(&row, sealed)?.unwrap_or_default();
        Ok(Some(Told { row, evidence }))
    }

    /// The body of a notice. `links` goes into it as it is.
    pub(super) fn notice_body(
        &self,
        notice: &OutboxRow,
        told: Option<&Told>,
        links: Option<Value>,
    ) -> Result<Vec<u8>> {
        let facts: NoticeFacts = serde_json::from_str(&notice.facts).map_err(Error::internal)?;
        let mut data = match (notice.event, told) {
            (WebhookEvent::Test, _) => json!({ "message": TEST_MESSAGE }),
            (_, None) => json!({ "id": notice.request, "status": facts.status }),
            (_, Some(told)) => self.request_data(told, &facts),
        };
        self.redact_value(&mut data);
        if let (Some(links), Value::Object(data)) = (links, &mut data) {
            data.insert("links".to_owned(), links);
        }
        let body = json!({
            "event": notice.event.as_str(),
            "data": data,
            "timestamp": notice.created_at.as_micros().div_euclid(1_000),
        });
        serde_json::to_vec(&body).map_err(Error::internal)
    }

    fn request_data(&self, told: &Told, facts: &NoticeFacts) -> Value {
        let request = &told.row.request;
        let snapshot = self.snapshot();
        let (params, context) = params_of(&told.evidence);
        let is_decided = facts.decided_by.is_some();
        let moment = |micros: i64| Timestamp::from_micros(micros).to_string();
        let agent = snapshot.agents.get(request.agent);
        let target = snapshot.targets.get(request.target);
        let document = json!({
            "id": request.id,
            "action": request.action,
            "params": params,
            "context": context,
            "status": facts.status,
            "urgency": request.urgency.as_str(),
            "createdAt": request.created_at.to_string(),
            "updatedAt": moment(facts.changed_at_micros),
            "decidedAt": is_decided.then(|| moment(facts.changed_at_micros)),
            "decidedBy": facts.decided_by,
            "decisionReason": facts.reason,
            "expiresAt": facts.deadline_micros.map(moment),
            "agent": agent.map(|agent| agent.name.to_string()),
            "target": target.map(|target| target.name.to_string()),
            "effect": request.effect.as_str(),
            "risk": request.risk.get(),
            "intent": told.evidence.intent,
            "rule": request.rule,
            "payloadHash": request.payload_hash,
        });
        json!({
            "id": request.id,
            "action": request.action,
            "status": facts.status,
            "decidedBy": facts.decided_by,
            "decisionReason": facts.reason,
            "request": document,
        })
    }

    /// Puts marks in place of what looks like a secret, in every text and name of a document.
    fn redact_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.redacted(std::mem::take(text)),
            Value::Array(list) => list.iter_mut().for_each(|item| self.redact_value(item)),
            Value::Object(map) => {
                let mut redacted = Map::with_capacity(map.len());
                for (name, mut item) in std::mem::take(map) {
                    self.redact_value(&mut item);
                    redacted.insert(self.redacted(name), item);
                }
                *map = redacted;
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The body as the log of deliveries shows it.
    pub(super) fn logged_body(
        &self,
        notice: &OutboxRow,
        told: Option<&Told>,
        has_links: bool,
    ) -> Result<String> {
        let links = (has_links && notice.event == WebhookEvent::Created)
            .then(|| json!({ "approve": LINK_MARK, "deny": LINK_MARK }));
        let body = self.notice_body(notice, told, links)?;
        String::from_utf8(body).map_err(Error::internal)
    }
}

/// What would be done, and in which circumstances, as far as a notice shows it.
fn params_of(evidence: &Evidence) -> (Value, Value) {
    let Some(payload) = &evidence.payload else {
        return (Value::Null, Value::Null);
    };
    // An approval-only action says itself what is what.
    if let (Some(params @ Value::Object(_)), true) =
        (payload.input.get("params"), payload.body.is_empty())
    {
        let context = payload.input.get("context").cloned();
        return (params.clone(), context.unwrap_or_else(|| json!({})));
    }
    let mut params = payload.input.clone();
    if let Value::Object(fields) = &mut params
        && !payload.body.is_empty()
    {
        let body = match serde_json::from_slice(&payload.body) {
            _ if payload.body.len() > BODY_BYTES => {
                json!({ "bytes": payload.body.len(), "shown": false })
            }
            Ok(document) => document,
            Err(_) => std::str::from_utf8(&payload.body).map_or_else(
                |_| json!({ "bytes": payload.body.len(), "shown": false }),
                Value::from,
            ),
        };
        fields.insert("body".to_owned(), body);
    }
    (params, json!({}))
}

/// A notice that is no event: an operator tries a receiver.
pub(super) fn test_facts() -> Result<String> {
    let facts = NoticeFacts {
        status: DeliveryState::Pending.as_str().to_owned(),
        ..NoticeFacts::default()
    };
    serde_json::to_string(&facts).map_err(Error::internal)
}
