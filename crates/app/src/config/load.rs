//! Putting the sources together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_net::{IpRange, parse_ranges};

use super::data_dir::DataDir;
use super::env::Env;
use super::file::{FILE_NAME, FileSettings};
use super::listen::ListenAddress;
use super::nearest::nearest;
use super::settings::{Dialects, LogFormat, LogSettings, Origin, Settings, TlsSettings};
use super::variable::{self, VARIABLES, Variable};
use crate::failure::{Failure, Result};

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    /// `--data-dir`.
    pub(crate) data_dir: Option<PathBuf>,
    /// `--config`.
    pub(crate) config: Option<PathBuf>,
    /// `--listen`, any number of times.
    pub(crate) listen: Vec<ListenAddress>,
    /// `--tls-cert`.
    pub(crate) tls_cert: Option<PathBuf>,
    /// `--tls-key`.
    pub(crate) tls_key: Option<PathBuf>,
    /// `--tls-self-signed`.
    pub(crate) tls_self_signed: bool,
    /// `--container`.
    pub(crate) container: bool,
}

/// Takes each value from the strongest source that has it, and remembers which that was.
struct Sources<'a> {
    env: &'a Env,
    origins: Vec<(&'static str, Origin)>,
}

impl Sources<'_> {
    fn pick<T>(
        &mut self,
        key: &'static str,
        flag: Option<T>,
        variable: &Variable,
        read: impl FnOnce(&str) -> Result<T, String>,
        file: Option<T>,
    ) -> Result<Option<T>> {
        let (value, origin) = if flag.is_some() {
            (flag, Origin::Flag)
        } else if let Some(text) = variable.text(self.env)? {
            let value =
                read(&text).map_err(|why| Failure::usage(format!("{}: {why}", variable.name)))?;
            (Some(value), Origin::Environment)
        } else if file.is_some() {
            (file, Origin::File)
        } else {
            (None, Origin::Default)
        };
        self.origins.push((key, origin));
        Ok(value)
    }
}

/// Reads and checks everything.
///
/// # Errors
/// Exit 2, naming the variable, or the file with its line, and what to write instead.
pub(crate) fn load(env: &Env, flags: &Flags) -> Result<Settings> {
    let mut sources = Sources {
        env,
        origins: Vec::new(),
    };
    let mut warnings = Vec::new();
    let named = sources.pick(
        "config",
        flags.config.clone(),
        &variable::CONFIG,
        |text| Ok(PathBuf::from(text)),
        None,
    )?;
    let named_file = named.as_deref().map(FileSettings::read).transpose()?;
    let file_says = named_file.as_ref().and_then(|file| file.data_dir.clone());
    let data_dir = sources.pick(
        "data_dir",
        flags.data_dir.clone(),
        &variable::DATA_DIR,
        |text| Ok(PathBuf::from(text)),
        file_says,
    )?;
    let data_dir = match data_dir {
        Some(path) => DataDir::new(&path),
        None => DataDir::default_for_user(env)?,
    };
    let (file_path, file) = match named_file {
        Some(file) => (named, file),
        None => own_file(&data_dir)?,
    };
    for name in variable::unknown(env) {
        let meant = nearest(&name, VARIABLES.iter().map(|variable| variable.name));
        warnings.push(format!(
            "the environment variable {name} means nothing{}",
            meant
                .map(|meant| format!("; did you mean {meant}?"))
                .unwrap_or_default()
        ));
    }
    let tls = file.tls.unwrap_or_default();
    let log = file.log.unwrap_or_default();
    let path = |text: &str| Ok(PathBuf::from(text));

    let listen_flag = Some(flags.listen.clone()).filter(|list| !list.is_empty());
    let listen = sources.pick(
        "listen",
        listen_flag,
        &variable::LISTEN,
        |text| words(text).map(str::parse).collect(),
        file.listen,
    )?;
    let metrics_listen = sources.pick(
        "metrics_listen",
        None,
        &variable::METRICS_LISTEN,
        str::parse,
        file.metrics_listen,
    )?;
    let cert = sources.pick(
        "tls.cert",
        flags.tls_cert.clone(),
        &variable::TLS_CERT,
        path,
        tls.cert,
    )?;
    let key = sources.pick(
        "tls.key",
        flags.tls_key.clone(),
        &variable::TLS_KEY,
        path,
        tls.key,
    )?;
    let self_signed = sources.pick(
        "tls.self_signed",
        flags.tls_self_signed.then_some(true),
        &variable::TLS_SELF_SIGNED,
        truth,
        tls.self_signed,
    )?;
    let container = sources.pick(
        "container",
        flags.container.then_some(true),
        &variable::CONTAINER,
        truth,
        file.container,
    )?;
    let hosts = sources.pick("hosts", None, &variable::HOSTS, texts, file.hosts)?;
    let origins = sources.pick("origins", None, &variable::ORIGINS, texts, file.origins)?;
    let proxies = sources.pick(
        "trusted_proxies",
        None,
        &variable::TRUSTED_PROXIES,
        texts,
        file.trusted_proxies,
    )?;
    let open = sources.pick(
        "allow_private_networks",
        None,
        &variable::ALLOW_PRIVATE_NETWORKS,
        texts,
        file.allow_private_networks,
    )?;
    let level = sources.pick(
        "log.level",
        None,
        &variable::LOG,
        |text| Ok(text.to_owned()),
        log.level,
    )?;
    let format = sources.pick(
        "log.format",
        None,
        &variable::LOG_FORMAT,
        log_format,
        log.format,
    )?;
    let dialects = file
        .dialects
        .and_then(|dialects| dialects.gaiterguard)
        .map(|gaiterguard| Dialects { gaiterguard });
    let dialects = sources.pick(
        "dialects",
        None,
        &variable::DIALECTS,
        read_dialects,
        dialects,
    )?;
    let database_url = database_url(
        &mut sources,
        file.database_url_file.as_deref(),
        &mut warnings,
    )?;
    let passphrase = if variable::MASTER_KEY.find(env)?.is_some() {
        Origin::Environment
    } else {
        Origin::Default
    };
    sources.origins.push((
        "master_key",
        if file.master_key_file.is_some() && passphrase == Origin::Default {
            Origin::File
        } else {
            passphrase
        },
    ));

    let settings = Settings {
        data_dir,
        file: file_path,
        listen: listen
            .filter(|list| !list.is_empty())
            .unwrap_or_else(|| vec![ListenAddress::DEFAULT]),
        metrics_listen,
        tls: tls_of(cert, key, self_signed.unwrap_or(false))?,
        container: container.unwrap_or(false),
        hosts: hosts.unwrap_or_default(),
        origins: origins.unwrap_or_default(),
        trusted_proxies: proxies
            .map(|proxies| proxy_ranges(&proxies))
            .transpose()?
            .unwrap_or_default(),
        allow_private_networks: ranges("allow_private_networks", &open.unwrap_or_default())?,
        database_url: database_url.map(Arc::new),
        master_key_file: file.master_key_file,
        log: LogSettings {
            level: level.unwrap_or_else(|| "info".to_owned()),
            format: format.unwrap_or(LogFormat::Text),
        },
        dialects: dialects.unwrap_or(Dialects { gaiterguard: true }),
        origins_of_values: sources.origins,
        warnings,
    };
    check(settings)
}

/// The file in the data directory, if there is one. It can't say where it lies.
fn own_file(data_dir: &DataDir) -> Result<(Option<PathBuf>, FileSettings)> {
    let path = data_dir.file(FILE_NAME);
    if !path.exists() {
        return Ok((None, FileSettings::default()));
    }
    let file = FileSettings::read(&path)?;
    if file
        .data_dir
        .as_deref()
        .is_some_and(|named| DataDir::new(named) != *data_dir)
    {
        return Err(Failure::usage(format!(
            "{} lies in a data directory and names another one in `data_dir`",
            path.display()
        ))
        .next("remove `data_dir` from it, or name the file with --config"));
    }
    Ok((Some(path), file))
}

fn database_url(
    sources: &mut Sources<'_>,
    file: Option<&Path>,
    warnings: &mut Vec<String>,
) -> Result<Option<countersign_vault::SecretString>> {
    let found = variable::DATABASE_URL.find(sources.env)?;
    let (url, path, origin) = match (found, file) {
        (Some(found), _) => (Some(found.text), found.file, Origin::Environment),
        (None, Some(path)) => {
            let text = variable::read(path, true).map_err(|why| {
                Failure::usage(format!(
                    "`database_url_file` names {}, which {why}",
                    path.display()
                ))
            })?;
            (Some(text), Some(path.to_owned()), Origin::File)
        }
        (None, None) => (None, None, Origin::Default),
    };
    sources.origins.push(("database_url", origin));
    if let Some(path) = path.filter(|path| variable::is_open_to_others(path)) {
        warnings.push(format!(
            "{} holds a secret and others can read it: run `chmod 600 {}`",
            path.display(),
            path.display()
        ));
    }
    if let Some(url) = &url
        && !url.expose().starts_with("postgres://")
        && !url.expose().starts_with("postgresql://")
    {
        return Err(
            Failure::usage("COUNTERSIGN_DATABASE_URL is no PostgreSQL address")
                .next("write it as postgres://user:password@host/database"),
        );
    }
    Ok(url)
}

fn check(settings: Settings) -> Result<Settings> {
    let outside: Vec<&ListenAddress> = settings
        .listen
        .iter()
        .filter(|address| !address.is_local())
        .collect();
    if let Some(address) = outside.first() {
        if settings.tls == TlsSettings::Off && !settings.container {
            return Err(Failure::usage(format!("{address} can be reached from other machines, and TLS is off: keys would cross the network in the clear"))
                .next("listen on 127.0.0.1, give --tls-cert and --tls-key, or --tls-self-signed (inside a container: --container)"));
        }
        if settings.container && settings.tls == TlsSettings::Off && settings.hosts.is_empty() {
            return Err(Failure::usage("`container` opens plain HTTP on every address of the container and needs to know by which names it is called")
                .next("set COUNTERSIGN_HOSTS to those names"));
        }
    }
    if let Some(address) = settings
        .metrics_listen
        .as_ref()
        .filter(|address| !address.is_local() && !settings.container)
    {
        return Err(Failure::usage(format!(
            "metrics on {address} would be readable from other machines"
        ))
        .next("listen on loopback or a unix socket"));
    }
    if settings
        .log
        .level
        .parse::<tracing_subscriber::filter::Targets>()
        .is_err()
    {
        return Err(
            Failure::usage(format!("`{}` is no log level", settings.log.level))
                .next("use error, warn, info, debug or trace"),
        );
    }
    Ok(settings)
}

fn tls_of(cert: Option<PathBuf>, key: Option<PathBuf>, self_signed: bool) -> Result<TlsSettings> {
    match (cert, key, self_signed) {
        (None, None, false) => Ok(TlsSettings::Off),
        (None, None, true) => Ok(TlsSettings::SelfSigned),
        (Some(cert), Some(key), false) => Ok(TlsSettings::Files { cert, key }),
        (Some(_), Some(_), true) => Err(Failure::usage(
            "a certificate was given and a self-signed one was asked for",
        )
        .next("choose one of them")),
        (Some(_), None, _) => {
            Err(Failure::usage("a certificate was given without its key")
                .next("give --tls-key too"))
        }
        (None, Some(_), _) => {
            Err(Failure::usage("a key was given without its certificate")
                .next("give --tls-cert too"))
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "one of several readers with the same signature"
)]
fn texts(text: &str) -> Result<Vec<String>, String> {
    Ok(words(text).map(str::to_owned).collect())
}

fn truth(text: &str) -> Result<bool, String> {
    match text.trim() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        other => Err(format!("`{other}` is neither true nor false")),
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text.trim() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(format!("`{other}` is no log format: use text or json")),
    }
}

fn read_dialects(text: &str) -> Result<Dialects, String> {
    let mut dialects = Dialects { gaiterguard: false };
    for word in words(text) {
        match word {
            "gaiterguard" => dialects.gaiterguard = true,
            "none" => {}
            other => return Err(format!("`{other}` is no dialect: use gaiterguard, or none")),
        }
    }
    Ok(dialects)
}

/// Ranges that get opened: one that can never be opened is an error.
fn ranges(key: &'static str, texts: &[String]) -> Result<Arc<[IpRange]>> {
    parse_ranges(&texts.join(",")).map_err(|error| Failure::usage(format!("{key}: {error}")))
}

/// Ranges of proxies: of any class.
fn proxy_ranges(texts: &[String]) -> Result<Arc<[IpRange]>> {
    texts
        .iter()
        .map(|text| {
            text.parse::<IpRange>()
                .map_err(|error| Failure::usage(format!("trusted_proxies: {error}")))
        })
        .collect()
}
