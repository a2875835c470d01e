//! The words of enumerations, for the document: clients get types of them instead of bare texts.
//!
//! The types here are never made. The values come from the domain, which says the words; a test compares the two.

use std::borrow::Cow;

use countersign_domain::RequestState;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// A type that stands for one of some words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $called:literal: $words:expr;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub(crate) enum $name {}

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    ObjectBuilder::new().schema_type(Type::String).enum_values(Some($words)).into()
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed($called)
                }
            }
        )+
    };
}

words! {
    /// Where a request stands; `received` is never shown.
    State = "ActionState": RequestState::EVERY.into_iter().filter(|state| *state != RequestState::Received).map(RequestState::as_str);
    /// What a decision says.
    Verdict = "Verdict": ["allow", "ask", "deny"];
    /// What an action does to the world.
    Effect = "Effect": ["read", "write", "destructive", "egress"];
    /// How soon.
    Urgency = "Urgency": ["low", "normal", "high", "critical"];
    /// Who carries an action out.
    Executor = "Executor": ["gate", "caller"];
    /// What an operator says.
    VoteKind = "VoteKind": ["approve", "deny"];
    /// What an operator may do.
    Role = "Role": ["owner", "approver", "viewer"];
    /// Who spoke in a decision.
    Speaker = "Speaker": [
        "key_scope", "no_grant", "grant", "guard", "threat", "risk", "budget", "taint", "rule", "default",
    ];
    /// What a kill switch stops.
    KillScope = "KillScope": ["all", "agent", "target"];
    /// What the data is kept in.
    Store = "Store": ["sqlcipher", "postgres"];
    /// What a listener answers: every face and the page, what agents call, or `/metrics`.
    Serves = "Serves": ["everything", "agents", "metrics"];
    /// Where the vault's passphrase came from.
    PassphraseSource = "PassphraseSource": ["env", "file", "prompt", "browser"];
    /// Whether operators may decide on what they asked for themselves.
    SeparationOfDuties = "SeparationOfDuties": ["loose", "strict"];
    InputScanMode = "InputScanMode": ["off", "warn", "block"];
    OutputScanMode = "OutputScanMode": ["off", "warn", "taint"];
    /// Who did something.
    ActorKind = "ActorKind": ["system", "agent", "operator", "key", "anonymous"];
}

#[cfg(test)]
mod tests;
