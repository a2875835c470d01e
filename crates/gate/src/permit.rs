//! The single-use right to execute.

use std::sync::Arc;

use countersign_domain::{Payload, Profile, RequestId, Target};

/// The right to carry out one action once.
///
/// INVARIANT: only the pipeline makes one (the constructor is private to this crate), after the intent is on disk where the
/// durability class wants that; there is no `Clone`; an executor consumes it. So there is no second path to execute anything.
#[derive(Debug)]
pub struct ExecutionPermit {
    request: RequestId,
    target: Arc<Target>,
    profile: Arc<Profile>,
    payload: Payload,
}

impl ExecutionPermit {
    pub(crate) fn new(
        request: RequestId,
        target: Arc<Target>,
        profile: Arc<Profile>,
        payload: Payload,
    ) -> Self {
        Self {
            request,
            target,
            profile,
            payload,
        }
    }

    /// The request that was permitted.
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// The target to act on.
    pub fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// The profile to act under.
    pub fn profile(&self) -> &Arc<Profile> {
        &self.profile
    }

    /// Exactly what to do.
    pub const fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Exactly what to do, taken out.
    pub fn into_payload(self) -> Payload {
        self.payload
    }
}
