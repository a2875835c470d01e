//! From start-up values to the server's listeners.

use std::net::SocketAddr;
use std::sync::Arc;

use countersign_server::{
    Bind, CertificateFacts, Deployment, Dialects, ListenerConfig, ListenerFacts, PassphraseSource,
    ServerConfig, Serves, StoreKind,
};

use super::certificate::{Certificate, leaf_of};
use crate::config::{ListenAddress, Settings, TlsSettings};
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
            agentgate: settings.dialects.agentgate,
        },
        ..ServerConfig::new(ListenerConfig::loopback(SocketAddr::from((
            [127, 0, 0, 1],
            0,
        ))))
    })
}

/// How the gateway was put up, with the listeners' addresses as they stand.
pub(crate) fn deployment(
    settings: &Settings,
    config: &ServerConfig,
    urls: &[String],
    passphrase: Option<PassphraseSource>,
) -> Deployment {
    let certificate = leaf_of(settings).map(|leaf| CertificateFacts {
        is_self_signed: settings.tls == TlsSettings::SelfSigned,
        names: leaf.names.into_iter().collect(),
        ends_at: leaf.ends_at,
        fingerprint: leaf.fingerprint,
    });
    let listeners = config.listeners.iter().zip(urls);
    Deployment {
        listeners: listeners
            .map(|(listener, url)| ListenerFacts {
                url: url.clone(),
                serves: listener.serves,
                certificate: matches!(listener.bind, Bind::Tls(..))
                    .then(|| certificate.clone())
                    .flatten(),
            })
            .collect(),
        hosts: config.hosts.clone(),
        origins: config.origins.clone(),
        trusted_proxies: config
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect(),
        data_dir: settings.data_dir.path().to_owned(),
        config_file: settings.file.clone(),
        store: match settings.database_url {
            None => StoreKind::Sqlcipher,
            Some(_) => StoreKind::Postgres,
        },
        passphrase,
    }
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
