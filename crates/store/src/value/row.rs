//! A row of a result.

use std::error::Error;

use countersign_domain::Timestamp;
use postgres::types::{FromSql, Type};
use rusqlite::types::ValueRef;
use uuid::Uuid;

use crate::error::{Result, StoreError};

/// A row while the statement that made it is open. Columns are read by index from 0.
#[derive(Clone, Copy)]
pub struct Row<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a postgres::Row),
}

impl std::fmt::Debug for Row<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Row")
    }
}

enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

/// A PostgreSQL column as it came over the wire.
struct Raw<'a> {
    bytes: &'a [u8],
    column: Type,
}

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(
        column: &Type,
        bytes: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self {
            bytes,
            column: column.clone(),
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl<'a> Row<'a> {
    pub(crate) fn sqlite(row: &'a rusqlite::Row<'a>) -> Self {
        Self(Source::Sqlite(row))
    }

    pub(crate) fn postgres(row: &'a postgres::Row) -> Self {
        Self(Source::Postgres(row))
    }

    fn value(&self, index: usize, expected: &'static str) -> Result<Value<'a>> {
        let wrong = StoreError::Column { index, expected };
        match self.0 {
            Source::Sqlite(row) => match row.get_ref(index) {
                Ok(ValueRef::Null) => Ok(Value::Null),
                Ok(ValueRef::Integer(value)) => Ok(Value::Int(value)),
                Ok(ValueRef::Text(bytes)) => std::str::from_utf8(bytes)
                    .map(Value::Text)
                    .map_err(|_| wrong),
                Ok(ValueRef::Blob(bytes)) => Ok(Value::Blob(bytes)),
                Ok(ValueRef::Real(_)) | Err(_) => Err(wrong),
            },
            Source::Postgres(row) => {
                let Ok(raw) = row.try_get::<_, Option<Raw<'a>>>(index) else {
                    return Err(wrong);
                };
                let Some(Raw { bytes, column }) = raw else {
                    return Ok(Value::Null);
                };
                match column {
                    Type::INT8 => bytes
                        .try_into()
                        .map(|bytes| Value::Int(i64::from_be_bytes(bytes)))
                        .map_err(|_| wrong),
                    Type::INT4 => bytes
                        .try_into()
                        .map(|bytes| Value::Int(i32::from_be_bytes(bytes).into()))
                        .map_err(|_| wrong),
                    Type::INT2 => bytes
                        .try_into()
                        .map(|bytes| Value::Int(i16::from_be_bytes(bytes).into()))
                        .map_err(|_| wrong),
                    Type::BYTEA => Ok(Value::Blob(bytes)),
                    Type::TEXT | Type::VARCHAR | Type::NAME | Type::JSON | Type::UNKNOWN => {
                        std::str::from_utf8(bytes)
                            .map(Value::Text)
                            .map_err(|_| wrong)
                    }
                    // A version byte precedes the text.
                    Type::JSONB => bytes
                        .split_first()
                        .and_then(|(_, text)| std::str::from_utf8(text).ok())
                        .map(Value::Text)
                        .ok_or(wrong),
                    _ => Err(wrong),
                }
            }
        }
    }

    /// A BIGINT or NULL.
    pub fn optional_i64(&self, index: usize) -> Result<Option<i64>> {
        match self.value(index, "a number")? {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(value)),
            Value::Text(_) | Value::Blob(_) => Err(StoreError::Column {
                index,
                expected: "a number",
            }),
        }
    }

    /// A BIGINT.
    pub fn i64(&self, index: usize) -> Result<i64> {
        self.optional_i64(index)?.ok_or(StoreError::Column {
            index,
            expected: "a number",
        })
    }

    /// A BIGINT that is not negative, or NULL.
    pub fn optional_u64(&self, index: usize) -> Result<Option<u64>> {
        self.optional_i64(index)?
            .map(|value| {
                u64::try_from(value).map_err(|_| StoreError::Column {
                    index,
                    expected: "a number that is not negative",
                })
            })
            .transpose()
    }

    /// A BIGINT that is not negative.
    pub fn u64(&self, index: usize) -> Result<u64> {
        self.optional_u64(index)?.ok_or(StoreError::Column {
            index,
            expected: "a number that is not negative",
        })
    }

    /// A BIGINT that fits into 32 bits without sign.
    pub fn u32(&self, index: usize) -> Result<u32> {
        u32::try_from(self.i64(index)?).map_err(|_| StoreError::Column {
            index,
            expected: "a number of 32 bits",
        })
    }

    /// A boolean: 0 or 1.
    pub fn bool(&self, index: usize) -> Result<bool> {
        match self.i64(index)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StoreError::Column {
                index,
                expected: "0 or 1",
            }),
        }
    }

    /// A text or NULL.
    pub fn optional_text(&self, index: usize) -> Result<Option<&'a str>> {
        match self.value(index, "a text")? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            Value::Int(_) | Value::Blob(_) => Err(StoreError::Column {
                index,
                expected: "a text",
            }),
        }
    }

    /// A text.
    pub fn text(&self, index: usize) -> Result<&'a str> {
        self.optional_text(index)?.ok_or(StoreError::Column {
            index,
            expected: "a text",
        })
    }

    /// Bytes or NULL.
    pub fn optional_blob(&self, index: usize) -> Result<Option<&'a [u8]>> {
        match self.value(index, "bytes")? {
            Value::Null => Ok(None),
            Value::Blob(bytes) => Ok(Some(bytes)),
            Value::Int(_) | Value::Text(_) => Err(StoreError::Column {
                index,
                expected: "bytes",
            }),
        }
    }

    /// Bytes.
    pub fn blob(&self, index: usize) -> Result<&'a [u8]> {
        self.optional_blob(index)?.ok_or(StoreError::Column {
            index,
            expected: "bytes",
        })
    }

    /// Exactly `N` bytes or NULL: a hash, an id.
    pub fn optional_bytes<const N: usize>(&self, index: usize) -> Result<Option<[u8; N]>> {
        self.optional_blob(index)?
            .map(|bytes| {
                bytes.try_into().map_err(|_| StoreError::Column {
                    index,
                    expected: "bytes of the right length",
                })
            })
            .transpose()
    }

    /// Exactly `N` bytes: `AgentId::from_bytes(row.bytes(0)?)`.
    pub fn bytes<const N: usize>(&self, index: usize) -> Result<[u8; N]> {
        self.optional_bytes(index)?.ok_or(StoreError::Column {
            index,
            expected: "bytes",
        })
    }

    /// A UUID or NULL.
    pub fn optional_uuid(&self, index: usize) -> Result<Option<Uuid>> {
        Ok(self.optional_bytes(index)?.map(Uuid::from_bytes))
    }

    /// A UUID.
    pub fn uuid(&self, index: usize) -> Result<Uuid> {
        self.bytes(index).map(Uuid::from_bytes)
    }

    /// A point in time or NULL.
    pub fn optional_timestamp(&self, index: usize) -> Result<Option<Timestamp>> {
        Ok(self.optional_i64(index)?.map(Timestamp::from_micros))
    }

    /// A point in time.
    pub fn timestamp(&self, index: usize) -> Result<Timestamp> {
        self.i64(index).map(Timestamp::from_micros)
    }
}
