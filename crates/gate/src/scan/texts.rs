//! The texts of a request, in the form in which they are looked at.
//!
//! A document is written out as lines of `name: text`: names of fields are an agent's text too, an attack may be spread over
//! several fields, and a name tells a secret. Where something stands is found again from its offset, only when there is a finding.

use std::{
    borrow::Cow,
    ops::{ControlFlow, Range},
};

use serde_json::Value;

use super::{
    INPUT_PART_BYTES,
    windows::{Sample, original, windows},
};

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
/// From one unreadable character in so many on, bytes are looked at for what can be read.
const UNREADABLE_ONE_IN: usize = 25;
/// How many characters are judged together: whether they are text with something in between, or no text.
const STRETCH_CHARACTERS: usize = 256;
/// Of the readable characters of text so many in a hundred are letters or spaces; of random bytes about half.
const TEXT_PERCENT: usize = 70;

/// One text with its name.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// `intent`, `input`, `body` or `reply`.
    pub(crate) name: &'static str,
    /// What is looked at.
    pub(crate) text: Vec<u8>,
    /// Whether there was more.
    pub(crate) is_cut: bool,
    /// Where in the whole text it stands, where it is not all of it.
    windows: Vec<Range<usize>>,
}

impl Part {
    fn plain(name: &'static str, text: &[u8]) -> Self {
        if text.len() <= INPUT_PART_BYTES {
            return Self::whole(name, text.to_vec());
        }
        let mut sample = Sample::new(windows(text.len(), INPUT_PART_BYTES));
        sample.push(text);
        Self::sampled(name, sample)
    }

    /// A text as it is.
    pub(crate) fn whole(name: &'static str, text: Vec<u8>) -> Self {
        Self {
            name,
            text,
            is_cut: false,
            windows: Vec::new(),
        }
    }

    /// A document written out.
    pub(crate) fn document(name: &'static str, value: &Value) -> Self {
        Self::written(name, |lines| lines.write(value))
    }

    fn written<'value>(
        name: &'static str,
        write: impl Fn(&mut Lines<'value>) -> ControlFlow<()>,
    ) -> Self {
        let mut lines = Lines::default();
        let _ = write(&mut lines);
        if lines.written_bytes <= INPUT_PART_BYTES {
            return Self {
                is_cut: lines.is_too_deep,
                ..Self::whole(name, lines.text.into_bytes())
            };
        }
        // What is looked at depends on the length of the whole, which is known only now.
        let mut sampled = Lines {
            sample: Some(Sample::new(windows(lines.written_bytes, INPUT_PART_BYTES))),
            ..Lines::default()
        };
        let _ = write(&mut sampled);
        Self::sampled(name, sampled.sample.unwrap_or_default())
    }

    fn sampled(name: &'static str, sample: Sample) -> Self {
        let (windows, text) = sample.finish();
        Self {
            name,
            text,
            is_cut: true,
            windows,
        }
    }
}

/// What is asked for: the intent, the rest of the input, and the body as its connector read it, or as it came.
pub(crate) fn parts(intent: &str, input: &Value, body: &[u8]) -> Vec<Part> {
    let mut parts = Vec::with_capacity(3);
    if !intent.is_empty() {
        parts.push(Part::plain("intent", intent.as_bytes()));
    }
    let around = Part::written("input", |lines| lines.write_around(input));
    if !around.text.is_empty() || around.is_cut {
        parts.push(around);
    }
    match read_body(input) {
        Some(value) => parts.push(Part::document("body", value)),
        None if body.is_empty() => {}
        None => parts.push(Part::plain("body", body)),
    }
    parts
}

/// What a reader could read of bytes: all of a text, without control characters and wrong bytes (with them, every second byte of
/// UTF-16), which a model reads across; of what is mostly no text (an image, bytes that were forced into characters) the runs of
/// characters in it. Random characters look like a disguise, and say nothing.
pub(crate) fn readable(bytes: &[u8]) -> Cow<'_, [u8]> {
    let (mut all, mut unreadable) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        all += chunk.valid().len() + chunk.invalid().len();
        unreadable += chunk.invalid().len();
        unreadable += chunk
            .valid()
            .chars()
            .filter(|it| is_unreadable(*it))
            .count();
    }
    // A few of them the scanner reads across by itself.
    if unreadable * UNREADABLE_ONE_IN < all {
        return Cow::Borrowed(bytes);
    }
    let mut characters = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        characters.extend(chunk.valid().chars());
        characters.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    let mut runs = String::with_capacity(bytes.len());
    let mut run_start = 0;
    // A run's end in noise: what is shorter than a few words is dropped.
    let end_run = |runs: &mut String, run_start: &mut usize| {
        if runs.len() - *run_start < RUN_BYTES {
            runs.truncate(*run_start);
        } else {
            runs.push('\n');
        }
        *run_start = runs.len();
    };
    for stretch in characters.chunks(STRETCH_CHARACTERS) {
        let is_text = is_text(stretch);
        for &character in stretch {
            if !is_unreadable(character) {
                runs.push(character);
            } else if !is_text {
                end_run(&mut runs, &mut run_start);
            }
        }
    }
    if runs.len() - run_start < RUN_BYTES && run_start > 0 {
        runs.truncate(run_start);
    }
    Cow::Owned(runs.into_bytes())
}

fn is_unreadable(character: char) -> bool {
    character == char::REPLACEMENT_CHARACTER
        || (character.is_control()
            && !character.is_ascii_whitespace()
            && !matches!(character, '\u{b}' | '\u{1b}' | '\u{85}'))
}

/// Whether what can be read of these characters is text.
fn is_text(characters: &[char]) -> bool {
    let (mut read, mut said) = (0, 0);
    for character in characters.iter().filter(|it| !is_unreadable(**it)) {
        read += 1;
        said += usize::from(character.is_alphabetic() || character.is_whitespace());
    }
    let unreadable = characters.len() - read;
    // A wrong byte here and there is no sign of noise, whatever the text is about.
    unreadable * UNREADABLE_ONE_IN < characters.len() || said * 100 >= read * TEXT_PERCENT
}

/// Whether a text begins as JSON does.
pub(crate) fn is_document(body: &[u8]) -> bool {
    body.trim_ascii_start()
        .first()
        .is_some_and(|first| matches!(first, b'{' | b'[' | b'"'))
}

/// JSON, or a part of it, as its reader will read it, escapes undone where they stand: nothing of it is lost, neither what stands
/// twice under one name nor what is broken.
pub(crate) fn unescaped(body: &[u8]) -> Cow<'_, [u8]> {
    if !body.contains(&b'\\') {
        return Cow::Borrowed(body);
    }
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    while let Some(&byte) = body.get(at) {
        let escaped = (byte == b'\\').then(|| body.get(at + 1)).flatten();
        let (plain, length) = match escaped {
            Some(b'n' | b'r') => ('\n', 2),
            Some(b't' | b'b' | b'f') => (' ', 2),
            Some(&sign @ (b'"' | b'\\' | b'/')) => (char::from(sign), 2),
            Some(b'u') => code_point(body, at),
            _ => {
                out.push(byte);
                at += 1;
                continue;
            }
        };
        out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes());
        at += length;
    }
    Cow::Owned(out)
}

/// The character of a `\uNNNN`, or of two that belong together, and how many bytes it takes. A broken one is its backslash.
fn code_point(body: &[u8], at: usize) -> (char, usize) {
    let unit = |at: usize| {
        let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let digits = str::from_utf8(digits).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(at) else {
        return ('\\', 1);
    };
    let units = [first, unit(at + 6).unwrap_or_default()];
    match char::decode_utf16(units).next() {
        Some(Ok(character)) => (character, 6 * character.len_utf16()),
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

fn read_body(input: &Value) -> Option<&Value> {
    input.get("body").filter(|body| !body.is_null())
}

/// Where an offset of a part lies: `intent`, `query.q`, `body.comment.text`. As long as its names: see [`bounded_place`].
pub(crate) fn place(part: &Part, offset: usize, input: &Value) -> String {
    let mut lines = Lines {
        seek: Some(original(&part.windows, offset)),
        ..Lines::default()
    };
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
    place
}

/// A place as a finding has it.
pub(crate) fn bounded_place(place: &str) -> String {
    match place.char_indices().nth(PLACE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &place[..end]),
        None => place.to_owned(),
    }
}

/// Writes a document out: as text, where it is not long, or what is looked at of a long one, or nothing but where an offset lies.
#[derive(Default)]
struct Lines<'value> {
    /// The text up to its bound.
    text: String,
    /// How long the text is without the bound.
    written_bytes: usize,
    sample: Option<Sample>,
    is_too_deep: bool,
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

    /// Breaks where what was looked for is found.
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
            self.is_too_deep = true;
            return ControlFlow::Continue(());
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
        self.written_bytes += text.len() + end.len();
        if let Some(offset) = self.seek {
            if offset >= self.written_bytes {
                return ControlFlow::Continue(());
            }
            let steps = self.path.iter().map(|step| match step {
                Step::Name(name) => (*name).to_owned(),
                Step::Number(number) => number.to_string(),
            });
            self.found = Some(steps.collect());
            return ControlFlow::Break(());
        }
        match &mut self.sample {
            Some(sample) => {
                sample.push(text.as_bytes());
                sample.push(end.as_bytes());
            }
            None if self.written_bytes <= INPUT_PART_BYTES => {
                self.text.push_str(text);
                self.text.push_str(end);
            }
            None => {}
        }
        ControlFlow::Continue(())
    }
}
