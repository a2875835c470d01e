//! Measures a scanner on labelled rows: what `countersign scan eval` prints.
//!
//! Pure: rows come in as text, numbers go out. The clock is the caller's.

mod latency;
mod metrics;
mod row;
mod wilson;

#[cfg(test)]
mod tests;

pub use latency::Latency;
pub use metrics::{Group, Rate, Report, Result as CaseResult};
pub use row::{Label, Row, RowError, rows};
pub use wilson::wilson;
