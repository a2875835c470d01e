//! What things are: ids, types, state machines, the policy's evaluation.
//!
//! No I/O, no async, no clock, no randomness: everything here is a value or a pure function, so that every decision of the gate can
//! be tested and replayed.

mod action;
mod actor;
mod agent;
mod approval;
mod audit;
mod comment;
mod delegation;
mod effect;
mod facts;
mod grant;
mod id;
mod key;
mod kill;
mod name;
mod operator;
mod overrides;
mod payload;
mod policy;
mod policy_list;
mod request;
mod risk;
mod rule;
mod scope;
mod standing;
mod target;
mod time;
mod verdict;
mod webhook;

pub use action::{ACTION_LIMIT_BYTES, ActionPattern, InvalidAction, path_segments, split_route};
pub use actor::Actor;
pub use agent::{Agent, Labels};
pub use approval::{Tally, Vote, VoteKind, tally};
pub use audit::{AuditEntry, CANONICAL_VERSION, Commitment, SealedEntry, TEXT_LIMIT_BYTES};
pub use comment::Comment;
pub use delegation::Delegation;
pub use effect::{DurabilityClass, Effect};
pub use facts::{
    ActionFacts, AgentFacts, BudgetFacts, Facts, Finding, ScanFacts, SecretFact, TargetFacts,
    UNREADABLE, Urgency,
};
pub use grant::{Grant, GrantVerdict};
pub use id::*;
pub use key::{Key, KeyBounds, KeyOwner, RetiringSecret};
pub use kill::{Kill, KillScope, KillState};
pub use name::{InvalidName, Name};
pub use operator::Operator;
pub use overrides::Override;
pub use payload::{Payload, canonical_json};
pub use policy::{
    COMPARED_RULES, Considered, Decision, Explanation, Outcome, PolicySet, Replayed, Speaker,
    Voice, Warning, WarningCode, decide, decide_with, explain, lint, replay,
};
pub use policy_list::{EscalationRule, LISTED_RULE_LIMIT, ListedRule, PolicyList};
pub use request::{Digest, ExecutorKind, InvalidTransition, Request, RequestEvent, RequestState};
pub use risk::{Risk, RiskScore, method_floor};
pub use rule::{
    Approver, AskTerms, CONDITION_LIMIT, Condition, Conditions, Escalation, Glob, InvalidPattern,
    InvalidRule, InvalidTerms, LIST_LIMIT, Match, NESTING_LIMIT, PATH_DEPTH_LIMIT,
    PATTERN_LIMIT_BYTES, Pattern, QUORUM_LIMIT, Rule, RuleKind, RuleMatch, RuleMode, TimeOfDay,
    TimeWindow, Weekday, Zone,
};
pub use scope::{Permission, Permissions, Role, Scope};
pub use standing::StandingApproval;
pub use target::{Credential, CredentialType, DEFAULT_PROFILE, Profile, Target, TargetLimits};
pub use time::{InvalidTimestamp, Timestamp};
pub use verdict::{UnknownWord, Verdict};
pub use webhook::{DeliveryState, SignatureStyle, Subscription, Webhook, WebhookEvent};
