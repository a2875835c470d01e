//! Opening a SQLCipher file.

use std::{fmt::Write as _, fs, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

use countersign_vault::{SecretBytes, SecretString};
use rusqlite::{Connection, OpenFlags};

use super::session::classify;
use crate::{
    error::{Result, StoreError},
    options::SqliteOptions,
};

/// Which kind of connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connecting {
    /// The one that writes; makes the file if it isn't there.
    Writer,
    /// One of those that read.
    Reader,
}

/// The raw-key form of `PRAGMA key`: no key derivation per connection.
fn key_pragma(key: &SecretBytes) -> SecretString {
    let mut text = String::with_capacity(96);
    text.push_str("PRAGMA key = \"x'");
    for byte in key.expose() {
        // Writing to a String never fails, and with this capacity never moves it.
        let _infallible = write!(text, "{byte:02x}");
    }
    text.push_str("'\"");
    SecretString::new(text)
}

/// Opens, keys and sets up a connection. A wrong key is found here, before anything is written.
pub(crate) fn open(
    options: &SqliteOptions,
    key: &SecretBytes,
    connecting: Connecting,
) -> Result<Connection> {
    if key.len() != 32 {
        return Err(StoreError::Configuration(
            "the store's key must have 32 bytes".into(),
        ));
    }
    let access = match connecting {
        Connecting::Writer => {
            create_private(&options.path)?;
            OpenFlags::SQLITE_OPEN_READ_WRITE
        }
        Connecting::Reader => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let understand = |error: rusqlite::Error| classify("open", &error);
    let connection =
        Connection::open_with_flags(&options.path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(understand)?;
    // Before the key, or a wrong one is reported on stderr by the library itself.
    pragma(&connection, "PRAGMA cipher_log_level = NONE")?;
    pragma(&connection, key_pragma(key).expose()).map_err(|_| StoreError::WrongKey)?;
    // Pages are authenticated with SHA-256, which this generation of processors has instructions for; part of the file's format.
    pragma(&connection, "PRAGMA cipher_hmac_algorithm = HMAC_SHA256")?;
    connection
        .busy_timeout(Duration::from_secs(5))
        .map_err(understand)?;
    // The first read decrypts: here a wrong key shows.
    connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))
        .map_err(understand)?;
    let cache = match connecting {
        Connecting::Writer => options.cache_kib,
        Connecting::Reader => options.cache_kib / 4,
    };
    pragma(&connection, &format!("PRAGMA cache_size = -{cache}"))?;
    pragma(&connection, "PRAGMA foreign_keys = ON")?;
    pragma(&connection, "PRAGMA temp_store = MEMORY")?;
    pragma(&connection, "PRAGMA trusted_schema = OFF")?;
    if connecting == Connecting::Writer {
        if connection.is_readonly("main").map_err(understand)? {
            return Err(StoreError::ReadOnly);
        }
        let mode: String = connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
            .map_err(understand)?;
        if mode != "wal" {
            return Err(StoreError::Configuration(
                format!("the file system gives journal mode {mode} instead of wal").into(),
            ));
        }
        pragma(&connection, "PRAGMA synchronous = FULL")?;
        pragma(&connection, "PRAGMA wal_autocheckpoint = 0")?;
        pragma(&connection, "PRAGMA secure_delete = FAST")?;
        if let Some(pages) = options.max_pages {
            pragma(&connection, &format!("PRAGMA max_page_count = {pages}"))?;
        }
    }
    Ok(connection)
}

/// Makes the file with mode 0600: SQLite gives the write-ahead log the same mode.
fn create_private(path: &Path) -> Result<()> {
    match fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::ReadOnlyFilesystem => {
            Err(StoreError::ReadOnly)
        }
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(StoreError::ReadOnly)
        }
        Err(error) => Err(StoreError::file("the database file can't be made", &error)),
    }
}

fn pragma(connection: &Connection, sql: &str) -> Result<()> {
    // The text may hold the key: it never gets into an error.
    let name = sql.split([' ', '=']).nth(1).unwrap_or("");
    let mut statement = connection
        .prepare(sql)
        .map_err(|error| classify(name, &error))?;
    let mut rows = statement.raw_query();
    while rows
        .next()
        .map_err(|error| classify(name, &error))?
        .is_some()
    {}
    Ok(())
}
