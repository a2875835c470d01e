//! From what an agent sent to what is judged and runs.

use countersign_domain::{
    DurabilityClass, Effect, Profile, Risk, RiskScore, Target, UNREADABLE, path_segments,
    split_route,
};
use countersign_gate::{Error, ErrorKind, RawAction, ResolvedAction, Result};
use http::Method;
use serde_json::{Map, Value};

use super::{
    body::{self, BodyFacts},
    headers, method, query,
    target::BaseUrl,
};

#[cfg(test)]
mod tests;

/// Parameters and form fields by which frameworks run another method than the one of the request line.
const METHOD_PARAMETERS: [&str; 3] = ["_method", "x-http-method-override", "$httpmethod"];

/// Understands an action.
pub(super) fn resolve(
    base: &BaseUrl,
    target: &Target,
    profile: &Profile,
    raw: RawAction<'_>,
) -> Result<ResolvedAction> {
    refuse_limits(profile)?;
    let (method, path) = split_route(raw.action).ok_or_else(|| {
        Error::invalid(
            "action",
            "an http action is a method and a path, as in GET /charges",
        )
    })?;
    let method = method::parse("action", method)?;
    path_segments(path).map_err(|fault| Error::invalid("action", fault.to_string()))?;
    if path.contains(['?', '#']) {
        return Err(Error::invalid(
            "action",
            "an action is a path without query and fragment: the query goes into input.query",
        ));
    }
    let (query, headers) = read_input(raw.input)?;
    let query = query::read(query)?;
    let headers = headers::normalise(headers, target.limits.header_bytes)?;
    if raw.body.len() as u64 > target.limits.request_bytes {
        let message = format!(
            "the body is longer than {} bytes (limit request_bytes)",
            target.limits.request_bytes
        );
        return Err(
            Error::new(ErrorKind::TooLarge, "request_too_large", message).limit("request_bytes"),
        );
    }
    let content_type = headers.get("content-type").and_then(Value::as_str);
    refuse_method_override(query.as_deref(), content_type, raw.body)?;
    let body = body::read(content_type, raw.body)?;

    let (path, query) = normal_target(base, path, query.as_deref())?;
    let segments =
        path_segments(&path).map_err(|fault| Error::invalid("action", fault.to_string()))?;
    let segments = segments
        .into_iter()
        .map(|segment| Value::String(segment.into_owned()))
        .collect();
    let effect = method::effect(&method);
    let name = format!("{method} {path}");
    let risk = risk(&method, &body);
    let body_kind = body.as_str();
    let (body, unreadable) = match body {
        BodyFacts::Empty => (Value::Null, Vec::new()),
        BodyFacts::Json(value) => (value, Vec::new()),
        BodyFacts::Form(form) => (form.fields, form.unreadable),
        BodyFacts::Opaque | BodyFacts::Unreadable | BodyFacts::TooLong => {
            (Value::Null, vec!["body".to_owned()])
        }
    };
    let mut facts = object([
        ("body_bytes", raw.body.len().into()),
        ("body_kind", body_kind.into()),
        ("body", body),
        ("headers", Value::Object(headers.clone())),
        ("method", method.as_str().into()),
        ("path", path.as_str().into()),
        ("query", Value::Object(query::facts(query.as_deref()))),
        ("segments", Value::Array(segments)),
    ]);
    if !unreadable.is_empty() {
        facts[UNREADABLE] = unreadable.into();
    }
    let input = object([
        ("headers", Value::Object(headers)),
        ("method", method.as_str().into()),
        ("path", path.into()),
        ("query", query.map_or(Value::Null, Value::String)),
    ]);
    Ok(ResolvedAction {
        name,
        effect,
        durability: DurabilityClass::of(effect),
        input,
        facts,
        context: Value::Null,
        risk,
    })
}

fn object<const COUNT: usize>(fields: [(&str, Value); COUNT]) -> Value {
    Value::Object(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// SECURITY: a limit that this connector does not know would be one that nobody keeps.
fn refuse_limits(profile: &Profile) -> Result<()> {
    match &profile.limits {
        Value::Null => Ok(()),
        Value::Object(limits) if limits.is_empty() => Ok(()),
        _ => Err(Error::invalid(
            "profile.limits",
            "a profile of an http target has no limits: bound it by grants and rules",
        )),
    }
}

/// The query and the headers of an input, which has nothing else.
fn read_input(input: &Value) -> Result<(&Value, &Value)> {
    let fields = match input {
        Value::Null => return Ok((&Value::Null, &Value::Null)),
        Value::Object(fields) => fields,
        _ => {
            return Err(Error::invalid(
                "input",
                "the input must be an object with query and headers",
            ));
        }
    };
    if let Some(unknown) = fields
        .keys()
        .find(|key| !matches!(key.as_str(), "query" | "headers"))
    {
        let field = format!("input.{}", headers::shortened(unknown));
        return Err(Error::invalid(
            field,
            "the input of an http action has query and headers only",
        ));
    }
    Ok((
        fields.get("query").unwrap_or(&Value::Null),
        fields.get("headers").unwrap_or(&Value::Null),
    ))
}

/// The path and query as the URL parser writes them.
fn normal_target(
    base: &BaseUrl,
    path: &str,
    query: Option<&str>,
) -> Result<(String, Option<String>)> {
    if is_plain_path(path) && query.is_none_or(is_plain_query) {
        return Ok((path.to_owned(), query.map(str::to_owned)));
    }
    let joined = base
        .join(path, query)
        .map_err(|refusal| Error::invalid("action", refusal.to_string()))?;
    let path = base.path_below(&joined);
    Ok((path.to_owned(), joined.url().query().map(str::to_owned)))
}

/// Whether a path that passed [`path_segments`] is its own normal form: most are, and need no second parse.
pub(super) fn is_plain_path(path: &str) -> bool {
    path.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'/' | b'-' | b'_' | b'.' | b'~' | b':' | b'@' | b',' | b'+' | b'='
            )
    })
}

/// Whether a query is its own normal form.
pub(super) fn is_plain_query(query: &str) -> bool {
    query.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'_'
                    | b'.'
                    | b'~'
                    | b':'
                    | b'@'
                    | b','
                    | b'+'
                    | b'='
                    | b'&'
                    | b'%'
                    | b'/'
                    | b'['
                    | b']'
            )
    })
}

/// Refuses a request that would run as another method than the one that is judged.
fn refuse_method_override(
    query: Option<&str>,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<()> {
    let message = "a parameter that overrides the method is refused: ask for the method itself";
    if let Some(query) = query
        && METHOD_PARAMETERS
            .iter()
            .any(|name| query::has_parameter(query, name))
    {
        return Err(Error::invalid("input.query", message));
    }
    let essence = body::essence(content_type);
    // Some servers take a body without a type for a form.
    let overrides = if essence.is_empty() || essence == body::FORM_TYPE {
        query::has_parameter(&String::from_utf8_lossy(body), "_method")
    } else if essence.starts_with("multipart/") {
        body.windows(b"name=\"_method\"".len())
            .any(|window| window.eq_ignore_ascii_case(b"name=\"_method\""))
            || body
                .windows(b"name=_method".len())
                .any(|window| window.eq_ignore_ascii_case(b"name=_method"))
    } else {
        false
    };
    if overrides {
        Err(Error::invalid("body", message))
    } else {
        Ok(())
    }
}

/// The floor of the method; a body that rules can't look into has the highest.
fn risk(method: &Method, body: &BodyFacts) -> Risk {
    let mut risk = method::risk(method);
    let reason = match body {
        BodyFacts::TooLong => format!(
            "the body is JSON or a form of over {} bytes: rules can't look into it",
            body::JUDGED_BYTES
        ),
        BodyFacts::Unreadable => {
            "the body looks like JSON or a form that servers may read differently: rules can't look into it"
                .to_owned()
        }
        BodyFacts::Opaque if method::effect(method) != Effect::Read => {
            "the body is neither JSON nor a form: rules can't look into it".to_owned()
        }
        BodyFacts::Empty | BodyFacts::Json(_) | BodyFacts::Form(_) | BodyFacts::Opaque => {
            return risk;
        }
    };
    risk.floor = RiskScore::MAXIMAL;
    risk.score = RiskScore::MAXIMAL;
    risk.reasons.push(reason);
    risk
}

/// Input fields of a resolved action, for its executor.
pub(super) fn fields(input: &Value) -> Option<&Map<String, Value>> {
    input.as_object()
}
