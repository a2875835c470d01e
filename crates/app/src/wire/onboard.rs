//! Making an installation out of nothing.

use countersign_domain::Name;
use countersign_gate::{OnboardDraft, SystemClock, Workspace};
use countersign_vault::{Passphrase, SecretString};

use super::failures::{from_gate, from_lock};
use super::header::{HeaderPlace, unlock};
use super::lock::hold;
use super::parts::{Parts, not_onboarded};
use crate::config::{DataDir, Settings};
use crate::failure::{Failure, Result};

/// What the first operator is.
#[derive(Debug)]
pub(crate) struct Onboarding {
    /// The name.
    pub(crate) operator: String,
    /// Whether the admin key also decides.
    pub(crate) with_decide: bool,
}

/// What is shown once.
pub(crate) struct Onboarded {
    /// The first operator's name.
    pub(crate) operator: String,
    /// Signs in.
    pub(crate) token: SecretString,
    /// Configures.
    pub(crate) admin_key: SecretString,
}

/// Refuses where there is an installation, before anybody is asked anything. One that died half-way looks the same without its
/// passphrase: it is taken up by `--yes`.
pub(crate) async fn refuse_second(settings: &Settings) -> Result<()> {
    let is_made = settings.database_url.is_some() || settings.data_dir.database().exists();
    match HeaderPlace::of(settings).read().await? {
        Some(_) if is_made => Err(already_onboarded(&settings.data_dir)),
        None if is_made && settings.database_url.is_none() => Err(not_onboarded(settings)),
        _ => Ok(()),
    }
}

fn already_onboarded(data_dir: &DataDir) -> Failure {
    Failure::state(
        "already_onboarded",
        format!(
            "{} is onboarded already: nothing was changed",
            data_dir.path().display()
        ),
    )
    .next("start it with `countersign gateway`, or set COUNTERSIGN_DATA_DIR to another folder (an onboarding that died half-way is taken up with --yes)")
}

/// Makes the folder, the vault and the first operator.
///
/// The header comes first: data under a key that nobody could get back would be worse than a header without data. A folder with a header
/// and no operator is one that died in between: it is taken up where it was left.
pub(crate) async fn onboard(
    settings: &Settings,
    passphrase: Passphrase,
    onboarding: Onboarding,
) -> Result<Onboarded> {
    let data_dir = &settings.data_dir;
    let operator: Name = onboarding
        .operator
        .parse()
        .map_err(|error| Failure::usage(format!("--operator: {error}")))?;
    data_dir.create().map_err(|error| {
        Failure::state(
            "data_dir",
            format!("{} can't be made: {error}", data_dir.path().display()),
        )
        .next("choose another folder with COUNTERSIGN_DATA_DIR")
    })?;
    let already = || already_onboarded(data_dir);
    let place = HeaderPlace::of(settings);
    let present = place.read().await?;
    let _lock = hold(data_dir).await.map_err(|error| {
        if present.is_some() {
            already()
        } else {
            from_lock(&error)
        }
    })?;
    let vault = match present {
        None if settings.database_url.is_none() && data_dir.database().exists() => {
            return Err(not_onboarded(settings));
        }
        None => place.create(passphrase).await?,
        Some(header) => match unlock(header, passphrase).await {
            Ok((vault, _)) => vault,
            // Whoever does not know the passphrase learns only that this folder is taken.
            Err(failure) if failure.code == "wrong_passphrase" => return Err(already()),
            Err(failure) => return Err(failure),
        },
    };
    let parts = Parts::of(settings);
    let store = parts.open_store(vault.clone()).await?;
    let workspace = Workspace {
        store: store.clone(),
        vault,
        instance: parts.instance(),
    };
    let made = countersign_gate::onboard(
        &workspace,
        OnboardDraft {
            operator,
            with_decide: onboarding.with_decide,
        },
        &SystemClock,
    )
    .await;
    store.close().await;
    match made {
        Ok(made) => Ok(Onboarded {
            operator: made.operator.name.to_string(),
            token: made.token,
            admin_key: made.admin_key,
        }),
        Err(error) if error.code == "already_onboarded" => Err(already()),
        Err(error) => Err(from_gate(&error)),
    }
}
