//! Approvals only: the one who asks carries the action out, after it was told that it may.
//!
//! Any action name is taken, with free parameters. The gateway sees nothing of what the caller does afterwards: `approved` is the end of
//! such a request, and there is no credential, no limit and no reply. Invariants: nothing here dials or executes; a caller's word can
//! make an action look worse, never harmless; what is judged is what is stored, shown and hashed.

mod connector;
mod descriptor;
mod executor;
mod resolve;

#[cfg(test)]
mod tests;

pub use connector::CallerConnector;
