//! One file of the page.

use http::HeaderValue;

/// One file of the page, as the build left it.
#[derive(Debug, Clone, Copy)]
pub struct WebFile {
    /// Its path below the page's folder, without a leading slash: `assets/index-Bx1.js`.
    pub path: &'static str,
    /// Changes with its content; ASCII letters and digits.
    pub version: &'static str,
    /// The file.
    pub plain: &'static [u8],
    /// The same, compressed with Brotli.
    pub brotli: Option<&'static [u8]>,
    /// The same, compressed with gzip.
    pub gzip: Option<&'static [u8]>,
}

/// What browsers are told that a file is. They are told to believe it, too (`nosniff`).
pub(super) fn media_type(path: &str) -> HeaderValue {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    HeaderValue::from_static(match extension {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    })
}
