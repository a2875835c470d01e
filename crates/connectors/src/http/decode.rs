//! Decompression of replies, within a bound.
//!
//! `identity` is asked for; a server that compresses anyway is undone, because a secret can't be found in compressed bytes. The input is
//! fed in small pieces, so that one piece can't become more than about a megabyte before it is counted.

use std::io::Write;

use bytes::Bytes;
use countersign_gate::ExecutionError;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header::CONTENT_ENCODING};

use super::fault;

/// DEFLATE makes at most 1,032 bytes of one.
const PIECE_BYTES: usize = 1024;

/// Undoes one content coding.
#[derive(Debug)]
pub(super) struct Decoder {
    coding: Coding,
    decoded_bytes: u64,
    limit_bytes: u64,
    has_input: bool,
}

#[derive(Debug)]
enum Coding {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Zlib(ZlibDecoder<Vec<u8>>),
    Raw(DeflateDecoder<Vec<u8>>),
    /// `deflate` is zlib by RFC 9110 and raw by custom: the first two bytes tell.
    Undecided(Vec<u8>),
}

impl Decoder {
    /// The decoder that the headers ask for; `None` for plain bytes.
    pub(super) fn of(
        headers: &HeaderMap,
        limit_bytes: u64,
    ) -> Result<Option<Self>, ExecutionError> {
        let mut coding = None;
        for value in headers.get_all(CONTENT_ENCODING) {
            let value = value.to_str().map_err(|_| unsupported())?;
            for word in value
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("identity"))
            {
                if coding.is_some() {
                    return Err(unsupported());
                }
                coding = Some(match word.to_ascii_lowercase().as_str() {
                    "gzip" | "x-gzip" => Coding::Gzip(MultiGzDecoder::new(Vec::new())),
                    "deflate" => Coding::Undecided(Vec::new()),
                    _ => return Err(unsupported()),
                });
            }
        }
        Ok(coding.map(|coding| Self {
            coding,
            decoded_bytes: 0,
            limit_bytes,
            has_input: false,
        }))
    }

    /// Decodes the first bytes of `input`, which are taken off it. The answer may be empty.
    pub(super) fn decode(&mut self, input: &mut Bytes) -> Result<Bytes, ExecutionError> {
        let piece = input.split_to(input.len().min(PIECE_BYTES));
        self.has_input |= !piece.is_empty();
        if let Coding::Undecided(start) = &mut self.coding {
            start.extend_from_slice(&piece);
            if start.len() < 2 {
                return Ok(Bytes::new());
            }
            let start = std::mem::take(start);
            // RFC 1950 section 2.2: method 8, and a check over both bytes.
            let is_zlib =
                start[0] & 0x0f == 8 && u16::from_be_bytes([start[0], start[1]]).is_multiple_of(31);
            self.coding = if is_zlib {
                Coding::Zlib(ZlibDecoder::new(Vec::new()))
            } else {
                Coding::Raw(DeflateDecoder::new(Vec::new()))
            };
            return self.write(&start);
        }
        self.write(&piece)
    }

    /// What is left at the end of the input.
    pub(super) fn finish(&mut self) -> Result<Bytes, ExecutionError> {
        // A reply to HEAD has the header and no bytes.
        if !self.has_input {
            return Ok(Bytes::new());
        }
        let finished = match &mut self.coding {
            Coding::Gzip(decoder) => decoder.try_finish(),
            Coding::Zlib(decoder) => decoder.try_finish(),
            Coding::Raw(decoder) => decoder.try_finish(),
            Coding::Undecided(_) => return Err(damaged()),
        };
        finished.map_err(|_| damaged())?;
        self.take()
    }

    fn write(&mut self, piece: &[u8]) -> Result<Bytes, ExecutionError> {
        let written = match &mut self.coding {
            Coding::Gzip(decoder) => decoder.write_all(piece),
            Coding::Zlib(decoder) => decoder.write_all(piece),
            Coding::Raw(decoder) => decoder.write_all(piece),
            Coding::Undecided(_) => Ok(()),
        };
        written.map_err(|_| damaged())?;
        self.take()
    }

    fn take(&mut self) -> Result<Bytes, ExecutionError> {
        let output = match &mut self.coding {
            Coding::Gzip(decoder) => std::mem::take(decoder.get_mut()),
            Coding::Zlib(decoder) => std::mem::take(decoder.get_mut()),
            Coding::Raw(decoder) => std::mem::take(decoder.get_mut()),
            Coding::Undecided(_) => Vec::new(),
        };
        self.decoded_bytes = self.decoded_bytes.saturating_add(output.len() as u64);
        if self.decoded_bytes > self.limit_bytes {
            return Err(fault::too_large(self.limit_bytes));
        }
        Ok(Bytes::from(output))
    }
}

fn unsupported() -> ExecutionError {
    let message = "the reply is compressed in a way that this gateway does not read, though it asked for none: gzip and deflate are read";
    fault::bad_reply("unsupported_encoding", message)
}

fn damaged() -> ExecutionError {
    fault::bad_reply(
        "bad_encoding",
        "the reply's compressed bytes are damaged or end too early",
    )
}
