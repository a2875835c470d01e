//! Requirement 26: a request is never sent twice, whatever becomes of a pooled connection.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use countersign_net::{Delivery, OutboundBody, OutboundRequest, OutboundUrl};
use http::Method;
use http_body_util::Full;
use tokio::sync::Notify;

use crate::upstream::{Upstream, client, limits};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// The other side closes an idle connection: the next request goes over a new one, once, body included.
#[tokio::test]
async fn a_stale_connection_costs_nothing() {
    let closed = Arc::new(Notify::new());
    let server = Upstream::start({
        let closed = Arc::clone(&closed);
        move |mut connection| {
            let closed = Arc::clone(&closed);
            async move {
                connection.read_request().await;
                connection.write(OK).await;
                drop(connection);
                closed.notify_one();
            }
        }
    })
    .await;
    let client = client();
    for number in 1..=5 {
        let body = OutboundBody::stream(Full::new(Bytes::from_static(b"charge")));
        let reply = client
            .send(server.post("/charges", "").with_body(body), &limits())
            .await
            .unwrap();
        reply.into_body().collect_bytes().await.unwrap();
        closed.notified().await;
        assert_eq!(server.requests().len(), number);
    }
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.ends_with("charge"))
    );
}

/// Answers one request per connection, and closes it when told to. Runs on a thread of its own.
fn closing_server(
    listener: &std::net::TcpListener,
    close: &mpsc::Receiver<()>,
    closed: &mpsc::Sender<String>,
) {
    for _ in 0..2 {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        while !request.contains("\r\n\r\n") || !request.ends_with("end") {
            let mut buffer = [0; 1024];
            let length = stream.read(&mut buffer).unwrap();
            request.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        }
        stream.write_all(OK.as_bytes()).unwrap();
        close.recv().unwrap();
        drop(stream);
        closed.send(request).unwrap();
    }
}

// The close is there before the request, but the client has not looked yet: the request is queued on a dead connection and must go over
// another, whole. The runtime has one thread, so nothing of the client runs while the test waits for the server's thread.
#[tokio::test]
async fn a_request_queued_on_a_closed_connection_is_sent_on_another() {
    for is_streamed in [false, true] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/charges", listener.local_addr().unwrap());
        let url = OutboundUrl::parse(&url).unwrap();
        let (close, told_to_close) = mpsc::channel();
        let (has_closed, closed) = mpsc::channel();
        let server =
            std::thread::spawn(move || closing_server(&listener, &told_to_close, &has_closed));
        let client = client();
        let send = || async {
            let bytes = Bytes::from_static(b"charge end");
            let body = if is_streamed {
                OutboundBody::stream(Full::new(bytes))
            } else {
                OutboundBody::from(bytes)
            };
            let request = OutboundRequest::new(Method::POST, url.clone()).with_body(body);
            let reply = client.send(request, &limits()).await.unwrap();
            reply.into_body().collect_bytes().await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        send().await;
        close.send(()).unwrap();
        closed.recv().unwrap();
        // Lets the runtime learn of the close, and comes back before the connection's task does.
        tokio::task::yield_now().await;
        send().await;
        close.send(()).unwrap();
        assert!(closed.recv().unwrap().ends_with("charge end"));
        server.join().unwrap();
    }
}

// The other side takes the request over a pooled connection and closes without a reply: it may have had its effect.
#[tokio::test]
async fn a_request_that_was_read_is_not_repeated() {
    let server = Upstream::start(|mut connection| async move {
        connection.read_request().await;
        connection.write(OK).await;
        connection.read_request().await;
    })
    .await;
    let client = client();
    client
        .send(server.get("/"), &limits())
        .await
        .unwrap()
        .into_body()
        .collect_bytes()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let error = client
        .send(server.post("/charges", "charge"), &limits())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        ("connection_lost", Delivery::MaybeSent)
    );
    assert_eq!(server.connections(), 1);
    assert_eq!(
        server
            .requests()
            .iter()
            .filter(|request| request.starts_with("POST"))
            .count(),
        1
    );
}

// The race itself, many times and with the close at many moments: the account on both sides must agree.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn races_between_close_and_send_never_double_or_invent_a_request() {
    let spins = Arc::new(AtomicUsize::new(0));
    let server = Upstream::start({
        let spins = Arc::clone(&spins);
        move |mut connection| {
            let spins = Arc::clone(&spins);
            async move {
                for _ in 0..2 {
                    if connection.read_request().await.is_none() {
                        return;
                    }
                    connection.write(OK).await;
                }
                for _ in 0..spins.fetch_add(1, Ordering::SeqCst) % 64 {
                    tokio::task::yield_now().await;
                }
            }
        }
    })
    .await;
    let client = client();
    for number in 0..1500 {
        let path = format!("/charge-{number}-");
        let outcome = match client.send(server.post(&path, "charge"), &limits()).await {
            Ok(reply) => reply.into_body().collect_bytes().await.map(|_| ()),
            Err(error) => Err(error),
        };
        let arrived = server
            .requests()
            .iter()
            .filter(|request| request.contains(&path))
            .count();
        match outcome {
            Ok(()) => assert_eq!(arrived, 1, "{path}"),
            Err(error) if error.delivery() == Delivery::NotSent => {
                assert_eq!(arrived, 0, "{path}: {error}");
            }
            Err(error) => assert!(arrived <= 1, "{path}: {error}"),
        }
    }
}
