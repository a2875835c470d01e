//! Webhooks over real sockets: a gate over a real store, the worker, and receivers that behave and misbehave.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may fail"
)]

mod bed;
mod connector;
mod delivery;
mod faults;
mod links;
mod rights;
mod signed;
