//! The scripted upstream, seen by a real client (hyper) and, where that is too polite, over plain TCP.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use countersign_testkit::{Latch, Reply, Upstream};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

const SOON: Duration = Duration::from_secs(10);

async fn send(url: &str, body: &'static str) -> Response<hyper::body::Incoming> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    client
        .request(
            Request::post(url)
                .header("x-name", "value")
                .body(Full::<Bytes>::from(body))
                .unwrap(),
        )
        .await
        .unwrap()
}

async fn read(
    response: Response<impl Body<Data = Bytes, Error = hyper::Error>>,
) -> Result<Bytes, hyper::Error> {
    Ok(response.into_body().collect().await?.to_bytes())
}

/// Sends the text, waits for the end, and returns what came and how it ended.
fn raw(upstream: &Upstream, text: &str) -> (Vec<u8>, Option<ErrorKind>) {
    let mut stream = TcpStream::connect(upstream.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut received = Vec::new();
    let ended = stream
        .read_to_end(&mut received)
        .err()
        .map(|error| error.kind());
    (received, ended)
}

const GET: &str = "GET /a HTTP/1.1\r\nhost: x\r\n\r\n";
const GET_AND_CLOSE: &str = "GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn every_request_is_recorded_and_echoed() {
    let upstream = Upstream::start().unwrap();
    let response = send(&upstream.url("/a/b?c=d"), "hello").await;
    let echo: serde_json::Value = serde_json::from_slice(&read(response).await.unwrap()).unwrap();
    assert_eq!(echo["method"], "POST");
    assert_eq!(echo["target"], "/a/b?c=d");
    assert_eq!(echo["body"], "hello");
    let requests = upstream.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].path(), "/a/b");
    assert_eq!(requests[0].header("X-Name"), Some("value"));
    assert_eq!(requests[0].text(), "hello");
    assert!(requests[0].is_complete);
    assert_eq!(
        (
            upstream.count("/a/b"),
            upstream.count("/a"),
            upstream.total()
        ),
        (1, 0, 1)
    );
    upstream.forget();
    assert_eq!(upstream.total(), 0);
}

#[tokio::test]
async fn replies_are_chosen_by_path_and_in_order() {
    let upstream = Upstream::start().unwrap();
    upstream.on("*", Reply::status(404));
    upstream.on_each(
        "/a",
        [
            Reply::status(503),
            Reply::redirect(302, "/b"),
            Reply::echo(),
        ],
    );
    assert_eq!(
        send(&upstream.url("/none"), "").await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        send(&upstream.url("/a"), "").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    let redirect = send(&upstream.url("/a"), "").await;
    assert_eq!(redirect.headers()["location"], "/b");
    for _ in 0..2 {
        assert_eq!(
            read(send(&upstream.url("/a"), "same").await).await.unwrap(),
            "same"
        );
    }
}

#[tokio::test]
async fn bodies_come_binary_compressed_chunked_and_without_a_length() {
    let upstream = Upstream::start().unwrap();
    let binary: Vec<u8> = (0..=255).collect();
    upstream.on("/binary", Reply::bytes(binary.clone()));
    upstream.on("/chunked", Reply::bytes(binary.clone()).chunked(7));
    upstream.on("/close", Reply::bytes(binary.clone()).until_close());
    for path in ["/binary", "/chunked", "/close"] {
        assert_eq!(
            read(send(&upstream.url(path), "").await).await.unwrap(),
            binary,
            "{path}"
        );
    }
    upstream.on("/gzip", Reply::gzip(b"squeezed").unwrap());
    let response = send(&upstream.url("/gzip"), "").await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let mut plain = String::new();
    let compressed = read(response).await.unwrap();
    flate2::read::GzDecoder::new(&compressed[..])
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain, "squeezed");
}

#[tokio::test]
async fn a_long_stream_has_its_promised_length() {
    let upstream = Upstream::start().unwrap();
    upstream.on("/long", Reply::stream(3_000_001));
    let response = send(&upstream.url("/long"), "").await;
    assert_eq!(response.headers()["content-length"], "3000001");
    assert_eq!(read(response).await.unwrap().len(), 3_000_001);
}

#[tokio::test]
async fn a_broken_body_is_an_error_for_the_client() {
    let upstream = Upstream::start().unwrap();
    upstream.on("/chunks", Reply::bad_chunking());
    upstream.on("/short", Reply::text("not all of it").truncated_after(4));
    upstream.on("/reset", Reply::text("not all of it").reset_after(4));
    for path in ["/chunks", "/short", "/reset"] {
        assert!(
            read(send(&upstream.url(path), "").await).await.is_err(),
            "{path}"
        );
    }
}

#[test]
fn a_reset_is_a_reset_and_a_truncation_is_an_orderly_close() {
    let upstream = Upstream::start().unwrap();
    upstream.on("/a", Reply::text("not all of it").reset_after(4));
    assert_eq!(raw(&upstream, GET).1, Some(ErrorKind::ConnectionReset));
    upstream.on("/a", Reply::text("not all of it").truncated_after(4));
    let (received, ended) = raw(&upstream, GET);
    assert!(received.ends_with(b"\r\n\r\nnot "));
    assert_eq!(ended, None);
    upstream.on("/a", Reply::raw("nonsense"));
    assert_eq!(raw(&upstream, GET), (b"nonsense".to_vec(), None));
}

#[tokio::test]
async fn a_reply_waits_for_its_delay_and_for_its_latch() {
    let upstream = Upstream::start().unwrap();
    upstream.on(
        "/late",
        Reply::status(200).delayed(Duration::from_millis(50)),
    );
    let started = Instant::now();
    send(&upstream.url("/late"), "").await;
    assert!(started.elapsed() >= Duration::from_millis(50));

    let latch = Latch::new();
    upstream.on("/held", Reply::text("let go").held_by(&latch));
    let url = upstream.url("/held");
    let waiting = send(&url, "");
    tokio::pin!(waiting);
    tokio::select! {
        _ = &mut waiting => panic!("the latch is closed"),
        reached = upstream.eventually(2, SOON) => reached.unwrap(),
    }
    latch.open();
    assert_eq!(read(waiting.await).await.unwrap(), "let go");
}

#[tokio::test]
async fn one_that_hangs_hangs_nobody_else() {
    let upstream = Upstream::start().unwrap();
    upstream.on("/hang", Reply::hang());
    upstream.on("/b", Reply::text("alive"));
    let hanging = upstream.url("/hang");
    let result = tokio::time::timeout(Duration::from_millis(100), send(&hanging, "")).await;
    assert!(result.is_err());
    assert_eq!(
        read(send(&upstream.url("/b"), "").await).await.unwrap(),
        "alive"
    );
    assert_eq!(upstream.count("/hang"), 1);
}

#[test]
fn a_request_that_broke_off_is_recorded_as_incomplete() {
    let upstream = Upstream::start().unwrap();
    let mut stream = TcpStream::connect(upstream.address()).unwrap();
    stream
        .write_all(b"POST /a HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf")
        .unwrap();
    upstream.wait_for(1, SOON).unwrap();
    drop(stream);
    countersign_testkit::wait_until("the end of the body", SOON, || {
        upstream.requests()[0].text() == "half"
    })
    .unwrap();
    assert!(!upstream.requests()[0].is_complete);
}

#[test]
fn requests_that_could_be_smuggled_are_not_served() {
    let upstream = Upstream::start().unwrap();
    let (received, _) = raw(
        &upstream,
        "POST /a HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    );
    assert_eq!(received, b"");
    assert_eq!(upstream.total(), 0);
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn a_chunked_request_is_decoded_and_the_connection_is_kept() {
    let upstream = Upstream::start().unwrap();
    let text = format!(
        "POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n{GET_AND_CLOSE}"
    );
    raw(&upstream, &text);
    let requests = upstream.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].text(), "abcde");
    assert_eq!(upstream.connections(), 1);
}

mod tls {
    use std::sync::Arc;

    use countersign_testkit::{Certificate, Upstream};
    use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;

    async fn reply(upstream: &Upstream) -> std::io::Result<String> {
        let mut roots = RootCertStore::empty();
        roots
            .add(
                CertificateDer::from_pem_slice(upstream.authority_pem().unwrap().as_bytes())
                    .unwrap(),
            )
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let configuration = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = tokio::net::TcpStream::connect(upstream.address()).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(configuration))
            .connect(name, stream)
            .await?;
        stream.write_all(super::GET_AND_CLOSE.as_bytes()).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok(text)
    }

    #[tokio::test]
    async fn only_the_valid_certificate_is_accepted() {
        let valid = Upstream::start_tls(Certificate::Valid).unwrap();
        assert!(valid.url("/").starts_with("https://localhost:"));
        assert!(reply(&valid).await.unwrap().starts_with("HTTP/1.1 200"));
        for (certificate, reason) in [
            (Certificate::Expired, "expired"),
            (Certificate::WrongName, "not valid for name"),
            (Certificate::UnknownAuthority, "UnknownIssuer"),
        ] {
            let upstream = Upstream::start_tls(certificate).unwrap();
            let error = reply(&upstream).await.unwrap_err().to_string();
            assert!(error.contains(reason), "{certificate:?}: {error}");
            assert_eq!(upstream.total(), 0);
        }
    }
}
