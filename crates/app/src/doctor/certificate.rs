//! The TLS certificate: how long it holds, and for whom.

use countersign_domain::Timestamp;
use countersign_gate::{Clock, SystemClock};

use super::finding::Finding;
use crate::config::{Settings, TlsSettings};
use crate::wire::{TIME_LEFT, leaf_of, why_not};

const CHECK: &str = "certificate";

/// Nothing where there is no TLS.
pub(super) fn examine(settings: &Settings) -> Option<Finding> {
    let now = SystemClock.now();
    match &settings.tls {
        TlsSettings::Off => None,
        TlsSettings::SelfSigned => Some(self_signed(settings, now)),
        TlsSettings::Files { cert, .. } => Some(match leaf_of(settings) {
            None => Finding::fail(
                CHECK,
                format!("{} holds no certificate that can be read", cert.display()),
                "mend the path in --tls-cert, or the file",
            ),
            Some(leaf) => {
                let ends = format!("{} ends at {}", cert.display(), leaf.ends_at);
                let mend = format!("put a new certificate into {} and restart", cert.display());
                if leaf.ends_at <= now {
                    Finding::fail(CHECK, ends, mend)
                } else if leaf.ends_at < now.saturating_add(TIME_LEFT) {
                    Finding::warn(CHECK, ends, mend)
                } else {
                    Finding::ok(CHECK, ends)
                }
            }
        }),
    }
}

fn self_signed(settings: &Settings, now: Timestamp) -> Finding {
    let Some(leaf) = leaf_of(settings) else {
        return Finding::ok(CHECK, "self-signed, made at the next start");
    };
    match why_not(&leaf, &settings.hosts, now) {
        None => Finding::ok(
            CHECK,
            format!(
                "self-signed, ends at {}, SHA-256 {}",
                leaf.ends_at, leaf.fingerprint
            ),
        ),
        Some(why) => Finding::warn(
            CHECK,
            format!("self-signed, and {why}"),
            "restart the gateway: it makes a new one and logs the fingerprint that clients have to be given",
        ),
    }
}
