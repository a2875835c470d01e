//! Argon2id with bounded parameters.
//!
//! Parameters come from a file that an attacker may have edited: below the minimum they are refused (a guess would be cheap), above
//! the maximum too (a start would take the machine down). There is no cheaper set for tests: they use [`KdfParameters::MINIMUM`].
//!
//! The working memory is an ordinary vector that is overwritten and freed at the end. A mapping of its own would need `unsafe` to
//! view bytes as blocks. With the system's allocator a vector of this size is a mapping of its own anyway (glibc maps anything over
//! 32 MiB); an allocator that keeps freed pages would keep it resident, so the binary must not use one without a measurement.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

/// Cost of turning a passphrase into a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KdfParameters {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes; computed one after the other.
    pub lanes: u32,
}

/// A derivation that was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KdfError {
    /// Cheap enough to guess.
    #[error(
        "the key derivation's parameters are below the minimum of 19456 KiB, 2 iterations and 1 lane: refuse the file or make a new one"
    )]
    TooWeak,
    /// Expensive enough to be an attack.
    #[error(
        "the key derivation's parameters are above the maximum of 1048576 KiB, 16 iterations and 8 lanes: refuse the file or make a new one"
    )]
    TooCostly,
    /// Not enough memory.
    #[error(
        "the key derivation needs {memory_kib} KiB of memory, which the machine does not give: free memory and try again"
    )]
    OutOfMemory {
        /// What it needs, in KiB.
        memory_kib: u32,
    },
    /// Argon2 refused its inputs.
    #[error("the key derivation refused its parameters: the salt or the lanes do not fit")]
    Refused,
}

impl KdfParameters {
    /// What new headers get: 64 MiB, 3 passes, 1 lane.
    pub const DEFAULT: Self = Self {
        memory_kib: 64 * 1024,
        iterations: 3,
        lanes: 1,
    };
    /// The least that is accepted: 19 MiB, 2 passes, 1 lane (OWASP's minimum for Argon2id).
    pub const MINIMUM: Self = Self {
        memory_kib: 19 * 1024,
        iterations: 2,
        lanes: 1,
    };
    /// The most that is accepted.
    pub const MAXIMUM: Self = Self {
        memory_kib: 1024 * 1024,
        iterations: 16,
        lanes: 8,
    };

    /// Checks both bounds.
    pub fn validate(self) -> Result<Self, KdfError> {
        let below = |low: Self, high: Self| {
            low.memory_kib < high.memory_kib
                || low.iterations < high.iterations
                || low.lanes < high.lanes
        };
        if below(self, Self::MINIMUM) {
            return Err(KdfError::TooWeak);
        }
        if below(Self::MAXIMUM, self) {
            return Err(KdfError::TooCostly);
        }
        Ok(self)
    }

    /// Derives 32 bytes. Takes 15 to 200 ms of one core: run it where blocking is allowed, a few at a time.
    pub(crate) fn derive(
        self,
        secret: &[u8],
        salt: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, KdfError> {
        let checked = self.validate()?;
        let params = Params::new(
            checked.memory_kib,
            checked.iterations,
            checked.lanes,
            Some(32),
        )
        .map_err(|_| KdfError::Refused)?;
        let mut memory = Memory::new(params.block_count()).ok_or(KdfError::OutOfMemory {
            memory_kib: checked.memory_kib,
        })?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(secret, salt, key.as_mut_slice(), &mut memory.0)
            .map_err(|_| KdfError::Refused)?;
        Ok(key)
    }
}

impl Default for KdfParameters {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Argon2's blocks, overwritten when dropped.
struct Memory(Vec<Block>);

impl Memory {
    fn new(blocks: usize) -> Option<Self> {
        let mut memory = Vec::new();
        memory.try_reserve_exact(blocks).ok()?;
        memory.resize(blocks, Block::new());
        Some(Self(memory))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Zeroize::zeroize);
    }
}
