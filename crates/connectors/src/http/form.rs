//! A form (`application/x-www-form-urlencoded`) as rules see it.
//!
//! Names with brackets make objects and lists, as PHP, Rails and their like read them: `items[0][amount]=5`. Frameworks differ in the
//! rest, so what they read differently is never guessed: a single such field is named as unreadable, and a form whose fields can't be
//! told apart with certainty is not read at all.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::form_urlencoded;

/// The most fields in one form.
const FIELD_LIMIT: usize = 10_000;

/// The deepest name: with `body` in front it is the deepest path of a condition.
const DEPTH_LIMIT: usize = countersign_domain::PATH_DEPTH_LIMIT - 1;

/// What was read.
#[derive(Debug, PartialEq)]
pub(super) struct Form {
    /// The fields; every value is text.
    pub(super) fields: Value,
    /// Paths, below `body`, of fields that servers read differently.
    pub(super) unreadable: Vec<String>,
}

enum Node {
    /// The values of one name, in order.
    Text(Vec<String>),
    /// `name[key]`.
    Named(BTreeMap<String, Option<Node>>),
    /// `name[]`.
    Listed(Vec<Node>),
}

/// Reads a form; `None` where servers read it differently.
pub(super) fn read(body: &[u8]) -> Option<Form> {
    // Some servers split at `;`, and some decode `%u0061`.
    if body.contains(&b';') || !is_well_encoded(body) {
        return None;
    }
    let mut root = Some(Node::Named(BTreeMap::new()));
    let mut unreadable = Vec::new();
    for (count, (name, value)) in form_urlencoded::parse(body).enumerate() {
        let is_bad = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
        if count == FIELD_LIMIT || is_bad(&name) || is_bad(&value) {
            return None;
        }
        let keys = keys(&name)?;
        if keys.iter().any(|key| key.contains('.')) {
            unreadable.push(format!("body.{}", keys.join(".")));
        }
        put(&mut root, &keys, value.into_owned())?;
    }
    let Some(Node::Named(fields)) = root else {
        return None;
    };
    let fields = object(fields, "body", &mut unreadable);
    Some(Form { fields, unreadable })
}

/// Whether each `%` begins two hexadecimal digits.
fn is_well_encoded(body: &[u8]) -> bool {
    body.iter().enumerate().all(|(at, &byte)| {
        byte != b'%'
            || body
                .get(at + 1..at + 3)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// The keys of a name: `items[0][amount]` has three. `None` for one that some servers mend and others don't.
fn keys(name: &str) -> Option<Vec<&str>> {
    let (first, mut rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    // PHP makes `_` of dots and spaces in a first key; others take a dot for a bracket.
    let is_mended = |character: char| {
        matches!(character, '.' | ']') || character.is_whitespace() || character.is_control()
    };
    if first.is_empty() || first.contains(is_mended) {
        return None;
    }
    let mut keys = vec![first];
    while !rest.is_empty() {
        let (key, behind) = rest.strip_prefix('[')?.split_once(']')?;
        if key.contains(|character: char| character == '[' || character.is_control())
            || keys.len() == DEPTH_LIMIT
        {
            return None;
        }
        keys.push(key);
        rest = behind;
    }
    Some(keys)
}

/// Puts a value in its place; `None` where a place has two shapes.
fn put(slot: &mut Option<Node>, keys: &[&str], value: String) -> Option<()> {
    match keys.split_first() {
        None => match slot.get_or_insert_with(|| Node::Text(Vec::new())) {
            Node::Text(values) => values.push(value),
            _ => return None,
        },
        Some((&"", rest)) => {
            let mut item = None;
            put(&mut item, rest, value)?;
            match slot.get_or_insert_with(|| Node::Listed(Vec::new())) {
                Node::Listed(items) => items.extend(item),
                _ => return None,
            }
        }
        Some((&key, rest)) => match slot.get_or_insert_with(|| Node::Named(BTreeMap::new())) {
            Node::Named(fields) => put(fields.entry(key.to_owned()).or_default(), rest, value)?,
            _ => return None,
        },
    }
    Some(())
}

fn value(node: Option<Node>, path: &str, unreadable: &mut Vec<String>) -> Value {
    match node {
        None => Value::Null,
        Some(Node::Text(mut values)) => match values.pop() {
            Some(only) if values.is_empty() => Value::String(only),
            last => {
                // One server takes the first, another the last.
                unreadable.push(path.to_owned());
                values.extend(last);
                values.into()
            }
        },
        Some(Node::Listed(items)) => {
            // `a[][b]=1&a[][c]=2` is one element to one server, and two to another.
            if items.len() > 1 && items.iter().any(|item| !matches!(item, Node::Text(_))) {
                unreadable.push(path.to_owned());
            }
            let items = items
                .into_iter()
                .enumerate()
                .map(|(index, item)| value(Some(item), &format!("{path}.{index}"), unreadable))
                .collect();
            Value::Array(items)
        }
        Some(Node::Named(mut fields)) => {
            let is_index = |key: &String| key.bytes().all(|byte| byte.is_ascii_digit());
            if !fields.keys().any(is_index) {
                return object(fields, path, unreadable);
            }
            let indices: Vec<String> = (0..fields.len()).map(|index| index.to_string()).collect();
            if !indices.iter().all(|index| fields.contains_key(index)) {
                // With gaps it is a map to one server, and to another a list without them.
                unreadable.push(path.to_owned());
                return object(fields, path, unreadable);
            }
            let items = indices
                .iter()
                .map(|index| {
                    let item = fields.remove(index).flatten();
                    value(item, &format!("{path}.{index}"), unreadable)
                })
                .collect();
            Value::Array(items)
        }
    }
}

fn object(
    fields: BTreeMap<String, Option<Node>>,
    path: &str,
    unreadable: &mut Vec<String>,
) -> Value {
    let mut object = Map::with_capacity(fields.len());
    for (name, field) in fields {
        let field = value(field, &format!("{path}.{name}"), unreadable);
        object.insert(name, field);
    }
    Value::Object(object)
}
