//! A target's base URL, read once.

use countersign_domain::path_segments;
use countersign_gate::{Error, Result};
use countersign_net::{OutboundUrl, Refusal};
use serde_json::{Value, json};

#[cfg(test)]
mod tests;

/// The field of a target that holds it.
pub(super) const BASE_URL_FIELD: &str = "config.base_url";

/// The longest base URL in bytes.
const BASE_URL_LIMIT_BYTES: usize = 2048;

/// A base URL: `http` or `https`, no user information, no query, no fragment, an unambiguous path.
#[derive(Debug)]
pub(super) struct BaseUrl {
    url: OutboundUrl,
    /// The path without its last slash: empty for the root.
    path: String,
    /// Decoded, without the empty one of a last slash.
    segments: Vec<String>,
    has_last_slash: bool,
    origin: String,
}

impl BaseUrl {
    /// Reads a base URL.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let invalid = |message: String| Error::invalid(BASE_URL_FIELD, message);
        if text.len() > BASE_URL_LIMIT_BYTES {
            return Err(invalid(format!(
                "a base URL has at most {BASE_URL_LIMIT_BYTES} bytes"
            )));
        }
        let url = OutboundUrl::parse(text).map_err(|refusal| invalid(refusal.to_string()))?;
        if text.contains(['?', '#']) {
            return Err(invalid(
                "a base URL has no query and no fragment: put them into the action".to_owned(),
            ));
        }
        // The text's own path, before the parser folds dot segments.
        path_segments(raw_path(text)).map_err(|fault| invalid(fault.to_string()))?;
        let whole = url.url().path();
        let path = whole.strip_suffix('/').unwrap_or(whole).to_owned();
        let mut segments: Vec<String> = path_segments(whole)
            .map_err(|fault| invalid(fault.to_string()))?
            .into_iter()
            .map(std::borrow::Cow::into_owned)
            .collect();
        segments.pop_if(|last| last.is_empty());
        let has_last_slash = whole.ends_with('/');
        let origin = url.origin();
        let base = Self {
            url,
            path,
            segments,
            has_last_slash,
            origin,
        };
        // What `join` relies on must hold for the base itself.
        base.join("/", None)
            .map_err(|refusal| invalid(refusal.to_string()))?;
        Ok(base)
    }

    /// Reads a target's config.
    pub(super) fn from_config(config: &Value) -> Result<Self> {
        let fields = config
            .as_object()
            .ok_or_else(|| Error::invalid("config", "config must be an object with base_url"))?;
        if let Some(unknown) = fields.keys().find(|key| key.as_str() != "base_url") {
            let field = format!("config.{}", super::headers::shortened(unknown));
            return Err(Error::invalid(
                field,
                "an http target has no such field: it has base_url only",
            ));
        }
        match fields.get("base_url") {
            Some(Value::String(text)) => Self::parse(text),
            Some(_) => Err(Error::invalid(
                BASE_URL_FIELD,
                "base_url must be a string such as https://api.example.com/v1",
            )),
            None => Err(Error::invalid(
                BASE_URL_FIELD,
                "base_url is missing: give a URL such as https://api.example.com/v1",
            )),
        }
    }

    /// The normalised config.
    pub(super) fn to_config(&self) -> Value {
        json!({ "base_url": format!("{}{}{}", self.origin, self.path, if self.shows_last_slash() { "/" } else { "" }) })
    }

    /// The URL itself.
    pub(super) const fn url(&self) -> &OutboundUrl {
        &self.url
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// How many bytes of a URL it takes: of several targets the longest base wins.
    pub(super) const fn text_bytes(&self) -> usize {
        self.origin.len() + self.path.len()
    }

    /// The decoded segments of its path.
    pub(super) fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Whether its path is more than `/` and ends with a slash.
    pub(super) fn shows_last_slash(&self) -> bool {
        self.has_last_slash && !self.path.is_empty()
    }

    /// The URL of a path below the base. `/` is the base itself.
    ///
    /// The path and query of the result are normalised by the same parser that the base was read by.
    pub(super) fn join(&self, path: &str, query: Option<&str>) -> Result<OutboundUrl, Refusal> {
        let path = if path == "/" { "" } else { path };
        match query {
            None => self.url.join_below(path),
            Some(query) => {
                let mut text = String::with_capacity(path.len() + 1 + query.len());
                text.push_str(path);
                text.push('?');
                text.push_str(query);
                self.url.join_below(&text)
            }
        }
    }

    /// The path of a joined URL below the base: what [`Self::join`] was given, normalised.
    pub(super) fn path_below<'url>(&self, joined: &'url OutboundUrl) -> &'url str {
        match joined.url().path().strip_prefix(self.path.as_str()) {
            Some(rest) if !rest.is_empty() => rest,
            _ => "/",
        }
    }
}

/// The path of a URL's text as it was written; `/` where there is none.
pub(super) fn raw_path(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let start = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let path = &rest[start..];
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    if path.is_empty() { "/" } else { path }
}
