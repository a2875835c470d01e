//! Carrying one permitted action out.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use countersign_domain::{Payload, Target, TargetLimits};
use countersign_gate::{
    CredentialLease, ExecutionCx, ExecutionError, ExecutionFailure, ExecutionPermit,
    ExecutionReply, Executor,
};
use countersign_net::{Delivery, Limits};
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::{
    cache::ReadyTargets,
    credential::CredentialView,
    decode::Decoder,
    fault,
    reply::{self, ReplyBody},
    request,
};

#[cfg(test)]
mod tests;

/// Sends what was permitted and hands back what was answered.
#[derive(Debug)]
pub(super) struct HttpExecutor {
    targets: Arc<ReadyTargets>,
}

/// Where it is noted whether the target may have seen something.
pub(super) trait SentMark: Sync {
    /// From here on it may have.
    fn mark_sent(&self);
    /// There is proof that it has not.
    fn mark_unsent(&self);
}

impl SentMark for ExecutionCx {
    fn mark_sent(&self) {
        Self::mark_sent(self);
    }

    fn mark_unsent(&self) {
        Self::mark_unsent(self);
    }
}

/// What one call runs under.
#[derive(Clone, Copy)]
pub(super) struct Conditions<'call> {
    pub(super) cancellation: &'call CancellationToken,
    pub(super) limits: &'call TargetLimits,
    pub(super) sent: &'call dyn SentMark,
}

#[async_trait]
impl Executor for HttpExecutor {
    async fn execute(
        &self,
        permit: ExecutionPermit,
        lease: Option<CredentialLease>,
        cx: &ExecutionCx,
    ) -> Result<ExecutionReply, ExecutionError> {
        let target = Arc::clone(permit.target());
        if target.allow_private_network && !cx.allow_private_network() {
            return Err(refused(
                "stale_target",
                "the target's network permission changed: ask again".to_owned(),
            ));
        }
        let conditions = Conditions {
            cancellation: cx.cancellation(),
            limits: cx.limits(),
            sent: cx,
        };
        let credential = lease.as_ref().map(CredentialView::of);
        self.carry_out(
            &target,
            permit.into_payload(),
            credential.as_ref(),
            conditions,
        )
        .await
    }
}

impl HttpExecutor {
    pub(super) fn new(targets: Arc<ReadyTargets>) -> Self {
        Self { targets }
    }

    /// The execution itself.
    ///
    /// SECURITY: private to the connector, so that only a permit leads here.
    pub(super) async fn carry_out(
        &self,
        target: &Target,
        payload: Payload,
        credential: Option<&CredentialView<'_>>,
        conditions: Conditions<'_>,
    ) -> Result<ExecutionReply, ExecutionError> {
        let Conditions {
            cancellation,
            limits,
            sent,
        } = conditions;
        let ready = self
            .targets
            .get(target)
            .map_err(|error| refused("bad_target", error.message.into_owned()))?;
        let request = request::build(&ready.base, payload, credential)?;
        let client = self.targets.client(&ready);
        let bounds = bounds(limits);
        if cancellation.is_cancelled() {
            return Err(fault::cancelled());
        }
        sent.mark_sent();
        let outcome = tokio::select! {
            biased;
            // The request's future is dropped with its connection.
            () = cancellation.cancelled() => return Err(fault::cancelled()),
            outcome = client.send(request, &bounds) => outcome,
        };
        let response = outcome.map_err(|error| {
            if error.delivery() == Delivery::NotSent {
                sent.mark_unsent();
            }
            fault::of_net(&error)
        })?;
        let (parts, body) = response.into_parts();
        let mut headers = parts.headers;
        let decoder = Decoder::of(&headers, limits.response_bytes)?;
        reply::clean(&mut headers);
        let body = ReplyBody::new(body, decoder, cancellation.clone()).boxed();
        Ok(ExecutionReply {
            status: parts.status.as_u16(),
            headers,
            body,
        })
    }
}

fn bounds(limits: &TargetLimits) -> Limits {
    Limits {
        first_byte: Duration::from_millis(limits.first_byte_millis),
        total: Duration::from_millis(limits.total_millis),
        request_bytes: limits.request_bytes,
        response_bytes: limits.response_bytes,
        header_bytes: usize::try_from(limits.header_bytes).unwrap_or(usize::MAX),
    }
}

fn refused(code: &'static str, message: String) -> ExecutionError {
    ExecutionError {
        failure: ExecutionFailure::Refused,
        code,
        message,
        limit: None,
    }
}
