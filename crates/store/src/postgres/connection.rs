//! Connecting to PostgreSQL.

use std::{sync::Arc, time::Duration};

use postgres::{
    Client, NoTls,
    config::{Host, SslMode},
};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{error::classify, session::PostgresSession};
use crate::{
    error::{Result, StoreError},
    options::PostgresOptions,
};

/// Where and how to connect. Shared by the threads.
#[derive(Clone)]
pub(crate) struct Connector {
    config: postgres::Config,
    tls: Option<MakeRustlsConnect>,
}

impl Connector {
    /// Reads the connection string. `sslmode=verify-full` and `verify-ca` mean the same as `require`: where TLS is used, the
    /// certificate and the name are always verified. The default, `prefer`, means `require` with every host that is not this machine.
    pub(crate) fn new(options: &PostgresOptions) -> Result<Self> {
        let text = options
            .url
            .expose()
            .replace("sslmode=verify-full", "sslmode=require")
            .replace("sslmode=verify-ca", "sslmode=require");
        // The parser's error names the part that is wrong, never the text itself.
        let mut config: postgres::Config = text.parse().map_err(|error: postgres::Error| {
            StoreError::Configuration(
                format!("the PostgreSQL connection string can't be used: {error}").into(),
            )
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(options.connect_timeout);
        }
        config
            .tcp_user_timeout(Duration::from_secs(10))
            .keepalives_idle(Duration::from_secs(30));
        if config.get_application_name().is_none() {
            config.application_name("countersign");
        }
        let wanted = match config.get_ssl_mode() {
            SslMode::Disable => false,
            SslMode::Prefer if is_this_machine(&config) => false,
            _ => {
                // `prefer` would go on in the clear with whoever answers that there is no TLS.
                config.ssl_mode(SslMode::Require);
                true
            }
        };
        let tls = if wanted { Some(tls_connector()?) } else { None };
        Ok(Self { config, tls })
    }

    /// Opens a connection and sets it up.
    pub(crate) fn connect(&self) -> Result<PostgresSession> {
        let connected = match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        };
        let mut client = connected.map_err(|error| match classify("connect", &error).1 {
            StoreError::Statement { reason, .. } => StoreError::Unavailable { reason },
            other => other,
        })?;
        set_up(&mut client).map_err(|error| classify("SET", &error).1)?;
        Ok(PostgresSession::new(client))
    }
}

/// Whether every connection stays on this machine. An address wins over a name, as it does when connecting.
fn is_this_machine(config: &postgres::Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(std::net::IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    })
}

/// What every session needs, whatever the server's defaults are. A statement or an open transaction that hangs is ended by the
/// server, so that no lock outlives its unit.
fn set_up(client: &mut Client) -> std::result::Result<(), postgres::Error> {
    client.batch_execute(
        "SET synchronous_commit = on; SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
         SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = warning; \
         SET default_transaction_isolation = 'read committed'",
    )
}

fn tls_connector() -> Result<MakeRustlsConnect> {
    let configuration = |error: rustls::Error| {
        StoreError::Configuration(format!("TLS can't be set up: {error}").into())
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(configuration)?
        .with_platform_verifier()
        .map_err(configuration)?
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests;
