//! Making every character of a value visible.
//!
//! Names, intents, reasons and replies come from agents and targets. A terminal obeys some of their characters and hides others:
//! all of these are shown as `\u{...}` instead.

use std::fmt::Write;

#[cfg(test)]
mod tests;

/// Whether a terminal would obey the character, hide it, or let it change the order of others.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The text with every such character written out.
pub(crate) fn escape(text: &str) -> String {
    if !text.chars().any(is_hidden) {
        return text.to_owned();
    }
    text.chars().fold(
        String::with_capacity(text.len() + 16),
        |mut escaped, character| {
            if is_hidden(character) {
                escaped.extend(character.escape_unicode());
            } else {
                escaped.push(character);
            }
            escaped
        },
    )
}

/// The same for JSON, where such characters stand only inside strings: they become `\uXXXX`, which every reader understands.
pub(super) fn json(text: &str) -> String {
    if !text.chars().any(is_hidden) {
        return text.to_owned();
    }
    let mut units = [0; 2];
    text.chars().fold(
        String::with_capacity(text.len() + 16),
        |mut escaped, character| {
            if is_hidden(character) {
                for unit in character.encode_utf16(&mut units) {
                    // Writing to a string can't fail.
                    let _infallible = write!(escaped, "\\u{unit:04x}");
                }
            } else {
                escaped.push(character);
            }
            escaped
        },
    )
}
