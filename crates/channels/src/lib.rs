//! Channels: how the gateway tells others of what happened. Today: webhooks.
//!
//! The gate writes what is to be told into its outbox, puts it together and signs it. Here it is sent: through `countersign-net` only,
//! so that every address is judged when it is dialled; once per attempt; within a deadline; without following a redirect.
//!
//! What it never does: decide, keep a secret, or let one receiver hold up a request or another receiver.

mod courier;
mod worker;

pub use courier::{HttpCourier, HttpCourierConfig};
pub use worker::{PER_RECEIVER, start};
