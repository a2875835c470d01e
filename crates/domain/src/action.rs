//! Actions and the patterns that grants and rules name them by.
//!
//! An action of a connector that speaks HTTP is named by its route below the target: `GET /charges/ch_1`. Other connectors name
//! theirs by a word: `restart`, `query`. A pattern covers either kind.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest action name or pattern in bytes.
pub const ACTION_LIMIT_BYTES: usize = 8 * 1024;

/// Why text is not an action pattern or not a name that a decision can be made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAction {
    /// Nothing, or too much.
    #[error("an action has 1 to {ACTION_LIMIT_BYTES} bytes")]
    Length,
    /// A method that is not upper-case letters or `*`.
    #[error("the method before the space must be upper-case letters or *, as in GET /charges/*")]
    Method,
    /// A path without its leading slash.
    #[error("the path after the method must start with /, as in GET /charges/*")]
    Path,
    /// A path that the upstream could read in two ways.
    #[error(
        "the path is ambiguous: dot segments, empty segments, encoded slashes, backslashes and control characters are refused, \
         because the upstream might read them as another path than the one that was judged"
    )]
    Ambiguous,
    /// A wildcard inside a segment or in the wrong place.
    #[error(
        "* stands for one whole segment and ** for any number of them; neither may be part of a segment"
    )]
    Wildcard,
    /// A control character or space in a name.
    #[error("an action name has no spaces or control characters")]
    Character,
}

/// Splits `GET /a/b` into its method and path; `None` for an action that is a plain word.
pub fn split_route(action: &str) -> Option<(&str, &str)> {
    action.split_once(' ')
}

/// The decoded segments of a path, for matching. A trailing slash makes a last, empty segment.
///
/// # Errors
/// [`InvalidAction::Ambiguous`] where an upstream could read the path as another one: that is refused, not guessed.
pub fn path_segments(path: &str) -> Result<Vec<Cow<'_, str>>, InvalidAction> {
    let rest = path.strip_prefix('/').ok_or(InvalidAction::Path)?;
    if path.len() > ACTION_LIMIT_BYTES {
        return Err(InvalidAction::Length);
    }
    let mut segments = Vec::with_capacity(8);
    let mut raw = rest.split('/').peekable();
    while let Some(segment) = raw.next() {
        // An empty segment is only allowed as the trailing slash: some servers fold `//`.
        if segment.is_empty() && raw.peek().is_some() {
            return Err(InvalidAction::Ambiguous);
        }
        let decoded = percent_decode(segment)?;
        let ambiguous = matches!(decoded.as_ref(), "." | "..")
            || decoded
                .bytes()
                .any(|byte| byte < 0x20 || byte == 0x7f || byte == b'/' || byte == b'\\');
        if ambiguous {
            return Err(InvalidAction::Ambiguous);
        }
        segments.push(decoded);
    }
    Ok(segments)
}

fn percent_decode(segment: &str) -> Result<Cow<'_, str>, InvalidAction> {
    if !segment.contains('%') {
        return Ok(Cow::Borrowed(segment));
    }
    let bytes = segment.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] == b'%' {
            let pair = segment
                .get(index + 1..index + 3)
                .ok_or(InvalidAction::Ambiguous)?;
            decoded.push(u8::from_str_radix(pair, 16).map_err(|_| InvalidAction::Ambiguous)?);
            index += 3;
        } else {
            decoded.push(bytes[index]);
            index += 1;
        }
    }
    String::from_utf8(decoded)
        .map(Cow::Owned)
        .map_err(|_| InvalidAction::Ambiguous)
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    Literal(String),
    One,
    Many,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Shape {
    Everything,
    Word {
        prefix: String,
        wildcard: bool,
    },
    Route {
        method: Option<String>,
        segments: Vec<Segment>,
    },
}

/// Which actions a grant or rule is about.
///
/// - `GET /charges/*`: method and path below the target's base path; the query is ignored; `*` is one segment, `**` any number;
///   the method may be `*`.
/// - `restart`, `list_*`: a word, with `*` at its end for any continuation.
/// - `**`: every action.
///
/// Matching is on decoded segments, byte for byte, case-sensitive. One trailing slash says nothing, in the pattern and in the path:
/// most servers answer `/users/5/` as they answer `/users/5`, so neither may be judged by another grant or rule. A path that is ambiguous matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ActionPattern {
    text: String,
    shape: Shape,
}

/// An action's name, taken apart once for all the patterns that look at it.
#[derive(Debug)]
pub(crate) enum ParsedAction<'name> {
    Word(&'name str),
    Route {
        method: &'name str,
        segments: Vec<Cow<'name, str>>,
    },
    /// A path that an upstream could read in two ways: no pattern but `**` covers it.
    Ambiguous,
}

impl<'name> ParsedAction<'name> {
    pub(crate) fn of(action: &'name str) -> Self {
        match split_route(action) {
            None => Self::Word(action),
            Some((method, path)) => path_segments(path).map_or(Self::Ambiguous, |mut segments| {
                if segments.last().is_some_and(|last| last.is_empty()) {
                    segments.pop();
                }
                Self::Route { method, segments }
            }),
        }
    }
}

impl ActionPattern {
    /// The pattern of every action.
    pub const EVERYTHING: &str = "**";

    /// Whether the pattern covers the action.
    pub fn matches(&self, action: &str) -> bool {
        self.covers(&ParsedAction::of(action))
    }

    pub(crate) fn covers(&self, action: &ParsedAction<'_>) -> bool {
        match (&self.shape, action) {
            (Shape::Everything, _) => true,
            (Shape::Word { prefix, wildcard }, ParsedAction::Word(word)) => {
                if *wildcard {
                    word.starts_with(prefix.as_str())
                } else {
                    word == prefix
                }
            }
            (
                Shape::Route { method, segments },
                ParsedAction::Route {
                    method: actual,
                    segments: path,
                },
            ) => {
                method.as_deref().is_none_or(|method| method == *actual)
                    && segments_match(segments, path)
            }
            _ => false,
        }
    }

    /// The one word that the pattern covers, where it is no more than that.
    pub(crate) fn word(&self) -> Option<&str> {
        match &self.shape {
            Shape::Word {
                prefix,
                wildcard: false,
            } => Some(prefix),
            _ => None,
        }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The segments without the empty one that a trailing slash makes.
fn without_slash<'path, 'text>(segments: &'path [Cow<'text, str>]) -> &'path [Cow<'text, str>] {
    match segments {
        [rest @ .., last] if last.is_empty() => rest,
        all => all,
    }
}

/// Linear in the product of both lengths: only the last `**` is ever returned to.
fn segments_match(pattern: &[Segment], path: &[Cow<'_, str>]) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while position < path.len() {
        match pattern.get(at) {
            Some(Segment::Many) => {
                retry = Some((at, position));
                at += 1;
                continue;
            }
            Some(Segment::One) => {
                at += 1;
                position += 1;
                continue;
            }
            Some(Segment::Literal(literal)) if *literal == path[position] => {
                at += 1;
                position += 1;
                continue;
            }
            _ => {}
        }
        let Some((many, from)) = retry else {
            return false;
        };
        at = many + 1;
        position = from + 1;
        retry = Some((many, position));
    }
    pattern[at..]
        .iter()
        .all(|segment| matches!(segment, Segment::Many))
}

impl FromStr for ActionPattern {
    type Err = InvalidAction;

    fn from_str(text: &str) -> Result<Self, InvalidAction> {
        if text.is_empty() || text.len() > ACTION_LIMIT_BYTES {
            return Err(InvalidAction::Length);
        }
        let shape = match split_route(text) {
            None if text == Self::EVERYTHING => Shape::Everything,
            None => {
                let (prefix, wildcard) = text
                    .strip_suffix('*')
                    .map_or((text, false), |prefix| (prefix, true));
                if prefix.contains('*') {
                    return Err(InvalidAction::Wildcard);
                }
                if prefix
                    .chars()
                    .any(|character| character.is_control() || character.is_whitespace())
                {
                    return Err(InvalidAction::Character);
                }
                // A path without its method would silently match nothing.
                if prefix.starts_with('/') {
                    return Err(InvalidAction::Method);
                }
                Shape::Word {
                    prefix: prefix.to_owned(),
                    wildcard,
                }
            }
            Some((method, path)) => {
                let method = match method {
                    "*" => None,
                    word if !word.is_empty()
                        && word.bytes().all(|byte| byte.is_ascii_uppercase()) =>
                    {
                        Some(word.to_owned())
                    }
                    _ => return Err(InvalidAction::Method),
                };
                let segments = without_slash(&path_segments(path)?)
                    .iter()
                    .map(|segment| match segment.as_ref() {
                        "*" => Ok(Segment::One),
                        "**" => Ok(Segment::Many),
                        literal if literal.contains('*') => Err(InvalidAction::Wildcard),
                        literal => Ok(Segment::Literal(literal.to_owned())),
                    })
                    .collect::<Result<_, _>>()?;
                Shape::Route { method, segments }
            }
        };
        Ok(Self {
            text: text.to_owned(),
            shape,
        })
    }
}

impl fmt::Display for ActionPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Serialize for ActionPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ActionPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
