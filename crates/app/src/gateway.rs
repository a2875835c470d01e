//! The gateway's life: start, ready, drain, end.
//!
//! Invariants: it never starts with an open API: a folder that was never onboarded is refused; the data directory is locked as long as it
//! lives; `run.json` stands while it listens; it ends in order on SIGTERM and SIGINT, and at once where the store can't write any more.

mod keeper;
mod life;
mod reload;

pub(crate) use life::{Options, run};
