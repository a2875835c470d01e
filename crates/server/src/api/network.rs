//! How the gateway is reached: what it was started with. Changed by its start-up values, not here.

use std::sync::Arc;

use axum::{Json as Document, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::{
    caller::Caller,
    config::Serves,
    deployment::{CertificateFacts, Deployment, ListenerFacts},
    problem::{Problem, Result},
    state::ServerState,
};

/// How the gateway is reached, and where its data lies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NetworkView {
    /// The listeners, in the order of the configuration.
    listeners: Vec<ListenerView>,
    /// Names under which it is reached, besides loopback and the listeners' addresses.
    hosts: Vec<String>,
    /// Origins of pages on other hosts that may call.
    origins: Vec<String>,
    /// Address ranges of proxies whose `X-Forwarded-For` counts.
    trusted_proxies: Vec<String>,
    /// The data folder.
    data_dir: String,
    /// The configuration file; `null` where there is none.
    config_file: Option<String>,
    /// `sqlcipher` or `postgres`.
    #[schema(value_type = words::Store)]
    store: &'static str,
}

/// One listener.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListenerView {
    /// `http://127.0.0.1:18790`, `https://...`, `unix:/run/countersign.sock`.
    address: String,
    /// What it answers.
    #[schema(value_type = words::Serves)]
    serves: &'static str,
    /// The certificate; `null` for plain HTTP.
    tls: Option<CertificateView>,
}

/// A listener's certificate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CertificateView {
    /// Whether the gateway made it itself: clients trust it by its fingerprint.
    is_self_signed: bool,
    /// The names and addresses that it is for.
    names: Vec<String>,
    /// When it ends.
    expires_at: String,
    /// SHA-256 of it, in hexadecimal.
    fingerprint: String,
}

impl From<&ListenerFacts> for ListenerView {
    fn from(listener: &ListenerFacts) -> Self {
        Self {
            address: listener.url.clone(),
            serves: match listener.serves {
                Serves::Everything => "everything",
                Serves::Agents => "agents",
                Serves::Metrics => "metrics",
            },
            tls: listener.certificate.as_ref().map(CertificateView::from),
        }
    }
}

impl From<&CertificateFacts> for CertificateView {
    fn from(certificate: &CertificateFacts) -> Self {
        Self {
            is_self_signed: certificate.is_self_signed,
            names: certificate.names.clone(),
            expires_at: certificate.ends_at.to_string(),
            fingerprint: certificate.fingerprint.clone(),
        }
    }
}

impl From<&Deployment> for NetworkView {
    fn from(deployment: &Deployment) -> Self {
        Self {
            listeners: deployment
                .listeners
                .iter()
                .map(ListenerView::from)
                .collect(),
            hosts: deployment.hosts.clone(),
            origins: deployment.origins.clone(),
            trusted_proxies: deployment.trusted_proxies.clone(),
            data_dir: deployment.data_dir.display().to_string(),
            config_file: deployment
                .config_file
                .as_ref()
                .map(|path| path.display().to_string()),
            store: deployment.store.as_str(),
        }
    }
}

/// How the gateway is reached, and where its data lies.
#[utoipa::path(get, path = "/api/v1/network", tag = "settings", responses((status = 200, body = NetworkView)))]
pub(crate) async fn network(
    _caller: Caller,
    State(state): State<Arc<ServerState>>,
) -> Result<Document<NetworkView>> {
    let deployment = state
        .deployment()
        .ok_or_else(|| Problem::internal("the application has not said how it was put up"))?;
    Ok(Document(NetworkView::from(deployment)))
}
