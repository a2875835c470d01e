//! Credentials: which fields they have, and how they are put into a request.

use base64::{Engine, prelude::BASE64_STANDARD};
use countersign_domain::CredentialType;
use countersign_gate::{
    CredentialFields, CredentialLease, Error, ExecutionError, ExecutionFailure, Result,
};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

use super::headers::{fold, is_of_transport, shortened};

#[cfg(test)]
mod tests;

/// The longest value of one field in bytes.
const VALUE_LIMIT_BYTES: usize = 16 << 10;

/// Checks a credential before it is sealed. Answers the names in it that are no secret.
pub(super) fn check(kind: CredentialType, fields: &CredentialFields<'_>) -> Result<String> {
    match kind {
        CredentialType::Bearer => {
            exactly(fields, &["token"])?;
            visible(fields, "token")?;
            Ok("Authorization".to_owned())
        }
        CredentialType::Basic => {
            exactly(fields, &["username", "password"])?;
            let username = text(fields, "username")?;
            if username.contains(':') {
                return Err(Error::invalid(
                    "fields.username",
                    "a user name has no colon (RFC 7617)",
                ));
            }
            text(fields, "password")?;
            Ok(username.to_owned())
        }
        CredentialType::ApiKeyHeader => {
            exactly(fields, &["header", "key"])?;
            let header = text(fields, "header")?;
            check_header_name("fields.header", header)?;
            header_value(fields, "key")?;
            Ok(header.to_owned())
        }
        CredentialType::ApiKeyQuery => {
            exactly(fields, &["parameter", "key"])?;
            let parameter = text(fields, "parameter")?;
            text(fields, "key")?;
            Ok(parameter.to_owned())
        }
        CredentialType::Headers => {
            if fields.is_empty() {
                return Err(Error::invalid(
                    "fields",
                    "give at least one header and its value",
                ));
            }
            let mut seen = Vec::with_capacity(fields.len());
            for name in fields.keys() {
                let field = format!("fields.{}", shortened(name));
                check_header_name(&field, name)?;
                header_value(fields, name)?;
                let folded = fold(name);
                if seen.contains(&folded) {
                    return Err(Error::invalid(
                        field,
                        "this header is given twice, in another spelling",
                    ));
                }
                seen.push(folded);
            }
            Ok(fields.keys().copied().collect::<Vec<_>>().join(", "))
        }
    }
}

fn exactly(fields: &CredentialFields<'_>, names: &[&str]) -> Result<()> {
    if let Some(unknown) = fields.keys().find(|name| !names.contains(name)) {
        let message = format!(
            "this type of credential has no such field: it has {}",
            names.join(" and ")
        );
        return Err(Error::invalid(
            format!("fields.{}", shortened(unknown)),
            message,
        ));
    }
    match names.iter().find(|name| !fields.contains_key(*name)) {
        Some(missing) => Err(Error::invalid(
            format!("fields.{missing}"),
            "this field is missing",
        )),
        None => Ok(()),
    }
}

fn check_header_name(field: &str, name: &str) -> Result<()> {
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(Error::invalid(
            field.to_owned(),
            "this is not a header name",
        ));
    }
    if is_of_transport(name) {
        return Err(Error::invalid(
            field.to_owned(),
            "this header belongs to the transport and can't hold a credential",
        ));
    }
    Ok(())
}

fn bytes<'a>(fields: &CredentialFields<'a>, name: &str) -> Result<&'a [u8]> {
    let invalid = |message: String| Error::invalid(format!("fields.{}", shortened(name)), message);
    let value = fields.get(name).copied().unwrap_or_default();
    match value {
        [] => Err(invalid("this field is empty".to_owned())),
        value if value.len() > VALUE_LIMIT_BYTES => Err(invalid(format!(
            "this field is longer than {VALUE_LIMIT_BYTES} bytes"
        ))),
        [first, ..] | [.., first] if first.is_ascii_whitespace() => {
            Err(invalid("this field begins with white space".to_owned()))
        }
        [.., last] if last.is_ascii_whitespace() => Err(invalid(
            "this field ends with white space or a line break".to_owned(),
        )),
        value => Ok(value),
    }
}

fn text<'a>(fields: &CredentialFields<'a>, name: &str) -> Result<&'a str> {
    let invalid = |message| Error::invalid(format!("fields.{}", shortened(name)), message);
    let value = std::str::from_utf8(bytes(fields, name)?)
        .map_err(|_| invalid("this field is not UTF-8"))?;
    if value.chars().any(char::is_control) {
        return Err(invalid("this field has a control character"));
    }
    Ok(value)
}

fn visible(fields: &CredentialFields<'_>, name: &str) -> Result<()> {
    if bytes(fields, name)?.iter().all(u8::is_ascii_graphic) {
        return Ok(());
    }
    Err(Error::invalid(
        format!("fields.{name}"),
        "this field has only visible ASCII characters and no spaces",
    ))
}

fn header_value(fields: &CredentialFields<'_>, name: &str) -> Result<()> {
    match HeaderValue::from_bytes(bytes(fields, name)?) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::invalid(
            format!("fields.{}", shortened(name)),
            "this field has a line break or control character",
        )),
    }
}

/// A credential's fields for one request, borrowed from its lease.
pub(super) struct CredentialView<'lease> {
    kind: CredentialType,
    fields: Vec<(&'lease str, &'lease [u8])>,
}

impl<'lease> CredentialView<'lease> {
    /// Fields of a type.
    pub(super) fn new(
        kind: CredentialType,
        fields: impl IntoIterator<Item = (&'lease str, &'lease [u8])>,
    ) -> Self {
        Self {
            kind,
            fields: fields.into_iter().collect(),
        }
    }

    /// The fields of a lease.
    pub(super) fn of(lease: &'lease CredentialLease) -> Self {
        Self::new(lease.kind(), lease.fields())
    }

    /// The name and value of the query parameter that it is, if it is one.
    pub(super) fn parameter(&self) -> Result<Option<(&'lease str, &'lease [u8])>, ExecutionError> {
        if self.kind != CredentialType::ApiKeyQuery {
            return Ok(None);
        }
        Ok(Some((self.name("parameter")?, self.field("key")?)))
    }

    /// Puts it into the headers, instead of whatever stands there under a name that some server could take for it.
    pub(super) fn inject(&self, headers: &mut HeaderMap) -> Result<(), ExecutionError> {
        match self.kind {
            CredentialType::Bearer => {
                let value = [b"Bearer ", self.field("token")?].concat();
                replace(headers, AUTHORIZATION, &value)
            }
            CredentialType::Basic => {
                let pair = [self.field("username")?, b":", self.field("password")?].concat();
                let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
                replace(headers, AUTHORIZATION, value.as_bytes())
            }
            CredentialType::ApiKeyHeader => replace(
                headers,
                header_name(self.name("header")?)?,
                self.field("key")?,
            ),
            CredentialType::ApiKeyQuery => Ok(()),
            CredentialType::Headers => self
                .fields
                .iter()
                .try_for_each(|(name, value)| replace(headers, header_name(name)?, value)),
        }
    }

    fn field(&self, name: &str) -> Result<&'lease [u8], ExecutionError> {
        self.fields
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, value)| *value)
            .ok_or_else(unusable)
    }

    fn name(&self, field: &str) -> Result<&'lease str, ExecutionError> {
        std::str::from_utf8(self.field(field)?).map_err(|_| unusable())
    }
}

fn header_name(name: &str) -> Result<HeaderName, ExecutionError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())
}

fn replace(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) -> Result<(), ExecutionError> {
    let folded = fold(name.as_str());
    let alike: Vec<HeaderName> = headers
        .keys()
        .filter(|other| fold(other.as_str()) == folded)
        .cloned()
        .collect();
    for other in alike {
        headers.remove(other);
    }
    let mut value = HeaderValue::from_bytes(value).map_err(|_| unusable())?;
    // Keeps it out of HPACK's table and of debug output.
    value.set_sensitive(true);
    headers.try_insert(name, value).map_err(|_| unusable())?;
    Ok(())
}

fn unusable() -> ExecutionError {
    ExecutionError {
        failure: ExecutionFailure::Refused,
        code: "credential_unusable",
        message: "the target's credential does not fit its type: set it again with `countersign credential set`".to_owned(),
        limit: None,
    }
}
