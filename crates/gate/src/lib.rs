//! The gate: one pipeline that decides on every act of every agent, carries it out, and records it.
//!
//! Faces describe actions ([`ActionDraft`]); [`Gate::submit`] resolves, decides, and then carries out, holds or refuses; executors act
//! with an [`ExecutionPermit`], a value that only this crate can make and that is consumed by use. Around the pipeline stand the use
//! cases that operators configure it by.
//!
//! Invariants: no executor runs without a permit; every permit has its intent on disk first, by the action's durability class; every
//! execution posts exactly one outcome; an agent never decides and never receives a credential; what can't be recorded does not
//! happen. Nothing here dials out, serves HTTP or knows a concrete connector.

mod approvals;
mod checks;
mod clock;
mod configuration;
mod connector;
mod context;
mod draft;
mod error;
mod evidence;
mod execute;
mod execution;
mod gate;
mod health;
mod idempotency;
mod identify;
mod lease;
mod page;
mod patch;
mod permit;
mod rate;
mod record;
mod recovery;
mod reply;
mod requests;
mod resolve;
mod running;
mod sessions;
mod settings;
mod snapshot;
mod store_error;
mod submit;
mod tasks;
mod workspace;

pub use approvals::NOTE_LIMIT_CHARACTERS;
pub use clock::{Clock, SystemClock};
pub use connector::{
    ActionDescriptor, Connector, ConnectorDescriptor, CredentialFields, ExecutionError,
    ExecutionFailure, ExecutionReply, Executor, Located, RawAction, ResolvedAction,
};
pub use context::{OpCx, Principal, Via};
pub use draft::{ActionDraft, Route};
pub use error::{Error, ErrorKind, Result};
pub use execution::ExecutionCx;
pub use gate::{Connectors, Gate, GateConfig};
pub use health::{Health, Metrics, Problem};
pub use lease::CredentialLease;
pub use page::Page;
pub use permit::ExecutionPermit;
pub use reply::{GuardedBody, ReplyBody};
pub use requests::{
    PAGE_LIMIT, PayloadView, RequestDetail, RequestFilter, RequestView, StoredResult,
};
pub use resolve::INTENT_LIMIT_CHARACTERS;
pub use submit::{Reply, Submission};
pub use workspace::Workspace;
