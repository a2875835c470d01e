//! A connector whose target does what a test says: the pipeline's counterpart where a real upstream would only add noise.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use countersign_domain::{
    CredentialType, DurabilityClass, Effect, Profile, Risk, Target, method_floor, split_route,
};
use countersign_gate::{
    Connector, ConnectorDescriptor, CredentialFields, CredentialLease, Error, ExecutionCx,
    ExecutionError, ExecutionFailure, ExecutionPermit, ExecutionReply, Executor, Located,
    RawAction, ResolvedAction, Result,
};
use futures::{StreamExt, stream};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

/// What the target does with one call.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers with this status and these pieces of body.
    Reply(u16, Vec<Bytes>),
    /// Sends back every field of the credential, in the body (in pieces of this many bytes) and in a header.
    EchoCredential(usize),
    /// Breaks before anything is sent.
    FailUnsent,
    /// Breaks after the request may have arrived.
    FailSent,
    /// Never answers; nothing is sent.
    HangUnsent,
    /// Never answers; the request may have arrived.
    HangSent,
    /// Answers after this long.
    Slow(Duration),
    /// Sends this much of a body, then nothing more.
    HangInBody(u16, Bytes),
    /// Sends pieces of a body with a pause before each, then nothing more.
    Trickle(u16, Vec<Bytes>, Duration),
    /// Sends this much of a body, then breaks.
    BreakInBody(u16, Bytes),
}

/// A scripted connector. Clones share the script and the counters.
#[derive(Debug, Clone)]
pub(crate) struct Fake {
    descriptor: Arc<ConnectorDescriptor>,
    script: Arc<Mutex<VecDeque<Act>>>,
    calls: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<(String, Bytes)>>>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        let descriptor = ConnectorDescriptor {
            name: "fake",
            summary: "a scripted target",
            target_schema: json!({ "type": "object" }),
            profile_schema: json!({ "type": "object" }),
            credential_types: vec![
                CredentialType::Bearer,
                CredentialType::Basic,
                CredentialType::Headers,
            ],
            actions: vec![],
        };
        Self {
            descriptor: Arc::new(descriptor),
            script: Arc::default(),
            calls: Arc::default(),
            seen: Arc::default(),
        }
    }

    /// What the next calls do, in order; after the last, everything answers 200 with `ok`.
    pub(crate) fn then(&self, act: Act) -> &Self {
        self.script.lock().unwrap().push_back(act);
        self
    }

    /// How often the executor was called.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// The actions and bodies that arrived.
    pub(crate) fn seen(&self) -> Vec<(String, Bytes)> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait]
impl Connector for Fake {
    fn descriptor(&self) -> &ConnectorDescriptor {
        &self.descriptor
    }

    fn check_target(&self, config: &Value, _: bool) -> Result<Value> {
        Ok(config.clone())
    }

    fn check_credential(&self, kind: CredentialType, _: &CredentialFields<'_>) -> Result<String> {
        Ok(kind.as_str().to_owned())
    }

    fn locate(&self, target: &Target, method: &str, url: &str) -> Result<Option<Located>> {
        let base = target
            .config
            .get("base_url")
            .and_then(Value::as_str)
            .unwrap_or("fake://nowhere");
        let Some(path) = url.strip_prefix(base) else {
            return Ok(None);
        };
        Ok(Some(Located {
            action: format!("{method} {path}"),
            query: None,
            base_bytes: base.len(),
        }))
    }

    fn resolve(&self, _: &Target, _: &Profile, raw: RawAction<'_>) -> Result<ResolvedAction> {
        let (method, path) =
            split_route(raw.action).ok_or_else(|| Error::invalid("action", "METHOD /path"))?;
        let effect = match method {
            "GET" => Effect::Read,
            "DELETE" => Effect::Destructive,
            _ => Effect::Write,
        };
        let body: Value = serde_json::from_slice(raw.body).unwrap_or(Value::Null);
        Ok(ResolvedAction {
            name: raw.action.to_owned(),
            effect,
            durability: DurabilityClass::of(effect),
            input: json!({ "method": method, "path": path }),
            facts: json!({ "method": method, "path": path, "body": body }),
            context: serde_json::Value::Null,
            risk: Risk::floor(method_floor(method), method),
        })
    }

    async fn probe(&self, _: &Target) -> Result<String> {
        Ok("reached".to_owned())
    }

    fn executor(&self) -> Arc<dyn Executor> {
        Arc::new(self.clone())
    }
}

fn reply(
    status: u16,
    body: impl futures::Stream<Item = Result<Bytes, ExecutionError>> + Send + 'static,
) -> ExecutionReply {
    ExecutionReply {
        status,
        headers: HeaderMap::new(),
        body: body.boxed(),
    }
}

fn broken(failure: ExecutionFailure, code: &'static str) -> ExecutionError {
    ExecutionError {
        failure,
        code,
        message: code.to_owned(),
        limit: None,
    }
}

#[async_trait]
impl Executor for Fake {
    async fn execute(
        &self,
        permit: ExecutionPermit,
        lease: Option<CredentialLease>,
        cx: &ExecutionCx,
    ) -> Result<ExecutionReply, ExecutionError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let payload = permit.into_payload();
        let field = |name: &str| {
            payload
                .input
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        self.seen.lock().unwrap().push((
            format!("{} {}", field("method"), field("path")),
            payload.body.clone(),
        ));
        let act = self
            .script
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Act::Reply(200, vec![Bytes::from_static(b"ok")]));
        match act {
            Act::Reply(status, pieces) => {
                cx.mark_sent();
                Ok(reply(status, stream::iter(pieces.into_iter().map(Ok))))
            }
            Act::EchoCredential(size) => {
                cx.mark_sent();
                let mut text = b"you sent: ".to_vec();
                let mut headers = HeaderMap::new();
                for (_, value) in lease.iter().flat_map(CredentialLease::fields) {
                    text.extend_from_slice(value);
                    text.extend_from_slice(b" | ");
                    if let Ok(value) = HeaderValue::from_bytes(value) {
                        headers.append("x-echo", value);
                    }
                }
                let pieces: Vec<_> = text
                    .chunks(size)
                    .map(|piece| Ok(Bytes::copy_from_slice(piece)))
                    .collect();
                Ok(ExecutionReply {
                    headers,
                    ..reply(200, stream::iter(pieces))
                })
            }
            Act::FailUnsent => Err(broken(ExecutionFailure::Unreachable, "connect_failed")),
            Act::FailSent => {
                cx.mark_sent();
                Err(broken(ExecutionFailure::Unreachable, "connection_lost"))
            }
            Act::HangUnsent => std::future::pending().await,
            Act::HangSent => {
                cx.mark_sent();
                std::future::pending().await
            }
            Act::Slow(wait) => {
                cx.mark_sent();
                tokio::time::sleep(wait).await;
                Ok(reply(200, stream::iter([Ok(Bytes::from_static(b"slow"))])))
            }
            Act::HangInBody(status, beginning) => {
                cx.mark_sent();
                Ok(reply(
                    status,
                    stream::iter([Ok(beginning)]).chain(stream::pending()),
                ))
            }
            Act::Trickle(status, pieces, pause) => {
                cx.mark_sent();
                let body = stream::iter(pieces).then(move |piece| async move {
                    tokio::time::sleep(pause).await;
                    Ok(piece)
                });
                Ok(reply(status, body.chain(stream::pending())))
            }
            Act::BreakInBody(status, beginning) => {
                cx.mark_sent();
                let end = Err(broken(ExecutionFailure::Unreachable, "connection_lost"));
                Ok(reply(status, stream::iter([Ok(beginning), end])))
            }
        }
    }
}
