//! What an execution runs under: cancellation, limits, and whether anything has been sent.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use countersign_domain::TargetLimits;
use tokio_util::sync::CancellationToken;

/// The conditions of one execution. Cheap to clone: all clones share the token and the mark.
#[derive(Debug, Clone)]
pub struct ExecutionCx {
    cancellation: CancellationToken,
    sent: Arc<AtomicBool>,
    limits: TargetLimits,
    allow_private_network: bool,
}

impl ExecutionCx {
    pub(crate) fn new(
        cancellation: CancellationToken,
        limits: TargetLimits,
        allow_private_network: bool,
    ) -> Self {
        Self {
            cancellation,
            sent: Arc::new(AtomicBool::new(false)),
            limits,
            allow_private_network,
        }
    }

    /// Cancelled by a kill switch, a revoked key or shutdown. Whoever waits for the outside waits for this as well.
    pub const fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Notes that from here on the target may have seen something. Called immediately before the first byte can leave.
    pub fn mark_sent(&self) {
        self.sent.store(true, Ordering::Release);
    }

    /// Takes the mark back: the executor has proof that nothing left.
    pub fn mark_unsent(&self) {
        self.sent.store(false, Ordering::Release);
    }

    /// Whether the target may have seen something.
    pub fn is_sent(&self) -> bool {
        self.sent.load(Ordering::Acquire)
    }

    /// The bounds of this call.
    pub const fn limits(&self) -> &TargetLimits {
        &self.limits
    }

    /// Whether this target may lie on a private network.
    pub const fn allow_private_network(&self) -> bool {
        self.allow_private_network
    }
}
