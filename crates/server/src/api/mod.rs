//! The native face: one consistent resource API for operators and agents, described by `/openapi.json`.
//!
//! A handler turns what came in into the gate's words, calls one use case and turns the answer into a document: no rule lives here.
//! Lists are `{items, next}`; errors are `application/problem+json`. An `Idempotency-Key` is kept for actions, where repeating does
//! harm; creating something twice under one name is refused by the name.

mod action_detail;
mod action_list;
pub(crate) mod actions;
mod agents;
mod analytics;
mod approvals;
mod audit;
mod batch;
mod comments;
mod configuration;
mod connectors;
mod credentials;
mod delegations;
mod duration;
mod grants;
mod keys;
mod kills;
mod links;
mod network;
mod operators;
mod page;
mod policy;
mod rules;
pub(crate) mod scan;
mod scan_rules;
mod sessions;
mod settings;
mod setup;
mod standing;
mod status;
mod summary;
mod targets;
mod tokens;
mod vault;
mod webhooks;
mod words;

pub(crate) use audit::{EntryView, EventView};
pub(crate) use links::origin;
pub(crate) use routes::routes;

mod routes;
