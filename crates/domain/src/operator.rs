//! Operators: humans who sign in.

use serde::{Deserialize, Serialize};

use crate::{id::OperatorId, name::Name, scope::Role, time::Timestamp};

/// A human who signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// The id.
    pub id: OperatorId,
    /// The name, unique.
    pub name: Name,
    /// What they may do.
    pub role: Role,
    /// Argon2id hash in PHC form, where the operator signs in by password.
    #[serde(skip)]
    pub password_hash: Option<String>,
    /// When they were added.
    pub created_at: Timestamp,
    /// When they were shut out.
    pub disabled_at: Option<Timestamp>,
}
