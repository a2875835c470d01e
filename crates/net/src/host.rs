//! A host as a destination: a name or an address, after normalisation.

use std::fmt;
use std::net::IpAddr;

use crate::policy::Refusal;
use crate::url::UrlFault;

/// What a host name is known to mean before anyone resolves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// Nothing is known: its addresses decide.
    Ordinary,
    /// A name of this machine or its link. Permitted only where loopback is, and its addresses decide then too.
    Local,
    /// A cloud's metadata service. Never permitted.
    Metadata,
}

/// A host name in ASCII lower case, without a trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostName {
    ascii: Box<str>,
    kind: NameKind,
}

impl HostName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.ascii
    }

    /// What the name is known to mean.
    pub fn kind(&self) -> NameKind {
        self.kind
    }
}

/// A name or an address literal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OutboundHost {
    /// To be resolved.
    Name(HostName),
    /// Written as an address, in whatever spelling.
    Address(IpAddr),
}

impl OutboundHost {
    /// Reads a host as it stands in a URL (an IPv6 address in brackets) or alone (with or without).
    ///
    /// Numbers are read as the WHATWG URL standard reads them: decimal, octal, hex and short forms are IPv4 addresses.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        refuse_guessing(text)?;
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Address(address));
        }
        if text.is_empty() {
            return Err(UrlFault::EmptyHost.into());
        }
        let host = url::Host::parse(text).map_err(|_| UrlFault::InvalidHost)?;
        Self::from_parsed(&host)
    }

    pub(crate) fn from_parsed<S: AsRef<str>>(host: &url::Host<S>) -> Result<Self, Refusal> {
        match host {
            url::Host::Ipv4(address) => Ok(Self::Address((*address).into())),
            url::Host::Ipv6(address) => Ok(Self::Address((*address).into())),
            url::Host::Domain(domain) => name(domain.as_ref()).map(Self::Name),
        }
    }
}

impl fmt::Display for OutboundHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(&name.ascii),
            Self::Address(address) => address.fmt(formatter),
        }
    }
}

/// Characters that parsers disagree on inside a host: refused before any parser sees them.
fn refuse_guessing(host: &str) -> Result<(), UrlFault> {
    crate::url::refuse_ambiguous_characters(host)?;
    if host.contains('%') {
        return Err(UrlFault::PercentInHost);
    }
    if host.contains(['@', '/', '?', '#']) {
        return Err(UrlFault::InvalidHost);
    }
    Ok(())
}

fn name(domain: &str) -> Result<HostName, Refusal> {
    let without_dot = domain.strip_suffix('.').unwrap_or(domain);
    if without_dot.is_empty() {
        return Err(UrlFault::EmptyHost.into());
    }
    // RFC 1035 section 2.3.4.
    let is_well_formed = without_dot.len() <= 253
        && without_dot
            .split('.')
            .all(|label| (1..=63).contains(&label.len()));
    if !is_well_formed {
        return Err(UrlFault::InvalidHost.into());
    }
    let ascii = without_dot.to_ascii_lowercase();
    let kind = kind_of(&ascii);
    Ok(HostName {
        ascii: ascii.into_boxed_str(),
        kind,
    })
}

/// Names that stand for this machine on common systems (RFC 6761 section 6.3, and `/etc/hosts` of Debian and Red Hat).
const LOCAL_NAMES: &[&str] = &[
    "localhost",
    "localhost4",
    "localhost6",
    "localhost.localdomain",
    "localhost4.localdomain4",
    "localhost6.localdomain6",
];
/// The same, but without subdomains.
const LOCAL_NAMES_ALONE: &[&str] = &[
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
    "broadcasthost",
];
/// Names under which clouds serve instance metadata.
const METADATA_NAMES: &[&str] = &[
    "metadata.google.internal",
    "metadata.goog",
    "metadata",
    "instance-data",
    "instance-data.ec2.internal",
];

fn kind_of(name: &str) -> NameKind {
    let is_or_is_below = |known: &&str| {
        name.strip_suffix(*known)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if METADATA_NAMES.iter().any(is_or_is_below) {
        NameKind::Metadata
    } else if LOCAL_NAMES.iter().any(is_or_is_below) || LOCAL_NAMES_ALONE.contains(&name) {
        NameKind::Local
    } else {
        NameKind::Ordinary
    }
}
