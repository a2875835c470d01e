//! A parameter of a statement.

use std::error::Error;

use bytes::BytesMut;
use countersign_domain::{
    AgentId, CommentId, CredentialId, DelegationId, DeliveryId, EntryId, EscalationRuleId, GrantId,
    InstanceId, KeyId, OperatorId, OverrideId, PolicyListId, ProfileId, RequestId, RuleId,
    SessionId, StandingApprovalId, TargetId, Timestamp, WebhookId,
};
use postgres::types::{IsNull, ToSql, Type};
use rusqlite::types::{ToSqlOutput, ValueRef};
use uuid::Uuid;

/// A borrowed parameter, bound by number: `?1` is the first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Arg<'a> {
    /// NULL.
    Null,
    /// A BIGINT.
    Int(i64),
    /// A TEXT, or a JSON document as text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl std::fmt::Debug for Arg<'_> {
    /// Shows the kind and size only: a parameter may be personal.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Int(_) => formatter.write_str("int"),
            Self::Text(text) => write!(formatter, "text of {} bytes", text.len()),
            Self::Blob(bytes) => write!(formatter, "blob of {} bytes", bytes.len()),
        }
    }
}

impl Arg<'_> {
    /// A count or position as BIGINT. Values above `i64::MAX` stop there; none of ours gets that far.
    pub fn unsigned(value: u64) -> Self {
        Arg::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<i64> for Arg<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Arg<'_> {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<u64> for Arg<'_> {
    fn from(value: u64) -> Self {
        Self::unsigned(value)
    }
}

impl From<bool> for Arg<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<Timestamp> for Arg<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_micros())
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Arg<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Blob(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Arg<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Arg<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Blob(value)
    }
}

impl<'a> From<&'a Uuid> for Arg<'a> {
    fn from(value: &'a Uuid) -> Self {
        Self::Blob(value.as_bytes())
    }
}

impl<'a, T: Into<Arg<'a>>> From<Option<T>> for Arg<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! from_ids {
    ($($id:ty),+) => {$(
        impl<'a> From<&'a $id> for Arg<'a> {
            fn from(value: &'a $id) -> Self {
                Self::Blob(value.as_bytes())
            }
        }
    )+};
}

from_ids!(
    AgentId,
    CommentId,
    CredentialId,
    DelegationId,
    DeliveryId,
    EntryId,
    EscalationRuleId,
    GrantId,
    InstanceId,
    KeyId,
    OperatorId,
    OverrideId,
    PolicyListId,
    ProfileId,
    RequestId,
    RuleId,
    SessionId,
    StandingApprovalId,
    TargetId,
    WebhookId
);

impl rusqlite::ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl ToSql for Arg<'_> {
    fn to_sql(
        &self,
        column: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (*self, column) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(value), &Type::INT8) => value.to_sql(column, out),
            (Self::Int(value), &Type::INT4) => i32::try_from(value)?.to_sql(column, out),
            (Self::Int(value), &Type::INT2) => i16::try_from(value)?.to_sql(column, out),
            (Self::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::UNKNOWN) => {
                text.to_sql(column, out)
            }
            (Self::Text(text), &Type::JSON) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            (Self::Text(text), &Type::JSONB) => {
                // The binary form of JSONB is a version byte before the text.
                out.extend_from_slice(&[1]);
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            (Self::Blob(bytes), &Type::BYTEA) => bytes.to_sql(column, out),
            _ => Err(format!("{self:?} does not fit into a column of type {column}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres::types::to_sql_checked!();
}
