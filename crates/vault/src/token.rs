//! Bearer tokens: a prefix and 256 random bits as 43 characters of base64url.
//!
//! Shown once, kept as SHA-256: a token has too much entropy to be guessed, so that a slow hash would only slow the hot path.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    hash::{Hash, sha256},
    random::{constant_time_equal, random_bytes},
    secret::SecretString,
};

const PREFIX: &str = TokenForm::Countersign.prefix();
const ENCODED_BYTES: usize = 43;
const SHOWN_CHARACTERS: usize = 8;

/// Whose form a token has: what its first characters tell a reader, and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenForm {
    /// `cs_`: ours.
    #[default]
    Countersign,
    /// `agk_`: keys that AgentGate's clients expect.
    AgentGateKey,
    /// `ags_`: secrets of agents that AgentGate's clients expect.
    AgentGateSecret,
}

impl TokenForm {
    const EVERY: [Self; 3] = [Self::Countersign, Self::AgentGateKey, Self::AgentGateSecret];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Countersign => "cs_",
            Self::AgentGateKey => "agk_",
            Self::AgentGateSecret => "ags_",
        }
    }
}

/// Text that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a token: expected `{PREFIX}` and {ENCODED_BYTES} characters of base64url; copy the whole key as it was shown"
)]
pub struct InvalidToken;

/// A bearer token in clear.
#[expect(
    missing_debug_implementations,
    reason = "a secret must not be printable"
)]
pub struct Token(SecretString);

impl Token {
    /// A new random token.
    pub fn generate() -> Self {
        Self::generate_as(TokenForm::default())
    }

    /// A new random token in another form.
    pub fn generate_as(form: TokenForm) -> Self {
        let prefix = form.prefix();
        let bytes = Zeroizing::new(random_bytes::<32>());
        let mut text = String::with_capacity(prefix.len() + ENCODED_BYTES);
        text.push_str(prefix);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Self(SecretString::new(text))
    }

    /// Accepts text of a token's exact form.
    pub fn parse(text: SecretString) -> Result<Self, InvalidToken> {
        check(text.expose())?;
        Ok(Self(text))
    }

    /// The token, to show it once.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored.
    pub fn hash(&self) -> TokenHash {
        TokenHash(sha256(self.0.expose().as_bytes()))
    }

    /// The beginning, for lists: `cs_AbCdEf12`. 48 of 256 bits: it tells keys apart and helps no guesser.
    pub fn display_prefix(&self) -> String {
        let text = self.0.expose();
        let begin = text.find('_').map_or(0, |at| at + 1);
        text.chars().take(begin + SHOWN_CHARACTERS).collect()
    }

    /// The text itself.
    pub fn into_secret(self) -> SecretString {
        self.0
    }
}

/// SHA-256 of a token's text: the key under which a token is looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(pub Hash);

impl TokenHash {
    /// The hash of a token that a client sent; allocates nothing. Whether such a token exists is the caller's question.
    pub fn of_presented(text: &str) -> Result<Self, InvalidToken> {
        check(text)?;
        Ok(Self(sha256(text.as_bytes())))
    }

    /// Compares in constant time.
    pub fn equals(&self, other: &Self) -> bool {
        constant_time_equal(&self.0, &other.0)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenHash(..)")
    }
}

fn check(text: &str) -> Result<(), InvalidToken> {
    let encoded = TokenForm::EVERY
        .into_iter()
        .find_map(|form| text.strip_prefix(form.prefix()))
        .filter(|encoded| encoded.len() == ENCODED_BYTES)
        .ok_or(InvalidToken)?;
    // Strict: the bits that do not fit the 32 bytes must be zero, so that one token has one text.
    let mut bytes = Zeroizing::new([0; 33]);
    match URL_SAFE_NO_PAD.decode_slice(encoded, bytes.as_mut_slice()) {
        Ok(32) => Ok(()),
        _ => Err(InvalidToken),
    }
}
