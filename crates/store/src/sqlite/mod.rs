//! SQLCipher: one writer thread with group commit, some reader threads, each with its own connection to the same file.

mod connection;
mod reader;
mod session;
mod writer;

pub(crate) use connection::{Connecting, open};
pub(crate) use reader::run_reader;
pub(crate) use session::{Connected, SqliteSession, classify};
pub(crate) use writer::{Writer, WriterSettings};
