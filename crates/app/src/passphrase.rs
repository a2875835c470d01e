//! Where the vault's passphrase comes from.

use countersign_server::PassphraseSource;
use countersign_vault::{Passphrase, SecretString};

use crate::config::{Env, MASTER_KEY, Settings};
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
    found(env, settings, output)?.map(accept).transpose()
}

/// Where the configured passphrase comes from; `None` where nobody gave one.
pub(crate) fn source(env: &Env, settings: &Settings) -> Result<Option<PassphraseSource>> {
    Ok(match (MASTER_KEY.find(env)?, &settings.master_key_file) {
        (Some(found), _) if found.file.is_none() => Some(PassphraseSource::Environment),
        (Some(_), _) | (None, Some(_)) => Some(PassphraseSource::File),
        (None, None) => None,
    })
}

fn found(env: &Env, settings: &Settings, output: Output) -> Result<Option<SecretString>> {
    match (MASTER_KEY.find(env)?, &settings.master_key_file) {
        (Some(found), _) => {
            found.warn(output);
            Ok(Some(found.text))
        }
        (None, Some(path)) => prompt::secret_from_file(path, output).map(Some),
        (None, None) => Ok(None),
    }
}

/// The text of the passphrase that is configured, if it is long enough for one.
pub(crate) fn configured_text(
    env: &Env,
    settings: &Settings,
    output: Output,
) -> Result<Option<SecretString>> {
    let Some(text) = found(env, settings, output)? else {
        return Ok(None);
    };
    accept(SecretString::new(text.expose().to_owned()))?;
    Ok(Some(text))
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
pub(crate) fn text(env: &Env, settings: &Settings, output: Output) -> Result<SecretString> {
    match found(env, settings, output)? {
        Some(text) => Ok(text),
        None => prompt::secret("passphrase of the vault", INSTEAD),
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
