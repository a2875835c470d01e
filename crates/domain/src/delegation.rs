//! Delegations: an operator's approver seat, lent to another for a while.

use serde::{Deserialize, Serialize};

use crate::{
    id::{DelegationId, OperatorId},
    time::Timestamp,
};

/// One operator's approver seat, lent to another. It is not lent on, and counts once, whoever sits on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Its id.
    pub id: DelegationId,
    /// Whose seat.
    pub from: OperatorId,
    /// Who sits on it.
    pub to: OperatorId,
    /// Why.
    pub note: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when; there is no delegation without an end.
    pub expires_at: Timestamp,
}
