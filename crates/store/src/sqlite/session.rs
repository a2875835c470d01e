//! Statements on one SQLCipher connection, and the meaning of its errors.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use rusqlite::{Connection, ErrorCode, Statement, ffi};

use crate::{
    error::{Result, StoreError},
    tx::Text,
    value::{Arg, Row},
};

/// The statements of a connection, without the lifetime that its cache borrows.
pub(crate) trait SqliteSession {
    fn execute(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64>;
    fn query(
        &mut self,
        text: Text<'_>,
        args: &[Arg<'_>],
        each: &mut dyn FnMut(Row<'_>) -> bool,
    ) -> Result<()>;
}

/// Address and length of a text that lives as long as the program: equal keys mean equal texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct TextKey(usize, usize);

impl TextKey {
    fn of(sql: &'static str) -> Self {
        Self(sql.as_ptr().addr(), sql.len())
    }
}

/// Mixes two machine words; the keys are addresses that nobody outside chooses.
#[derive(Default)]
pub(crate) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, word: usize) {
        self.0 = (self.0.rotate_left(26) ^ word as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// A connection with its prepared statements. Bounded by the number of texts in the program.
pub(crate) struct Connected<'conn> {
    pub(crate) connection: &'conn Connection,
    statements: HashMap<TextKey, Statement<'conn>, BuildHasherDefault<AddressHasher>>,
}

impl<'conn> Connected<'conn> {
    pub(crate) fn new(connection: &'conn Connection) -> Self {
        Self {
            connection,
            statements: HashMap::default(),
        }
    }

    fn prepared(&mut self, sql: &'static str) -> Result<&mut Statement<'conn>> {
        match self.statements.entry(TextKey::of(sql)) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let statement = self
                    .connection
                    .prepare(sql)
                    .map_err(|error| classify(sql, &error))?;
                Ok(entry.insert(statement))
            }
        }
    }

    /// A statement without parameters or result: BEGIN, COMMIT, SAVEPOINT. The raw error, because the caller's state decides what it
    /// means.
    pub(crate) fn control(&mut self, sql: &'static str) -> Result<()> {
        let statement = self.prepared(sql)?;
        statement
            .raw_execute()
            .map(drop)
            .map_err(|error| classify(sql, &error))
    }
}

fn bind(statement: &mut Statement<'_>, sql: &str, args: &[Arg<'_>]) -> Result<()> {
    if statement.parameter_count() != args.len() {
        return Err(StoreError::Statement {
            sql: sql.into(),
            reason: format!(
                "{} parameters for {} placeholders",
                args.len(),
                statement.parameter_count()
            )
            .into(),
        });
    }
    for (index, arg) in args.iter().enumerate() {
        statement
            .raw_bind_parameter(index + 1, arg)
            .map_err(|error| classify(sql, &error))?;
    }
    Ok(())
}

fn each_row(
    statement: &mut Statement<'_>,
    sql: &str,
    args: &[Arg<'_>],
    each: &mut dyn FnMut(Row<'_>) -> bool,
) -> Result<()> {
    bind(statement, sql, args)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(|error| classify(sql, &error))? {
        if !each(Row::sqlite(row)) {
            break;
        }
    }
    Ok(())
}

impl SqliteSession for Connected<'_> {
    fn execute(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64> {
        let statement = self.prepared(sql)?;
        bind(statement, sql, args)?;
        statement
            .raw_execute()
            .map(|changed| changed as u64)
            .map_err(|error| classify(sql, &error))
    }

    fn query(
        &mut self,
        text: Text<'_>,
        args: &[Arg<'_>],
        each: &mut dyn FnMut(Row<'_>) -> bool,
    ) -> Result<()> {
        match text {
            Text::Fixed(sql) => each_row(self.prepared(sql)?, sql, args, each),
            Text::Built(sql) => {
                let mut statement = self
                    .connection
                    .prepare(sql)
                    .map_err(|error| classify(sql, &error))?;
                each_row(&mut statement, sql, args, each)
            }
        }
    }
}

/// What an error of the engine means to the store.
pub(crate) fn classify(sql: &str, error: &rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(failure, message) = error else {
        return StoreError::Statement {
            sql: sql.into(),
            reason: error.to_string().into(),
        };
    };
    let reason: Arc<str> = message
        .as_deref()
        .map_or_else(|| failure.to_string().into(), Arc::from);
    match (failure.code, failure.extended_code) {
        (
            _,
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID,
        ) => StoreError::Duplicate { constraint: reason },
        (ErrorCode::ConstraintViolation, _) => StoreError::Constraint { constraint: reason },
        (ErrorCode::OperationInterrupted, _) => StoreError::TooSlow,
        (ErrorCode::DiskFull, _) => StoreError::DiskFull,
        (ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied, _) => {
            StoreError::ReadOnly
        }
        (ErrorCode::SystemIoFailure, code) => StoreError::Poisoned {
            reason: format!("{reason} (extended code {code})").into(),
        },
        (ErrorCode::DatabaseCorrupt, _) => StoreError::Corrupt { reason },
        (ErrorCode::NotADatabase, _) => StoreError::WrongKey,
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => {
            StoreError::Unavailable { reason }
        }
        _ => StoreError::Statement {
            sql: sql.into(),
            reason,
        },
    }
}
