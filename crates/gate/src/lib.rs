//! The gate: one pipeline that decides on every act of every agent, carries it out, and records it.
//!
//! Faces describe actions ([`ActionDraft`]); [`Gate::submit`] resolves, decides, and then carries out, holds or refuses; executors act
//! with an [`ExecutionPermit`], a value that only this crate can make and that is consumed by use. Around the pipeline stand the use
//! cases that operators configure it by.
//!
//! Invariants: no executor runs without a permit; every permit has its intent on disk first, by the action's durability class; every
//! execution posts exactly one outcome; an agent never decides and never receives a credential; what can't be recorded does not
//! happen. Nothing here dials out, serves HTTP or knows a concrete connector.

mod agents;
mod analytics;
mod approval_only;
mod approvals;
mod aside;
mod audit;
mod batch;
mod brief;
mod caller;
mod carry_out;
mod checks;
mod clock;
mod comments;
mod configuration;
mod connector;
mod context;
mod credentials;
mod delegations;
mod draft;
mod error;
mod escalation;
mod evidence;
mod execute;
mod execution;
mod explain;
mod export;
mod gate;
mod grants;
mod health;
mod idempotency;
mod identify;
mod integrations;
mod intent;
mod keys;
mod kill;
mod lease;
mod links;
mod onboarding;
mod operators;
mod outcome;
mod overrides;
mod page;
mod patch;
mod pending;
mod permit;
mod policy_lists;
mod rate;
mod record;
mod recovery;
mod reply;
mod request_detail;
mod request_list;
mod requests;
mod resolve;
mod rule_set;
mod rules;
mod running;
mod scan;
mod search;
mod searching;
mod sessions;
mod settings;
mod simulate;
mod snapshot;
mod standing;
mod store_error;
mod submit;
mod summary;
mod targets;
mod tasks;
mod tokens;
mod usage;
mod vault;
mod vote_unit;
mod waiting;
mod webhooks;
mod workspace;

pub use agents::{AgentChange, NewAgent};
pub use analytics::{
    ANALYTICS_LIMIT, Alarm, AnalyticsSpan, ApproverNumbers, Overview, RuleNumbers, Suggestion,
    TrendPoint, Volume,
};
pub use approval_only::{FullPage, FullRequest};
pub use approvals::{Ballot, NOTE_LIMIT_CHARACTERS};
pub use audit::{AUDIT_PAGE_LIMIT, AuditFilter, CheckpointView, LastVerification, Verification};
pub use batch::{BATCH_LIMIT, BatchAnswer, BatchDraft, BatchItem, BatchOutcome, BatchPlan};
pub use brief::RequestBrief;
pub use clock::{Clock, SystemClock};
pub use comments::CommentView;
pub use connector::{
    ActionDescriptor, CALLER, Connector, ConnectorDescriptor, CredentialFields, ExecutionError,
    ExecutionFailure, ExecutionReply, Executor, Located, Preview, PreviewHeader, RawAction,
    ResolvedAction,
};
pub use context::{OpCx, Principal, Via};
pub use credentials::{CredentialDraft, CredentialView};
pub use delegations::{DelegationDraft, DelegationView};
pub use draft::{ActionDraft, Route};
pub use error::{Error, ErrorKind, Result};
pub use execution::ExecutionCx;
pub use explain::{FactsDraft, PolicyExplanation, PolicyTest};
pub use export::{
    AgentItem, Change, ChangeAction, ConfigDocument, CredentialItem, FieldChange, GrantItem, Label,
    ProfileItem, RuleItem, SecretReference, TargetItem, plan,
};
pub use gate::{Connectors, Gate, GateConfig};
pub use grants::{GrantDraft, GrantFilter};
pub use health::{Health, Metrics, Problem};
pub use identify::CsrfHash;
pub use integrations::{AGENT_TOKEN_SECONDS, IntegrationKeyDraft, IntegrationKeyView};
pub use keys::{
    AGENT_SCOPES, BOUNDED_SCOPES, BoundsDraft, KeyChange, KeyDraft, KeyOwnerRef, NewKey,
    OVERLAP_LIMIT_SECONDS,
};
pub use kill::{KillTarget, KillWord};
pub use lease::CredentialLease;
pub use links::{LinkDraft, LinkPair, LinkView};
pub use onboarding::{
    BrowserOnboardDraft, OnboardDraft, Onboarded, is_onboarded, onboard, onboard_in_browser,
};
pub use operators::{OperatorDraft, RoleChange};
pub use overrides::{OVERRIDE_PATTERN_LIMIT_CHARACTERS, OverrideDraft};
pub use page::Page;
pub use permit::ExecutionPermit;
pub use policy_lists::{EscalationDraft, PolicyListDraft, Recorded, first_match};
pub use rate::{RateLimit, RateLimiter, Take, Taken};
pub use reply::{GuardedBody, ReplyBody};
pub use request_detail::{ActorName, DecisionTrace, RequestDetail, Step, TraceVoice};
pub use request_list::{COUNT_LIMIT, PAGE_LIMIT, RequestFilter, RequestOrder, RequestPage};
pub use requests::{PayloadView, RequestView, StoredResult};
pub use resolve::INTENT_LIMIT_CHARACTERS;
pub use rule_set::{RULE_SET_LIMIT, RuleSet, RuleSetPlan};
pub use rules::{DEFAULT_PRIORITY, RuleChange, RuleDraft};
pub use scan::{
    CASE_PAGE_LIMIT, ExcerptPiece, FindingView, InputMode, InputScanChange, InputScanSettings,
    OutputMode, OutputScanChange, OutputScanSettings, ScanCase, ScanChange, ScanSettings,
    SecretRuleView, SecretRulesView,
};
pub use sessions::{NewSession, Origin, PROOF_LIFETIME, SessionKind, SessionView, SignIn};
pub use settings::{
    ApprovalSettings, ApprovalSettingsChange, LinkSettings, LinkSettingsChange, SeparationOfDuties,
    Settings, SettingsChange, SignInChange, SignInSettings, WebhookSettings, WebhookSettingsChange,
};
pub use simulate::{ChangedRequest, SIMULATION_PAGE_LIMIT, Simulation, SimulationDraft};
pub use snapshot::{Agents, Keys, Operators, Register, Snapshot, Targets};
pub use standing::{StandingDraft, StandingView};
pub use submit::{Reply, Submission};
pub use summary::{LedgerSummary, PendingCount, Summary, TargetFailures};
pub use targets::{NewTarget, ProfileDraft, TargetChange, TargetTest};
pub use tokens::{NewToken, TokenDraft, TokenView};
pub use usage::{KeyUsage, LastUsed};
pub use vault::HeaderLocation;
pub use waiting::{WAIT_LIMIT, WAITERS_EACH_LIMIT, WAITERS_LIMIT};
pub use webhooks::{
    ATTEMPTS, Answer, Courier, DELIVERY_PAGE_LIMIT, Delivered, Delivery, DeliveryFilter,
    DeliveryView, NewWebhook, Parcel, SECRET_LEAST_CHARACTERS, WEBHOOK_LIMIT, WebhookChange,
    WebhookDraft, WebhookStats,
};
pub use workspace::Workspace;

pub use countersign_store::history::{AlwaysApproved, HistoryEvent, HistoryFilter, RequestCount};
pub use countersign_vault::{SecretString, random_bytes};
