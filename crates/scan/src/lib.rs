//! Looks at bytes and text that pass the gate, and says or removes what must not pass.
//!
//! Today it holds the lease masker ([`LeaseMasker`]): it keeps the credential of a call out of everything that the call's
//! agent can read. This crate does no input or output, keeps no state between calls and knows no policy.

mod mask;

pub use mask::{LeaseMasker, MASK};
