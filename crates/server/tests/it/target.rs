//! A scripted target behind a connector of its own: what the server is tested with.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
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
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

/// What the target does with one call.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers.
    Reply(u16, Vec<(&'static str, &'static str)>, Vec<Bytes>),
    /// Answers with what arrived: input and body.
    Echo,
    /// Can't be reached.
    Unreachable,
    /// Sends the beginning of a body, then breaks.
    Break(Bytes),
    /// Sends the beginning of a body, then nothing more.
    Stall(Bytes),
    /// Panics.
    Panic,
}

/// A scripted connector of the name `http`. Clones share the script.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    descriptor: Arc<ConnectorDescriptor>,
    script: Arc<Mutex<VecDeque<Act>>>,
    calls: Arc<AtomicUsize>,
}

impl Scripted {
    pub(crate) fn new() -> Self {
        let descriptor = ConnectorDescriptor {
            name: "http",
            summary: "a scripted target",
            target_schema: json!({ "type": "object" }),
            profile_schema: json!({ "type": "object" }),
            credential_types: vec![CredentialType::Bearer],
            actions: vec![],
        };
        Self {
            descriptor: Arc::new(descriptor),
            script: Arc::default(),
            calls: Arc::default(),
        }
    }

    /// What the next calls do, in order; after the last, everything is echoed.
    pub(crate) fn then(&self, act: Act) {
        self.script.lock().unwrap().push_back(act);
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Connector for Scripted {
    fn descriptor(&self) -> &ConnectorDescriptor {
        &self.descriptor
    }

    fn check_target(&self, config: &Value, _: bool) -> Result<Value> {
        match config.get("base_url").and_then(Value::as_str) {
            Some(_) => Ok(config.clone()),
            None => Err(Error::invalid("config.base_url", "a base URL is needed")),
        }
    }

    fn check_credential(&self, _: CredentialType, _: &CredentialFields<'_>) -> Result<String> {
        Ok(String::new())
    }

    fn locate(&self, target: &Target, method: &str, url: &str) -> Result<Option<Located>> {
        let base = target.config["base_url"].as_str().unwrap_or_default();
        let Some(rest) = url.strip_prefix(base) else {
            return Ok(None);
        };
        let (path, query) = rest
            .split_once('?')
            .map_or((rest, None), |(path, query)| (path, Some(query.to_owned())));
        Ok(Some(Located {
            action: format!("{method} {path}"),
            query,
            base_bytes: base.len(),
        }))
    }

    fn resolve(&self, _: &Target, _: &Profile, raw: RawAction<'_>) -> Result<ResolvedAction> {
        let (method, path) =
            split_route(raw.action).ok_or_else(|| Error::invalid("action", "METHOD /path"))?;
        let effect = match method {
            "GET" | "HEAD" | "OPTIONS" => Effect::Read,
            "DELETE" => Effect::Destructive,
            _ => Effect::Write,
        };
        let mut input = json!({ "method": method, "path": path });
        for field in ["query", "headers"] {
            if let Some(value) = raw.input.get(field) {
                input[field] = value.clone();
            }
        }
        Ok(ResolvedAction {
            name: raw.action.to_owned(),
            effect,
            durability: DurabilityClass::of(effect),
            facts: input.clone(),
            input,
            context: serde_json::Value::Null,
            risk: Risk::floor(method_floor(method), format!("{method} by itself")),
        })
    }

    async fn probe(&self, _: &Target) -> Result<String> {
        Ok("reached".to_owned())
    }

    fn executor(&self) -> Arc<dyn Executor> {
        Arc::new(self.clone())
    }
}

fn broken(code: &'static str) -> ExecutionError {
    ExecutionError {
        failure: ExecutionFailure::Unreachable,
        code,
        message: "Failed to forward request".to_owned(),
        limit: None,
    }
}

#[async_trait]
impl Executor for Scripted {
    async fn execute(
        &self,
        permit: ExecutionPermit,
        _: Option<CredentialLease>,
        cx: &ExecutionCx,
    ) -> Result<ExecutionReply, ExecutionError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let act = self.script.lock().unwrap().pop_front().unwrap_or(Act::Echo);
        let payload = permit.into_payload();
        let mut headers = HeaderMap::new();
        let pieces = match act {
            Act::Unreachable => return Err(broken("connect_failed")),
            Act::Panic => panic!("scripted"),
            Act::Break(beginning) => {
                cx.mark_sent();
                let body = stream::iter([Ok(beginning), Err(broken("connection_lost"))]).boxed();
                return Ok(ExecutionReply {
                    status: 200,
                    headers,
                    body,
                });
            }
            Act::Stall(beginning) => {
                cx.mark_sent();
                let body = stream::iter([Ok(beginning)])
                    .chain(stream::pending())
                    .boxed();
                return Ok(ExecutionReply {
                    status: 200,
                    headers,
                    body,
                });
            }
            Act::Reply(status, fields, pieces) => {
                for (name, value) in fields {
                    headers.append(
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    );
                }
                (status, pieces)
            }
            Act::Echo => {
                headers.insert("content-type", HeaderValue::from_static("application/json"));
                let body = std::str::from_utf8(&payload.body)
                    .map_or_else(|_| json!(payload.body.to_vec()), |text| json!(text));
                (
                    200,
                    vec![Bytes::from(
                        json!({ "input": payload.input, "body": body }).to_string(),
                    )],
                )
            }
        };
        cx.mark_sent();
        Ok(ExecutionReply {
            status: pieces.0,
            headers,
            body: stream::iter(pieces.1.into_iter().map(Ok)).boxed(),
        })
    }
}
