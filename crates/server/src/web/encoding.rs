//! Which form of a file a client takes, and whether it has that form already.

use http::{HeaderMap, HeaderName, header};

use super::file::WebFile;

/// A file's form on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Brotli,
    Gzip,
}

impl Encoding {
    /// The smallest form that there is and that the client takes. A client that says nothing gets the file as it is.
    pub(super) fn choose(file: &WebFile, headers: &HeaderMap) -> (Self, &'static [u8]) {
        match (file.brotli, file.gzip) {
            (Some(bytes), _) if is_taken(headers, "br") => (Self::Brotli, bytes),
            (_, Some(bytes)) if is_taken(headers, "gzip") => (Self::Gzip, bytes),
            _ => (Self::Plain, file.plain),
        }
    }

    /// The value of `Content-Encoding`.
    pub(super) const fn token(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
        }
    }
}

/// Whether `Accept-Encoding` takes a coding: named or by `*`, with a weight over zero. A named one counts before the star.
pub(super) fn is_taken(headers: &HeaderMap, coding: &str) -> bool {
    let mut by_star = false;
    for item in items(headers, &header::ACCEPT_ENCODING) {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let is_refused = parts
            .filter_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .any(|weight| {
                !weight
                    .trim()
                    .parse::<f32>()
                    .is_ok_and(|weight| weight > 0.0)
            });
        if name.eq_ignore_ascii_case(coding) {
            return !is_refused;
        }
        by_star |= name == "*" && !is_refused;
    }
    by_star
}

/// Whether `If-None-Match` names the tag.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    items(headers, &header::IF_NONE_MATCH)
        .any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag)
}

fn items<'headers>(
    headers: &'headers HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'headers str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(str::trim)
}
