//! The session of `countersign login`: a file for its owner only, bound to the gateway that it was made for.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use countersign_vault::SecretString;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::discover::Place;
use crate::config::{DataDir, Env};
use crate::failure::{Failure, Result};

/// A signed-in terminal.
#[derive(Deserialize)]
pub(crate) struct StoredSession {
    /// The gateway: an address, or the data directory whose gateway it is (its port may change).
    gateway: String,
    /// What is sent as a bearer credential.
    pub(crate) secret: SecretString,
    /// Whose it is.
    pub(crate) operator: String,
    /// Whether they signed in by password.
    pub(crate) by_password: bool,
}

impl StoredSession {
    /// A new session.
    pub(crate) fn new(
        place: &Place,
        data_dir: &DataDir,
        secret: SecretString,
        operator: &str,
        by_password: bool,
    ) -> Self {
        let gateway = identity(place, data_dir);
        Self {
            gateway,
            secret,
            operator: operator.to_owned(),
            by_password,
        }
    }

    /// The session for this gateway, if there is one. One of another gateway is never sent.
    pub(crate) fn load(env: &Env, data_dir: &DataDir, place: &Place) -> Result<Option<Self>> {
        let path = path(env, data_dir, place)?;
        let bytes = match fs::read(&path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Failure::unauthorised(
                    "session_file",
                    format!("{} can't be read: {error}", path.display()),
                ));
            }
        };
        let session: Self = serde_json::from_slice(&bytes).map_err(|_| {
            Failure::unauthorised("session_file", format!("{} is damaged", path.display()))
                .next("sign in again with `countersign login`")
        })?;
        Ok(Some(session).filter(|session| session.gateway == identity(place, data_dir)))
    }

    /// Keeps the session.
    pub(crate) fn store(&self, env: &Env, data_dir: &DataDir, place: &Place) -> Result<PathBuf> {
        let path = path(env, data_dir, place)?;
        let failed = |error: io::Error| {
            Failure::usage(format!("{} can't be written: {error}", path.display()))
        };
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new()
                .mode(0o700)
                .recursive(true)
                .create(folder)
                .map_err(failed)?;
        }
        let text = json!({ "gateway": self.gateway, "secret": self.secret.expose(), "operator": self.operator, "by_password": self.by_password });
        let text = Zeroizing::new(text.to_string());
        drop(fs::remove_file(&path));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        Ok(path)
    }

    /// Forgets the session.
    pub(crate) fn remove(env: &Env, data_dir: &DataDir, place: &Place) -> Result<()> {
        match fs::remove_file(path(env, data_dir, place)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::usage(format!(
                "the session's file can't be removed: {error}"
            ))),
            _ => Ok(()),
        }
    }
}

/// What the session is bound to.
fn identity(place: &Place, data_dir: &DataDir) -> String {
    match place.run_file {
        Some(_) => format!("data-dir:{}", data_dir.path().display()),
        None => place.text.clone(),
    }
}

/// In the data directory where the gateway was found there, else in the user's state folder.
fn path(env: &Env, data_dir: &DataDir, place: &Place) -> Result<PathBuf> {
    if place.run_file.is_some() {
        return Ok(data_dir.session_file());
    }
    let base = env
        .path("XDG_STATE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| env.path("HOME").map(|home| home.join(".local/state")));
    base.map(|base| base.join("countersign/session.json"))
        .ok_or_else(|| Failure::usage("a session needs a folder to be kept in, and neither XDG_STATE_HOME nor HOME is set").next("set XDG_STATE_HOME, or use COUNTERSIGN_API_KEY"))
}
