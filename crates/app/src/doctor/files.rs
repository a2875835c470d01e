//! The data directory: whether it is there, whose it is, and who else can get at it.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::finding::Finding;
use crate::config::Settings;
use crate::run_file::RunFile;
use crate::wire::{HeaderPlace, not_onboarded};

pub(super) async fn examine(settings: &Settings) -> Vec<Finding> {
    let path = settings.data_dir.path().display();
    let Some(mode) = settings.data_dir.mode() else {
        return vec![Finding::fail(
            "data directory",
            format!("{path} does not exist"),
            "countersign onboard",
        )];
    };
    let folder = if mode.trailing_zeros() >= 6 {
        Finding::ok("data directory", format!("{path}, mode {mode:04o}"))
    } else {
        Finding::fail(
            "data directory",
            format!("{path} has mode {mode:04o}: others can get at it"),
            format!("chmod 700 {path}"),
        )
    };
    vec![folder, modes(settings), header(settings).await]
}

/// Every file in it belongs to its owner only.
fn modes(settings: &Settings) -> Finding {
    let path = settings.data_dir.path();
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            return Finding::fail(
                "file modes",
                format!("{} can't be listed: {error}", path.display()),
                "run this as the gateway's user",
            );
        }
    };
    let open: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| {
            entry
                .metadata()
                .is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o077 != 0)
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    if open.is_empty() {
        Finding::ok("file modes", "every file is its owner's only")
    } else {
        Finding::fail(
            "file modes",
            format!("others can get at {}", open.join(", ")),
            format!("chmod go= {}/*", path.display()),
        )
    }
}

fn runs(settings: &Settings) -> bool {
    let run_file = RunFile::read(&settings.data_dir).ok().flatten();
    run_file.is_some_and(|run_file| run_file.is_current(&settings.data_dir).unwrap_or(false))
}

async fn header(settings: &Settings) -> Finding {
    match HeaderPlace::of(settings).read().await {
        // `onboard` would be refused while a gateway waits to be set up.
        Ok(None) if runs(settings) => Finding::warn(
            "vault",
            "there is none yet: the gateway that runs here waits to be set up",
            "finish the set-up in the browser; or stop that gateway and run countersign onboard",
        ),
        Ok(None) => {
            let failure = not_onboarded(settings);
            let mend = match failure.code.as_str() {
                "not_onboarded" => "countersign onboard".to_owned(),
                _ => failure.next.unwrap_or_default(),
            };
            Finding::fail("vault", failure.message, mend)
        }
        Ok(Some(_)) => Finding::ok("vault", "its header can be read"),
        Err(failure) => Finding::fail(
            "vault",
            failure.message,
            failure
                .next
                .unwrap_or_else(|| "restore vault.json from a backup".to_owned()),
        ),
    }
}
