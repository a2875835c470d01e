//! What will be sent, for whoever approves it: built by the same code as the request itself, with a mark where the credential goes.

use bytes::Bytes;
use countersign_domain::{Credential, CredentialType, Payload};
use countersign_gate::{Preview, PreviewHeader};
use serde_json::Value;

use super::{credential::CredentialView, request, target::BaseUrl};

#[cfg(test)]
mod tests;

/// Stands for a secret wherever one would be put.
const MARK: &[u8] = b"CREDENTIAL";

/// What will be sent; `None` for an input that would not be sent at all.
pub(super) fn preview(
    base: &BaseUrl,
    input: &Value,
    credential: Option<&Credential>,
) -> Option<Preview> {
    let payload = Payload {
        input: input.clone(),
        body: Bytes::new(),
    };
    let marked =
        credential.map(|credential| CredentialView::new(credential.kind, marks(credential)));
    let built = request::build(base, payload, marked.as_ref()).ok()?;
    let headers = built.headers.iter().map(|(name, value)| PreviewHeader {
        name: name.as_str().to_owned(),
        value: (!value.is_sensitive())
            .then(|| String::from_utf8_lossy(value.as_bytes()).into_owned()),
    });
    Some(Preview {
        method: built.method.as_str().to_owned(),
        url: built.url.url().as_str().to_owned(),
        headers: headers.collect(),
        credential_parameter: credential
            .filter(|credential| credential.kind == CredentialType::ApiKeyQuery)
            .map(|credential| credential.shown_as.clone()),
    })
}

/// The fields of a credential with what is not secret of it.
fn marks(credential: &Credential) -> Vec<(&str, &[u8])> {
    let shown = credential.shown_as.as_str();
    match credential.kind {
        CredentialType::Bearer => vec![("token", MARK)],
        CredentialType::Basic => vec![("username", shown.as_bytes()), ("password", MARK)],
        CredentialType::ApiKeyHeader => vec![("header", shown.as_bytes()), ("key", MARK)],
        CredentialType::ApiKeyQuery => vec![("parameter", shown.as_bytes()), ("key", MARK)],
        CredentialType::Headers => shown.split(", ").map(|name| (name, MARK)).collect(),
    }
}
