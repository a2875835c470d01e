//! A TCP server that a test scripts byte by byte.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_net::{
    EgressPolicy, FixedAnswers, HttpClient, HttpClientConfig, Limits, OutboundRequest, OutboundUrl,
    OwnListeners, Resolver,
};
use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A running server. It ends when dropped.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

/// One accepted connection.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    pub(crate) async fn start<F, S>(serve: S) -> Self
    where
        S: Fn(Connection) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start_at("127.0.0.1:0", serve).await
    }

    pub(crate) async fn start_at<F, S>(address: &str, serve: S) -> Self
    where
        S: Fn(Connection) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let (accepted, log) = (Arc::clone(&connections), Arc::clone(&requests));
        tasks.spawn(async move {
            let mut serving = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                accepted.fetch_add(1, Ordering::SeqCst);
                serving.spawn(serve(Connection {
                    stream,
                    requests: Arc::clone(&log),
                }));
            }
        });
        Self {
            address,
            connections,
            requests,
            _tasks: tasks,
        }
    }

    /// Answers every request of every connection with the same bytes.
    pub(crate) async fn answering(reply: impl Into<Vec<u8>>) -> Self {
        let reply: Arc<[u8]> = reply.into().into();
        Self::start(move |mut connection| {
            let reply = Arc::clone(&reply);
            async move {
                while connection.read_request().await.is_some() {
                    if connection.stream.write_all(&reply).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn url(&self, path: &str) -> OutboundUrl {
        OutboundUrl::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> OutboundRequest {
        OutboundRequest::new(Method::GET, self.url(path))
    }

    pub(crate) fn post(&self, path: &str, body: &'static str) -> OutboundRequest {
        OutboundRequest::new(Method::POST, self.url(path))
            .with_body(bytes::Bytes::from_static(body.as_bytes()))
    }
}

impl Connection {
    /// Reads a request with a `Content-Length` body, and notes it down.
    pub(crate) async fn read_request(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        let mut expected = None;
        while expected.is_none_or(|length| bytes.len() < length) {
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(length) => bytes.extend_from_slice(&buffer[..length]),
            }
            if let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
                let body = text
                    .split("content-length: ")
                    .nth(1)
                    .map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
                expected = Some(head + 4 + body);
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.requests.lock().unwrap().push(text.clone());
        Some(text)
    }

    pub(crate) async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Keeps the connection open until the other side closes it.
    pub(crate) async fn hold(mut self) {
        let mut buffer = [0; 1024];
        while matches!(self.stream.read(&mut buffer).await, Ok(length) if length > 0) {}
    }
}

/// A client that may dial loopback, and resolves nothing.
pub(crate) fn client() -> HttpClient {
    HttpClient::new(config())
}

pub(crate) fn config() -> HttpClientConfig {
    let policy = EgressPolicy::public_only(OwnListeners::default()).with_private_networks(true);
    HttpClientConfig {
        resolver: Resolver::fixed(FixedAnswers::default()),
        connect_timeout: Duration::from_secs(2),
        ..HttpClientConfig::new(policy)
    }
}

pub(crate) fn limits() -> Limits {
    Limits {
        first_byte: Duration::from_secs(5),
        total: Duration::from_secs(10),
        ..Limits::default()
    }
}
