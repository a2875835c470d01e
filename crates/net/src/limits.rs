//! Bounds of one HTTP exchange.

use std::time::Duration;

/// How much and how long one exchange may be. A limit's name in an error is its field's name here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start, connecting included, to the head of the reply.
    pub first_byte: Duration,
    /// From the start to the last byte of the reply.
    pub total: Duration,
    /// Body of the request.
    pub request_bytes: u64,
    /// Body of the reply, as received: nothing is decompressed.
    pub response_bytes: u64,
    /// Names and values of the reply's header fields. The client's own cap ([`HttpClientConfig::header_bytes`](crate::HttpClientConfig))
    /// bounds what is read at all, so a larger value here has no effect.
    pub header_bytes: usize,
}

impl Default for Limits {
    /// 30 s to the first byte, 5 min in all, 10 MiB up, 100 MiB down, 64 KiB of header.
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(30),
            total: Duration::from_mins(5),
            request_bytes: 10 << 20,
            response_bytes: 100 << 20,
            header_bytes: 64 << 10,
        }
    }
}
