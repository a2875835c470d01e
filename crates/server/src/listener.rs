//! Accepting connections: loopback, unix socket, TLS, container.
//!
//! Every connection is bounded: how many there are, and from one source; how long a header block may take and how long it may be, how
//! long a handshake may take, and how long its answers may wait to be read. A connection ends when its listener drains; what it is
//! answering is answered first.

mod crowd;
mod stall;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::body::Body;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::{Bind, ServerLimits},
    container::is_container,
    hosts::InvalidHost,
    network::IpRange,
    peer::Peer,
    shell::Shell,
};

use crowd::{Crowd, Seat};
use stall::Unstalled;

/// How long to wait when the system refuses to hand over a connection: usually too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why a server can't be started.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A plain listener that others could reach.
    #[error(
        "{0} is no loopback address: keys would cross the network in clear. Use TLS (--tls-cert and --tls-key, or --tls-self-signed), or --container inside a container"
    )]
    NotLoopback(SocketAddr),
    /// A container's listener outside one.
    #[error(
        "--container is for a gateway inside a container, and this is none: use TLS (--tls-cert and --tls-key, or --tls-self-signed)"
    )]
    NotContainer,
    /// A container's listener without hosts.
    #[error(
        "--container needs the names under which the gateway is reached: give each with --host"
    )]
    NoHosts,
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}; choose another address, or end what uses it")]
    Bind {
        /// Which.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// A host or an origin of the configuration is none.
    #[error(transparent)]
    Host(#[from] InvalidHost),
    /// Nothing to listen on.
    #[error("there is no listener: give at least one")]
    NoListener,
}

/// A bound socket, not yet answering.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Tls(TcpListener, TlsAcceptor),
    Unix(UnixListener, SocketFile),
}

/// The socket's file; removed at the end.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Nothing can be done about a file that can't be removed: the next start takes it away.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    /// Binds, after the rules of invariant 7.
    pub(crate) fn bind(bind: &Bind, has_hosts: bool) -> Result<Self, ServerError> {
        match bind {
            Bind::Tcp(address) if address.ip().to_canonical().is_loopback() => {
                bind_tcp(*address).map(Self::Tcp)
            }
            Bind::Tcp(address) => Err(ServerError::NotLoopback(*address)),
            Bind::Tls(address, config) => Ok(Self::Tls(
                bind_tcp(*address)?,
                TlsAcceptor::from(Arc::clone(config)),
            )),
            Bind::Container(_) if !is_container() => Err(ServerError::NotContainer),
            Bind::Container(_) if !has_hosts => Err(ServerError::NoHosts),
            Bind::Container(address) => bind_tcp(*address).map(Self::Tcp),
            Bind::Unix(path) => bind_unix(path),
        }
    }

    /// The address of a network listener.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) | Self::Tls(listener, _) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }

    /// As people and `curl` write it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Tcp(_) => self
                .address()
                .map_or_else(String::new, |address| format!("http://{address}")),
            Self::Tls(..) => self
                .address()
                .map_or_else(String::new, |address| format!("https://{address}")),
            Self::Unix(_, file) => format!("unix:{}", file.0.display()),
        }
    }

    /// Accepts until the drain.
    pub(crate) async fn run(self, serving: Serving) {
        let places = Arc::new(Semaphore::new(serving.limits.connections));
        let crowd = Crowd::new(serving.limits.connections_per_source);
        loop {
            let accepted = tokio::select! {
                () = serving.draining.cancelled() => return,
                accepted = self.accept() => accepted,
            };
            let accepted = match accepted {
                Ok(Some(accepted)) => accepted,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            if places.available_permits() == 0 {
                crowd.make_room();
            }
            let place = tokio::select! {
                () = serving.draining.cancelled() => return,
                place = Arc::clone(&places).acquire_owned() => place,
            };
            let Ok(place) = place else { return };
            let peer = accepted.peer();
            let seat = peer
                .address
                .filter(|address| !serving.is_trusted_proxy(*address))
                .map(|address| crowd.enter(address, &peer.is_known));
            serving.spawn(place, seat, move |serving| accepted.serve(serving));
        }
    }

    /// The next connection; `None` for one that is not answered.
    async fn accept(&self) -> io::Result<Option<Accepted>> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                let peer = Peer::network(address.ip(), false);
                Some(Accepted::Tcp(stream, peer))
            }
            Self::Tls(listener, acceptor) => {
                let (stream, address) = listener.accept().await?;
                let peer = Peer::network(address.ip(), true);
                Some(Accepted::Tls(stream, peer, acceptor.clone()))
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                // Between bind and chmod the socket was open to others: whoever came in then has another user's id.
                same_user(&stream).map(|uid| Accepted::Unix(stream, Peer::local(uid)))
            }
        })
    }
}

/// A connection that nothing was read from yet.
enum Accepted {
    Tcp(TcpStream, Peer),
    Tls(TcpStream, Peer, TlsAcceptor),
    Unix(UnixStream, Peer),
}

impl Accepted {
    const fn peer(&self) -> &Peer {
        match self {
            Self::Tcp(_, peer) | Self::Tls(_, peer, _) | Self::Unix(_, peer) => peer,
        }
    }

    async fn serve(self, serving: Serving) {
        let patience = serving.limits.write_timeout;
        match self {
            Self::Tcp(stream, peer) => {
                prepare(&stream);
                let stream = Unstalled::new(stream, patience);
                serving.connection(stream, peer, Protocol::Http1).await;
            }
            Self::Tls(stream, peer, acceptor) => {
                prepare(&stream);
                let handshake = tokio::time::timeout(
                    serving.limits.handshake_timeout,
                    acceptor.accept(Unstalled::new(stream, patience)),
                );
                if let Ok(Ok(stream)) = handshake.await {
                    let protocol = if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                        Protocol::Http2
                    } else {
                        Protocol::Http1
                    };
                    serving.connection(stream, peer, protocol).await;
                }
            }
            Self::Unix(stream, peer) => {
                let stream = Unstalled::new(stream, patience);
                serving.connection(stream, peer, Protocol::Http1).await;
            }
        }
    }
}

fn prepare(stream: &TcpStream) {
    // Small replies must not wait for more; a socket without the option is only slower.
    let _ = stream.set_nodelay(true);
}

fn same_user(stream: &UnixStream) -> Option<u32> {
    let uid = stream.peer_cred().ok()?.uid();
    let own = std::fs::metadata("/proc/self")
        .map(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata))
        .ok();
    (uid == 0 || own.is_none_or(|own| own == uid)).then_some(uid)
}

/// `SO_REUSEADDR` is set: a restarted gateway takes its port back at once, and still two can't listen on it.
fn bind_tcp(address: SocketAddr) -> Result<TcpListener, ServerError> {
    let bind = || {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    };
    bind().map_err(|source| ServerError::Bind {
        address: address.to_string(),
        source,
    })
}

fn bind_unix(path: &Path) -> Result<Listener, ServerError> {
    let bind = || {
        if let Ok(metadata) = std::fs::symlink_metadata(path) {
            // Only a socket that nobody listens on is taken away.
            if !metadata.file_type().is_socket() || is_listened_on(path) {
                return Err(io::Error::from(io::ErrorKind::AddrInUse));
            }
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        let file = SocketFile(path.to_owned());
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Listener::Unix(listener, file))
    };
    bind().map_err(|source| ServerError::Bind {
        address: format!("unix:{}", path.display()),
        source,
    })
}

/// Whether some process has the socket open, by the kernel's list; where there is none, it is taken to be.
fn is_listened_on(path: &Path) -> bool {
    let Ok(sockets) = std::fs::read_to_string("/proc/net/unix") else {
        return true;
    };
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let names = [path, &whole].map(|path| path.display().to_string());
    sockets
        .lines()
        .any(|line| names.iter().any(|name| line.ends_with(&format!(" {name}"))))
}

#[derive(Debug, Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

/// What every connection of a listener shares.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) shell: Shell,
    pub(crate) limits: ServerLimits,
    pub(crate) trusted_proxies: Arc<[IpRange]>,
    pub(crate) tasks: TaskTracker,
    /// No new connections; open ones end after what they are answering.
    pub(crate) draining: CancellationToken,
    /// Everything ends at once.
    pub(crate) aborting: CancellationToken,
}

impl Serving {
    /// A proxy's connections are many clients'.
    fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|range| range.contains(address))
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        place: OwnedSemaphorePermit,
        seat: Option<Seat>,
        connection: impl FnOnce(Self) -> F,
    ) {
        let aborting = self.aborting.clone();
        let connection = connection(self.clone());
        self.tasks.spawn(async move {
            let _place = place;
            let lost = async {
                match &seat {
                    Some(seat) => seat.lost().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = aborting.cancelled() => {}
                () = lost => {}
                () = connection => {}
            }
        });
    }

    async fn connection(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        protocol: Protocol,
    ) {
        let builder = self.builder(protocol);
        let shell = self.shell.clone();
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let (shell, peer) = (shell.clone(), peer.clone());
            async move {
                Ok::<_, std::convert::Infallible>(shell.answer(request.map(Body::new), peer).await)
            }
        });
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        // A peer that breaks its connection is no event of ours.
        tokio::select! {
            _ = connection.as_mut() => {}
            () = self.draining.cancelled() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }

    fn builder(&self, protocol: Protocol) -> Builder<Tracked> {
        let mut builder = Builder::new(Tracked(self.tasks.clone()));
        match protocol {
            Protocol::Http1 => {
                // Larger than the limit, so that the shell can say what is wrong; far over it hyper answers 431 by itself.
                builder = builder.http1_only();
                builder
                    .http1()
                    .timer(TokioTimer::new())
                    .header_read_timeout(self.limits.header_timeout)
                    .max_buf_size(self.limits.header_bytes.saturating_mul(2).max(16 << 10))
                    .max_headers(128)
                    // One answer at a time is written: calls that come in a heap wait for the client to read.
                    .pipeline_flush(false)
                    .half_close(false);
            }
            Protocol::Http2 => {
                builder = builder.http2_only();
                builder
                    .http2()
                    .timer(TokioTimer::new())
                    .max_header_list_size(
                        u32::try_from(self.limits.header_bytes.saturating_mul(2))
                            .unwrap_or(u32::MAX),
                    )
                    .max_concurrent_streams(128)
                    .keep_alive_interval(Some(self.limits.header_timeout))
                    .keep_alive_timeout(self.limits.header_timeout);
            }
        }
        builder
    }
}

/// Runs the streams of an HTTP/2 connection as tasks that shutdown waits for.
#[derive(Clone)]
struct Tracked(TaskTracker);

impl<F: Future<Output: Send> + Send + 'static> hyper::rt::Executor<F> for Tracked {
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}
