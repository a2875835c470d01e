//! Requirement 26: a request is never sent twice, whatever becomes of a pooled connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use countersign_net::{Delivery, OutboundBody};
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
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
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
