//! Making an installation out of nothing.

use countersign_domain::Name;
use countersign_gate::{OnboardDraft, SystemClock};
use countersign_store::{DataDirLock, LockError};
use countersign_vault::{Passphrase, SecretString};

use super::failures::from_lock;
use super::header::HeaderPlace;
use super::lock::hold;
use super::parts::{Parts, not_onboarded};
use super::site::{Site, already_onboarded};
use crate::config::Settings;
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

/// Refuses where a gateway works on the data directory, before anybody is asked for a passphrase.
pub(crate) async fn refuse_in_use(settings: &Settings) -> Result<()> {
    if settings.data_dir.mode().is_none() {
        return Ok(());
    }
    match lock(settings).await {
        // What else is wrong with the folder is found where it is made.
        Err(failure) if failure.code == "in_use" || failure.code == "already_onboarded" => {
            Err(failure)
        }
        _ => Ok(()),
    }
}

async fn lock(settings: &Settings) -> Result<DataDirLock> {
    let data_dir = &settings.data_dir;
    let is_present = HeaderPlace::of(settings).read().await?.is_some();
    hold(data_dir).await.map_err(|error| match error {
        LockError::AlreadyLocked { .. } if is_present => already_onboarded(data_dir),
        LockError::AlreadyLocked { .. } => from_lock(&error).next(
            "if it is being set up in a browser, finish that; or stop that gateway and onboard here",
        ),
        _ => from_lock(&error),
    })
}

/// Makes the folder, the vault and the first operator.
pub(crate) async fn onboard(
    settings: &Settings,
    passphrase: Passphrase,
    onboarding: Onboarding,
) -> Result<Onboarded> {
    let operator: Name = onboarding
        .operator
        .parse()
        .map_err(|error| Failure::usage(format!("--operator: {error}")))?;
    create(settings)?;
    let _lock = lock(settings).await?;
    let site = Site::new(settings, Parts::of(settings));
    site.tidy()?;
    let draft = OnboardDraft {
        operator,
        with_decide: onboarding.with_decide,
    };
    let work =
        async move |workspace| countersign_gate::onboard(&workspace, draft, &SystemClock).await;
    let (_, made) = site.make(passphrase, work).await?;
    Ok(Onboarded {
        operator: made.operator.name.to_string(),
        token: made.token,
        admin_key: made.admin_key,
    })
}

/// Makes the data directory, if it is not there.
pub(crate) fn create(settings: &Settings) -> Result<()> {
    settings.data_dir.create().map_err(|error| {
        Failure::state(
            "data_dir",
            format!(
                "{} can't be made: {error}",
                settings.data_dir.path().display()
            ),
        )
        .next("choose another folder with COUNTERSIGN_DATA_DIR")
    })
}
