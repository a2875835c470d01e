//! The request upstream: the payload as it was judged, plus the credential.

use bytes::Bytes;
use countersign_domain::Payload;
use countersign_gate::{ExecutionError, ExecutionFailure};
use countersign_net::{OutboundRequest, OutboundUrl};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT_ENCODING, USER_AGENT},
};
use serde_json::{Map, Value};

use super::{credential::CredentialView, headers, method, query, resolve, target::BaseUrl};

const OUR_USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("countersign/", env!("CARGO_PKG_VERSION")));
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// Builds the request. Pure.
pub(super) fn build(
    base: &BaseUrl,
    payload: Payload,
    credential: Option<&CredentialView<'_>>,
) -> Result<OutboundRequest, ExecutionError> {
    let Payload { input, body } = payload;
    let fields = resolve::fields(&input).ok_or_else(not_normal)?;
    let method = text(fields, "method")
        .and_then(|text| method::parse("method", text).ok())
        .ok_or_else(not_normal)?;
    let path = text(fields, "path").ok_or_else(not_normal)?;
    let asked = match fields.get("query") {
        Some(Value::Null) | None => None,
        Some(Value::String(query)) => Some(query.as_str()),
        Some(_) => return Err(not_normal()),
    };
    let url = match credential
        .map(CredentialView::parameter)
        .transpose()?
        .flatten()
    {
        None => join(base, path, asked)?,
        Some((name, value)) => {
            let mut query = query::without_parameter(asked.unwrap_or_default(), name);
            query::push_parameter(&mut query, name, value);
            join(base, path, Some(&query))?
        }
    };
    let mut headers = read_headers(fields.get("headers"))?;
    if !headers.contains_key(USER_AGENT) {
        headers.insert(USER_AGENT, OUR_USER_AGENT);
    }
    headers.insert(ACCEPT_ENCODING, IDENTITY);
    if let Some(credential) = credential {
        credential.inject(&mut headers)?;
    }
    Ok(request(method, url, headers, body))
}

fn request(method: Method, url: OutboundUrl, headers: HeaderMap, body: Bytes) -> OutboundRequest {
    let mut request = OutboundRequest::new(method, url);
    request.headers = headers;
    request.with_body(body)
}

/// SECURITY: what was judged must be what is sent, so a payload that the URL parser would change is not sent.
fn join(base: &BaseUrl, path: &str, query: Option<&str>) -> Result<OutboundUrl, ExecutionError> {
    let url = base.join(path, query).map_err(|_| not_normal())?;
    if base.path_below(&url) == path && url.url().query() == query {
        Ok(url)
    } else {
        Err(not_normal())
    }
}

fn read_headers(input: Option<&Value>) -> Result<HeaderMap, ExecutionError> {
    let mut headers = HeaderMap::new();
    let Some(input) = input else {
        return Ok(headers);
    };
    for (name, value) in input.as_object().ok_or_else(not_normal)? {
        if headers::is_dropped(name) {
            return Err(not_normal());
        }
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| not_normal())?;
        for value in headers::values(name, value).map_err(|_| not_normal())? {
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| not_normal())?;
            headers
                .try_append(key.clone(), value)
                .map_err(|_| not_normal())?;
        }
    }
    Ok(headers)
}

fn text<'input>(fields: &'input Map<String, Value>, name: &str) -> Option<&'input str> {
    fields.get(name).and_then(Value::as_str)
}

fn not_normal() -> ExecutionError {
    ExecutionError {
        failure: ExecutionFailure::Refused,
        code: "payload_not_normal",
        message: "the stored action is not in the form that was judged, so it was not sent: ask for it again".to_owned(),
        limit: None,
    }
}
