//! What PostgreSQL's errors mean to the store.

use std::error::Error as _;

use postgres::error::SqlState;

use crate::error::StoreError;

/// Whether a unit may be tried again after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A conflict with another transaction: again, soon.
    Conflict,
    /// The connection is gone or the server is going: again, on a new connection.
    Connection,
    /// Once more would end the same way.
    Final,
}

/// Classifies by SQLSTATE. No message of the server is shown that could hold a value: its details are left out.
pub(crate) fn classify(sql: &str, error: &postgres::Error) -> (Trouble, StoreError) {
    let Some(database) = error.as_db_error() else {
        if error.is_closed()
            || error
                .source()
                .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
        {
            return (
                Trouble::Connection,
                StoreError::Unavailable {
                    reason: chain(error).into(),
                },
            );
        }
        return (
            Trouble::Final,
            StoreError::Statement {
                sql: sql.into(),
                reason: chain(error).into(),
            },
        );
    };
    let named = || {
        database
            .constraint()
            .or_else(|| database.column())
            .unwrap_or_else(|| database.message())
            .into()
    };
    match *database.code() {
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::LOCK_NOT_AVAILABLE => (Trouble::Conflict, StoreError::Conflict { attempts: 1 }),
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::CONNECTION_EXCEPTION
        | SqlState::CONNECTION_DOES_NOT_EXIST
        | SqlState::CONNECTION_FAILURE => (
            Trouble::Connection,
            StoreError::Unavailable {
                reason: database.message().into(),
            },
        ),
        SqlState::QUERY_CANCELED => (Trouble::Final, StoreError::TooSlow),
        SqlState::UNIQUE_VIOLATION => (
            Trouble::Final,
            StoreError::Duplicate {
                constraint: named(),
            },
        ),
        SqlState::CHECK_VIOLATION
        | SqlState::NOT_NULL_VIOLATION
        | SqlState::FOREIGN_KEY_VIOLATION => (
            Trouble::Final,
            StoreError::Constraint {
                constraint: named(),
            },
        ),
        SqlState::DISK_FULL => (Trouble::Final, StoreError::DiskFull),
        SqlState::READ_ONLY_SQL_TRANSACTION => (Trouble::Final, StoreError::ReadOnly),
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => (
            Trouble::Final,
            StoreError::Corrupt {
                reason: database.message().into(),
            },
        ),
        _ => (
            Trouble::Final,
            StoreError::Statement {
                sql: sql.into(),
                reason: format!("{} ({})", database.message(), database.code().code()).into(),
            },
        ),
    }
}

/// The error with its causes: the driver's own text names only the step that failed.
fn chain(error: &postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
