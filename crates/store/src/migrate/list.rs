//! The migrations of this program, in order.

use crate::tx::Engine;

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its number; they are without gaps, from 1.
    pub version: u32,
    /// Its name, as in the file's.
    pub name: &'static str,
    /// The text for SQLite.
    pub sqlite: &'static str,
    /// The text for PostgreSQL.
    pub postgres: &'static str,
}

impl Migration {
    const fn shared(version: u32, name: &'static str, text: &'static str) -> Self {
        Self {
            version,
            name,
            sqlite: text,
            postgres: text,
        }
    }

    /// The text for an engine. Three words differ: `{BLOB}` is BLOB or BYTEA, `{JSON}` is TEXT or JSONB,
    /// `{ROWLESS}` is WITHOUT ROWID or nothing.
    pub fn text(&self, engine: Engine) -> String {
        match engine {
            Engine::Sqlite => self
                .sqlite
                .replace("{BLOB}", "BLOB")
                .replace("{JSON}", "TEXT")
                .replace("{ROWLESS}", " WITHOUT ROWID"),
            Engine::Postgres => self
                .postgres
                .replace("{BLOB}", "BYTEA")
                .replace("{JSON}", "JSONB")
                .replace("{ROWLESS}", ""),
        }
    }
}

/// Every migration. New ones go to the end.
pub const MIGRATIONS: &[Migration] = &[
    Migration::shared(1, "core", include_str!("../../migrations/0001_core.sql")),
    Migration {
        version: 2,
        name: "audit",
        sqlite: include_str!("../../migrations/0002_audit.sqlite.sql"),
        postgres: include_str!("../../migrations/0002_audit.postgres.sql"),
    },
    Migration {
        version: 3,
        name: "activity",
        sqlite: concat!(
            include_str!("../../migrations/0003_activity.sql"),
            include_str!("../../migrations/0003_activity.sqlite.sql")
        ),
        postgres: concat!(
            include_str!("../../migrations/0003_activity.sql"),
            include_str!("../../migrations/0003_activity.postgres.sql")
        ),
    },
    Migration::shared(4, "page", include_str!("../../migrations/0004_page.sql")),
    Migration::shared(5, "scan", include_str!("../../migrations/0005_scan.sql")),
    Migration::shared(
        6,
        "policy",
        include_str!("../../migrations/0006_policy.sql"),
    ),
    Migration::shared(
        7,
        "approvals",
        include_str!("../../migrations/0007_approvals.sql"),
    ),
    Migration::shared(
        8,
        "outbox",
        include_str!("../../migrations/0008_outbox.sql"),
    ),
    Migration::shared(9, "links", include_str!("../../migrations/0009_links.sql")),
    Migration::shared(10, "keys", include_str!("../../migrations/0010_keys.sql")),
    Migration::shared(
        11,
        "agentgate",
        include_str!("../../migrations/0011_agentgate.sql"),
    ),
    Migration::shared(
        12,
        "evidence_brief",
        include_str!("../../migrations/0012_evidence_brief.sql"),
    ),
];
