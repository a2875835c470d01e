//! `countersign demo`: the whole story on a temporary data directory. Everything is real: the same binary, pipeline and store as in
//! production; only the "payments" API and the agent are samples.

mod agent;
mod child;
mod payments;
mod story;

pub(crate) use story::{Options, play};
