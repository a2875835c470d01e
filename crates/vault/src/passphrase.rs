//! The operator's passphrase: the root of the key hierarchy.

use crate::secret::SecretString;

/// The shortest passphrase that is accepted, in characters.
pub const MINIMUM_PASSPHRASE_CHARACTERS: usize = 14;

const MAXIMUM_PASSPHRASE_BYTES: usize = 4096;

/// Text that is no passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// Fewer characters than [`MINIMUM_PASSPHRASE_CHARACTERS`].
    #[error(
        "the passphrase has {characters} characters, at least {MINIMUM_PASSPHRASE_CHARACTERS} are needed: choose a longer one, for example five random words"
    )]
    TooShort {
        /// How many it has.
        characters: usize,
    },
    /// Longer than any passphrase that a person or a tool makes: the wrong file was probably read.
    #[error(
        "the passphrase is longer than {MAXIMUM_PASSPHRASE_BYTES} bytes: check that the right file was given"
    )]
    TooLong,
}

/// A passphrase of acceptable length. Its bytes count as typed: nothing is trimmed or normalised.
#[expect(
    missing_debug_implementations,
    reason = "a secret must not be printable"
)]
pub struct Passphrase(SecretString);

impl Passphrase {
    /// Accepts a text of at least [`MINIMUM_PASSPHRASE_CHARACTERS`]. Whoever reads a file strips the line's end first.
    pub fn new(text: SecretString) -> Result<Self, PassphraseError> {
        if text.len() > MAXIMUM_PASSPHRASE_BYTES {
            return Err(PassphraseError::TooLong);
        }
        let characters = text.expose().chars().count();
        if characters < MINIMUM_PASSPHRASE_CHARACTERS {
            return Err(PassphraseError::TooShort { characters });
        }
        Ok(Self(text))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}
