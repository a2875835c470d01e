//! Where the vault's passphrase comes from.

use countersign_vault::{Passphrase, SecretString};

use crate::config::{Env, MASTER_KEY, Settings, is_open_to_others};
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::prompt;

const INSTEAD: &str = "set COUNTERSIGN_MASTER_KEY or COUNTERSIGN_MASTER_KEY_FILE";

/// The passphrase that the environment, a systemd credential or the configuration gives; `None` where nobody gave one.
pub(crate) fn configured(
    env: &Env,
    settings: &Settings,
    output: Output,
) -> Result<Option<Passphrase>> {
    let (text, path) = match (MASTER_KEY.find(env)?, &settings.master_key_file) {
        (Some(found), _) => (found.text, found.file),
        (None, Some(path)) => (prompt::secret_from_file(path)?, Some(path.clone())),
        (None, None) => return Ok(None),
    };
    if let Some(path) = path.filter(|path| is_open_to_others(path)) {
        output.warn(format!(
            "{} holds the vault's passphrase and others can read it: run `chmod 600 {}`",
            path.display(),
            path.display()
        ));
    }
    accept(text).map(Some)
}

/// The configured passphrase, else the one that is typed.
pub(crate) fn configured_or_typed(
    env: &Env,
    settings: &Settings,
    output: Output,
) -> Result<Passphrase> {
    match configured(env, settings, output)? {
        Some(passphrase) => Ok(passphrase),
        None => accept(prompt::secret("passphrase of the vault", INSTEAD)?),
    }
}

/// The text of the configured passphrase, else what is typed: for a gateway that checks it itself.
pub(crate) fn text(env: &Env, settings: &Settings) -> Result<SecretString> {
    match (MASTER_KEY.find(env)?, &settings.master_key_file) {
        (Some(found), _) => Ok(found.text),
        (None, Some(path)) => prompt::secret_from_file(path),
        (None, None) => prompt::secret("passphrase of the vault", INSTEAD),
    }
}

/// The configured passphrase, else a new one that is typed twice.
pub(crate) fn configured_or_new(
    env: &Env,
    settings: &Settings,
    output: Output,
) -> Result<Passphrase> {
    match configured(env, settings, output)? {
        Some(passphrase) => Ok(passphrase),
        None => accept(prompt::new_secret(
            "new passphrase of the vault (14 characters at least)",
            INSTEAD,
        )?),
    }
}

/// Checks the length.
pub(crate) fn accept(text: SecretString) -> Result<Passphrase> {
    Passphrase::new(text).map_err(|error| Failure::usage(error.to_string()))
}
