//! Upstreams that are slow, large or broken: a clear error, bounded memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use countersign_net::{Delivery, Limits, NetError, OutboundRequest};
use http::Method;
use tokio::io::AsyncWriteExt;

use crate::upstream::{Connection, Upstream, client, limits};

async fn error_of_head(reply: &str) -> NetError {
    let server = Upstream::answering(reply).await;
    client()
        .send(server.get("/p?token=canary"), &limits())
        .await
        .unwrap_err()
}

async fn error_of_body(reply: &str, limits: &Limits) -> NetError {
    let server = Upstream::start({
        let reply = reply.to_owned();
        move |mut connection| {
            let reply = reply.clone();
            async move {
                connection.read_request().await;
                connection.write(&reply).await;
            }
        }
    })
    .await;
    client()
        .send(server.get("/p?token=canary"), limits)
        .await
        .unwrap()
        .into_body()
        .collect_bytes()
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_silent_upstream_is_first_byte_timeout() {
    let server = Upstream::start(Connection::hold).await;
    let limits = Limits {
        first_byte: Duration::from_millis(100),
        ..limits()
    };
    let error = client().send(server.get("/"), &limits).await.unwrap_err();
    assert_eq!(
        (error.code(), error.limit(), error.delivery()),
        (
            "first_byte_timeout",
            Some("first_byte"),
            Delivery::MaybeSent
        )
    );
}

#[tokio::test]
async fn a_head_that_never_ends_is_first_byte_timeout() {
    let server = Upstream::start(|mut connection| async move {
        connection.read_request().await;
        connection.write("HTTP/1.1 200 OK\r\n").await;
        while connection.stream.write_all(b"a: b\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    })
    .await;
    let limits = Limits {
        first_byte: Duration::from_millis(150),
        ..limits()
    };
    assert_eq!(
        client()
            .send(server.get("/"), &limits)
            .await
            .unwrap_err()
            .code(),
        "first_byte_timeout"
    );
}

#[tokio::test]
async fn a_dripping_body_is_total_timeout() {
    let server = Upstream::start(|mut connection| async move {
        connection.read_request().await;
        connection
            .write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            .await;
        while connection.stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let limits = Limits {
        total: Duration::from_millis(200),
        ..limits()
    };
    let error = client()
        .send(server.get("/"), &limits)
        .await
        .unwrap()
        .into_body()
        .collect_bytes()
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.limit()),
        ("total_timeout", Some("total"))
    );
}

#[tokio::test]
async fn a_body_that_stalls_is_total_timeout() {
    let server = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await;
    let limits = Limits {
        total: Duration::from_millis(100),
        ..limits()
    };
    let body = client()
        .send(server.get("/"), &limits)
        .await
        .unwrap()
        .into_body();
    let error = tokio::time::timeout(Duration::from_secs(5), body.collect_bytes());
    assert_eq!(error.await.unwrap().unwrap_err().code(), "total_timeout");
}

#[tokio::test]
async fn a_gigabyte_is_cut_at_the_limit() {
    const GIGABYTE: u64 = 1 << 30;
    let written = Arc::new(AtomicU64::new(0));
    let server = Upstream::start({
        let written = Arc::clone(&written);
        move |mut connection| {
            let written = Arc::clone(&written);
            async move {
                connection.read_request().await;
                connection
                    .write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    .await;
                let mut chunk = b"10000\r\n".to_vec();
                chunk.extend_from_slice(&vec![b'x'; 65536]);
                chunk.extend_from_slice(b"\r\n");
                while written.load(Ordering::SeqCst) < GIGABYTE
                    && connection.stream.write_all(&chunk).await.is_ok()
                {
                    written.fetch_add(65536, Ordering::SeqCst);
                }
            }
        }
    })
    .await;
    let limits = Limits {
        response_bytes: 1 << 20,
        ..limits()
    };
    let error = client()
        .send(server.get("/"), &limits)
        .await
        .unwrap()
        .into_body()
        .collect_bytes()
        .await
        .unwrap_err();
    assert_eq!(
        error,
        NetError::ResponseTooLarge {
            limit_bytes: 1 << 20
        }
    );
    assert_eq!(error.limit(), Some("response_bytes"));
    // Socket buffers hold a few megabytes beyond what was read.
    assert!(
        written.load(Ordering::SeqCst) < 64 << 20,
        "{} bytes",
        written.load(Ordering::SeqCst)
    );
}

#[tokio::test]
async fn a_length_over_the_limit_is_refused_before_the_body() {
    let server = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n").await;
    assert_eq!(
        client()
            .send(server.get("/"), &limits())
            .await
            .unwrap_err()
            .code(),
        "response_too_large"
    );
    // The same length announces nothing in a reply to HEAD.
    let reply = client()
        .send(
            OutboundRequest::new(Method::HEAD, server.url("/")),
            &limits(),
        )
        .await
        .unwrap();
    assert_eq!(reply.into_body().collect_bytes().await.unwrap(), "");
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_passes() {
    let server = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd").await;
    let limits = Limits {
        response_bytes: 4,
        ..limits()
    };
    assert_eq!(
        client()
            .send(server.get("/"), &limits)
            .await
            .unwrap()
            .into_body()
            .collect_bytes()
            .await
            .unwrap(),
        "abcd"
    );
}

#[tokio::test]
async fn large_headers_are_refused() {
    let huge = format!(
        "HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n",
        "x".repeat(10 << 20)
    );
    let long = format!(
        "HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n",
        "x".repeat(70_000)
    );
    let many = format!(
        "HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n",
        "X: y\r\n".repeat(101)
    );
    for reply in [huge, long, many] {
        let error = error_of_head(&reply).await;
        assert_eq!(
            (error.code(), error.limit()),
            ("response_headers_too_large", Some("header_bytes")),
            "{error}"
        );
    }
    let server = Upstream::answering(format!(
        "HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n",
        "x".repeat(1000)
    ))
    .await;
    assert!(client().send(server.get("/"), &limits()).await.is_ok());
    let error = client()
        .send(
            server.get("/"),
            &Limits {
                header_bytes: 1000,
                ..limits()
            },
        )
        .await
        .unwrap_err();
    assert_eq!(
        error,
        NetError::ResponseHeadersTooLarge { limit_bytes: 1000 }
    );
}

#[tokio::test]
async fn what_is_not_http_is_bad_response() {
    for reply in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 20x OK\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        "<html>",
    ] {
        let server = Upstream::start({
            let reply = reply.to_owned();
            move |mut connection| {
                let reply = reply.clone();
                async move {
                    connection.read_request().await;
                    connection.write(&reply).await;
                }
            }
        })
        .await;
        let error = client()
            .send(server.get("/p?token=canary"), &limits())
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.delivery()),
            ("bad_response", Delivery::MaybeSent),
            "{reply}: {error}"
        );
        assert!(!error.to_string().contains("canary"));
    }
}

#[tokio::test]
async fn bad_chunks_are_bad_response() {
    for chunk in [
        "zz\r\nab\r\n",
        "-1\r\n",
        "3\r\nabcdef\r\n0\r\n\r\n",
        "fffffffffffffffffff\r\n",
    ] {
        let error = error_of_body(
            &format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n{chunk}"),
            &limits(),
        )
        .await;
        assert_eq!(error.code(), "bad_response", "{chunk}: {error}");
    }
}

#[tokio::test]
async fn an_early_end_is_connection_lost() {
    for reply in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let error = error_of_body(reply, &limits()).await;
        assert_eq!(
            (error.code(), error.delivery()),
            ("connection_lost", Delivery::MaybeSent),
            "{reply}: {error}"
        );
    }
    // Before the head.
    let server =
        Upstream::start(|mut connection| async move { drop(connection.read_request().await) })
            .await;
    let error = client()
        .send(server.post("/", "x"), &limits())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        ("connection_lost", Delivery::MaybeSent)
    );
    // A reset: the peer closes with bytes unread.
    let server = Upstream::start(|connection| async move {
        assert!(connection.stream.peek(&mut [0; 16]).await.unwrap() > 0);
        drop(connection);
    })
    .await;
    let error = client()
        .send(server.post("/", "x"), &limits())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        ("connection_lost", Delivery::MaybeSent),
        "{error}"
    );
}

// Invariant of the kill switch: dropping a call ends it on the wire, before and after the head.
#[tokio::test]
async fn a_dropped_exchange_closes_its_connection() {
    for reply in ["", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc"] {
        let closed = Arc::new(tokio::sync::Notify::new());
        let server = Upstream::start({
            let closed = Arc::clone(&closed);
            move |mut connection| {
                let closed = Arc::clone(&closed);
                async move {
                    connection.read_request().await;
                    connection.write(reply).await;
                    connection.hold().await;
                    closed.notify_one();
                }
            }
        })
        .await;
        let client = client();
        let limits = limits();
        let send = client.send(server.get("/"), &limits);
        let outcome = tokio::time::timeout(Duration::from_millis(100), send).await;
        assert_eq!(outcome.is_ok(), !reply.is_empty());
        drop(outcome);
        tokio::time::timeout(Duration::from_secs(1), closed.notified())
            .await
            .unwrap();
    }
}
