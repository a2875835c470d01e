//! Reaching a target without an action.

use std::time::Duration;

use countersign_domain::Target;
use countersign_gate::{Error, ErrorKind, ExecutionFailure, Result};
use countersign_net::{Limits, OutboundRequest};
use http::Method;

use super::{cache::ReadyTargets, fault};

/// How long a probe may take.
const PROBE_TIME: Duration = Duration::from_secs(10);

/// Asks for the headers of the base URL, without the credential, and says what was answered.
pub(super) async fn probe(targets: &ReadyTargets, target: &Target) -> Result<String> {
    let ready = targets.get(target)?;
    let request = OutboundRequest::new(Method::HEAD, ready.base.url().clone());
    let bounds = Limits {
        first_byte: PROBE_TIME,
        total: PROBE_TIME,
        ..Limits::default()
    };
    let response = targets
        .client(&ready)
        .send(request, &bounds)
        .await
        .map_err(|error| {
            let error = fault::of_net(&error);
            let kind = match error.failure {
                ExecutionFailure::Timeout => ErrorKind::TargetTimeout,
                _ => ErrorKind::TargetFailed,
            };
            let failure = Error::new(kind, error.code, error.message);
            match error.limit {
                Some(limit) => failure.limit(limit),
                None => failure,
            }
        })?;
    Ok(format!(
        "{} answers: HEAD without credential got {}",
        ready.base.origin(),
        response.status()
    ))
}
