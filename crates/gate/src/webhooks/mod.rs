//! Webhooks: receivers outside that are told of what happens to requests.
//!
//! What is told is written into the outbox in the transaction of what happened ([`Announcer`]), and only where somebody subscribes.
//! Later a channel takes what is due under a lease, and [`Gate::deliver`] puts the body together, signs it and hands it to the
//! [`Courier`], which is the only one that knows a network. A delivery's id is fixed when it is written: a receiver that sees it twice
//! has seen one notice.
//!
//! What it never does: hold up a request, tell a secret, or follow a receiver's word. A secret is shown once, when it is made; a
//! decision link stands in no log.

mod announce;
mod body;
mod courier;
mod deliver;
mod deliveries;
mod links;
mod manage;
mod model;
mod schedule;
mod secret;
mod signature;

#[cfg(test)]
mod tests;

pub(crate) use announce::{Announcer, Said};
pub use courier::{Answer, Courier, Parcel};
pub use deliver::{Delivered, Delivery};
pub use deliveries::{DELIVERY_PAGE_LIMIT, DeliveryFilter, DeliveryView, WebhookStats};
pub(crate) use manage::require_owner_for_private;
pub use model::{NewWebhook, WEBHOOK_LIMIT, WebhookChange, WebhookDraft};
pub use schedule::ATTEMPTS;
pub(crate) use schedule::KEPT;
pub use secret::SECRET_LEAST_CHARACTERS;
