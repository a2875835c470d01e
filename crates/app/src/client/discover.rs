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
        })
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
    Ok(Place {
        pin,
        run_file: Some(run_file.clone()),
        ..Place::named(&run_file.address)?
    })
}

fn read_pin(text: &str) -> Result<CertificatePin> {
    CertificatePin::parse_sha256(text).ok_or_else(|| {
        Failure::usage(
            "the fingerprint is no SHA-256: 64 hex digits, as `countersign status` shows them",
        )
    })
}
