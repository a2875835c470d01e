//! What would run, and the bytes that bind an approval to it.

use std::{borrow::Cow, fmt::Write as _};

use bytes::Bytes;
use serde_json::Value;

/// What would run: the action's input as JSON, and a body that may be any bytes.
#[derive(Clone, PartialEq)]
pub struct Payload {
    /// The input by the action's schema. For HTTP: `method`, `path`, `query`, `headers`.
    pub input: Value,
    /// The body, byte for byte.
    pub body: Bytes,
}

impl std::fmt::Debug for Payload {
    /// Never shows values: a payload may hold what must not stand in a log.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Payload {{ body: {} bytes }}", self.body.len())
    }
}

impl Payload {
    /// The bytes that are hashed: a version, the canonical JSON behind its length, the body behind its length.
    pub fn canonical_head(&self, bytes: &mut Vec<u8>) {
        bytes.push(1);
        let at = bytes.len();
        bytes.extend_from_slice(&[0; 8]);
        canonical_json(&self.input, bytes);
        let length = (bytes.len() - at - 8) as u64;
        bytes[at..at + 8].copy_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&(self.body.len() as u64).to_be_bytes());
    }
}

/// Appends JSON with sorted keys, no white space and shortest escapes: one value has one spelling, whatever order its keys came in.
///
/// Numbers are written as `serde_json` writes them; the form is ours (not RFC 8785) and only ever compared with itself.
pub fn canonical_json(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Null => bytes.extend_from_slice(b"null"),
        Value::Bool(true) => bytes.extend_from_slice(b"true"),
        Value::Bool(false) => bytes.extend_from_slice(b"false"),
        Value::Number(number) => {
            let mut text = String::new();
            // Writing to a String can't fail.
            let _ = write!(text, "{number}");
            bytes.extend_from_slice(text.as_bytes());
        }
        Value::String(text) => json_string(text, bytes),
        Value::Array(list) => {
            bytes.push(b'[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                canonical_json(item, bytes);
            }
            bytes.push(b']');
        }
        Value::Object(map) => {
            let mut keys: Vec<Cow<'_, str>> =
                map.keys().map(|key| Cow::Borrowed(key.as_str())).collect();
            keys.sort_unstable();
            bytes.push(b'{');
            for (index, key) in keys.iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                json_string(key, bytes);
                bytes.push(b':');
                canonical_json(&map[key.as_ref()], bytes);
            }
            bytes.push(b'}');
        }
    }
}

fn json_string(text: &str, bytes: &mut Vec<u8>) {
    // Serialising a string into memory can't fail.
    let _ = serde_json::to_writer(bytes, text);
}

#[cfg(test)]
mod tests;
