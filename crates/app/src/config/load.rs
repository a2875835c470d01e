//! Putting the sources together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_vault::SecretString;

use super::data_dir::DataDir;
use super::env::Env;
use super::file::{FILE_NAME, FileLog, FileSettings, FileTls};
use super::listen::ListenAddress;
use super::nearest::nearest;
use super::pick::Sources;
use super::read::{dialects, log_format, open_ranges, path, proxy_ranges, texts, truth, words};
use super::settings::{Dialects, LogFormat, LogSettings, Origin, Settings, TlsSettings};
use super::variable::{self, VARIABLES};
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

/// Reads and checks everything.
///
/// # Errors
/// Exit 2, naming the variable, or the file with its line, and what to write instead.
pub(crate) fn load(env: &Env, flags: &Flags) -> Result<Settings> {
    let mut sources = Sources::new(env);
    let named = sources.pick(
        "config",
        flags.config.clone(),
        &variable::CONFIG,
        path,
        None,
    )?;
    let named_file = named.as_deref().map(FileSettings::read).transpose()?;
    let file_says = named_file.as_ref().and_then(|file| file.data_dir.clone());
    let flag = flags.data_dir.clone();
    let data_dir = sources.pick("data_dir", flag, &variable::DATA_DIR, path, file_says)?;
    let data_dir = match data_dir {
        Some(path) => DataDir::new(&path),
        None => DataDir::default_for_user(env)?,
    };
    let (file_path, file) = match named_file {
        Some(file) => (named, file),
        None => own_file(&data_dir)?,
    };
    resolve(sources, flags, file, data_dir, file_path)
}

/// Everything that can be in the file.
fn resolve(
    mut sources: Sources<'_>,
    flags: &Flags,
    file: FileSettings,
    data_dir: DataDir,
    file_path: Option<PathBuf>,
) -> Result<Settings> {
    let mut warnings = unknown_variables(sources.env());
    let listen_flag = Some(flags.listen.clone()).filter(|list| !list.is_empty());
    let read_listen = |text: &str| words(text).map(str::parse).collect();
    let listen = sources.pick(
        "listen",
        listen_flag,
        &variable::LISTEN,
        read_listen,
        file.listen,
    )?;
    let metrics = &variable::METRICS_LISTEN;
    let metrics_listen = sources.pick(
        "metrics_listen",
        None,
        metrics,
        str::parse,
        file.metrics_listen,
    )?;
    let tls = tls(&mut sources, flags, file.tls.unwrap_or_default())?;
    if let TlsSettings::Files { key, .. } = &tls {
        warnings.extend(variable::open_to_others(key));
    }
    let container_flag = flags.container.then_some(true);
    let container = sources.pick(
        "container",
        container_flag,
        &variable::CONTAINER,
        truth,
        file.container,
    )?;
    let hosts = sources.pick("hosts", None, &variable::HOSTS, texts, file.hosts)?;
    let origins = sources.pick("origins", None, &variable::ORIGINS, texts, file.origins)?;
    let proxies = &variable::TRUSTED_PROXIES;
    let proxies = sources.pick(
        "trusted_proxies",
        None,
        proxies,
        texts,
        file.trusted_proxies,
    )?;
    let open = &variable::ALLOW_PRIVATE_NETWORKS;
    let from_file = file.allow_private_networks;
    let open = sources.pick("allow_private_networks", None, open, texts, from_file)?;
    let log = log(&mut sources, file.log.unwrap_or_default())?;
    let from_file = file.dialects.map(|dialects| Dialects {
        gaiterguard: dialects.gaiterguard.unwrap_or(true),
        agentgate: dialects.agentgate.unwrap_or(true),
    });
    let dialects = sources.pick("dialects", None, &variable::DIALECTS, dialects, from_file)?;
    let url_file = file.database_url_file.as_deref();
    let database_url = database_url(&mut sources, url_file, &mut warnings)?;
    let key_origin = master_key_origin(sources.env(), file.master_key_file.is_some())?;
    sources.note("master_key", key_origin);
    check(Settings {
        data_dir,
        file: file_path,
        listen: listen
            .filter(|list| !list.is_empty())
            .unwrap_or_else(|| vec![ListenAddress::DEFAULT]),
        metrics_listen,
        tls,
        container: container.unwrap_or(false),
        hosts: hosts.unwrap_or_default(),
        origins: origins.unwrap_or_default(),
        trusted_proxies: proxy_ranges(&proxies.unwrap_or_default())?,
        allow_private_networks: open_ranges(&open.unwrap_or_default())?,
        database_url: database_url.map(Arc::new),
        master_key_file: file.master_key_file,
        log,
        dialects: dialects.unwrap_or(Dialects {
            gaiterguard: true,
            agentgate: true,
        }),
        origins_of_values: sources.into_origins(),
        warnings,
    })
}

fn unknown_variables(env: &Env) -> Vec<String> {
    let told = |name: String| {
        let meant = nearest(&name, VARIABLES.iter().map(|variable| variable.name));
        let meant = meant.map(|meant| format!("; did you mean {meant}?"));
        let meant = meant.unwrap_or_default();
        format!("the environment variable {name} means nothing{meant}")
    };
    variable::unknown(env).into_iter().map(told).collect()
}

fn tls(sources: &mut Sources<'_>, flags: &Flags, file: FileTls) -> Result<TlsSettings> {
    let cert = flags.tls_cert.clone();
    let cert = sources.pick("tls.cert", cert, &variable::TLS_CERT, path, file.cert)?;
    let key = flags.tls_key.clone();
    let key = sources.pick("tls.key", key, &variable::TLS_KEY, path, file.key)?;
    let flag = flags.tls_self_signed.then_some(true);
    let own = &variable::TLS_SELF_SIGNED;
    let own = sources.pick("tls.self_signed", flag, own, truth, file.self_signed)?;
    tls_of(cert, key, own.unwrap_or(false))
}

fn log(sources: &mut Sources<'_>, file: FileLog) -> Result<LogSettings> {
    let as_it_is = |text: &str| Ok(text.to_owned());
    let level = sources.pick("log.level", None, &variable::LOG, as_it_is, file.level)?;
    let format = &variable::LOG_FORMAT;
    let format = sources.pick("log.format", None, format, log_format, file.format)?;
    Ok(LogSettings {
        level: level.unwrap_or_else(|| "info".to_owned()),
        format: format.unwrap_or(LogFormat::Text),
    })
}

fn master_key_origin(env: &Env, is_in_file: bool) -> Result<Origin> {
    Ok(match (variable::MASTER_KEY.find(env)?, is_in_file) {
        (Some(_), _) => Origin::Environment,
        (None, true) => Origin::File,
        (None, false) => Origin::Default,
    })
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
) -> Result<Option<SecretString>> {
    let found = variable::DATABASE_URL.find(sources.env())?;
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
    sources.note("database_url", origin);
    warnings.extend(path.as_deref().and_then(variable::open_to_others));
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
    check_level(&settings.log.level)?;
    Ok(settings)
}

/// A level for everything, or `module=level` parts. A bare word that is no level would name a module, and silence all others.
fn check_level(text: &str) -> Result<()> {
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    let word = |part: &str| {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        level.trim().to_ascii_lowercase()
    };
    let wrong = text
        .split(',')
        .find(|part| !LEVELS.contains(&word(part).as_str()));
    let wrong = wrong.or_else(|| {
        let read = text.parse::<tracing_subscriber::filter::Targets>();
        read.is_err().then_some(text)
    });
    let Some(wrong) = wrong else { return Ok(()) };
    let meant = nearest(&word(wrong), LEVELS);
    let meant = meant.map(|meant| format!("; did you mean {meant}?"));
    Err(Failure::usage(format!(
        "`{}` is no log level{}",
        wrong.trim(),
        meant.unwrap_or_default()
    ))
    .next("use error, warn, info, debug, trace or off, for one module as countersign_gate=debug"))
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
