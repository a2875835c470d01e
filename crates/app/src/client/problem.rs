//! Reading a reply: its value, or the failure that its problem document describes, with the exit code that its status stands for.

use countersign_net::LocalResponse;
use serde_json::Value;

use crate::failure::{Exit, Failure, Result};

#[cfg(test)]
mod tests;

/// The value of a successful reply; `null` for one without a body.
pub(crate) fn read(response: &LocalResponse) -> Result<Value> {
    if response.status.is_success() {
        if response.body.is_empty() {
            return Ok(Value::Null);
        }
        return response.json().map_err(|error| {
            Failure::unreachable(
                "unexpected",
                format!("the gateway's reply is not JSON: {error}"),
            )
            .next("check that COUNTERSIGN_URL names a gateway")
        });
    }
    let problem: Value = response.json().unwrap_or(Value::Null);
    let text = |name: &str| problem.get(name).and_then(Value::as_str);
    let code = text("code").unwrap_or("unexpected");
    let status = response.status.as_u16();
    let mut message = text("detail")
        .or_else(|| text("title"))
        .or_else(|| text("error"))
        .map_or_else(
            || format!("the gateway answered with status {status}"),
            str::to_owned,
        );
    // Where in a document that this program wrote is nothing to a person.
    if let Some(end) = message.rfind(" at line ") {
        message.truncate(end);
    }
    if let Some(field) = text("field").filter(|field| !message.contains(field)) {
        message = format!("{field}: {message}");
    }
    let mut failure = Failure {
        exit: exit(status, code),
        code: code.to_owned(),
        message,
        next: None,
        is_silent: false,
    };
    if let Some(seconds) = response
        .headers
        .get(http::header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
    {
        failure = failure.next(format!("try again in {seconds} s"));
    }
    Err(failure)
}

fn exit(status: u16, code: &str) -> Exit {
    match (status, code) {
        (_, "denied" | "killed" | "revoked") => Exit::Refused,
        (_, "locked_out") | (401 | 403, _) => Exit::Unauthorised,
        (409 | 410 | 423, _) => Exit::State,
        (429 | 500.., _) => Exit::Unreachable,
        _ => Exit::Usage,
    }
}
