//! From start-up values to the server's listeners.

use std::net::SocketAddr;
use std::sync::Arc;

use countersign_server::{Bind, Dialects, ListenerConfig, ServerConfig, Serves};

use super::certificate::Certificate;
use crate::config::{ListenAddress, Settings};
use crate::failure::{Failure, Result};

/// The server's configuration. A listener that others can reach has TLS, or is a container's.
pub(crate) fn server_config(
    settings: &Settings,
    certificate: Option<&Certificate>,
) -> Result<ServerConfig> {
    let mut listeners: Vec<ListenerConfig> = settings
        .listen
        .iter()
        .map(|address| ListenerConfig {
            bind: bind(address, settings, certificate),
            serves: Serves::Everything,
        })
        .collect();
    if let Some(address) = &settings.metrics_listen {
        listeners.push(ListenerConfig {
            bind: bind(address, settings, None),
            serves: Serves::Metrics,
        });
    }
    let proxies = settings
        .trusted_proxies
        .iter()
        .map(|range| range.to_string().parse());
    Ok(ServerConfig {
        listeners,
        hosts: settings.hosts.clone(),
        origins: settings.origins.clone(),
        trusted_proxies: proxies
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::usage(format!("trusted_proxies: {error}")))?,
        dialects: Dialects {
            gaiterguard: settings.dialects.gaiterguard,
        },
        ..ServerConfig::new(ListenerConfig::loopback(SocketAddr::from((
            [127, 0, 0, 1],
            0,
        ))))
    })
}

fn bind(address: &ListenAddress, settings: &Settings, certificate: Option<&Certificate>) -> Bind {
    match (address, certificate) {
        (ListenAddress::Unix(path), _) => Bind::Unix(path.clone()),
        (ListenAddress::Tcp(address), Some(certificate)) => {
            Bind::Tls(*address, Arc::clone(&certificate.config))
        }
        (ListenAddress::Tcp(address), None)
            if settings.container && !address.ip().is_loopback() =>
        {
            Bind::Container(*address)
        }
        (ListenAddress::Tcp(address), None) => Bind::Tcp(*address),
    }
}
