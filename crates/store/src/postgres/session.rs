//! Statements on one PostgreSQL connection.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use postgres::{Client, Statement, fallible_iterator::FallibleIterator as _, types::ToSql};

use super::{
    error::{Trouble, classify},
    rewrite::rewrite,
};
use crate::{
    error::{Result, StoreError},
    tx::Text,
    value::{Arg, Row},
};

/// A connection with its prepared statements.
pub(crate) struct PostgresSession {
    client: Client,
    /// By the address and length of the text: it lives as long as the program.
    statements: HashMap<(usize, usize), Statement>,
    /// The worst trouble since [`PostgresSession::begin`].
    trouble: Option<Trouble>,
    /// When the present transaction has to end.
    ends_at: Option<Instant>,
}

fn parameters<'a>(args: &'a [Arg<'a>]) -> impl ExactSizeIterator<Item = &'a (dyn ToSql + Sync)> {
    args.iter().map(|arg| arg as &(dyn ToSql + Sync))
}

impl PostgresSession {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            statements: HashMap::new(),
            trouble: None,
            ends_at: None,
        }
    }

    fn understand<T>(
        &mut self,
        sql: &str,
        result: std::result::Result<T, postgres::Error>,
    ) -> Result<T> {
        result.map_err(|error| {
            let (trouble, meaning) = classify(sql, &error);
            let trouble = if self.client.is_closed() {
                Trouble::Connection
            } else {
                trouble
            };
            if self.trouble.is_none() || trouble == Trouble::Connection {
                self.trouble = Some(trouble);
            }
            meaning
        })
    }

    /// Whether the server is still there, as far as is known.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The first trouble of the transaction.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }

    /// Runs text without parameters: BEGIN, COMMIT, ROLLBACK, a migration.
    pub(crate) fn control(&mut self, sql: &str) -> Result<()> {
        let result = self.client.batch_execute(sql);
        self.understand(sql, result)
    }

    /// Starts a transaction and forgets the trouble of the last.
    pub(crate) fn begin(&mut self, sql: &str) -> Result<()> {
        self.trouble = None;
        self.ends_at = None;
        self.control(sql)
    }

    /// [`PostgresSession::begin`] for a transaction that reads, and not for longer than the limit: the server ends a statement that
    /// takes as long, and none begins after it.
    pub(crate) fn begin_within(&mut self, sql: &str, limit: Duration) -> Result<()> {
        let millis = limit.as_millis().clamp(1, 86_400_000);
        self.begin(&format!("{sql}; SET LOCAL statement_timeout = {millis}"))?;
        self.ends_at = Some(Instant::now() + limit);
        Ok(())
    }

    fn prepared(&mut self, sql: &'static str) -> Result<Statement> {
        let key = (sql.as_ptr().addr(), sql.len());
        if let Some(statement) = self.statements.get(&key) {
            return Ok(statement.clone());
        }
        let result = self.client.prepare(&rewrite(sql));
        let statement = self.understand(sql, result)?;
        self.statements.insert(key, statement.clone());
        Ok(statement)
    }

    pub(crate) fn execute(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64> {
        let statement = self.prepared(sql)?;
        let result = self
            .client
            .query_raw(&statement, parameters(args))
            .and_then(|mut rows| {
                while rows.next()?.is_some() {}
                Ok(rows.rows_affected().unwrap_or(0))
            });
        self.understand(sql, result)
    }

    /// Binds values that are no [`Arg`], such as the sealer's arrays.
    pub(crate) fn execute_with(
        &mut self,
        sql: &'static str,
        args: &[&(dyn ToSql + Sync)],
    ) -> Result<u64> {
        let statement = self.prepared(sql)?;
        let result = self.client.execute(&statement, args);
        self.understand(sql, result)
    }

    pub(crate) fn query(
        &mut self,
        text: Text<'_>,
        args: &[Arg<'_>],
        each: &mut dyn FnMut(Row<'_>) -> bool,
    ) -> Result<()> {
        if self.ends_at.is_some_and(|ends_at| Instant::now() > ends_at) {
            return Err(StoreError::TooSlow);
        }
        let statement = match text {
            Text::Fixed(sql) => self.prepared(sql)?,
            Text::Built(sql) => {
                let result = self.client.prepare(&rewrite(sql));
                self.understand(sql, result)?
            }
        };
        let result = self
            .client
            .query_raw(&statement, parameters(args))
            .and_then(|mut rows| {
                while let Some(row) = rows.next()? {
                    if !each(Row::postgres(&row)) {
                        break;
                    }
                }
                Ok(())
            });
        self.understand(text.as_str(), result)
    }
}
