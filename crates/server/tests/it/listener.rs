//! Real sockets: where a server listens, what it bounds, how it ends. Requirements 2 and 36.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use countersign_server::{
    Bind, ListenerConfig, Server, ServerConfig, ServerError, Serves, is_container, tls_config,
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

use crate::stage::Stage;

fn loopback() -> ServerConfig {
    ServerConfig::new(ListenerConfig::loopback("127.0.0.1:0".parse().unwrap()))
}

fn with(bind: Bind) -> ServerConfig {
    ServerConfig::new(ListenerConfig {
        bind,
        serves: Serves::Everything,
    })
}

/// Sends text, reads to the end.
async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is an answer all the same.
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .expect("the server does not end it");
    String::from_utf8_lossy(&answer).into_owned()
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn it_answers_on_the_port_that_it_names() {
    let stage = Stage::new().await;
    let server = Server::start(&loopback(), &stage.state).unwrap();
    let address = server.addresses()[0];
    assert_eq!(server.urls(), [format!("http://{address}")]);
    let answer = talk(TcpStream::connect(address).await.unwrap(), HEALTH).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("{\"status\":\"ok\"}"), "{answer}");
    assert!(server.shutdown(Duration::from_secs(5)).await);
    assert!(TcpStream::connect(address).await.is_err());
}

/// Requirement 2.
#[tokio::test]
async fn a_plain_listener_is_loopback_only() {
    let stage = Stage::new().await;
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let address: SocketAddr = address.parse().unwrap();
        let error = Server::start(&with(Bind::Tcp(address)), &stage.state).unwrap_err();
        assert!(matches!(error, ServerError::NotLoopback(_)), "{error}");
    }
    let container = with(Bind::Container("0.0.0.0:0".parse().unwrap()));
    let error = Server::start(&container, &stage.state).unwrap_err();
    // Where these tests themselves run in a container, the list of hosts is what is missing.
    if is_container() {
        assert!(matches!(error, ServerError::NoHosts), "{error}");
    } else {
        assert!(matches!(error, ServerError::NotContainer), "{error}");
    }
    assert!(matches!(
        Server::start(
            &ServerConfig {
                listeners: vec![],
                ..loopback()
            },
            &stage.state
        ),
        Err(ServerError::NoListener)
    ));
}

#[tokio::test]
async fn a_taken_port_is_told() {
    let stage = Stage::new().await;
    let first = Server::start(&loopback(), &stage.state).unwrap();
    let second = Server::start(&with(Bind::Tcp(first.addresses()[0])), &stage.state).unwrap_err();
    assert!(matches!(second, ServerError::Bind { .. }), "{second}");
    assert!(
        second
            .to_string()
            .contains(&first.addresses()[0].to_string())
    );
}

#[tokio::test]
async fn foreign_hosts_are_refused_on_the_wire() {
    let stage = Stage::new().await;
    let server = Server::start(&loopback(), &stage.state).unwrap();
    let address = server.addresses()[0];
    for head in [
        "GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        "GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /healthz HTTP/1.0\r\n\r\n",
    ] {
        let answer = talk(TcpStream::connect(address).await.unwrap(), head).await;
        assert!(
            answer.starts_with("HTTP/1.1 403") || answer.starts_with("HTTP/1.0 403"),
            "{head}: {answer}"
        );
        assert!(answer.contains("host_not_allowed"), "{answer}");
    }
}

/// Requirement 36: over the limit there is a problem document, far over it a bare 431, and memory stays bounded either way.
#[tokio::test]
async fn long_headers_are_refused() {
    let stage = Stage::new().await;
    let server = Server::start(&loopback(), &stage.state).unwrap();
    let address = server.addresses()[0];
    let head = |bytes: usize| {
        format!(
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: {}\r\n\r\n",
            "x".repeat(bytes)
        )
    };
    let over = talk(TcpStream::connect(address).await.unwrap(), &head(70 << 10)).await;
    assert!(over.starts_with("HTTP/1.1 431"), "{over}");
    assert!(over.contains("headers_too_large"), "{over}");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(head(10 << 20).as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    // The connection may be reset before the answer is read.
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let many = (0..500).fold(String::new(), |many, index| {
        many + &format!("x-{index}: y\r\n")
    });
    let many = talk(
        TcpStream::connect(address).await.unwrap(),
        &format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"),
    )
    .await;
    assert!(many.starts_with("HTTP/1.1 431"), "{many}");
    talk(TcpStream::connect(address).await.unwrap(), HEALTH).await;
}

/// Requirement 36: a body that says it is too long is not waited for.
#[tokio::test]
async fn a_body_that_announces_too_much_is_refused_at_once() {
    let stage = Stage::new().await;
    let server = Server::start(&loopback(), &stage.state).unwrap();
    for (path, bytes) in [("/proxy", 1_u64 << 40), ("/api/v1/actions", 16 << 20)] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {bytes}\r\n\
             Authorization: Bearer {}\r\n\r\n",
            stage.agent
        );
        let answer = talk(
            TcpStream::connect(server.addresses()[0]).await.unwrap(),
            &head,
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert!(answer.contains("request_bytes"), "{answer}");
    }
}

/// Requirement 36: whoever sends nothing, or a byte now and then, is cut off.
#[tokio::test]
async fn slow_heads_are_cut_off() {
    let stage = Stage::new().await;
    let mut config = loopback();
    config.limits.header_timeout = Duration::from_millis(300);
    config.limits.connections = 2;
    let server = Server::start(&config, &stage.state).unwrap();
    let address = server.addresses()[0];
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut slow = TcpStream::connect(address).await.unwrap();
    let dripping = async {
        for byte in HEALTH.as_bytes().iter().cycle() {
            if slow.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            if *byte == b'\n' && slow.write_all(b"x").await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), dripping)
        .await
        .expect("a dripping client is never cut off");
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), silent.read_to_end(&mut rest))
        .await
        .expect("a silent client is never cut off");
    // Both places are free again.
    talk(TcpStream::connect(address).await.unwrap(), HEALTH).await;
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_end_up() {
    let stage = Stage::new().await;
    let server = Server::start(&loopback(), &stage.state).unwrap();
    let mut idle = TcpStream::connect(server.addresses()[0]).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    assert!(server.shutdown(Duration::from_secs(2)).await);
}

#[tokio::test]
async fn an_open_event_stream_ends_with_the_server() {
    let stage = Stage::new().await;
    let server = Server::start(&loopback(), &stage.state).unwrap();
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    let head = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
        stage.owner
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    assert!(server.shutdown(Duration::from_secs(2)).await);
}

#[tokio::test]
async fn the_unix_socket_is_its_owners() {
    use std::os::unix::fs::PermissionsExt;

    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.sock");
    // What a crash leaves behind is taken away; what is no socket, or one that is listened on, is not.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let server = Server::start(&with(Bind::Unix(path.clone())), &stage.state).unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let answer = talk(UnixStream::connect(&path).await.unwrap(), HEALTH).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        matches!(
            Server::start(&with(Bind::Unix(path.clone())), &stage.state),
            Err(ServerError::Bind { .. })
        ),
        "a live socket is not taken"
    );
    assert!(server.shutdown(Duration::from_secs(5)).await);
    assert!(!path.exists());
    std::fs::write(folder.path().join("file"), "x").unwrap();
    assert!(Server::start(&with(Bind::Unix(folder.path().join("file"))), &stage.state).is_err());
}

/// A TLS listener on loopback, and a client that trusts it and offers these protocols.
fn tls(stage: &Stage, protocols: &[&[u8]]) -> (Server, tokio_rustls::TlsConnector) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let settings =
        tls_config(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    let server = Server::start(
        &with(Bind::Tls("127.0.0.1:0".parse().unwrap(), settings)),
        &stage.state,
    )
    .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let mut client = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(roots)
    .with_no_client_auth();
    client.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    (server, tokio_rustls::TlsConnector::from(Arc::new(client)))
}

#[tokio::test]
async fn http2_is_answered_and_its_authority_is_checked() {
    let stage = Stage::new().await;
    let (server, connector) = tls(&stage, &[b"h2"]);
    let stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    let stream = connector
        .connect(ServerName::try_from("localhost").unwrap(), stream)
        .await
        .unwrap();
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake::<_, _, axum::body::Body>(
        executor,
        hyper_util::rt::TokioIo::new(stream),
    )
    .await
    .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(connection);
    for (uri, status) in [
        ("https://localhost/healthz", 200),
        ("https://evil.example/healthz", 403),
        ("https://localhost/api/v1/agents", 401),
    ] {
        let request = http::Request::get(uri)
            .body(axum::body::Body::empty())
            .unwrap();
        assert_eq!(
            sender.send_request(request).await.unwrap().status(),
            status,
            "{uri}"
        );
    }
    let long = http::Request::get("https://localhost/healthz")
        .header("x-long", "x".repeat(70 << 10))
        .body(axum::body::Body::empty())
        .unwrap();
    assert_eq!(sender.send_request(long).await.unwrap().status(), 431);
    drop(sender);
    assert!(server.shutdown(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn tls_answers_and_marks_its_cookies() {
    let stage = Stage::new().await;
    let (server, connector) = tls(&stage, &[]);
    assert!(server.urls()[0].starts_with("https://"));
    let stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    let stream = connector
        .connect(ServerName::try_from("localhost").unwrap(), stream)
        .await
        .unwrap();
    let body = format!("{{\"token\":\"{}\"}}", stage.token);
    let head = format!(
        "POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = talk(stream, &head).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(answer.contains("; Secure"), "{answer}");
    let plain = talk(
        TcpStream::connect(server.addresses()[0]).await.unwrap(),
        HEALTH,
    )
    .await;
    assert!(
        !plain.contains("200 OK"),
        "plain HTTP is not answered on a TLS port"
    );
}

#[test]
fn nonsense_is_no_certificate() {
    assert!(tls_config(b"", b"").is_err());
    let key = rcgen::KeyPair::generate().unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    assert!(tls_config(certificate.pem().as_bytes(), b"").is_err());
    assert!(
        tls_config(
            certificate.pem().as_bytes(),
            other.serialize_pem().as_bytes()
        )
        .is_err()
    );
}

/// Whether the other end has closed the connection, or does within a second.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut byte = [0];
    let read = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut byte));
    matches!(read.await, Ok(Ok(0) | Err(_)))
}

/// Requirement 36: whoever asks and does not read is cut off, credential or not.
#[tokio::test]
async fn clients_that_do_not_read_are_cut_off() {
    let stage = Stage::new().await;
    let mut config = loopback();
    config.limits.write_timeout = Duration::from_millis(300);
    config.limits.connections = 1;
    let server = Server::start(&config, &stage.state).unwrap();
    let address = server.addresses()[0];
    let deaf = TcpStream::connect(address).await.unwrap();
    let call = |path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
            stage.owner
        )
    };
    let calls = call("/api/v1/agents") + &call("/openapi.json").repeat(2_000);
    let (_unread, mut write) = deaf.into_split();
    let writing = tokio::time::timeout(Duration::from_secs(3), write.write_all(calls.as_bytes()));
    drop(writing.await);
    let answer = talk(TcpStream::connect(address).await.unwrap(), HEALTH).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Requirement 36: one source has its share of the connections, and who has shown a credential keeps theirs.
#[tokio::test]
async fn strangers_make_room_for_the_next() {
    let stage = Stage::new().await;
    let mut config = loopback();
    config.limits.connections_per_source = 2;
    let server = Server::start(&config, &stage.state).unwrap();
    let address = server.addresses()[0];
    let mut known = TcpStream::connect(address).await.unwrap();
    let call = format!(
        "GET /api/v1/kills HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
        stage.owner
    );
    let mut answer = [0; 2_048];
    known.write_all(call.as_bytes()).await.unwrap();
    assert!(known.read(&mut answer).await.unwrap() > 0);
    let mut strangers = Vec::new();
    for _ in 0..4 {
        let stranger = TcpStream::connect(address).await.unwrap();
        // One after another, so that it is clear who came first.
        tokio::time::sleep(Duration::from_millis(20)).await;
        strangers.push(stranger);
    }
    let mut closed = Vec::new();
    for stranger in &mut strangers {
        closed.push(is_closed(stranger).await);
    }
    assert_eq!(closed, [true, true, false, false]);
    known.write_all(call.as_bytes()).await.unwrap();
    assert!(known.read(&mut answer).await.unwrap() > 0);
}

/// Requirement 36: a listener that is full of strangers takes the next connection.
#[tokio::test]
async fn a_full_listener_sends_strangers_away() {
    let stage = Stage::new().await;
    let mut config = loopback();
    config.limits.connections = 2;
    let server = Server::start(&config, &stage.state).unwrap();
    let address = server.addresses()[0];
    let mut strangers = Vec::new();
    for _ in 0..5 {
        strangers.push(TcpStream::connect(address).await.unwrap());
    }
    let answer = talk(TcpStream::connect(address).await.unwrap(), HEALTH).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
