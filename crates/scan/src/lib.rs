//! Looks at bytes and text that pass the gate, and says or removes what must not pass.
//!
//! Today it holds the lease masker ([`LeaseMasker`]): it keeps the credential of a call out of everything that the call's
//! agent can read; and it knows which parts of a structured header value are secrets by themselves ([`header_secret_parts`]). This crate does no input or output, keeps no state between calls and knows no policy.

mod mask;
mod parts;

pub use mask::{LeaseMasker, MASK};
pub use parts::{SecretPart, header_secret_parts};
