//! Running migrations and looking at them.

use std::sync::Arc;

use countersign_domain::Timestamp;
use countersign_vault::{Vault, audit::AuditMacKey, sha256};

use super::list::Migration;
use crate::{
    error::{Result, StoreError},
    postgres::PostgresSession,
    queue::Access,
    sqlite::{Connected, classify},
    tx::{Engine, Scope, Session, Tx},
    value::Arg,
};

/// A schema that does not fit this program.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// A migration that was run is not the one that this program has.
    #[error(
        "migration {version} ({name}) was changed after it was run; use the program that made this database, or restore a backup"
    )]
    Changed {
        /// Its number.
        version: u32,
        /// Its name.
        name: Arc<str>,
    },
    /// The database is from a newer program.
    #[error(
        "the database has migration {version} ({name}), which this program does not know; use a newer program"
    )]
    Newer {
        /// Its number.
        version: u32,
        /// Its name.
        name: Arc<str>,
    },
    /// Migrations have to be run first.
    #[error("{count} migrations are pending; run `countersign migrate run`")]
    Pending {
        /// How many.
        count: usize,
    },
    /// A migration failed; nothing of it stands.
    #[error("migration {version} failed, and nothing was changed: {reason}")]
    Failed {
        /// Its number.
        version: u32,
        /// What the engine said.
        reason: Arc<str>,
    },
}

/// A migration and whether it was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its number.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// When it was run; `None` if it is pending.
    pub applied_at: Option<Timestamp>,
}

/// A connection that nobody else uses.
pub(crate) enum Target<'a, 'conn> {
    Sqlite(&'a mut Connected<'conn>),
    Postgres(&'a mut PostgresSession),
}

struct Applied {
    version: u32,
    name: String,
    checksum: [u8; 32],
    at: Timestamp,
}

/// Serialises replicas that start together; any constant will do.
const ADVISORY_LOCK: &str = "SELECT pg_advisory_xact_lock(7310868722837455)";

impl Target<'_, '_> {
    fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    fn batch(&mut self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(connected) => connected
                .connection
                .execute_batch(sql)
                .map_err(|error| classify("migration", &error)),
            Self::Postgres(session) => session.control(sql),
        }
    }

    /// Runs the body in a transaction.
    pub(crate) fn transaction<T>(
        &mut self,
        access: Access,
        mac: &AuditMacKey,
        body: impl FnOnce(&mut Self, &AuditMacKey) -> Result<T>,
    ) -> Result<T> {
        match (self.engine(), access) {
            (Engine::Sqlite, Access::Write) => self.batch("BEGIN IMMEDIATE")?,
            (Engine::Sqlite, Access::Read) | (Engine::Postgres, Access::Write) => {
                self.batch("BEGIN")?;
            }
            (Engine::Postgres, Access::Read) => {
                self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            }
        }
        let result = body(self, mac);
        match result {
            Ok(value) => self.batch("COMMIT").map(|()| value),
            Err(error) => {
                drop(self.batch("ROLLBACK"));
                Err(error)
            }
        }
    }

    /// A unit of work on this connection, inside [`Target::transaction`].
    pub(crate) fn with_tx<T>(
        &mut self,
        access: Access,
        mac: &AuditMacKey,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut scope = Scope::default();
        let session = match self {
            Self::Sqlite(connected) => Session::Sqlite(&mut **connected),
            Self::Postgres(session) => Session::Postgres(session),
        };
        let value = work(&mut Tx::new(session, &mut scope, access, mac))?;
        if scope.entries.is_empty() {
            Ok(value)
        } else {
            Err(StoreError::Sealing(
                "an entry was appended before the ledger was open".into(),
            ))
        }
    }
}

fn applied(tx: &mut Tx<'_>) -> Result<Vec<Applied>> {
    tx.query(
        "SELECT version, name, sha256, applied_at FROM schema_migration ORDER BY version",
        &[],
        |row| {
            Ok(Applied {
                version: row.u32(0)?,
                name: row.text(1)?.to_owned(),
                checksum: row.bytes(2)?,
                at: row.timestamp(3)?,
            })
        },
    )
}

fn table_exists(tx: &mut Tx<'_>) -> Result<bool> {
    let sql = tx.dialect(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migration'",
        "SELECT 1::bigint FROM pg_tables WHERE tablename = 'schema_migration' AND schemaname = current_schema()",
    );
    Ok(tx.query_optional(sql, &[], |_| Ok(()))?.is_some())
}

/// Compares what was run with what this program has.
fn compare(
    applied: &[Applied],
    migrations: &[Migration],
    engine: Engine,
) -> Result<(), MigrationError> {
    for done in applied {
        let Some(known) = migrations
            .iter()
            .find(|migration| migration.version == done.version)
        else {
            return Err(MigrationError::Newer {
                version: done.version,
                name: done.name.as_str().into(),
            });
        };
        if sha256(known.text(engine).as_bytes()) != done.checksum || known.name != done.name {
            return Err(MigrationError::Changed {
                version: done.version,
                name: done.name.as_str().into(),
            });
        }
    }
    Ok(())
}

/// What was run and what is pending.
pub(crate) fn status(
    target: &mut Target<'_, '_>,
    vault: &Vault,
    migrations: &[Migration],
) -> Result<Vec<MigrationStatus>> {
    let engine = target.engine();
    let done = target.transaction(Access::Read, vault.audit_mac(), |target, mac| {
        target.with_tx(Access::Read, mac, |tx| {
            if table_exists(tx)? {
                applied(tx)
            } else {
                Ok(Vec::new())
            }
        })
    })?;
    compare(&done, migrations, engine)?;
    Ok(migrations
        .iter()
        .map(|migration| MigrationStatus {
            version: migration.version,
            name: migration.name.to_owned(),
            applied_at: done
                .iter()
                .find(|done| done.version == migration.version)
                .map(|done| done.at),
        })
        .collect())
}

/// Runs what is pending, all of it or nothing; how many that were.
pub(crate) fn apply(
    target: &mut Target<'_, '_>,
    vault: &Vault,
    migrations: &[Migration],
    now: Timestamp,
) -> Result<usize> {
    let engine = target.engine();
    let blob = match engine {
        Engine::Sqlite => "BLOB",
        Engine::Postgres => "BYTEA",
    };
    target.transaction(Access::Write, vault.audit_mac(), |target, mac| {
        if engine == Engine::Postgres {
            target.batch("SET LOCAL lock_timeout = '120s'; SET LOCAL statement_timeout = 0")?;
            target.batch(ADVISORY_LOCK)?;
        }
        target.batch(&format!(
            "CREATE TABLE IF NOT EXISTS schema_migration (version BIGINT PRIMARY KEY, name TEXT NOT NULL, sha256 {blob} NOT NULL, \
             applied_at BIGINT NOT NULL)"
        ))?;
        let done = target.with_tx(Access::Write, mac, applied)?;
        compare(&done, migrations, engine)?;
        let mut count = 0;
        for migration in migrations.iter().filter(|migration| done.iter().all(|done| done.version != migration.version)) {
            let text = migration.text(engine);
            let failed = |error: StoreError| match error {
                error @ (StoreError::DiskFull | StoreError::ReadOnly | StoreError::Poisoned { .. } | StoreError::Unavailable { .. }) => error,
                error => MigrationError::Failed { version: migration.version, reason: error.to_string().into() }.into(),
            };
            target.batch(&text).map_err(failed)?;
            let checksum = sha256(text.as_bytes());
            target.with_tx(Access::Write, mac, |tx| {
                tx.execute("INSERT INTO schema_migration (version, name, sha256, applied_at) VALUES (?1, ?2, ?3, ?4)", &[
                    migration.version.into(),
                    migration.name.into(),
                    Arg::Blob(&checksum),
                    now.into(),
                ])
            })?;
            count += 1;
        }
        Ok(count)
    })
}
