//! Terms of an ask: who has to say yes, how many of them, and until when.

use std::{collections::HashSet, time::Duration};

use serde::{Deserialize, Serialize};

use super::condition::present;
use crate::{name::Name, operator::Operator, scope::Role};

/// The most operators that can be asked for.
pub const QUORUM_LIMIT: u32 = 10;

/// The longest list of approvers or channels.
pub const LIST_LIMIT: usize = 32;

/// A year, in seconds: the longest deadline.
const YEAR_SECONDS: u64 = 366 * 24 * 3_600;

/// Who may decide.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approver {
    /// The operator of this name.
    Operator(Name),
    /// Every operator of this role.
    Role(Role),
}

/// What happens when nobody has decided for a while: one of three things. Allowing by itself is not among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// After so many seconds since the request came.
    pub after_seconds: u64,
    /// These may decide, too, and are told.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub approvers: Option<Vec<Approver>>,
    /// This channel is told.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub channel: Option<String>,
    /// The request is denied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deny: bool,
}

/// What an `ask` asks for. What is left out is as the settings say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskTerms {
    /// Who may decide; every operator with the right where it is left out.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub approvers: Option<Vec<Approver>>,
    /// How many different operators have to say yes.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub quorum: Option<u32>,
    /// After how many seconds it expires.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub deadline_seconds: Option<u64>,
    /// The channels that are told.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub channels: Option<Vec<String>>,
    /// Whether whoever decides has to say why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reason_required: bool,
    /// What happens when nobody decides.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub escalation: Option<Escalation>,
}

/// Why terms can't be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTerms {
    /// Nobody, or too many.
    #[error("ask.quorum must be 1 to {QUORUM_LIMIT}")]
    Quorum,
    /// More votes are asked for than people are named.
    #[error(
        "ask.quorum is {quorum}, but ask.approvers names only {named}: it could never be reached"
    )]
    Unreachable {
        /// What is asked for.
        quorum: u32,
        /// How many operators are named.
        named: usize,
    },
    /// A list that nobody is in, or a long one.
    #[error("{0} must name 1 to {LIST_LIMIT}: leave it out to mean everybody")]
    List(&'static str),
    /// A time that is none.
    #[error("{0} must be 1 second to a year")]
    Seconds(&'static str),
    /// An escalation that does nothing.
    #[error(
        "ask.escalation does one thing: give one of approvers, channel, deny; leave it out to let the request expire"
    )]
    Escalation,
}

impl Approver {
    /// Whether it names the operator.
    pub fn is(&self, operator: &Operator) -> bool {
        match self {
            Self::Operator(name) => *name == operator.name,
            Self::Role(role) => *role == operator.role,
        }
    }
}

impl AskTerms {
    /// Whether the operator may approve a request that came so long ago. Who else may decide at all is not said here.
    pub fn names(&self, operator: &Operator, waited: Duration) -> bool {
        let Some(approvers) = &self.approvers else {
            return true;
        };
        let escalated = self
            .escalation
            .as_ref()
            .filter(|escalation| waited.as_secs() >= escalation.after_seconds)
            .and_then(|escalation| escalation.approvers.as_ref());
        approvers
            .iter()
            .chain(escalated.into_iter().flatten())
            .any(|approver| approver.is(operator))
    }

    /// Whether a request that has waited so long is denied because nobody decided.
    pub fn denies_after(&self, waited: Duration) -> bool {
        self.escalation.as_ref().is_some_and(|escalation| {
            escalation.deny && waited.as_secs() >= escalation.after_seconds
        })
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what types can't.
    ///
    /// # Errors
    /// Names the part at fault.
    pub fn check(&self) -> Result<(), InvalidTerms> {
        if self
            .quorum
            .is_some_and(|quorum| !(1..=QUORUM_LIMIT).contains(&quorum))
        {
            return Err(InvalidTerms::Quorum);
        }
        check_list("ask.approvers", self.approvers.as_deref())?;
        check_list("ask.channels", self.channels.as_deref())?;
        check_seconds("ask.deadline_seconds", self.deadline_seconds)?;
        if let (Some(quorum), Some(approvers)) = (self.quorum, &self.approvers) {
            let are_operators = approvers
                .iter()
                .all(|approver| matches!(approver, Approver::Operator(_)));
            let named: HashSet<_> = approvers.iter().collect();
            if are_operators && named.len() < quorum as usize {
                let named = named.len();
                return Err(InvalidTerms::Unreachable { quorum, named });
            }
        }
        if let Some(escalation) = &self.escalation {
            check_seconds(
                "ask.escalation.after_seconds",
                Some(escalation.after_seconds),
            )?;
            check_list("ask.escalation.approvers", escalation.approvers.as_deref())?;
            let things = [
                escalation.approvers.is_some(),
                escalation.channel.is_some(),
                escalation.deny,
            ];
            if things.iter().filter(|is_given| **is_given).count() != 1 {
                return Err(InvalidTerms::Escalation);
            }
        }
        Ok(())
    }

    /// The terms of two asks about one request: whichever is stricter in each part. Who speaks first names approvers, channels and
    /// escalation, where it names any.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.quorum = self.quorum.max(other.quorum);
        self.deadline_seconds = match (self.deadline_seconds, other.deadline_seconds) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        };
        self.reason_required |= other.reason_required;
        self.approvers = self.approvers.or_else(|| other.approvers.clone());
        self.channels = self.channels.or_else(|| other.channels.clone());
        self.escalation = self.escalation.or_else(|| other.escalation.clone());
        self
    }
}

fn check_list<T>(name: &'static str, list: Option<&[T]>) -> Result<(), InvalidTerms> {
    match list {
        Some(list) if !(1..=LIST_LIMIT).contains(&list.len()) => Err(InvalidTerms::List(name)),
        _ => Ok(()),
    }
}

fn check_seconds(name: &'static str, seconds: Option<u64>) -> Result<(), InvalidTerms> {
    match seconds {
        Some(seconds) if !(1..=YEAR_SECONDS).contains(&seconds) => Err(InvalidTerms::Seconds(name)),
        _ => Ok(()),
    }
}
