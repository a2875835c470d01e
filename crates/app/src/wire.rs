//! The only place that knows every concrete type: it puts the store, the vault, the connectors, the gate and the server together.

mod certificate;
mod failures;
mod header;
mod listeners;
mod lock;
mod onboard;
mod parts;
mod site;
mod workshop;

pub(crate) use certificate::{Certificate, TIME_LEFT, leaf_of, why_not};
pub(crate) use failures::{from_gate, from_lock};
pub(crate) use header::{HeaderPlace, unlock};
pub(crate) use listeners::{deployment, server_config};
pub(crate) use lock::hold_to_serve;
pub(crate) use onboard::{Onboarding, create, onboard, refuse_in_use, refuse_second};
pub(crate) use parts::{Parts, not_onboarded, stop_gate};
pub(crate) use site::Site;
pub(crate) use workshop::Workshop;
