//! Requirement 18: what the dialler connects to, as opposed to what a check says.

use std::time::Duration;

use countersign_net::{
    Delivery, Dialler, DiallerConfig, EgressPolicy, FixedAnswers, HttpClient, HttpClientConfig,
    NetError, OutboundRequest, OutboundUrl, OwnListeners, Refusal, Resolver, parse_ranges,
};
use http::Method;

use crate::upstream::{Connection, Upstream, client, config, limits};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn only_127_0_0_1() -> EgressPolicy {
    EgressPolicy::public_only(OwnListeners::default())
        .with_open_ranges(parse_ranges("127.0.0.1/32").unwrap())
}

fn named(port: u16) -> OutboundRequest {
    OutboundRequest::new(
        Method::GET,
        OutboundUrl::parse(&format!("http://rebind.example.com:{port}/")).unwrap(),
    )
}

/// Two servers on the same port of two loopback addresses.
async fn two_servers() -> (Upstream, Upstream) {
    let open = Upstream::answering(OK).await;
    let shut = Upstream::start_at(
        &format!("127.0.0.2:{}", open.address.port()),
        Connection::hold,
    )
    .await;
    (open, shut)
}

// A name that answers with an allowed address for the check and with another right after.
#[tokio::test]
async fn rebinding_reaches_only_the_checked_address() {
    let (open, shut) = two_servers().await;
    let answers = FixedAnswers::default()
        .with("rebind.example.com", &["127.0.0.1".parse().unwrap()])
        .with("rebind.example.com", &["127.0.0.2".parse().unwrap()]);
    let client = HttpClient::new(HttpClientConfig {
        resolver: Resolver::fixed(answers),
        idle_connections: 0,
        ..HttpClientConfig::new(only_127_0_0_1())
    });
    let port = open.address.port();
    let reply = client.send(named(port), &limits()).await.unwrap();
    assert_eq!(reply.into_body().collect_bytes().await.unwrap(), "ok");
    let error = client.send(named(port), &limits()).await.unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        ("destination_refused", Delivery::NotSent)
    );
    assert_eq!((open.connections(), shut.connections()), (1, 0));
}

#[tokio::test]
async fn mixed_answers_refuse_the_name_before_any_connection() {
    let (open, shut) = two_servers().await;
    for answers in [
        ["127.0.0.1", "127.0.0.2"],
        ["127.0.0.2", "127.0.0.1"],
        ["127.0.0.1", "169.254.169.254"],
    ] {
        let answers = FixedAnswers::default().with(
            "rebind.example.com",
            &answers.map(|text| text.parse().unwrap()),
        );
        let client = HttpClient::new(HttpClientConfig {
            resolver: Resolver::fixed(answers),
            ..HttpClientConfig::new(only_127_0_0_1())
        });
        let error = client
            .send(named(open.address.port()), &limits())
            .await
            .unwrap_err();
        assert!(
            matches!(error, NetError::DestinationRefused(Refusal::Address { .. })),
            "{error}"
        );
    }
    assert_eq!((open.connections(), shut.connections()), (0, 0));
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_does_not_answer() {
    let server = Upstream::answering(OK).await;
    let answers = FixedAnswers::default().with(
        "rebind.example.com",
        &["127.0.0.3".parse().unwrap(), "127.0.0.1".parse().unwrap()],
    );
    let client = HttpClient::new(HttpClientConfig {
        resolver: Resolver::fixed(answers),
        ..config()
    });
    assert_eq!(
        client
            .send(named(server.address.port()), &limits())
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test]
async fn names_that_do_not_resolve_are_an_error_of_their_own() {
    let error = client().send(named(80), &limits()).await.unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        ("name_not_resolved", Delivery::NotSent)
    );
}

#[tokio::test]
async fn the_gateway_never_reaches_its_own_listener() {
    let server = Upstream::answering(OK).await;
    let port = server.address.port();
    let listeners = OwnListeners::default();
    let policy = EgressPolicy::public_only(listeners.clone())
        .with_private_networks(true)
        .with_open_ranges(parse_ranges("127.0.0.0/8").unwrap());
    let answers =
        FixedAnswers::default().with("rebind.example.com", &["127.0.0.1".parse().unwrap()]);
    let client = HttpClient::new(HttpClientConfig {
        resolver: Resolver::fixed(answers),
        ..HttpClientConfig::new(policy)
    });
    assert!(client.send(server.get("/"), &limits()).await.is_ok());

    // From here on it is a listener: also for a pooled connection to a literal address.
    listeners.replace(vec![server.address]);
    for request in [server.get("/"), named(port)] {
        let error = client.send(request, &limits()).await.unwrap_err();
        assert!(
            matches!(error, NetError::DestinationRefused(Refusal::OwnListener(_))),
            "{error}"
        );
    }
    listeners.replace(vec![format!("0.0.0.0:{port}").parse().unwrap()]);
    assert!(client.dialler().dial_tcp("127.0.0.5", port).await.is_err());
    assert!(client.dialler().dial_tcp("localhost", port).await.is_err());
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn the_policy_holds_for_other_protocols_too() {
    let server = Upstream::start(Connection::hold).await;
    let port = server.address.port();
    let shut = Dialler::new(DiallerConfig::new(EgressPolicy::default()));
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
        "localhost",
        "metadata",
        "fe80::1%lo",
        "a b",
        "x\0y",
        "",
        "u@h",
    ] {
        let error = shut.dial_tcp(host, port).await.unwrap_err();
        assert_eq!(error.code(), "destination_refused", "{host}");
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(server.connections(), 0);
    let open = EgressPolicy::default().with_private_networks(true);
    let open = Dialler::new(DiallerConfig::new(open));
    let stream = open.dial_tcp("127.0.0.1", port).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), server.address);
}

#[tokio::test]
async fn a_closed_port_is_connect_failed() {
    let server = Upstream::answering(OK).await;
    let request = server.get("/secret?token=canary");
    let port = server.address.port();
    drop(server);
    tokio::task::yield_now().await;
    let error = client().send(request, &limits()).await.unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        ("connect_failed", Delivery::NotSent)
    );
    assert!(
        error.to_string().contains(&format!("127.0.0.1:{port}")),
        "{error}"
    );
    assert!(!error.to_string().contains("canary"));
}

// Found in the field: a pool that is keyed by host alone lends one caller's connection to another.
#[tokio::test]
async fn clients_of_different_policies_share_no_connection() {
    let server = Upstream::answering(OK).await;
    let open = client();
    open.send(server.get("/"), &limits())
        .await
        .unwrap()
        .into_body()
        .collect_bytes()
        .await
        .unwrap();
    let shut = HttpClient::new(HttpClientConfig::new(EgressPolicy::default()));
    assert_eq!(
        shut.send(server.get("/"), &limits())
            .await
            .unwrap_err()
            .code(),
        "destination_refused"
    );
    assert_eq!(server.requests().len(), 1);
}
