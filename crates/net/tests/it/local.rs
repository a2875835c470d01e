//! The operator's client.

use std::time::Duration;

use countersign_net::{
    CertificatePin, EndpointError, LocalClient, LocalClientConfig, LocalEndpoint, LocalRequest,
    ServerSentEvent,
};
use http::Method;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use crate::client_tls::TlsServer;
use crate::upstream::Upstream;

fn client(endpoint: &str) -> LocalClient {
    LocalClient::new(
        LocalEndpoint::parse(endpoint).unwrap(),
        LocalClientConfig::default(),
    )
}

#[test]
fn endpoints_never_send_a_key_in_the_clear() {
    for text in [
        "http://127.0.0.1:18790",
        "http://localhost:18790/",
        "http://[::1]:18790",
        "https://gateway.example.com",
        "https://10.0.0.1:8443/",
        "unix:/run/x.sock",
        "unix:///run/x.sock",
    ] {
        assert!(LocalEndpoint::parse(text).is_ok(), "{text}");
    }
    for text in [
        "http://gateway.example.com",
        "http://10.0.0.1:18790",
        "http://0.0.0.0:18790",
        "http://a.localhost:18790",
        "http://169.254.169.254",
    ] {
        assert!(
            matches!(LocalEndpoint::parse(text), Err(EndpointError::PlainHttp(_))),
            "{text}"
        );
    }
    for text in [
        "",
        "127.0.0.1:18790",
        "ftp://127.0.0.1",
        "http://127.0.0.1:18790/api",
        "http://127.0.0.1:18790/?a",
        "http://k@127.0.0.1:18790",
        "unix:",
        "unix:x",
    ] {
        assert!(LocalEndpoint::parse(text).is_err(), "{text}");
    }
}

#[tokio::test]
async fn json_goes_there_and_back_over_loopback() {
    let server =
        Upstream::answering("HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n{\"id\":\"a\"}")
            .await;
    let mut request = LocalRequest::new(Method::POST, "/api/v1/agents?x=1")
        .with_json(&json!({"name": "ci"}))
        .unwrap();
    request
        .headers
        .insert(AUTHORIZATION, "Bearer cs_canary".parse().unwrap());
    assert!(!format!("{request:?}").contains("canary"));
    let reply = client(&format!("http://localhost:{}", server.address.port()))
        .send(request)
        .await
        .unwrap();
    assert_eq!(
        (reply.status.as_u16(), reply.json::<Value>().unwrap()),
        (201, json!({"id": "a"}))
    );
    let sent = server.requests().remove(0);
    assert!(
        sent.starts_with("POST /api/v1/agents?x=1 HTTP/1.1\r\n")
            && sent.ends_with(r#"{"name":"ci"}"#),
        "{sent}"
    );
    assert!(
        sent.contains("content-type: application/json\r\n")
            && sent.contains("authorization: Bearer cs_canary\r\n"),
        "{sent}"
    );
}

#[tokio::test]
async fn unix_sockets_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .unwrap();
        stream
    };
    let client = client(&format!("unix:{}", path.display()));
    let (reply, _stream) = tokio::join!(
        client.send(LocalRequest::new(Method::GET, "/readyz")),
        serve
    );
    assert_eq!(reply.unwrap().status, 204);
    drop(listener);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(
        client
            .send(LocalRequest::new(Method::GET, "/readyz"))
            .await
            .unwrap_err()
            .code(),
        "connect_failed"
    );
}

#[tokio::test]
async fn a_pinned_certificate_is_the_only_one_accepted() {
    let server = TlsServer::start("localhost", &[], |_| {}).await;
    let other = TlsServer::start("localhost", &[], |_| {}).await;
    let endpoint =
        LocalEndpoint::parse(&format!("https://localhost:{}", server.address.port())).unwrap();
    let fingerprint = |server: &TlsServer| {
        let suite = rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
        let sha256 = suite.tls13().unwrap().common.hash_provider;
        let digest = sha256.hash(&server.certificate_der);
        let digits = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect::<Vec<_>>()
            .join(":");
        CertificatePin::parse_sha256(&format!("sha256:{digits}")).unwrap()
    };
    let pem = |server: &TlsServer| CertificatePin::Pem(server.certificate_pem.clone().into_bytes());
    for (pin, is_accepted) in [
        (fingerprint(&server), true),
        (pem(&server), true),
        (fingerprint(&other), false),
        (pem(&other), false),
    ] {
        let config = LocalClientConfig {
            pin: Some(pin),
            ..LocalClientConfig::default()
        };
        let outcome = LocalClient::new(endpoint.clone(), config)
            .send(LocalRequest::new(Method::GET, "/"))
            .await;
        match outcome {
            Ok(_) => assert!(is_accepted),
            Err(error) => assert_eq!(
                (error.code(), is_accepted),
                ("tls_failed", false),
                "{error}"
            ),
        }
    }
    for bad in ["", "sha256:", "abcd", &"zz".repeat(32), &"é".repeat(32)] {
        assert_eq!(CertificatePin::parse_sha256(bad), None);
    }
}

#[tokio::test]
async fn events_are_read_across_any_borders() {
    let stream = ": hello\n\nid: 7\r\nevent: approval\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\ndata: zwei-ü\n\nevent: nothing\n\nid\ndata\n\n";
    let server = Upstream::start(move |mut connection| async move {
        connection.read_request().await;
        connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        for byte in stream.as_bytes() {
            connection.stream.write_all(&[b'1', b'\r', b'\n', *byte, b'\r', b'\n']).await.unwrap();
        }
        connection.write("0\r\n\r\n").await;
        connection.hold().await;
    })
    .await;
    let stream = client(&format!("http://{}", server.address))
        .open(LocalRequest::new(Method::GET, "/api/v1/events"))
        .await
        .unwrap();
    assert_eq!(stream.status, 200);
    let mut events = stream.into_events();
    let event = |id: &str, event: &str, data: &str| ServerSentEvent {
        id: id.to_owned(),
        event: event.to_owned(),
        data: data.to_owned(),
    };
    assert_eq!(
        events.next_event().await.unwrap(),
        Some(event("7", "approval", "{\"a\":\n1}"))
    );
    assert_eq!(
        events.next_event().await.unwrap(),
        Some(event("7", "message", "zwei-ü"))
    );
    assert_eq!(
        events.next_event().await.unwrap(),
        Some(event("", "message", ""))
    );
    assert_eq!(events.next_event().await.unwrap(), None);
}

#[tokio::test]
async fn replies_are_bounded_in_size_and_silence() {
    let server = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc").await;
    let endpoint = LocalEndpoint::parse(&format!("http://{}", server.address)).unwrap();
    let config = LocalClientConfig {
        silence: Duration::from_millis(100),
        ..LocalClientConfig::default()
    };
    let error = LocalClient::new(endpoint.clone(), config)
        .send(LocalRequest::new(Method::GET, "/"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "connection_lost");
    let config = LocalClientConfig {
        response_bytes: 2,
        ..LocalClientConfig::default()
    };
    let error = LocalClient::new(endpoint, config)
        .send(LocalRequest::new(Method::GET, "/"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "response_too_large");
}
