//! Saying a refusal in the command line's own words: what was typed, what was probably meant, and which command helps.
//!
//! INVARIANT: names come from lists that the same credential may read. Whoever may not list things is told of none.

use serde_json::Value;

use crate::config::nearest;
use crate::failure::Failure;

#[cfg(test)]
mod tests;

/// How the gateway begins when something is not there.
const MISSING: &str = "there is no such ";

/// A kind of thing that has a name or an id.
#[derive(Debug)]
pub(super) struct Noun {
    word: &'static str,
    /// The part of a path that stands before its name.
    places: &'static [&'static str],
    /// Where its names are read; nothing where there are too many to read.
    pub(super) list: Option<&'static str>,
    command: &'static str,
}

const NOUNS: [Noun; 9] = [
    Noun {
        word: "agent",
        places: &["agents"],
        list: Some("/api/v1/agents"),
        command: "countersign agent list",
    },
    Noun {
        word: "target",
        places: &["targets"],
        list: Some("/api/v1/targets"),
        command: "countersign target list",
    },
    Noun {
        word: "grant",
        places: &["grants"],
        list: Some("/api/v1/grants"),
        command: "countersign grant list",
    },
    Noun {
        word: "rule",
        places: &["rules"],
        list: Some("/api/v1/rules"),
        command: "countersign rule list",
    },
    Noun {
        word: "key",
        places: &["keys"],
        list: Some("/api/v1/keys"),
        command: "countersign key list",
    },
    Noun {
        word: "token",
        places: &["tokens"],
        list: Some("/api/v1/tokens"),
        command: "countersign token list",
    },
    Noun {
        word: "operator",
        places: &["operators"],
        list: Some("/api/v1/operators"),
        command: "countersign operator list",
    },
    Noun {
        word: "credential",
        places: &["credentials"],
        list: None,
        command: "countersign credential list",
    },
    Noun {
        word: "request",
        places: &["actions", "approvals"],
        list: None,
        command: "countersign list",
    },
];

/// What was not found, and as what it was named.
#[derive(Debug)]
pub(super) struct Missing {
    pub(super) noun: &'static Noun,
    typed: String,
    words: String,
}

impl Missing {
    /// What a failure says is missing, with what was typed for it in the path, its query or the body; `None` where it says nothing of
    /// the kind.
    pub(super) fn of(failure: &Failure, path: &str, body: Option<&Value>) -> Option<Self> {
        let at = failure.message.find(MISSING)?;
        let words = failure.message.get(at..)?.to_owned();
        let thing = words.strip_prefix(MISSING)?;
        let noun = NOUNS.iter().find(|noun| {
            thing
                .strip_prefix(noun.word)
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        })?;
        let typed = in_query(path, noun.word)
            .or_else(|| in_body(body, noun.word))
            .or_else(|| in_path(path, noun.places))?;
        Some(Self { noun, typed, words })
    }

    /// The failure with what was typed, and with what helps among the things that there are.
    pub(super) fn tell(self, failure: Failure, known: Option<&[Value]>) -> Failure {
        let Self { noun, typed, words } = self;
        let failure = Failure {
            message: format!("{words}: `{typed}`"),
            ..failure
        };
        let lists = format!("`{}` lists what there is", noun.command);
        let Some(known) = known else {
            // Whoever may not list them is sent nowhere; of some there is no list to look through.
            return match noun.list {
                Some(_) => failure,
                None => failure.next(lists),
            };
        };
        let name = |item: &Value| Some(item.get("name")?.as_str()?.to_owned());
        let same = known
            .iter()
            .find(|item| name(item).as_deref() == Some(typed.as_str()))
            .and_then(|item| item.get("id")?.as_str());
        if let Some(id) = same {
            return failure.next(format!("`{typed}` is its name, this takes its id: {id}"));
        }
        let names: Vec<String> = known.iter().filter_map(name).collect();
        match nearest(&typed, names.iter().map(String::as_str)) {
            Some(near) if near != typed => failure.next(format!("did you mean `{near}`? {lists}")),
            _ => failure.next(lists),
        }
    }
}

/// What stands behind the last of these parts of a path.
fn in_path(path: &str, places: &[&str]) -> Option<String> {
    let path = path.split('?').next()?;
    let mut parts = path.split('/').rev().peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_some_and(|before| places.contains(before)) && !part.is_empty() {
            return Some(decode(part));
        }
    }
    None
}

fn in_query(path: &str, field: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == field)
        .map(|(_, value)| decode(value))
}

fn in_body(body: Option<&Value>, field: &str) -> Option<String> {
    let body = body?;
    // A kill names its kind and its thing.
    if body.get("scope").and_then(Value::as_str) == Some(field) {
        return body.get("name")?.as_str().map(str::to_owned);
    }
    body.get(field)?.as_str().map(str::to_owned)
}

/// What [`super::encode`] made of a text.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let pair = tail
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The API's words as the flags that stand for them.
pub(super) fn in_flags(mut failure: Failure) -> Failure {
    const WORDS: [(&str, &str); 5] = [
        ("config.base_url: ", ""),
        ("base_url is missing", "--base-url is missing"),
        ("base_url must", "--base-url must"),
        (
            "name the agent that you ask for",
            "say --agent, for whom you ask",
        ),
        ("leave `agent` out", "leave --agent out"),
    ];
    for (api, flag) in WORDS {
        failure.message = failure.message.replace(api, flag);
    }
    if let Some(at) = failure
        .message
        .find(": an owner can allow the private network")
    {
        failure.message.truncate(at);
        return failure.next("an owner can open it for this target with --allow-private-network");
    }
    if failure.message.contains("unknown variant `") {
        failure.message = failure
            .message
            .replace("unknown variant `", "`")
            .replace("`, expected", "` is not known here, expected");
    }
    failure
}
