//! The port to the network. `countersign-channels` has the one that dials.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

/// Something ready to be sent. Its headers and body may hold decision links: it is for one receiver, and for no log.
pub struct Parcel {
    /// Where to.
    pub url: String,
    /// Whether private addresses are open for webhooks.
    pub allow_private_networks: bool,
    /// The header fields beside those of the transport.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for Parcel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Parcel")
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What came of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The receiver's status; `None` where it did not answer.
    pub code: Option<u16>,
    /// The beginning of the answer's body, or why there was none. Untrusted text, of at most a few hundred bytes.
    pub text: String,
}

impl Answer {
    /// Whether the receiver has taken it.
    pub fn is_success(&self) -> bool {
        self.code.is_some_and(|code| (200..300).contains(&code))
    }
}

/// Sends parcels.
#[async_trait]
pub trait Courier: Send + Sync + fmt::Debug {
    /// Judges a URL without looking its name up, in the words that existing clients know.
    ///
    /// # Errors
    /// Why it is refused.
    fn check(&self, url: &str, allow_private_networks: bool) -> Result<(), String>;

    /// Sends a parcel, once, within its own deadline. Never fails: what went wrong is the answer.
    async fn send(&self, parcel: Parcel) -> Answer;
}
