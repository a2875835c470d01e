//! Certificates, and HTTP/2 by ALPN.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_net::{
    Delivery, FixedAnswers, HttpClient, HttpClientConfig, Limits, NetError, OutboundRequest,
    OutboundUrl, Resolver, TlsSettings,
};
use http::{Method, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::upstream::{Connection, Upstream, config, limits};

pub(crate) struct TlsServer {
    pub(crate) address: SocketAddr,
    pub(crate) certificate_pem: String,
    pub(crate) certificate_der: Vec<u8>,
    _tasks: JoinSet<()>,
}

impl TlsServer {
    /// Serves `path` back, with a self-signed certificate for `name`.
    pub(crate) async fn start(
        name: &str,
        protocols: &[&[u8]],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut parameters);
        let certificate = parameters.self_signed(&key).unwrap();
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut serving = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                serving.spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = auto::Builder::new(TokioExecutor::new())
                            .serve_connection(TokioIo::new(stream), service_fn(serve))
                            .await;
                    }
                });
            }
        });
        Self {
            address,
            certificate_pem: certificate.pem(),
            certificate_der: certificate.der().to_vec(),
            _tasks: tasks,
        }
    }

    fn request(&self, host: &str) -> OutboundRequest {
        let url = format!("https://{host}:{}/p?token=canary", self.address.port());
        OutboundRequest::new(Method::POST, OutboundUrl::parse(&url).unwrap())
            .with_body(Bytes::from_static(b"hello"))
    }

    fn client(&self, tls: TlsSettings) -> HttpClient {
        let answers = FixedAnswers::default()
            .with("api.example.com", &[self.address.ip()])
            .with("other.example.com", &[self.address.ip()]);
        HttpClient::new(HttpClientConfig {
            resolver: Resolver::fixed(answers),
            tls,
            ..config()
        })
    }

    fn trusting_client(&self) -> HttpClient {
        self.client(TlsSettings::with_extra_roots_pem(self.certificate_pem.as_bytes()).unwrap())
    }
}

async fn serve(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let long = request
        .headers()
        .get("x-long")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(0);
    let version = format!("{:?}", request.version());
    let host = request.uri().authority().map(ToString::to_string);
    let body = request
        .into_body()
        .collect()
        .await
        .map_or_else(|_| Bytes::new(), http_body_util::Collected::to_bytes);
    let mut response = Response::new(Full::new(body));
    response
        .headers_mut()
        .insert("x-version", version.parse().unwrap());
    response
        .headers_mut()
        .insert("x-authority", host.unwrap_or_default().parse().unwrap());
    response
        .headers_mut()
        .insert("x-filler", "x".repeat(long).parse().unwrap());
    Ok(response)
}

fn assert_tls_failed(error: &NetError) {
    assert_eq!(
        (error.code(), error.delivery()),
        ("tls_failed", Delivery::NotSent),
        "{error}"
    );
    assert!(!error.to_string().contains("canary"));
}

#[tokio::test]
async fn an_unknown_authority_is_tls_failed() {
    let server = TlsServer::start("api.example.com", &[], |_| {}).await;
    // The machine may have no roots at all: both ways the connection must fail, and as a TLS failure.
    assert_tls_failed(
        &server
            .client(TlsSettings::system())
            .send(server.request("api.example.com"), &limits())
            .await
            .unwrap_err(),
    );
}

#[tokio::test]
async fn an_added_root_is_trusted_for_its_names_only() {
    let server = TlsServer::start("api.example.com", &[], |_| {}).await;
    let client = server.trusting_client();
    let reply = client
        .send(server.request("api.example.com"), &limits())
        .await
        .unwrap();
    assert_eq!(reply.headers()["x-version"], "HTTP/1.1");
    assert_eq!(reply.into_body().collect_bytes().await.unwrap(), "hello");
    assert_tls_failed(
        &client
            .send(server.request("other.example.com"), &limits())
            .await
            .unwrap_err(),
    );
    assert_tls_failed(
        &client
            .send(server.request("127.0.0.1"), &limits())
            .await
            .unwrap_err(),
    );
}

#[tokio::test]
async fn an_expired_certificate_is_tls_failed() {
    let server = TlsServer::start("api.example.com", &[], |parameters| {
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    })
    .await;
    let error = server
        .trusting_client()
        .send(server.request("api.example.com"), &limits())
        .await
        .unwrap_err();
    assert_tls_failed(&error);
    assert!(error.to_string().contains("expired"), "{error}");
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered() {
    let server = TlsServer::start("api.example.com", &[b"h2", b"http/1.1"], |_| {}).await;
    let client = server.trusting_client();
    for _ in 0..3 {
        let request = server
            .request("api.example.com")
            .with_header(http::header::HOST, "evil.test".parse().unwrap());
        let reply = client.send(request, &limits()).await.unwrap();
        assert_eq!(reply.version(), Version::HTTP_2);
        assert_eq!(
            reply.headers()["x-authority"],
            format!("api.example.com:{}", server.address.port())
        );
        assert_eq!(reply.into_body().collect_bytes().await.unwrap(), "hello");
    }
}

#[tokio::test]
async fn http_2_obeys_the_limits() {
    let server = TlsServer::start("api.example.com", &[b"h2"], |_| {}).await;
    let client = server.trusting_client();
    let with_filler = |length: &'static str| {
        server
            .request("api.example.com")
            .with_header("x-long".parse().unwrap(), length.parse().unwrap())
    };
    assert!(client.send(with_filler("30000"), &limits()).await.is_ok());
    let error = client
        .send(
            with_filler("30000"),
            &Limits {
                header_bytes: 20_000,
                ..limits()
            },
        )
        .await
        .unwrap_err();
    assert_eq!(error.code(), "response_headers_too_large");
    assert!(client.send(with_filler("90000"), &limits()).await.is_err());
    let error = client
        .send(
            server.request("api.example.com"),
            &Limits {
                response_bytes: 4,
                ..limits()
            },
        )
        .await
        .unwrap_err();
    assert_eq!(error.code(), "response_too_large");
}

#[tokio::test]
async fn a_stalled_handshake_is_connect_timeout() {
    let server = Upstream::start(Connection::hold).await;
    let client = HttpClient::new(HttpClientConfig {
        connect_timeout: Duration::from_millis(100),
        tls: TlsSettings::with_extra_roots_pem(
            TlsServer::start("x", &[], |_| {})
                .await
                .certificate_pem
                .as_bytes(),
        )
        .unwrap(),
        ..config()
    });
    let url = OutboundUrl::parse(&format!("https://{}/", server.address)).unwrap();
    let error = client
        .send(OutboundRequest::new(Method::GET, url), &limits())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.limit(), error.delivery()),
        ("connect_timeout", Some("connect"), Delivery::NotSent)
    );
}

#[tokio::test]
async fn plain_http_behind_an_https_url_is_tls_failed() {
    let server = Upstream::answering("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    let tls = TlsServer::start("api.example.com", &[], |_| {}).await;
    let url = OutboundUrl::parse(&format!("https://{}/", server.address)).unwrap();
    // The reading side of this server waits for a blank line that a handshake never has.
    let client = HttpClient::new(HttpClientConfig {
        connect_timeout: Duration::from_millis(300),
        tls: TlsSettings::with_extra_roots_pem(tls.certificate_pem.as_bytes()).unwrap(),
        ..config()
    });
    let error = client
        .send(OutboundRequest::new(Method::GET, url), &limits())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            NetError::TlsFailed { .. } | NetError::ConnectTimeout { .. }
        ),
        "{error}"
    );
    assert!(server.requests().is_empty());
}

#[test]
fn bad_pem_is_an_error() {
    for pem in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        assert!(
            TlsSettings::with_extra_roots_pem(pem.as_bytes()).is_err(),
            "{pem}"
        );
    }
}
