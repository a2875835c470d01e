//! What goes over the wire.

use bytes::Bytes;
use countersign_net::{Delivery, Limits, NetError, OutboundBody, OutboundRequest};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, StreamBody};
use tokio::io::AsyncReadExt;

use crate::upstream::{Connection, Upstream, client, limits};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Requirement 18: a redirect never takes a request anywhere.
#[tokio::test]
async fn redirects_are_replies() {
    let elsewhere = Upstream::answering(OK).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let server = Upstream::answering(format!(
            "HTTP/1.1 {status}\r\nLocation: http://{}/\r\nContent-Length: 0\r\n\r\n",
            elsewhere.address
        ))
        .await;
        let reply = client().send(server.get("/"), &limits()).await.unwrap();
        assert!(reply.status().is_redirection());
        assert!(reply.headers().contains_key("location"));
        assert_eq!(server.requests().len(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn connections_are_reused() {
    let server = Upstream::answering(OK).await;
    let client = client();
    for _ in 0..20 {
        client
            .send(server.get("/"), &limits())
            .await
            .unwrap()
            .into_body()
            .collect_bytes()
            .await
            .unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(server.requests().len(), 20);
    assert!(
        server.connections() <= 2,
        "{} connections",
        server.connections()
    );
}

// Host override, smuggling by length and Connection-nominated fields.
#[tokio::test]
async fn transport_fields_are_ours() {
    let server = Upstream::answering(OK).await;
    let request = server
        .post("/a?b=c", "hello")
        .with_header(HOST, HeaderValue::from_static("evil.test"))
        .with_header(CONTENT_LENGTH, HeaderValue::from_static("0"))
        .with_header(TRANSFER_ENCODING, HeaderValue::from_static("chunked"))
        .with_header(CONNECTION, HeaderValue::from_static("close, authorization"))
        .with_header(
            HeaderName::from_static("upgrade"),
            HeaderValue::from_static("h2c"),
        )
        .with_header(
            HeaderName::from_static("authorization"),
            HeaderValue::from_static("Bearer t"),
        );
    client().send(request, &limits()).await.unwrap();
    let sent = server.requests().remove(0).to_ascii_lowercase();
    assert!(sent.starts_with("post /a?b=c http/1.1\r\n"), "{sent}");
    assert!(
        sent.contains(&format!("host: {}\r\n", server.address)),
        "{sent}"
    );
    assert!(
        sent.contains("content-length: 5\r\n")
            && sent.contains("authorization: bearer t\r\n")
            && sent.ends_with("\r\n\r\nhello"),
        "{sent}"
    );
    for gone in ["evil.test", "transfer-encoding", "upgrade", "connection:"] {
        assert!(!sent.contains(gone), "{gone} in {sent}");
    }
    assert_eq!(sent.matches("content-length").count(), 1);
}

#[tokio::test]
async fn an_empty_post_says_so() {
    let server = Upstream::answering(OK).await;
    client()
        .send(
            OutboundRequest::new(Method::POST, server.url("/")),
            &limits(),
        )
        .await
        .unwrap();
    client().send(server.get("/"), &limits()).await.unwrap();
    let sent = server.requests();
    assert!(
        sent[0]
            .to_ascii_lowercase()
            .contains("content-length: 0\r\n"),
        "{}",
        sent[0]
    );
    assert!(
        !sent[1].to_ascii_lowercase().contains("content-length"),
        "{}",
        sent[1]
    );
}

#[tokio::test]
async fn bytes_pass_unchanged_both_ways() {
    let all: Vec<u8> = (0..=255).collect();
    let server = Upstream::start(|mut connection| async move {
        let mut request = vec![0; 65536];
        let mut length = 0;
        while !request[..length].ends_with(&[254, 255]) {
            length += connection
                .stream
                .read(&mut request[length..])
                .await
                .unwrap();
        }
        let body = request[length - 256..length].to_vec();
        connection
            .write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 256\r\n\r\n")
            .await;
        tokio::io::AsyncWriteExt::write_all(&mut connection.stream, &body)
            .await
            .unwrap();
        connection.hold().await;
    })
    .await;
    let request = OutboundRequest::new(Method::PUT, server.url("/")).with_body(all.clone());
    let reply = client().send(request, &limits()).await.unwrap();
    // Nothing is decompressed: a bomb stays small.
    assert_eq!(reply.headers()["content-encoding"], "gzip");
    assert_eq!(reply.into_body().collect_bytes().await.unwrap(), all);
}

#[tokio::test]
async fn http_requests_are_taken_over_with_their_url_checked() {
    let server = Upstream::answering(OK).await;
    let http = Request::post(format!("http://{}/x", server.address))
        .body(Full::new(Bytes::from_static(b"abc")))
        .unwrap();
    client()
        .send(OutboundRequest::from_http(http).unwrap(), &limits())
        .await
        .unwrap();
    assert!(server.requests()[0].ends_with("abc"));
    for bad in ["http://u@127.0.0.1/", "/path", "http://127.0.0.1:22/"] {
        let http = Request::get(bad).body(Full::new(Bytes::new())).unwrap();
        assert_eq!(
            OutboundRequest::from_http(http).unwrap_err().code(),
            "destination_refused",
            "{bad}"
        );
    }
}

#[tokio::test]
async fn long_bodies_are_refused_before_or_while_they_are_sent() {
    let server = Upstream::answering(OK).await;
    let limits = Limits {
        request_bytes: 4,
        ..limits()
    };
    let error = client()
        .send(server.post("/", "hello"), &limits)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        NetError::RequestTooLarge {
            limit_bytes: 4,
            delivery: Delivery::NotSent
        }
    );
    assert_eq!(server.connections(), 0);

    for method in [Method::POST, Method::GET] {
        let server = Upstream::start(Connection::hold).await;
        let request = OutboundRequest::new(method, server.url("/")).with_body(three_frames());
        let error = client().send(request, &limits).await.unwrap_err();
        let delivery = Delivery::MaybeSent;
        assert_eq!(
            error,
            NetError::RequestTooLarge {
                limit_bytes: 4,
                delivery
            }
        );
        assert_eq!(error.limit(), Some("request_bytes"));
    }
}

fn three_frames() -> OutboundBody {
    let frames = ["abc", "def", "ghi"].map(|text| {
        Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::from_static(text.as_bytes())))
    });
    OutboundBody::stream(StreamBody::new(futures::stream::iter(frames)).boxed())
}

// hyper leaves a body of unknown length out of a GET, without an error.
#[tokio::test]
async fn no_method_loses_its_streamed_body() {
    for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
        let server = Upstream::start(|mut connection| async move {
            let mut text = String::new();
            while !text.ends_with("\r\n0\r\n\r\n") {
                let mut buffer = [0; 1024];
                let length = connection.stream.read(&mut buffer).await.unwrap();
                text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
            }
            assert!(text.contains("transfer-encoding: chunked\r\n"), "{text}");
            assert!(
                text.ends_with("3\r\nabc\r\n3\r\ndef\r\n3\r\nghi\r\n0\r\n\r\n"),
                "{text}"
            );
            connection.write("HTTP/1.1 204 No Content\r\n\r\n").await;
            connection.hold().await;
        })
        .await;
        let request = OutboundRequest::new(method, server.url("/")).with_body(three_frames());
        assert_eq!(
            client().send(request, &limits()).await.unwrap().status(),
            204
        );
    }
}

#[tokio::test]
async fn tunnels_and_changes_of_protocol_are_refused() {
    let server = Upstream::answering(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    )
    .await;
    let error = client()
        .send(
            OutboundRequest::new(Method::CONNECT, server.url("/")),
            &limits(),
        )
        .await
        .unwrap_err();
    assert_eq!((error.code(), server.connections()), ("request_refused", 0));
    let error = client().send(server.get("/"), &limits()).await.unwrap_err();
    assert_eq!(error.code(), "bad_response");
}

#[tokio::test]
async fn interim_replies_are_skipped() {
    let server = Upstream::answering(format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n{OK}"
    ))
    .await;
    assert_eq!(
        client()
            .send(server.get("/"), &limits())
            .await
            .unwrap()
            .status(),
        200
    );
}
