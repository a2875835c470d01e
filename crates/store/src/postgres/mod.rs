//! PostgreSQL: some worker threads with one connection each, one transaction per unit, and one sealer thread for the ledger.

mod connection;
mod error;
mod rewrite;
mod sealer;
mod session;
mod worker;

pub(crate) use connection::Connector;
pub(crate) use sealer::{SealerBell, SealerSettings, insert_head, run_sealer, stored_head};
pub(crate) use session::PostgresSession;
pub(crate) use worker::{WorkerSettings, run_worker};
