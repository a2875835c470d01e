//! One request as the upstream saw it.

use bytes::Bytes;

/// A request that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRequest {
    /// `GET`, `POST` and so on, as sent.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// Names as sent, and values, in their order. Values that are no UTF-8 are shown with replacement characters.
    pub headers: Vec<(String, String)>,
    /// The body without its chunk framing; empty until it is complete or broken off.
    pub body: Bytes,
    /// Whether the whole body came in.
    pub is_complete: bool,
}

impl RecordedRequest {
    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The first value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_values(name).into_iter().next()
    }

    /// Every value of a header, whatever the case of its name.
    pub fn header_values(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The body as text, with replacement characters for what is no UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
