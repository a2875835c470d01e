//! Operators' passwords: Argon2id in PHC strings.
//!
//! Passwords are guessable, so the hash is slow: run it where blocking is allowed, a few at a time. A sign-in for a name that does
//! not exist does the same work ([`PasswordHasher::verify_nobody`]), so that time does not tell names apart.

use argon2::{
    Algorithm, Params, Version,
    password_hash::phc::{Ident, PasswordHash},
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use crate::{
    kdf::{KdfError, KdfParameters},
    random::{constant_time_equal, random_bytes},
    secret::SecretString,
};

/// A password that could not be hashed or compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Not an Argon2id PHC string that this program wrote.
    #[error(
        "the stored password hash is not Argon2id version 19: set the operator's password again"
    )]
    Malformed,
    /// Parameters out of bounds, or no memory.
    #[error("the password could not be hashed")]
    Derivation(#[from] KdfError),
}

/// Hashes and verifies passwords with one set of parameters.
#[derive(Debug, Clone)]
pub struct PasswordHasher {
    parameters: KdfParameters,
    nobody: String,
}

impl PasswordHasher {
    /// A hasher with the given cost; 19 MiB and 2 passes ([`KdfParameters::MINIMUM`]) is the usual one.
    pub fn new(parameters: KdfParameters) -> Result<Self, PasswordError> {
        parameters.validate()?;
        let mut hasher = Self {
            parameters,
            nobody: String::new(),
        };
        hasher.nobody = hasher.hash_bytes(&random_bytes::<32>())?;
        Ok(hasher)
    }

    /// The PHC string to store: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
    pub fn hash(&self, password: &SecretString) -> Result<String, PasswordError> {
        self.hash_bytes(password.expose().as_bytes())
    }

    /// Whether the password is the one that was hashed.
    pub fn verify(&self, password: &SecretString, stored: &str) -> Result<bool, PasswordError> {
        verify(password, stored)
    }

    /// Does the work of [`Self::verify`] for a name that does not exist, and always says no.
    pub fn verify_nobody(&self, password: &SecretString) -> bool {
        let _: Result<bool, PasswordError> = verify(password, &self.nobody);
        false
    }

    /// Whether a stored hash was made with other parameters and should be renewed at the next sign-in.
    pub fn is_outdated(&self, stored: &str) -> bool {
        read(stored).map_or(true, |(_, parameters)| parameters != self.parameters)
    }

    fn hash_bytes(&self, password: &[u8]) -> Result<String, PasswordError> {
        let KdfParameters {
            memory_kib,
            iterations,
            lanes,
        } = self.parameters;
        let salt = random_bytes::<16>();
        let hash = self.parameters.derive(password, &salt)?;
        let (salt, hash) = (
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(hash.as_slice()),
        );
        Ok(format!(
            "$argon2id$v=19$m={memory_kib},t={iterations},p={lanes}${salt}${hash}"
        ))
    }
}

/// Parses a PHC string and checks its parameters: the store is not trusted to name a cost that takes the machine down.
fn read(stored: &str) -> Result<(PasswordHash, KdfParameters), PasswordError> {
    let hash = PasswordHash::new(stored).map_err(|_| PasswordError::Malformed)?;
    let params = Params::try_from(&hash).map_err(|_| PasswordError::Malformed)?;
    if hash.algorithm != Ident::from(Algorithm::Argon2id)
        || hash.version != Some(Version::V0x13.into())
    {
        return Err(PasswordError::Malformed);
    }
    let parameters = KdfParameters {
        memory_kib: params.m_cost(),
        iterations: params.t_cost(),
        lanes: params.p_cost(),
    };
    Ok((hash, parameters.validate()?))
}

fn verify(password: &SecretString, stored: &str) -> Result<bool, PasswordError> {
    let (hash, parameters) = read(stored)?;
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
        return Err(PasswordError::Malformed);
    };
    let found = parameters.derive(password.expose().as_bytes(), salt)?;
    Ok(constant_time_equal(found.as_slice(), expected.as_bytes()))
}
