//! Start-up values: what the process needs before it can open its store, and nothing else.
//!
//! They come, strongest first, from the command line, the environment (`COUNTERSIGN_*`, each with a `_FILE` twin), `countersign.json5`
//! and the defaults. Everything that an operator edits lives in the store.
//!
//! Invariants: an unknown key, a second value for a key and an unreadable file are errors, never guesses; a secret comes from the
//! environment, a file or a prompt, and is shown nowhere.

mod data_dir;
mod env;
mod file;
mod listen;
mod load;
mod nearest;
mod pick;
mod read;
mod settings;
mod show;
mod variable;

#[cfg(test)]
mod tests;

pub(crate) use data_dir::DataDir;
pub(crate) use env::Env;
pub(crate) use file::{FILE_NAME, FileSettings};
pub(crate) use listen::ListenAddress;
pub(crate) use load::{Flags, load};
pub(crate) use nearest::nearest;
pub(crate) use settings::{LogFormat, LogSettings, Origin, Settings, TlsSettings};
pub(crate) use show::show;
pub(crate) use variable::{
    API_KEY, FINGERPRINT, MASTER_KEY, URL, VARIABLES, open_to_others, read as read_secret_file,
};
