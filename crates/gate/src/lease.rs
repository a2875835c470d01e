//! The decrypted credential for one execution.

use countersign_domain::{Credential, CredentialType};
use countersign_scan::{LeaseMasker, SecretPart, header_secret_parts};
use countersign_vault::{Place, SecretBytes, Vault};

use crate::{
    connector::CredentialFields,
    error::{Error, ErrorKind, Result},
};

/// The version of the sealed form.
const FORM_VERSION: u32 = 1;

/// A credential's fields in the clear. Lives for one execution; its bytes are zeroised when it is dropped.
///
/// SECURITY: no `Debug`, no `Clone`, no `Serialize`; made only by the pipeline, right before the executor runs.
#[expect(missing_debug_implementations, reason = "a secret is never shown")]
pub struct CredentialLease {
    kind: CredentialType,
    fields: Vec<(String, SecretBytes)>,
}

impl CredentialLease {
    /// Decrypts a credential.
    ///
    /// # Errors
    /// `credential_unreadable` when the ciphertext was not written for this row by this vault.
    pub(crate) fn open(vault: &Vault, credential: &Credential) -> Result<Self> {
        let unreadable = || {
            let text = "the target's credential can't be decrypted: set it again with `countersign credential set`";
            Error::new(ErrorKind::Unavailable, "credential_unreadable", text)
        };
        let plain = vault
            .open(&place(credential), &credential.sealed)
            .map_err(|_| unreadable())?;
        let fields = decode(plain.expose()).ok_or_else(unreadable)?;
        Ok(Self {
            kind: credential.kind,
            fields,
        })
    }

    /// How it is put into a request.
    pub const fn kind(&self) -> CredentialType {
        self.kind
    }

    /// One field's bytes.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.expose())
    }

    /// Every field, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
    }

    /// What takes this lease's values out of a reply. A user name is no secret by itself; joined with its password it is. A value
    /// with a structure is also masked by its parts: a target may answer with the secret behind a scheme, and without the scheme.
    pub(crate) fn masker(&self) -> LeaseMasker {
        let joined = self.joined();
        let parts = self.parts();
        LeaseMasker::new(&self.secrets(joined.as_ref(), &parts))
    }

    /// Shows every secret of it once, for fingerprints.
    pub(crate) fn each_secret(&self, mut see: impl FnMut(&[u8])) {
        let joined = self.joined();
        let parts = self.parts();
        for (_, value) in self.secrets(joined.as_ref(), &parts) {
            see(value);
        }
    }

    fn joined(&self) -> Option<SecretBytes> {
        match (self.kind, self.field("username"), self.field("password")) {
            (CredentialType::Basic, Some(username), Some(password)) => {
                let mut joined = Vec::with_capacity(username.len() + 1 + password.len());
                joined.extend_from_slice(username);
                joined.push(b':');
                joined.extend_from_slice(password);
                Some(SecretBytes::from(joined))
            }
            _ => None,
        }
    }

    fn secrets<'lease>(
        &'lease self,
        joined: Option<&'lease SecretBytes>,
        parts: &'lease [SecretPart],
    ) -> Vec<(&'static str, &'lease [u8])> {
        let mut values: Vec<(&'static str, &[u8])> = Vec::with_capacity(self.fields.len() + 1);
        let is_secret = |name: &str| {
            self.kind == CredentialType::Headers
                || !matches!(name, "username" | "header" | "parameter")
        };
        values.extend(
            self.fields()
                .filter(|(name, _)| is_secret(name))
                .map(|(_, value)| ("field", value)),
        );
        if let Some(joined) = joined {
            values.push(("basic", joined.expose()));
        }
        values.extend(parts.iter().map(|part| ("part", part.as_slice())));
        values
    }

    /// The secrets inside of the values that have a structure.
    fn parts(&self) -> Vec<SecretPart> {
        match self.kind {
            CredentialType::Headers => self
                .fields()
                .flat_map(|(name, value)| header_secret_parts(name, value))
                .collect(),
            CredentialType::ApiKeyHeader => {
                let header = self
                    .field("header")
                    .and_then(|name| std::str::from_utf8(name).ok());
                self.field("key")
                    .map(|key| header_secret_parts(header.unwrap_or_default(), key))
                    .unwrap_or_default()
            }
            // The scheme, typed in front of the token by mistake.
            CredentialType::Bearer => match self.field("token") {
                Some(token) if token.contains(&b' ') => header_secret_parts("authorization", token),
                _ => Vec::new(),
            },
            CredentialType::Basic | CredentialType::ApiKeyQuery => Vec::new(),
        }
    }
}

/// Seals the fields of a credential for its row.
pub(crate) fn seal(
    vault: &Vault,
    id: &countersign_domain::CredentialId,
    fields: &CredentialFields<'_>,
) -> Vec<u8> {
    let mut plain = Vec::with_capacity(
        fields
            .iter()
            .map(|(name, value)| 8 + name.len() + value.len())
            .sum(),
    );
    for (name, value) in fields {
        for part in [name.as_bytes(), *value] {
            plain.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            plain.extend_from_slice(part);
        }
    }
    let plain = SecretBytes::from(plain);
    vault.seal(
        &Place {
            table: "credential",
            column: "sealed",
            row: id.as_bytes(),
            version: FORM_VERSION,
        },
        plain.expose(),
    )
}

fn place(credential: &Credential) -> Place<'_> {
    Place {
        table: "credential",
        column: "sealed",
        row: credential.id.as_bytes(),
        version: FORM_VERSION,
    }
}

fn decode(mut plain: &[u8]) -> Option<Vec<(String, SecretBytes)>> {
    fn part<'plain>(plain: &mut &'plain [u8]) -> Option<&'plain [u8]> {
        let (length, rest) = plain.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (value, rest) = rest.split_at_checked(length)?;
        *plain = rest;
        Some(value)
    }
    let mut fields = Vec::new();
    while !plain.is_empty() {
        let name = std::str::from_utf8(part(&mut plain)?).ok()?.to_owned();
        fields.push((name, SecretBytes::from(part(&mut plain)?.to_vec())));
    }
    Some(fields)
}
