//! Undoes the disguises of a text, so that one set of rules and weights sees what a reader or a model would make of it.
//!
//! Attackers write `ｉｇｎｏｒｅ`, `іgnore` with a Cyrillic letter, `i g n o r e`, `1gn0r3`, zero-width characters, tag characters,
//! base64, hex, percent and entity encodings, rot13 or reversed text. [`Views::of`] gives the text itself with characters folded
//! (the first view) and, only where the text shows signs of it, further views with the disguise taken off. Each view maps
//! back to byte offsets of the original text ([`Views::original`]), so that a finding can be shown in place.
//!
//! Invariants: pure and linear in the length of the text; all views together hold at most [`Budget::bytes`] bytes on top of the first;
//! encodings are undone at most [`Budget::levels`] deep. ASCII text without signs is borrowed, not copied.
//!
//! The fold is Unicode's compatibility decomposition with combining Latin marks left out and look-alikes (UTS 39) replaced inside of Latin words: good
//! for matching, not for showing.

mod decode;
mod fold;
mod letters;
mod view;

#[cfg(test)]
mod tests;

pub(crate) use fold::fold_word;
pub use view::{Budget, Disguise, View, Views};
