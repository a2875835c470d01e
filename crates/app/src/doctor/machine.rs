//! The machine: disk, clock, ports.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::FileTypeExt;
use std::time::UNIX_EPOCH;

use countersign_domain::Timestamp;
use countersign_gate::{Clock, SystemClock};

use super::finding::Finding;
use crate::config::{ListenAddress, Settings};

const LITTLE_BYTES: u64 = 1 << 30;
const NO_BYTES: u64 = 100 << 20;

/// Nothing of this program is older.
const FIRST_RELEASE_MICROS: i64 = 1_790_000_000_000_000;

pub(super) fn free_disk(settings: &Settings) -> Finding {
    let path = settings.data_dir.path();
    let free = match rustix::fs::statvfs(path) {
        Ok(status) => status.f_bavail.saturating_mul(status.f_frsize),
        Err(error) => {
            return Finding::fail(
                "free disk",
                format!("{} can't be asked: {error}", path.display()),
                "countersign onboard",
            );
        }
    };
    let detail = format!("{} MiB", free >> 20);
    match free {
        ..NO_BYTES => Finding::fail(
            "free disk",
            detail,
            "free some space: without it nothing can be recorded, so nothing is done",
        ),
        NO_BYTES..LITTLE_BYTES => Finding::warn("free disk", detail, "free some space"),
        _ => Finding::ok("free disk", detail),
    }
}

/// A clock that runs behind what was written already makes deadlines and the ledger's times wrong.
pub(super) fn clock(settings: &Settings) -> Finding {
    let now = SystemClock.now();
    if now < Timestamp::from_micros(FIRST_RELEASE_MICROS) {
        return Finding::fail(
            "clock",
            format!("it says {now}"),
            "timedatectl set-ntp true",
        );
    }
    let newest = fs::read_dir(settings.data_dir.path())
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| entry.metadata().ok()?.modified().ok())
        .max();
    let newest_micros = newest
        .and_then(|time| i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_micros()).ok())
        .unwrap_or(0);
    // Two minutes of difference are a file system's on another machine.
    if newest_micros > now.as_micros().saturating_add(120_000_000) {
        return Finding::fail(
            "clock",
            format!("it says {now}, and files were written later than that"),
            "timedatectl set-ntp true",
        );
    }
    Finding::ok("clock", now.to_string())
}

/// Whether the listeners could be bound now.
pub(super) fn ports(settings: &Settings) -> Vec<Finding> {
    settings
        .listen
        .iter()
        .chain(&settings.metrics_listen)
        .map(port)
        .collect()
}

fn port(address: &ListenAddress) -> Finding {
    let taken = |why: String| {
        Finding::fail(
            "port",
            why,
            "end what uses it, or choose another address with --listen",
        )
    };
    match address {
        ListenAddress::Tcp(address) => match TcpListener::bind(address) {
            Ok(_) => Finding::ok("port", format!("{address} is free")),
            Err(error) => taken(format!("{address} can't be listened on: {error}")),
        },
        ListenAddress::Unix(path) => match fs::symlink_metadata(path) {
            Ok(metadata) if !metadata.file_type().is_socket() => {
                taken(format!("{} is no socket", path.display()))
            }
            _ => Finding::ok("port", format!("unix:{}", path.display())),
        },
    }
}
