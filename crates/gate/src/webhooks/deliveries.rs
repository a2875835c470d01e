//! The log of deliveries, and what operators do about one: try a receiver, send again.

use std::{collections::BTreeMap, sync::Arc};

use countersign_domain::{
    AuditEntry, DeliveryId, DeliveryState, EntryId, Permission, Timestamp, Webhook, WebhookEvent,
    WebhookId,
};
use countersign_store::{
    Tx,
    outbox::{self, Counts, OutboxRow},
};

use super::{
    body,
    deliver::{Delivered, Delivery},
    manage::{no_webhook, require_manage, subject},
    schedule::LEASE,
};
use crate::{
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    page::Page,
    sessions::require_fresh_proof,
};

/// The most deliveries of one page.
pub const DELIVERY_PAGE_LIMIT: u32 = 100;

/// Which deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Those that stand there.
    pub state: Option<DeliveryState>,
    /// Those older than this one.
    pub before: Option<DeliveryId>,
    /// How many; [`DELIVERY_PAGE_LIMIT`] at most.
    pub limit: Option<u32>,
}

/// A delivery as the log shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryView {
    /// What the store has.
    pub row: OutboxRow,
    /// What was or will be sent, with `[link]` in place of decision links; `None` for who may not read requests.
    pub payload: Option<String>,
}

/// How a webhook has fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookStats {
    /// The webhook.
    pub webhook: Arc<Webhook>,
    /// Its deliveries, as far as they are kept.
    pub counts: Counts,
}

fn no_delivery() -> Error {
    Error::not_found("delivery")
}

impl Gate {
    /// A webhook's deliveries, newest first.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn deliveries(
        &self,
        cx: &OpCx,
        webhook: &str,
        filter: DeliveryFilter,
    ) -> Result<Page<DeliveryView>> {
        let webhook = self.webhook(cx, webhook)?;
        let limit = filter
            .limit
            .unwrap_or(DELIVERY_PAGE_LIMIT)
            .clamp(1, DELIVERY_PAGE_LIMIT);
        let receiver = webhook.id.uuid();
        let mut rows = self
            .inner
            .workspace
            .store
            .read(move |tx| {
                outbox::page(tx, &receiver, filter.state, filter.before, limit + 1)
                    .map_err(Error::from)
            })
            .await?;
        let has_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            items.push(self.delivery_view(cx, &webhook, row).await?);
        }
        let next = items
            .last()
            .filter(|_| has_more)
            .map(|last: &DeliveryView| last.row.id.to_string());
        Ok(Page { items, next })
    }

    async fn delivery_view(
        &self,
        cx: &OpCx,
        webhook: &Webhook,
        mut row: OutboxRow,
    ) -> Result<DeliveryView> {
        let permissions = cx.principal.permissions();
        let may_read = permissions.contains(Permission::RequestRead)
            || permissions.contains(Permission::WebhookManage);
        let payload = if may_read {
            let told = self.told(&row).await?;
            let has_links = webhook.links_for.is_some();
            Some(self.logged_body(&row, told.as_ref(), has_links)?)
        } else {
            None
        };
        row.response_text = row.response_text.map(|text| self.redacted(text));
        Ok(DeliveryView { row, payload })
    }

    /// Sends a test to a webhook at once, also to one that is switched off, and waits for its answer. It is not tried again.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `no_courier`.
    pub async fn test_webhook(&self, cx: &OpCx, webhook: &str) -> Result<Delivered> {
        require_manage(cx)?;
        require_fresh_proof(cx)?;
        let webhook = self.find_webhook(webhook)?;
        self.courier()?;
        let now = self.now();
        let row = OutboxRow {
            id: DeliveryId::new(self.inner.clock.uuid()),
            channel: outbox::WEBHOOK.to_owned(),
            receiver: webhook.id.uuid(),
            event: WebhookEvent::Test,
            request: None,
            facts: body::test_facts()?,
            state: DeliveryState::Pending,
            attempts: 0,
            created_at: now,
            due_at: now,
            attempted_at: None,
            response_code: None,
            response_text: None,
        };
        let (written, instance) = (row.clone(), self.instance());
        let entry = self.webhook_entry(cx, "webhook.tested", &webhook, now);
        self.inner
            .workspace
            .store
            .write(move |tx| -> Result<()> {
                outbox::enqueue(tx, &written)?;
                outbox::take(tx, written.id, instance, now, now.saturating_add(LEASE))?;
                tx.append_entry(entry.clone())?;
                Ok(())
            })
            .await?;
        self.deliver(Delivery::new(webhook, row)).await
    }

    /// Sends a delivery again that was given up: with a full count of attempts, under its id.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `not_failed`.
    pub async fn replay_delivery(&self, cx: &OpCx, id: DeliveryId) -> Result<DeliveryView> {
        require_manage(cx)?;
        require_fresh_proof(cx)?;
        let store = &self.inner.workspace.store;
        let found = store
            .read(move |tx| outbox::find(tx, id).map_err(Error::from))
            .await?
            .ok_or_else(no_delivery)?;
        let webhook = self
            .snapshot()
            .webhook(WebhookId::new(found.receiver))
            .ok_or_else(no_delivery)?;
        let now = self.now();
        let entry = self.webhook_entry(cx, "webhook.replayed", &webhook, now);
        let entry = AuditEntry {
            request: found.request,
            outcome: Some(format!("delivery:{id}")),
            ..entry
        };
        let unit = move |tx: &mut Tx<'_>| -> Result<OutboxRow> {
            if !outbox::replay(tx, id, now)? {
                return Err(not_failed());
            }
            tx.append_entry(entry.clone())?;
            outbox::find(tx, id)?.ok_or_else(no_delivery)
        };
        let row = store.write(unit).await?;
        self.delivery_view(cx, &webhook, row).await
    }

    /// How every webhook has fared, as far as deliveries are kept.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn webhook_stats(&self, cx: &OpCx) -> Result<Vec<WebhookStats>> {
        let webhooks = self.webhooks(cx)?;
        let counts: BTreeMap<_, _> = self
            .inner
            .workspace
            .store
            .read(|tx| outbox::counts(tx, outbox::WEBHOOK).map_err(Error::from))
            .await?
            .into_iter()
            .collect();
        let stats = webhooks.into_iter().map(|webhook| WebhookStats {
            counts: counts.get(&webhook.id.uuid()).copied().unwrap_or_default(),
            webhook,
        });
        Ok(stats.collect())
    }

    fn webhook_entry(
        &self,
        cx: &OpCx,
        kind: &'static str,
        webhook: &Webhook,
        at: Timestamp,
    ) -> AuditEntry {
        let id = EntryId::new(self.inner.clock.uuid());
        AuditEntry {
            subject: Some(subject(webhook)),
            ..AuditEntry::new(id, at, cx.principal.actor(), kind)
        }
    }

    pub(super) fn find_webhook(&self, id: &str) -> Result<Arc<Webhook>> {
        id.parse::<WebhookId>()
            .ok()
            .and_then(|id| self.snapshot().webhook(id))
            .ok_or_else(no_webhook)
    }
}

fn not_failed() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "not_failed",
        "Only failed deliveries can be replayed",
    )
}
