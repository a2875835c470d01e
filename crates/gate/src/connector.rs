//! What the gate asks of a connector, and what it hands to an executor.
//!
//! A connector describes: which targets and credentials it takes, which actions there are and what they do. An executor carries out
//! one action that was permitted. Neither decides anything.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use countersign_domain::{
    Credential, CredentialType, DurabilityClass, Effect, ExecutorKind, Profile, Risk, Target,
};
use futures::stream::BoxStream;
use http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

use crate::{
    error::Result, execution::ExecutionCx, lease::CredentialLease, permit::ExecutionPermit,
};

/// What a connector is, for forms and documents.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectorDescriptor {
    /// Its name in targets: `http` ...
    pub name: &'static str,
    /// What it is, in a sentence.
    pub summary: &'static str,
    /// JSON Schema of a target's config.
    pub target_schema: Value,
    /// JSON Schema of a profile's limits.
    pub profile_schema: Value,
    /// The credential types that it can use.
    pub credential_types: Vec<CredentialType>,
    /// Its actions, as patterns where their names are open.
    pub actions: Vec<ActionDescriptor>,
}

/// One kind of action of a connector.
#[derive(Debug, Clone, Serialize)]
pub struct ActionDescriptor {
    /// Its name, or a pattern such as `GET /**`.
    pub name: &'static str,
    /// What it does to the world.
    pub effect: Effect,
    /// When its entries must be on disk.
    pub durability: DurabilityClass,
    /// JSON Schema of its input.
    pub input_schema: Value,
}

/// An action that the connector has understood: what is judged, and exactly what will run.
#[derive(Debug, Clone)]
pub struct ResolvedAction {
    /// Its name as grants and rules match it: `GET /charges/ch_1`.
    pub name: String,
    /// What it does to the world.
    pub effect: Effect,
    /// When its entries must be on disk.
    pub durability: DurabilityClass,
    /// The normalised input: with the body, exactly what will run. Becomes the payload.
    pub input: Value,
    /// What rules may look at: the input in a form made for matching.
    pub facts: Value,
    /// What surrounds the action, for rules that look at the context; `null` where there is none. Where it is not empty it is part of
    /// `input`, so that it is hashed and shown.
    pub context: Value,
    /// The deterministic floor of its risk.
    pub risk: Risk,
}

/// Where a URL lies below a target: how the proxy face finds the action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The action's name.
    pub action: String,
    /// The query without `?`, if there is one.
    pub query: Option<String>,
    /// How many bytes of the URL the target's base took: of several targets the longest base wins.
    pub base_bytes: usize,
}

/// What a request to a connector is made of before it is understood.
#[derive(Debug, Clone, Copy)]
pub struct RawAction<'draft> {
    /// The action's name as asked for.
    pub action: &'draft str,
    /// The input as sent. For HTTP: `query` (a string or an object), `headers` (an object).
    pub input: &'draft Value,
    /// The body as sent.
    pub body: &'draft Bytes,
}

/// A request as it will be sent, but for its body, which is the payload's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The method.
    pub method: String,
    /// The whole URL. Where the credential is a query parameter its value is `CREDENTIAL`.
    pub url: String,
    /// The headers, without those of the transport.
    pub headers: Vec<PreviewHeader>,
    /// The query parameter that the credential is, if it is one.
    pub credential_parameter: Option<String>,
}

/// A header as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewHeader {
    /// Its name, in lower case.
    pub name: String,
    /// Its value; `None` where the credential stands.
    pub value: Option<String>,
}

/// The connector, and the target, of approval-only actions.
pub const CALLER: &str = "caller";

/// Code that speaks one protocol.
#[async_trait]
pub trait Connector: Send + Sync + fmt::Debug {
    /// What it is.
    fn descriptor(&self) -> &ConnectorDescriptor;

    /// Checks a target's config and normalises it. Pure: no connection is made.
    ///
    /// # Errors
    /// `invalid_input` naming the field.
    fn check_target(&self, config: &Value, allow_private_network: bool) -> Result<Value>;

    /// Checks the fields of a credential before they are sealed, and says which names may be shown.
    ///
    /// # Errors
    /// `invalid_input` naming the field, never its value.
    fn check_credential(
        &self,
        kind: CredentialType,
        fields: &CredentialFields<'_>,
    ) -> Result<String>;

    /// Where a URL lies below the target; `None` if it does not. Connectors without URLs answer `None`.
    fn locate(&self, target: &Target, method: &str, url: &str) -> Result<Option<Located>>;

    /// Understands an action. What comes back is what is judged and what runs.
    ///
    /// # Errors
    /// `invalid_input` for an action or input that the connector does not have or will not guess at.
    fn resolve(
        &self,
        target: &Target,
        profile: &Profile,
        raw: RawAction<'_>,
    ) -> Result<ResolvedAction>;

    /// What will be sent, for whoever approves it: of `credential` only its place. Connectors that send something else than HTTP, or an
    /// input that would not be sent, answer `None`. Pure.
    fn preview(
        &self,
        _target: &Target,
        _input: &Value,
        _credential: Option<&Credential>,
    ) -> Option<Preview> {
        None
    }

    /// Tries to reach the target without an action: for `target test` and `doctor`.
    ///
    /// # Errors
    /// What an operator can mend.
    async fn probe(&self, target: &Target) -> Result<String>;

    /// Who carries its actions out: the gate, or the one who asks. For the latter `approved` is the end of a request, and the executor
    /// is never called.
    fn carried_out_by(&self) -> ExecutorKind {
        ExecutorKind::Gate
    }

    /// What carries its actions out.
    fn executor(&self) -> Arc<dyn Executor>;
}

/// The fields of a credential on their way in, borrowed from secrets that are zeroised by their owner: name and value.
pub type CredentialFields<'a> = BTreeMap<&'a str, &'a [u8]>;

/// Carries out one action.
#[async_trait]
pub trait Executor: Send + Sync + fmt::Debug {
    /// Carries it out, once. The permit is consumed by use.
    ///
    /// The executor calls [`ExecutionCx::mark_sent`] immediately before the first byte can leave, stops when the context's token is
    /// cancelled, and keeps within the context's limits. It adds the lease's secrets to what it sends and never to what it answers.
    ///
    /// # Errors
    /// [`ExecutionError`] says whether anything can have reached the target.
    async fn execute(
        &self,
        permit: ExecutionPermit,
        lease: Option<CredentialLease>,
        cx: &ExecutionCx,
    ) -> Result<ExecutionReply, ExecutionError>;
}

/// What a target answered, before masking.
pub struct ExecutionReply {
    /// The status in HTTP's terms; connectors of other protocols answer 200.
    pub status: u16,
    /// The headers, hop-by-hop ones removed.
    pub headers: HeaderMap,
    /// The body; ends with an error where it was cut off.
    pub body: BoxStream<'static, Result<Bytes, ExecutionError>>,
}

impl fmt::Debug for ExecutionReply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ExecutionReply")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// How an execution failed, for the face to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionFailure {
    /// The destination is refused: address table, own listener.
    Refused,
    /// It could not be reached, or the connection was lost.
    Unreachable,
    /// It took too long.
    Timeout,
    /// Its answer is over a limit.
    TooLarge,
    /// Its answer makes no sense.
    BadReply,
    /// The context's token was cancelled.
    Cancelled,
}

/// Why an execution failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ExecutionError {
    /// How.
    pub failure: ExecutionFailure,
    /// Stable code, recorded as the outcome: `connect_failed`, `first_byte_timeout` ...
    pub code: &'static str,
    /// For people; no secrets, no query strings.
    pub message: String,
    /// The limit that was hit.
    pub limit: Option<&'static str>,
}
