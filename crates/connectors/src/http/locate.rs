//! Where a URL lies below a base URL.

use countersign_domain::path_segments;
use countersign_gate::{Error, Located, Result};
use countersign_net::OutboundUrl;

use super::{
    method, resolve,
    target::{BaseUrl, raw_path},
};

/// Finds the action that a URL stands for; `None` if the URL is not below the base.
///
/// Scheme, host and effective port must be the base's, and the base's path segments must be the first of the URL's: `/v1` covers
/// `/v1/charges` and never `/v1evil`.
pub(super) fn locate(base: &BaseUrl, method: &str, text: &str) -> Result<Option<Located>> {
    let invalid = |message: String| Error::invalid("url", message);
    method::parse("method", method)?;
    let url = OutboundUrl::parse(text).map_err(|refusal| invalid(refusal.to_string()))?;
    if !url.has_same_origin(base.url()) {
        return Ok(None);
    }
    // As it was written: the parser has folded dot segments already.
    path_segments(raw_path(text)).map_err(|fault| invalid(fault.to_string()))?;
    let path = url.url().path();
    let segments = path_segments(path).map_err(|fault| invalid(fault.to_string()))?;
    let Some(rest) = segments.get(base.segments().len()..).filter(|_| {
        let pairs = base.segments().iter().zip(&segments);
        pairs
            .into_iter()
            .all(|(ours, theirs)| ours.as_str() == theirs.as_ref())
    }) else {
        return Ok(None);
    };
    let is_root = base.segments().is_empty();
    let below = match rest {
        [] if !base.shows_last_slash() => "/",
        [last] if last.is_empty() && (is_root || base.shows_last_slash()) => "/",
        [] => return Err(last_slash()),
        [last] if last.is_empty() => return Err(last_slash()),
        _ => after_segments(path, base.segments().len()),
    };
    let found = |path: &str, query: Option<&str>| Located {
        action: format!("{method} {path}"),
        query: query.map(str::to_owned),
        base_bytes: base.text_bytes(),
    };
    let query = url.url().query();
    if resolve::is_plain_path(below) && query.is_none_or(resolve::is_plain_query) {
        return Ok(Some(found(below, query)));
    }
    // What the sender refuses can't be an action.
    let joined = base
        .join(below, query)
        .map_err(|refusal| invalid(refusal.to_string()))?;
    Ok(Some(found(base.path_below(&joined), joined.url().query())))
}

fn last_slash() -> Error {
    let message = "the URL differs from the target's base URL by its last slash only: ask for the base URL as it is configured";
    Error::invalid("url", message)
}

/// What follows the first `count` segments of a path, with its slash.
fn after_segments(path: &str, count: usize) -> &str {
    path.match_indices('/')
        .nth(count)
        .map_or("/", |(position, _)| &path[position..])
}
