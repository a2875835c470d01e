//! The page as a whole: its table of files, and its answers.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{
    encoding::{Encoding, is_known},
    file::{WebFile, media_type},
    html::{Html, NOT_BUILT, nonce, policy},
};
use crate::problem::{Problem, Result};

/// The files that the build found.
static EMBEDDED: &[WebFile] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The name of the file that every page is.
const INDEX: &str = "index.html";

/// What is kept for ever: the name changes with the content.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Asked for anew each time, and answered with 304 where it is the same.
const ASKED_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

static PAGE_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), publickey-credentials-get=(), usb=()",
        ),
    ),
];

/// The operator's page. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WebPage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    files: HashMap<&'static str, WebFile>,
    html: Html,
    is_built_in: bool,
}

impl WebPage {
    /// The page of this build; where there was none, one that says so.
    pub fn embedded() -> Self {
        Self::new(EMBEDDED)
    }

    /// A page of these files. Without an `index.html` in UTF-8 it is the one that says that there is none.
    pub fn new(files: &[WebFile]) -> Self {
        let files: HashMap<_, _> = files.iter().map(|file| (file.path, *file)).collect();
        let html = files
            .get(INDEX)
            .and_then(|file| std::str::from_utf8(file.plain).ok());
        let (html, is_built_in) = (html.unwrap_or(NOT_BUILT), html.is_some());
        Self(Arc::new(Inner {
            html: Html::new(html),
            files,
            is_built_in,
        }))
    }

    /// Whether there is a page, and not only the one that says that there is none.
    pub fn is_built_in(&self) -> bool {
        self.0.is_built_in
    }

    /// The HTML, with a nonce that no other answer has.
    pub(super) fn html(&self) -> Result<Response> {
        let nonce = nonce();
        let mut response = Response::new(Body::from(self.0.html.with_nonce(&nonce)));
        let headers = response.headers_mut();
        headers.extend(PAGE_HEADERS.iter().cloned());
        let policy = HeaderValue::try_from(policy(&nonce)).map_err(Problem::internal)?;
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        Ok(response)
    }

    /// A file, by the path of the call. Nothing in it is decoded: a name of the table has nothing to decode.
    pub(super) fn file(&self, path: &str, headers: &HeaderMap) -> Result<Response> {
        let name = path.strip_prefix('/').unwrap_or(path);
        let file = self
            .0
            .files
            .get(name)
            .filter(|file| file.path != INDEX)
            .ok_or_else(Problem::no_route)?;
        let (encoding, bytes) = Encoding::choose(file, headers);
        let tag = match encoding.token() {
            None => format!("\"{}\"", file.version),
            Some(token) => format!("\"{}-{token}\"", file.version),
        };
        let mut response = if is_known(headers, &tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Bytes::from_static(bytes).into_response()
        };
        let is_known = response.status() == StatusCode::NOT_MODIFIED;
        let headers = response.headers_mut();
        let tag = HeaderValue::try_from(tag).map_err(Problem::internal)?;
        headers.insert(header::ETAG, tag);
        let is_immutable = name.starts_with("assets/");
        let kept = if is_immutable { IMMUTABLE } else { ASKED_AGAIN };
        headers.insert(header::CACHE_CONTROL, kept);
        if file.brotli.is_some() || file.gzip.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if is_known {
            headers.remove(header::CONTENT_TYPE);
            return Ok(response);
        }
        headers.insert(header::CONTENT_TYPE, media_type(name));
        if let Some(token) = encoding.token() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(token));
        }
        Ok(response)
    }
}
