//! Failed sign-ins, counted per account and per source. They survive a restart.

use countersign_domain::Timestamp;

use crate::{error::Result, tx::Tx, value::Arg};

/// What is known of one account's or one source's failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigninFailures {
    /// How many in a row.
    pub failures: u64,
    /// When the last one was recorded.
    pub last_at: Timestamp,
    /// Until when failing answers are refused.
    pub locked_until: Option<Timestamp>,
}

/// The failures of a subject.
pub fn of(tx: &mut Tx<'_>, subject: &str) -> Result<Option<SigninFailures>> {
    tx.query_optional(
        "SELECT failures, last_at, locked_until FROM signin_failure WHERE subject = ?1",
        &[subject.into()],
        |row| {
            Ok(SigninFailures {
                failures: row.u64(0)?,
                last_at: row.timestamp(1)?,
                locked_until: row.optional_timestamp(2)?,
            })
        },
    )
}

/// Counts a failure in one statement, so that failures at the same time all count, and locks at `attempts`. A count that is older
/// than `window_start`, or whose lock has ended, begins again.
pub fn count(
    tx: &mut Tx<'_>,
    subject: &str,
    now: Timestamp,
    window_start: Timestamp,
    attempts: u32,
    locked_until: Timestamp,
) -> Result<SigninFailures> {
    let again = "(signin_failure.locked_until IS NULL AND signin_failure.last_at < ?3) OR signin_failure.locked_until <= ?2";
    // The text has no value in it: `again` is a fixed piece that stands twice.
    let sql = format!(
        "INSERT INTO signin_failure (subject, failures, last_at, locked_until) \
         VALUES (?1, 1, ?2, CASE WHEN CAST(?4 AS BIGINT) <= 1 THEN CAST(?5 AS BIGINT) END) \
         ON CONFLICT (subject) DO UPDATE SET last_at = ?2, \
         failures = CASE WHEN {again} THEN 1 ELSE signin_failure.failures + 1 END, \
         locked_until = CASE WHEN {again} THEN CASE WHEN CAST(?4 AS BIGINT) <= 1 THEN CAST(?5 AS BIGINT) END \
         WHEN signin_failure.locked_until IS NOT NULL THEN signin_failure.locked_until \
         WHEN signin_failure.failures + 1 >= CAST(?4 AS BIGINT) THEN CAST(?5 AS BIGINT) END \
         RETURNING failures, last_at, locked_until"
    );
    let args = [
        subject.into(),
        now.into(),
        window_start.into(),
        Arg::from(attempts),
        locked_until.into(),
    ];
    let rows = tx.query_built(&sql, &args, |row| {
        Ok(SigninFailures {
            failures: row.u64(0)?,
            last_at: row.timestamp(1)?,
            locked_until: row.optional_timestamp(2)?,
        })
    })?;
    rows.into_iter()
        .next()
        .ok_or(crate::error::StoreError::NoRow {
            sql: "INSERT INTO signin_failure .. RETURNING",
        })
}

/// Forgets a subject's failures.
pub fn clear(tx: &mut Tx<'_>, subject: &str) -> Result<()> {
    tx.execute(
        "DELETE FROM signin_failure WHERE subject = ?1",
        &[subject.into()],
    )?;
    Ok(())
}

/// Forgets what is older than a time; how many subjects.
pub fn forget_before(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM signin_failure WHERE last_at < ?1 AND (locked_until IS NULL OR locked_until < ?1)", &[before.into()])
}
