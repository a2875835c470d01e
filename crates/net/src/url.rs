//! URLs that the gateway sends requests to.
//!
//! A URL is read once, by a WHATWG parser, after everything that parsers disagree on was refused. What comes out is used for the check, for
//! the dial and for the request line: nobody reads the text a second time. No check here depends on DNS, and no error repeats the text, which
//! may hold a credential.

use std::fmt;

use http::Uri;
use url::Url;

use crate::host::OutboundHost;
use crate::policy::Refusal;
use crate::ports::is_bad_port;

#[cfg(test)]
mod tests;

/// What is wrong with a URL's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// Not `http` or `https`, or without `//`.
    #[error("a URL must begin with `http://` or `https://`")]
    Scheme,
    /// Parsers disagree on whether it is a slash.
    #[error("a URL must not contain a backslash")]
    Backslash,
    /// Parsers disagree on whether to strip it.
    #[error("a URL must not contain white space")]
    WhiteSpace,
    /// NUL, line breaks and the like.
    #[error("a URL must not contain control or invisible characters")]
    ControlCharacter,
    /// `user:password@`.
    #[error("a URL must not contain a user name or password: store a credential instead")]
    UserInformation,
    /// Nothing between `//` and the path.
    #[error("the host is empty")]
    EmptyHost,
    /// Neither a name nor an address.
    #[error("the host is not a valid name or address")]
    InvalidHost,
    /// Percent-encoding or a zone id.
    #[error("the host must not contain `%` (no percent-encoding, no zone id)")]
    PercentInHost,
    /// Not 0 to 65535, or empty after the colon.
    #[error("the port is not a number from 0 to 65535")]
    InvalidPort,
    /// The rest cannot stand in a request line, or is over 64 KiB.
    #[error("the URL cannot be written into a request line")]
    NotARequestTarget,
    /// `.` or `..`, encoded or not.
    #[error("the path must not contain `.` or `..` segments, encoded or not")]
    DotSegment,
    /// `#`.
    #[error("the path must not contain a fragment")]
    Fragment,
}

/// A URL whose form was checked: `http` or `https`, a host, a port that is not a bad one, no user information.
///
/// Whether the host may be dialled is the [`EgressPolicy`](crate::EgressPolicy)'s to say. A fragment is dropped.
#[derive(Clone)]
pub struct OutboundUrl {
    url: Url,
    uri: Uri,
    host: OutboundHost,
    port: u16,
}

impl OutboundUrl {
    /// Reads a URL.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        refuse_ambiguous_characters(text)?;
        let authority = authority_of(text)?;
        if authority.contains('@') {
            return Err(UrlFault::UserInformation.into());
        }
        if authority.contains('%') {
            return Err(UrlFault::PercentInHost.into());
        }
        if authority.is_empty() || authority.starts_with(':') {
            return Err(UrlFault::EmptyHost.into());
        }
        if authority.ends_with(':') {
            return Err(UrlFault::InvalidPort.into());
        }
        let mut url = Url::parse(text).map_err(|error| match error {
            url::ParseError::InvalidPort => UrlFault::InvalidPort,
            url::ParseError::EmptyHost => UrlFault::EmptyHost,
            _ => UrlFault::InvalidHost,
        })?;
        url.set_fragment(None);
        let host = OutboundHost::from_parsed(&url.host().ok_or(UrlFault::EmptyHost)?)?;
        let port = url.port_or_known_default().ok_or(UrlFault::InvalidPort)?;
        if is_bad_port(port) {
            return Err(Refusal::BadPort(port));
        }
        let uri = Uri::try_from(url.as_str()).map_err(|_| UrlFault::NotARequestTarget)?;
        Ok(Self {
            url,
            uri,
            host,
            port,
        })
    }

    /// The normalised URL, query included: never put it into an error or a log.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The parsed URL.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The same URL for the request line.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(crate) fn into_uri(self) -> Uri {
        self.uri
    }

    /// The host.
    pub fn host(&self) -> &OutboundHost {
        &self.host
    }

    /// The port, with the scheme's default filled in.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the scheme is `https`.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Scheme, host and port: safe to show.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether scheme, host and port are those of `other`. A credential must not follow where this is false.
    pub fn has_same_origin(&self, other: &Self) -> bool {
        self.url.scheme() == other.url.scheme()
            && self.host == other.host
            && self.port == other.port
    }

    /// Whether this URL has the origin of `base` and a path that is the base's or below it, segment by segment: `/v1` covers `/v1/a` and not
    /// `/v1evil`.
    pub fn is_below(&self, base: &Self) -> bool {
        let base_path = base.url.path().trim_end_matches('/');
        self.has_same_origin(base)
            && self
                .url
                .path()
                .strip_prefix(base_path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && !has_dot_segment(self.url.path())
    }

    /// This URL with `path_and_query` appended below its path. The base's own query is dropped.
    ///
    /// Refuses what could climb out of the base or change the host, for any server that decodes the path once or more: dot segments in any
    /// encoding, encoded line breaks and NUL, a fragment. An encoded slash is kept as long as it hides no dot segment.
    pub fn join_below(&self, path_and_query: &str) -> Result<Self, Refusal> {
        refuse_ambiguous_characters(path_and_query)?;
        if path_and_query.contains('#') {
            return Err(UrlFault::Fragment.into());
        }
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path_and_query, None),
        };
        if has_dot_segment(path) {
            return Err(UrlFault::DotSegment.into());
        }
        if decoded(path)
            .bytes()
            .any(|byte| matches!(byte, 0 | b'\r' | b'\n'))
        {
            return Err(UrlFault::ControlCharacter.into());
        }
        let mut text = self.origin();
        text.push_str(self.url.path().trim_end_matches('/'));
        if !path.is_empty() {
            if !path.starts_with('/') {
                text.push('/');
            }
            text.push_str(path);
        } else if self.url.path().ends_with('/') {
            text.push('/');
        }
        if let Some(query) = query {
            text.push('?');
            text.push_str(query);
        }
        let joined = Self::parse(&text)?;
        if !joined.is_below(self) {
            return Err(UrlFault::DotSegment.into());
        }
        Ok(joined)
    }
}

impl fmt::Debug for OutboundUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SECURITY: path and query may hold a credential.
        formatter
            .debug_tuple("OutboundUrl")
            .field(&self.origin())
            .finish()
    }
}

/// Refuses characters that a WHATWG parser strips or rewrites and others keep.
pub(crate) fn refuse_ambiguous_characters(text: &str) -> Result<(), UrlFault> {
    for character in text.chars() {
        match character {
            '\\' => return Err(UrlFault::Backslash),
            '!'..='~' => {}
            ' ' | '\t' => return Err(UrlFault::WhiteSpace),
            other if other.is_control() => return Err(UrlFault::ControlCharacter),
            other if other.is_whitespace() => return Err(UrlFault::WhiteSpace),
            // Zero-width, bidirectional, byte-order and tag characters: shown as nothing, dropped by IDNA.
            '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}' => {
                return Err(UrlFault::ControlCharacter);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The text between `//` and the path. `http:host`, `http:/host` and `http:///host` are refused: a WHATWG parser reads a host there, others don't.
fn authority_of(text: &str) -> Result<&str, UrlFault> {
    let (scheme, rest) = text.split_once("://").ok_or(UrlFault::Scheme)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(UrlFault::Scheme);
    }
    rest.split(['/', '?', '#'])
        .next()
        .ok_or(UrlFault::EmptyHost)
}

/// How often a path is decoded in search of what a chain of servers would see.
const DECODING_ROUNDS: usize = 4;

fn has_dot_segment(path: &str) -> bool {
    let mut text = path.to_owned();
    for _ in 0..=DECODING_ROUNDS {
        // Some servers cut parameters off a segment before they look at it: `..;a=b`.
        let is_dotted = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
        if text.split(['/', '\\']).any(is_dotted) {
            return true;
        }
        let next = decoded_once(&text);
        if next == text {
            return false;
        }
        text = next;
    }
    // Still changing after all rounds: nobody writes that in good faith.
    true
}

fn decoded(path: &str) -> String {
    (0..DECODING_ROUNDS).fold(path.to_owned(), |text, _| decoded_once(&text))
}

/// Percent-decodes ASCII only: bytes above are irrelevant to separators and dots.
fn decoded_once(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find('%') {
        output.push_str(&rest[..position]);
        rest = &rest[position..];
        let value = rest
            .get(1..3)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let byte = value.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = byte.filter(u8::is_ascii) {
            output.push(char::from(byte));
            rest = &rest[3..];
        } else {
            output.push('%');
            rest = &rest[1..];
        }
    }
    output.push_str(rest);
    output
}
