//! The store and the ledger, where no gateway runs: they are opened, looked at and closed.

use countersign_store::LedgerState;

use super::finding::Finding;
use crate::cli::Cx;
use crate::config::Settings;
use crate::passphrase;
use crate::wire::Workshop;

const UNLOCK: &str =
    "set COUNTERSIGN_MASTER_KEY or COUNTERSIGN_MASTER_KEY_FILE, then run this again";

pub(super) async fn examine(cx: &Cx, settings: &Settings) -> Vec<Finding> {
    let passphrase = match passphrase::configured(&cx.env, settings, cx.output) {
        Ok(Some(passphrase)) => passphrase,
        Ok(None) => {
            return vec![
                Finding::warn("store", "not checked: the passphrase was not given", UNLOCK),
                Finding::warn(
                    "ledger",
                    "not checked: the passphrase was not given",
                    UNLOCK,
                ),
            ];
        }
        Err(failure) => return vec![Finding::fail("store", failure.message, UNLOCK)],
    };
    let opened = match Workshop::open(settings).await {
        Ok(workshop) => workshop
            .look(passphrase)
            .await
            .map(|store| (workshop, store)),
        Err(failure) => Err(failure),
    };
    let (_workshop, store) = match opened {
        Ok(opened) => opened,
        Err(failure) => {
            let mend = match failure.code.as_str() {
                "wrong_passphrase" => UNLOCK.to_owned(),
                "data_dir" => format!("chmod 700 {}", settings.data_dir.path().display()),
                _ => failure
                    .next
                    .unwrap_or_else(|| "restore a backup".to_owned()),
            };
            return vec![Finding::fail("store", failure.message, mend)];
        }
    };
    let state = store.ledger_state();
    store.close().await;
    let ledger = match &state {
        LedgerState::Healthy => Finding::ok("ledger", state.to_string()),
        LedgerState::NotesMissing { .. } => Finding::warn(
            "ledger",
            state.to_string(),
            "put checkpoints.txt back from a backup",
        ),
        _ => Finding::fail(
            "ledger",
            state.to_string(),
            "countersign audit verify, and restore a backup where it is not what you expect",
        ),
    };
    vec![
        Finding::ok("store", "it opens, and its schema fits"),
        ledger,
    ]
}
