//! Which headers of an agent are sent on, and in which form.

use std::borrow::Cow;

use countersign_gate::{Error, ErrorKind, Result};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// The field of an input that holds them.
const FIELD: &str = "input.headers";

/// Names that are never taken from an agent, folded.
const DROPPED: &[&str] = &[
    // How the message travels (RFC 9110 section 7.6.1, RFC 9112): ours to say.
    "alt-used",
    "connection",
    "content-length",
    "early-data",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    // The reply comes whole and plain, so that what must be masked in it can be found.
    "a-im",
    "accept-encoding",
    "if-range",
    "range",
    "want-content-digest",
    "want-digest",
    "want-repr-digest",
    // Another method or URL than the one that was judged.
    "base-url",
    "http-method-override",
    "method-override",
    "x-base-url",
    "x-host",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-method",
    "x-method-override",
    "x-override-url",
    "x-rewrite-url",
    // Who asks, by the word of a proxy.
    "cf-connecting-ip",
    "fastly-client-ip",
    "forwarded",
    "remote-user",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-real-ip",
    "x-remote-user",
    // The gateway's own.
    "agent-key",
];

/// Beginnings of such names.
const DROPPED_PREFIXES: &[&str] = &[
    "proxy",
    "sec-websocket-",
    "ssl-client-",
    "x-client-cert",
    "x-envoy-",
    "x-forwarded",
    "x-original-",
    "x-ssl-",
];

/// Words that make a name one of a credential.
const CREDENTIAL_WORDS: &[&str] = &[
    "accesskey",
    "accesstoken",
    "auth",
    "authentication",
    "authorisation",
    "authorization",
    "authtoken",
    "bearer",
    "cookie",
    "cookie2",
    "credential",
    "credentials",
    "jwt",
    "passwd",
    "password",
    "secret",
];

/// Words in front of `key` or `token` that make it harmless.
const HARMLESS_BEFORE: &[&str] = &[
    "cache",
    "continuation",
    "dedup",
    "deduplication",
    "idempotency",
    "next",
    "page",
    "partition",
    "routing",
    "sync",
];

/// A name as the most lenient server reads it: lower case, and everything that is not a letter or digit a dash, because CGI and its heirs
/// read `X_Api_Key` as `X-Api-Key`.
pub(super) fn fold(name: &str) -> Cow<'_, str> {
    if name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    {
        return Cow::Borrowed(name);
    }
    let folded = name.chars().map(|character| {
        if character.is_ascii_alphanumeric() {
            character.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    Cow::Owned(folded.collect())
}

/// Whether a header is never taken from an agent.
pub(super) fn is_dropped(name: &str) -> bool {
    let folded = fold(name);
    DROPPED.contains(&folded.as_ref())
        || DROPPED_PREFIXES
            .iter()
            .any(|prefix| folded.starts_with(prefix))
        || names_a_credential(&folded)
}

fn names_a_credential(folded: &str) -> bool {
    if folded.contains("apikey") {
        return true;
    }
    let mut before = "";
    for word in folded.split('-') {
        if CREDENTIAL_WORDS.contains(&word)
            || (matches!(word, "key" | "token") && !HARMLESS_BEFORE.contains(&before))
        {
            return true;
        }
        before = word;
    }
    false
}

/// Whether a header belongs to the transport, so that not even an operator's credential may set it.
pub(super) fn is_of_transport(name: &str) -> bool {
    matches!(
        fold(name).as_ref(),
        "accept-encoding"
            | "connection"
            | "content-encoding"
            | "content-length"
            | "expect"
            | "host"
            | "http2-settings"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Text of a client, short enough to stand in the path of a field.
pub(super) fn shortened(text: &str) -> String {
    text.chars()
        .take(64)
        .flat_map(char::escape_default)
        .collect()
}

/// Drops what an agent may not send and brings the rest into one form: lower-case names, trimmed values.
pub(super) fn normalise(input: &Value, limit_bytes: u32) -> Result<Map<String, Value>> {
    let headers = match input {
        Value::Null => return Ok(Map::new()),
        Value::Object(headers) => headers,
        _ => {
            return Err(Error::invalid(
                FIELD,
                "headers must be an object of names and strings",
            ));
        }
    };
    let mut used_bytes = 0_u64;
    let mut nominated = Vec::new();
    for (name, value) in headers {
        for value in values(name, value)? {
            // `name: value\r\n`
            used_bytes += (name.len() + value.len() + 4) as u64;
            if name.eq_ignore_ascii_case("connection") {
                nominated.extend(
                    value
                        .split(',')
                        .map(|option| option.trim().to_ascii_lowercase()),
                );
            }
        }
    }
    if used_bytes > u64::from(limit_bytes) {
        let message =
            format!("the headers are longer than {limit_bytes} bytes (limit header_bytes)");
        return Err(
            Error::new(ErrorKind::TooLarge, "request_too_large", message).limit("header_bytes"),
        );
    }
    let mut normal = Map::new();
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        if HeaderName::from_bytes(lower.as_bytes()).is_err() {
            return Err(Error::invalid(
                field(name),
                "this is not a header name: it has 1 or more of A-Z a-z 0-9 and !#$%&'*+-.^_`|~",
            ));
        }
        if lower == "content-encoding" && !is_identity(name, value)? {
            let message =
                "a compressed body can't be judged: send it uncompressed, without content-encoding";
            return Err(Error::invalid(field(name), message));
        }
        if fold(&lower) == "content-encoding" || is_dropped(&lower) || nominated.contains(&lower) {
            continue;
        }
        let mut checked = Vec::with_capacity(1);
        for value in values(name, value)? {
            let value = value.trim_matches([' ', '\t']);
            if HeaderValue::from_bytes(value.as_bytes()).is_err() {
                return Err(Error::invalid(
                    field(name),
                    "a header value has no line break, NUL or other control character",
                ));
            }
            checked.push(Value::String(value.to_owned()));
        }
        if lower == "content-type" && checked.len() > 1 {
            return Err(Error::invalid(field(name), "there is one content-type"));
        }
        let value = match checked.pop() {
            None => continue,
            Some(only) if checked.is_empty() => only,
            Some(last) => {
                checked.push(last);
                Value::Array(checked)
            }
        };
        if normal.insert(lower, value).is_some() {
            return Err(Error::invalid(
                field(name),
                "this header is given twice, in different case: give it once, with a list for several values",
            ));
        }
    }
    // One spelling per name: of `content-type` and `content_type` servers choose differently.
    let mut folded: Vec<Cow<'_, str>> = normal.keys().map(|name| fold(name)).collect();
    folded.sort_unstable();
    if folded.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::invalid(
            FIELD,
            "two header names differ by their separators only: servers may take them for one",
        ));
    }
    Ok(normal)
}

fn is_identity(name: &str, value: &Value) -> Result<bool> {
    Ok(values(name, value)?
        .all(|value| matches!(value.trim().to_ascii_lowercase().as_str(), "" | "identity")))
}

fn field(name: &str) -> String {
    format!("{FIELD}.{}", shortened(name))
}

/// The values of one header: a string, or a list of strings.
pub(super) fn values<'value>(
    name: &str,
    value: &'value Value,
) -> Result<impl Iterator<Item = &'value str> + use<'value>> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    if list.iter().any(|value| !value.is_string()) {
        return Err(Error::invalid(
            field(name),
            "a header value must be a string or a list of strings",
        ));
    }
    Ok(list.iter().filter_map(Value::as_str))
}
