//! Values that go into statements and come out of rows, the same on both engines.
//!
//! Four kinds exist: BIGINT (also for booleans, 0 or 1, and for times in microseconds), TEXT, bytes and NULL. Nothing is converted
//! silently: a column that holds another kind is an error.

mod arg;
mod row;

pub use arg::Arg;
pub use row::Row;
