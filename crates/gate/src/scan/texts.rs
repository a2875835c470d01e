//! The texts of a request, in the form in which they are looked at.
//!
//! A document is written out as lines of `name: text`: names of fields are an agent's text too, an attack may be spread over
//! several fields, and a name tells a secret. Where something stands is found again from its offset, only when there is a finding.

use std::{borrow::Cow, ops::ControlFlow};

use serde_json::Value;

use super::INPUT_PART_BYTES;

/// The fields of an input that are not an agent's free text, or stand elsewhere among them.
const SKIPPED: [&str; 6] = [
    "method",
    "path",
    "body",
    "body_bytes",
    "body_kind",
    countersign_domain::UNREADABLE,
];
/// The deepest document that is written out. What parsed our input stops earlier.
const DEPTH: usize = 256;
/// The longest place in a finding, in characters: names of fields are an agent's.
const PLACE_CHARACTERS: usize = 120;

/// The shortest run of characters that is looked at in what is no text, in bytes.
const RUN_BYTES: usize = 12;
/// From one unreadable character in so many on, bytes are no text.
const UNREADABLE_ONE_IN: usize = 25;

/// One text with its name.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// `intent`, `input`, `body` or `reply`.
    pub(crate) name: &'static str,
    /// What is looked at.
    pub(crate) text: Vec<u8>,
    /// Whether there was more.
    pub(crate) is_cut: bool,
}

impl Part {
    fn plain(name: &'static str, text: &[u8]) -> Self {
        Self {
            name,
            text: text[..text.len().min(INPUT_PART_BYTES)].to_vec(),
            is_cut: text.len() > INPUT_PART_BYTES,
        }
    }

    /// A document written out.
    pub(crate) fn document(name: &'static str, value: &Value) -> Self {
        let mut lines = Lines::new(None);
        let is_cut = lines.write(value).is_break();
        Self {
            name,
            text: lines.text.into_bytes(),
            is_cut,
        }
    }
}

/// What is asked for: the intent, the rest of the input, and the body as its connector read it, or as it came.
pub(crate) fn parts(intent: &str, input: &Value, body: &[u8]) -> Vec<Part> {
    let mut parts = Vec::with_capacity(3);
    if !intent.is_empty() {
        parts.push(Part::plain("intent", intent.as_bytes()));
    }
    let mut lines = Lines::new(None);
    let is_cut = lines.write_around(input).is_break();
    if !lines.text.is_empty() {
        parts.push(Part {
            name: "input",
            text: lines.text.into_bytes(),
            is_cut,
        });
    }
    match read_body(input) {
        Some(value) => parts.push(Part::document("body", value)),
        None if body.is_empty() => {}
        None => parts.push(Part::plain("body", body)),
    }
    parts
}

/// What a reader could read of bytes: all of a text; of what is mostly no text (an image, bytes that were forced into characters) the
/// runs of characters in it. Random characters look like a disguise, and say nothing.
pub(crate) fn readable(bytes: &[u8]) -> Cow<'_, [u8]> {
    let is_unreadable = |character: char| {
        character == char::REPLACEMENT_CHARACTER
            || (character.is_control() && !character.is_ascii_whitespace())
    };
    let (mut all, mut unreadable) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        all += chunk.valid().len() + chunk.invalid().len();
        unreadable += chunk.invalid().len();
        unreadable += chunk
            .valid()
            .chars()
            .filter(|&character| is_unreadable(character))
            .count();
    }
    if unreadable * UNREADABLE_ONE_IN < all {
        return Cow::Borrowed(bytes);
    }
    let mut runs = Vec::new();
    for chunk in bytes.utf8_chunks() {
        for run in chunk.valid().split(is_unreadable) {
            if run.len() >= RUN_BYTES {
                runs.extend_from_slice(run.as_bytes());
                runs.push(b'\n');
            }
        }
    }
    Cow::Owned(runs)
}

fn read_body(input: &Value) -> Option<&Value> {
    input.get("body").filter(|body| !body.is_null())
}

/// Where an offset of a part lies: `intent`, `query.q`, `body.comment.text`.
pub(crate) fn place(part: &Part, offset: usize, input: &Value) -> String {
    let mut lines = Lines::new(Some(offset));
    let mut place = String::new();
    match (part.name, read_body(input)) {
        ("input", _) => {
            let _ = lines.write_around(input);
        }
        ("body", Some(body)) => {
            place.push_str("body");
            let _ = lines.write(body);
        }
        _ => return part.name.to_owned(),
    }
    for step in lines.found.iter().flatten() {
        if !place.is_empty() {
            place.push('.');
        }
        place.extend(step.chars().filter(|character| !character.is_control()));
    }
    if place.is_empty() {
        part.name.clone_into(&mut place);
    }
    match place.char_indices().nth(PLACE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &place[..end]),
        None => place,
    }
}

struct Lines<'value> {
    text: String,
    path: Vec<Step<'value>>,
    seek: Option<usize>,
    found: Option<Vec<String>>,
}

#[derive(Clone, Copy)]
enum Step<'value> {
    Name(&'value str),
    Number(usize),
}

impl<'value> Lines<'value> {
    fn new(seek: Option<usize>) -> Self {
        Self {
            text: String::new(),
            path: Vec::new(),
            seek,
            found: None,
        }
    }

    /// An input without its body and what says nothing.
    fn write_around(&mut self, input: &'value Value) -> ControlFlow<()> {
        let Value::Object(fields) = input else {
            return self.write(input);
        };
        for (name, value) in fields {
            let is_empty = match value {
                Value::Object(map) => map.is_empty(),
                Value::Array(list) => list.is_empty(),
                Value::Null => true,
                _ => false,
            };
            if !is_empty && !SKIPPED.contains(&name.as_str()) {
                self.below(Step::Name(name), value)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Breaks where there is no room for more, or what was looked for is found.
    fn write(&mut self, value: &'value Value) -> ControlFlow<()> {
        match value {
            Value::String(text) => self.push(text)?,
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    self.below(Step::Number(index), value)?;
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    let end = if value.is_string() { ": " } else { "\n" };
                    self.path.push(Step::Name(name));
                    self.push_with(name, end)?;
                    self.path.pop();
                    self.below(Step::Name(name), value)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        ControlFlow::Continue(())
    }

    fn below(&mut self, step: Step<'value>, value: &'value Value) -> ControlFlow<()> {
        if self.path.len() >= DEPTH {
            return ControlFlow::Break(());
        }
        self.path.push(step);
        self.write(value)?;
        self.path.pop();
        ControlFlow::Continue(())
    }

    fn push(&mut self, text: &str) -> ControlFlow<()> {
        self.push_with(text, "\n")
    }

    fn push_with(&mut self, text: &str, end: &str) -> ControlFlow<()> {
        let room = INPUT_PART_BYTES.saturating_sub(self.text.len());
        if text.len() > room {
            self.text.push_str(&text[..text.floor_char_boundary(room)]);
        } else {
            self.text.push_str(text);
            self.text.push_str(end);
        }
        if self.seek.is_some_and(|offset| offset < self.text.len()) {
            let steps = self.path.iter().map(|step| match step {
                Step::Name(name) => (*name).to_owned(),
                Step::Number(number) => number.to_string(),
            });
            self.found = Some(steps.collect());
            return ControlFlow::Break(());
        }
        if text.len() > room {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
