//! Values of variables.

use std::path::PathBuf;
use std::sync::Arc;

use countersign_net::{IpRange, parse_ranges};

use super::settings::{Dialects, LogFormat};
use crate::failure::{Failure, Result};

/// A path.
#[expect(
    clippy::unnecessary_wraps,
    reason = "one of several readers with the same signature"
)]
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    Ok(PathBuf::from(text))
}

/// The words of a list with commas.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

/// A list of texts.
#[expect(
    clippy::unnecessary_wraps,
    reason = "one of several readers with the same signature"
)]
pub(super) fn texts(text: &str) -> Result<Vec<String>, String> {
    Ok(words(text).map(str::to_owned).collect())
}

/// Yes or no.
pub(super) fn truth(text: &str) -> Result<bool, String> {
    match text.trim() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        other => Err(format!("`{other}` is neither true nor false")),
    }
}

/// The form of the log.
pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text.trim() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(format!("`{other}` is no log format: use text or json")),
    }
}

/// The dialects that are on.
pub(super) fn dialects(text: &str) -> Result<Dialects, String> {
    let mut dialects = Dialects {
        gaiterguard: false,
        agentgate: false,
    };
    for word in words(text) {
        match word {
            "gaiterguard" => dialects.gaiterguard = true,
            "agentgate" => dialects.agentgate = true,
            "none" => {}
            other => {
                return Err(format!(
                    "`{other}` is no dialect: use gaiterguard, agentgate, or none"
                ));
            }
        }
    }
    Ok(dialects)
}

/// Ranges that get opened: one that can never be opened is an error.
pub(super) fn open_ranges(texts: &[String]) -> Result<Arc<[IpRange]>> {
    parse_ranges(&texts.join(","))
        .map_err(|error| Failure::usage(format!("allow_private_networks: {error}")))
}

/// Ranges of proxies: of any class.
pub(super) fn proxy_ranges(texts: &[String]) -> Result<Arc<[IpRange]>> {
    texts
        .iter()
        .map(|text| {
            text.parse::<IpRange>()
                .map_err(|error| Failure::usage(format!("trusted_proxies: {error}")))
        })
        .collect()
}
