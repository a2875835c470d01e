//! `countersign migrate`: the store's schema. `gateway` runs pending migrations by itself; this is for those who want to look first.

use clap::Subcommand;
use serde_json::json;

use super::cx::Cx;
use crate::failure::Result;
use crate::output::Table;
use crate::{passphrase, wire};

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Migrate {
    /// List the migrations and which of them ran
    Status,
    /// Run pending migrations
    Run,
}

impl Migrate {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let settings = cx.settings()?;
        let workshop = wire::Workshop::open(&settings).await?;
        let passphrase = passphrase::configured_or_typed(&cx.env, &settings, cx.output)?;
        match self {
            Self::Status => {
                let migrations = workshop.migration_status(passphrase).await?;
                let items: Vec<_> = migrations
                    .iter()
                    .map(|migration| json!({ "version": migration.version, "name": migration.name, "applied_at": migration.applied_at }))
                    .collect();
                cx.output.result(&json!({ "items": items }), |output| {
                    let mut table = Table::new(&["VERSION", "NAME", "APPLIED"]);
                    for migration in &migrations {
                        let applied = migration
                            .applied_at
                            .map_or_else(|| "pending".to_owned(), |at| at.to_string());
                        table.row([
                            migration.version.to_string(),
                            migration.name.clone(),
                            applied,
                        ]);
                    }
                    output.table(&table);
                });
            }
            Self::Run => {
                let count = workshop.migrate(passphrase).await?;
                cx.output.result(&json!({ "applied": count }), |output| {
                    output.line(format!("{count} migrations ran"));
                });
            }
        }
        Ok(())
    }
}
