//! A request on its way out.

use std::fmt;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use http::{HeaderMap, Method, Request};
use http_body::Body;

use crate::body::{BoxError, OutboundBody};
use crate::error::NetError;
use crate::limits::Limits;
use crate::url::OutboundUrl;

/// Fields that say how a message travels: the client's to write, never the caller's.
const TRANSPORT_FIELDS: [HeaderName; 9] = [
    HOST,
    CONNECTION,
    CONTENT_LENGTH,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// A request to a checked URL.
pub struct OutboundRequest {
    /// The method. `CONNECT` is refused.
    pub method: Method,
    /// Where to.
    pub url: OutboundUrl,
    /// Header fields. Those of the transport (`Host`, `Content-Length`, `Connection`, ...) are replaced.
    pub headers: HeaderMap,
    /// The body.
    pub body: OutboundBody,
}

impl OutboundRequest {
    /// A request without header fields and body.
    pub fn new(method: Method, url: OutboundUrl) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: OutboundBody::empty(),
        }
    }

    /// Takes over a request with an absolute URL, reading and checking that URL.
    pub fn from_http<B>(request: Request<B>) -> Result<Self, NetError>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let url = OutboundUrl::parse(&parts.uri.to_string())?;
        Ok(Self {
            method: parts.method,
            url,
            headers: parts.headers,
            body: OutboundBody::stream(body),
        })
    }

    /// Adds a header field.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<OutboundBody>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn prepare(&mut self, limits: &Limits) -> Result<(), NetError> {
        if self.method == Method::CONNECT {
            return Err(NetError::RequestRefused {
                reason: "the method CONNECT opens a tunnel, which no action does",
            });
        }
        self.body.limit(limits.request_bytes)?;
        for field in &TRANSPORT_FIELDS {
            self.headers.remove(field);
        }
        let has_known_length = self.body.size_hint().exact().is_some();
        if self.body.is_empty() {
            // RFC 9110 section 8.6: these methods expect a body, so its absence is said.
            if matches!(self.method, Method::POST | Method::PUT | Method::PATCH) {
                self.headers
                    .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
        } else if !has_known_length && matches!(self.method, Method::GET | Method::HEAD) {
            // Without it, hyper drops a body of unknown length from these methods without a word.
            self.headers
                .insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        Ok(())
    }

    pub(crate) fn into_http(self) -> Request<OutboundBody> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.url.into_uri();
        *request.headers_mut() = self.headers;
        request
    }
}

/// A copy for the first attempt, so that a second is possible: the header map is copied, its values and the body are shared.
pub(super) fn copy_of(request: &Request<OutboundBody>) -> Request<OutboundBody> {
    let mut copy = Request::new(request.body().again());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

impl fmt::Debug for OutboundRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SECURITY: header values may be credentials.
        formatter
            .debug_struct("OutboundRequest")
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
