//! The store on both engines: one suite against a real SQLCipher file and a real PostgreSQL, then what concerns only one of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "the helpers of tests may fail, and their numbers are small"
)]

mod bed;
mod child;
mod faults;
mod ledger;
mod lock;
mod long_reads;
mod migrations;
mod outbox;
mod postgres_only;
mod search;
mod sqlite_only;
mod units;

/// Makes a test per engine of a function that takes a [`bed::Bed`].
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&$crate::bed::Bed::sqlite()); })+
        }
        mod postgres {
            $(#[test] fn $name() {
                if let Some(bed) = $crate::bed::Bed::postgres() {
                    super::$name(&bed);
                }
            })+
        }
    };
}
pub(crate) use on_both_engines;
