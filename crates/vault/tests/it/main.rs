//! Tests of the vault's public face.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at what it does not expect, in its helpers too"
)]

mod certificate;
mod hardening;
mod header;
mod ledger;
mod mutations;
mod parsers;
mod python;
mod rekey;
mod seal;
mod token;
