//! The server over a gate with a real SQLCipher store.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at what it does not expect, in its helpers too"
)]

mod access;
mod actions;
mod agentgate;
mod agentgate_limits;
mod approvals_target;
mod configuration;
mod details;
mod events;
mod gaiterguard;
mod guardrails;
mod keys;
mod links;
mod listener;
mod lists;
mod locked;
mod log;
mod network;
mod openapi;
mod operations;
mod page;
mod policy;
mod problems;
mod scan;
mod sessions;
mod setup;
mod stage;
mod summary;
mod target;
mod together;
mod web;
