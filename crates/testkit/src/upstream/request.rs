//! Reads requests off a connection (RFC 9112), strictly: what is malformed ends the connection.

use std::io::{Error, ErrorKind, Result};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::recorded::RecordedRequest;

const HEAD_MAX_BYTES: usize = 4 * 1024 * 1024;
const HEADERS_MAX: usize = 4096;

/// How long the body of a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Known(u64),
    Chunked,
}

/// Reads the head of the next request; none if the connection ended before it began.
pub(super) async fn read_head(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
) -> Result<Option<(RecordedRequest, Length)>> {
    loop {
        if let Some((request, head_bytes)) = parse_head(buffer)? {
            buffer.advance(head_bytes);
            let length = body_length(&request)?;
            return Ok(Some((request, length)));
        }
        if buffer.len() > HEAD_MAX_BYTES {
            return Err(invalid("the head is too long"));
        }
        if stream.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() {
                Ok(None)
            } else {
                Err(ErrorKind::UnexpectedEof.into())
            };
        }
    }
}

/// Reads the whole body into `body`, which holds what came even where the rest did not.
pub(super) async fn read_body(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    length: Length,
    body: &mut BytesMut,
) -> Result<()> {
    match length {
        Length::Known(bytes) => take(stream, buffer, bytes, body).await,
        Length::Chunked => loop {
            let line = read_line(stream, buffer).await?;
            let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = std::str::from_utf8(size).ok().map(str::trim);
            let size = size
                .and_then(|size| u64::from_str_radix(size, 16).ok())
                .ok_or_else(|| invalid("bad chunk size"))?;
            if size == 0 {
                // Trailers, up to the empty line.
                while !read_line(stream, buffer).await?.is_empty() {}
                return Ok(());
            }
            take(stream, buffer, size, body).await?;
            if !read_line(stream, buffer).await?.is_empty() {
                return Err(invalid("a chunk is longer than its size"));
            }
        },
    }
}

fn parse_head(buffer: &[u8]) -> Result<Option<(RecordedRequest, usize)>> {
    let mut headers = vec![httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut headers);
    let status = parsed
        .parse(buffer)
        .map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(head_bytes) = status else {
        return Ok(None);
    };
    let headers = parsed
        .headers
        .iter()
        .map(|header| {
            (
                header.name.to_owned(),
                String::from_utf8_lossy(header.value).into_owned(),
            )
        })
        .collect();
    let request = RecordedRequest {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers,
        body: Bytes::new(),
        is_complete: false,
    };
    Ok(Some((request, head_bytes)))
}

fn body_length(request: &RecordedRequest) -> Result<Length> {
    let codings = request.header_values("transfer-encoding");
    let lengths = request.header_values("content-length");
    match (codings.as_slice(), lengths.as_slice()) {
        ([], []) => Ok(Length::Known(0)),
        ([], [length]) => length
            .parse()
            .map(Length::Known)
            .map_err(|_| invalid("bad content-length")),
        ([coding], []) if coding.eq_ignore_ascii_case("chunked") => Ok(Length::Chunked),
        _ => Err(invalid("two framings: this is how requests are smuggled")),
    }
}

async fn take(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    bytes: u64,
    body: &mut BytesMut,
) -> Result<()> {
    let mut left = bytes;
    while left > 0 {
        if buffer.is_empty() && stream.read_buf(buffer).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let now = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        body.extend_from_slice(&buffer.split_to(now));
        left -= now as u64;
    }
    Ok(())
}

async fn read_line(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> Result<Bytes> {
    loop {
        if let Some(end) = buffer.windows(2).position(|pair| pair == b"\r\n") {
            let line = buffer.split_to(end).freeze();
            buffer.advance(2);
            return Ok(line);
        }
        if buffer.len() > HEAD_MAX_BYTES {
            return Err(invalid("a line is too long"));
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}

fn invalid(text: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, text)
}
