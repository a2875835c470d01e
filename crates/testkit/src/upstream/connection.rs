//! One connection: read a request, note it, answer it as scripted, and again.

use std::fmt::Write as _;
use std::future;
use std::io::Result;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::State;
use super::recorded::RecordedRequest;
use super::reply::{Body, Fault, Framing, Reply};
use super::request::{read_body, read_head};

/// A stream whose TCP connection can be reset.
pub(super) trait Resettable {
    fn tcp(&self) -> &TcpStream;
}

impl Resettable for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Resettable for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Whether the connection can carry another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Request,
    Close,
}

/// Serves a connection to its end.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Resettable + Unpin>(
    mut stream: S,
    state: &State,
) -> Result<()> {
    let mut buffer = BytesMut::new();
    while let Some((request, length)) = read_head(&mut stream, &mut buffer).await? {
        let place = state.begin(request.clone());
        if request
            .header("expect")
            .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
        {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let mut body = BytesMut::new();
        let read = read_body(&mut stream, &mut buffer, length, &mut body).await;
        let body = body.freeze();
        state.complete(place, body.clone(), read.is_ok());
        read?;
        let wants_close = request
            .header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let request = RecordedRequest {
            body,
            is_complete: true,
            ..request
        };
        let reply = state.reply_to(request.path());
        if answer(&mut stream, &request, reply).await? == Next::Close || wants_close {
            break;
        }
    }
    stream.shutdown().await
}

async fn answer<S: AsyncWrite + Resettable + Unpin>(
    stream: &mut S,
    request: &RecordedRequest,
    reply: Reply,
) -> Result<Next> {
    if let Some(latch) = &reply.latch {
        latch.opened().await;
    }
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    match &reply.fault {
        Fault::Hang => future::pending().await,
        Fault::Raw(bytes) => {
            stream.write_all(bytes).await?;
            return Ok(Next::Close);
        }
        Fault::BadChunk => {
            let head = head(&reply, Framing::Chunked, 0, None);
            stream.write_all(head.as_bytes()).await?;
            stream
                .write_all(b"5\r\nfive!\r\nno size\r\nmore\r\n")
                .await?;
            stream.flush().await?;
            return Ok(Next::Close);
        }
        Fault::None | Fault::Reset(_) | Fault::Truncate(_) => {}
    }

    let (total, source, content_type) = body_of(request, &reply);
    let head = head(&reply, reply.framing, total, content_type.as_deref());
    stream.write_all(head.as_bytes()).await?;
    if request.method != "HEAD" {
        let limit = match reply.fault {
            Fault::Reset(bytes) | Fault::Truncate(bytes) => bytes.min(total),
            _ => total,
        };
        write_body(
            stream,
            &reply,
            source.as_ref(),
            limit,
            limit == total && matches!(reply.fault, Fault::None),
        )
        .await?;
    }
    stream.flush().await?;
    match reply.fault {
        Fault::Reset(_) => {
            // Let what was written reach the peer: a reset throws away what is still on its way.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            stream.tcp().set_zero_linger()?;
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
        Fault::Truncate(_) => Ok(Next::Close),
        _ if reply.framing == Framing::UntilClose => Ok(Next::Close),
        _ => Ok(Next::Request),
    }
}

/// The body's length, its bytes (none: a repeated letter) and the content type that it brings.
fn body_of(request: &RecordedRequest, reply: &Reply) -> (u64, Option<Bytes>, Option<String>) {
    let (bytes, content_type) = match &reply.body {
        Body::Repeated(total) => return (*total, None, None),
        Body::Bytes(bytes) => (bytes.clone(), None),
        Body::Echoed => (
            request.body.clone(),
            request.header("content-type").map(str::to_owned),
        ),
        Body::Described => {
            let echo = serde_json::json!({
                "method": request.method, "target": request.target, "headers": request.headers, "body": request.text(),
            });
            (Bytes::from(echo.to_string()), None)
        }
    };
    (bytes.len() as u64, Some(bytes), content_type)
}

fn head(reply: &Reply, framing: Framing, total: u64, content_type: Option<&str>) -> String {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", reply.status);
    for (name, value) in &reply.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if let Some(content_type) = content_type {
        let _ = write!(head, "content-type: {content_type}\r\n");
    }
    match framing {
        // These two have no body, and must not have a length (RFC 9110, 8.6).
        Framing::Length if matches!(reply.status, 204 | 304) => {}
        Framing::Length => {
            let _ = write!(head, "content-length: {total}\r\n");
        }
        Framing::Chunked => head.push_str("transfer-encoding: chunked\r\n"),
        Framing::UntilClose => head.push_str("connection: close\r\n"),
    }
    head.push_str("\r\n");
    head
}

async fn write_body<S: AsyncWrite + Unpin>(
    stream: &mut S,
    reply: &Reply,
    source: Option<&Bytes>,
    limit: u64,
    ends: bool,
) -> Result<()> {
    let filler = vec![b'x'; reply.piece_bytes];
    let mut sent = 0_u64;
    while sent < limit {
        if sent > 0 && !reply.pause.is_zero() {
            stream.flush().await?;
            tokio::time::sleep(reply.pause).await;
        }
        let now = reply
            .piece_bytes
            .min(usize::try_from(limit - sent).unwrap_or(usize::MAX));
        let start = usize::try_from(sent).unwrap_or(usize::MAX);
        let piece = source.map_or(&filler[..now], |bytes| &bytes[start..start + now]);
        if reply.framing == Framing::Chunked {
            stream.write_all(format!("{now:x}\r\n").as_bytes()).await?;
            stream.write_all(piece).await?;
            stream.write_all(b"\r\n").await?;
        } else {
            stream.write_all(piece).await?;
        }
        sent += now as u64;
    }
    if ends && reply.framing == Framing::Chunked {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    Ok(())
}
