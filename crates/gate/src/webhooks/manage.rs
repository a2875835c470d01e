//! Webhooks as operators set them.

use std::sync::Arc;

use countersign_domain::{OperatorId, Permission, Role, Subscription, Webhook, WebhookId};
use countersign_store::{Tx, outbox, webhooks};
use countersign_vault::SecretString;
use url::Url;

use super::{
    model::{NewWebhook, WEBHOOK_LIMIT, WebhookChange, WebhookDraft},
    secret,
};
use crate::{
    checks,
    context::{OpCx, Principal},
    error::{Error, ErrorKind, Result},
    gate::Gate,
    snapshot::Nouns,
};

/// The longest URL.
const URL_BYTES: usize = 2_048;

/// For how long the secret before a rotation goes on signing, where nothing else is said.
const OVERLAP_SECONDS: u64 = 86_400;
/// For how long it can.
const LONGEST_OVERLAP_SECONDS: u64 = 30 * 86_400;

pub(super) fn no_webhook() -> Error {
    Error::not_found("webhook")
}

/// The webhook in the ledger: its URL may hold a token, so only its host is there.
pub(super) fn subject(webhook: &Webhook) -> String {
    let host = Url::parse(&webhook.url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    format!("webhook:{} {}", webhook.id, host.unwrap_or_default())
}

/// Who makes and changes webhooks. An agent never does, whatever its key says.
pub(super) fn require_manage(cx: &OpCx) -> Result<()> {
    cx.require(Permission::WebhookManage)
}

/// Who looks at webhooks: whoever manages them, and whoever reads the configuration.
fn require_look(cx: &OpCx) -> Result<()> {
    cx.require(Permission::WebhookManage)
        .or_else(|_| cx.require(Permission::ConfigRead))
}

/// Private addresses are the gateway's own neighbours: opening them takes an owner.
pub(crate) fn require_owner_for_private(cx: &OpCx) -> Result<()> {
    match &cx.principal {
        Principal::System => Ok(()),
        Principal::Operator { operator, .. } if operator.role == Role::Owner => Ok(()),
        _ => Err(Error {
            field: Some("webhooks.allow_private_networks".into()),
            ..Error::forbidden(
                "only an owner may open private addresses for webhooks: ask one, or leave it off",
            )
        }),
    }
}

/// SECURITY: a link decides as the operator that it was made for. So only that operator may have them sent, and say where to.
fn approver(cx: &OpCx) -> Result<OperatorId> {
    cx.require(Permission::RequestDecide)?;
    match &cx.principal {
        Principal::Operator { operator, .. } => Ok(operator.id),
        _ => Err(Error::forbidden(
            "decision links are an operator's: ask for them as one",
        )),
    }
}

fn check_events(events: &[Subscription]) -> Result<Vec<Subscription>> {
    let mut events = events.to_vec();
    events.sort_unstable();
    events.dedup();
    if events.is_empty() {
        return Err(Error::invalid(
            "events",
            "name at least one event, or * for all",
        ));
    }
    Ok(events)
}

impl Gate {
    fn check_url(&self, url: &str) -> Result<()> {
        if url.len() > URL_BYTES {
            let text = format!("Invalid webhook URL: it has more than {URL_BYTES} bytes");
            return Err(Error::invalid("url", text));
        }
        let is_open = self.snapshot().settings.webhooks.allow_private_networks;
        self.courier()?
            .check(url, is_open)
            .map_err(|why| Error::invalid("url", format!("Invalid webhook URL: {why}")))
    }

    /// Adds a webhook. Its secret is in the answer, and nowhere else.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input` naming the field, `too_many_webhooks`, `no_courier`.
    pub async fn add_webhook(&self, cx: &OpCx, draft: WebhookDraft) -> Result<NewWebhook> {
        require_manage(cx)?;
        let WebhookDraft {
            url,
            events,
            secret,
            signature_style,
            links,
            enabled,
            description,
        } = draft;
        self.check_url(&url)?;
        let events = check_events(&events)?;
        checks::text("description", &description)?;
        let secret = match secret {
            Some(secret) => {
                secret::check(&secret)?;
                secret
            }
            None => secret::new_secret(),
        };
        let links_for = if links { Some(approver(cx)?) } else { None };
        let id = WebhookId::new(self.inner.clock.uuid());
        let webhook = Arc::new(Webhook {
            id,
            url,
            events,
            signature_style,
            links_for,
            is_enabled: enabled,
            description,
            sealed_secret: secret::seal(&self.inner.workspace.vault, id, &secret),
            sealed_previous: None,
            previous_until: None,
            created_at: cx.now,
            created_by: cx.principal.actor(),
        });
        let entry = self.config_entry(cx, "config.webhook.created", subject(&webhook));
        let added = Arc::clone(&webhook);
        self.change(cx, Nouns::WEBHOOKS, move |tx| {
            if webhooks::all(tx)?.len() >= WEBHOOK_LIMIT {
                return Err(too_many());
            }
            webhooks::put(tx, &added)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(NewWebhook { webhook, secret })
    }

    /// Every webhook, oldest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn webhooks(&self, cx: &OpCx) -> Result<Vec<Arc<Webhook>>> {
        require_look(cx)?;
        Ok(Vec::clone(&self.snapshot().webhooks))
    }

    /// One webhook, by id.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub fn webhook(&self, cx: &OpCx, id: &str) -> Result<Arc<Webhook>> {
        require_look(cx)?;
        self.find_webhook(id)
    }

    /// Changes what is given of a webhook.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_input` naming the field.
    pub async fn update_webhook(
        &self,
        cx: &OpCx,
        id: &str,
        change: WebhookChange,
    ) -> Result<Arc<Webhook>> {
        require_manage(cx)?;
        let webhook = self.find_webhook(id)?;
        if change.is_empty() {
            return Err(Error::invalid("", "No fields to update"));
        }
        if let Some(url) = &change.url {
            self.check_url(url)?;
        }
        if let Some(description) = &change.description {
            checks::text("description", description)?;
        }
        let events = change.events.as_deref().map(check_events).transpose()?;
        let links_for = match change.links {
            Some(true) => Some(Some(approver(cx)?)),
            Some(false) => Some(None),
            None => None,
        };
        let asks = approver(cx).ok();
        let entry = self.config_entry(cx, "config.webhook.updated", subject(&webhook));
        let id = webhook.id;
        self.change(cx, Nouns::WEBHOOKS, move |tx| {
            let mut webhook = webhooks::by_id(tx, id)?.ok_or_else(no_webhook)?;
            webhook.links_for = links_for.unwrap_or(webhook.links_for);
            if let Some(url) = change.url.as_ref().filter(|url| **url != webhook.url) {
                if webhook.links_for.is_some() && webhook.links_for != asks {
                    return Err(not_your_links());
                }
                webhook.url.clone_from(url);
            }
            if let Some(events) = &events {
                webhook.events.clone_from(events);
            }
            webhook.signature_style = change.signature_style.unwrap_or(webhook.signature_style);
            webhook.is_enabled = change.enabled.unwrap_or(webhook.is_enabled);
            if let Some(description) = &change.description {
                webhook.description.clone_from(description);
            }
            webhooks::put(tx, &webhook)?;
            tx.append_entry(entry.clone())?;
            Ok(Arc::new(webhook))
        })
        .await
    }

    /// Gives a webhook a new secret, the one that is given or a new one. The one before it goes on signing beside it for a day, or for
    /// as long as is said.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_input`.
    pub async fn rotate_webhook_secret(
        &self,
        cx: &OpCx,
        id: &str,
        secret: Option<SecretString>,
        overlap_seconds: Option<u64>,
    ) -> Result<NewWebhook> {
        require_manage(cx)?;
        let webhook = self.find_webhook(id)?;
        let overlap = overlap_seconds.unwrap_or(OVERLAP_SECONDS);
        if overlap > LONGEST_OVERLAP_SECONDS {
            return Err(Error::invalid(
                "overlap_seconds",
                format!(
                    "must be at most {LONGEST_OVERLAP_SECONDS}; 0 ends the present secret at once"
                ),
            ));
        }
        let secret = match secret {
            Some(secret) => {
                secret::check(&secret)?;
                secret
            }
            None => secret::new_secret(),
        };
        let id = webhook.id;
        let sealed = secret::seal(&self.inner.workspace.vault, id, &secret);
        let until = cx
            .now
            .saturating_add(std::time::Duration::from_secs(overlap));
        let entry = self.config_entry(cx, "config.webhook.secret_rotated", subject(&webhook));
        let webhook = self
            .change(cx, Nouns::WEBHOOKS, move |tx| {
                let mut webhook = webhooks::by_id(tx, id)?.ok_or_else(no_webhook)?;
                let old = std::mem::replace(&mut webhook.sealed_secret, sealed.clone());
                webhook.sealed_previous = (overlap > 0).then_some(old);
                webhook.previous_until = (overlap > 0).then_some(until);
                webhooks::put(tx, &webhook)?;
                tx.append_entry(entry.clone())?;
                Ok(Arc::new(webhook))
            })
            .await?;
        Ok(NewWebhook { webhook, secret })
    }

    /// Removes a webhook with its deliveries. What is on its way may still arrive.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn remove_webhook(&self, cx: &OpCx, id: &str) -> Result<()> {
        require_manage(cx)?;
        let webhook = self.find_webhook(id)?;
        let entry = self.config_entry(cx, "config.webhook.removed", subject(&webhook));
        let id = webhook.id;
        self.change(cx, Nouns::WEBHOOKS, move |tx: &mut Tx<'_>| {
            if !webhooks::remove(tx, id)? {
                return Err(no_webhook());
            }
            outbox::remove_of(tx, &id.uuid())?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await
    }
}

fn not_your_links() -> Error {
    Error {
        field: Some("url".into()),
        ..Error::forbidden(
            "this webhook carries another operator's decision links, so only they may send it elsewhere: turn `links` off with the same change, or ask them",
        )
    }
}

fn too_many() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "too_many_webhooks",
        format!("there are {WEBHOOK_LIMIT} webhooks, which is the most: remove one first"),
    )
}
