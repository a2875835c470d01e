//! Which gateway to talk to.

use countersign_net::{CertificatePin, LocalEndpoint};

use crate::config::{DataDir, Env, FINGERPRINT, URL};
use crate::failure::{Failure, Result};
use crate::run_file::RunFile;

/// A gateway's place and how it was found.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The address as it was given.
    pub(crate) text: String,
    /// The same, read.
    pub(crate) endpoint: LocalEndpoint,
    /// Trust in its certificate, where it signs its own.
    pub(crate) pin: Option<CertificatePin>,
    /// The file that named it, if one did.
    pub(crate) run_file: Option<RunFile>,
    /// Where that file lies.
    data_dir: Option<DataDir>,
}

impl Place {
    /// A gateway by its address.
    pub(crate) fn named(text: &str) -> Result<Self> {
        let text = text.trim().trim_end_matches('/');
        let endpoint =
            LocalEndpoint::parse(text).map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self {
            text: text.to_owned(),
            endpoint,
            pin: None,
            run_file: None,
            data_dir: None,
        })
    }

    /// How a gateway is set up that waits for it.
    pub(crate) fn to_set_up(&self) -> String {
        let file = self
            .data_dir
            .as_ref()
            .map(|data_dir| data_dir.path().join("setup-address"))
            .filter(|file| file.exists());
        match file {
            Some(file) => format!(
                "open the one-time address in {} in a browser; or stop that gateway and run `countersign onboard`",
                file.display()
            ),
            None => "open the one-time address that the gateway showed on its terminal (or in its data directory's `setup-address`); a restart gives another".to_owned(),
        }
    }

    /// Checks that the gateway that `run.json` names still runs; one that was named by its address is taken as it is.
    ///
    /// SECURITY: before every request, not once: a gateway may die while a passphrase is being typed.
    pub(crate) fn check(&self) -> Result<()> {
        let (Some(run_file), Some(data_dir)) = (&self.run_file, &self.data_dir) else {
            return Ok(());
        };
        let folder = data_dir.path().display();
        match run_file.is_current(data_dir) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::unreachable(
                "no_gateway",
                format!("no gateway runs on this folder ({folder}): run.json is left from one that was killed, and nothing was sent to its address"),
            )
            .next("start it with `countersign gateway`, or set COUNTERSIGN_URL to one that runs")),
            Err(error) => Err(Failure::unreachable(
                "lock",
                format!("whether a gateway runs on {folder} can't be seen from its lock: {error}"),
            )
            .next("run this as the gateway's user, or set COUNTERSIGN_URL")),
        }
    }
}

/// `COUNTERSIGN_URL`, else the gateway that runs on the data directory.
pub(crate) fn find(env: &Env, data_dir: &DataDir) -> Result<Place> {
    if let Some(text) = URL.text(env)? {
        let pin = FINGERPRINT
            .text(env)?
            .map(|text| read_pin(&text))
            .transpose()?;
        return Ok(Place {
            pin,
            ..Place::named(&text)?
        });
    }
    let Some(run_file) = RunFile::read(data_dir)? else {
        return Err(Failure::unreachable("no_gateway", format!("no gateway runs on {}", data_dir.path().display()))
            .next("start it with `countersign gateway`, or set COUNTERSIGN_URL or COUNTERSIGN_DATA_DIR to one that runs"));
    };
    let pin = run_file.fingerprint.as_deref().map(read_pin).transpose()?;
    let place = Place {
        pin,
        run_file: Some(run_file.clone()),
        data_dir: Some(data_dir.clone()),
        ..Place::named(&run_file.address)?
    };
    place.check()?;
    Ok(place)
}

fn read_pin(text: &str) -> Result<CertificatePin> {
    CertificatePin::parse_sha256(text).ok_or_else(|| {
        Failure::usage(
            "the fingerprint is no SHA-256: 64 hex digits, as `countersign status` shows them",
        )
    })
}
