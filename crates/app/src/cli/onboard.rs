//! `countersign onboard`: makes the data directory, the vault and the first operator.
//!
//! Part of the bootstrap contract: `--yes --json` prints `{"operator","token","admin_key","data_dir"}` and nothing else. Twice is exit 3,
//! with nothing changed. A run that died half-way is taken up again, with the same passphrase.

use clap::Args;
use serde_json::json;

use super::cx::Cx;
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::wire::{self, Onboarding};
use crate::{passphrase, prompt};

const INSTEAD: &str = "say --yes, and set COUNTERSIGN_MASTER_KEY or COUNTERSIGN_MASTER_KEY_FILE";

/// How to onboard.
#[derive(Debug, Args)]
pub(super) struct Onboard {
    /// Don't ask: take the passphrase from `COUNTERSIGN_MASTER_KEY` or its file
    #[arg(long)]
    yes: bool,
    /// Let the admin key decide on requests too, not only configure
    #[arg(long)]
    with_decide: bool,
    /// The first operator's name
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

impl Onboard {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let settings = cx.settings()?;
        for warning in &settings.warnings {
            cx.output.warn(warning);
        }
        let path = settings.data_dir.path().display().to_string();
        if self.yes {
            wire::refuse_in_use(&settings).await?;
        } else {
            wire::refuse_second(&settings).await?;
            wire::refuse_in_use(&settings).await?;
            Self::tell(cx, &settings)?;
        }
        let operator = match &self.operator {
            Some(name) => name.clone(),
            None if self.yes => "owner".to_owned(),
            None => prompt::text("name of the first operator", "owner", INSTEAD)?,
        };
        let with_decide = self.with_decide
            || (!self.yes
                && prompt::confirm("may the admin key approve and deny requests, too?", INSTEAD)?);
        let passphrase = if self.yes {
            passphrase::configured(&cx.env, &settings, cx.output)?
                .ok_or_else(|| Failure::usage("there is no passphrase for the vault").next("set COUNTERSIGN_MASTER_KEY or COUNTERSIGN_MASTER_KEY_FILE, or leave out --yes to be asked"))?
        } else {
            passphrase::configured_or_new(&cx.env, &settings, cx.output)?
        };
        let made = wire::onboard(
            &settings,
            passphrase,
            Onboarding {
                operator: operator.clone(),
                with_decide,
            },
        )
        .await?;
        let document = json!({ "operator": made.operator, "token": made.token.expose(), "admin_key": made.admin_key.expose(), "data_dir": path });
        let remedy = format!(
            "the data directory is made, its token and admin key are gone for good: remove it and onboard again, or `countersign token create NAME --operator {} --recover`",
            made.operator
        );
        cx.output.secret_result(&document, &remedy, |output| {
            output.line(format!("operator   {}", made.operator));
            output.line(format!("token      {}", made.token.expose()));
            output.line(format!("admin key  {}", made.admin_key.expose()));
            output.line(format!("data       {path}"));
            output.note("both are shown this once. The token signs in (`countersign login`); the key is for COUNTERSIGN_API_KEY.");
            output.note("Without the passphrase the data is lost: keep it somewhere else, too.");
            output.note("next: `countersign gateway`");
        })
    }

    /// Says what will be written, and asks.
    fn tell(cx: &Cx, settings: &Settings) -> Result<()> {
        cx.output.note(format!(
            "This writes into {} (mode 0700):",
            settings.data_dir.path().display()
        ));
        if settings.database_url.is_none() {
            cx.output.note("  vault.json        the vault's header: the data key, sealed under your passphrase");
            cx.output.note("  countersign.db    the encrypted store, with the first operator, a sign-in token and an admin key");
        } else {
            cx.output.note("  (the vault's header and the store, with the first operator, a sign-in token and an admin key, go to PostgreSQL)");
        }
        cx.output
            .note("  checkpoints.txt   signed checkpoints of the ledger");
        cx.output.note("It starts nothing, and it opens no port.");
        if prompt::confirm("go on?", INSTEAD)? {
            Ok(())
        } else {
            Err(Failure::refused("not_confirmed", "nothing was written"))
        }
    }
}
