//! Reads an assignment around a name, in whatever language it is written.
//!
//! `NAME=v`, `name: 'v'`, `"name": "v"`, `name := v`, `:::=`, `"name" => "v"`, `set("name", "v")`, `<name>v</name>`,
//! `var name string = "v"`, `--name v`, `name is v`. It is no parser of any of them: it looks at no more than a few dozen bytes
//! before the value and [`LONGEST_VALUE_BYTES`] of it, so that its work is bounded wherever it is asked.

use std::ops::Range;

use super::shape::is_word_byte;

/// A longer value is none that an assigned rule knows.
pub(super) const LONGEST_VALUE_BYTES: usize = 200;

const LONGEST_NAME_PART_BYTES: usize = 48;
const LONGEST_MARGIN_BYTES: usize = 40;

/// Words that may stand between a name and its value.
const TYPE_WORDS: [&[u8]; 12] = [
    b"string", b"str", b"char", b"varchar", b"text", b"secret", b"value", b"const", b"is", b"was",
    b"env", b"default",
];

/// A name and the value that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// All of the name that the keyword is part of.
    pub(super) name: Range<usize>,
    /// The value without quotes. Never empty.
    pub(super) value: Range<usize>,
    /// The value stands in quotes.
    pub(super) quoted: bool,
    /// Nothing but words that say a type stands between the name and the value.
    pub(super) direct: bool,
}

/// Where a name that contains the bytes before `keyword_end` goes on to.
pub(super) fn name_end(text: &[u8], keyword_end: usize) -> usize {
    let mut end = keyword_end;
    while end < text.len()
        && end - keyword_end < LONGEST_NAME_PART_BYTES
        && text
            .get(end)
            .is_some_and(|&byte| is_word_byte(byte) || byte == b'-' || byte == b'.')
        && !(text.get(end) == Some(&b'-') && text.get(end + 1) == Some(&b'>'))
        && !(text.get(end) == Some(&b'.') && text.get(end + 1) == Some(&b'='))
    {
        end += 1;
    }
    end
}

fn name_start(text: &[u8], keyword_start: usize) -> usize {
    let mut start = keyword_start;
    while start > 0
        && keyword_start - start < LONGEST_NAME_PART_BYTES
        && text
            .get(start - 1)
            .is_some_and(|&byte| is_word_byte(byte) || byte == b'-' || byte == b'.')
    {
        start -= 1;
    }
    // An escape before the name is no part of it: `\napi_key`.
    let escape = start > 0 && text.get(start - 1) == Some(&b'\\');
    if escape && start < keyword_start && matches!(text.get(start), Some(b'n' | b'r' | b't')) {
        start += 1;
    }
    start
}

/// The assignment to the name around `keyword`, whose end is `name_end`.
pub(super) fn read(text: &[u8], keyword_start: usize, name_end: usize) -> Option<Assignment> {
    let start = name_start(text, keyword_start);
    let flag = text.get(start) == Some(&b'-');
    let mut cursor = Cursor { text, at: name_end };
    let before = cursor.at;
    let mut direct = true;
    let mut closed_quote = false;
    let mut spaced = false;
    let mut says_is = false;
    let mut word_count = 0;
    loop {
        if cursor.at - before > LONGEST_MARGIN_BYTES {
            return None;
        }
        match cursor.peek()? {
            b' ' | b'\t' => spaced = true,
            b'"' | b'\'' | b'`' => closed_quote = true,
            b'\\' | b']' | b')' | b'*' => {}
            byte if spaced && word_count < 3 && byte.is_ascii_alphabetic() => {
                let word = cursor.word();
                let lower = text
                    .get(word.clone())
                    .unwrap_or_default()
                    .to_ascii_lowercase();
                if flag {
                    cursor.at = word.start;
                    break;
                }
                let typed = TYPE_WORDS.contains(&lower.as_slice());
                direct &= typed;
                says_is = lower == b"is" || lower == b"was";
                word_count += 1;
                if says_is {
                    break;
                }
                continue;
            }
            _ => break,
        }
        cursor.at += 1;
    }
    let operator_start = cursor.at;
    cursor.skip(5, |byte| {
        matches!(
            byte,
            b'=' | b':' | b'>' | b'|' | b'?' | b'+' | b'.' | b'~' | b'&' | b'<' | b'-' | b','
        )
    });
    let operator = text.get(operator_start..cursor.at).unwrap_or_default();
    let strong = operator.iter().any(|byte| matches!(byte, b'=' | b':'));
    let tag = !strong && operator == b">";
    let arrow = !strong && operator.len() > 1 && operator.ends_with(b">") || operator == b"<-";
    let comma = operator == b",";
    let call = operator.is_empty() && cursor.peek() == Some(b'(');
    if call {
        cursor.at += 1;
    }
    let bare_flag = flag && spaced && operator.is_empty();
    if !(strong || tag || arrow || comma && closed_quote || call || bare_flag || says_is) {
        return None;
    }
    cursor.skip(10, |byte| matches!(byte, b' ' | b'\t'));
    if tag || matches!(cursor.peek(), Some(b'>' | b'|')) && strong {
        // An element's text or a folded block starts on the next line.
        cursor.skip(2, |byte| matches!(byte, b'>' | b'|' | b'-'));
        cursor.skip(LONGEST_MARGIN_BYTES, |byte| byte.is_ascii_whitespace());
    }
    let mut assignment = cursor.value(start..name_end, direct)?;
    if !assignment.quoted && strong && !call {
        // `token: String = "v"`: what stands after the colon was the type.
        let mut after = Cursor {
            text,
            at: assignment.value.end,
        };
        after.skip(12, |byte| matches!(byte, b'>' | b' ' | b'?' | b']'));
        if after.at > assignment.value.end
            && after.peek() == Some(b'=')
            && text.get(after.at + 1) != Some(&b'=')
        {
            after.at += 1;
            after.skip(4, |byte| byte == b' ');
            assignment = after.value(start..name_end, direct)?;
        }
    }
    if (comma || call) && !assignment.quoted {
        return None;
    }
    let closes = !tag || {
        let mut after = Cursor {
            text,
            at: assignment.value.end,
        };
        after.skip(LONGEST_MARGIN_BYTES, |byte| byte.is_ascii_whitespace());
        after.peek() == Some(b'<')
    };
    closes.then_some(assignment)
}

struct Cursor<'text> {
    text: &'text [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, most: usize, matches: impl Fn(u8) -> bool) {
        let end = self.at.saturating_add(most);
        while self.at < end && self.peek().is_some_and(&matches) {
            self.at += 1;
        }
    }

    fn word(&mut self) -> Range<usize> {
        let start = self.at;
        self.skip(LONGEST_MARGIN_BYTES, is_word_byte);
        start..self.at
    }

    /// The value that starts here, in quotes or not.
    fn value(&mut self, name: Range<usize>, direct: bool) -> Option<Assignment> {
        self.skip_wrapper();
        let slashes = self.at;
        self.skip(3, |byte| byte == b'\\');
        let mut quote = self
            .peek()
            .filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        if quote.is_none() {
            self.at = slashes;
        }
        if let Some(mark) = quote {
            self.skip(3, |byte| byte == mark);
        }
        self.skip_scheme();
        if quote.is_none() && matches!(self.peek(), Some(b'"' | b'\'')) {
            quote = self.peek();
            self.at += 1;
        }
        let start = self.at;
        match quote {
            Some(mark) => self.skip(LONGEST_VALUE_BYTES + 1, |byte| {
                byte != mark && byte != b'\\' && byte != b'\n' && byte != b'\r'
            }),
            None => self.skip(LONGEST_VALUE_BYTES + 1, |byte| {
                byte > b' '
                    && !matches!(
                        byte,
                        b'"' | b'\''
                            | b'`'
                            | b','
                            | b';'
                            | b'<'
                            | b'>'
                            | b'('
                            | b')'
                            | b'{'
                            | b'}'
                            | b'['
                            | b']'
                            | b'\\'
                            | b'&'
                    )
            }),
        }
        // A sentence's full stop is no part of a bare value.
        while quote.is_none()
            && self.at > start
            && matches!(self.text.get(self.at - 1), Some(b'.' | b':' | b'?' | b'!'))
        {
            self.at -= 1;
        }
        // A call, or a value that was cut: `abc..[Redacted]`.
        let code = quote.is_none()
            && (matches!(self.peek(), Some(b'(' | b'['))
                || self
                    .text
                    .get(self.at..)
                    .is_some_and(|rest| rest.starts_with(b"..")));
        let fits = (1..=LONGEST_VALUE_BYTES).contains(&(self.at - start));
        (fits && !code).then_some(Assignment {
            name,
            value: start..self.at,
            quoted: quote.is_some(),
            direct,
        })
    }

    /// `new Secret(`, `String::from(`, `b`, `f`, `@` before a quote.
    fn skip_wrapper(&mut self) {
        let from = self.at;
        self.skip(1, |byte| byte == b'@' || byte == b'!');
        self.skip(LONGEST_MARGIN_BYTES, |byte| {
            is_word_byte(byte) || matches!(byte, b'.' | b':' | b' ')
        });
        let called = self.text.get(from..self.at).unwrap_or_default();
        let reads = [
            b"env".as_slice(),
            b"get",
            b"read",
            b"config",
            b"prompt",
            b"input",
            b"load",
            b"fetch",
        ]
        .iter()
        .any(|word| super::shape::contains(&called.to_ascii_lowercase(), word));
        let prefix = called.len() <= 2;
        if self.peek() == Some(b'(') && !reads {
            self.at += 1;
        } else if !prefix {
            self.at = from;
        }
        if !matches!(self.peek(), Some(b'"' | b'\'' | b'`' | b'\\')) {
            self.at = from;
        }
    }

    /// `Bearer ` and the like inside of a value.
    fn skip_scheme(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        for scheme in [b"bearer ".as_slice(), b"basic ", b"token ", b"apikey "] {
            if rest
                .get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            {
                self.at += scheme.len();
                return;
            }
        }
    }
}
