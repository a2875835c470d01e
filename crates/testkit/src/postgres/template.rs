//! The result of `initdb`, made once per machine and version and copied for each server: copying takes a tenth of the time.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::service_user::ServiceUser;

/// Counts up when the options of `initdb` change.
const FORMAT: u32 = 1;

/// A finished data folder and the superuser's password.
#[derive(Debug)]
pub(super) struct Template {
    folder: PathBuf,
}

impl Template {
    /// The template for this server program; makes it if it is not there.
    pub(super) fn prepare(user: ServiceUser, program: &Path) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        (FORMAT, program).hash(&mut hasher);
        std::fs::metadata(program)?.modified()?.hash(&mut hasher);
        let folder = user
            .folder()?
            .join(format!("template_{:016x}", hasher.finish()));
        if !folder.join("data/PG_VERSION").is_file() {
            make(user, program, &folder)?;
        }
        Ok(Self { folder })
    }

    /// Copies the data folder.
    pub(super) fn copy_to(&self, user: ServiceUser, data: &Path) -> Result<()> {
        let source = self.folder.join("data");
        user.run(
            "cp",
            &[
                OsStr::new("-a"),
                OsStr::new("--reflink=auto"),
                source.as_os_str(),
                data.as_os_str(),
            ],
        )
    }

    /// The superuser's password.
    pub(super) fn password(&self) -> Result<String> {
        let file = self.folder.join("password");
        let password = std::fs::read_to_string(&file)
            .with_context(|| format!("{} can't be read", file.display()))?;
        Ok(password.trim().to_owned())
    }
}

fn make(user: ServiceUser, program: &Path, folder: &Path) -> Result<()> {
    let draft = user.new_folder("draft")?;
    let password = draft.join("password");
    let script = format!("umask 077; printf '%s\\n' {} > \"$1\"", random_word()?);
    user.run(
        "sh",
        &[
            OsStr::new("-c"),
            OsStr::new(&script),
            OsStr::new("sh"),
            password.as_os_str(),
        ],
    )?;
    let data = draft.join("data");
    let arguments: Vec<String> = vec![
        format!("--pgdata={}", data.display()),
        format!("--pwfile={}", password.display()),
        "--username=countersign".to_owned(),
        "--auth=scram-sha-256".to_owned(),
        "--encoding=UTF8".to_owned(),
        "--locale=C".to_owned(),
        "--no-sync".to_owned(),
        "--wal-segsize=4".to_owned(),
    ];
    user.run(program.with_file_name("initdb"), &arguments)?;
    // Whoever is first wins; a template that is there stays.
    let renamed = user.run(
        "mv",
        &[OsStr::new("-T"), draft.as_os_str(), folder.as_os_str()],
    );
    if renamed.is_err() && !folder.join("data/PG_VERSION").is_file() {
        return renamed;
    }
    user.remove(&draft)
}

fn random_word() -> Result<String> {
    let mut bytes = [0_u8; 16];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("/dev/urandom can't be read")?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
