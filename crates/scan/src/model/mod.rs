//! The statistical layer: a linear model over hashed words and over ideas from a lexicon.
//!
//! Words alone don't carry over to attacks from elsewhere; ideas do. The lexicon ([`Lexicon`]) maps words of many languages to
//! some sixty ideas (asks to disregard, points at what came before, names a secret ...), and the model weighs ideas, ordered pairs
//! of ideas, single words and pairs of words. Training (`cargo xtask scan-train`) and scanning go through the same
//! [`Features`] code, so they can't disagree.
//!
//! Invariants: pure; linear in the length of the text (windows have a fixed size); weights are a versioned file ([`Weights`]).

mod features;
mod hash;
mod lexicon;
mod tokens;
mod weights;

#[cfg(test)]
mod tests;

pub use features::{Context, DIMENSIONS, Features, HASHED, Window, dense_name};
pub(crate) use features::{RULE_VALUE, RULES, rule_index};
pub use lexicon::Lexicon;
pub use tokens::{Token, Tokens};
pub use weights::{Calibration, Weights, WeightsError};
