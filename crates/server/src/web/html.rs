//! The page's HTML: with a nonce of its own, and the policy that goes with it.

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_gate::random_bytes;

/// What the page's build writes where the nonce belongs.
const PLACEHOLDER: &str = "__CSP_NONCE__";

/// What is served where no page was built in.
pub(super) const NOT_BUILT: &str = include_str!("not_built.html");

/// An HTML document in pieces, with a nonce between each two.
#[derive(Debug)]
pub(super) struct Html(Vec<String>);

impl Html {
    pub(super) fn new(text: &str) -> Self {
        Self(text.split(PLACEHOLDER).map(str::to_owned).collect())
    }

    /// The document with a nonce.
    pub(super) fn with_nonce(&self, nonce: &str) -> String {
        self.0.join(nonce)
    }
}

/// A nonce that was never used before: 128 random bits.
pub(super) fn nonce() -> String {
    STANDARD.encode(random_bytes::<16>())
}

/// What the page may do. Scripts and styles come from this origin, or stand in the page with its nonce; nothing comes from or goes to
/// anywhere else; forms are sent by scripts, so that a form that is not never puts what was typed into an address.
///
/// Trusted Types are not demanded: React makes script elements by `innerHTML`.
pub(super) fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'none'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}
