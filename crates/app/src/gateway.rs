//! The gateway's life: start, ready, drain, end.
//!
//! Invariants: it never starts with an open API: on a folder that was never onboarded it serves only setting up, behind a one-time
//! address, or is refused; the data directory is locked as long as it
//! lives; `run.json` stands while it listens; it ends in order on SIGTERM and SIGINT, and at once where the store can't write any more.

mod keeper;
mod life;
mod one_time;
mod reload;
mod setup;

pub(crate) use life::{Options, run};
