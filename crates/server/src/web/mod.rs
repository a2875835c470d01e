//! The operator's page: the files of its build, embedded in the binary, and nothing else.
//!
//! What it never does: read a disk, follow a path, or answer for an agent's or the metrics' listener. A path is looked up in a table.
//!
//! Invariants: every answer with HTML has a nonce of its own in its content security policy, and is kept by nobody; that policy has
//! neither `unsafe-inline` nor `unsafe-eval`; a file below `/assets` has its content's hash in its name, so that it is kept for ever,
//! and one that is not there is 404, never the page.

mod encoding;
mod file;
mod html;
mod page;
mod routes;

#[cfg(test)]
mod tests;

pub use file::WebFile;
pub use page::WebPage;

pub(crate) use routes::routes;
