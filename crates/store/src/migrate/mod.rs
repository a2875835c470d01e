//! The schema and how it grows.
//!
//! A migration is never changed once it was released: its checksum is kept with the database and compared at every start. All that
//! are pending run in one transaction; on PostgreSQL under an advisory lock, so that replicas can start together. Only expanding
//! changes come first, contracting ones a release later, so that two releases can run side by side.

mod list;
mod run;

pub use list::{MIGRATIONS, Migration};
pub use run::{MigrationError, MigrationStatus};

pub(crate) use run::{Target, apply, status};

#[cfg(test)]
mod tests;
