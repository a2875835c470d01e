//! A scripted HTTP/1.1 upstream on loopback: records what it is asked and answers, or misbehaves, as it is told.
//!
//! It writes HTTP by hand, because a correct server can't send bad chunks or cut a body short. It runs on a thread of its
//! own, so that both kinds of tests can use it, and a hanging reply hangs nobody else.

mod connection;
mod recorded;
mod reply;
mod request;
mod tls;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub use recorded::RecordedRequest;
pub use reply::{Latch, Reply};
pub use tls::Certificate;

use crate::{eventually, wait_until};
use tls::Identity;

/// A running upstream; it ends when it is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
    authority_pem: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the connections and the test share.
#[derive(Debug, Default)]
pub(super) struct State {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    scripts: HashMap<String, VecDeque<Reply>>,
    requests: Vec<RecordedRequest>,
    connections: usize,
}

impl Upstream {
    /// Starts a plain upstream. Until told otherwise it answers every request with [`Reply::echo_request`].
    ///
    /// # Errors
    ///
    /// If no port or thread is to be had.
    pub fn start() -> Result<Self> {
        Self::start_with(None)
    }

    /// Starts an upstream behind TLS; [`Self::authority_pem`] is what a client must trust.
    ///
    /// # Errors
    ///
    /// If the certificate can't be made, or no port or thread is to be had.
    pub fn start_tls(certificate: Certificate) -> Result<Self> {
        Self::start_with(Some(Identity::new(certificate)?))
    }

    fn start_with(identity: Option<Identity>) -> Result<Self> {
        let state = Arc::new(State::default());
        let (stop, stopped) = oneshot::channel();
        let (ready, address) = std::sync::mpsc::sync_channel(1);
        let authority_pem = identity
            .as_ref()
            .map(|identity| identity.authority_pem.clone());
        let acceptor = identity.map(|identity| identity.acceptor);
        let shared = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("upstream".to_owned())
            .spawn(move || {
                let started = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .and_then(|runtime| {
                        runtime
                            .block_on(TcpListener::bind(("127.0.0.1", 0)))
                            .map(|listener| (runtime, listener))
                    })
                    .and_then(|(runtime, listener)| {
                        listener
                            .local_addr()
                            .map(|address| (runtime, listener, address))
                    });
                match started {
                    Ok((runtime, listener, address)) => {
                        let _ = ready.send(Ok(address));
                        runtime.block_on(serve(listener, acceptor, shared, stopped));
                    }
                    Err(error) => drop(ready.send(Err(error))),
                }
            })
            .context("the upstream's thread could not start")?;
        let address = address
            .recv()
            .map_err(|_| anyhow!("the upstream's thread died"))?
            .context("the upstream can't listen")?;
        Ok(Self {
            address,
            state,
            authority_pem,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path; `https` and the name `localhost` where TLS is on.
    pub fn url(&self, path: &str) -> String {
        match self.authority_pem {
            Some(_) => format!("https://localhost:{}{path}", self.address.port()),
            None => format!("http://{}{path}", self.address),
        }
    }

    /// The certificate, as PEM, of the authority that signed this upstream's. None without TLS.
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }

    /// Answers every request for this path, whatever its query and method, with this. `*` stands for every other path.
    pub fn on(&self, path: &str, reply: Reply) {
        self.on_each(path, [reply]);
    }

    /// Answers the first request for this path with the first reply, the next with the next; the last stays.
    pub fn on_each(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        self.state
            .lock()
            .scripts
            .insert(path.to_owned(), replies.into_iter().collect());
    }

    /// Every request so far, in the order in which their heads came in.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.lock().requests.clone()
    }

    /// How many requests came for this path: the proof of exactly once.
    pub fn count(&self, path: &str) -> usize {
        self.state
            .lock()
            .requests
            .iter()
            .filter(|request| request.path() == path)
            .count()
    }

    /// How many requests came in all.
    pub fn total(&self) -> usize {
        self.state.lock().requests.len()
    }

    /// How many connections were opened, with or without a request.
    pub fn connections(&self) -> usize {
        self.state.lock().connections
    }

    /// Forgets every request so far.
    pub fn forget(&self) {
        self.state.lock().requests.clear();
    }

    /// Blocks until this many requests came in all.
    ///
    /// # Errors
    ///
    /// If fewer came `within` the time.
    pub fn wait_for(&self, count: usize, within: Duration) -> Result<()> {
        wait_until(&format!("request {count} at the upstream"), within, || {
            self.total() >= count
        })
    }

    /// [`Self::wait_for`] for asynchronous tests.
    ///
    /// # Errors
    ///
    /// If fewer came `within` the time.
    pub async fn eventually(&self, count: usize, within: Duration) -> Result<()> {
        eventually(&format!("request {count} at the upstream"), within, || {
            self.total() >= count
        })
        .await
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the head of a request and returns its place.
    pub(super) fn begin(&self, request: RecordedRequest) -> usize {
        let mut inner = self.lock();
        inner.requests.push(request);
        inner.requests.len() - 1
    }

    /// Notes the body of the request at that place.
    pub(super) fn complete(&self, place: usize, body: bytes::Bytes, is_complete: bool) {
        // The test may have forgotten it in between.
        if let Some(request) = self.lock().requests.get_mut(place) {
            request.body = body;
            request.is_complete = is_complete;
        }
    }

    /// The reply to the next request for this path.
    pub(super) fn reply_to(&self, path: &str) -> Reply {
        let mut inner = self.lock();
        let key = if inner.scripts.contains_key(path) {
            path
        } else {
            "*"
        };
        let Some(script) = inner.scripts.get_mut(key) else {
            return Reply::echo_request();
        };
        if script.len() > 1 {
            return script.pop_front().unwrap_or_else(Reply::echo_request);
        }
        script.front().cloned().unwrap_or_else(Reply::echo_request)
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: Option<tokio_rustls::TlsAcceptor>,
    state: Arc<State>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // The sender is dropped with the upstream.
            _ = &mut stopped => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                state.lock().connections += 1;
                let state = Arc::clone(&state);
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    match acceptor {
                        None => connection::serve(stream, &state).await,
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => connection::serve(stream, &state).await,
                            Err(_) => Ok(()),
                        },
                    }
                });
            }
        }
    }
}
