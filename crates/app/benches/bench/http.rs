//! The least of HTTP/1.1 that a load generator needs: one kept connection, one call at a time, every byte of the answer read.

use std::net::SocketAddr;
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use httparse::Status;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEADERS: usize = 64;
const ANSWER_LIMIT_BYTES: usize = 64 << 20;

/// A kept connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// The answer as it came.
    received: Vec<u8>,
    /// The body of a chunked answer, put together.
    joined: Vec<u8>,
}

/// An answer, borrowed from its connection.
#[derive(Debug)]
pub(crate) struct Answer<'connection> {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: &'connection [u8],
}

/// Where an answer's body lies.
enum Body {
    Plain(Range<usize>),
    Joined,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("{address} can't be reached"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(16 * 1024),
            joined: Vec::new(),
        })
    }

    /// Sends a request and reads its whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.received.clear();
        self.stream
            .write_all(request)
            .await
            .context("the connection broke while sending")?;
        loop {
            let count = self
                .stream
                .read_buf(&mut self.received)
                .await
                .context("the connection broke before the whole answer")?;
            ensure!(
                count > 0,
                "the connection was closed before the whole answer: {}",
                excerpt(&self.received)
            );
            ensure!(
                self.received.len() <= ANSWER_LIMIT_BYTES,
                "the answer is larger than {ANSWER_LIMIT_BYTES} bytes"
            );
            if let Some((status, body)) = parse(&self.received, &mut self.joined)? {
                let body = match body {
                    Body::Plain(range) => self.received.get(range).unwrap_or_default(),
                    Body::Joined => &self.joined,
                };
                return Ok(Answer { status, body });
            }
        }
    }
}

/// Status and body, once all of it is there.
fn parse(received: &[u8], joined: &mut Vec<u8>) -> Result<Option<(u16, Body)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let Status::Complete(head) = response
        .parse(received)
        .with_context(|| format!("not HTTP: {}", excerpt(received)))?
    else {
        return Ok(None);
    };
    let status = response.code.context("no status")?;
    let header = |name: &str| {
        response
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    };
    if let Some(length) = header("content-length") {
        let length: usize = std::str::from_utf8(length)?.parse().context("no length")?;
        let range = head..head + length;
        return Ok((received.len() >= range.end).then_some((status, Body::Plain(range))));
    }
    if header("transfer-encoding").is_some() {
        return Ok(
            join_chunks(received.get(head..).unwrap_or_default(), joined)?
                .then_some((status, Body::Joined)),
        );
    }
    bail!(
        "an answer that only the end of the connection ends: {}",
        excerpt(received)
    )
}

/// Puts the chunks together; true once the last one is there.
fn join_chunks(mut rest: &[u8], joined: &mut Vec<u8>) -> Result<bool> {
    joined.clear();
    loop {
        let Ok(Status::Complete((start, length))) = httparse::parse_chunk_size(rest) else {
            return Ok(false);
        };
        let length = usize::try_from(length)?;
        let (Some(chunk), Some(after)) = (
            rest.get(start..start + length),
            rest.get(start + length + 2..),
        ) else {
            return Ok(false);
        };
        if length == 0 {
            return Ok(true);
        }
        joined.extend_from_slice(chunk);
        rest = after;
    }
}

/// The beginning of what came, for an error.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..600).unwrap_or(bytes)).into_owned()
}
