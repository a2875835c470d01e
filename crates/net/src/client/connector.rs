//! What the pool calls for a new connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::sync::OnceCell;
use tower::Service;

use crate::dial::{Dialler, destination};
use crate::error::NetError;
use crate::stream::DialledStream;
use crate::url::OutboundUrl;

/// Dials the origin of a URL under the dialler's policy.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    dialler: Dialler,
    /// Made at the first TLS connection and then kept, with its session tickets.
    tls: Arc<OnceCell<Arc<ClientConfig>>>,
}

impl Connector {
    pub(super) fn new(dialler: Dialler) -> Self {
        Self {
            dialler,
            tls: Arc::default(),
        }
    }

    async fn connect(self, uri: Uri) -> Result<TokioIo<DialledStream>, NetError> {
        // The pool rebuilds the URL from its key, so it is read again rather than trusted.
        let url = OutboundUrl::parse(&uri.to_string())?;
        let (host, port) = (url.host(), url.port());
        let stream = self.dialler.dial_host(host, port).await?;
        if !url.is_https() {
            return Ok(TokioIo::new(DialledStream::Plain(stream)));
        }
        let failed = |error: crate::tls::TlsError| NetError::TlsFailed {
            destination: destination(host, port),
            detail: error.to_string().into(),
        };
        let tls = self
            .tls
            .get_or_try_init(|| self.dialler.tls().client_config(&[b"h2", b"http/1.1"]))
            .await
            .map_err(failed)?;
        let stream = self
            .dialler
            .shake_hands(stream, host, port, Arc::clone(tls))
            .await?;
        Ok(TokioIo::new(DialledStream::Tls(Box::new(stream))))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<DialledStream>;
    type Error = NetError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, NetError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NetError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}
