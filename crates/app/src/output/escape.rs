//! Making every character of a value visible.
//!
//! Names, intents, reasons and replies come from agents and targets. A terminal obeys some of their characters and hides others:
//! all of these are shown as `\u{...}` instead.

use std::fmt::Write;

#[cfg(test)]
mod tests;

/// First and last of each range that is hidden though it is no control character, in order: `Default_Ignorable_Code_Point`
/// (`DerivedCoreProperties.txt`) and the general categories Cf, Zl and Zp (`DerivedGeneralCategory.txt`) of Unicode 16.
const HIDDEN: [(char, char); 25] = [
    ('\u{ad}', '\u{ad}'),       // soft hyphen
    ('\u{34f}', '\u{34f}'),     // combining grapheme joiner
    ('\u{600}', '\u{605}'),     // Arabic number signs
    ('\u{61c}', '\u{61c}'),     // Arabic letter mark
    ('\u{6dd}', '\u{6dd}'),     // Arabic end of ayah
    ('\u{70f}', '\u{70f}'),     // Syriac abbreviation mark
    ('\u{890}', '\u{891}'),     // Arabic pound and piastre mark above
    ('\u{8e2}', '\u{8e2}'),     // Arabic disputed end of ayah
    ('\u{115f}', '\u{1160}'),   // Hangul fillers
    ('\u{17b4}', '\u{17b5}'),   // Khmer inherent vowels
    ('\u{180b}', '\u{180f}'),   // Mongolian variation selectors and vowel separator
    ('\u{200b}', '\u{200f}'),   // zero width, left-to-right and right-to-left marks
    ('\u{2028}', '\u{202e}'),   // line and paragraph separators, embeddings and overrides
    ('\u{2060}', '\u{206f}'),   // word joiner, invisible operators, isolates
    ('\u{3164}', '\u{3164}'),   // Hangul filler
    ('\u{fe00}', '\u{fe0f}'),   // variation selectors
    ('\u{feff}', '\u{feff}'),   // byte order mark
    ('\u{ffa0}', '\u{ffa0}'),   // halfwidth Hangul filler
    ('\u{fff0}', '\u{fffb}'),   // unassigned, interlinear annotation
    ('\u{110bd}', '\u{110bd}'), // Kaithi number sign
    ('\u{110cd}', '\u{110cd}'), // Kaithi number sign above
    ('\u{13430}', '\u{1343f}'), // Egyptian hieroglyph joiners
    ('\u{1bca0}', '\u{1bca3}'), // shorthand format controls
    ('\u{1d173}', '\u{1d17a}'), // musical format controls
    ('\u{e0000}', '\u{e0fff}'), // tags, variation selectors, unassigned
];

/// Whether a terminal would obey the character, hide it, or let it change the order of others.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || HIDDEN
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&character))
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
