//! Against a real upstream on loopback. Through the pipeline it is tested where the pipeline is.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use countersign_domain::{CredentialType, Payload, Target, TargetId, TargetLimits, Timestamp};
use countersign_gate::{ExecutionError, ExecutionFailure, ExecutionReply};
use countersign_net::{OwnListeners, TlsSettings};
use countersign_testkit::{Certificate, Latch, Reply, Upstream, free_port};
use flate2::{Compression, write::DeflateEncoder, write::ZlibEncoder};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    super::config::HttpConnectorConfig, Conditions, CredentialView, HttpExecutor, ReadyTargets,
    SentMark,
};

#[derive(Default)]
struct Mark(AtomicBool);

impl SentMark for Mark {
    fn mark_sent(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn mark_unsent(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

struct Call {
    executor: HttpExecutor,
    target: Target,
    input: Value,
    body: Bytes,
    cancellation: CancellationToken,
    mark: Mark,
}

impl Call {
    fn to(base_url: &str) -> Self {
        Self::with(HttpConnectorConfig::new(OwnListeners::default()), base_url)
    }

    fn with(config: HttpConnectorConfig, base_url: &str) -> Self {
        Self {
            executor: HttpExecutor::new(Arc::new(ReadyTargets::new(config))),
            target: Target {
                id: TargetId::from_bytes([1; 16]),
                name: "api".parse().unwrap(),
                connector: "http".to_owned(),
                config: json!({ "base_url": base_url }),
                allow_private_network: true,
                limits: TargetLimits::default(),
                risk_threshold: None,
                labels: BTreeMap::new(),
                revision: 1,
                changes: 1,
                created_at: Timestamp::from_micros(0),
            },
            input: json!({ "method": "GET", "path": "/a", "query": null, "headers": {} }),
            body: Bytes::new(),
            cancellation: CancellationToken::new(),
            mark: Mark::default(),
        }
    }

    async fn run(&self) -> Result<ExecutionReply, ExecutionError> {
        self.run_with(None).await
    }

    async fn run_with(
        &self,
        credential: Option<&CredentialView<'_>>,
    ) -> Result<ExecutionReply, ExecutionError> {
        let conditions = Conditions {
            cancellation: &self.cancellation,
            limits: &self.target.limits,
            sent: &self.mark,
        };
        let payload = Payload {
            input: self.input.clone(),
            body: self.body.clone(),
        };
        self.executor
            .carry_out(&self.target, payload, credential, conditions)
            .await
    }

    /// Head and body, or the first error of either.
    async fn whole(&self) -> Result<(u16, http::HeaderMap, Vec<u8>), ExecutionError> {
        let mut reply = self.run().await?;
        let mut body = Vec::new();
        while let Some(chunk) = reply.body.next().await {
            body.extend_from_slice(&chunk?);
        }
        Ok((reply.status, reply.headers, body))
    }

    fn is_sent(&self) -> bool {
        self.mark.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn what_was_judged_is_what_the_upstream_gets_byte_for_byte() {
    let upstream = Upstream::start().unwrap();
    upstream.on("/v1/charges", Reply::echo());
    let body: Bytes = (0..=255_u8).cycle().take(100_000).collect();
    let mut call = Call::to(&upstream.url("/v1"));
    call.input = json!({ "method": "POST", "path": "/charges", "query": "a=1&a=2", "headers": { "x-many": ["1", "2"], "content-type": "image/png" } });
    call.body = body.clone();
    let lease = CredentialView::new(CredentialType::Bearer, [("token", b"tok-1".as_slice())]);
    let mut reply = call.run_with(Some(&lease)).await.unwrap();
    let mut received = Vec::new();
    while let Some(chunk) = reply.body.next().await {
        received.extend_from_slice(&chunk.unwrap());
    }
    assert_eq!(received, body);
    assert!(call.is_sent());
    let requests = upstream.requests();
    let [request] = requests.as_slice() else {
        panic!("one request: {requests:?}")
    };
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/v1/charges?a=1&a=2")
    );
    assert_eq!(request.body, body);
    assert_eq!(request.header_values("x-many"), ["1", "2"]);
    assert_eq!(request.header_values("authorization"), ["Bearer tok-1"]);
    assert_eq!(request.header_values("accept-encoding"), ["identity"]);
    assert_eq!(request.header_values("content-length"), ["100000"]);
    assert_eq!(
        request.header_values("host"),
        [upstream.address().to_string()]
    );
}

#[tokio::test]
async fn connections_are_used_again_until_the_target_is_revised() {
    let upstream = Upstream::start().unwrap();
    let mut call = Call::to(&upstream.url(""));
    for _ in 0..5 {
        call.whole().await.unwrap();
    }
    assert_eq!((upstream.total(), upstream.connections()), (5, 1));
    let other = Upstream::start().unwrap();
    call.target.config = json!({ "base_url": other.url("") });
    call.target.revision = 2;
    call.whole().await.unwrap();
    assert_eq!((upstream.total(), other.total()), (5, 1));
}

/// Redirects are answers: nobody follows them, least of all with a credential.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Upstream::start().unwrap();
    let upstream = Upstream::start().unwrap();
    for status in [301, 302, 303, 307, 308] {
        upstream.on("/a", Reply::redirect(status, &other.url("/stolen")));
        let (got, headers, _) = Call::to(&upstream.url("")).whole().await.unwrap();
        assert_eq!(
            (got, headers["location"].to_str().unwrap()),
            (status, other.url("/stolen").as_str())
        );
    }
    assert_eq!(other.total(), 0);
}

#[tokio::test]
async fn headers_that_no_longer_hold_are_taken_out_of_the_reply() {
    let upstream = Upstream::start().unwrap();
    let mut reply = Reply::text("hello")
        .with_status(418)
        .header("x-kept", "1")
        .header("ETag", "\"e\"");
    let dropped = [
        "Connection",
        "Keep-Alive",
        "X-Nominated",
        "Set-Cookie",
        "Content-MD5",
        "Digest",
        "Content-Digest",
        "Repr-Digest",
        "Accept-Ranges",
        "Alt-Svc",
        "Strict-Transport-Security",
        "Access-Control-Allow-Origin",
        "Clear-Site-Data",
        "Via",
    ];
    for name in dropped {
        reply = reply.header(
            name,
            if name == "Connection" {
                "x-nominated, keep-alive"
            } else {
                "value"
            },
        );
    }
    upstream.on("/a", reply);
    let (status, headers, body) = Call::to(&upstream.url("")).whole().await.unwrap();
    assert_eq!((status, body.as_slice()), (418, b"hello".as_slice()));
    for name in dropped.into_iter().chain(["content-length"]) {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert_eq!(
        (&headers["x-kept"], &headers["etag"]),
        (&"1".parse().unwrap(), &"\"e\"".parse().unwrap())
    );
}

fn zlib(bytes: &[u8]) -> Reply {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    Reply::bytes(encoder.finish().unwrap()).header("content-encoding", "deflate")
}

fn raw_deflate(bytes: &[u8]) -> Reply {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    Reply::bytes(encoder.finish().unwrap()).header("content-encoding", "deflate")
}

#[tokio::test]
async fn a_reply_that_is_compressed_anyway_is_decoded() {
    let upstream = Upstream::start().unwrap();
    let text: Vec<u8> = (0..20_000_u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let replies = [
        Reply::gzip(&text).unwrap(),
        Reply::gzip(&text).unwrap().chunked(1),
        Reply::gzip(&text).unwrap().chunked(777),
        zlib(&text),
        zlib(&text).chunked(1),
        raw_deflate(&text).chunked(3),
        Reply::bytes(text.clone()).header("content-encoding", "identity"),
    ];
    for (round, reply) in replies.into_iter().enumerate() {
        upstream.on("/a", reply);
        let (_, headers, body) = Call::to(&upstream.url("")).whole().await.unwrap();
        assert!(body == text, "round {round}");
        assert!(!headers.contains_key("content-encoding"));
    }
    upstream.on("/a", Reply::status(204).header("content-encoding", "gzip"));
    assert_eq!(Call::to(&upstream.url("")).whole().await.unwrap().2, b"");
}

#[tokio::test]
async fn an_encoding_that_can_not_be_undone_is_a_bad_reply() {
    let upstream = Upstream::start().unwrap();
    let whole = Reply::gzip(&vec![7; 100_000]).unwrap();
    for (reply, code) in [
        (
            Reply::text("x").header("content-encoding", "br"),
            "unsupported_encoding",
        ),
        (
            Reply::text("x").header("content-encoding", "gzip, gzip"),
            "unsupported_encoding",
        ),
        (
            Reply::text("x").header("content-encoding", "zstd"),
            "unsupported_encoding",
        ),
        (
            Reply::text("plain after all").header("content-encoding", "gzip"),
            "bad_encoding",
        ),
        (
            Reply::text("x").header("content-encoding", "deflate"),
            "bad_encoding",
        ),
        (
            Reply::bytes(vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 75])
                .header("content-encoding", "gzip"),
            "bad_encoding",
        ),
    ] {
        upstream.on("/a", reply);
        let error = Call::to(&upstream.url("")).whole().await.unwrap_err();
        assert_eq!(
            (error.failure, error.code),
            (ExecutionFailure::BadReply, code)
        );
    }
    upstream.on("/a", whole);
    Call::to(&upstream.url("")).whole().await.unwrap();
}

/// Requirement 36: a bomb costs a bounded amount of memory and ends with the limit's name.
#[tokio::test]
async fn a_decompression_bomb_ends_at_the_limit() {
    let upstream = Upstream::start().unwrap();
    upstream.on("/a", Reply::gzip(&vec![0; 64 << 20]).unwrap());
    let mut call = Call::to(&upstream.url(""));
    call.target.limits.response_bytes = 2 << 20;
    let mut reply = call.run().await.unwrap();
    let (mut received, mut largest, mut failure) = (0, 0, None);
    while let Some(chunk) = reply.body.next().await {
        match chunk {
            Ok(chunk) => {
                received += chunk.len();
                largest = largest.max(chunk.len());
            }
            Err(error) => failure = Some(error),
        }
    }
    let failure = failure.unwrap();
    assert_eq!(
        (failure.failure, failure.code, failure.limit),
        (
            ExecutionFailure::TooLarge,
            "response_too_large",
            Some("response_bytes")
        )
    );
    assert!(
        received <= 2 << 20 && largest <= 2 << 20,
        "{received} {largest}"
    );
}

#[tokio::test]
async fn a_gigabyte_ends_at_the_limit() {
    let upstream = Upstream::start().unwrap();
    let mut call = Call::to(&upstream.url(""));
    call.target.limits.response_bytes = 1 << 20;
    upstream.on("/a", Reply::stream(1 << 30));
    let error = call.whole().await.unwrap_err();
    assert_eq!(
        (error.failure, error.code, error.limit),
        (
            ExecutionFailure::TooLarge,
            "response_too_large",
            Some("response_bytes")
        )
    );
    upstream.on("/a", Reply::stream(1 << 30).chunked(64 << 10));
    let mut reply = call.run().await.unwrap();
    let (mut received, mut failure) = (0, None);
    while let Some(chunk) = reply.body.next().await {
        match chunk {
            Ok(chunk) => received += chunk.len(),
            Err(error) => failure = Some(error),
        }
    }
    assert!(received <= 1 << 20, "{received}");
    assert_eq!(failure.unwrap().limit, Some("response_bytes"));
}

#[tokio::test]
async fn a_misbehaving_upstream_is_named_for_what_it_did() {
    let upstream = Upstream::start().unwrap();
    let huge = "x".repeat(40 << 10);
    for (reply, failure, code, limit) in [
        (
            Reply::hang(),
            ExecutionFailure::Timeout,
            "first_byte_timeout",
            Some("first_byte_millis"),
        ),
        (
            Reply::stream(1 << 20).paced(Duration::from_millis(400)),
            ExecutionFailure::Timeout,
            "total_timeout",
            Some("total_millis"),
        ),
        (
            Reply::stream(1 << 20).reset_after(1000),
            ExecutionFailure::Unreachable,
            "connection_lost",
            None,
        ),
        (
            Reply::stream(1 << 20).truncated_after(1000),
            ExecutionFailure::Unreachable,
            "connection_lost",
            None,
        ),
        (
            Reply::bad_chunking(),
            ExecutionFailure::BadReply,
            "bad_response",
            None,
        ),
        (
            Reply::raw("SSH-2.0-OpenSSH\r\n"),
            ExecutionFailure::BadReply,
            "bad_response",
            None,
        ),
        (
            Reply::text("x").header("x-a", &huge),
            ExecutionFailure::TooLarge,
            "response_headers_too_large",
            Some("header_bytes"),
        ),
    ] {
        upstream.on("/a", reply);
        let mut call = Call::to(&upstream.url(""));
        call.target.limits.first_byte_millis = 400;
        call.target.limits.total_millis = 1500;
        call.target.limits.header_bytes = 16 << 10;
        let error = call.whole().await.expect_err(code);
        assert_eq!(
            (error.failure, error.code, error.limit),
            (failure, code, limit),
            "{error}"
        );
        assert!(call.is_sent(), "{code}");
    }
}

/// Requirement 26: what provably never left may be told from what may have.
#[tokio::test]
async fn what_never_left_is_not_marked_as_sent() {
    let closed = format!("http://127.0.0.1:{}", free_port().unwrap());
    let call = Call::to(&closed);
    let error = call.whole().await.unwrap_err();
    assert_eq!(
        (error.failure, error.code),
        (ExecutionFailure::Unreachable, "connect_failed")
    );
    assert!(!call.is_sent());

    // Requirement 18.
    let upstream = Upstream::start().unwrap();
    let mut call = Call::to(&upstream.url(""));
    call.target.allow_private_network = false;
    let error = call.whole().await.unwrap_err();
    assert_eq!(
        (error.failure, error.code),
        (ExecutionFailure::Refused, "destination_refused")
    );
    assert!(!call.is_sent());

    // The gateway itself, whatever is open.
    let own = OwnListeners::new(vec![upstream.address()]);
    let call = Call::with(HttpConnectorConfig::new(own), &upstream.url(""));
    assert_eq!(call.whole().await.unwrap_err().code, "destination_refused");
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn an_opened_range_is_open_for_every_target() {
    let upstream = Upstream::start().unwrap();
    let mut config = HttpConnectorConfig::new(OwnListeners::default());
    config.open_ranges = Arc::from(vec!["127.0.0.0/8".parse().unwrap()]);
    let mut call = Call::with(config, &upstream.url(""));
    call.target.allow_private_network = false;
    call.whole().await.unwrap();
}

#[tokio::test]
async fn certificates_are_checked() {
    let upstream = Upstream::start_tls(Certificate::Valid).unwrap();
    let call = Call::to(&upstream.url(""));
    let error = call.whole().await.unwrap_err();
    assert_eq!(
        (error.failure, error.code),
        (ExecutionFailure::Unreachable, "tls_failed")
    );
    assert!(!call.is_sent());
    let mut config = HttpConnectorConfig::new(OwnListeners::default());
    config.tls =
        TlsSettings::with_extra_roots_pem(upstream.authority_pem().unwrap().as_bytes()).unwrap();
    Call::with(config, &upstream.url("")).whole().await.unwrap();
}

/// Requirement 31: a cancelled execution ends at once, before the head, within the body and before it starts.
#[tokio::test]
async fn cancellation_is_seen_at_every_stage() {
    let upstream = Upstream::start().unwrap();
    let latch = Latch::new();
    upstream.on("/a", Reply::text("late").held_by(&latch));
    let call = Call::to(&upstream.url(""));
    let start = Instant::now();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        call.cancellation.cancel();
    };
    let (outcome, ()) = tokio::join!(call.whole(), stop);
    assert_eq!(outcome.unwrap_err().failure, ExecutionFailure::Cancelled);
    assert!(call.is_sent() && start.elapsed() < Duration::from_secs(1));

    upstream.on(
        "/a",
        Reply::stream(1 << 20)
            .chunked(1000)
            .paced(Duration::from_millis(50)),
    );
    let call = Call::to(&upstream.url(""));
    let mut reply = call.run().await.unwrap();
    reply.body.next().await.unwrap().unwrap();
    call.cancellation.cancel();
    assert_eq!(
        reply.body.next().await.unwrap().unwrap_err().failure,
        ExecutionFailure::Cancelled
    );
    assert!(reply.body.next().await.is_none());

    // While it waits for a chunk that does not come.
    upstream.on(
        "/a",
        Reply::stream(1 << 20)
            .chunked(1000)
            .paced(Duration::from_secs(20)),
    );
    let call = Call::to(&upstream.url(""));
    let start = Instant::now();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        call.cancellation.cancel();
    };
    let (outcome, ()) = tokio::join!(call.whole(), stop);
    assert_eq!(outcome.unwrap_err().failure, ExecutionFailure::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(2));

    let seen = upstream.total();
    let call = Call::to(&upstream.url(""));
    call.cancellation.cancel();
    assert_eq!(
        call.run().await.unwrap_err().failure,
        ExecutionFailure::Cancelled
    );
    assert!(!call.is_sent());
    assert_eq!(upstream.total(), seen);
}
