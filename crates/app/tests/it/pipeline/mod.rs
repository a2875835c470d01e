//! The pipeline from end to end: an agent, a human and a real upstream around the shipped binary.

mod access;
mod approvals;
mod bytes;
mod credentials;
mod disconnects;
mod events;
mod faulty_upstream;
mod idempotency;
mod kill;
mod limits;
mod races;
mod stale;
mod verdicts;
