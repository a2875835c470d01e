//! What is being carried out right now, and how to stop it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_domain::{AgentId, KeyId, KillScope, RequestId, TargetId};
use tokio_util::sync::CancellationToken;

#[derive(Debug)]
struct Execution {
    agent: AgentId,
    key: Option<KeyId>,
    target: TargetId,
    token: CancellationToken,
}

/// The executions of this process. Locks are held for a few instructions, never over an await.
#[derive(Debug, Default, Clone)]
pub(crate) struct Running(Arc<Mutex<HashMap<RequestId, Execution>>>);

impl Running {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RequestId, Execution>> {
        // A panic while the map was held can't leave it half-changed: every change is one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an execution; its token is cancelled by whatever stops it. It is forgotten when the registration is dropped.
    pub(crate) fn register(
        &self,
        request: RequestId,
        agent: AgentId,
        key: Option<KeyId>,
        target: TargetId,
    ) -> Registration {
        let token = CancellationToken::new();
        self.lock().insert(
            request,
            Execution {
                agent,
                key,
                target,
                token: token.clone(),
            },
        );
        Registration {
            running: self.clone(),
            request,
            token,
        }
    }

    /// Cancels what the kill covers; how many were.
    pub(crate) fn cancel_killed(&self, scope: KillScope) -> usize {
        self.cancel(|execution| match scope {
            KillScope::All => true,
            KillScope::Agent(agent) => execution.agent == agent,
            KillScope::Target(target) => execution.target == target,
        })
    }

    /// Cancels what runs by a key that is covered.
    pub(crate) fn cancel_keys(&self, mut covers: impl FnMut(KeyId) -> bool) -> usize {
        self.cancel(|execution| execution.key.is_some_and(&mut covers))
    }

    /// Cancels everything: shutdown.
    pub(crate) fn cancel_all(&self) -> usize {
        self.cancel(|_| true)
    }

    /// Whether a request is being carried out here.
    pub(crate) fn knows(&self, request: RequestId) -> bool {
        self.lock().contains_key(&request)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn cancel(&self, mut covers: impl FnMut(&Execution) -> bool) -> usize {
        self.lock()
            .values()
            .filter(|execution| covers(execution))
            .map(|execution| execution.token.cancel())
            .count()
    }
}

/// One registered execution.
#[derive(Debug)]
pub(crate) struct Registration {
    running: Running,
    request: RequestId,
    token: CancellationToken,
}

impl Registration {
    /// The token that stops it.
    pub(crate) fn token(&self) -> &CancellationToken {
        &self.token
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.running.lock().remove(&self.request);
    }
}
