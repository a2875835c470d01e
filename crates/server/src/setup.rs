//! Setting up: what the page may ask of a gateway that has no installation yet.
//!
//! The application does it ([`Setup`]): it knows the data directory and the one-time address. Here it is a state of the server, beside
//! locked and open, and it ends in one of these: the server never goes back to it.

use async_trait::async_trait;
use countersign_gate::{Error, Gate, SecretString, SignIn};

/// How an installation shall be made.
pub struct SetupDraft {
    /// The first operator's name.
    pub operator: String,
    /// What they sign in with; without it they get a sign-in token.
    pub password: Option<SecretString>,
    /// The vault's passphrase, where the start-up values have none.
    pub passphrase: Option<SecretString>,
    /// The store that the page spoke of: it must be the configured one.
    pub store: Option<String>,
}

impl std::fmt::Debug for SetupDraft {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SetupDraft")
            .field("operator", &self.operator)
            .finish_non_exhaustive()
    }
}

/// An installation that has just been made.
pub struct SetUp {
    /// The running gate.
    pub gate: Gate,
    /// Signs the first operator in.
    pub credential: SignIn,
    /// The operator's sign-in token where they chose no password, to be shown this once.
    pub sign_in_token: Option<SecretString>,
}

impl std::fmt::Debug for SetUp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SetUp").finish_non_exhaustive()
    }
}

/// Why nothing was set up.
#[derive(Debug)]
pub enum SetupError {
    /// The one-time address is dead: used, too old, or tried too often.
    Closed,
    /// The token of the address is wrong.
    WrongToken {
        /// How often it may still be tried.
        tries_left: u32,
    },
    /// The token is right, and the draft is not, or it can't be done. Nothing was written.
    Failed(Error),
}

/// What the page needs to know before it asks. No secret, and nothing about the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetupFacts {
    /// Whether the one-time address still works.
    pub is_open: bool,
    /// Whether the page must ask for a passphrase: the start-up values have none.
    pub needs_passphrase: bool,
    /// The configured store.
    pub store: &'static str,
}

/// Sets up. Knows the one-time address and counts the tries.
#[async_trait]
pub trait Setup: Send + Sync + std::fmt::Debug {
    /// What the page needs to know.
    fn facts(&self) -> SetupFacts;

    /// Makes the installation and starts the gate, if the token is right. Of two calls at once one does, and the other finds the address
    /// closed. Runs to its end even if whoever called went away.
    ///
    /// # Errors
    /// [`SetupError`]; then nothing was written.
    async fn complete(&self, token: SecretString, draft: SetupDraft) -> Result<SetUp, SetupError>;
}
