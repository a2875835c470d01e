//! Looks at bytes and text that pass the gate, and says or removes what must not pass.
//!
//! It holds two maskers of known values: [`LeaseMasker`] keeps the credential of a call out of everything that the call's agent can
//! read, [`VaultMasker`] the other values of the vault, of which it knows fingerprints only; it finds and redacts text that is
//! shaped like a credential ([`SecretScanner`]); and it knows which parts of a structured header value are secrets by themselves
//! ([`header_secret_parts`]). This crate does no input or output, keeps no state between calls and knows no policy.

pub mod evaluate;
mod mask;
pub mod model;
pub mod normal;
mod parts;
mod secret;
pub mod threat;

pub use mask::{
    FingerprintSet, KeyedHash, LeaseMasker, MASK, NotMasked, VAULT_MASK, VaultMasker, VaultStream,
};
pub use parts::{SecretPart, header_secret_parts};
pub use secret::{
    Confidence, SecretCase, SecretRates, SecretReport, SecretRuleError, SecretScanner, SecretSpan,
    evaluate_secrets,
};
