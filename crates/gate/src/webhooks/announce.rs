//! Writing what happened to a request into the outbox, in the transaction in which it happens.

use std::{fmt, sync::Arc};

use countersign_domain::{
    DeliveryId, DeliveryState, Request, RequestState, Timestamp, Webhook, WebhookEvent,
};
use countersign_store::{Tx, outbox};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Clock,
    error::{Error, Result},
    gate::Gate,
};

/// Who decided, and in what words: what can't be read off the request later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// Who: an operator's name, `policy`, `system`.
    pub(crate) by: Option<String>,
    /// Why.
    pub(crate) reason: Option<String>,
}

/// How a request stood when a notice was written. No payload: that is sealed, and looked up when the notice is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NoticeFacts {
    pub(super) status: String,
    pub(super) changed_at_micros: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) decided_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deadline_micros: Option<i64>,
}

/// Writes notices for those who subscribe at this moment. Made before the transaction, from the snapshot, so that where nobody
/// subscribes nothing is asked of the store.
#[derive(Clone)]
pub(crate) struct Announcer {
    webhooks: Arc<Vec<Arc<Webhook>>>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Announcer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Announcer {{ {} webhooks }}",
            self.webhooks.len()
        )
    }
}

impl Announcer {
    /// Announces a request that is written for the first time.
    pub(crate) fn new_request(
        &self,
        tx: &mut Tx<'_>,
        request: &Request,
        said: &Said,
    ) -> Result<()> {
        let events = WebhookEvent::of_new(request.state);
        self.announce(tx, events, request, said)
    }

    /// Announces that a request has reached another state. `request` is as it stood before.
    pub(crate) fn moved(
        &self,
        tx: &mut Tx<'_>,
        request: &Request,
        to: RequestState,
        at: Timestamp,
        deadline: Option<Timestamp>,
        said: &Said,
    ) -> Result<()> {
        let events = WebhookEvent::of_move(to);
        if events.is_empty() || self.webhooks.is_empty() {
            return Ok(());
        }
        let moved = Request {
            state: to,
            changed_at: at,
            deadline,
            ..request.clone()
        };
        self.announce(tx, events, &moved, said)
    }

    fn announce(
        &self,
        tx: &mut Tx<'_>,
        events: &[WebhookEvent],
        request: &Request,
        said: &Said,
    ) -> Result<()> {
        if events.is_empty() || self.webhooks.is_empty() {
            return Ok(());
        }
        let mut facts = None;
        for webhook in self.webhooks.iter() {
            for event in events.iter().filter(|event| webhook.wants(**event)) {
                let facts: &String = match &facts {
                    Some(facts) => facts,
                    None => facts.insert(facts_of(request, said)?),
                };
                let at = request.changed_at;
                outbox::enqueue(
                    tx,
                    &outbox::OutboxRow {
                        id: DeliveryId::new(self.clock.uuid()),
                        channel: outbox::WEBHOOK.to_owned(),
                        receiver: webhook.id.uuid(),
                        event: *event,
                        request: Some(request.id),
                        facts: facts.clone(),
                        state: DeliveryState::Pending,
                        attempts: 0,
                        created_at: at,
                        due_at: at,
                        attempted_at: None,
                        response_code: None,
                        response_text: None,
                    },
                )?;
            }
        }
        Ok(())
    }
}

fn facts_of(request: &Request, said: &Said) -> Result<String> {
    let facts = NoticeFacts {
        status: request.state.as_str().to_owned(),
        changed_at_micros: request.changed_at.as_micros(),
        decided_by: said.by.clone(),
        reason: said.reason.clone().filter(|reason| !reason.is_empty()),
        deadline_micros: request.deadline.map(Timestamp::as_micros),
    };
    serde_json::to_string(&facts).map_err(Error::internal)
}

impl Gate {
    /// Who would be told now.
    pub(crate) fn announcer(&self) -> Announcer {
        Announcer {
            webhooks: Arc::clone(&self.snapshot().webhooks),
            clock: Arc::clone(&self.inner.clock),
        }
    }
}
