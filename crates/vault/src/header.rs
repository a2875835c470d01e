//! The vault's header: what stands between a passphrase and the data key.
//!
//! A JSON file without secrets in clear: Argon2id's parameters and salt, and the data key sealed with AES-256-GCM under the key
//! derived from the passphrase. Parameters, salt and the key's id are associated data, so that an edited header does not open.
//! Changing the passphrase makes a new header for the same data key; nothing that was sealed is touched.
//!
//! Invariant: a wrong passphrase and a changed header give the same error, after the same work.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use crate::{
    kdf::{KdfError, KdfParameters},
    passphrase::Passphrase,
    random::random_bytes,
    vault::Vault,
};

const FORMAT: &str = "countersign vault";
const VERSION: u32 = 1;
const KEY_BYTES: usize = 32;
const WRAPPED_BYTES: usize = NONCE_LEN + KEY_BYTES + 16;

/// A header that is not one.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// Not the JSON of a header.
    #[error("the vault header cannot be read: restore vault.json from a backup")]
    Malformed(#[source] serde_json::Error),
    /// Another format or version.
    #[error(
        "the vault header has format `{format}` version {version}, this program reads `{FORMAT}` version {VERSION}: use the program that wrote it"
    )]
    Version {
        /// What it says it is.
        format: String,
        /// Its version.
        version: u32,
    },
    /// Parameters out of bounds.
    #[error("the vault header is refused")]
    Parameters(#[from] KdfError),
}

/// A header that did not open.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// The data key did not unwrap.
    #[error(
        "wrong passphrase, or the vault header was changed: try the passphrase again, else restore vault.json from a backup"
    )]
    WrongPassphrase,
    /// The derivation failed before the passphrase was tried.
    #[error("the passphrase could not be tried")]
    Derivation(#[from] KdfError),
}

/// Everything needed to get the data key back, except the passphrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultHeader {
    format: String,
    version: u32,
    key_id: Base64<16>,
    kdf: KdfParameters,
    salt: Base64<16>,
    wrapped_key: Base64<WRAPPED_BYTES>,
}

impl VaultHeader {
    /// A new vault with a random data key. Blocks for the key derivation.
    pub fn create(
        passphrase: &Passphrase,
        parameters: KdfParameters,
    ) -> Result<(Self, Vault), KdfError> {
        let key_id = random_bytes();
        let data_key = Zeroizing::new(random_bytes::<KEY_BYTES>());
        let header = Self::wrap(passphrase, parameters, key_id, &data_key)?;
        Ok((header, Vault::new(key_id, data_key.as_slice())))
    }

    /// Reads a header, refusing what is not version 1 within the bounds of [`KdfParameters`].
    pub fn parse(json: &[u8]) -> Result<Self, HeaderError> {
        /// Read first, so that a newer version is named instead of its first unknown field.
        #[derive(Deserialize)]
        struct Prelude {
            format: String,
            version: u32,
        }
        let Prelude { format, version } =
            serde_json::from_slice(json).map_err(HeaderError::Malformed)?;
        if format != FORMAT || version != VERSION {
            let format = format
                .chars()
                .filter(|character| !character.is_control())
                .take(64)
                .collect();
            return Err(HeaderError::Version { format, version });
        }
        let header: Self = serde_json::from_slice(json).map_err(HeaderError::Malformed)?;
        header.kdf.validate()?;
        Ok(header)
    }

    /// The header as indented JSON with a final newline.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// Unwraps the data key. Blocks for the key derivation.
    pub fn unlock(&self, passphrase: &Passphrase) -> Result<Vault, UnlockError> {
        let data_key = self.unwrap_key(passphrase)?;
        Ok(Vault::new(self.key_id.0, data_key.as_slice()))
    }

    /// A header for the same data key under a new passphrase and new salt. Blocks for two key derivations.
    pub fn rewrap(
        &self,
        old: &Passphrase,
        new: &Passphrase,
        parameters: KdfParameters,
    ) -> Result<Self, UnlockError> {
        let data_key = self.unwrap_key(old)?;
        Ok(Self::wrap(new, parameters, self.key_id.0, &data_key)?)
    }

    /// Names the data key; equals [`Vault::key_id`].
    pub fn key_id(&self) -> [u8; 16] {
        self.key_id.0
    }

    /// The cost of unlocking.
    pub fn parameters(&self) -> KdfParameters {
        self.kdf
    }

    fn wrap(
        passphrase: &Passphrase,
        kdf: KdfParameters,
        key_id: [u8; 16],
        data_key: &Zeroizing<[u8; KEY_BYTES]>,
    ) -> Result<Self, KdfError> {
        let salt = random_bytes();
        let mut header = Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            key_id: Base64(key_id),
            kdf,
            salt: Base64(salt),
            wrapped_key: Base64([0; WRAPPED_BYTES]),
        };
        let wrapping_key = kdf.derive(passphrase.expose(), &salt)?;
        let associated = Aad::from(header.associated_data());
        let mut sealed = Zeroizing::new(**data_key);
        let (nonce, tag) = RandomizedNonceKey::new(&AES_256_GCM, wrapping_key.as_slice())
            .and_then(|key| key.seal_in_place_separate_tag(associated, sealed.as_mut_slice()))
            .map_err(|_| KdfError::Refused)?;
        let parts = nonce
            .as_ref()
            .iter()
            .chain(sealed.iter())
            .chain(tag.as_ref());
        for (slot, byte) in header.wrapped_key.0.iter_mut().zip(parts) {
            *slot = *byte;
        }
        Ok(header)
    }

    fn unwrap_key(
        &self,
        passphrase: &Passphrase,
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, UnlockError> {
        let wrapping_key = self.kdf.derive(passphrase.expose(), &self.salt.0)?;
        let (nonce, body) = self.wrapped_key.0.split_at(NONCE_LEN);
        let mut body = Zeroizing::new(body.to_vec());
        let nonce =
            Nonce::try_assume_unique_for_key(nonce).map_err(|_| UnlockError::WrongPassphrase)?;
        let opened = RandomizedNonceKey::new(&AES_256_GCM, wrapping_key.as_slice())
            .and_then(|key| {
                key.open_in_place(nonce, Aad::from(self.associated_data()), &mut body)
                    .map(|opened| &*opened)
            })
            .map_err(|_| UnlockError::WrongPassphrase)?;
        let mut data_key = Zeroizing::new([0; KEY_BYTES]);
        data_key.copy_from_slice(opened);
        Ok(data_key)
    }

    /// Version, parameters, salt and key id, each of fixed size.
    fn associated_data(&self) -> Vec<u8> {
        let mut bytes = FORMAT.as_bytes().to_vec();
        for number in [
            self.version,
            self.kdf.memory_kib,
            self.kdf.iterations,
            self.kdf.lanes,
        ] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.salt.0);
        bytes.extend_from_slice(&self.key_id.0);
        bytes
    }
}

/// Bytes of a fixed length, as standard base64 in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Base64<const N: usize>([u8; N]);

impl<const N: usize> Serialize for Base64<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Base64<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD
            .decode(text)
            .map_err(|_| de::Error::custom("expected standard base64"))?;
        let length = bytes.len();
        bytes.try_into().map(Self).map_err(|_| {
            de::Error::custom(format_args!("expected {N} bytes of base64, found {length}"))
        })
    }
}
