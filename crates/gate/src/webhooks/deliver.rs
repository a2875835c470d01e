//! What a channel calls: take what is due, deliver it, note what came of it.

use std::sync::Arc;

use countersign_domain::{DeliveryState, Webhook, WebhookEvent, WebhookId};
use countersign_store::{
    Engine,
    outbox::{self, Attempt, OutboxRow},
};

use super::{
    courier::{Answer, Courier, Parcel},
    schedule::{ATTEMPTS, LEASE, pause_after},
    secret, signature,
};
use crate::{
    error::{Error, ErrorKind, Result},
    gate::Gate,
    health::Counters,
};

/// How much of a receiver's answer is kept, in bytes.
const ANSWER_BYTES: usize = 1_024;

/// What is kept in the place of an answer to decision links. A receiver may send back what it was sent, in any encoding, and whoever
/// reads the log would decide as the links' approver.
const UNKEPT_ANSWER: &str = "not kept: decision links went out with this delivery";

/// A delivery under lease.
#[derive(Debug, Clone)]
pub struct Delivery {
    webhook: Arc<Webhook>,
    row: OutboxRow,
}

impl Delivery {
    /// To whom it goes.
    pub fn receiver(&self) -> WebhookId {
        self.webhook.id
    }
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where the delivery stands now.
    pub state: DeliveryState,
    /// What the receiver answered.
    pub answer: Answer,
}

impl Gate {
    /// Connects the gate with the network, once. Later calls change nothing.
    pub fn attach_courier(&self, courier: Arc<dyn Courier>) {
        if self.inner.courier.set(courier).is_err() {
            tracing::warn!("webhooks have their courier already");
        }
    }

    pub(super) fn courier(&self) -> Result<&Arc<dyn Courier>> {
        self.inner.courier.get().ok_or_else(|| {
            let text = "this process sends no webhooks: ask a running gateway";
            Error::new(ErrorKind::Unavailable, "no_courier", text)
        })
    }

    /// Runs a channel's work until it ends or the gate shuts down: then it is dropped where it stands, and what it had taken is given
    /// back.
    pub fn run_channel(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.inner.tasks.run(work);
    }

    /// Everybody who is told of anything.
    pub fn receivers(&self) -> Vec<WebhookId> {
        let snapshot = self.snapshot();
        let enabled = snapshot
            .webhooks
            .iter()
            .filter(|webhook| webhook.is_enabled);
        enabled.map(|webhook| webhook.id).collect()
    }

    /// Takes what is due for these receivers, at most so many for each. What is taken and not delivered is due again when its lease
    /// ends.
    ///
    /// # Errors
    /// When the store can't be read or written.
    pub async fn take_deliveries(&self, wanted: Vec<(WebhookId, u32)>) -> Result<Vec<Delivery>> {
        let now = self.now();
        let store = &self.inner.workspace.store;
        // A look first: it takes no turn of the writer's.
        let due = store
            .read(move |tx| -> Result<Vec<_>> {
                let mut due = Vec::new();
                for (webhook, limit) in &wanted {
                    if outbox::has_due(tx, &webhook.uuid(), now)? {
                        due.push((*webhook, *limit));
                    }
                }
                Ok(due)
            })
            .await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let (instance, until) = (self.instance(), now.saturating_add(LEASE));
        let rows = store
            .write(move |tx| -> Result<Vec<_>> {
                let mut rows = Vec::new();
                for (webhook, limit) in &due {
                    rows.extend(outbox::take_due(
                        tx,
                        &webhook.uuid(),
                        instance,
                        now,
                        until,
                        *limit,
                    )?);
                }
                Ok(rows)
            })
            .await?;
        let snapshot = self.snapshot();
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                // One that was removed meanwhile took its rows with it.
                let webhook = snapshot.webhook(WebhookId::new(row.receiver))?;
                Some(Delivery { webhook, row })
            })
            .collect())
    }

    /// Sends a delivery and notes what came of it.
    ///
    /// # Errors
    /// When that can't be noted: then it is sent again, under the same id.
    pub async fn deliver(&self, delivery: Delivery) -> Result<Delivered> {
        let answer = match self.parcel(&delivery).await {
            Ok((parcel, has_links)) => {
                let answer = self.courier()?.send(parcel).await;
                // Without a code the text is the courier's own.
                if has_links && answer.code.is_some() {
                    Answer {
                        text: UNKEPT_ANSWER.to_owned(),
                        ..answer
                    }
                } else {
                    answer
                }
            }
            Err(error) => {
                tracing::error!(%error, cause = ?error.cause, id = %delivery.row.id, "a webhook's delivery can't be put together");
                Answer {
                    code: None,
                    text: format!("not sent: {error}"),
                }
            }
        };
        let attempts = delivery.row.attempts + 1;
        let state = if answer.is_success() {
            DeliveryState::Success
        } else if attempts >= ATTEMPTS || delivery.row.event == WebhookEvent::Test {
            DeliveryState::Failed
        } else {
            DeliveryState::Pending
        };
        let counters = &self.inner.counters;
        Counters::count(match state {
            DeliveryState::Success => &counters.webhooks_delivered,
            DeliveryState::Pending => &counters.webhooks_retried,
            DeliveryState::Failed => &counters.webhooks_given_up,
        });
        let at = self.now();
        let attempt = Attempt {
            at,
            state,
            due_at: at.saturating_add(pause_after(attempts)),
            response_code: answer.code.map(u32::from),
            response_text: bounded(&answer.text),
        };
        let (id, instance) = (delivery.row.id, self.instance());
        let is_ours = self
            .inner
            .workspace
            .store
            .write(move |tx| outbox::finish(tx, id, instance, &attempt).map_err(Error::from))
            .await?;
        if !is_ours {
            tracing::warn!(%id, "a webhook's delivery took longer than its lease: another gateway may have sent it, too");
        }
        Ok(Delivered { state, answer })
    }

    /// What is sent, and whether decision links are in it.
    async fn parcel(&self, delivery: &Delivery) -> Result<(Parcel, bool)> {
        let Delivery { webhook, row } = delivery;
        let told = self.told(row).await?;
        let links = match (&told, webhook.links_for) {
            (Some(told), Some(approver)) if row.event == WebhookEvent::Created => {
                self.decision_links(approver, &told.row, row.id).await?
            }
            _ => None,
        };
        let has_links = links.is_some();
        let body = self.notice_body(row, told.as_ref(), links)?;
        let now = self.now();
        let secrets = secret::open(&self.inner.workspace.vault, webhook, now)?;
        let headers = signature::headers(row.id, now, &body, webhook.signature_style, &secrets);
        let parcel = Parcel {
            url: webhook.url.clone(),
            allow_private_networks: self.snapshot().settings.webhooks.allow_private_networks,
            headers,
            body: body.into(),
        };
        Ok((parcel, has_links))
    }

    /// At the start on SQLite, where nobody else can be alive: what a gateway that died had taken is due at once.
    pub(crate) fn release_dead_leases(tx: &mut countersign_store::Tx<'_>) -> Result<()> {
        if tx.engine() == Engine::Sqlite {
            outbox::release(tx, None)?;
        }
        Ok(())
    }
}

impl Delivery {
    pub(super) fn new(webhook: Arc<Webhook>, row: OutboxRow) -> Self {
        Self { webhook, row }
    }
}

/// What is kept of an answer: its beginning, without characters that a database or a terminal takes for something else.
fn bounded(text: &str) -> String {
    let mut kept = String::new();
    for character in text.chars() {
        if kept.len() + character.len_utf8() > ANSWER_BYTES {
            break;
        }
        let is_plain = !character.is_control() || matches!(character, '\n' | '\t');
        kept.push(if is_plain { character } else { ' ' });
    }
    kept
}
