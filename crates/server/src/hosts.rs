//! The allowlists of Host and Origin: what keeps a web page that a person happens to visit from speaking to the gateway.
//!
//! SECURITY: a page can make a browser connect to loopback (DNS rebinding), but it can't make it lie in `Host` and `Origin`. Every
//! HTTP and SSE route checks both, before anything else looks at the call.

use std::net::SocketAddr;

use http::{HeaderMap, Uri, header};

/// Names that mean this machine. Any port: a page can't have one of these names unless it is served from this machine, and then its
/// Origin gives it away.
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A host of the configuration that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHost {
    /// Not a host.
    #[error(
        "`{0}` is no host: expected a name or an address, with or without a port, such as gate.example.com or gate.example.com:8443"
    )]
    Host(String),
    /// Not an origin.
    #[error("`{0}` is no origin: expected a scheme and a host, such as https://gate.example.com")]
    Origin(String),
}

/// A host as it stands in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Authority<Name> {
    name: Name,
    port: Option<u16>,
}

impl<'text> Authority<&'text str> {
    fn parse(text: &'text str) -> Option<Self> {
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                address.parse::<std::net::Ipv6Addr>().ok()?;
                (
                    &text[..address.len() + 2],
                    port.strip_prefix(':')
                        .map_or_else(|| port.is_empty().then_some(None), |port| Some(Some(port)))?,
                )
            }
            None => text
                .split_once(':')
                .map_or((text, None), |(name, port)| (name, Some(port))),
        };
        let known = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'[' | b']' | b':')
        };
        if name.is_empty() || !name.bytes().all(known) {
            return None;
        }
        let port = match port {
            None => None,
            Some(port) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(port.parse().ok()?)
            }
            Some(_) => return None,
        };
        Some(Self { name, port })
    }

    fn to_owned(&self) -> Authority<String> {
        Authority {
            name: self.name.to_owned(),
            port: self.port,
        }
    }
}

/// Which Hosts and Origins a listener answers.
#[derive(Debug, Clone)]
pub(crate) struct HostPolicy {
    hosts: Vec<Authority<String>>,
    origins: Vec<String>,
}

/// Why a call is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Host,
    Origin,
}

impl HostPolicy {
    /// The loopback names, these hosts and, for a cross-origin page, these origins.
    pub(crate) fn new(hosts: &[String], origins: &[String]) -> Result<Self, InvalidHost> {
        let hosts = hosts
            .iter()
            .map(|host| {
                let parsed =
                    Authority::parse(host).ok_or_else(|| InvalidHost::Host(host.clone()))?;
                Ok(parsed.to_owned())
            })
            .collect::<Result<_, _>>()?;
        let origins = origins
            .iter()
            .map(|origin| {
                let origin = origin.trim_end_matches('/').to_ascii_lowercase();
                let host = origin
                    .strip_prefix("https://")
                    .or_else(|| origin.strip_prefix("http://"));
                if host.and_then(Authority::parse).is_some() {
                    Ok(origin)
                } else {
                    Err(InvalidHost::Origin(origin))
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { hosts, origins })
    }

    /// The same policy for a listener with this address: its own address is a name of it.
    pub(crate) fn with_address(mut self, address: SocketAddr) -> Self {
        if !address.ip().is_unspecified() {
            let name = match address {
                SocketAddr::V4(address) => address.ip().to_string(),
                SocketAddr::V6(address) => format!("[{}]", address.ip()),
            };
            self.hosts.push(Authority {
                name,
                port: Some(address.port()),
            });
        }
        self
    }

    /// Checks one call. The target's authority (HTTP/2, absolute form) and the header must both be allowed, and one must be there.
    pub(crate) fn check(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        is_secure: bool,
    ) -> Result<(), Refused> {
        let mut header_hosts = headers.get_all(header::HOST).iter();
        let header_host = header_hosts
            .next()
            .map(|value| value.to_str().map_err(|_| Refused::Host))
            .transpose()?;
        if header_hosts.next().is_some() {
            return Err(Refused::Host);
        }
        let target = uri.authority().map(http::uri::Authority::as_str);
        let host = target.or(header_host).ok_or(Refused::Host)?;
        for host in [target, header_host].into_iter().flatten() {
            if !self.allows_host(host) {
                return Err(Refused::Host);
            }
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None)
                if origin
                    .to_str()
                    .is_ok_and(|origin| self.allows_origin(origin, host, is_secure)) =>
            {
                Ok(())
            }
            _ => Err(Refused::Origin),
        }
    }

    fn allows_host(&self, host: &str) -> bool {
        let Some(asked) = Authority::parse(host) else {
            return false;
        };
        let is_loopback = LOOPBACK_NAMES
            .iter()
            .any(|name| name.eq_ignore_ascii_case(asked.name));
        is_loopback
            || self.hosts.iter().any(|allowed| {
                allowed.name.eq_ignore_ascii_case(asked.name)
                    && (allowed.port.is_none() || allowed.port == asked.port)
            })
    }

    /// The same origin as the host that was asked for (whose name has been checked), or one of the configured ones. A page that came
    /// over plain HTTP is no page of a TLS listener.
    fn allows_origin(&self, origin: &str, host: &str, is_secure: bool) -> bool {
        let same = match (
            origin.strip_prefix("https://"),
            origin.strip_prefix("http://"),
        ) {
            (Some(authority), _) => authority.eq_ignore_ascii_case(host),
            (_, Some(authority)) => !is_secure && authority.eq_ignore_ascii_case(host),
            _ => false,
        };
        same || self
            .origins
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}

#[cfg(test)]
mod tests;
