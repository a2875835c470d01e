//! Pages by number, and times as these clients write them.

use countersign_domain::Timestamp;
use serde_json::{Value, json};

use super::body::Params;
use crate::problem::{Problem, Result};

const LIMIT: u32 = 50;
const LIMIT_MAXIMUM: u32 = 100;

/// Which page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) limit: u32,
    pub(super) offset: u32,
}

impl Page {
    pub(super) fn of(params: &Params) -> Self {
        let limit = params.number("limit").filter(|limit| *limit > 0);
        Self {
            limit: limit.unwrap_or(LIMIT).min(LIMIT_MAXIMUM),
            offset: params.number("offset").unwrap_or(0),
        }
    }

    /// What is told about it.
    pub(super) fn told(self, total: u64) -> Value {
        let has_more = u64::from(self.offset) + u64::from(self.limit) < total;
        json!({"total": total, "limit": self.limit, "offset": self.offset, "hasMore": has_more})
    }

    /// The part of a list that it is.
    pub(super) fn cut<T>(self, list: Vec<T>) -> Vec<T> {
        list.into_iter()
            .skip(self.offset as usize)
            .take(self.limit as usize)
            .collect()
    }
}

/// A time: a whole one, or a day (its beginning, or its end).
pub(super) fn time(name: &'static str, text: &str, is_end: bool) -> Result<Timestamp> {
    let wrong = |_| Problem::invalid(name, format!("{name} must be an ISO 8601 date"));
    if text.len() == 10 {
        let begin: Timestamp = format!("{text}T00:00:00Z").parse().map_err(wrong)?;
        let day = std::time::Duration::from_hours(24);
        return Ok(if is_end {
            begin.saturating_add(day)
        } else {
            begin
        });
    }
    text.parse().map_err(wrong)
}

/// Milliseconds since 1970.
pub(super) const fn millis(at: Timestamp) -> i64 {
    at.as_micros() / 1_000
}

/// A time as text, to the millisecond.
pub(super) fn iso(at: Timestamp) -> String {
    let text = at.to_string();
    match text.strip_suffix('Z') {
        Some(text) if text.len() == 26 => format!("{}Z", &text[..23]),
        _ => text,
    }
}
