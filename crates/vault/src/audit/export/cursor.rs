//! A strict reader of one line: it knows what comes next and takes nothing else.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_domain::{Actor, Timestamp};
use uuid::Uuid;

use crate::hash::Hash;

/// What was expected, and where in the line it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unexpected {
    pub(super) expected: &'static str,
    pub(super) column: usize,
}

pub(super) struct Cursor<'line> {
    line: &'line str,
    at: usize,
}

type Read<T> = Result<T, Unexpected>;

impl<'line> Cursor<'line> {
    pub(super) fn new(line: &'line str) -> Self {
        Self { line, at: 0 }
    }

    fn rest(&self) -> &'line str {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn unexpected<T>(&self, expected: &'static str) -> Read<T> {
        Err(Unexpected {
            expected,
            column: self.at + 1,
        })
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    pub(super) fn literal(&mut self, text: &'static str) -> Read<()> {
        if !self.starts_with(text) {
            return self.unexpected(text);
        }
        self.at += text.len();
        Ok(())
    }

    pub(super) fn end(&self) -> Read<()> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            self.unexpected("the end of the line")
        }
    }

    /// `null`, or what `read` takes.
    pub(super) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Read<T>,
    ) -> Read<Option<T>> {
        if self.starts_with("null") {
            self.at += 4;
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// A decimal number in its shortest form.
    pub(super) fn number(&mut self) -> Read<u64> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let text = self.rest().get(..digits).unwrap_or_default();
        match text.parse() {
            Ok(number) if digits == 1 || !text.starts_with('0') => {
                self.at += digits;
                Ok(number)
            }
            _ => self.unexpected("a whole number"),
        }
    }

    /// Text in the one spelling that `serde_json` gives it.
    pub(super) fn text(&mut self) -> Read<Cow<'line, str>> {
        const WHAT: &str = "a text as serde_json writes it";
        let rest = self.rest();
        let Some(inner) = rest.strip_prefix('"') else {
            return self.unexpected(WHAT);
        };
        let special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
        let plain = inner
            .bytes()
            .position(|byte| special(&byte))
            .unwrap_or(inner.len());
        if inner.as_bytes().get(plain) == Some(&b'"') {
            self.at += plain + 2;
            return Ok(Cow::Borrowed(inner.get(..plain).unwrap_or_default()));
        }
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let Some(Ok(text)) = values.next() else {
            return self.unexpected(WHAT);
        };
        let length = values.byte_offset();
        if serde_json::to_string(&text).ok().as_deref() != rest.get(..length) {
            return self.unexpected(WHAT);
        }
        self.at += length;
        Ok(Cow::Owned(text))
    }

    /// A text of simple characters that `parse` understands.
    fn word<T>(
        &mut self,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Read<T> {
        let before = self.at;
        let parsed = match self.text()? {
            Cow::Borrowed(text) => parse(text),
            Cow::Owned(_) => None,
        };
        parsed.ok_or(Unexpected {
            expected,
            column: before + 1,
        })
    }

    pub(super) fn verdict<T: std::str::FromStr>(&mut self) -> Read<T> {
        self.word("allow, ask or deny", |text| text.parse().ok())
    }

    pub(super) fn uuid(&mut self) -> Read<Uuid> {
        self.word("a lower-case UUID", parse_uuid)
    }

    pub(super) fn actor(&mut self) -> Read<Actor> {
        self.word("an actor", |text| match text.split_once(':') {
            Some((kind, uuid)) => Actor::from_parts(kind, Some(parse_uuid(uuid)?)),
            None => Actor::from_parts(text, None),
        })
    }

    pub(super) fn hash(&mut self) -> Read<Hash> {
        self.word("32 bytes of base64", |text| {
            // One byte more than needed: the decoder asks for room by an estimate.
            let mut bytes = [0; 33];
            match STANDARD.decode_slice(text, &mut bytes) {
                Ok(32) => bytes.first_chunk::<32>().copied(),
                _ => None,
            }
        })
    }

    pub(super) fn timestamp(&mut self) -> Read<Timestamp> {
        self.word(
            "a time such as 2026-11-20T09:30:00.000000Z",
            parse_timestamp,
        )
    }
}

/// The hyphenated lower-case form only.
fn parse_uuid(text: &str) -> Option<Uuid> {
    if text.len() != 36 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    Uuid::try_parse(text).ok()
}

/// `YYYY-MM-DDTHH:MM:SS.ffffffZ` of a real day: one text per time. Done by hand because it is most of the cost of reading an entry.
fn parse_timestamp(text: &str) -> Option<Timestamp> {
    const SHAPE: &[u8; 27] = b"0000-00-00T00:00:00.000000Z";
    let text: &[u8; 27] = text.as_bytes().try_into().ok()?;
    let fits = |(byte, shape): (&u8, &u8)| {
        if *shape == b'0' {
            byte.is_ascii_digit()
        } else {
            byte == shape
        }
    };
    if !text.iter().zip(SHAPE).all(fits) {
        return None;
    }
    let number = |start: usize, length: usize| {
        text.iter()
            .skip(start)
            .take(length)
            .fold(0_i64, |number, digit| number * 10 + i64::from(digit - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2));
    let (hour, minute, second) = (number(11, 2), number(14, 2), number(17, 2));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_of_month = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    if day < 1 || day > days_of_month || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = ((days_since_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Some(Timestamp::from_micros(seconds * 1_000_000 + number(20, 6)))
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, years counted from March so that the leap day is the last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests;
