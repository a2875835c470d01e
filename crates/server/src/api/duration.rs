//! Lengths of time as people write them: `90s`, `30m`, `1h`, `7d`.

use crate::problem::{Problem, Result};

/// Seconds from a number of seconds or from text; at most one of the two fields may be given.
pub(crate) fn seconds(in_seconds: Option<u64>, text: Option<&str>) -> Result<Option<u64>> {
    match (in_seconds, text) {
        (Some(_), Some(_)) => Err(Problem::invalid(
            "expires",
            "give either expires or expires_in_seconds",
        )),
        (seconds, None) => Ok(seconds),
        (None, Some(text)) => parse(text).map(Some).ok_or_else(|| {
            Problem::invalid(
                "expires",
                "not a length of time: expected 90s, 30m, 1h or 7d",
            )
        }),
    }
}

fn parse(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then(|| number.parse::<u64>().ok())??
        .checked_mul(factor)
}

#[cfg(test)]
mod tests;
