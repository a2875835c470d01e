//! A transaction as a unit of work sees it.

use countersign_domain::AuditEntry;
use countersign_vault::audit::AuditMacKey;

use crate::{
    error::{Result, StoreError},
    ledger::Pending,
    postgres::PostgresSession,
    queue::Access,
    sqlite::SqliteSession,
    value::{Arg, Row},
};

/// The two engines, for the rare statement that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLCipher.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

pub(crate) enum Session<'a> {
    Sqlite(&'a mut (dyn SqliteSession + 'a)),
    Postgres(&'a mut PostgresSession),
}

/// What a unit leaves behind for its engine besides rows. Reused from unit to unit, so that none of it is allocated per unit.
#[derive(Default)]
pub(crate) struct Scope {
    /// Entries that wait for a position.
    pub(crate) entries: Vec<Pending>,
    /// The configuration epoch if the engine caches it.
    pub(crate) epoch: Option<u64>,
    /// The first statement that failed: the unit can't commit any more.
    pub(crate) failure: Option<StoreError>,
    /// Scratch for canonical bytes.
    pub(crate) canonical: Vec<u8>,
}

/// One transaction. Statements are portable SQL with numbered parameters (`?1`), the same text on both engines.
///
/// # Invariants
///
/// - A unit whose statement failed is rolled back, even if its closure goes on and returns `Ok`: PostgreSQL could not commit it. A
///   unit that expects a conflict writes `ON CONFLICT`.
/// - A closure may be run again after everything that it did was rolled back. It must not keep anything outside of the transaction
///   from one run to the next.
/// - Transactions are serial on SQLite and READ COMMITTED on PostgreSQL: decide by compare-and-set (`UPDATE .. WHERE state = ..`,
///   then look at the count), never by a read that a later write relies on.
pub struct Tx<'a> {
    session: Session<'a>,
    scope: &'a mut Scope,
    access: Access,
    mac: &'a AuditMacKey,
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tx")
            .field("engine", &self.engine())
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl<'a> Tx<'a> {
    pub(crate) fn new(
        session: Session<'a>,
        scope: &'a mut Scope,
        access: Access,
        mac: &'a AuditMacKey,
    ) -> Self {
        Self {
            session,
            scope,
            access,
            mac,
        }
    }

    /// The engine under the store.
    pub fn engine(&self) -> Engine {
        match self.session {
            Session::Sqlite(_) => Engine::Sqlite,
            Session::Postgres(_) => Engine::Postgres,
        }
    }

    /// Makes and checks the keyed hashes of entries.
    pub(crate) fn mac(&self) -> &'a AuditMacKey {
        self.mac
    }

    /// Picks the text for the engine, where the portable subset is not enough.
    pub fn dialect(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self.engine() {
            Engine::Sqlite => sqlite,
            Engine::Postgres => postgres,
        }
    }

    fn noted<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && self.scope.failure.is_none()
        {
            self.scope.failure = Some(error.clone());
        }
        result
    }

    /// Runs a statement that returns no rows; the number of rows that it changed.
    pub fn execute(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64> {
        if self.access == Access::Read {
            return Err(StoreError::WriteInRead);
        }
        let result = match &mut self.session {
            Session::Sqlite(session) => session.execute(sql, args),
            Session::Postgres(session) => session.execute(sql, args),
        };
        self.noted(result)
    }

    /// Like [`Tx::execute`], and says whether exactly one row changed: the compare-and-set.
    pub fn execute_one(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<bool> {
        self.execute(sql, args).map(|changed| changed == 1)
    }

    /// Every row, mapped. Bound the number of rows by LIMIT: they are all held in memory.
    pub fn query<T>(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
        mut map: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.each(Text::Fixed(sql), args, &mut |row| {
            rows.push(map(row)?);
            Ok(true)
        })?;
        Ok(rows)
    }

    /// Like [`Tx::query`] for a text that was put together from fixed pieces, such as a list with optional filters. It is prepared
    /// for this one use. Values belong into `args`, never into the text.
    pub fn query_built<T>(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        mut map: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.each(Text::Built(sql), args, &mut |row| {
            rows.push(map(row)?);
            Ok(true)
        })?;
        Ok(rows)
    }

    /// Hands over every row without keeping any; `false` stops.
    pub fn for_each(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
        mut each: impl FnMut(Row<'_>) -> Result<bool>,
    ) -> Result<()> {
        self.each(Text::Fixed(sql), args, &mut each)
    }

    /// The first row, if there is one.
    pub fn query_optional<T>(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
        mut map: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut first = None;
        self.each(Text::Fixed(sql), args, &mut |row| {
            first = Some(map(row)?);
            Ok(false)
        })?;
        Ok(first)
    }

    /// The first row; [`StoreError::NoRow`] if there is none. Its absence does not undo the unit.
    pub fn query_one<T>(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
        map: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.query_optional(sql, args, map)?
            .ok_or(StoreError::NoRow { sql })
    }

    fn each(
        &mut self,
        text: Text<'_>,
        args: &[Arg<'_>],
        each: &mut dyn FnMut(Row<'_>) -> Result<bool>,
    ) -> Result<()> {
        // An error of the mapping is the caller's, not the statement's: it does not spoil the transaction.
        let mut mapping = Ok(());
        let result = {
            let mut guarded = |row: Row<'_>| match each(row) {
                Ok(more) => more,
                Err(error) => {
                    mapping = Err(error);
                    false
                }
            };
            match &mut self.session {
                Session::Sqlite(session) => session.query(text, args, &mut guarded),
                Session::Postgres(session) => session.query(text, args, &mut guarded),
            }
        };
        self.noted(result)?;
        mapping
    }

    /// Gives an entry to the ledger, in this transaction: it is there exactly if the unit commits. Its position comes from the sealer,
    /// on SQLite in the same commit, on PostgreSQL at most 50 ms later.
    pub fn append_entry(&mut self, entry: AuditEntry) -> Result<()> {
        if self.access == Access::Read {
            return Err(StoreError::WriteInRead);
        }
        let entry = entry.bounded();
        self.scope.canonical.clear();
        entry.canonical(&mut self.scope.canonical);
        let mac = self.mac.mac_canonical(&self.scope.canonical);
        self.scope.entries.push(Pending { entry, mac });
        Ok(())
    }

    /// The configuration epoch as this transaction sees it. Costs no statement in a write on SQLite.
    pub fn epoch(&mut self) -> Result<u64> {
        if let Some(epoch) = self.scope.epoch {
            return Ok(epoch);
        }
        self.query_one("SELECT epoch FROM config_epoch WHERE id = 1", &[], |row| {
            row.u64(0)
        })
    }

    /// Raises the configuration epoch, once per unit that changes configuration; the new value. It is announced by the commit.
    pub fn bump_epoch(&mut self) -> Result<u64> {
        if self.access == Access::Read {
            return Err(StoreError::WriteInRead);
        }
        let sql = "UPDATE config_epoch SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch";
        let epoch = self.query_one(sql, &[], |row| row.u64(0))?;
        if self.scope.epoch.is_some() {
            self.scope.epoch = Some(epoch);
        }
        Ok(epoch)
    }
}

/// A statement's text: known for the life of the program, or made for one use.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text<'a> {
    Fixed(&'static str),
    Built(&'a str),
}

impl Text<'_> {
    #[expect(
        clippy::match_same_arms,
        reason = "the two texts live for different times"
    )]
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Built(text) => text,
        }
    }
}
