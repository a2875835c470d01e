//! The one-time address of a set-up: who may use it, how often it may be tried, and when it dies.
//!
//! SECURITY: its token has 256 bits, is kept as a hash and compared in constant time. Every try with another token counts, so that
//! nobody tries for long.

use std::time::{Duration, Instant};

use countersign_server::SetupError;
use countersign_vault::{Token, TokenHash};

/// How long an address lives.
pub(super) const LIFETIME: Duration = Duration::from_mins(15);

/// How often it may be tried with a wrong token.
const TRIES: u32 = 5;

/// What is kept of an address.
#[derive(Debug)]
pub(super) struct OneTimeAddress {
    token: TokenHash,
    ends_at: Instant,
    tries_left: u32,
    is_used: bool,
}

impl OneTimeAddress {
    /// A new address and its token, which is to be shown once.
    pub(super) fn new(now: Instant) -> (Self, Token) {
        let token = Token::generate();
        let address = Self {
            token: token.hash(),
            ends_at: now + LIFETIME,
            tries_left: TRIES,
            is_used: false,
        };
        (address, token)
    }

    /// When it dies, whatever happens.
    pub(super) const fn ends_at(&self) -> Instant {
        self.ends_at
    }

    /// Whether it can still be used.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        !self.is_used && self.tries_left > 0 && now < self.ends_at
    }

    /// Whether the token is the address's. A wrong one costs a try.
    pub(super) fn check(&mut self, presented: &str, now: Instant) -> Result<(), SetupError> {
        if !self.is_open(now) {
            return Err(SetupError::Closed);
        }
        let is_right =
            TokenHash::of_presented(presented).is_ok_and(|presented| presented.equals(&self.token));
        if is_right {
            return Ok(());
        }
        self.tries_left -= 1;
        Err(SetupError::WrongToken {
            tries_left: self.tries_left,
        })
    }

    /// It was used.
    pub(super) const fn close(&mut self) {
        self.is_used = true;
    }
}

#[cfg(test)]
mod tests;
