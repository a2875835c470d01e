//! Comments: what operators write on a request, for each other.

use serde::{Deserialize, Serialize};

use crate::{
    id::{CommentId, OperatorId, RequestId},
    time::Timestamp,
};

/// What an operator wrote on a request. It decides nothing, and no agent reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// On what.
    pub request: RequestId,
    /// Who.
    pub by: OperatorId,
    /// What. Untrusted text.
    pub body: String,
    /// When.
    pub at: Timestamp,
}
