//! `countersign doctor`: checks the installation and says how to mend it.

use clap::Args;
use serde_json::json;

use super::cx::Cx;
use crate::doctor::{Level, examine};
use crate::failure::{Failure, Result};
use crate::output::Table;

/// No arguments.
#[derive(Debug, Args)]
pub(super) struct Doctor {}

impl Doctor {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let settings = cx.settings()?;
        let findings = examine(cx, &settings).await;
        let is_sound = findings.iter().all(|finding| finding.level != Level::Fail);
        cx.output
            .result(&json!({ "ok": is_sound, "checks": findings }), |output| {
                let mut table = Table::new(&["CHECK", "RESULT", "DETAIL", "MEND"]);
                for finding in &findings {
                    table.row([
                        finding.check,
                        finding.level.as_str(),
                        &finding.detail,
                        finding.mend.as_deref().unwrap_or(""),
                    ]);
                }
                output.table(&table);
            });
        if is_sound {
            Ok(())
        } else {
            Err(Failure::refused_silently())
        }
    }
}
